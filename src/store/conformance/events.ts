import { describe, expect, test } from 'vitest'
import type { EventRecord, LogEntry } from '../../model/event.ts'
import type { JsonObject } from '../../model/json.ts'
import type { FeedFilter } from '../store.ts'
import { type Open, openForTest } from './open.ts'
import { addPipeline, addRun, eventAt, freshId, nextCommit, sampleEntries, sampleProject, sum, T0 } from './samples.ts'

/** Entries of several events, so that pages begin and end inside of them. */
const SIZES = [1, 3, 2, 1, 4]
const COUNT = sum(SIZES)
const borders = Array.from({ length: COUNT + 2 }, (_, index) => index)

/** How the log is read. */
export function describeEvents(open: Open): void {
  describe('entries of a run', () => {
    test('come in order, after a seq, at most as many as asked', async () => {
      const { store } = await openForTest(open)
      const run = await addRun(store, await addPipeline(store), SIZES)
      const all = sampleEntries(0, SIZES)
      for (const after of borders) {
        for (const limit of [0, 1, 2, SIZES.length, 100, Number.MAX_SAFE_INTEGER]) {
          const expected = all.filter(({ seq }) => seq > after).slice(0, limit)
          expect(await store.runs.entries(run.id, after, limit), `after ${after}, ${limit}`).toEqual(expected)
        }
      }
    })

    test('an unknown run has none', async () => {
      const { store } = await openForTest(open)
      expect(await store.runs.entries(freshId(), 0, 10)).toEqual([])
      expect(await store.runs.events(freshId(), 0, 10)).toEqual([])
    })
  })

  describe('events of a run', () => {
    test('are cut at every border, also inside an entry', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      await addRun(store, pipeline, [5])
      const run = await addRun(store, pipeline, SIZES)
      const all = recordsOf(run.id, 5, sampleEntries(0, SIZES))
      for (const after of borders) {
        for (const limit of borders) {
          const page = await store.runs.events(run.id, after, limit)
          expect(page, `after ${after}, ${limit}`).toEqual(all.slice(after, after + limit))
        }
      }
    })
  })

  describe('the feed', () => {
    test('is empty at first', async () => {
      const { store } = await openForTest(open)
      expect(await store.runs.feed(0, {}, 10)).toEqual([])
      expect(await store.runs.lastNumber()).toBe(0)
    })

    test('is cut at every border, also inside an entry', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const a = await addRun(store, pipeline, [2, 3])
      const b = await addRun(store, pipeline, [1])
      await store.runs.commit(nextCommit(a.id, 5, [4]))
      const all = [
        ...recordsOf(a.id, 0, sampleEntries(0, [2, 3])),
        ...recordsOf(b.id, 5, sampleEntries(0, [1])),
        ...recordsOf(a.id, 6, sampleEntries(5, [4])),
      ]
      expect(await store.runs.lastNumber()).toBe(10)
      for (const after of borders) {
        for (const limit of borders) {
          const page = await store.runs.feed(after, {}, limit)
          expect(page, `after ${after}, ${limit}`).toEqual(all.slice(after, after + limit))
        }
      }
    })

    test('lets through what its filter names, at every border', async () => {
      const { store } = await openForTest(open)
      const projects = await Promise.all(['p', 'q'].map((name) => store.catalog.addProject(sampleProject(name))))
      const pipelines = await Promise.all(
        projects.flatMap((project) => ['a', 'b'].map((name) => addPipeline(store, name, project))),
      )
      const runs = await Promise.all(
        pipelines.flatMap((pipeline) => [1, 2].map((size) => addRun(store, pipeline, [size]))),
      )
      await Promise.all(runs.map((run) => store.runs.commit(nextCommit(run.id, run.seq, [2, 1]))))
      const all = await store.runs.feed(0, {}, 1_000)
      expect(all).toHaveLength(4 * 3 + 8 * 3)

      const [p, q] = projects
      const [first, , third] = pipelines
      const run = runs[3]
      if (p === undefined || q === undefined || first === undefined || third === undefined || run === undefined) {
        throw new Error('two projects, four pipelines and eight runs were made')
      }
      const filters: FeedFilter[] = [
        { projectIds: [p.id] },
        { projectIds: [p.id, q.id] },
        { projectIds: [freshId()] },
        { projectIds: [] },
        { pipelineId: first.id },
        { pipelineId: freshId() },
        { runId: run.id },
        { runId: freshId() },
        { projectIds: [p.id], pipelineId: first.id },
        { projectIds: [p.id], pipelineId: third.id },
        { projectIds: [run.projectId], pipelineId: run.pipelineId, runId: run.id },
        { projectIds: [], runId: run.id },
      ]
      for (const filter of filters) {
        const wanted = all.filter(({ runId }) => {
          const of = runs.find(({ id }) => id === runId)
          return (
            (filter.projectIds === undefined || filter.projectIds.some((id) => id === of?.projectId)) &&
            (filter.pipelineId === undefined || filter.pipelineId === of?.pipelineId) &&
            (filter.runId === undefined || filter.runId === runId)
          )
        })
        for (const after of [0, 1, 7, 13, all.length - 1, all.length]) {
          for (const limit of [0, 1, 2, 3, 5, 1_000]) {
            const expected = wanted.filter(({ number }) => number > after).slice(0, limit)
            const page = await store.runs.feed(after, filter, limit)
            expect(page, JSON.stringify({ filter, after, limit })).toEqual(expected)
          }
        }
      }
    })

    test('finds what is far away behind much that its filter does not let through', async () => {
      const { store } = await openForTest(open)
      const noisy = await addPipeline(store, 'noisy')
      const quiet = await addPipeline(store, 'quiet')
      const first = await addRun(store, quiet, [1])
      await addRun(
        store,
        noisy,
        Array.from({ length: 30_000 }, () => 2),
      )
      const second = await addRun(store, quiet, [3])
      const feed = await store.runs.feed(0, { pipelineId: quiet.id }, 3)
      expect(feed.map(({ runId, number }) => [runId, number])).toEqual([
        [first.id, 1],
        [second.id, 60_002],
        [second.id, 60_003],
      ])
    })

    test('ten thousand events come out page by page, each once and in order', async () => {
      const { store } = await openForTest(open)
      const pipeline = await addPipeline(store)
      const runs = await Promise.all(Array.from({ length: 20 }, () => addRun(store, pipeline)))
      const sizes = Array.from({ length: 100 }, (_, index) => (index % 9) + 1)
      await Promise.all(runs.map((run) => store.runs.commit(nextCommit(run.id, 1, sizes))))
      const last = await store.runs.lastNumber()
      expect(last).toBe(20 * (1 + sum(sizes)))
      expect(last).toBeGreaterThan(9_000)
      const seen: EventRecord[] = []
      for (let page = await store.runs.feed(0, {}, 997); page.length > 0;) {
        seen.push(...page)
        page = await store.runs.feed(seen.at(-1)?.number ?? 0, {}, 997)
      }
      expect(seen.map(({ number }) => number)).toEqual(Array.from({ length: last }, (_, index) => index + 1))
      for (const run of runs) {
        const own = seen.filter(({ runId }) => runId === run.id)
        expect(own.every(({ seq }, index) => seq === index + 1)).toBe(true)
        expect(own).toHaveLength(1 + sum(sizes))
      }
    })
  })

  describe('what an entry holds', () => {
    test('twenty thousand events of one transition stay together', async () => {
      const { store } = await openForTest(open)
      const run = await addRun(store, await addPipeline(store), [20_000])
      expect(await store.runs.events(run.id, 19_998, 10)).toHaveLength(2)
      expect(await store.runs.entries(run.id, 0, 10)).toEqual(sampleEntries(0, [20_000]))
    })

    test('every text and value of JSON comes back as it was', async () => {
      const { store } = await openForTest(open)
      const run = await addRun(store, await addPipeline(store))
      const entry: LogEntry = {
        v: 1,
        seq: 3,
        at: T0,
        actor: { kind: 'user', name: ODD_TEXT },
        events: [{ type: 'ParamsChanged', params: ODD_VALUES }, eventAt(3)],
      }
      await store.runs.commit({ ...nextCommit(run.id, 1), entries: [entry] })
      expect(await store.runs.entries(run.id, 1, 1)).toEqual([entry])
      expect((await store.runs.feed(1, {}, 1))[0]?.event).toEqual(entry.events[0])
    })
  })
}

/** NUL, controls, line separators, right-to-left, combining, outside of the BMP, half a surrogate pair, no character. */
const ODD_TEXT = 'a\0b\u0007\r\n\u2028\u2029 שלום e\u0301 漢字 😀 \ud83d \ufeff\uffff \u202e "\\'

const ODD_VALUES: JsonObject = {
  [ODD_TEXT]: ODD_TEXT,
  '': '',
  ['__proto__']: { constructor: null },
  numbers: [0, -1, 0.1, 1e300, 5e-324, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
  nested: [[[{ deep: [true, false, null] }]]],
  long: '漢'.repeat(100_000),
}

/** What a reader sees of these entries of a run, when `number0` events were in the log before. */
function recordsOf(runId: EventRecord['runId'], number0: number, entries: readonly LogEntry[]): EventRecord[] {
  const records: EventRecord[] = []
  for (const { seq, at, actor, events } of entries) {
    for (const [index, event] of events.entries()) {
      const number = number0 + records.length + 1
      records.push({ number, runId, seq: seq - events.length + index + 1, at, actor, event })
    }
  }
  return records
}
