import { describe, expect, test } from 'vitest'
import { BAMBOO_DEPTH_MAX } from './meter.ts'
import { BAMBOO_TEXT_MAX, parsePiece } from './parse.ts'

/** A tree of that depth. */
const deep = (depth: number): string => ['a', ...Array.from({ length: depth - 1 }, () => '+a')].join('')
const TOO_DEEP = 'nests too deep'
const DEEPEST = 200

describe('a piece', () => {
  test('is at most as long as it may be', () => {
    expect(parsePiece('a'.repeat(BAMBOO_TEXT_MAX)).node.op).toBe('name')
    expect(() => parsePiece('a'.repeat(BAMBOO_TEXT_MAX + 1))).toThrow(`at most ${BAMBOO_TEXT_MAX} characters`)
  })

  test.each<[string, (inside: string) => string]>([
    ['a lambda', (d) => `lambda: ${d}`],
    ['what is had if', (d) => `${d} if a else a`],
    ['a test', (d) => `a if ${d} else a`],
    ['what is had else', (d) => `a if a else ${d}`],
    ['the left of or', (d) => `${d} or a`],
    ['the right of or', (d) => `a or ${d}`],
    ['the left of and', (d) => `${d} and a`],
    ['the right of and', (d) => `a and ${d}`],
    ['what is denied', (d) => `not ${d}`],
    ['the first that is compared', (d) => `${d} < a`],
    ['the second', (d) => `a < ${d}`],
    ['the third', (d) => `a < a < ${d}`],
    ['what has a sign', (d) => `-(${d})`],
    ['a base', (d) => `(${d}) ** a`],
    ['an exponent', (d) => `a ** (${d})`],
    ['what has an attribute', (d) => `(${d}).b`],
    ['what is called', (d) => `(${d})(a)`],
    ['an argument', (d) => `a(${d})`],
    ['a named argument', (d) => `a(b=${d})`],
    ['what has an item', (d) => `(${d})[a]`],
    ['a key', (d) => `a[${d}]`],
    ['what is sliced', (d) => `(${d})[:]`],
    ['where a slice begins', (d) => `a[${d}:]`],
    ['where it ends', (d) => `a[:${d}]`],
    ['its step', (d) => `a[::${d}]`],
    ['an item of a list', (d) => `[a, ${d}]`],
    ['an item of a tuple', (d) => `(a, ${d})`],
    ['what a comprehension makes', (d) => `[${d} for b in a]`],
    ['what it goes through', (d) => `[b for b in ${d}]`],
    ['its condition', (d) => `[b for b in a if ${d}]`],
  ])('is no deeper than it may be with %s', (_, around) => {
    expect(() => parsePiece(around(deep(DEEPEST - 1)))).not.toThrow()
    expect(() => parsePiece(around(deep(DEEPEST)))).toThrow(TOO_DEEP)
  })

  test('has no more brackets or powers in each other than it may have, and any number beside each other', () => {
    const brackets = (count: number): string => `${'('.repeat(count)}a${')'.repeat(count)}`
    const powers = (count: number): string => `a${'**a'.repeat(count)}`
    for (const nested of [brackets, powers]) {
      expect(() => parsePiece(nested(BAMBOO_DEPTH_MAX - 1))).not.toThrow()
      expect(() => parsePiece(nested(BAMBOO_DEPTH_MAX))).toThrow(TOO_DEEP)
      expect(() => parsePiece(Array.from({ length: 100 }, () => nested(1)).join('+'))).not.toThrow()
    }
  })

  // keyword.kwlist of Python 3.6, for which bamboo-engine is written.
  test.each(
    (
      'and as assert async await break class continue def del elif else except finally for from global if import in is ' +
      'lambda nonlocal not or pass raise return try while with yield'
    ).split(' '),
  )('has no name %s', (word) => {
    expect(() => parsePiece(word)).toThrow('invalid syntax')
    expect(() => parsePiece(`a.${word}`)).toThrow('invalid syntax')
    expect(parsePiece(`a.${word}_`).node.op).toBe('attribute')
  })

  test.each([
    "a not 'in' b",
    'a b in c',
    'a not b',
    "a 'not' in b",
    "a '<' b",
    "a 'or' b",
    'f(1=2)',
    "f('b'=2)",
    "f(b '=' 2)",
    'f(b=1, 2)',
    'a[]',
    'a[1:2:3:4]',
  ])('is not %s', (text) => {
    expect(() => parsePiece(text)).toThrow('invalid syntax')
  })

  test.each(['__a', 'a.__b', "a['__b']", 'f(__a)', '[__a for __a in b]', '[a for a, __b in c]'])(
    'looks at nothing private: %s',
    (text) => {
      expect(() => parsePiece(text)).toThrow('can not access private attribute')
    },
  )
  test.each(['a__', 'a._b', "a['b__']", 'a[b]', 'a[0]', 'a["_"]'])('looks at what is not: %s', (text) => {
    expect(() => parsePiece(text)).not.toThrow()
  })

  test('has filters after the first bar outside of all brackets', () => {
    expect(parsePiece('(a | b) | f, g.h')).toMatchObject({ node: { op: 'binary' }, filters: ['f', 'g.h'] })
    expect(parsePiece('[a | b][0] | f')).toMatchObject({ node: { op: 'index' }, filters: ['f'] })
    expect(parsePiece('f(a | b) | f')).toMatchObject({ node: { op: 'call' }, filters: ['f'] })
  })
})
