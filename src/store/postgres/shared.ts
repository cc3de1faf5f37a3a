import pg from 'pg'
import {
  type Attendance,
  type Beat,
  type NumberedEntry,
  type Shared,
  type SharedListener,
  StoreError,
} from '../store.ts'
import { type Database, NOTICES_SILENCE, sessionOptions } from './database.ts'
import { failureOf } from './failure.ts'
import { OWNER } from './owner.ts'
import { entriesAfter } from './run-log.ts'

/** Beside the lock of owners; with the schema's name it makes the lock of the duties (`is_on_duty` in the migrations). */
const DUTIES = 0x4d69_6c6e
const RECONNECT_MS = 250
/** Of this server, at once. */
const LOCKS_MAX = 4
/** Whoever holds one for longer does nothing any more. */
const LOCK_MS = 60_000

export interface SharedOptions {
  readonly url: string
  readonly schema: string
  readonly serverId: string
  readonly database: Database
  /** A program of before, which wants the schema for itself, has taken it while we were not connected. */
  readonly onOusted: (error: Error) => void
}

/**
 * One connection of a server by which it hears of the others, and which holds its locks: that it works on the schema with
 * others, and perhaps that it has the duties. PostgreSQL takes the locks back with the connection.
 */
export class SharedSchema implements Shared {
  readonly serverId: string
  readonly #options: SharedOptions
  readonly #listeners = new Set<SharedListener>()
  readonly #locks: pg.Pool
  #client: pg.Client | undefined
  #pid = 0
  #hasDuties = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: SharedOptions) {
    this.#options = options
    this.serverId = options.serverId
    this.#locks = new pg.Pool({
      connectionString: options.url,
      max: LOCKS_MAX,
      ...NOTICES_SILENCE,
      application_name: 'millrace locks',
      connectionTimeoutMillis: 10_000,
      idle_in_transaction_session_timeout: LOCK_MS,
    })
    this.#locks.on('error', () => {})
  }

  /** @throws StoreError `conflict` when another program has the schema for itself, `full` when there is no connection */
  async connect(): Promise<void> {
    const { url, schema, serverId } = this.#options
    const client = new pg.Client({
      connectionString: url,
      application_name: `millrace ${serverId}`,
      ...NOTICES_SILENCE,
      connectionTimeoutMillis: 10_000,
      statement_timeout: 10_000,
      query_timeout: 70_000,
      options: sessionOptions(schema, serverId),
    })
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    client.on('notification', ({ payload }) => this.#heard(payload ?? ''))
    try {
      await client.connect()
      const { rows } = await client.query<{ readonly mine: boolean; readonly pid: number }>(
        'select pg_try_advisory_lock_shared($1, hashtext($2)) as mine, pg_backend_pid() as pid',
        [OWNER, schema],
      )
      const [row] = rows
      if (row?.mine !== true) {
        throw new StoreError('conflict', `another server works on the schema ${schema} of this database alone`)
      }
      // A plain name, checked in database.ts.
      await client.query(`listen millrace_${schema}`)
      this.#pid = row.pid
      this.#client = client
    } catch (error) {
      await client.end().catch(() => {})
      throw failureOf(error)
    }
  }

  /** Of the connection that holds the duties, when it does. */
  dutyPid(): number | null {
    return this.#hasDuties ? this.#pid : null
  }

  entriesAfter(after: number, limit: number): Promise<readonly NumberedEntry[]> {
    return entriesAfter(this.#options.database, after, limit)
  }

  async settledNumber(): Promise<number> {
    const sql = `select value from counters where name = 'event' for share`
    return (await this.#options.database.rows<{ readonly value: number }>(sql))[0]?.value ?? 0
  }

  listen(listener: SharedListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async beat({ fresh, attending, leaving, silentMs }: Beat): Promise<Attendance | undefined> {
    const [row] = await this.#options.database.rows<{ readonly told: Attendance | null }>(
      'select beat($1, $2, $3, $4::json, $5::text[], $6) as told',
      [this.serverId, fresh, this.#pid, JSON.stringify(attending), leaving, silentMs],
    )
    return row?.told ?? undefined
  }

  async takeDuties(): Promise<boolean> {
    const client = this.#client
    if (this.#hasDuties) return true
    if (client === undefined) return false
    try {
      const { rows } = await client.query<{ readonly mine: boolean }>(
        'select pg_try_advisory_lock($1, duty_key()) as mine',
        [DUTIES],
      )
      if (client !== this.#client) return false
      this.#hasDuties = rows[0]?.mine === true
      return this.#hasDuties
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) this.#lost(client)
      throw failureOf(error)
    }
  }

  /** A connection of its own is held meanwhile: one of few, and none of those that `work` needs. */
  async exclusively<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
    const client = await this.#locks.connect().catch((error: unknown) => {
      throw failureOf(error)
    })
    let broken = true
    try {
      try {
        await client.query('begin')
        await client.query('select pg_advisory_xact_lock(hashtext($1), hashtext($2))', [this.#options.schema, name])
      } catch (error) {
        throw failureOf(error)
      }
      const value = await work()
      await client.query('commit').catch(() => undefined)
      broken = false
      return value
    } finally {
      client.release(broken)
    }
  }

  async close(): Promise<void> {
    await this.#locks.end()
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
  }

  #heard(payload: string): void {
    const space = payload.indexOf(' ')
    // What we did ourselves we know.
    if (payload.slice(0, space) === this.serverId) return
    const what = payload.slice(space + 1)
    for (const listener of this.#listeners) {
      if (/^\d+$/.test(what)) listener.onCommits(Number(what))
      else listener.onChange(what)
    }
  }

  #lost(client: pg.Client): void {
    if (client !== this.#client || this.#isClosed) return
    this.#client = undefined
    const hadDuties = this.#hasDuties
    this.#hasDuties = false
    void client.end().catch(() => {})
    if (hadDuties) for (const listener of this.#listeners) listener.onDutiesLost()
    this.#reconnect()
  }

  #reconnect(): void {
    if (this.#isClosed) return
    this.connect().then(
      () => {
        if (this.#isClosed) void this.#client?.end().catch(() => {})
        else for (const listener of this.#listeners) listener.onReconnected()
      },
      (error: unknown) => {
        if (error instanceof StoreError && error.code === 'conflict') this.#options.onOusted(error)
        else this.#timer = setTimeout(() => this.#reconnect(), RECONNECT_MS).unref()
      },
    )
  }
}
