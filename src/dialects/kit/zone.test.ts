import { expect, test } from 'vitest'
import { offsetsOf, zoneOf } from './zone.ts'

test.each([
  ['Asia/Shanghai', '2026-01-01', 480],
  ['UTC', '2026-01-01', 0],
  ['America/St_Johns', '2026-01-01', -210],
  ['Europe/Berlin', '2026-01-01', 60],
  ['Europe/Berlin', '2026-07-01', 120],
])('%s at %s is %d minutes east of UTC', (name, day, minutes) => {
  expect(offsetsOf(name)?.(Date.parse(`${day}T00:00:00Z`))).toBe(minutes)
})

test.each(['Nope', 'Asia/Nowhere', '', 'x'.repeat(100_000)])('there is no zone %.20s', (name) => {
  expect(offsetsOf(name)).toBeUndefined()
})

test.each([0, 480, -180, 330, -210, 60])('the zone of %d minutes is always so far from UTC', (minutes) => {
  const offset = offsetsOf(zoneOf(minutes))
  expect([offset?.(Date.parse('2026-01-01')), offset?.(Date.parse('2026-07-01'))]).toEqual([minutes, minutes])
})
