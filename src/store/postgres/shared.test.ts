import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { postgresServer } from '../../testing/postgres-server.ts'
import { expectRefusal } from '../conformance/open.ts'
import { addPipeline, addRun, nextCommit } from '../conformance/samples.ts'
import type { Attending, Shared, Store } from '../store.ts'
import { openPostgresStore } from './index.ts'

/** Several stores on one schema, as servers have them. */

let schemas = 0
const freshSchema = (): string => `shared_${(schemas += 1)}`

async function openOne(schema: string, serverId: string): Promise<{ store: Store; shared: Shared }> {
  const { url } = await postgresServer()
  const store = await openPostgresStore({ url, schema, serverId })
  onTestFinished(() => store.close())
  const { shared } = store
  if (shared === undefined) throw new Error('a store that was given the id of a server is shared')
  return { store, shared }
}

async function openTwo() {
  const schema = freshSchema()
  return { schema, one: await openOne(schema, 'aaaaaaaa'), two: await openOne(schema, 'bbbbbbbb') }
}

async function sql(text: string): Promise<void> {
  const { url } = await postgresServer()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(text)
  await client.end()
}

const runner = (name: string, claims: boolean, ageMs = 0): Attending => ({ runner: name, facts: '{}', ageMs, claims })
const SILENT_MS = 60_000
const beat = (attending: readonly Attending[], fresh = false, silentMs = SILENT_MS) => ({
  fresh,
  attending,
  leaving: [],
  silentMs,
})

/** What a listener heard. */
function heard(shared: Shared) {
  const said: string[] = []
  shared.listen({
    onCommits: (number) => said.push(`commits ${number}`),
    onChange: (what) => said.push(what),
    onReconnected: () => said.push('reconnected'),
    onDutiesLost: () => said.push('duties lost'),
  })
  return said
}

test('what one commits and changes the others hear of, and nobody of what was their own', async () => {
  const { one, two } = await openTwo()
  const [own, other] = [heard(one.shared), heard(two.shared)]
  const pipeline = await addPipeline(one.store)
  const run = await addRun(one.store, pipeline)
  await one.store.runs.commit(nextCommit(run.id, 1))
  await one.store.keys.putSetting('runner:x', '1')
  await one.store.keys.putSetting('something', '1')
  await expect.poll(() => other.at(-1)).toBe('settings runner:x')
  expect(other).toEqual([
    'projects',
    `pipelines ${pipeline.id}`,
    expect.stringMatching(/^commits \d+$/),
    expect.stringMatching(/^commits \d+$/),
    'settings runner:x',
  ])
  expect(own).toEqual([])
  const number = await two.store.runs.lastNumber()
  expect(await two.shared.settledNumber()).toBe(number)
  const entries = await two.shared.entriesAfter(0, 100)
  expect(entries.at(-1)).toMatchObject({ runId: run.id, lastNumber: number })
  expect(await two.shared.entriesAfter(number, 100)).toEqual([])
})

test('of two commits at the same seq of a run by two servers one is refused', async () => {
  const { one, two } = await openTwo()
  const run = await addRun(one.store, await addPipeline(one.store))
  const results = await Promise.allSettled([
    one.store.runs.commit(nextCommit(run.id, 1)),
    two.store.runs.commit(nextCommit(run.id, 1)),
  ])
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
})

test('the duties are of one server at a time, and only it commits what needs them', async () => {
  const { one, two } = await openTwo()
  const run = await addRun(one.store, await addPipeline(one.store))
  expect([await one.shared.takeDuties(), await two.shared.takeDuties()]).toEqual([true, false])
  expect(await one.shared.takeDuties()).toBe(true)
  await expectRefusal('conflict', two.store.runs.commit({ ...nextCommit(run.id, 1), onDuty: true }))
  await one.store.runs.commit({ ...nextCommit(run.id, 1), onDuty: true })
  const said = heard(one.shared)
  await sql(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'millrace aaaaaaaa'`)
  await expect.poll(() => two.shared.takeDuties()).toBe(true)
  await expect.poll(() => said).toEqual(['duties lost', 'reconnected'])
  expect(await one.shared.takeDuties()).toBe(false)
  await expectRefusal('conflict', one.store.runs.commit({ ...nextCommit(run.id, 2), onDuty: true }))
  await two.store.runs.commit({ ...nextCommit(run.id, 2), onDuty: true })
})

test('a runner is where it has said hello last, and servers that it left do not take it back', async () => {
  const { one, two } = await openTwo()
  await one.shared.beat(beat([runner('far', true)], true))
  await two.shared.beat(beat([], true))
  const where = async (): Promise<unknown> => (await two.shared.beat(beat([])))?.attendance.map(({ server }) => server)
  expect(await where()).toEqual(['aaaaaaaa'])
  await two.shared.beat(beat([runner('far', true)]))
  await one.shared.beat(beat([runner('far', false)]))
  expect(await where()).toEqual(['bbbbbbbb'])
  await one.shared.beat({ ...beat([]), leaving: ['far'] })
  expect(await where()).toEqual(['bbbbbbbb'])
  await two.shared.beat({ ...beat([]), leaving: ['far'] })
  expect(await where()).toEqual([])
})

test('who says nothing is given up, and told so; what it had is free', async () => {
  const { schema, one, two } = await openTwo()
  await one.shared.beat(beat([runner('far', true)], true))
  await two.shared.beat(beat([], true))
  expect(await one.shared.takeDuties()).toBe(true)
  await sql(`update ${schema}.servers set seen_at = seen_at - 120000 where id = 'aaaaaaaa'`)
  await sql(`update ${schema}.attendance set seen_at = seen_at - 120000`)
  expect(await two.shared.beat(beat([]))).toMatchObject({ servers: 1, attendance: [] })
  await expect.poll(() => two.shared.takeDuties()).toBe(true)
  expect(await one.shared.beat(beat([runner('far', false)]))).toBeUndefined()
})

test('after the database was away nobody is given up for what nobody could say', async () => {
  const { schema, one, two } = await openTwo()
  await one.shared.beat(beat([runner('far', true)], true))
  await two.shared.beat(beat([], true))
  await sql(`update ${schema}.servers set seen_at = seen_at - 120000`)
  await sql(`update ${schema}.attendance set seen_at = seen_at - 120000`)
  expect(await two.shared.beat(beat([]))).toMatchObject({ servers: 2, attendance: [{ runner: 'far' }] })
})

test('what is done exclusively is done by one server after the other', async () => {
  const { one, two } = await openTwo()
  const order: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = one.shared.exclusively('x', async () => {
    order.push('one begins')
    await gate.promise
    order.push('one ends')
  })
  await expect.poll(() => order).toEqual(['one begins'])
  const second = two.shared.exclusively('x', async () => order.push('two'))
  await two.shared.exclusively('y', async () => order.push('another name'))
  gate.resolve()
  await Promise.all([first, second])
  expect(order).toEqual(['one begins', 'another name', 'one ends', 'two'])
})

test('who wants the schema alone is refused while servers share it, and the other way round', async () => {
  const schema = freshSchema()
  const { url } = await postgresServer()
  const { store } = await openOne(schema, 'aaaaaaaa')
  await expectRefusal('conflict', openPostgresStore({ url, schema }))
  await store.close()
  const alone = await openPostgresStore({ url, schema })
  onTestFinished(() => alone.close())
  await expectRefusal('conflict', openOne(schema, 'bbbbbbbb'))
})
