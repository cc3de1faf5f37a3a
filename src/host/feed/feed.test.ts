import { describe, expect, test } from 'vitest'
import type { EventRecord, LogEntry } from '../../model/event.ts'
import { asId, type PipelineId, type ProjectId, type RunId } from '../../model/id.ts'
import type { FeedFilter, RunLog } from '../../store/store.ts'
import { FakeClock } from '../../testing/clock.ts'
import { openMemoryStore } from '../../store/memory/index.ts'
import { EventFeed } from './feed.ts'

const id = (digit: number): string => digit.toString(16).padStart(32, '0')
const runOf = (digit: number): RunId => asId(id(digit))
const [PROJECT, OTHER] = [asId<ProjectId>(id(1)), asId<ProjectId>(id(2))]
const pipelineOf = (digit: number): PipelineId => asId(id(100 + digit))

/** A feed over a log that keeps every event; run n belongs to pipeline n, odd ones to PROJECT, even ones to OTHER. */
function openFeed() {
  const clock = new FakeClock(0)
  const records: EventRecord[] = []
  const seqs = new Map<RunId, number>()
  const reads = { count: 0 }
  const log: RunLog = {
    ...openMemoryStore().runs,
    feed: (after, filter, limit) => {
      reads.count += 1
      // The first one has the number 1.
      const found = records
        .slice(after)
        .filter(({ runId }) => isFor(filter, runId))
        .slice(0, limit)
      return Promise.resolve(found)
    },
  }
  const feed = new EventFeed(log, 0)

  /** Durable now; told when the function that is returned is called. */
  function commit(run: number, count = 1): () => void {
    const runId = runOf(run)
    const before = seqs.get(runId) ?? 0
    seqs.set(runId, before + count)
    const events = Array.from({ length: count }, () => ({ type: 'RunPaused' }) as const)
    const actor = { kind: 'user', name: 'li' } as const
    const entry: LogEntry = { v: 1, seq: before + count, at: clock.now(), actor, events }
    for (const [place, event] of events.entries()) {
      records.push({ number: records.length + 1, runId, seq: before + place + 1, at: clock.now(), actor, event })
    }
    const last = records.length
    return () => feed.publish({ last, projectId: projectOf(run), pipelineId: pipelineOf(run), runId, entries: [entry] })
  }
  const publish = (run: number, count = 1): void => commit(run, count)()
  return { clock, feed, log, records, reads, commit, publish }
}

const projectOf = (run: number): ProjectId => (run % 2 === 1 ? PROJECT : OTHER)
const isFor = (filter: FeedFilter, runId: RunId): boolean => {
  const run = Number.parseInt(runId, 16)
  return (
    (filter.runId === undefined || filter.runId === runId) &&
    (filter.pipelineId === undefined || filter.pipelineId === pipelineOf(run)) &&
    (filter.projectIds === undefined || filter.projectIds.includes(projectOf(run)))
  )
}

/** Reads on until it has `count` items, heartbeats counted. */
function reader(world: ReturnType<typeof openFeed>, after: number, filter: FeedFilter = {}) {
  const end = new AbortController()
  const { feed, clock } = world
  const idle = (wake: () => void): (() => void) => clock.at(clock.now() + 15_000, wake)
  const items = feed.follow(after, filter, idle, end.signal)
  return {
    end,
    items,
    take: async (count: number) => {
      const taken: (EventRecord | undefined)[] = []
      while (taken.length < count) taken.push((await items.next()).value as EventRecord | undefined)
      return taken
    },
  }
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a reader', () => {
  test('gets everything exactly once and in order from every number, across the border of log and memory', async () => {
    const world = openFeed()
    for (let count = 0; count < 40; count += 1) world.publish((count % 3) + 1, (count % 4) + 1)
    const restarted = { ...world, feed: new EventFeed(world.log, world.records.length) }
    for (let after = 0; after <= world.records.length; after += 1) {
      const { take, end } = reader(restarted, after)
      expect(await take(world.records.length - after)).toEqual(world.records.slice(after))
      const kept = reader(world, after)
      expect(await kept.take(world.records.length - after)).toEqual(world.records.slice(after))
      end.abort()
      kept.end.abort()
    }
  })

  test('who is behind goes over from the log to what is kept while more comes', async () => {
    const world = openFeed()
    for (let count = 0; count < 20_000; count += 1) world.publish((count % 5) + 1)
    const { take } = reader(world, 3)
    const found: unknown[] = []
    while (found.length < 21_000) {
      found.push(...(await take(100)))
      if (world.records.length < 21_003) for (let count = 0; count < 50; count += 1) world.publish(1)
    }
    expect(found).toEqual(world.records.slice(3, 21_003))
    expect(world.reads.count).toBeGreaterThan(0)
  })

  test.each<[string, FeedFilter]>([
    ['a project', { projectIds: [PROJECT] }],
    ['a pipeline', { pipelineId: pipelineOf(2) }],
    ['a run', { runId: runOf(3) }],
    ['no project at all', { projectIds: [] }],
  ])('of %s gets what is of it and nothing else', async (_, filter) => {
    const world = openFeed()
    for (let count = 0; count < 50; count += 1) world.publish((count % 4) + 1, (count % 3) + 1)
    const wanted = (): EventRecord[] => world.records.filter(({ runId }) => isFor(filter, runId))
    const { take } = reader(world, 0, filter)
    expect(await take(wanted().length)).toEqual(wanted())
    const before = wanted().length
    const more = take(1)
    for (let run = 1; run <= 4; run += 1) world.publish(run)
    await turn()
    const [next] = wanted().slice(before)
    world.clock.advance(15_000)
    expect(await more).toEqual([next])
  })

  test('sees nothing twice when the log is ahead of what was told', async () => {
    const world = openFeed()
    world.publish(1)
    const restarted = { ...world, feed: new EventFeed(world.log, 1) }
    const told = [world.commit(2), world.commit(1), world.commit(2)]
    const { take } = reader(restarted, 0)
    const first = await take(4)
    expect(first.map((record) => record?.number)).toEqual([1, 2, 3, 4])
    const more = take(1)
    await turn()
    for (const [place, record] of world.records.slice(1).entries()) {
      expect(told[place]).toBeDefined()
      restarted.feed.publish({
        last: record.number,
        projectId: PROJECT,
        pipelineId: pipelineOf(1),
        runId: record.runId,
        entries: [{ v: 1, seq: record.seq, at: 0, actor: record.actor, events: [record.event] }],
      })
    }
    await turn()
    restarted.feed.publish({
      last: 5,
      projectId: PROJECT,
      pipelineId: pipelineOf(1),
      runId: runOf(1),
      entries: [{ v: 1, seq: 9, at: 0, actor: { kind: 'user', name: 'li' }, events: [{ type: 'RunPaused' }] }],
    })
    expect((await more).map((record) => record?.number)).toEqual([5])
  })

  test('is told every 15 s that there is nothing, also while others have much', async () => {
    const world = openFeed()
    const { take } = reader(world, 0, { runId: runOf(1) })
    const heartbeat = take(2)
    for (let second = 0; second < 40; second += 1) {
      await turn()
      world.publish(2)
      world.clock.advance(1_000)
    }
    expect(await heartbeat).toEqual([undefined, undefined])
    world.publish(1)
    expect((await take(1)).map((record) => record?.number)).toEqual([41])
  })

  test('who leaves leaves nothing behind', async () => {
    const world = openFeed()
    const readers = Array.from({ length: 50 }, () => reader(world, 0))
    const waiting = readers.map(({ items }) => items.next())
    await turn()
    expect(world.feed.waiting()).toBe(50)
    for (const { end } of readers) end.abort()
    expect((await Promise.all(waiting)).every(({ done }) => done)).toBe(true)
    expect(world.feed.waiting()).toBe(0)
    const gone = new AbortController()
    gone.abort()
    const late = world.feed.follow(0, {}, () => () => undefined, gone.signal)
    expect((await late.next()).done).toBe(true)
  })

  test('who is slow misses nothing while thousands of commits pass', async () => {
    const world = openFeed()
    const { take } = reader(world, 0, { projectIds: [PROJECT] })
    world.publish(1)
    const found = [...(await take(1))]
    for (let count = 0; count < 30_000; count += 1) world.publish((count % 2) + 1)
    const wanted = world.records.filter(({ runId }) => isFor({ projectIds: [PROJECT] }, runId))
    found.push(...(await take(wanted.length - 1)))
    expect(found).toEqual(wanted)
  })
})

test('reading gives at most as many as asked, and does not wait for more', async () => {
  const world = openFeed()
  for (let count = 0; count < 10; count += 1) world.publish(1, 3)
  expect((await world.feed.read(4, {}, 5)).records.map(({ number }) => number)).toEqual([5, 6, 7, 8, 9])
  expect((await world.feed.read(28, {}, 5)).records.map(({ number }) => number)).toEqual([29, 30])
  expect((await world.feed.read(30, {}, 5)).records).toEqual([])
  expect((await world.feed.read(99, {}, 5)).records).toEqual([])
})

test('commits that are told of in another order than they were made are read in the order of their numbers', async () => {
  const world = openFeed()
  world.publish(1, 2)
  const [first, second, third] = [world.commit(1, 3), world.commit(2, 1), world.commit(3, 2)]
  const numbers = async (after: number): Promise<number[]> =>
    (await world.feed.read(after, {}, 100)).records.map(({ number }) => number)
  third()
  second()
  expect(world.feed.last()).toBe(2)
  first()
  expect(world.feed.last()).toBe(8)
  expect(await numbers(0)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(await numbers(4)).toEqual([5, 6, 7, 8])
})
