import { join } from 'node:path'
import { readMigrations } from '../kit/migrations.ts'
import { type Cell, type Row, TABLES, type TableSource, type TableSpec, type TableTarget } from '../kit/tables.ts'
import { StoreError } from '../store.ts'
import { Database, type Session, type Value } from './database.ts'
import { failureOf } from './failure.ts'
import { openPostgresStore } from './index.ts'
import { ownSchema } from './owner.ts'

export interface PostgresTables {
  readonly url: string
  readonly schema?: string
}

/** Counters of kit/tables.ts. */
const COUNTED = ['message', 'revision', 'run']
/** What the others are once all rows are there. */
const NEWEST = {
  event: 'select max(number) from entries',
  project: 'select max(serial) from projects',
  pipeline: 'select max(serial) from pipelines',
  user: 'select max(place) from users',
  key: 'select max(place) from keys',
  audit: 'select max(number) from audit',
  secret: 'select max(place) from secrets',
} as const

/**
 * One moment of a store in PostgreSQL. `locked`: no server may work on it.
 * @throws StoreError `missing` when there is none, `conflict` when a server works on it, `corrupt` when it is not of this
 * release's schema, `full` when the database cannot be reached
 */
export async function openPostgresSource(
  { url, schema = 'millrace' }: PostgresTables,
  { locked }: { readonly locked: boolean },
): Promise<TableSource> {
  const release = locked ? await ownSchema(url, schema, () => {}) : async () => {}
  const database = openDatabase(url, schema)
  try {
    await checkSchema(database, schema)
    const transaction = await openTransaction(database, 'repeatable read, read only')
    const { session } = transaction
    return {
      read: (spec) => read(session, spec),
      count: async (spec) => {
        const [row] = await session.rows<{ readonly count: number }>(`select count(*) as count from ${sourceOf(spec)}`)
        return row?.count ?? 0
      },
      close: async () => {
        await transaction.rollBack()
        await database.close()
        await release()
      },
    }
  } catch (error) {
    await database.close()
    await release()
    throw error
  }
}

/**
 * A store in PostgreSQL to be: one transaction, which others see when it is finished. Makes the schema if need be.
 * @throws StoreError `conflict` when it holds anything, or a server works on it
 */
export async function openPostgresTarget({ url, schema = 'millrace' }: PostgresTables): Promise<TableTarget> {
  await (await openPostgresStore({ url, schema })).close()
  const release = await ownSchema(url, schema, () => {})
  const database = openDatabase(url, schema)
  let transaction: Transaction | undefined
  const close = async (): Promise<void> => {
    await transaction?.rollBack()
    await database.close()
    await release()
  }
  try {
    transaction = await openTransaction(database, 'read committed')
    const { session } = transaction
    await checkEmpty(session, schema)
    return {
      write: async (spec, rows) => {
        if (spec.name === 'counters') for (const row of rows) await count(session, row)
        else await session.rows(insertOf(spec), columnsOf(spec, rows))
      },
      read: (spec) => read(session, spec),
      finish: async () => {
        for (const [name, newest] of Object.entries(NEWEST)) {
          await session.rows(`update counters set value = coalesce((${newest}), 0) where name = $1`, [name])
        }
        await transaction?.commit()
        // Plans must know at once how much there is.
        for (const { name } of TABLES) await database.rows(`analyze ${name}`)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Whole tables are read in one statement, so none has a limit of time. */
const openDatabase = (url: string, schema: string): Database =>
  new Database({ url, schema, connections: 2, statementTimeoutMs: 0 })

async function checkSchema(database: Database, schema: string): Promise<void> {
  const [found] = await database.rows<{ readonly there: boolean }>(`select to_regclass($1) is not null as there`, [
    `${schema}.migrations`,
  ])
  if (found?.there !== true)
    throw new StoreError('missing', `there is no store in the schema ${schema} of this database`)
  const [row] = await database.rows<{ readonly count: number }>('select count(*) as count from migrations')
  const known = readMigrations(join(import.meta.dirname, 'migrations')).length
  if (row?.count === known) return
  const advice =
    (row?.count ?? 0) < known
      ? 'Start a server of this release on it once, which brings it up to date.'
      : 'It was written by a newer release: use that one.'
  throw new StoreError('corrupt', `schema ${schema} has version ${row?.count}; this release has ${known}. ${advice}`)
}

interface Transaction {
  readonly session: Session
  commit(): Promise<void>
  /** Does nothing after a commit. */
  rollBack(): Promise<void>
}

/** A transaction that stays open until its owner says how it ends. */
async function openTransaction(database: Database, mode: string): Promise<Transaction> {
  const opened = Promise.withResolvers<Session>()
  const end = Promise.withResolvers<void>()
  const whole = database.transaction(async (session) => {
    await session.script(`set transaction isolation level ${mode}`)
    opened.resolve(inOurWords(session))
    await end.promise
  })
  whole.catch(opened.reject)
  const session = await opened.promise
  return {
    session,
    commit: async () => {
      end.resolve()
      await whole
    },
    rollBack: async () => {
      end.reject(new StoreError('closed', 'the transaction was given up'))
      await whole.catch(() => {})
    },
  }
}

/** Whoever holds the session sees the port's errors, not only whoever waits for the transaction. */
const inOurWords = (session: Session): Session => ({
  rows: <Found>(sql: string, values?: readonly Value[]) => session.rows<Found>(sql, values).catch(thrown),
  script: (sql) => session.script(sql).catch(thrown),
})

function thrown(error: unknown): never {
  throw failureOf(error)
}

async function checkEmpty(session: Session, schema: string): Promise<void> {
  for (const { name } of TABLES) {
    const any = name === 'counters' ? 'select 1 from counters where value > 0' : `select 1 from ${name}`
    if ((await session.rows(`${any} limit 1`)).length === 0) continue
    throw new StoreError('conflict', `the schema ${schema} is not empty: it has ${name}. Nothing was copied.`)
  }
}

const sourceOf = ({ name }: TableSpec): string =>
  name === 'counters' ? `(select * from counters where name in ('${COUNTED.join(`', '`)}')) counted` : name

let cursors = 0

async function* read(session: Session, spec: TableSpec): AsyncGenerator<readonly Row[]> {
  const columns = Object.entries(spec.columns).map(([name, kind]) => {
    if (kind === 'flag') return `${quoted(name)}::integer as ${quoted(name)}`
    if (kind === 'list') return `array_to_json(${quoted(name)})::text as ${quoted(name)}`
    return quoted(name)
  })
  // The database's own order of texts is that of its locale.
  const order = spec.order.map((name) => (spec.columns[name] === 'text' ? `${quoted(name)} collate "C"` : quoted(name)))
  const cursor = `copying_${(cursors += 1)}`
  await session.script(
    `declare ${cursor} cursor for select ${columns.join(', ')} from ${sourceOf(spec)} order by ${order.join(', ')}`,
  )
  for (;;) {
    const rows = await session.rows<Record<string, Cell>>(`fetch ${spec.batch} from ${cursor}`)
    if (rows.length === 0) break
    yield rows.map((row) => Object.keys(spec.columns).map((name) => row[name] ?? null))
  }
  await session.script(`close ${cursor}`)
}

/** Rows as one array per column. */
function insertOf(spec: TableSpec): string {
  const columns = Object.entries(spec.columns)
  const values = columns.map(([, kind], index) => {
    const value = `c${index}`
    if (kind === 'flag') return `${value} <> 0`
    if (kind === 'list') {
      return `case when ${value} is not null then array(select json_array_elements_text(${value}::json)) end`
    }
    return value
  })
  const arrays = columns.map(
    ([, kind], index) => `$${index + 1}::${kind === 'integer' || kind === 'flag' ? 'bigint' : 'text'}[]`,
  )
  return `insert into ${spec.name} (${columns.map(([name]) => quoted(name)).join(', ')})
    select ${values.join(', ')} from unnest(${arrays.join(', ')}) as rows (${columns.map((_, index) => `c${index}`).join(', ')})`
}

const columnsOf = (spec: TableSpec, rows: readonly Row[]): Value[] =>
  Object.keys(spec.columns).map((_, index) => rows.map((row) => row[index] ?? null))

async function count(session: Session, [name, value]: Row): Promise<void> {
  if (typeof name !== 'string' || !COUNTED.includes(name)) {
    throw new StoreError('corrupt', `a counter ${String(name)} is not known`)
  }
  await session.rows('update counters set value = $2 where name = $1', [name, value ?? 0])
}

/** `user` and `key` are words of SQL. */
const quoted = (name: string): string => `"${name}"`
