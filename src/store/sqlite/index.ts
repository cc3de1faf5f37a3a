import { join } from 'node:path'
import type { AuditEntry, Store } from '../store.ts'
import { sqliteCatalog } from './catalog.ts'
import { sqliteDocuments } from './documents.ts'
import { sqliteKeys } from './keys.ts'
import { WorkerLink } from './link.ts'
import { lockDirectory } from './lock.ts'
import { sqliteOutbox } from './outbox.ts'
import { createPrivateFile } from './private-file.ts'
import { sqliteSecrets } from './secrets.ts'
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
  let closing: Promise<void> | undefined
  let threads: Threads | undefined
  const close = (): Promise<void> => (closing ??= closeAll(threads, release))
  try {
    const path = join(directory, 'millrace.db')
    // SQLite gives its companions (-wal, -shm) the mode of the file itself.
    createPrivateFile(path)
    threads = await startThreads({ path, sizeMaxBytes }, (error) => {
      void close()
      options.onFatal?.(error)
    })
  } catch (error) {
    await close()
    throw error
  }
  const { writer, reader } = threads
  return {
    runs: sqliteRunLog(writer, reader),
    catalog: sqliteCatalog(writer, reader),
    keys: sqliteKeys(writer, reader),
    documents: sqliteDocuments(writer, reader),
    outbox: sqliteOutbox(writer, reader),
    secrets: sqliteSecrets(writer, reader),
    audited: (entry) => {
      const auditing = auditingWriter(writer, entry)
      return {
        catalog: sqliteCatalog(auditing, reader),
        keys: sqliteKeys(auditing, reader),
        secrets: sqliteSecrets(auditing, reader),
      }
    },
    close,
  }
}

/** Every change is one call with its entry, and a call is whole or not at all. */
const auditingWriter = (writer: WorkerLink<Writes>, entry: AuditEntry): Pick<WorkerLink<Writes>, 'call'> => ({
  call: (name, ...args) => writer.call('audited', entry, name, args) as ReturnType<typeof writer.call<typeof name>>,
})

interface Threads {
  readonly writer: WorkerLink<Writes>
  readonly reader: WorkerLink<Reads>
}

/** Both at once, as a thread takes longer to start than the database to open. */
async function startThreads(file: Omit<WorkerStart, 'role'>, onFatal: (error: Error) => void): Promise<Threads> {
  const script = new URL('./worker.ts', import.meta.url)
  const starts = [
    WorkerLink.start<Writes>(script, { ...file, role: 'writer' }, onFatal),
    WorkerLink.start<Reads>(script, { ...file, role: 'reader' }, onFatal),
  ] as const
  try {
    const [writer, reader] = await Promise.all(starts)
    return { writer, reader }
  } catch (error) {
    for (const outcome of await Promise.allSettled(starts)) {
      if (outcome.status === 'fulfilled') await outcome.value.close()
    }
    throw error
  }
}

/** The writer last: the last connection to close folds the WAL into the file. */
async function closeAll(threads: Threads | undefined, release: () => void): Promise<void> {
  await threads?.reader.close()
  await threads?.writer.close()
  release()
}
