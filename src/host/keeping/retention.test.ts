import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { asId, type PipelineId, type RunId } from '../../model/id.ts'
import type { Retention } from '../../model/retention.ts'
import type { RunStatus } from '../../model/status.ts'
import type { RunSummary } from '../../model/view.ts'
import { addPipeline, firstCommit, reserveRun } from '../../store/conformance/samples.ts'
import type { RunLog } from '../../store/store.ts'
import { openMemoryStore } from '../../store/memory/index.ts'
import { FakeClock } from '../../testing/clock.ts'
import { sweepArtifacts } from './kept-files.ts'
import { RetentionSweep } from './retention.ts'

const DAY = 24 * 3_600_000
const NOW = 100 * DAY

interface Kept {
  readonly removed: RunSummary[]
  /** How many went at once, each time. */
  readonly blocks: number[]
  readonly files: Set<RunId>
  readonly artifactSweeps: number[]
  readonly sweep: RetentionSweep
  readonly clock: FakeClock
  /** Adds a run of so many events that ended so many days ago; live without. */
  run(status: RunStatus, daysAgo?: number, events?: number): Promise<RunSummary>
}

async function kept(policy: Retention | ((id: PipelineId) => Retention)): Promise<Kept> {
  const store = openMemoryStore()
  const clock = new FakeClock(NOW)
  const pipeline = await addPipeline(store)
  const removed: RunSummary[] = []
  const files = new Set<RunId>()
  const artifactSweeps: number[] = []
  const blocks: number[] = []
  const remove: RunLog['remove'] = (ids) => {
    blocks.push(ids.length)
    return store.runs.remove(ids)
  }
  const sweep = new RetentionSweep({
    log: { ...store.runs, remove },
    clock,
    policyOf: (id) => Promise.resolve(typeof policy === 'function' ? policy(id) : policy),
    onRemoved: (runs) => removed.push(...runs),
    files: {
      runs: () => Promise.resolve([...files]),
      remove: (id) => Promise.resolve(void files.delete(id)),
      sweepArtifacts: () => Promise.resolve(void artifactSweeps.push(clock.now())),
    },
    onDefect: (error) => {
      throw error
    },
  })
  onTestFinished(() => sweep.close())
  return {
    removed,
    blocks,
    files,
    artifactSweeps,
    sweep,
    clock,
    run: async (status, daysAgo, events = 1) => {
      const summary = await reserveRun(store, pipeline, {
        status,
        endedAt: daysAgo === undefined ? null : NOW - daysAgo * DAY,
      })
      await store.runs.commit(firstCommit(summary, [events]))
      files.add(summary.id)
      return summary
    },
  }
}

const numbers = (runs: readonly RunSummary[]): readonly number[] =>
  runs.map(({ number }) => number).toSorted((left, right) => left - right)

describe('runs that were kept for long enough go', () => {
  test('by their count: the newest stay, and the last that succeeded', async () => {
    const world = await kept({ runs: 2, forMs: null })
    for (const status of ['succeeded', 'succeeded', 'failed', 'failed', 'failed'] as const) await world.run(status, 5)
    expect(await world.sweep.sweep()).toBe(2)
    expect(numbers(world.removed)).toEqual([1, 3])
    expect(world.files.size).toBe(3)
    expect(world.artifactSweeps).toHaveLength(1)
    // Nothing more is to go.
    expect(await world.sweep.sweep()).toBe(0)
    expect(world.artifactSweeps).toHaveLength(1)
  })

  test('by their age: but never the newest, nor what has not ended, nor within a day', async () => {
    const world = await kept({ runs: null, forMs: 3 * DAY })
    await world.run('failed', 9)
    await world.run('running')
    await world.run('failed', 2)
    await world.run('failed', 4)
    expect(await world.sweep.sweep()).toBe(1)
    expect(numbers(world.removed)).toEqual([1])
    const young = await kept({ runs: 1, forMs: null })
    for (let count = 0; count < 3; count += 1) await young.run('failed', 0.9)
    expect(await young.sweep.sweep()).toBe(0)
  })

  test('not at all when nobody says so', async () => {
    const world = await kept({ runs: null, forMs: null })
    for (let count = 0; count < 5; count += 1) await world.run('failed', 99)
    expect(await world.sweep.sweep()).toBe(0)
  })

  test('of many, page by page, with the files that an earlier sweep has left', async () => {
    const world = await kept({ runs: 3, forMs: null })
    for (let count = 0; count < 450; count += 1) await world.run('failed', 2)
    world.files.add(asId<RunId>('f'.repeat(32)))
    expect(await world.sweep.sweep()).toBe(447)
    expect(world.files.size).toBe(3)
  })

  test('a few at a time, and of large ones fewer, as commits wait meanwhile', async () => {
    const world = await kept({ runs: 1, forMs: null })
    for (let count = 0; count < 25; count += 1) await world.run('failed', 2, 20)
    for (const events of [600, 300, 200, 5_000, 1]) await world.run('failed', 2, events)
    await world.run('failed', 2)
    expect(await world.sweep.sweep()).toBe(30)
    // Newest first.
    expect(world.blocks).toEqual([1, 1, 2, 10, 10, 6])
  })

  test('by themselves, once an hour', async () => {
    const world = await kept({ runs: 1, forMs: null })
    for (let count = 0; count < 3; count += 1) await world.run('failed', 2)
    world.clock.advance(59_000)
    expect(world.removed).toEqual([])
    world.clock.advance(1_000)
    // The one that is under way.
    expect(await world.sweep.sweep()).toBe(2)
  })
})

test('artifacts go when no list names them and they are a day old', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-artifacts-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const [named, old, fresh] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string]
  const pathOf = (sha256: string): string => join(directory, 'artifacts', sha256.slice(0, 2), sha256)
  for (const sha256 of [named, old, fresh]) {
    mkdirSync(join(pathOf(sha256), '..'), { recursive: true })
    writeFileSync(pathOf(sha256), 'bytes')
  }
  const now = Date.now()
  const dayBefore = new Date(now - DAY - 1_000)
  for (const sha256 of [named, old]) utimesSync(pathOf(sha256), dayBefore, dayBefore)
  mkdirSync(join(directory, 'logs', 'f'.repeat(32)), { recursive: true })
  const list = JSON.stringify([{ name: 'x', sizeBytes: 5, sha256: named }])
  writeFileSync(join(directory, 'logs', 'f'.repeat(32), '1-1.artifacts.json'), list)
  expect(await sweepArtifacts(join(directory, 'logs'), join(directory, 'artifacts'), now)).toBe(1)
  expect([named, old, fresh].map((sha256) => existsSync(pathOf(sha256)))).toEqual([true, false, true])
  expect(await sweepArtifacts(join(directory, 'none'), join(directory, 'nothing'), now)).toBe(0)
})
