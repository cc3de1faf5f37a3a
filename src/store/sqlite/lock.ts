import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../store.ts'
import { failureOf, isSqliteError } from './failure.ts'
import { createPrivateFile } from './private-file.ts'

/** SQLITE_BUSY, https://sqlite.org/rescode.html#busy */
const BUSY = 5

/**
 * Makes the directory if need be (0700) and holds it for this process. What holds it is a lock of the kernel on
 * `lock.db` (SQLite's own, taken by a transaction that never ends), so it is gone with the process, however that
 * ends. `lock.pid` only tells people who has it, and is never believed: nobody would know whether its process is ours.
 * @returns the way to let go of it
 * @throws StoreError `conflict` when another process, or another store in this one, holds it; `full` when the
 * directory cannot be made or written
 */
export async function lockDirectory(directory: string): Promise<() => void> {
  const path = join(directory, 'lock.db')
  const pidPath = join(directory, 'lock.pid')
  makeDirectory(directory)
  createPrivateFile(path)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: 0 })
    database.exec('pragma locking_mode = exclusive; begin exclusive')
    writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 })
    return closing(database)
  } catch (error) {
    database?.close()
    if (isSqliteError(error) && (error.errcode & 0xff) === BUSY) {
      throw new StoreError(
        'conflict',
        `the data directory ${directory} is in use by another Millrace server (${holder(pidPath)}): ` +
          'stop that one first, or give this one a directory of its own',
      )
    }
    throw unusable(directory, error)
  }
}

const closing = (database: DatabaseSync) => (): void => database.close()

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw unusable(directory, plainRefusal(directory) ?? error)
  }
}

/** Where a file system is read-only, Node says that nothing is there (24.21); asked for one directory, it says why. */
function plainRefusal(directory: string): unknown {
  let missing = directory
  while (!existsSync(dirname(missing)) && dirname(missing) !== missing) missing = dirname(missing)
  try {
    mkdirSync(missing, { mode: 0o700 })
    return undefined
  } catch (error) {
    return error
  }
}

/** Read from a file that is written right after the lock was taken, so it may be missing for a moment. */
function holder(pidPath: string): string {
  try {
    return `pid ${Number.parseInt(readFileSync(pidPath, 'utf8'), 10)}`
  } catch {
    return 'pid unknown'
  }
}

function unusable(directory: string, error: unknown): StoreError {
  const { code, message } = isSqliteError(error)
    ? failureOf(error)
    : { code: 'full' as const, message: error instanceof Error ? error.message : String(error) }
  return new StoreError(code, `the data directory ${directory} cannot be used: ${message}`, { cause: error })
}
