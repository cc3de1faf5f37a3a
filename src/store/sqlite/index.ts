import { join } from 'node:path'
import type { Store } from '../store.ts'
import { sqliteCatalog } from './catalog.ts'
import { sqliteKeys } from './keys.ts'
import { WorkerLink } from './link.ts'
import { lockDirectory } from './lock.ts'
import { createPrivateFile } from './private-file.ts'
import type { Reads, WorkerStart, Writes } from './protocol.ts'
import { sqliteRunLog } from './run-log.ts'

export interface SqliteOptions {
  /** Made with mode 0700 when it is not there. One store at a time may have it open. */
  readonly directory: string
  /** Called once when a database thread has died. The store is then closed; only a new process should go on. */
  readonly onFatal?: (error: Error) => void
  /** The database file may not grow beyond this: what would make it rejects as `full`. */
  readonly sizeMaxBytes?: number
}

/**
 * The embedded store: SQLite in two worker threads, one that writes and one that reads.
 * @throws StoreError `conflict` when another process has the directory open, `corrupt` when the file is not what this
 * release can read, `full` when the directory cannot be written
 */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const { directory, sizeMaxBytes = null } = options
  const release = await lockDirectory(directory)
  const path = join(directory, 'millrace.db')
  const script = new URL('./worker.ts', import.meta.url)
  const links: { close(): Promise<void> }[] = []
  const onFatal = (error: Error): void => {
    void close()
    options.onFatal?.(error)
  }
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= closeAll(links, release))
  try {
    // SQLite gives its companions (-wal, -shm) the mode of the file itself.
    createPrivateFile(path)
    const start = (role: WorkerStart['role']): WorkerStart => ({ role, path, sizeMaxBytes })
    const writer = await WorkerLink.start<Writes>(script, start('writer'), onFatal)
    links.unshift(writer)
    const reader = await WorkerLink.start<Reads>(script, start('reader'), onFatal)
    links.unshift(reader)
    return {
      runs: sqliteRunLog(writer, reader),
      catalog: sqliteCatalog(writer, reader),
      keys: sqliteKeys(writer, reader),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The writer last: the last connection to close folds the WAL into the file. */
async function closeAll(links: readonly { close(): Promise<void> }[], release: () => void): Promise<void> {
  for (const link of links) await link.close()
  release()
}
