import { join } from 'node:path'
import { examine } from '../../src/host/doctor.ts'
import type { LogEntry } from '../../src/model/event.ts'
import { asId, type PipelineId, type RunId } from '../../src/model/id.ts'
import type { Plan } from '../../src/model/plan.ts'
import type { RunSummary } from '../../src/model/view.ts'
import { postgresCatalog } from '../../src/store/postgres/catalog.ts'
import { Database } from '../../src/store/postgres/database.ts'
import { openPostgresStore } from '../../src/store/postgres/index.ts'
import { entriesAfter, postgresRunLog } from '../../src/store/postgres/run-log.ts'
import { Connection } from '../../src/store/sqlite/connection.ts'
import { openSqliteStore } from '../../src/store/sqlite/index.ts'
import { reads } from '../../src/store/sqlite/reads/index.ts'
import type { NumberedEntry, Store } from '../../src/store/store.ts'

/** What a killed server has left, read beside it: nothing is changed by reading. */
export interface StoredLog {
  /** Those behind this number, in order, some at a time. */
  entriesAfter(number: number): Promise<readonly NumberedEntry[]>
  runs(): Promise<readonly RunSummary[]>
  entries(run: RunId): Promise<readonly LogEntry[]>
  plan(pipeline: PipelineId, version: number): Promise<Plan>
  close(): Promise<void>
}

export interface LogPlace {
  /** @returns undefined when the server was killed before it had made the store. */
  open(): Promise<StoredLog | undefined>
  /** Of a store that no server works on: what is wrong with it by itself, in sentences. */
  faults(): Promise<readonly string[]>
}

const PAGE = 10_000
const ALL = 1_000_000

/** The log is read by a connection of its own, that leaves the WAL as it was for the server that comes next. */
export const sqliteLog = (directory: string): LogPlace => ({
  open: async () => {
    const connection = openFile(directory)
    return connection && sqliteLogOn(connection)
  },
  faults: async () => {
    const connection = openFile(directory)
    if (connection === undefined) return [`there is no database in ${directory}`]
    const check = connection.get<{ integrity_check: string }>('pragma integrity_check')?.integrity_check
    const orphans = connection.all('pragma foreign_key_check')
    connection.close()
    return [
      ...(check === 'ok' ? [] : [`integrity_check: ${check}`]),
      ...(orphans.length === 0 ? [] : [`foreign_key_check: ${JSON.stringify(orphans.slice(0, 3))}`]),
      ...(await disorders(await openSqliteStore({ directory }))),
    ]
  },
})

const sqliteLogOn = (connection: Connection): StoredLog => ({
  entriesAfter: async (number) =>
    reads.feedEntries(connection, number, {}, PAGE).rows.map(({ number: lastNumber, runId, body }) => ({
      runId: asId<RunId>(runId),
      lastNumber,
      entry: JSON.parse(body) as LogEntry,
    })),
  runs: async () => reads.list(connection, {}, null, ALL),
  entries: async (run) => reads.entries(connection, run, 0, ALL).map((body) => JSON.parse(body) as LogEntry),
  plan: async (pipeline, version) => planOf(pipeline, version, reads.version(connection, pipeline, version)),
  close: async () => connection.close(),
})

function openFile(directory: string): Connection | undefined {
  try {
    const connection = new Connection(join(directory, 'millrace.db'), 'read-only')
    const table = connection.get("select 1 from sqlite_master where name = 'entries'")
    if (table !== undefined) return connection
    connection.close()
  } catch (error) {
    if (!/unable to open|no such file/i.test(String(error))) throw error
  }
  return undefined
}

/** As the servers have it: in the schema `millrace` of this database. */
export const postgresLog = (url: string): LogPlace => ({
  open: async () => {
    const database = new Database({ url, schema: 'millrace', connections: 2, statementTimeoutMs: 60_000 })
    const [found] = await database.rows<{ readonly there: boolean }>(
      `select to_regclass('millrace.entries') is not null as there`,
    )
    if (found?.there === true) return postgresLogOn(database)
    await database.close()
    return undefined
  },
  faults: async () => disorders(await openPostgresStore({ url })),
})

function postgresLogOn(database: Database): StoredLog {
  const log = postgresRunLog(database, () => {})
  const catalog = postgresCatalog(database)
  return {
    entriesAfter: (number) => entriesAfter(database, number, PAGE),
    runs: () => log.list({}, null, ALL),
    entries: (run) => log.entries(run, 0, ALL),
    plan: async (pipeline, version) => planOf(pipeline, version, await catalog.version(pipeline, version)),
    close: () => database.close(),
  }
}

async function disorders(store: Store): Promise<readonly string[]> {
  try {
    const { disorders: found } = await examine(store, () => {})
    return found.map(({ runId, what }) => (runId === null ? what : `run ${runId}: ${what}`))
  } finally {
    await store.close()
  }
}

function planOf(pipeline: PipelineId, version: number, record: { readonly plan: string } | undefined): Plan {
  if (record === undefined) throw new Error(`version ${version} of ${pipeline} is lost`)
  return JSON.parse(record.plan) as Plan
}
