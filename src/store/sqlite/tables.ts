import { existsSync, rmSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { readMigrations } from '../kit/migrations.ts'
import { type Cell, type Row, TABLES, type TableSource, type TableSpec, type TableTarget } from '../kit/tables.ts'
import { IDEMPOTENCY_MS, StoreError } from '../store.ts'
import { Connection } from './connection.ts'
import { errorOf, failureOf } from './failure.ts'
import { lockDirectory } from './lock.ts'
import { checkOwner, migrate, schemaVersion } from './migrate.ts'
import { createPrivateFile, syncFile } from './private-file.ts'
import { DATABASE, storeFileIn } from './store-file.ts'

/** How our columns are read and written where that is not their name (kit/tables.ts). */
interface Mapping {
  /** SQL for columns of the spec. */
  readonly read?: Readonly<Record<string, string>>
  /** SQL for columns of the table, with `:name` for what the spec's columns hold; null: it has no such column. */
  readonly write?: Readonly<Record<string, string | null>>
}

const mappings: Readonly<Record<string, Mapping>> = {
  // The name of a deleted project is put aside (migration 3).
  projects: {
    read: { name: 'coalesce(deleted_name, name)' },
    write: {
      name: 'case when :deleted_at is null then :name else char(0) || :id end',
      deleted_name: 'case when :deleted_at is null then null else :name end',
    },
  },
  // Those of its newest entry.
  runs: {
    read: {
      seq: '(select max(e.seq) from entries e where e.run = serial)',
      updated_at: '(select e.at from entries e where e.run = serial order by e.seq desc limit 1)',
    },
    write: { seq: null, updated_at: null },
  },
  idempotency: {
    read: { until: `at + ${IDEMPOTENCY_MS}` },
    write: { until: null, at: `:until - ${IDEMPOTENCY_MS}` },
  },
}

/** Counters stand in tables of their own. */
const COUNTERS = `(
  select 'message' as name, coalesce((select seq from sqlite_sequence where name = 'outbox'), 0) as value
  union all select 'revision', value from last_revision
  union all select 'run', value from last_serial
)`

const migrations = () => readMigrations(join(import.meta.dirname, 'migrations'))

/**
 * One moment of an embedded store. `locked`: no server may hold the directory; else one may be at work, as readers see the
 * last commit and hold up nobody.
 * @throws StoreError `missing` when there is none, `conflict` when a server holds it, `corrupt` when it is not of this
 * release's schema
 */
export async function openSqliteSource(
  directory: string,
  { locked }: { readonly locked: boolean },
): Promise<TableSource> {
  const path = storeFileIn(directory)
  const release = locked ? await lockDirectory(directory) : () => {}
  try {
    return readFrom(openCurrent(path), release)
  } catch (error) {
    release()
    throw errorOf(failureOf(error))
  }
}

/**
 * Brings a store that nobody uses up to this release's schema, as the start of a server does.
 * @throws StoreError `corrupt` when it is no store, or that of a newer release
 */
export function bringUpToDate(path: string): void {
  const connection = new Connection(path, 'read-write')
  try {
    checkOwner(connection, path)
    migrate(connection, migrations(), path)
  } catch (error) {
    throw errorOf(failureOf(error))
  } finally {
    connection.close()
  }
}

/** @throws StoreError `corrupt` when it is no store of this release's schema */
function openCurrent(path: string): Connection {
  const connection = new Connection(path, 'read-only')
  try {
    checkOwner(connection, path)
    const [version, known] = [schemaVersion(connection), migrations().length]
    if (version !== known) {
      const advice =
        version < known
          ? 'Start a server of this release on it once, which brings it up to date.'
          : 'It was written by a newer release: use that one.'
      throw new StoreError('corrupt', `${path} has schema version ${version}; this release has ${known}. ${advice}`)
    }
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

function readFrom(connection: Connection, release: () => void): TableSource {
  connection.exec('begin')
  return {
    read: (spec) => read(connection, spec),
    count: async (spec) =>
      connection.get<{ count: number }>(`select count(*) as count from ${sourceOf(spec)}`)?.count ?? 0,
    close: async () => {
      connection.close()
      release()
    },
  }
}

/**
 * An embedded store to be: a file beside its place, which takes it when all is there.
 * @throws StoreError `conflict` when there is a store that holds anything, or a server holds the directory
 */
export async function openSqliteTarget(directory: string): Promise<TableTarget> {
  const release = await lockDirectory(directory)
  const path = join(directory, DATABASE)
  const making = `${path}.copying`
  let connection: Connection | undefined
  try {
    if (existsSync(path)) checkEmpty(path)
    // Left by a copy that was cut off.
    for (const end of ['', '-journal', '-wal', '-shm']) rmSync(`${making}${end}`, { force: true })
    createPrivateFile(making)
    connection = new Connection(making, 'read-write')
    // Nothing of it counts before it is whole: it is on the disk when it takes its place.
    connection.exec('pragma journal_mode = memory; pragma synchronous = off; pragma cache_size = -65536;')
    migrate(connection, migrations(), making)
    connection.exec('begin')
    return fill(connection, { making, path }, release)
  } catch (error) {
    connection?.close()
    release()
    throw errorOf(failureOf(error))
  }
}

function fill(
  connection: Connection,
  { making, path }: { making: string; path: string },
  release: () => void,
): TableTarget {
  let open = true
  return {
    write: async (spec, rows) => {
      try {
        if (spec.name === 'counters') return rows.forEach((row) => setCounter(connection, row))
        const { sql, cells } = insertOf(spec)
        for (const row of rows) connection.run(sql, ...row.slice(0, cells))
      } catch (error) {
        throw errorOf(failureOf(error))
      }
    },
    read: (spec) => read(connection, spec),
    finish: async () => {
      connection.exec('commit')
      connection.close()
      open = false
      syncFile(making)
      for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
      await rename(making, path)
      syncFile(join(path, '..'))
    },
    close: async () => {
      if (open) {
        connection.close()
        rmSync(making, { force: true })
      }
      open = false
      release()
    },
  }
}

/** @throws StoreError `conflict` when it holds anything */
function checkEmpty(path: string): void {
  const connection = openCurrent(path)
  try {
    for (const spec of TABLES) {
      const any = spec.name === 'counters' ? `select 1 from ${COUNTERS} where value > 0` : `select 1 from ${spec.name}`
      if (connection.get(`${any} limit 1`) !== undefined) {
        throw new StoreError('conflict', `${path} is not empty: it has ${spec.name}. Nothing was copied.`)
      }
    }
  } finally {
    connection.close()
  }
}

const sourceOf = ({ name }: TableSpec): string => (name === 'counters' ? COUNTERS : name)

async function* read(connection: Connection, spec: TableSpec): AsyncGenerator<readonly Row[]> {
  const { read: expressions = {} } = mappings[spec.name] ?? {}
  const columns = Object.keys(spec.columns).map((name) => `${expressions[name] ?? quoted(name)} as ${quoted(name)}`)
  const sql = `select ${columns.join(', ')} from ${sourceOf(spec)} order by ${spec.order.map(quoted).join(', ')}`
  let batch: Row[] = []
  try {
    for (const row of connection.iterate<Record<string, Cell>>(sql)) {
      batch.push(Object.keys(spec.columns).map((name) => row[name] ?? null))
      if (batch.length < spec.batch) continue
      yield batch
      batch = []
    }
  } catch (error) {
    throw errorOf(failureOf(error))
  }
  if (batch.length > 0) yield batch
}

interface Insert {
  readonly sql: string
  /** How many cells it takes: SQLite refuses those that no place is named for. */
  readonly cells: number
}
const inserts = new Map<TableSpec, Insert>()

function insertOf(spec: TableSpec): Insert {
  const known = inserts.get(spec)
  if (known !== undefined) return known
  const { write = {} } = mappings[spec.name] ?? {}
  const names = Object.keys(spec.columns)
  let cells = 0
  const place = (name: string): string => {
    cells = Math.max(cells, names.indexOf(name) + 1)
    return `?${names.indexOf(name) + 1}`
  }
  const own = [...names, ...Object.keys(write).filter((name) => !names.includes(name))]
  const columns = own.flatMap((name): [string, string][] => {
    const expression = write[name]
    if (expression === null) return []
    return [[quoted(name), expression?.replaceAll(/:(\w+)/g, (_, of: string) => place(of)) ?? place(name)]]
  })
  const sql = `insert into ${spec.name} (${columns.map(([name]) => name).join(', ')})
    values (${columns.map(([, expression]) => expression).join(', ')})`
  const insert = { sql, cells }
  inserts.set(spec, insert)
  return insert
}

/** How a counter is set. */
const SET_COUNTER: Readonly<Record<string, string>> = {
  message: `insert into sqlite_sequence (name, seq) select 'outbox', ?1 where ?1 > 0`,
  revision: 'update last_revision set value = ?1',
  run: 'update last_serial set value = ?1',
}

function setCounter(connection: Connection, [name, value]: Row): void {
  const sql = SET_COUNTER[String(name)]
  if (sql === undefined) throw new StoreError('corrupt', `a counter ${String(name)} is not known`)
  // Rows that were put in have counted.
  if (name === 'message') connection.run(`delete from sqlite_sequence where name = 'outbox'`)
  connection.run(sql, value ?? 0)
}

/** `user` and `key` are words of SQL. */
const quoted = (name: string): string => `"${name}"`

/**
 * One moment of an embedded store as a file, beside a server at work or not.
 * @param to must not be there; what is made is for its owner only
 * @throws StoreError `missing` when there is no store, `full` when there is no room
 */
export async function copyDatabase(directory: string, to: string): Promise<void> {
  const path = storeFileIn(directory)
  let connection: Connection | undefined
  try {
    connection = openCurrent(path)
    createPrivateFile(to)
    // In one read transaction, so it holds up nobody; SQLite's step by step backup begins anew whenever another process
    // has written (https://sqlite.org/backup.html).
    connection.run('vacuum into ?', to)
    syncFile(to)
  } catch (error) {
    throw errorOf(failureOf(error))
  } finally {
    connection?.close()
  }
}
