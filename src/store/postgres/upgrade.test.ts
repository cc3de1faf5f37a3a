import pg from 'pg'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { postgresServer } from '../../testing/postgres-server.ts'
import { expectRefusal } from '../conformance/open.ts'
import { addPipeline, addRun, nextCommit, T0 } from '../conformance/samples.ts'
import type { RunStatus } from '../../model/status.ts'
import type { RunSummary } from '../../model/view.ts'
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

test('what has ended is counted when the counts come, and found by its time, and so is what servers of the release before end after it', async () => {
  const schema = freshSchema()
  const before = released.slice(
    0,
    released.findIndex(({ name }) => name === 'ended-counts'),
  )
  const old = await open(schema, 'aaaaaaaa', before)
  const pipeline = await addPipeline(old)
  const end = async (status: RunStatus): Promise<RunSummary> => {
    const run = await addRun(old, pipeline)
    const summary: RunSummary = { ...run, status, endedAt: T0, seq: 2 }
    await old.runs.commit(nextCommit(run.id, 1, [1], { summary }))
    return summary
  }
  const gone = await end('failed')
  await addRun(old, pipeline, [1], { status: 'succeeded', endedAt: T0 })
  await addRun(old, pipeline)
  // One commit waits for its turn while the counts are made: what it runs is the function of the release before.
  const { url } = await postgresServer()
  const door = new pg.Client({ connectionString: url, options: `-c search_path=${schema}` })
  await door.connect()
  await door.query(`begin; select value from counters where name = 'event' for update`)
  const waiting = addRun(old, pipeline, [1], { status: 'failed', endedAt: T0 })
  const watch = new pg.Client({ connectionString: url })
  await watch.connect()
  const { rows } = await door.query<{ pid: number }>('select pg_backend_pid() as pid')
  const isWaiting = 'select from pg_stat_activity where $1 = any (pg_blocking_pids(pid))'
  await expect
    .poll(async () => (await watch.query(isWaiting, [rows[0]?.pid])).rowCount, { timeout: 60_000 })
    .toBeGreaterThan(0)
  const renewed = await open(schema, 'bbbbbbbb')
  expect(await renewed.runs.count({ statuses: ['failed'] })).toBe(1)
  await door.query('commit')
  await Promise.all([door.end(), watch.end()])
  await waiting
  await end('failed')
  const counts = async (): Promise<number[]> =>
    Promise.all([
      renewed.runs.count({ statuses: ['failed'] }),
      renewed.runs.count({ pipelineId: pipeline.id, statuses: ['succeeded'] }),
      renewed.runs.count({}),
    ])
  expect(await counts()).toEqual([3, 1, 5])
  expect(await renewed.runs.list({ createdFrom: T0, createdTo: T0 + 1 }, null, 10)).toHaveLength(5)
  expect(await old.runs.remove([gone.id])).toEqual([gone.id])
  expect(await counts()).toEqual([2, 1, 4])
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
