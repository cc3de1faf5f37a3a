import { describe, expect, test } from 'vitest'
import type { Json } from '../../model/json.ts'
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
  })
})
