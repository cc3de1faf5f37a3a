import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Connection } from './connection.ts'
import { type Migration, readMigrations } from '../kit/migrations.ts'
import { checkOwner, migrate } from './migrate.ts'

const first: Migration = { version: 1, name: 'a', sql: 'create table a (x integer) strict;' }
const second: Migration = { version: 2, name: 'b', sql: 'create table b (x integer) strict; insert into a values (1);' }

function openEmpty(): Connection {
  const connection = new Connection(':memory:', 'read-write')
  onTestFinished(() => connection.close())
  return connection
}

const versions = (connection: Connection): number[] =>
  connection.all<{ version: number }>('select version from migrations order by version').map(({ version }) => version)

const rowsOfA = (connection: Connection): number => connection.all('select x from a').length

test('migrations are applied once, in order', () => {
  const connection = openEmpty()
  migrate(connection, [first], 'file')
  migrate(connection, [first, second], 'file')
  migrate(connection, [first, second], 'file')
  expect(versions(connection)).toEqual([1, 2])
  expect(rowsOfA(connection)).toBe(1)
})

test('a migration that fails leaves the file as the one before it left it', () => {
  const connection = openEmpty()
  const broken = { ...second, sql: `${second.sql} insert into nowhere values (1);` }
  expect(() => migrate(connection, [first, broken], 'file')).toThrow(/nowhere/)
  expect(versions(connection)).toEqual([1])
  expect(rowsOfA(connection)).toBe(0)
  migrate(connection, [first, second], 'file')
  expect(versions(connection)).toEqual([1, 2])
})

test('a file of a newer release is refused, with both versions', () => {
  const connection = openEmpty()
  migrate(connection, [first, second], 'file')
  expect(() => migrate(connection, [first], '/data/millrace.db')).toThrow(
    expect.objectContaining({
      code: 'corrupt',
      message: expect.stringMatching(/^\/data\/millrace\.db has schema version 2; this release of Millrace knows 1\./),
    }),
  )
})

test('a migration that was changed after it was applied is refused by name', () => {
  const connection = openEmpty()
  migrate(connection, [first, second], 'file')
  const changed = { ...first, sql: `${first.sql} ` }
  expect(() => migrate(connection, [changed, second], 'file')).toThrow(
    expect.objectContaining({ code: 'corrupt', message: expect.stringContaining('migration 1 (a)') }),
  )
})

test('an empty file may become ours, and ours is ours', () => {
  const connection = openEmpty()
  checkOwner(connection, 'file')
  migrate(connection, [first], 'file')
  checkOwner(connection, 'file')
})

test.each(['create table theirs (x)', 'pragma application_id = 7'])(
  'a file of another program is refused: %s',
  (sql) => {
    const connection = openEmpty()
    connection.exec(sql)
    expect(() => checkOwner(connection, 'their.db')).toThrow(
      expect.objectContaining({ code: 'corrupt', message: 'their.db is a database, but not one of Millrace' }),
    )
  },
)

test.each([[['0002-b.sql']], [['0001-a.sql', '0003-c.sql']], [['1-a.sql']], [['0001-A.sql']], [['0001-a.txt']]])(
  'a folder of migrations with a gap or a stray file is refused: %j',
  async (files) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-migrations-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    for (const file of files) await writeFile(join(folder, file), '')
    expect(() => readMigrations(folder)).toThrow(expect.objectContaining({ code: 'corrupt' }))
  },
)

test('the schema of this release stands on a consistent database', () => {
  const connection = openEmpty()
  const migrations = readMigrations(join(import.meta.dirname, 'migrations'))
  expect(migrations.length).toBeGreaterThan(0)
  migrate(connection, migrations, 'file')
  expect(connection.all('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
  expect(connection.all('pragma foreign_key_check')).toEqual([])
  const loose = "select name from pragma_table_list where schema = 'main' and strict = 0 and name not like 'sqlite_%'"
  expect(connection.all(loose)).toEqual([])
})
