// What a pattern costs: texts that people send reach many of them, and one whose time grows with the square of a text
// holds up the whole server (50,000 slashes took `/\/+$/` four seconds, as it begins anew at each). Found by
// https://github.com/RunDevelopment/scslre. A look back at what must not stand before (`/(?<!\/)\/+$/`) lets a row of
// the same be looked at once.
import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'
import { analyse } from 'scslre'
import { expect, test } from 'vitest'

const root = posix.resolve(import.meta.dirname, '../src')

/** The patterns of a text whose time may grow faster than what they look at is long. */
function slowPatterns(path: string, text: string): string[] {
  const slow: string[] = []
  new Visitor({
    Literal: (node) => {
      if (!('regex' in node)) return
      const { pattern, flags } = node.regex
      const literal = { source: pattern, flags }
      // Within one place, whatever may come behind it; from place to place only where the pattern itself can fail, and
      // not where the flag y says that it is looked for at one place.
      const within = analyse(literal, { assumeRejectingSuffix: true, reportTypes: { Move: false } })
      const along = analyse(literal, { reportTypes: { Trade: false, Self: false, Move: !flags.includes('y') } })
      if (within.reports.length + along.reports.length > 0) slow.push(`${path}: /${pattern}/${flags}`)
    },
  }).visit(parseSync(path, text).program)
  return slow
}

test('no pattern takes longer than what it looks at is long', () => {
  const paths = globSync('**/*.ts', { cwd: root }).filter((path) => !path.endsWith('.test.ts'))
  expect(paths.length).toBeGreaterThan(500)
  expect(paths.flatMap((path) => slowPatterns(path, readFileSync(posix.join(root, path), 'utf8')))).toEqual([])
})

test.each([
  String.raw`/\/+$/`,
  String.raw`/^\s*import/m`,
  String.raw`/([^/:]*?)(?:\.git)?\/*$/`,
  String.raw`/^(?:a+)+$/`,
  String.raw`/<.*>/`,
])('a planted one is seen: %s', (pattern) => {
  expect(slowPatterns('a.ts', `export const pattern = ${pattern}`)).toHaveLength(1)
})

test.each([String.raw`/(?<!\/)\/+$/`, String.raw`/^\/+/`, String.raw`/\s+/y`, String.raw`/^[a-z]+$/`])(
  'what is quick passes: %s',
  (pattern) => {
    expect(slowPatterns('a.ts', `export const pattern = ${pattern}`)).toEqual([])
  },
)
