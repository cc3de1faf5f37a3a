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

test('when runs of an older file were created is noted when the spans come, and from then on', () => {
  const connection = openEmpty()
  const migrations = readMigrations(join(import.meta.dirname, 'migrations'))
  migrate(
    connection,
    migrations.filter(({ version }) => version < 9),
    'file',
  )
  connection.exec(`
    insert into projects (serial, id, name, description, created_at) values (1, 'p', 'p', '', 0);
    insert into pipelines (serial, id, project, name, name_folded, version, created_at, created_by_id, created_by_name,
      updated_at, last_number) values (1, 'l', 'p', 'l', 'l', 1, 0, 'u', 'u', 0, 0);`)
  const add = (serial: number, at: number): void => {
    connection.run(
      `insert into runs (serial, id, number, project, pipeline, pipeline_name, pipeline_name_folded, version, status, live,
         cause_kind, cause_by, needs_person, created_at)
       values (?1, ?1, ?1, 'p', 'l', 'l', 'l', 1, 'running', 1, 'manual', 'u', 0, ?2)`,
      serial,
      at,
    )
  }
  const spans = () => connection.all('select * from creation_spans order by place')
  for (const [serial, at] of [
    [1, 50],
    [1_023, 40],
    [1_024, 70],
  ] as const)
    add(serial, at)
  migrate(connection, migrations, 'file')
  expect(spans()).toEqual([
    { place: 0, earliest: 40, latest: 50 },
    { place: 1, earliest: 70, latest: 70 },
  ])
  add(2, 45)
  add(2_047, 60)
  add(4_096, 5)
  connection.run('update runs set created_at = 55 where serial = 2')
  connection.run('delete from runs where serial = 1024')
  expect(spans()).toEqual([
    { place: 0, earliest: 40, latest: 55 },
    { place: 1, earliest: 60, latest: 70 },
    { place: 4, earliest: 5, latest: 5 },
  ])
})
