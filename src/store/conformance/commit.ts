import { describe, expect, test } from 'vitest'
import type { LogEntry } from '../../model/event.ts'
import { IDEMPOTENCY_MS, type RunCommit, type Store } from '../store.ts'
import { expectRefusal, type Open, openForTest } from './open.ts'
import { addPipeline, addRun, firstCommit, freshId, nextCommit, reserveRun, sampleEntries, T0 } from './samples.ts'

/** How a run came to be, and how it goes on. */
export function describeCommit(open: Open): void {
  describe('reserving the names of a run', () => {
    test('numbers count per pipeline and serials per server, both from 1', async () => {
      const { store } = await openForTest(open)
      const a = await addPipeline(store, 'a')
      const b = await addPipeline(store, 'b')
      expect(await store.runs.reserve(a.id)).toEqual({ number: 1, serial: 1 })
      expect(await store.runs.reserve(a.id)).toEqual({ number: 2, serial: 2 })
      expect(await store.runs.reserve(b.id)).toEqual({ number: 1, serial: 3 })
    })

    test('a hundred at once are all different', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const names = await Promise.all(Array.from({ length: 100 }, () => store.runs.reserve(pipeline.id)))
      expect(new Set(names.map(({ number }) => number)).size).toBe(100)
      expect(new Set(names.map(({ serial }) => serial)).size).toBe(100)
    })

    test('a pipeline that does not exist has no numbers to give', async () => {
      const { store } = await openForTest(open)
      await expectRefusal('missing', store.runs.reserve(freshId()))
    })
  })

  describe('committing', () => {
    test('the first commit makes the run, the next ones follow on it', async () => {
      const { store } = await openForTest(open)
      const summary = await reserveRun(store, await addPipeline(store))
      expect(await store.runs.commit(firstCommit(summary, [2]))).toEqual({ lastNumber: 2 })
      expect(await store.runs.commit(nextCommit(summary.id, 2, [1, 3]))).toEqual({ lastNumber: 6 })
      expect(await store.runs.entries(summary.id, 0, 10)).toEqual(sampleEntries(0, [2, 1, 3]))
      expect(await store.runs.lastNumber()).toBe(6)
    })

    test.each([
      ['too low', 2],
      ['too high', 4],
      ['that of a new run', 0],
    ])('an expected seq that is %s is a conflict, and nothing is written', async (_, expectedSeq) => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const run = await addRun(store, pipeline, [1, 2])
      const before = await everythingOf(store, run.id)
      const late = { ...run, status: 'failed' as const, seq: expectedSeq + 1 }
      const idempotency = { key: 'late', fingerprint: 'x', at: T0 }
      const more = { summary: late, snapshot: '"late"', idempotency }
      await expectRefusal('conflict', store.runs.commit(nextCommit(run.id, expectedSeq, [1], more)))
      expect(await everythingOf(store, run.id)).toEqual(before)
      expect(await store.runs.idempotent('late', T0)).toBeUndefined()
      await store.runs.commit(nextCommit(run.id, 3))
    })

    test('a run that does not exist is not at seq 1', async () => {
      const { store } = await openForTest(open)
      const summary = await reserveRun(store, await addPipeline(store))
      const commit = nextCommit(summary.id, 1, [1], { summary: { ...summary, seq: 2 } })
      await expectRefusal('conflict', store.runs.commit(commit))
      expect(await store.runs.summary({ by: 'id', id: summary.id })).toBeUndefined()
      expect(await store.runs.lastNumber()).toBe(0)
    })

    test.each<[string, (commit: RunCommit) => RunCommit]>([
      ['no entries', (commit) => withEntries(commit, [])],
      ['an entry without events', (commit) => withEntries(commit, [{ ...entryAt(3), events: [] }])],
      ['a gap before its first entry', (commit) => withEntries(commit, [entryAt(5)])],
      ['a gap between its entries', (commit) => withEntries(commit, [entryAt(4), entryAt(6)])],
      ['an entry twice', (commit) => withEntries(commit, [entryAt(4), entryAt(4)])],
      ['a seq that is none', (commit) => ({ ...commit, expectedSeq: -1 })],
      ['a seq that is a fraction', (commit) => ({ ...commit, expectedSeq: 2.5 })],
      ['the summary of another run', (commit) => withSummary(commit, { id: freshId() })],
      ['a summary that is behind', (commit) => withSummary(commit, { seq: 3 })],
    ])('a commit with %s is refused, and nothing is written', async (_, spoil) => {
      const { store } = await openForTest(open)
      const run = await addRun(store, await addPipeline(store), [3])
      const before = await everythingOf(store, run.id)
      const good = nextCommit(run.id, 3, [1], { summary: { ...run, seq: 4 } })
      await expectRefusal('conflict', store.runs.commit(spoil(good)))
      expect(await everythingOf(store, run.id)).toEqual(before)
      await store.runs.commit(good)
    })

    test('the first commit of a run must bring its summary', async () => {
      const { store } = await openForTest(open)
      const summary = await reserveRun(store, await addPipeline(store))
      await expectRefusal('conflict', store.runs.commit(firstCommit(summary, [1], { summary: null })))
      expect(await store.runs.lastNumber()).toBe(0)
    })

    test('a serial or a number that another run has is a conflict', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const { serial, number } = await addRun(store, pipeline)
      const sameSerial = { ...(await reserveRun(store, pipeline)), serial }
      const sameNumber = { ...(await reserveRun(store, pipeline)), number }
      await expectRefusal('conflict', store.runs.commit(firstCommit(sameSerial)))
      await expectRefusal('conflict', store.runs.commit(firstCommit(sameNumber)))
      expect(await store.runs.count({})).toBe(1)
      expect(await store.runs.lastNumber()).toBe(1)
    })

    test('a run of a pipeline that does not exist, or is in another project, is refused', async () => {
      const { store } = await openForTest(open)
      const summary = await reserveRun(store, await addPipeline(store))
      await expectRefusal('missing', store.runs.commit(firstCommit({ ...summary, pipelineId: freshId() })))
      await expectRefusal('missing', store.runs.commit(firstCommit({ ...summary, projectId: freshId() })))
      expect(await store.runs.count({})).toBe(0)
    })
  })

  describe('committing many at once', () => {
    test('numbers have no gaps, and those of one commit follow each other', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const runs = await Promise.all(Array.from({ length: 50 }, () => addRun(store, pipeline)))
      const sizes = runs.map((_, index) => [(index % 4) + 1, (index % 3) + 1])
      const receipts = await Promise.all(
        runs.map((run, index) => store.runs.commit(nextCommit(run.id, 1, sizes[index]))),
      )
      const feed = await store.runs.feed(0, {}, 10_000)
      expect(feed.map(({ number }) => number)).toEqual(feed.map((_, index) => index + 1))
      for (const [index, run] of runs.entries()) {
        const own = feed.filter(({ runId, seq }) => runId === run.id && seq > 1)
        const last = receipts[index]?.lastNumber ?? 0
        expect(own.map(({ seq }) => seq)).toEqual(own.map((_, place) => place + 2))
        expect(own.map(({ number }) => number)).toEqual(own.map((_, place) => last - own.length + 1 + place))
      }
    })

    test('each fails alone', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const runs = await Promise.all(Array.from({ length: 20 }, () => addRun(store, pipeline)))
      const isLate = (index: number): boolean => index % 5 === 3
      const outcomes = await Promise.allSettled(
        runs.map((run, index) => store.runs.commit(nextCommit(run.id, isLate(index) ? 7 : 1))),
      )
      expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(runs.map((_, index) => isLate(index)))
      const seqs = await Promise.all(runs.map(async ({ id }) => (await store.runs.summary({ by: 'id', id }))?.seq))
      expect(seqs).toEqual(runs.map((_, index) => (isLate(index) ? 1 : 2)))
      expect(await store.runs.lastNumber()).toBe(20 + 16)
    })

    test('of those that race for the same seq of a run, one wins', async () => {
      const { store } = await openForTest(open)
      const run = await addRun(store, await addPipeline(store))
      const race = Array.from({ length: 20 }, () => store.runs.commit(nextCommit(run.id, 1)))
      const outcomes = await Promise.allSettled(race)
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await store.runs.entries(run.id, 0, 10)).toHaveLength(2)
    })

    test('of those that race to make the same run, one wins', async () => {
      const { store } = await openForTest(open)
      const summary = await reserveRun(store, await addPipeline(store))
      const race = Array.from({ length: 20 }, () => store.runs.commit(firstCommit(summary)))
      const outcomes = await Promise.allSettled(race)
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await store.runs.lastNumber()).toBe(1)
    })
  })

  describe('the idempotency key', () => {
    const keyed = (key: string, at = T0): Partial<RunCommit> => ({
      idempotency: { key, fingerprint: `of ${key}`, at },
    })

    test('leads to the run that it made', async () => {
      const { store } = await openForTest(open)
      const summary = await reserveRun(store, await addPipeline(store))
      await store.runs.commit(firstCommit(summary, [1], keyed('k')))
      expect(await store.runs.idempotent('k', T0)).toEqual({ runId: summary.id, fingerprint: 'of k' })
      expect(await store.runs.idempotent('K', T0)).toBeUndefined()
    })

    test('is a conflict when it is taken, and nothing is written', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const first = await reserveRun(store, pipeline)
      const second = await reserveRun(store, pipeline)
      await store.runs.commit(firstCommit(first, [1], keyed('k')))
      await expectRefusal('conflict', store.runs.commit(firstCommit(second, [1], { ...keyed('k'), snapshot: '{}' })))
      expect(await store.runs.summary({ by: 'id', id: second.id })).toBeUndefined()
      expect(await store.runs.snapshot(second.id)).toBeUndefined()
      expect(await store.runs.lastNumber()).toBe(1)
      await store.runs.commit(firstCommit(second))
    })

    test('makes one run of those that come with it at once', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const runs = await Promise.all(Array.from({ length: 10 }, () => reserveRun(store, pipeline)))
      const outcomes = await Promise.allSettled(
        runs.map((summary) => store.runs.commit(firstCommit(summary, [1], keyed('k')))),
      )
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(await store.runs.count({})).toBe(1)
    })

    test('stands for 24 hours, and is free then', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const [first, early, second] = await Promise.all([1, 2, 3].map(() => reserveRun(store, pipeline)))
      if (first === undefined || early === undefined || second === undefined) throw new Error('three were reserved')
      const end = T0 + IDEMPOTENCY_MS
      await store.runs.commit(firstCommit(first, [1], keyed('k')))
      expect(await store.runs.idempotent('k', end - 1)).toMatchObject({ runId: first.id })
      expect(await store.runs.idempotent('k', end)).toBeUndefined()
      await expectRefusal('conflict', store.runs.commit(firstCommit(early, [1], keyed('k', end - 1))))
      await store.runs.commit(firstCommit(second, [1], keyed('k', end)))
      expect(await store.runs.idempotent('k', end)).toMatchObject({ runId: second.id })
    })

    test('may stand for longer, and takes none of those away that stand', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const stands = (key: string, days: number): Partial<RunCommit> => ({
        idempotency: { key, fingerprint: '', at: T0, standsMs: days * IDEMPOTENCY_MS },
      })
      const make = async (more: Partial<RunCommit>): Promise<void> => {
        await store.runs.commit(firstCommit(await reserveRun(store, pipeline), [1], more))
      }
      for (let count = 0; count < 20; count += 1) await make(keyed(`short ${count}`))
      await make(stands('long', 30))
      await make(stands('longer', 31))
      expect(await store.runs.idempotent('short 19', T0)).toBeDefined()
      const later = T0 + 30 * IDEMPOTENCY_MS
      for (let count = 0; count < 20; count += 1) await make(keyed(`late ${count}`, later - 1))
      expect(await store.runs.idempotent('long', later - 1)).toBeDefined()
      expect(await store.runs.idempotent('long', later)).toBeUndefined()
      expect(await store.runs.idempotent('longer', later)).toBeDefined()
      await expectRefusal(
        'conflict',
        store.runs.commit(firstCommit(await reserveRun(store, pipeline), [1], keyed('longer', later))),
      )
    })

    test('comes with any commit of a run', async () => {
      const { store } = await openForTest(open)
      const summary = await reserveRun(store, await addPipeline(store))
      await store.runs.commit(firstCommit(summary))
      await store.runs.commit(nextCommit(summary.id, 1, [1], keyed('k')))
      expect(await store.runs.idempotent('k', T0)).toEqual({ runId: summary.id, fingerprint: 'of k' })
      await expectRefusal('conflict', store.runs.commit(nextCommit(summary.id, 2, [1], keyed('k'))))
      expect((await store.runs.summary({ by: 'id', id: summary.id }))?.seq).toBe(2)
    })

    test('many old ones are no obstacle to a new one', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const make = async (key: string, at: number): Promise<void> => {
        await store.runs.commit(firstCommit(await reserveRun(store, pipeline), [1], keyed(key, at)))
      }
      await Promise.all(Array.from({ length: 50 }, (_, index) => make(`old ${index}`, T0)))
      const later = T0 + 2 * IDEMPOTENCY_MS
      await Promise.all(Array.from({ length: 20 }, (_, index) => make(`old ${index}`, later)))
      expect(await store.runs.idempotent('old 19', later)).toBeDefined()
      expect(await store.runs.idempotent('old 20', later)).toBeUndefined()
      expect(await store.runs.count({})).toBe(70)
    })
  })
}

/** An entry of one event that ends at this seq. */
const entryAt = (seq: number): LogEntry => ({
  v: 1,
  seq,
  at: T0,
  actor: { kind: 'server', name: '' },
  events: [{ type: 'RunStarted' }],
})

/** The same commit with these entries, and no summary that would betray them. */
const withEntries = (commit: RunCommit, entries: readonly LogEntry[]): RunCommit => ({
  ...commit,
  entries,
  summary: null,
})

const withSummary = (commit: RunCommit, more: Partial<NonNullable<RunCommit['summary']>>): RunCommit => ({
  ...commit,
  summary: commit.summary === null ? null : { ...commit.summary, ...more },
})

async function everythingOf(store: Store, id: RunCommit['runId']): Promise<unknown> {
  return {
    summary: await store.runs.summary({ by: 'id', id }),
    entries: await store.runs.entries(id, 0, 1_000),
    feed: await store.runs.feed(0, {}, 1_000),
    snapshot: await store.runs.snapshot(id),
    lastNumber: await store.runs.lastNumber(),
    count: await store.runs.count({}),
  }
}
