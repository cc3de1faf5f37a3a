import { checksumOf, type Migration } from '../kit/migrations.ts'
import { StoreError } from '../store.ts'
import type { Connection } from './connection.ts'

/** "Mill" in ASCII, in the header of our files (https://sqlite.org/fileformat2.html#application_id). */
const APPLICATION_ID = 0x4d69_6c6c

/**
 * Looks at the header before anything is changed: another program's file is left as it is.
 * @throws StoreError `corrupt` when the file is no database, or not one of ours
 */
export function checkOwner(connection: Connection, path: string): void {
  if (applicationId(connection) === APPLICATION_ID) return
  const tables = connection.get<{ count: number }>('select count(*) as count from sqlite_schema')?.count
  if (applicationId(connection) !== 0 || tables !== 0) {
    throw new StoreError('corrupt', `${path} is a database, but not one of Millrace`)
  }
}

/**
 * Brings the file up to these migrations, each in a transaction of its own: a crash leaves it before or after one.
 * @throws StoreError `corrupt` when the file was written by a newer release, or made by other migrations than these
 */
export function migrate(connection: Connection, migrations: readonly Migration[], path: string): void {
  if (applicationId(connection) !== APPLICATION_ID) claim(connection)
  const applied = connection.all<{ version: number; name: string; checksum: string }>(
    'select version, name, checksum from migrations order by version',
  )
  for (const [index, row] of applied.entries()) {
    const known = migrations[index]
    if (known === undefined) {
      throw new StoreError(
        'corrupt',
        `${path} has schema version ${applied.length}; this release of Millrace knows ${migrations.length}. ` +
          'It was written by a newer release: use that one, or restore a backup.',
      )
    }
    if (row.version !== known.version || row.checksum !== checksumOf(known)) {
      throw new StoreError(
        'corrupt',
        `${path} was made by another migration ${row.version} (${row.name}) than this release has (${known.name}): ` +
          'a released migration was changed.',
      )
    }
  }
  for (const migration of migrations.slice(applied.length)) apply(connection, migration)
}

/** How many migrations made this file. */
export const schemaVersion = (connection: Connection): number =>
  connection.get<{ count: number }>('select count(*) as count from migrations')?.count ?? 0

const applicationId = (connection: Connection): number | undefined =>
  connection.get<{ application_id: number }>('pragma application_id')?.application_id

/** An empty file becomes ours. */
function claim(connection: Connection): void {
  inTransaction(connection, () => {
    connection.exec(`
      pragma application_id = ${APPLICATION_ID};
      create table migrations (
        version integer primary key,
        name text not null,
        checksum text not null,
        applied_at integer not null
      ) strict;
    `)
  })
}

function apply(connection: Connection, migration: Migration): void {
  inTransaction(connection, () => {
    connection.exec(migration.sql)
    connection.run(
      'insert into migrations (version, name, checksum, applied_at) values (?, ?, ?, ?)',
      migration.version,
      migration.name,
      checksumOf(migration),
      Date.now(),
    )
  })
}

function inTransaction(connection: Connection, work: () => void): void {
  connection.exec('begin immediate')
  try {
    work()
    connection.exec('commit')
  } catch (error) {
    if (connection.inTransaction) connection.exec('rollback')
    throw error
  }
}
