import { describe, expect, test } from 'vitest'
import type { Json } from '../../model/json.ts'
import { Meter } from './meter.ts'
import { BAMBOO_RENDERED_MAX, bambooText, referencedNames, renderBamboo } from './template.ts'

const nested = (depth: number, inner: Json): Json => (depth === 0 ? inner : [nested(depth - 1, inner)])
const mapped = (depth: number, inner: Json): Json => (depth === 0 ? inner : { in: mapped(depth - 1, inner) })
const given = (values: Readonly<Record<string, Json>>) => ({
  get: (name: string): Json | undefined => (Object.hasOwn(values, name) ? values[name] : undefined),
  at: 0,
  zoneOffsetMinutes: 0,
})

describe('a value as text', () => {
  test('is what Python writes, and a text is itself', () => {
    expect(bambooText('it\'s "so"')).toBe('it\'s "so"')
    expect(bambooText(['a', null])).toBe("['a', None]")
  })
  test('is JSON where it nests too deep', () => {
    expect(bambooText(nested(90, 'a'))).toBe(JSON.stringify(nested(90, 'a')))
  })
  test('is itself however long it is', () => {
    const long = 'a'.repeat(2_100_000)
    expect(bambooText(long)).toBe(long)
  })
})

describe('names that a value asks for', () => {
  test('are those of all texts in it, each once and in their order', () => {
    const value = { a: ['${x} ${y + x}', 1, null, true], b: { c: '${z}', d: '${x}' }, e: '${ (}' }
    expect(referencedNames(value)).toEqual(['x', 'y', 'z'])
    expect(referencedNames(null)).toEqual([])
    expect(referencedNames(5)).toEqual([])
  })
  test.each([nested, mapped])('are looked for 200 deep', (deep) => {
    expect(referencedNames(deep(201, '${x}'))).toEqual(['x'])
    expect(referencedNames(deep(202, '${x}'))).toEqual([])
  })
  test('are looked for in pieces that are written again and again', () => {
    expect(referencedNames(`${'${x}'.repeat(6_000)}\${y}`)).toEqual(['x', 'y'])
  })
  test('are not looked for in more pieces than are rendered', () => {
    // A piece of 75 characters costs 1,000 units of 2,000,000.
    const pieces = Array.from({ length: 2_000 }, (_, index) => `\${${`n${index}`.padEnd(75)}}`)
    expect(referencedNames(pieces.join(''))).toHaveLength(2_000)
    expect(referencedNames(`${pieces.join('')}\${y}`)).toHaveLength(2_000)
    expect(referencedNames(`${pieces.slice(1).join('')}\${y}`)).toContain('y')
  })
})

describe('rendering', () => {
  test.each([nested, mapped])('looks 200 deep into a value', (deep) => {
    expect(renderBamboo(deep(201, '${x}'), given({ x: 'it' }))).toEqual(deep(201, 'it'))
    expect(renderBamboo(deep(202, '${x}'), given({ x: 'it' }))).toEqual(deep(202, '${x}'))
  })

  test('makes no text that is longer than it may be', () => {
    const half = given({ s: 'a'.repeat(BAMBOO_RENDERED_MAX / 2) })
    expect(renderBamboo('${s }${s }', half)).toBe('a'.repeat(BAMBOO_RENDERED_MAX))
    expect(renderBamboo('${s }${s }!', half)).toBe(`${'a'.repeat(BAMBOO_RENDERED_MAX / 2)}\${s }!`)
  })

  test('asks once for what stands in a text more than once, also when it comes to nothing', () => {
    const asked: string[] = []
    const context = {
      ...given({}),
      get: (name: string): Json | undefined => (asked.push(name), name === 'a' ? 1 : undefined),
    }
    expect(renderBamboo('${a + 1} ${a + 1} ${b.c} ${b.c}', context)).toBe('2 2 ${b.c} ${b.c}')
    expect(asked).toEqual(['a', 'b'])
  })

  test('hides no error but those of the language', () => {
    const get = (): Json => {
      throw new RangeError('not of the language')
    }
    expect(() => renderBamboo('${a + 1}', { ...given({}), get })).toThrow(RangeError)
    expect(() => renderBamboo('so: ${a + 1}', { ...given({}), get })).toThrow(RangeError)
  })

  test('takes a text without an end for no name', () => {
    expect(renderBamboo('${ab', given({ a: 'wrong' }))).toBe('${ab')
  })
})

describe('what a rendering may cost', () => {
  const within = (units: number, text: string): Json =>
    renderBamboo(text, { ...given({ a: 'v', long: 'l'.repeat(1_000) }), budget: new Meter(units) })
  /** The least that a text is rendered whole with. */
  const costOf = (text: string, rendered: string): number => {
    let [less, enough] = [0, 100_000]
    while (enough - less > 1) {
      const middle = Math.floor((less + enough) / 2)
      if (within(middle, text) === rendered) enough = middle
      else less = middle
    }
    return enough
  }

  test('is 400 for a piece and eight for each of its characters, and what comes to it', () => {
    const short = costOf('-${a }', '-v')
    expect(short).toBeGreaterThan(400)
    expect(costOf(`-\${a${' '.repeat(101)}}`, '-v') - short).toBe(800)
  })
  test('is, for what was done before, its characters alone', () => {
    const once = costOf('-${long }', `-${'l'.repeat(1_000)}`)
    expect(costOf('-${long }${long }', `-${'l'.repeat(2_000)}`) - once).toBe(1_000)
  })
  test('is nothing where it came to nothing before', () => {
    const once = costOf('${(}${a }', '${(}v')
    expect(costOf('${(}${(}${(}${a }', '${(}${(}${(}v')).toBe(once)
  })
  test('leaves what cannot be paid for as it is written', () => {
    const once = costOf('-${long }', `-${'l'.repeat(1_000)}`)
    expect(within(once + 999, '-${long }${long }')).toBe(`-${'l'.repeat(1_000)}\${long }`)
    expect(within(once - 1, '-${long }')).toBe('-${long }')
  })
})
