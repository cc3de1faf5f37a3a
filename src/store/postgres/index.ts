import { join } from 'node:path'
import { readMigrations, type Migration } from '../kit/migrations.ts'
import { type Store, StoreError } from '../store.ts'
import { auditing } from './audit.ts'
import { postgresCatalog } from './catalog.ts'
import { Database } from './database.ts'
import { postgresDocuments } from './documents.ts'
import { postgresKeys } from './keys.ts'
import { migrate } from './migrate.ts'
import { ownSchema } from './owner.ts'
import { postgresOutbox } from './outbox.ts'
import { postgresRunLog } from './run-log.ts'
import { postgresSecrets } from './secrets.ts'
import { SharedSchema } from './shared.ts'

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`; the user may create a schema, or it is there and the user's. */
  readonly url: string
  /** Where the tables are: a plain lower-case name. */
  readonly schema?: string
  /** At once, from 2. */
  readonly connections?: number
  readonly statementTimeoutMs?: number
  /** How long after that timeout a database that says nothing is taken for gone: 60 s unless told. */
  readonly silenceMs?: number
  /** Of this server among others that work on the same schema: 8 hex digits of its own. Without: it is to be the only one. */
  readonly serverId?: string
  /** Of another release than this, for tests of upgrades. */
  readonly migrations?: readonly Migration[]
  /** Called once when the connection that holds the lock, or one that was committing, has broken. The process should end. */
  readonly onFatal?: (error: Error) => void
}

/** The first release whose `pg_advisory`, `json_to_recordset` and index features all of this was tried on. */
const VERSION_MIN = 13

/**
 * A store in PostgreSQL, 13 or later, of one server at a time or, with `serverId`, of many.
 * @throws StoreError `conflict` when another server works on the schema and not both are meant to work with others, `corrupt` when it is not what this release can
 * read, `full` when the database cannot be reached or written
 */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const { url, schema = 'millrace', connections = 8, statementTimeoutMs = 30_000, onFatal } = options
  const { serverId, silenceMs } = options
  const database = new Database({
    url,
    schema,
    connections,
    statementTimeoutMs,
    ...(serverId === undefined ? undefined : { serverId }),
    ...(silenceMs === undefined ? undefined : { silenceMs }),
  })
  let release: (() => Promise<void>) | undefined
  let shared: SharedSchema | undefined
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= database.close().then(() => release?.()))
  let ended = false
  const end = (what: string, error: Error): void => {
    if (ended) return
    ended = true
    void close()
    onFatal?.(new StoreError('closed', `${what}: ${error.message}`))
  }
  try {
    await checkServer(database)
    if (serverId === undefined) {
      release = await ownSchema(url, schema, (error) => end('the connection that holds the lock has broken', error))
    } else {
      const opened = new SharedSchema({ url, schema, serverId, database, onOusted: (error) => end('ousted', error) })
      await opened.connect()
      shared = opened
      release = () => opened.close()
    }
    await migrate(database, schema, options.migrations ?? postgresMigrations())
  } catch (error) {
    await close()
    throw error
  }
  return {
    runs: postgresRunLog(
      database,
      (error) => end('a connection has broken while it committed', error),
      () => shared?.dutyPid() ?? null,
    ),
    ...(shared === undefined ? undefined : { shared }),
    catalog: postgresCatalog(database),
    keys: postgresKeys(database),
    documents: postgresDocuments(database),
    outbox: postgresOutbox(database),
    secrets: postgresSecrets(database),
    audited: (entry) => {
      const statements = auditing(database, entry)
      return {
        catalog: postgresCatalog(statements),
        keys: postgresKeys(statements),
        secrets: postgresSecrets(statements),
      }
    },
    close,
  }
}

/** Of this release. */
export const postgresMigrations = (): readonly Migration[] => readMigrations(join(import.meta.dirname, 'migrations'))

async function checkServer(database: Database): Promise<void> {
  const [row] = await database.rows<{ readonly version: string; readonly encoding: string }>(
    `select current_setting('server_version_num') as version, current_setting('server_encoding') as encoding`,
  )
  const version = Math.floor(Number(row?.version) / 10_000)
  if (version < VERSION_MIN) {
    throw new StoreError('corrupt', `PostgreSQL ${VERSION_MIN} or later was expected, found ${version}`)
  }
  if (row?.encoding !== 'UTF8') {
    throw new StoreError('corrupt', `a database in UTF8 was expected, found ${row?.encoding ?? 'none'}`)
  }
}
