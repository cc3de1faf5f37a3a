import fc from 'fast-check'
import { expect, test } from 'vitest'
import { globProblem, matchesGlob } from './glob.ts'

test.each([
  ['main', 'main', true],
  ['main', 'mai', false],
  ['main', '*', true],
  ['feature/x', 'feature/*', true],
  ['feature/x/y', 'feature/*', false],
  ['feature/x/y', 'feature/**', true],
  ['a/b', '*', false],
  ['a/b', '**', true],
  ['.github/x.yml', '**', true],
  ['src/.x/y.ts', 'src/**/*.ts', true],
  ['src/y.ts', 'src/**/*.ts', true],
  ['y.ts', '**/*.ts', true],
  ['a/src/y.ts', '**/src/*.ts', true],
  ['asrc/y.ts', '**/src/*.ts', false],
  ['v1.2', 'v?.?', true],
  ['v1/2', 'v1?2', false],
  ['release-2', 'release-{1,2}', true],
  ['release-3', 'release-{1,2}', false],
  ['a.ts', '*.{ts,tsx}', true],
  ['x{', 'x\\{', true],
  ['a*b', 'a\\*b', true],
  ['axb', 'a\\*b', false],
  ['a.b', 'a.b', true],
  ['axb', 'a.b', false],
  ['(a|a)', '(a|a)', true],
  ['', '**', true],
  ['a\\', 'a\\', true],
  ['a,b', '{a\\,b,c}', true],
  ['b', '{a\\,b,c}', false],
  ['ac', '{a,b}{c,d}', true],
  ['ab', '{a,b}{c,d}', false],
  ['a', 'a{,b}', true],
])('%j is %j: %s', (name, glob, is) => {
  expect(matchesGlob(name, glob)).toBe(is)
})

test.each(['', '!', '{a', 'a}', '}{', '{a}}{', '{a,{b,c}}', '{a,{b}', '{a,b,c,d}'.repeat(4)])(
  '%j is no glob',
  (glob) => {
    expect(globProblem(glob)).toMatch(/^expected /)
  },
)

test.each(['a', '!a', 'a\\', '\\{a', 'a\\}', '{a}{b}', '{a\\{,b}', '{0,1,2,3,4,5,6,7,8,9}'.repeat(2)])(
  '%j is one',
  (glob) => {
    expect(globProblem(glob)).toBeUndefined()
  },
)

test('a glob that would have a RegExp run for ever costs little', () => {
  expect(matchesGlob('a'.repeat(1_000), `${'*a'.repeat(120)}b`)).toBe(false)
  expect(matchesGlob('a'.repeat(1_000), `${'**'.repeat(60)}?b`)).toBe(false)
})

test('whatever is written, it answers, and a name is its own glob', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), (name, glob) => {
      expect(typeof matchesGlob(name, glob)).toBe('boolean')
      expect(matchesGlob(name, name.replaceAll(/[\\*?{}]/g, String.raw`\$&`))).toBe(true)
    }),
  )
})
