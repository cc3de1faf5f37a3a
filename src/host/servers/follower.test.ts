import { expect, test } from 'vitest'
import { asId, type RunId } from '../../model/id.ts'
import type { NumberedEntry } from '../../store/store.ts'
import { Follower, STALE_MS } from './follower.ts'

const [A, B] = [asId<RunId>('0a'.repeat(16)), asId<RunId>('0b'.repeat(16))]
const entry = (runId: RunId, seq: number, lastNumber: number): NumberedEntry => ({
  runId,
  lastNumber,
  entry: { v: 1, seq, at: 0, actor: { kind: 'user', name: 'li' }, events: [{ type: 'RunPaused' }] },
})

function open(log: NumberedEntry[]) {
  let [now, last] = [0, 0]
  const told: (readonly [RunId, readonly number[]])[] = []
  const defects: unknown[] = []
  const follower = new Follower({
    shared: { entriesAfter: async (after, limit) => log.filter((one) => one.lastNumber > after).slice(0, limit) },
    now: () => now,
    last: () => last,
    passed: (number) => {
      last = Math.max(last, number)
    },
    follow: async (runId, entries, lastNumber) => {
      if (runId === B && lastNumber === 99) throw new Error('broken')
      told.push([runId, entries.map(({ seq }) => seq)])
      last = lastNumber
    },
    onDefect: (error) => void defects.push(error),
  })
  return { follower, told, defects, tick: (ms: number) => (now += ms), last: () => last }
}

test('entries of one run behind each other are told of together, all in the order of the log', async () => {
  const { follower, told, last } = open([entry(A, 1, 1), entry(A, 2, 2), entry(B, 1, 3), entry(A, 3, 4)])
  await follower.catchUp()
  expect(told).toEqual([
    [A, [1, 2]],
    [B, [1]],
    [A, [3]],
  ])
  expect(last()).toBe(4)
})

test('numbers that are gone, and runs that cannot be read, hold up nothing', async () => {
  const { follower, told, defects, last } = open([entry(A, 1, 50), entry(B, 1, 99), entry(A, 2, 100)])
  await follower.catchUp()
  expect(told).toEqual([
    [A, [1]],
    [A, [2]],
  ])
  expect(defects).toHaveLength(1)
  expect(last()).toBe(100)
})

test('what was committed while the log was being read is read, too, for who asks then', async () => {
  const log = [entry(A, 1, 1)]
  const { follower, last } = open(log)
  const first = follower.catchUp()
  log.push(entry(A, 2, 2))
  await Promise.all([first, follower.catchUp(), follower.catchUp()])
  expect(last()).toBe(2)
})

test('what was not held against the log for a while does not count as current', async () => {
  const { follower, tick } = open([])
  tick(STALE_MS)
  expect(follower.isCurrent()).toBe(true)
  tick(1)
  expect(follower.isCurrent()).toBe(false)
  await follower.catchUp()
  expect(follower.isCurrent()).toBe(true)
  // A clock that was set back says nothing.
  tick(-STALE_MS - 1)
  expect(follower.isCurrent()).toBe(false)
})
