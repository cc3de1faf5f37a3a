import { expect, test } from 'vitest'
import { readSchedule, type Schedule } from './schedule.ts'

function schedule(cron: string, timezone = 'UTC'): Schedule {
  const read = readSchedule(cron, timezone)
  if (!read.ok) throw new Error(read.expected)
  return read.schedule
}

function nexts(cron: string, timezone: string, from: string, count: number): readonly string[] {
  const { next } = schedule(cron, timezone)
  const found: string[] = []
  for (let at = next(Date.parse(from)); at !== null && found.length < count; at = next(at)) {
    found.push(new Date(at).toISOString().slice(0, 19))
  }
  return found
}

test.each([
  ['0 3 * * *', 'Asia/Shanghai', '2026-01-01T00:00:00Z', ['2026-01-01T19:00:00', '2026-01-02T19:00:00']],
  ['*/20 30 9 * * *', 'UTC', '2026-01-01T09:30:20Z', ['2026-01-01T09:30:40', '2026-01-02T09:30:00']],
  ['0 0 29 2 *', 'UTC', '2026-01-01T00:00:00Z', ['2028-02-29T00:00:00', '2032-02-29T00:00:00']],
  ['0 12 * * MON#1', 'UTC', '2026-01-01T00:00:00Z', ['2026-01-05T12:00:00', '2026-02-02T12:00:00']],
  ['@daily', 'Europe/Berlin', '2026-01-01T00:00:00Z', ['2026-01-01T23:00:00', '2026-01-02T23:00:00']],
  ['@every 90s', 'UTC', '1970-01-01T00:01:30Z', ['1970-01-01T00:03:00', '1970-01-01T00:04:30']],
])('%s in %s comes due after %s at %j', (cron, timezone, from, expected) => {
  expect(nexts(cron, timezone, from, 2)).toEqual(expected)
})

test('@at comes due once', () => {
  const { next, last } = schedule('@at 2026-11-22T15:00:00+08:00')
  const at = Date.parse('2026-11-22T07:00:00Z')
  expect([next(at - 1), next(at), last(at - 1), last(at + 1)]).toEqual([at, null, null, at])
})

test.each(['@at', '@at 2026-11-22', '@at 2026-11-22T15:00:00', '@at 2026-13-22T15:00:00Z', '@at2026-11-22T15:00:00Z'])(
  '%s is no time',
  (cron) => {
    expect(readSchedule(cron, 'UTC')).toMatchObject({ ok: false, at: 'cron' })
  },
)

test('a time of day that there is not comes due at the end of the gap, what repeats leaves the gap out', () => {
  // On 2026-03-29 clocks in Berlin go from 2:00 to 3:00, which is 01:00 UTC.
  expect(nexts('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2)).toEqual([
    '2026-03-29T01:00:00',
    '2026-03-30T00:30:00',
  ])
  expect(nexts('*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:15:00Z', 3)).toEqual([
    '2026-03-29T00:30:00',
    '2026-03-29T01:00:00',
    '2026-03-29T01:30:00',
  ])
})

test('a time of day that there is twice comes due once, what repeats comes due in both hours', () => {
  // On 2026-10-25 clocks in Berlin go from 3:00 back to 2:00, which is 01:00 UTC.
  expect(nexts('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
    '2026-10-25T00:30:00',
    '2026-10-26T01:30:00',
  ])
  expect(nexts('*/30 * * * *', 'Europe/Berlin', '2026-10-25T00:00:00Z', 4)).toEqual([
    '2026-10-25T00:30:00',
    '2026-10-25T01:00:00',
    '2026-10-25T01:30:00',
    '2026-10-25T02:00:00',
  ])
})

test.each(['0 3 * * *', '*/15 * * * * *', '30 2 * * *', '@every 15s', '@weekly', '0 0 L * *'])(
  'what came due last is what came due next before: %s',
  (cron) => {
    const { next, last } = schedule(cron, 'Europe/Berlin')
    // Through both changes of the clock.
    for (let at = Date.UTC(2026, 2, 27, 1, 2, 3, 4); at < Date.UTC(2026, 10, 27); at += 2_713_713_713) {
      const due = next(at)!
      expect([last(due), last(due + 1), last(due - 1)! <= at]).toEqual([due, due, true])
    }
  },
)
