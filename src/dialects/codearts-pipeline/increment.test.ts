import { expect, test } from 'vitest'
import { incremented } from './increment.ts'

test.each([
  ['1.0.9', '1.0.10'],
  ['v007', 'v008'],
  ['099', '100'],
  ['', ''],
  ['beta', 'beta'],
  ['1-rc', '1-rc'],
  ['999999999999999', '1000000000000000'],
  ['99999999999999999999', '100000000000000000000'],
  ['2026.12345678901234567890', '2026.12345678901234567891'],
])('after %j comes %j', (value, next) => {
  expect(incremented(value)).toBe(next)
})

test('a long value that ends in no digit costs nothing', () => {
  const value = `${'1'.repeat(8_000)}x`
  expect(incremented(value)).toBe(value)
})
