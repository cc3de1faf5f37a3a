import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RunId } from '../../model/id.ts'
import { RUN_STATUSES } from '../../model/status.ts'
import type { RunSummary } from '../../model/view.ts'
import {
  firstCommit,
  freshId,
  nextCommit,
  reserveRun,
  samplePipeline,
  sampleProject,
  sampleVersion,
  sum,
  T0,
} from '../conformance/samples.ts'
import { openMemoryStore } from '../memory/index.ts'
import { StoreError, type PipelineRecord, type RunFilter, type Store } from '../store.ts'
import { openSqliteStore } from './index.ts'

/** What is done, with places in small lists, so that steps meet each other. */
type Step =
  | { readonly do: 'create'; readonly run: number; readonly sizes: readonly number[]; readonly key: number | null }
  | {
      readonly do: 'commit'
      readonly run: number
      /** How far the expected seq is off. */
      readonly off: number
      readonly sizes: readonly number[]
      readonly status: number | null
      readonly snapshot: boolean
    }
  | { readonly do: 'version'; readonly pipeline: number; readonly name: number; readonly expected: number | null }
  | { readonly do: 'delete'; readonly pipeline: number }

const RUNS = 6
const NAMES = ['a', 'B', 'ab', 'É']

const place = (count: number): fc.Arbitrary<number> => fc.nat({ max: count - 1 })
const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 })
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('create'), run: place(RUNS), sizes, key: fc.option(place(3)) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('commit'),
      run: place(RUNS),
      off: fc.oneof(
        { weight: 8, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: -2, max: 2 }) },
      ),
      sizes,
      status: fc.option(place(RUN_STATUSES.length)),
      snapshot: fc.boolean(),
    }),
  },
  fc.record({
    do: fc.constant('version'),
    pipeline: place(4),
    name: place(NAMES.length),
    expected: fc.option(place(4)),
  }),
  fc.record({ do: fc.constant('delete'), pipeline: place(4) }),
)
/** The steps of one turn are taken without waiting for each other. */
const turns = fc.array(fc.array(steps, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 12 })

interface Scene {
  readonly projects: readonly ReturnType<typeof sampleProject>[]
  readonly pipelines: readonly ReturnType<typeof samplePipeline>[]
  readonly runIds: readonly RunId[]
}

function drawScene(): Scene {
  const projects = ['p', 'q'].map(sampleProject)
  const pipelines = projects.flatMap(({ id }) => ['a', 'B'].map((name) => samplePipeline(id, name)))
  return { projects, pipelines, runIds: Array.from({ length: RUNS }, () => freshId<RunId>()) }
}

/** @returns what every step gave, and then what every read finds */
async function play(store: Store, scene: Scene, script: readonly (readonly Step[])[]): Promise<unknown[]> {
  const seen: unknown[] = []
  for (const project of scene.projects) await store.catalog.addProject(project)
  const records: PipelineRecord[] = []
  for (const pipeline of scene.pipelines) records.push(await store.catalog.addPipeline(pipeline, sampleVersion('')))
  for (const turn of script) {
    const before = new Map((await store.runs.summaries(scene.runIds)).map((summary) => [summary.id, summary]))
    const drawn: RunSummary[] = []
    for (const step of turn) {
      const pipeline = records[(step.do === 'create' ? step.run : 0) % records.length]
      if (pipeline === undefined) throw new Error('there are four pipelines')
      // Every step draws one, so that the numbers are the same in both stores.
      drawn.push({ ...(await reserveRun(store, pipeline)), id: scene.runIds[0] ?? freshId<RunId>() })
    }
    const outcomes = await Promise.allSettled(
      turn.map((step, index) => take(store, scene, step, before, drawn[index] ?? raise())),
    )
    seen.push(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : codeOf(outcome.reason))))
  }
  return [...seen, ...(await readAll(store, scene))]
}

/** Calls the store at once: the order of the steps of a turn is the order in which the store hears of them. */
async function take(
  store: Store,
  scene: Scene,
  step: Step,
  before: ReadonlyMap<RunId, RunSummary>,
  drawn: RunSummary,
): Promise<unknown> {
  const pipelineId = (index: number): PipelineRecord['id'] => scene.pipelines[index]?.id ?? raise()
  const runId = 'run' in step ? (scene.runIds[step.run] ?? raise()) : drawn.id
  const known = before.get(runId)
  switch (step.do) {
    case 'create': {
      const idempotency = step.key === null ? null : { key: `key ${step.key}`, fingerprint: runId, at: T0 }
      return store.runs.commit(firstCommit({ ...drawn, id: runId }, step.sizes, { idempotency }))
    }
    case 'commit': {
      const expectedSeq = Math.max(0, (known?.seq ?? 0) + step.off)
      const status = step.status === null ? undefined : RUN_STATUSES[step.status]
      const summary =
        status === undefined || known === undefined
          ? null
          : { ...known, status, needsPerson: status === 'held', seq: expectedSeq + sum(step.sizes) }
      const snapshot = step.snapshot ? JSON.stringify({ runId, expectedSeq }) : null
      return store.runs.commit(nextCommit(runId, expectedSeq, step.sizes, { summary, snapshot }))
    }
    case 'version': {
      const name = NAMES[step.name] ?? raise()
      const change = { name, webhooks: [{ id: `webhook ${name}`, name }] }
      return store.catalog.addVersion(pipelineId(step.pipeline), sampleVersion(name), change, step.expected)
    }
    case 'delete':
      return store.catalog.deletePipeline(pipelineId(step.pipeline), T0)
  }
}

async function readAll({ runs, catalog }: Store, scene: Scene): Promise<unknown[]> {
  const projectIds = scene.projects.map(({ id }) => id)
  const pipelineIds = scene.pipelines.map(({ id }) => id)
  const filters: RunFilter[] = [
    {},
    ...projectIds.map((id) => ({ projectIds: [id] })),
    ...pipelineIds.map((pipelineId) => ({ pipelineId, projectIds })),
    ...RUN_STATUSES.map((status) => ({ statuses: [status] })),
    { needsPerson: true },
    { text: 'b' },
  ]
  return [
    await runs.feed(0, {}, 10_000),
    await Promise.all(pipelineIds.map((pipelineId) => runs.feed(3, { pipelineId }, 7))),
    await Promise.all(scene.runIds.map((runId) => runs.feed(3, { runId, projectIds }, 7))),
    await Promise.all(scene.runIds.map((runId) => runs.events(runId, 2, 5))),
    await Promise.all(scene.runIds.map((runId) => runs.snapshot(runId))),
    await Promise.all(filters.map((filter) => runs.list(filter, null, 100))),
    await Promise.all(filters.map((filter) => runs.count(filter))),
    await Promise.all([0, 1, 2].map((key) => runs.idempotent(`key ${key}`, T0))),
    await runs.live(),
    await runs.lastNumber(),
    await catalog.pipelines({}, null, 100),
    await Promise.all(pipelineIds.map((id) => catalog.pipeline({ by: 'id', id }))),
    await Promise.all(pipelineIds.map((id) => catalog.versions(id))),
    await Promise.all(NAMES.map((name) => catalog.webhook(`webhook ${name}`))),
  ]
}

function codeOf(error: unknown): string {
  if (!(error instanceof StoreError)) throw error
  return error.code
}

function raise(): never {
  throw new Error('a place outside of its list')
}

test(
  'whatever is done, the SQLite store gives and finds what the memory store does',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(turns, async (script) => {
        const scene = drawScene()
        const directory = await mkdtemp(join(tmpdir(), 'millrace-equals-'))
        const sqlite = await openSqliteStore({ directory })
        try {
          const expected = await play(openMemoryStore(), scene, script)
          expect(await play(sqlite, scene, script)).toEqual(expected)
        } finally {
          await sqlite.close()
          await rm(directory, { recursive: true })
        }
      }),
      { numRuns: 15 },
    )
  },
)
