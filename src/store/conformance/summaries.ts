import { describe, expect, test } from 'vitest'
import { isEnded, RUN_STATUSES } from '../../model/status.ts'
import type { RunSummary } from '../../model/view.ts'
import type { PipelineRecord, RunFilter, Store } from '../store.ts'
import { type Open, openForTest } from './open.ts'
import { addPipeline, addRun, firstCommit, freshId, nextCommit, reserveRun, sampleProject, T0 } from './samples.ts'

/** How runs are found. */
export function describeSummaries(open: Open): void {
  describe('the summary of a run', () => {
    test('is found by id, serial, number, and as the newest of its pipeline', async () => {
      const { store } = await openForTest(open)
      const a = await addPipeline(store, 'a')
      const b = await addPipeline(store, 'b')
      const first = await addRun(store, a)
      const second = await addRun(store, a)
      const other = await addRun(store, b)
      const { runs } = store
      expect(await runs.summary({ by: 'id', id: first.id })).toEqual(first)
      expect(await runs.summary({ by: 'serial', serial: second.serial })).toEqual(second)
      expect(await runs.summary({ by: 'number', pipelineId: a.id, number: 2 })).toEqual(second)
      expect(await runs.summary({ by: 'number', pipelineId: b.id, number: 1 })).toEqual(other)
      expect(await runs.summary({ by: 'latest', pipelineId: a.id })).toEqual(second)
      expect(await runs.summary({ by: 'latest', pipelineId: b.id })).toEqual(other)
    })

    test('is undefined for what does not exist', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      await store.runs.reserve(pipeline.id)
      expect(await store.runs.summary({ by: 'id', id: freshId() })).toBeUndefined()
      expect(await store.runs.summary({ by: 'serial', serial: 1 })).toBeUndefined()
      expect(await store.runs.summary({ by: 'serial', serial: -1 })).toBeUndefined()
      expect(await store.runs.summary({ by: 'number', pipelineId: pipeline.id, number: 1 })).toBeUndefined()
      expect(await store.runs.summary({ by: 'latest', pipelineId: pipeline.id })).toBeUndefined()
    })

    test('the newest is the one with the highest serial, whichever was committed last', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const first = await reserveRun(store, pipeline)
      const second = await addRun(store, pipeline)
      await store.runs.commit(firstCommit(first))
      expect(await store.runs.summary({ by: 'latest', pipelineId: pipeline.id })).toEqual(second)
    })

    test('stays when a commit brings none, but for its seq and the time of its last change', async () => {
      const { store } = await openForTest(open)
      const run = await addRun(store, await addPipeline(store))
      await store.runs.commit(nextCommit(run.id, 1, [2, 1]))
      const expected = { ...run, seq: 4, updatedAt: T0 + 4 }
      expect(await store.runs.summary({ by: 'id', id: run.id })).toEqual(expected)
      expect(await store.runs.summaries([run.id])).toEqual([expected])
      expect(await store.runs.list({}, null, 10)).toEqual([expected])
    })

    test('is replaced as a whole by the one that a commit brings', async () => {
      const { store } = await openForTest(open)
      const run = await addRun(store, await addPipeline(store))
      const changed: RunSummary = {
        ...run,
        pipelineName: 'renamed',
        version: 7,
        status: 'held',
        seq: 2,
        cause: { kind: 'webhook', by: 'hook' },
        needsPerson: true,
        createdAt: T0 - 5,
        startedAt: T0 + 1,
        endedAt: T0 + 2,
        updatedAt: T0 + 2,
      }
      await store.runs.commit(nextCommit(run.id, 1, [1], { summary: changed }))
      expect(await store.runs.summary({ by: 'id', id: run.id })).toEqual(changed)
      const back = { ...run, seq: 3, updatedAt: T0 + 3 }
      await store.runs.commit(nextCommit(run.id, 2, [1], { summary: back }))
      expect(await store.runs.summary({ by: 'id', id: run.id })).toEqual(back)
    })

    test('shows every commit that was acknowledged before it was asked for', async () => {
      const { store } = await openForTest(open)
      const run = await addRun(store, await addPipeline(store))
      for (let seq = 1; seq < 60; seq += 1) {
        const { lastNumber } = await store.runs.commit(nextCommit(run.id, seq))
        const [summary, newest] = await Promise.all([
          store.runs.summary({ by: 'id', id: run.id }),
          store.runs.lastNumber(),
        ])
        expect([summary?.seq, newest]).toEqual([seq + 1, lastNumber])
      }
    })

    test('several come in the order asked, without the unknown ones', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const runs = await Promise.all([1, 2, 3].map(() => addRun(store, pipeline)))
      const [a, b, c] = runs.map(({ id }) => id)
      if (a === undefined || b === undefined || c === undefined) throw new Error('three were made')
      const found = await store.runs.summaries([c, freshId(), a, b])
      expect(found.map(({ id }) => id)).toEqual([c, a, b])
      expect(await store.runs.summaries([])).toEqual([])
    })
  })

  describe('the snapshot of a run', () => {
    test('is what was stored last, with its seq', async () => {
      const { store } = await openForTest(open)
      const run = await addRun(store, await addPipeline(store))
      expect(await store.runs.snapshot(run.id)).toBeUndefined()
      expect(await store.runs.snapshot(freshId())).toBeUndefined()
      const data = JSON.stringify({ big: '漢😀'.repeat(200_000) })
      await store.runs.commit(nextCommit(run.id, 1, [2], { snapshot: data }))
      expect(await store.runs.snapshot(run.id)).toEqual({ seq: 3, data })
      await store.runs.commit(nextCommit(run.id, 3))
      expect(await store.runs.snapshot(run.id)).toEqual({ seq: 3, data })
      await store.runs.commit(nextCommit(run.id, 4, [1], { snapshot: '{}' }))
      expect(await store.runs.snapshot(run.id)).toEqual({ seq: 5, data: '{}' })
    })
  })

  describe('the list of runs', () => {
    test('is newest first by serial, whichever was committed last', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const first = await reserveRun(store, pipeline)
      const second = await addRun(store, pipeline)
      await store.runs.commit(firstCommit(first))
      const third = await addRun(store, pipeline)
      const serials = (await store.runs.list({}, null, 10)).map(({ serial }) => serial)
      expect(serials).toEqual([third.serial, second.serial, first.serial])
    })

    test('is read page by page, and a run that comes meanwhile moves nothing', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const runs = await Promise.all(Array.from({ length: 11 }, () => addRun(store, pipeline)))
      const newestFirst = runs.map(({ serial }) => serial).toSorted((a, b) => b - a)
      for (const limit of [1, 2, 5, 10, 11, 12]) {
        const seen: number[] = []
        for (let page = await store.runs.list({}, null, limit); page.length > 0;) {
          seen.push(...page.map(({ serial }) => serial))
          const before = seen.at(-1) ?? null
          if (limit === 2) await addRun(store, pipeline)
          page = await store.runs.list({}, before, limit)
        }
        expect(seen.filter((serial) => newestFirst.includes(serial))).toEqual(newestFirst)
        expect(new Set(seen).size).toBe(seen.length)
      }
      expect(await store.runs.list({}, null, 0)).toEqual([])
      expect(await store.runs.list({}, 1, 10)).toEqual([])
    })

    test('is filtered by every condition and their combinations, and count agrees', async () => {
      const { store } = await openForTest(open)
      const { all, pipelines } = await manyRuns(store)
      const [p, q] = [...new Set(all.map(({ projectId }) => projectId))]
      if (p === undefined || q === undefined) throw new Error('there are two projects')
      const filters: RunFilter[] = [
        {},
        { projectIds: [p] },
        { projectIds: [p, q] },
        { projectIds: [] },
        { projectIds: [freshId()] },
        ...pipelines.map(({ id }) => ({ pipelineId: id })),
        { pipelineId: freshId() },
        ...RUN_STATUSES.map((status) => ({ statuses: [status] })),
        { statuses: ['running', 'failed', 'held'] },
        { statuses: [] },
        { needsPerson: true },
        { needsPerson: false },
        { createdFrom: T0 + 10 },
        { createdTo: T0 + 10 },
        { createdFrom: T0 + 10, createdTo: T0 + 20 },
        { createdFrom: T0 + 20, createdTo: T0 + 10 },
        { text: 'BUILD' },
        { text: 'é' },
        { text: '' },
        { text: '%' },
        { text: '_' },
        { text: 'nothing' },
        { causeBy: ['li'] },
        { causeBy: ['wang', 'nightly', 'nobody', 'wang'] },
        { causeBy: ['li', 'wang'], projectIds: [p, q], statuses: ['failed', 'running', 'queued'] },
        { causeBy: ['li'], pipelineId: pipelines[0]?.id ?? freshId() },
        { causeBy: ['wang'], projectIds: [q], createdFrom: T0 + 5, createdTo: T0 + 40 },
        { causeBy: ['li'], needsPerson: true },
        { causeBy: ['li', 'nightly'], text: 'build' },
        { causeBy: Array.from({ length: 40 }, (_, index) => (index === 7 ? 'li' : `${index}`)) },
        { causeBy: ['Li'] },
        { causeBy: [''] },
        { causeBy: [] },
        { causeKinds: ['schedule'] },
        { causeKinds: ['manual', 'webhook'], causeBy: ['li'], pipelineId: pipelines[2]?.id ?? freshId() },
        { causeKinds: [] },
        { isStarted: true },
        { isStarted: false, causeBy: ['li', 'wang'] },
        { projectIds: [q], statuses: ['held', 'reviewing'], needsPerson: true, createdFrom: T0 + 3, text: 'u' },
        { projectIds: [p], pipelineId: pipelines[0]?.id ?? freshId(), needsPerson: false },
      ]
      for (const filter of filters) {
        const expected = all.filter((run) => isWanted(run, filter)).toReversed()
        const name = JSON.stringify(filter)
        expect(await store.runs.list(filter, null, 1_000), name).toEqual(expected)
        expect(await store.runs.count(filter), name).toBe(expected.length)
        const middle = all[20]?.serial ?? 0
        const older = expected.filter(({ serial }) => serial < middle)
        expect(await store.runs.list(filter, middle, 3), name).toEqual(older.slice(0, 3))
      }
    })
  })

  describe('the list of runs of a time', () => {
    test('has those that were created in another order than that of their serials, far apart, and moved since', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const all: RunSummary[] = []
      for (const offset of [50_000, 0, 90_000, 20_000]) {
        for (const step of [3, 1, 2]) all.push(await addRun(store, pipeline, [1], { createdAt: T0 + offset + step }))
        // Serials that nobody used lie between.
        await Promise.all(Array.from({ length: 1_100 }, () => store.runs.reserve(pipeline.id)))
      }
      for (const [place, createdAt] of [T0 + 95_000, T0 - 5_000].entries()) {
        const run = all[7 * place + 1]
        if (run === undefined) throw new Error('so many were made')
        const moved = { ...run, createdAt, seq: 2, updatedAt: T0 + 2 }
        await store.runs.commit(nextCommit(run.id, 1, [1], { summary: moved }))
        all[7 * place + 1] = moved
      }
      const times = [undefined, ...all.map(({ createdAt }) => createdAt), T0 + 100_000]
      for (const createdFrom of times) {
        for (const createdTo of times) {
          const filter: RunFilter = {
            ...(createdFrom === undefined ? undefined : { createdFrom }),
            ...(createdTo === undefined ? undefined : { createdTo }),
          }
          const expected = all.filter((run) => isWanted(run, filter)).toReversed()
          expect(await store.runs.list(filter, null, 50), JSON.stringify(filter)).toEqual(expected)
        }
      }
    })
  })

  describe('the count of runs', () => {
    test('follows a run when it ends, is taken up again, ends otherwise under another name, and goes', async () => {
      const opened = await openForTest(open)
      const { store } = opened
      const pipeline = await addPipeline(store, 'first')
      const [run, other] = [await addRun(store, pipeline), await addRun(store, pipeline)]
      const counts = async (): Promise<Record<string, number>> => {
        const found: Record<string, number> = { all: await store.runs.count({ text: 'S' }) }
        for (const status of RUN_STATUSES) {
          const count = await store.runs.count({ pipelineId: pipeline.id, statuses: [status] })
          if (count > 0) found[status] = count
        }
        return found
      }
      const change = async (of: RunSummary, seq: number, changed: Partial<RunSummary>): Promise<void> => {
        const summary = { ...of, ...changed, seq: seq + 1 }
        await store.runs.commit(nextCommit(of.id, seq, [1], { summary }))
      }
      expect(await counts()).toEqual({ all: 2, [run.status]: 2 })
      await change(run, 1, { status: 'failed', endedAt: T0 })
      expect(await counts()).toEqual({ all: 2, [other.status]: 1, failed: 1 })
      // What changes nothing of it is not counted twice.
      await change(run, 2, { status: 'failed', endedAt: T0, annotations: { note: 'seen' } })
      await store.runs.commit(nextCommit(run.id, 3))
      await change(other, 1, { status: 'failed', endedAt: T0 })
      expect(await counts()).toEqual({ all: 2, failed: 2 })
      await change(run, 4, { status: 'running' })
      expect(await counts()).toEqual({ all: 2, failed: 1, running: 1 })
      await change(run, 5, { status: 'succeeded', pipelineName: 'renamed', endedAt: T0 })
      await change(other, 2, { status: 'succeeded', endedAt: T0 })
      expect(await counts()).toEqual({ all: 1, succeeded: 2 })
      expect(await store.runs.count({ text: 'rename', projectIds: [run.projectId] })).toBe(1)
      expect(await store.runs.remove([run.id])).toEqual([run.id])
      expect(await counts()).toEqual({ all: 1, succeeded: 1 })
      expect(await store.runs.count({ text: 'rename' })).toBe(0)
      expect(await store.runs.count({})).toBe(1)
    })
  })

  describe('live runs', () => {
    test('are all that have not ended, oldest first', async () => {
      const { store } = await openForTest(open)
      const { all } = await manyRuns(store)
      const live = all.filter(({ status }) => !isEnded(status)).map(({ id }) => id)
      expect(live.length).toBeGreaterThan(10)
      expect(await store.runs.live()).toEqual(live)
    })

    test('lose a run when it ends, and have it again when it is taken up', async () => {
      const { store } = await openForTest(open)
      const run = await addRun(store, await addPipeline(store))
      const ended: RunSummary = { ...run, status: 'failed', seq: 2, endedAt: T0 }
      await store.runs.commit(nextCommit(run.id, 1, [1], { summary: ended }))
      expect(await store.runs.live()).toEqual([])
      await store.runs.commit(nextCommit(run.id, 2, [1], { summary: { ...run, status: 'running', seq: 3 } }))
      expect(await store.runs.live()).toEqual([run.id])
    })
  })
}

/** Runs of four pipelines in two projects, in every status, in order of serial. */
async function manyRuns(
  store: Store,
): Promise<{ readonly all: readonly RunSummary[]; readonly pipelines: readonly PipelineRecord[] }> {
  const p = await store.catalog.addProject(sampleProject('p'))
  const q = await store.catalog.addProject(sampleProject('q'))
  const pipelines = [
    await addPipeline(store, 'Build', p),
    await addPipeline(store, '100%_DÉPLOYÉ', p),
    await addPipeline(store, 'rebuild all', q),
    await addPipeline(store, '构建😀', q),
  ]
  const causes: readonly RunSummary['cause'][] = [
    { kind: 'manual', by: 'li' },
    { kind: 'webhook', by: 'li' },
    { kind: 'manual', by: 'wang' },
    { kind: 'schedule', by: 'nightly' },
    { kind: 'channel', by: '' },
    { kind: 'manual', by: 'li' },
    { kind: 'push', by: 'wang' },
  ]
  const all: RunSummary[] = []
  for (let index = 0; index < 45; index += 1) {
    const pipeline = pipelines[index % pipelines.length]
    const status = RUN_STATUSES[index % RUN_STATUSES.length]
    if (pipeline === undefined || status === undefined) throw new Error('neither list is empty')
    const needsPerson = status === 'held' || status === 'reviewing'
    const cause = causes[index % causes.length] ?? { kind: 'manual', by: 'li' }
    const startedAt = index % 5 === 0 ? null : T0 + index
    all.push(await addRun(store, pipeline, [1], { status, needsPerson, cause, startedAt, createdAt: T0 + index }))
  }
  return { all, pipelines }
}

const isWanted = (run: RunSummary, filter: RunFilter): boolean =>
  (filter.projectIds === undefined || filter.projectIds.includes(run.projectId)) &&
  (filter.pipelineId === undefined || filter.pipelineId === run.pipelineId) &&
  (filter.statuses === undefined || filter.statuses.includes(run.status)) &&
  (filter.needsPerson === undefined || filter.needsPerson === run.needsPerson) &&
  (filter.createdFrom === undefined || run.createdAt >= filter.createdFrom) &&
  (filter.createdTo === undefined || run.createdAt < filter.createdTo) &&
  (filter.causeBy === undefined || filter.causeBy.includes(run.cause.by)) &&
  (filter.causeKinds === undefined || filter.causeKinds.includes(run.cause.kind)) &&
  (filter.isStarted === undefined || filter.isStarted === (run.startedAt !== null)) &&
  (filter.text === undefined || run.pipelineName.toLowerCase().includes(filter.text.toLowerCase()))
