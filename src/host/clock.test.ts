import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from './clock.ts'

const HOUR = 3_600_000

beforeEach(() => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
})

/** @param afterMs when it is to come due */
function called(afterMs: number): { readonly at: number[] } {
  const at: number[] = []
  systemClock.at(systemClock.now() + afterMs, () => at.push(systemClock.now()))
  return { at }
}

test.each([1, 29_999, 30_001, HOUR, 60 * 24 * HOUR])('calls back after %i ms, once', (afterMs) => {
  const due = systemClock.now() + afterMs
  const { at } = called(afterMs)
  vi.advanceTimersByTime(afterMs - 1)
  expect(at).toEqual([])
  vi.advanceTimersByTime(HOUR)
  expect(at).toEqual([due])
})

test('a clock that is set ahead, or a machine that has slept, delays nothing by more than half a minute', () => {
  const { at } = called(14 * HOUR)
  vi.advanceTimersByTime(HOUR)
  vi.setSystemTime(systemClock.now() + 13 * HOUR)
  vi.advanceTimersByTime(30_001)
  expect(at).toHaveLength(1)
})

test('a clock that is set back makes no wait longer', () => {
  const { at } = called(2 * HOUR)
  vi.advanceTimersByTime(HOUR)
  vi.setSystemTime(systemClock.now() - 24 * HOUR)
  vi.advanceTimersByTime(HOUR)
  expect(at).toHaveLength(1)
})

test('what was stopped does not come due, however often it was looked at', () => {
  const at: number[] = []
  const stop = systemClock.at(systemClock.now() + HOUR, () => at.push(systemClock.now()))
  vi.advanceTimersByTime(HOUR / 2)
  stop()
  vi.advanceTimersByTime(HOUR)
  expect(at).toEqual([])
})
