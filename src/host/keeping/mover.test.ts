import { expect, onTestFinished, test } from 'vitest'
import type { RunId } from '../../model/id.ts'
import { addPipeline, firstCommit, reserveRun } from '../../store/conformance/samples.ts'
import { openMemoryStore } from '../../store/memory/index.ts'
import { FakeClock } from '../../testing/clock.ts'
import { Mover } from './mover.ts'

const MINUTE = 60_000

async function openYard() {
  const store = openMemoryStore()
  const clock = new FakeClock(100 * MINUTE)
  const pipeline = await addPipeline(store)
  const [onDisk, moved, defects]: [Set<RunId>, RunId[], unknown[]] = [new Set(), [], []]
  const yard = { full: false, sweeps: 0 }
  const mover = new Mover({
    log: store.runs,
    clock,
    files: {
      runs: () => Promise.resolve([...onDisk]),
      move: async (id) => {
        if (yard.full) throw new Error('the storage is full')
        onDisk.delete(id)
        moved.push(id)
      },
      sweepArtifacts: async () => void (yard.sweeps += 1),
    },
    onDefect: (error) => defects.push(error),
  })
  onTestFinished(() => mover.close())
  const run = async (status: 'succeeded' | 'running', minutesAgo: number): Promise<RunId> => {
    const at = clock.now() - minutesAgo * MINUTE
    const endedAt = status === 'running' ? null : at
    const summary = { ...(await reserveRun(store, pipeline, { status, endedAt })), updatedAt: at }
    const first = firstCommit(summary)
    await store.runs.commit({ ...first, entries: first.entries.map((entry) => ({ ...entry, at })) })
    onDisk.add(summary.id)
    return summary.id
  }
  return { clock, mover, moved, defects, onDisk, run, yard }
}

test('files are moved once their run has ended some minutes ago, and others stay', async () => {
  const { clock, mover, moved, onDisk, run, yard } = await openYard()
  const [old, fresh, live] = [await run('succeeded', 10), await run('succeeded', 1), await run('running', 10)]
  expect(await mover.sweep()).toBe(1)
  expect([moved, yard.sweeps]).toEqual([[old], 1])
  clock.advance(5 * MINUTE)
  await mover.sweep()
  expect(moved).toEqual([old, fresh])
  expect([...onDisk]).toEqual([live])
})

test('what the storage does not take stays and is told of, and is moved another time', async () => {
  const { mover, moved, onDisk, run, yard } = await openYard()
  const id = await run('succeeded', 10)
  yard.full = true
  await expect(mover.sweep()).rejects.toThrow('the storage is full')
  expect([...onDisk]).toEqual([id])
  yard.full = false
  await mover.sweep()
  expect(moved).toEqual([id])
})
