import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ThrowAway extends AsyncDisposable {
  readonly path: string
}

/** A directory that is gone with this process, however that ends but by KILL. For this user only. */
export async function throwAwayDirectory(): Promise<ThrowAway> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-run-'))
  const options = { recursive: true, force: true, maxRetries: 3 } as const
  const atExit = (): void => rmSync(path, options)
  process.on('exit', atExit)
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, options)
      process.off('exit', atExit)
    },
  }
}
