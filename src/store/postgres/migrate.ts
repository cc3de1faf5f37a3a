import { checksumOf, type Migration } from '../kit/migrations.ts'
import { StoreError } from '../store.ts'
import type { Database, Session } from './database.ts'

/** Any number that no other program on the same server is likely to lock by. "Mill" in ASCII. */
const LOCK = 0x4d69_6c6c

/** How a migration begins that leaves what the release before uses as it uses it: its servers may go on beside it. */
const EXPANDS = /^-- expands\b/

/**
 * Brings the schema up to these migrations, all in one transaction under a lock, so that of servers that start at once
 * one does it and the others find it done.
 * @throws StoreError `conflict` when servers of an older release are at work that would not get on with it, `corrupt` when the schema was written by a newer release, or made by other migrations than these
 */
export async function migrate(database: Database, schema: string, migrations: readonly Migration[]): Promise<void> {
  await database.transaction(async (session) => {
    await session.rows('select pg_advisory_xact_lock($1)', [LOCK])
    // The name was checked to be a plain one (database.ts).
    await session.rows(`create schema if not exists ${schema}`)
    await checkOwner(session, schema)
    await session.rows(`create table if not exists migrations (
      version integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default now()
    )`)
    const applied = await session.rows<Applied>('select version, name, checksum from migrations order by version')
    check(applied, migrations, schema)
    const due = migrations.slice(applied.length)
    if (due.some(({ sql }) => !EXPANDS.test(sql))) await checkAlone(session, schema, applied.length, migrations.length)
    // What is done to every row takes its time; nobody else waits for an answer of it.
    if (due.length > 0) await session.script('set local statement_timeout = 0')
    for (const migration of due) await apply(session, migration)
  })
}

/** Those that are only starting wait for our lock, and find out themselves whether they know what they find then. */
async function checkAlone(session: Session, schema: string, from: number, to: number): Promise<void> {
  // Before there were many servers, one had the schema for itself.
  const [table] = await session.rows<{ readonly name: string | null }>(`select to_regclass('servers')::text as name`)
  if (table?.name == null) return
  const atWork = await session.rows<{ readonly id: string }>(
    `select s.id from servers s where exists
      (select from pg_stat_activity a where a.datname = current_database() and a.application_name = 'millrace ' || s.id)`,
  )
  if (atWork.length === 0) return
  throw new StoreError(
    'conflict',
    `schema ${schema} has version ${from}, and what this release makes of it (${to}) the ${atWork.length} that work on it ` +
      'now would not understand: end all servers of the older release, then start this one.',
  )
}

/** A schema with tables is ours when it says which migrations made it. */
async function checkOwner(session: Session, schema: string): Promise<void> {
  const tables = await session.rows<{ readonly name: string }>(
    'select tablename as name from pg_tables where schemaname = $1',
    [schema],
  )
  if (tables.length === 0 || tables.some(({ name }) => name === 'migrations')) return
  throw new StoreError('corrupt', `the schema ${schema} of this database has tables that are not of Millrace`)
}

interface Applied {
  readonly version: number
  readonly name: string
  readonly checksum: string
}

function check(applied: readonly Applied[], migrations: readonly Migration[], schema: string): void {
  for (const [index, row] of applied.entries()) {
    const known = migrations[index]
    if (known === undefined) {
      throw new StoreError(
        'corrupt',
        `schema ${schema} has version ${applied.length}; this release of Millrace knows ${migrations.length}. ` +
          'It was written by a newer release: use that one, or restore a backup.',
      )
    }
    if (row.version !== known.version || row.checksum !== checksumOf(known)) {
      throw new StoreError(
        'corrupt',
        `schema ${schema} was made by another migration ${row.version} (${row.name}) than this release has ` +
          `(${known.name}): a released migration was changed.`,
      )
    }
  }
}

async function apply(session: Session, migration: Migration): Promise<void> {
  await session.script(migration.sql)
  const { version, name } = migration
  await session.rows('insert into migrations (version, name, checksum) values ($1, $2, $3)', [
    version,
    name,
    checksumOf(migration),
  ])
}
