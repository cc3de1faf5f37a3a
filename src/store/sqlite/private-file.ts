import { closeSync, fsyncSync, openSync } from 'node:fs'
import { StoreError } from '../store.ts'

/**
 * Makes an empty file that only its owner may read (0600), unless there is one: an existing file is not even opened.
 * To close a file lets go of every POSIX lock that this process has on it (https://sqlite.org/howtocorrupt.html,
 * section 2.2), those of SQLite included.
 * @throws StoreError `full`
 */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return
    throw new StoreError(
      'full',
      `the file ${path} cannot be made: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
}

/** What was written to a file, or the names in a directory, is on the disk when it returns. */
export function syncFile(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
