import pg from 'pg'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { postgresServer } from '../../testing/postgres-server.ts'
import { expectRefusal } from '../conformance/open.ts'
import { addPipeline, addRun, nextCommit } from '../conformance/samples.ts'
import type { Migration } from '../kit/migrations.ts'
import type { Store } from '../store.ts'
import { openPostgresStore, postgresMigrations } from './index.ts'

/** Servers of two releases on one schema. */

const released = postgresMigrations()
const next = (name: string, sql: string): readonly Migration[] => [
  ...released,
  { version: released.length + 1, name, sql },
]
const EXPANDED = next(
  'notes',
  `-- expands\nalter table runs add column note text; create table notes (id text primary key)`,
)
const BROKEN = next('moved', 'alter table runs rename column pipeline_name to pipeline_called')

// A machine under load takes its time to start a database.
beforeAll(async () => void (await postgresServer()), 60_000)

let schemas = 0
const freshSchema = (): string => `upgrade_${(schemas += 1)}`

async function open(schema: string, serverId: string, migrations = released): Promise<Store> {
  const { url } = await postgresServer()
  const store = await openPostgresStore({ url, schema, serverId, migrations })
  onTestFinished(() => store.close())
  return store
}
const beat = (store: Store) =>
  store.shared?.beat({ fresh: true, attending: [], leaving: [], silentMs: 60_000 }) ??
  Promise.reject(new Error('alone'))

/** Of the older server, as the database sees them: they go a moment after it has closed them. */
async function connections(): Promise<number> {
  const { url } = await postgresServer()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rowCount } = await client.query(`select from pg_stat_activity where application_name = 'millrace aaaaaaaa'`)
  await client.end()
  return rowCount ?? 0
}

test('a migration that expands is made beside servers of the older release, which go on and are heard', async () => {
  const schema = freshSchema()
  const old = await open(schema, 'aaaaaaaa')
  await beat(old)
  const pipeline = await addPipeline(old)
  const run = await addRun(old, pipeline)
  const renewed = await open(schema, 'bbbbbbbb', EXPANDED)
  expect(await beat(renewed)).toMatchObject({ servers: 2 })
  const heard: number[] = []
  renewed.shared?.listen({
    onCommits: (number) => heard.push(number),
    onChange: () => undefined,
    onReconnected: () => undefined,
    onDutiesLost: () => undefined,
  })
  const { lastNumber } = await old.runs.commit(nextCommit(run.id, 1))
  await expect.poll(() => heard.at(-1), { timeout: 60_000 }).toBe(lastNumber)
  const other = await addRun(renewed, pipeline)
  expect(await old.runs.entries(other.id, 0, 10)).toEqual(await renewed.runs.entries(other.id, 0, 10))
  expect(await old.runs.lastNumber()).toBe(await renewed.runs.lastNumber())
})

test('a server of the older release that starts after that refuses, and says why', async () => {
  const schema = freshSchema()
  await open(schema, 'aaaaaaaa', EXPANDED)
  const { url } = await postgresServer()
  const opening = openPostgresStore({ url, schema, serverId: 'bbbbbbbb', migrations: released })
  await expect(opening).rejects.toThrow(/was written by a newer release: use that one/i)
})

test('a migration that the older release would not understand waits until its servers have ended', async () => {
  const schema = freshSchema()
  const old = await open(schema, 'aaaaaaaa')
  await beat(old)
  const pipeline = await addPipeline(old)
  const refused = open(schema, 'bbbbbbbb', BROKEN)
  await expectRefusal('conflict', refused)
  await expect(refused).rejects.toThrow(/the 1 that work on it now would not understand: end all servers/)
  // Nothing has happened to it.
  await addRun(old, pipeline)
  await old.close()
  await expect.poll(connections, { timeout: 60_000 }).toBe(0)
  // Nor do several of the new release keep each other from it.
  const [one, two] = await Promise.all([open(schema, 'bbbbbbbb', BROKEN), open(schema, 'cccccccc', BROKEN)])
  expect([await beat(one), await beat(two)]).toMatchObject([{}, { servers: 3 }])
})

test('every migration since there are many servers says whether it expands', () => {
  const first = released.findIndex(({ name }) => name === 'many-servers')
  for (const { sql } of released.slice(first + 1)) expect(sql).toMatch(/^-- (?:expands|breaks)\b/)
})
