import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deflated, inflated } from './deflate.ts'

test('what was packed is unpacked as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(inflated(deflated(text))).toBe(text)
    }),
  )
  const long = '{"name": "value"},'.repeat(10_000)
  expect(deflated(long).length).toBeLessThan(long.length / 100)
})

test.each([
  ['no base64', '{}'],
  ['cut off', deflated('a text that is cut off somewhere').slice(0, 12)],
  ['a flood', deflateRawSync(Buffer.alloc(33 * 1024 ** 2)).toString('base64')],
])('%s is nothing', (_, text) => expect(inflated(text)).toBeUndefined())
