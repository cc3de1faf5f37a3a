import { expect, test } from 'vitest'
import { durationText, steadyDurationText } from '../../web/src/ui/duration.ts'

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_000, '1 sec'],
  [1_950, '1.9 sec'],
  [9_999, '9.9 sec'],
  [10_999, '10 sec'],
  [125_000, '2 min 5 sec'],
  [97_200_000, '1 day 3 hr'],
])('%i ms is %s', (ms, text) => {
  expect(durationText(ms, 'en')).toBe(text)
})

test('what is counted on has no tenths', () => {
  expect([400, 1_950, 61_000].map((ms) => steadyDurationText(ms, 'en'))).toEqual(['400 ms', '1 sec', '1 min 1 sec'])
})
