import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keepingTexts } from './time.ts'

test('an instant is written as ever, whatever was written before', () => {
  const kept = keepingTexts((at) => new Date(at).toISOString())
  const near = fc.integer({ min: -600, max: 600 })
  const anywhere = fc.integer({ min: -8.64e15, max: 8.64e15 })
  fc.assert(
    fc.property(fc.array(fc.oneof(near, anywhere), { maxLength: 50 }), (all) => {
      for (const at of all) expect(kept(at)).toBe(new Date(at).toISOString())
    }),
  )
  expect(() => kept(Number.NaN)).toThrow(RangeError)
  expect(() => kept(9e15)).toThrow(RangeError)
})
