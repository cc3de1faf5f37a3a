import { expect, test } from 'vitest'
import { systemTimestamp, UNSET_TIME, wireTime } from './time.ts'

const at = (text: string, moreMs = 0): number => Date.parse(text) + moreMs

test.each([
  [at('2019-01-21T03:31:27.317Z', 0.648), '2019-01-21T03:31:27.317648Z'],
  [at('2019-01-21T03:31:27.317Z', 0.65), '2019-01-21T03:31:27.31765Z'],
  [at('2019-01-21T03:31:27.317Z'), '2019-01-21T03:31:27.317Z'],
  [at('2019-01-21T03:31:27.300Z'), '2019-01-21T03:31:27.3Z'],
  [at('2019-01-21T03:31:27.001Z'), '2019-01-21T03:31:27.001Z'],
  [at('2019-01-21T03:31:27Z'), '2019-01-21T03:31:27Z'],
  [0, '1970-01-01T00:00:00Z'],
  [-1, '1969-12-31T23:59:59.999Z'],
  [null, '0001-01-01T00:00:00Z'],
])('%s is written %s', (instant, text) => {
  expect(wireTime(instant).text).toBe(text)
  expect(JSON.stringify(wireTime(instant))).toBe(JSON.stringify(text))
})

test('an unset time is the same one always', () => {
  expect(wireTime(null)).toBe(UNSET_TIME)
})

test.each([
  [at('2019-01-21T03:31:27.400Z', 0.6), '201901211131274006'],
  [at('2019-01-21T03:31:27Z'), '201901211131270000'],
  [at('2019-12-31T23:59:59.999Z'), '202001010759599990'],
])('SYS_TIMESTAMP of %s is %s: 18 digits in UTC+8', (instant, text) => {
  expect(systemTimestamp(instant)).toBe(text)
})
