import { expect, test } from 'vitest'
import { asId, type RunId } from '../../model/id.ts'
import { FakeClock } from '../../testing/clock.ts'
import { seededEntropy } from '../../testing/entropy.ts'
import { Timers } from './timers.ts'

const runId = (digit: number): RunId => asId(digit.toString(16).padStart(32, '0'))
const YEAR_MS = 366 * 86_400_000

function openTimers() {
  const clock = new FakeClock(0)
  const fired: { readonly at: number; readonly run: number; readonly node: number | null }[] = []
  const timers = new Timers(clock, (id, node) => fired.push({ at: clock.now(), run: Number.parseInt(id, 16), node }))
  return { clock, timers, fired }
}

test('deadlines come due in their order, each once and at its own instant', () => {
  const { clock, timers, fired } = openTimers()
  const entropy = seededEntropy('timers')
  const instants = Array.from({ length: 1_000 }, () => Math.floor(entropy.draw() * 100_000))
  for (const [node, at] of instants.entries()) timers.arm(runId(1), node, at)
  clock.advance(100_000)
  expect(fired.map(({ at }) => at)).toEqual(instants.toSorted((left, right) => left - right))
  expect(new Set(fired.map(({ node }) => node)).size).toBe(1_000)
  clock.advance(YEAR_MS)
  expect(fired.length).toBe(1_000)
})

test('a later arming of the same node replaces the one before, be it sooner or later', () => {
  const { clock, timers, fired } = openTimers()
  timers.arm(runId(1), 1, 100)
  timers.arm(runId(1), 1, 300)
  timers.arm(runId(1), 2, 300)
  timers.arm(runId(1), 2, 50)
  timers.arm(runId(2), null, 200)
  timers.arm(runId(2), 1, 200)
  clock.advance(1_000)
  expect(fired).toEqual([
    { at: 50, run: 1, node: 2 },
    { at: 200, run: 2, node: null },
    { at: 200, run: 2, node: 1 },
    { at: 300, run: 1, node: 1 },
  ])
})

test('one that is armed while others come due is taken in its turn', () => {
  const clock = new FakeClock(0)
  const fired: number[] = []
  const timers: Timers = new Timers(clock, (id, node) => {
    fired.push(clock.now())
    if (fired.length < 4) timers.arm(id, node, clock.now() + 10)
  })
  timers.arm(runId(1), 1, 5)
  clock.advance(100)
  expect(fired).toEqual([5, 15, 25, 35])
})

test('one whose instant has passed comes due at once', () => {
  const { clock, timers, fired } = openTimers()
  clock.advance(1_000)
  timers.arm(runId(1), 1, 10)
  clock.advance(0)
  expect(fired).toEqual([{ at: 1_000, run: 1, node: 1 }])
})

test('deadlines a year away hold no memory once their runs have ended, nor do those that were replaced', () => {
  const { clock, timers, fired } = openTimers()
  for (let run = 1; run <= 20_000; run += 1) {
    timers.arm(runId(run), null, YEAR_MS)
    timers.arm(runId(run), 1, YEAR_MS)
    if (run !== 7) timers.forget(runId(run))
  }
  for (let times = 0; times < 20_000; times += 1) timers.arm(runId(7), 1, YEAR_MS + times)
  expect(timers.size().entries).toBeLessThan(5_000)
  clock.advance(YEAR_MS * 2)
  expect(fired).toEqual([
    { at: YEAR_MS, run: 7, node: null },
    { at: YEAR_MS + 19_999, run: 7, node: 1 },
  ])
  expect(timers.size()).toEqual({ entries: 0, dropped: 0 })
})

test('after the end nothing comes due', () => {
  const { clock, timers, fired } = openTimers()
  timers.arm(runId(1), 1, 10)
  timers.close()
  clock.advance(1_000)
  expect(fired).toEqual([])
})
