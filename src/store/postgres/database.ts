import pg from 'pg'
import { StoreError } from '../store.ts'
import { failureOf } from './failure.ts'
import { decodeText, encodeText } from './text.ts'

/** What a statement may be given. Texts may hold any character (see text.ts). */
export type Value = string | number | boolean | null | readonly (string | number | boolean | null)[]

/** One connection in a transaction, or any of the pool. Rows come as the caller says they are: the SQL is ours. */
export interface Session {
  rows<Row>(sql: string, values?: readonly Value[]): Promise<Row[]>
  /** Several statements without values, e.g. a migration. */
  script(sql: string): Promise<void>
}

/** What changes and reads outside of runs need. */
export interface Statements extends Pick<Session, 'rows'> {
  /** See {@link Database.planned}. */
  planned<Row>(sql: string, values: readonly Value[]): Promise<Row[]>
  /** All or nothing; what `work` throws rolls back. */
  transaction<Result>(work: (session: Session) => Promise<Result>): Promise<Result>
}

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  /** Where our tables are: a plain lower-case name. */
  readonly schema: string
  /** Connections at once, from 2. */
  readonly connections: number
  /** A statement that takes longer is refused as `full`; 0: none is. */
  readonly statementTimeoutMs: number
  /** How much later the database must have said so, or is taken for gone; {@link SILENCE_MS} unless told. */
  readonly silenceMs?: number
  /** Of this server among others; without: it is the only one, and nobody is told of what it writes. */
  readonly serverId?: string
}

/** Longer than a line is cut for, or a database restarts for. */
const SILENCE_MS = 60_000

/**
 * Of every connection: to a machine that is gone without a word (its power, its network) it breaks within some 70 s, and
 * not after the two hours that Linux waits before it asks.
 */
export const NOTICES_SILENCE = { keepAlive: true, keepAliveInitialDelayMillis: SILENCE_MS } as const

const SCHEMA_NAME = /^[a-z][a-z0-9_]{0,40}$/

/**
 * What every connection to our tables begins with. Lists have an index that is in their order: to sort by groups what
 * another index has nearly in order is taken for cheaper, and reads a group (all runs of a pipeline) for a page of it.
 */
export const sessionOptions = (schema: string, serverId: string | undefined): string =>
  `-c search_path=${schema},public -c timezone=UTC -c enable_incremental_sort=off${serverId === undefined ? '' : ` -c millrace.server=${serverId}`}`

/** A pool of connections that speaks in the port's errors. */
export class Database implements Statements {
  readonly #pool: pg.Pool
  readonly #lane: Lane
  readonly #any: Pick<Session, 'rows'>
  readonly #pending = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor({ url, schema, connections, statementTimeoutMs, silenceMs = SILENCE_MS, serverId }: DatabaseOptions) {
    if (!SCHEMA_NAME.test(schema)) throw new StoreError('corrupt', `${JSON.stringify(schema)} is no name of a schema`)
    const config = {
      connectionString: url,
      application_name: 'millrace',
      statement_timeout: statementTimeoutMs,
      // What was sent to a machine that had gone by then is sent again for a quarter of an hour before it fails.
      ...(statementTimeoutMs === 0 ? {} : { query_timeout: statementTimeoutMs + silenceMs }),
      ...NOTICES_SILENCE,
      connectionTimeoutMillis: 10_000,
      options: sessionOptions(schema, serverId),
      types: { getTypeParser },
    }
    this.#pool = new pg.Pool({ ...config, max: connections })
    this.#lane = new Lane(config)
    this.#any = { rows: (sql, values = []) => rowsOf(this.#pool, sql, values) }
    // A connection that breaks while it is idle is replaced; what matters is said by the next statement.
    this.#pool.on('error', () => {})
  }

  rows<Row>(sql: string, values: readonly Value[] = []): Promise<Row[]> {
    return this.track((session) => session.rows<Row>(sql, values))
  }

  /**
   * As {@link rows} on a connection of its own: statements are done one after the other in the order of the calls, the
   * next one begins as soon as the one before is over, and they come back in that order. Only inside of {@link track},
   * which {@link close} waits for. @throws StoreError
   */
  async inOrder<Row>(sql: string, values: readonly Value[]): Promise<Row[]> {
    try {
      return await this.#lane.rows<Row>(sql, values)
    } catch (error) {
      throw failureOf(error)
    }
  }

  /**
   * As {@link rows}, planned anew for these very values: where a plan for any values would pass over rows by the million
   * that a rare one among them finds by an index.
   */
  planned<Row>(sql: string, values: readonly Value[]): Promise<Row[]> {
    return this.track(() => rowsOf(this.#pool, sql, values, null))
  }

  /** All or nothing; what `work` throws rolls back. */
  transaction<Result>(work: (session: Session) => Promise<Result>): Promise<Result> {
    return this.track(async () => {
      const client = await this.#pool.connect()
      let broken = true
      try {
        await client.query('begin')
        const result = await work(sessionOf(client))
        await client.query('commit')
        broken = false
        return result
      } catch (error) {
        broken = !(await rolledBack(client))
        throw error
      } finally {
        client.release(broken)
      }
    })
  }

  /** Waits for what is under way. Calls after it reject as `closed`. */
  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#pending).then(async () => {
      await this.#lane.close()
      await this.#pool.end()
    })
    return this.#closing
  }

  /** What {@link close} waits for, however many statements it takes and whenever they go. @throws StoreError */
  async track<Result>(work: (session: Pick<Session, 'rows'>) => Promise<Result>): Promise<Result> {
    if (this.#closing !== undefined) throw new StoreError('closed', 'the store is closed')
    const pending = work(this.#any)
    this.#pending.add(pending)
    try {
      return await pending
    } catch (error) {
      throw failureOf(error)
    } finally {
      this.#pending.delete(pending)
    }
  }
}

/** One connection, made when it is needed, and anew after it has broken. */
class Lane {
  readonly #config: pg.ClientConfig
  #client: Promise<pg.Client> | undefined

  constructor(config: pg.ClientConfig) {
    this.#config = config
  }

  async rows<Row>(sql: string, values: readonly Value[]): Promise<Row[]> {
    const client = this.#client ?? this.#connect()
    this.#client = client
    try {
      return await rowsOf(await client, sql, values)
    } catch (error) {
      // Not said by the database: it is gone, or has not answered in time.
      if (!(error instanceof pg.DatabaseError)) this.#forget(client)
      throw error
    }
  }

  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined)
    await client?.end()
  }

  #connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#config)
    const connected = client.connect().then(() => client)
    const forget = (): void => this.#forget(connected)
    // Statements under way fail by themselves; without any, nobody else would be told.
    client.on('error', forget)
    client.on('end', forget)
    connected.catch(forget)
    return connected
  }

  /** A broken one says so more than once: by then there may be another in its place. */
  #forget(broken: Promise<pg.Client>): void {
    if (this.#client !== broken) return
    this.#client = undefined
    void broken.then((client) => client.end()).catch(() => {})
  }
}

/** As good as without end: a migration takes as long as it takes. */
const SCRIPT_MS = 2 ** 31 - 1

const sessionOf = (client: pg.PoolClient): Session => ({
  rows: (sql, values = []) => rowsOf(client, sql, values),
  script: async (sql) => {
    await client.query({ text: sql, query_timeout: SCRIPT_MS } as pg.QueryConfig)
  },
})

/** @param name by which the database keeps the plan of a statement that comes again; null: it does not. */
async function rowsOf<Row>(
  connection: Pick<pg.Pool, 'query'>,
  sql: string,
  values: readonly Value[],
  name: string | null = nameOf(sql),
): Promise<Row[]> {
  const query = { text: sql, values: values.map(encodeValue) }
  const { rows } = await connection.query(name === null ? query : { ...query, name })
  return rows as Row[]
}

const names = new Map<string, string>()
function nameOf(sql: string): string {
  let name = names.get(sql)
  if (name === undefined) names.set(sql, (name = `s${names.size}`))
  return name
}

function encodeValue(value: Value): unknown {
  if (typeof value === 'string') return encodeText(value)
  if (value === null || typeof value !== 'object') return value
  // As the driver would write it, but that looks at every number for what to escape.
  if (value.every((each) => typeof each === 'number')) return `{${value.join()}}`
  return value.map((each) => (typeof each === 'string' ? encodeText(each) : each))
}

async function rolledBack(client: pg.PoolClient): Promise<boolean> {
  try {
    await client.query('rollback')
    return true
  } catch {
    return false
  }
}

/** Type ids of pg_type.dat. Our integers stay below 2^53. */
const INT8 = 20
const TEXT = 25
const TEXT_ARRAY = 1009

type Parser = (value: string) => unknown

function getTypeParser(oid: number, format?: 'text' | 'binary'): Parser {
  const standard = pg.types.getTypeParser(oid, format) as Parser
  switch (oid) {
    case INT8:
      return Number
    case TEXT:
      return decodeText
    case TEXT_ARRAY:
      return (value) => (standard(value) as (string | null)[]).map((each) => (each === null ? null : decodeText(each)))
    default:
      return standard
  }
}
