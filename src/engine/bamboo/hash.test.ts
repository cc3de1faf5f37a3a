import { describe, expect, test } from 'vitest'
import { checksum, hexOf, textOfUtf8, utf8Of } from './hash.ts'
import { decoded, encoded } from './encoding.ts'
import { filtered } from './filter.ts'
import { BambooError, BambooExhausted, Meter } from './meter.ts'
import { renderBamboo } from './template.ts'

const meter = (): Meter => new Meter(100_000)

describe('text and its bytes', () => {
  test.each(['\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'])(
    '%j is UTF-8 as everywhere, and comes back',
    (text) => {
      const bytes = utf8Of(text, meter())
      expect(bytes).toEqual([...new TextEncoder().encode(text)])
      expect(textOfUtf8(bytes, meter())).toBe(text)
    },
  )
  test.each(['\ud800', 'a\udfff', '\udc00b'])('%j, half of a pair, has none', (text) => {
    expect(() => utf8Of(text, meter())).toThrow('surrogates not allowed')
    expect(() => filtered(text, ['u'], meter())).toThrow('surrogates not allowed')
  })
  test.each([[[0x80]], [[0xc3]], [[0xed, 0xa0, 0x80]], [[0xff, 0x41]]])('%j are of no text', (bytes) => {
    expect(() => textOfUtf8(bytes, meter())).toThrow("'utf-8' codec can't decode bytes")
  })
})

test('what a URL may not hold is escaped as Python does it', () => {
  expect(filtered("it's (a) *!/ é", ['u'], meter())).toBe('it%27s+%28a%29+%2A%21%2F+%C3%A9')
})

test('a meter is empty once something cost too much', () => {
  const small = new Meter(1)
  expect(small.isEmpty).toBe(false)
  expect(() => small.spend(2)).toThrow('costs too much')
  expect(small.isEmpty).toBe(true)
})

test('a meter pays to the last unit, and for nothing that is no number', () => {
  const whole = new Meter(3)
  whole.spend(1)
  expect(whole.isEmpty).toBe(false)
  whole.spend(2)
  expect(whole.isEmpty).toBe(true)
  expect(() => whole.spend(0)).not.toThrow()
  expect(() => whole.spend(1)).toThrow(BambooExhausted)
  const other = new Meter(3)
  expect(() => other.spend(Number.NaN)).toThrow(BambooError)
  expect(other.isEmpty).toBe(true)
})

test('an encoding that there is not is named', () => {
  expect(encoded('a', { encoding: 'us-ascii' }, meter())).toEqual([0x61])
  expect(() => encoded('a', { encoding: 'ebcdic' }, meter())).toThrow('unknown encoding: ebcdic')
  expect(() => encoded('a', { encoding: 'x'.repeat(50) }, meter())).toThrow(/: x{40}$/)
  expect(() => decoded([0x61], { encoding: '' }, meter())).toThrow('unknown encoding: ')
})

test.each(['utf-8', 'UTF8', 'utf_8', undefined])('%s has every character', (name) => {
  expect(encoded('aé', { encoding: name }, meter())).toEqual([0x61, 0xc3, 0xa9])
  expect(decoded([0x61, 0xc3, 0xa9], { encoding: name }, meter())).toBe('aé')
})

test.each(['ascii', 'US-ASCII'])('%s has those of seven bits', (name) => {
  expect(encoded('a\x7f', { encoding: name }, meter())).toEqual([0x61, 0x7f])
  expect(decoded([0x61, 0x7f], { encoding: name }, meter())).toBe('a\x7f')
  for (const text of ['\x80', 'é'])
    expect(() => encoded(text, { encoding: name }, meter())).toThrow('ordinal not in range(128)')
  expect(() => decoded([0xc3, 0xa9], { encoding: name }, meter())).toThrow('ordinal not in range(128)')
})

test('a checksum that there is not is named', () => {
  expect(hexOf(checksum('md5', utf8Of('abc', meter()), meter()))).toBe('900150983cd24fb0d6963f7d28e17f72')
  for (const name of ['md6', 'constructor'])
    expect(() => checksum(name, [], meter())).toThrow(`unsupported hash type ${name}`)
})

// As CPython 3.11 answers.
test.each([
  ['(1.0).hex()', '0x1.0000000000000p+0'],
  ['(0.5).hex()', '0x1.0000000000000p-1'],
  ['(-3.0).hex()', '-0x1.8000000000000p+1'],
  ['float("nan").hex()', 'nan'],
  ['float("-inf").hex()', '-inf'],
  ['(0.75).as_integer_ratio()', '(3, 4)'],
  ['(8.0).as_integer_ratio()', '(8, 1)'],
  ['(-5).bit_length()', '3'],
])('%s is %s', (expression, text) => {
  const context = { get: () => undefined, at: 0, zoneOffsetMinutes: 0 }
  expect(renderBamboo(`\${${expression}} `, context)).toBe(`${text} `)
})
