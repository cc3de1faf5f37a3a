import { expect, test } from 'vitest'
import type { RunLog, Store } from '../store/store.ts'
import { definition, stageSpec, taskSpec } from '../testing/views.ts'
import { openWorld } from '../testing/world.ts'
import { examine } from './doctor.ts'

const noop = { kind: 'noop' } as const
const review = { kind: 'review', reviewers: [], required: 1, expireMs: null, question: '' } as const
const tasks = [taskSpec({ key: 'one', work: noop }), taskSpec({ key: 'two', needs: ['one'], work: review })]

/** A store with three runs, one of which has ended. */
async function filled(): Promise<Store> {
  const world = await openWorld()
  const pipeline = await world.pipeline(definition({ name: 'p', stages: [stageSpec({ key: 's', tasks })] }))
  const runs = [await world.start(pipeline), await world.start(pipeline), await world.start(pipeline)]
  await world.app.runs.act(world.admin, { id: runs[1]?.id ?? '' }, { action: 'cancel' })
  await world.settled()
  return world.store
}

const examined = (store: Store) => examine(store, () => {})

/** The same store, but for what its log says in this one way. */
const lying = (store: Store, lie: Partial<RunLog>): Store => ({ ...store, runs: { ...store.runs, ...lie } })

test('a store that a server wrote is in order', async () => {
  const store = await filled()
  const examination = await examined(store)
  expect(examination).toEqual({ runs: 3, events: await store.runs.lastNumber(), disorders: [] })
  expect(examination.events).toBeGreaterThan(9)
})

test('an index row that says something else than the log is told, field by field', async () => {
  const store = await filled()
  const [newest] = await store.runs.list({}, null, 1)
  const list: RunLog['list'] = async (filter, before, limit) =>
    (await store.runs.list(filter, before, limit)).map((row) =>
      row.id === newest?.id ? { ...row, status: 'succeeded', needsPerson: false } : row,
    )
  expect((await examined(lying(store, { list }))).disorders).toEqual([
    { runId: newest?.id, what: 'its index row says status succeeded, its log reviewing' },
    { runId: newest?.id, what: 'its index row says needsPerson false, its log true' },
  ])
})

test('counts that are not those of the rows are told, of a pipeline and of all', async () => {
  const store = await filled()
  const count: RunLog['count'] = async (filter) =>
    (await store.runs.count(filter)) + (filter.statuses?.includes('cancelled') === true ? 2 : 0)
  const [{ pipelineId } = { pipelineId: '' }] = await store.runs.list({}, null, 1)
  expect((await examined(lying(store, { count }))).disorders).toEqual([
    { runId: null, what: `pipeline ${pipelineId} is said to have 3 runs that are cancelled, there are 1` },
  ])
  const none: RunLog['count'] = async (filter) => (filter.statuses === undefined ? 0 : store.runs.count(filter))
  expect((await examined(lying(store, { count: none }))).disorders).toEqual([
    { runId: null, what: 'the store is said to have 0 runs, there are 3' },
  ])
})

test('a run that a list by time leaves out is told', async () => {
  const store = await filled()
  const [newest, ...others] = await store.runs.list({}, null, 10)
  for (const blind of ['createdFrom', 'createdTo'] as const) {
    const list: RunLog['list'] = async (filter, before, limit) =>
      (await store.runs.list(filter, before, limit)).filter(({ id }) => !(blind in filter) || id !== newest?.id)
    expect((await examined(lying(store, { list }))).disorders).toEqual([
      { runId: newest?.id, what: 'a list of runs of the time when it was created leaves it out' },
    ])
  }
  expect(others).toHaveLength(2)
})

test('an entry that is missing is told, of its run and of the numbers', async () => {
  const store = await filled()
  const [, cancelled] = await store.runs.list({}, null, 2)
  const entries: RunLog['entries'] = async (runId, afterSeq, limit) => {
    const all = await store.runs.entries(runId, afterSeq, limit)
    return runId === cancelled?.id && afterSeq === 0 ? all.slice(1) : all
  }
  const feed: RunLog['feed'] = async (after, filter, limit) =>
    (await store.runs.feed(after, filter, limit)).map((event) => (event.number === 2 ? { ...event, number: 1 } : event))
  const { disorders } = await examined(lying(store, { entries, feed }))
  expect(disorders[0]).toMatchObject({
    runId: cancelled?.id,
    what: expect.stringMatching(/^after seq 0 comes an entry/),
  })
  expect(disorders.at(-1)).toEqual({ runId: null, what: 'event 1 follows on event 1' })
})

test('a plan that nobody can read is told with its runs', async () => {
  const store = await filled()
  const version: Store['catalog']['version'] = async (...args) => {
    const record = await store.catalog.version(...args)
    return record === undefined ? undefined : { ...record, plan: '{"v":1}' }
  }
  const { disorders } = await examined({ ...store, catalog: { ...store.catalog, version } })
  expect(disorders).toHaveLength(3)
  expect(disorders[0]?.what).toMatch(/^version 1 of its pipeline .* cannot be read/)
})

test('a run without its version, or without entries, is told', async () => {
  const store = await filled()
  const version: Store['catalog']['version'] = () => Promise.resolve(undefined)
  const without = await examined({ ...store, catalog: { ...store.catalog, version } })
  expect(without.disorders.map(({ what }) => what)).toEqual(
    Array.from({ length: 3 }, () => expect.stringContaining('there is no version 1')),
  )
  const entries: RunLog['entries'] = () => Promise.resolve([])
  expect((await examined(lying(store, { entries }))).disorders).toHaveLength(3)
})
