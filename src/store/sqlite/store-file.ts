import { statSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError } from '../store.ts'

/** What the file is called. */
export const DATABASE = 'millrace.db'

/**
 * The file of the store that is in this directory.
 * @throws StoreError `missing` when there is none, `full` when nobody can tell, as the directory is somebody else's
 */
export function storeFileIn(directory: string): string {
  const path = join(directory, DATABASE)
  try {
    statSync(path)
    return path
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new StoreError('missing', `there is no store in ${directory}`, { cause: error })
    throw new StoreError('full', `the store in ${directory} cannot be read: ${message}`, { cause: error })
  }
}
