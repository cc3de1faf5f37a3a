/**
 * Does what needs room on the disk: where there is none, the error says of what. The system names a file only where it is
 * opened, and not where it is written.
 * @param what as people call it, such as `the package web.tar.gz`
 */
export async function roomFor<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!(error instanceof Error) || (code !== 'ENOSPC' && code !== 'EDQUOT')) throw error
    throw Object.assign(new Error(`there is no room for ${what}: ${error.message}`, { cause: error }), { code })
  }
}
