import { expect, test } from 'vitest'
import { offsetsOf } from './zone.ts'

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
