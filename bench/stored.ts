import { systemEntropy } from '../src/host/entropy.ts'
import type { Host } from '../src/host/host.ts'
import type { Caller, RunListFilter } from '../src/host/app.ts'
import { asId, type RunId } from '../src/model/id.ts'
import type { RunStatus } from '../src/model/status.ts'
import type { PipelineView, RunSummary } from '../src/model/view.ts'
import type { RunCommit, Store } from '../src/store/store.ts'
import { definition, stageSpec, taskSpec } from '../src/testing/views.ts'
import { need } from '../src/testing/world.ts'
import { PEOPLE } from './copied-runs.ts'
import { benchPlace } from './open-store.ts'
import { options } from './options.ts'
import { pruning } from './pruning.ts'
import { chain, ended, openHostOn, percentile, round } from './support.ts'

const SMALL = 1_000
const LIVE = 50
const PIPELINES = 20
/** At once. A database has few connections, and who waits for one for longer than 10 s is refused. */
const BATCH = options.store === 'postgres' ? 200 : 2_000
const ROUNDS = 15

/**
 * `npm run bench -- stored --runs 1000000 [--store postgres]`: what people ask of a store with 1,000 runs, and of one with
 * so many, and how much longer it takes. Medians in milliseconds.
 */
export async function stored(): Promise<Record<string, unknown>> {
  const total = options.runs
  if (total <= SMALL) throw new Error(`--runs: expected more than ${SMALL}`)
  const place = await benchPlace()
  try {
    const began = performance.now()
    const store = await place.open()
    const world = await prepare(store)
    await fill(store, world, SMALL)
    await store.keys.putSetting('notices', String(await store.runs.lastNumber()))
    world.host.close()
    await store.close()
    const small = await measured(place.open, world)
    const filling = performance.now()
    await place.copyRuns(total - SMALL)
    const again = await place.open()
    // A server at work notes how far it has told of what happened.
    await again.keys.putSetting('notices', String(await again.runs.lastNumber()))
    const filledSeconds = Math.round((performance.now() - filling) / 1_000)
    await again.close()
    const large = await measured(place.open, world)
    const pruned = await pruning(place.open, world.pipelines[0]?.id)
    const figures = [...small].map(([name, before]): [string, string] => {
      const after = large.get(name) ?? Number.NaN
      return [name, `${round(before)} -> ${round(after)}, ${round(after / before)} x`]
    })
    return {
      runs: total,
      filled_seconds: filledSeconds,
      ...Object.fromEntries(figures),
      ...pruned,
      seconds: Math.round((performance.now() - began) / 1_000),
    }
  } finally {
    await place.remove()
  }
}

interface World {
  readonly host: Host
  readonly admin: Caller
  readonly pipelines: readonly PipelineView[]
  /** A run that was run: the others are like it. */
  readonly like: { readonly summary: RunSummary; readonly entries: RunCommit['entries'] }
}

/** Twenty pipelines in four projects, fifty runs that wait for a person, and one that has ended. */
async function prepare(store: Store): Promise<World> {
  const host = await openHostOn(store)
  const { app } = host
  const admin = await host.credentials.addUser({ name: 'bench', domain: 'bench', password: null, role: 'admin' })
  const pipelines: PipelineView[] = []
  for (let count = 0; count < PIPELINES; count += 1) {
    const name = `bench-${count % 4}`
    const known = await app.projects.get(admin, { name })
    const project = known.ok ? known.value : need(await app.projects.create(admin, { name, description: '' }))
    const text = JSON.stringify(chain(2, `pipeline ${count}`))
    pipelines.push(need(await app.pipelines.create(admin, { project: { id: project.id }, text })))
  }
  const [first] = pipelines
  if (first === undefined) throw new Error('there are pipelines')
  const task = taskSpec({
    key: 'ask',
    work: { kind: 'review', reviewers: [], required: 1, expireMs: null, question: '' },
  })
  const text = JSON.stringify(definition({ name: 'waits', stages: [stageSpec({ key: 's', tasks: [task] })] }))
  const held = need(await app.pipelines.create(admin, { project: { id: first.project.id }, text }))
  for (let count = 0; count < LIVE; count += 1) {
    need(await app.runs.start(admin, { pipeline: { id: held.id }, params: {} }))
  }
  const run = need(await app.runs.start(admin, { pipeline: { id: first.id }, params: {} }))
  await ended({ host }, run.id)
  const summary = await store.runs.summary({ by: 'id', id: run.id })
  if (summary === undefined) throw new Error('a run has a summary')
  return { host, admin, pipelines, like: { summary, entries: await store.runs.entries(run.id, 0, 1_000) } }
}

/** One in twenty has failed, one in a thousand was cancelled. None that timed out: whoever asks for those finds nothing. */
const statusOf = (index: number): RunStatus =>
  index % 1_000 === 999 ? 'cancelled' : index % 20 === 19 ? 'failed' : 'succeeded'

async function fill(store: Store, world: World, count: number): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => from + index)
    await Promise.all(batch.map((index) => add(store, world, index)))
  }
}

async function add(store: Store, { pipelines, like }: Omit<World, 'host' | 'admin'>, index: number): Promise<void> {
  const pipeline = pipelines[index % pipelines.length]
  if (pipeline === undefined) throw new Error('there are pipelines')
  const names = await store.runs.reserve(pipeline.id)
  // A second apart, after those that wait: runs come in the order of their serials.
  const at = like.summary.createdAt + names.serial * 1_000
  const id = asId<RunId>(systemEntropy.id(at))
  const { id: pipelineId, name: pipelineName } = pipeline
  const projectId = pipeline.project.id
  const times = { createdAt: at, startedAt: at + 10, endedAt: at + 20, updatedAt: at + 20 }
  const home = { pipelineId, projectId, pipelineName }
  const cause = { ...like.summary.cause, by: `user ${names.serial % PEOPLE}` }
  await store.runs.commit({
    runId: id,
    expectedSeq: 0,
    entries: like.entries,
    summary: { ...like.summary, ...names, ...times, ...home, cause, id, status: statusOf(names.serial) },
    snapshot: null,
    idempotency: null,
  })
}

/** Opens the store and a server's host on it, as at a start, and asks. */
async function measured(open: () => Promise<Store>, { admin, pipelines }: World): Promise<Map<string, number>> {
  const times = new Map<string, number>()
  const began = performance.now()
  const store = await open()
  const host = await openHostOn(store)
  const recovered = await host.recover()
  times.set('start-up', performance.now() - began)
  if (recovered.runs !== LIVE) throw new Error(`${LIVE} runs were to be taken up, found ${recovered.runs}`)
  const { app } = host
  const [first] = pipelines
  if (first === undefined) throw new Error('there are pipelines')
  const project = { id: first.project.id }
  const newest = await store.runs.list({}, null, 1)
  const end = newest[0]?.createdAt ?? 0
  const begin = await oldest(store)
  const halfTime = Math.floor((begin + end) / 2)
  const person = 'user 10'
  const filters: Readonly<Record<string, RunListFilter>> = {
    'list all': {},
    'list project': { project },
    'list pipeline': { pipeline: { id: first.id } },
    'list failed': { statuses: ['failed'] },
    'list cancelled': { statuses: ['cancelled'] },
    'list timed out (none)': { statuses: ['timed_out'] },
    'list failed of project': { project, statuses: ['failed'] },
    'list live': { statuses: ['running', 'reviewing', 'queued'] },
    'list needs person': { needsPerson: true },
    'list last minute': { createdFrom: end - 60_000 },
    'list first minute': { createdTo: begin + 60_000 },
    'list before the middle': { createdTo: halfTime },
    'list pipeline before the middle': { pipeline: { id: first.id }, createdTo: halfTime },
    'list cancelled before the middle': { statuses: ['cancelled'], createdTo: halfTime },
    'list cancelled of pipeline before the middle': {
      pipeline: { id: first.id },
      statuses: ['cancelled'],
      createdTo: halfTime,
    },
    'list failed of a minute in the middle': {
      statuses: ['failed'],
      createdFrom: halfTime - 60_000,
      createdTo: halfTime,
    },
    'list live before the middle': { statuses: ['running', 'reviewing', 'queued'], createdTo: halfTime },
    'list of a person': { causeBy: [person] },
    'list of a person, project': { project, causeBy: [person] },
    'list of a person, failed of pipeline': { pipeline: { id: first.id }, causeBy: [person], statuses: ['failed'] },
    'list of a person before the middle': { causeBy: [person], createdTo: halfTime },
    'list of nobody': { causeBy: ['nobody'] },
    'list text': { text: 'pipeline 7' },
    'list text before the middle': { text: 'pipeline 7', createdTo: halfTime },
    'list text (none)': { text: 'nothing' },
  }
  for (const [name, filter] of Object.entries(filters)) {
    await timed(times, name, async () => need(await app.runs.list(admin, filter, { before: null, limit: 50 })))
  }
  const middle = Math.floor((newest[0]?.serial ?? 0) / 2)
  const deep: Readonly<Record<string, RunListFilter>> = {
    'list from the middle': {},
    'list project from the middle': { project },
    'list pipeline from the middle': { pipeline: { id: first.id } },
    'list failed from the middle': { statuses: ['failed'] },
    'list cancelled of pipeline from the middle': { pipeline: { id: first.id }, statuses: ['cancelled'] },
  }
  for (const [name, filter] of Object.entries(deep)) {
    await timed(times, name, async () => need(await app.runs.list(admin, filter, { before: middle, limit: 50 })))
  }
  // Who sees two projects of four.
  const projectIds = [...new Set(pipelines.map((pipeline) => pipeline.project.id))].slice(0, 2)
  const guest: Caller = { ...admin, role: 'viewer', projectIds }
  await timed(times, 'list of two projects', async () =>
    need(await app.runs.list(guest, {}, { before: null, limit: 50 })),
  )
  await timed(times, 'list of two projects, text (none)', async () =>
    need(await app.runs.list(guest, { text: 'nothing' }, { before: null, limit: 50 })),
  )
  await timed(times, 'count needs person', async () => need(await app.runs.count(admin, { needsPerson: true })))
  await timed(times, 'count failed, last hour', async () =>
    need(await app.runs.count(admin, { statuses: ['failed'], createdFrom: end - 3_600_000 })),
  )
  await timed(times, 'count pipeline', async () => need(await app.runs.count(admin, { pipeline: { id: first.id } })))
  await timed(times, 'count of a person', async () => need(await app.runs.count(admin, { causeBy: [person] })))
  await timed(times, 'count all', async () => need(await app.runs.count(admin, {})))
  const ids = await spread(store, newest[0]?.serial ?? 0)
  await timed(times, 'status of an ended run', async () => {
    const id = ids.pop()
    if (id === undefined) throw new Error('as many runs were to be asked for as there are rounds')
    need(await app.runs.get(admin, { id }))
  })
  await timed(times, 'newest events', async () => store.runs.feed((await store.runs.lastNumber()) - 100, {}, 100))
  host.close()
  await store.close()
  return times
}

/** Ids of so many runs as there are rounds, and the one that is not counted, from all over the store. */
async function spread(store: Store, last: number): Promise<RunId[]> {
  const ids: RunId[] = []
  for (let part = 1; part <= ROUNDS + 1; part += 1) {
    const serial = LIVE + 2 + Math.floor(((last - LIVE - 2) * part) / (ROUNDS + 2))
    const run = await store.runs.summary({ by: 'serial', serial })
    if (run !== undefined) ids.push(run.id)
  }
  return ids
}

const oldest = async (store: Store): Promise<number> =>
  (await store.runs.summary({ by: 'serial', serial: LIVE + 2 }))?.createdAt ?? 0

/** The first time is not counted: a server is asked more than once. */
async function timed(times: Map<string, number>, name: string, ask: () => Promise<unknown>): Promise<void> {
  await ask()
  const each: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now()
    await ask()
    each.push(performance.now() - began)
  }
  times.set(name, percentile(each, 0.5))
}
