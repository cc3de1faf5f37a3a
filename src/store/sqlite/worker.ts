import { join } from 'node:path'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { Connection } from './connection.ts'
import { type Failure, failureOf } from './failure.ts'
import { readMigrations } from '../kit/migrations.ts'
import { checkOwner, migrate } from './migrate.ts'
import type { Operations } from './operations.ts'
import type { Answer, Answers, Call, Request, WorkerStart } from './protocol.ts'
import { StoreError } from '../store.ts'
import { reads } from './reads/index.ts'
import { writeBatch } from './writes/batch.ts'
import { Writer } from './writes/writer.ts'

// One file for both roles: the writer, which alone changes the database, and the reader, which never waits for it
// (https://sqlite.org/wal.html: readers see the last commit, and do not block).

function openWriter({ path, sizeMaxBytes }: WorkerStart): {
  answer: (calls: readonly Call[]) => Answers
  close: () => void
} {
  const connection = new Connection(path, 'read-write')
  checkOwner(connection, path)
  connection.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma foreign_keys = on;
    pragma cache_size = -65536;
  `)
  if (sizeMaxBytes !== null) limitSize(connection, sizeMaxBytes)
  migrate(connection, readMigrations(join(import.meta.dirname, 'migrations')), path)
  const writer = new Writer(connection)
  return { answer: (calls) => writeBatch(writer, calls), close: () => connection.close() }
}

function openReader({ path }: WorkerStart): { answer: (calls: readonly Call[]) => Answers; close: () => void } {
  let connection: Connection | undefined
  return {
    // At the first call: both threads start at once, and only the writer can make the file.
    answer: (calls) => readBatch(() => (connection ??= new Connection(path, 'read-only')), calls),
    close: () => connection?.close(),
  }
}

function limitSize(connection: Connection, sizeMaxBytes: number): void {
  const pageBytes = connection.get<{ page_size: number }>('pragma page_size')?.page_size ?? 4096
  connection.exec(`pragma max_page_count = ${Math.max(1, Math.floor(sizeMaxBytes / pageBytes))}`)
}

function readBatch(open: () => Connection, calls: readonly Call[]): Answers {
  const operations: Operations = reads
  const values: unknown[] = []
  const failures: [number, Failure][] = []
  for (const [index, [name, args]] of calls.entries()) {
    try {
      values[index] = operations[name]?.(...([open(), ...args] as never[]))
    } catch (error) {
      values[index] = undefined
      failures.push([index, failureOf(error)])
    }
  }
  return { kind: 'answers', values, failures }
}

function serve(port: MessagePort, start: WorkerStart): void {
  const say = (answer: Answer): void => port.postMessage(answer)
  try {
    const { answer, close } = start.role === 'writer' ? openWriter(start) : openReader(start)
    port.on('message', (request: Request) => {
      if (request !== null) return say(answer(request))
      close()
      port.close()
    })
    say({ kind: 'ready' })
  } catch (error) {
    const { code, message } = failureOf(error)
    say({
      kind: 'refused',
      failure: { code, message: error instanceof StoreError ? message : `${start.path}: ${message}` },
    })
  }
}

if (parentPort !== null) serve(parentPort, workerData as WorkerStart)
