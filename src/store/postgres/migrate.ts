import { checksumOf, type Migration } from '../kit/migrations.ts'
import { StoreError } from '../store.ts'
import type { Database, Session } from './database.ts'

/** Any number that no other program on the same server is likely to lock by. "Mill" in ASCII. */
const LOCK = 0x4d69_6c6c

/**
 * Brings the schema up to these migrations, all in one transaction under a lock, so that of servers that start at once
 * one does it and the others find it done.
 * @throws StoreError `corrupt` when the schema was written by a newer release, or made by other migrations than these
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
    for (const migration of migrations.slice(applied.length)) await apply(session, migration)
  })
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
