import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

/** Values of pieces in a process of their own, whose code nothing has warmed up: cold code takes the most stack. */
function valuesOf(pieces: readonly string[], stackKb: number): readonly unknown[] {
  const template = new URL('template.ts', import.meta.url).href
  const script = `
    const { renderBamboo } = await import(${JSON.stringify(template)})
    const context = { get: () => undefined, at: 0, zoneOffsetMinutes: 0 }
    const made = ${JSON.stringify(pieces)}.map((piece) => {
      try { return renderBamboo(piece, context) } catch (error) { return String(error) }
    })
    console.log(JSON.stringify(made))`
  const output = execFileSync(
    process.execPath,
    [`--stack-size=${stackKb}`, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  )
  return JSON.parse(output) as unknown[]
}

/** Patterns that lie as deep as they may, and functions that call each other as deep as they may. */
const PATTERNS = ["'((a?)+)+b', 'a' * 5000", "'(((((a)+)+)+)+)+b', 'a' * 5000", "'(a|b)*c', 'ab' * 20000"]
const deep = (times: number, inner: string): string =>
  `(lambda f: f(f, ${times}))(lambda f, n: ${inner} if n == 0 else sorted([1, 2], key=lambda x: f(f, n - 1)))`

test('what nests as deep as it may stays as it is written, and the stack is enough for it', () => {
  const pieces = [
    ...PATTERNS.map((pattern) => `\${re.findall(${pattern})}`),
    `\${${deep(300, '1')}}`,
    ...[50, 60, 70, 80].flatMap((times) =>
      PATTERNS.map((pattern) => `\${${deep(times, `len(re.findall(${pattern}))`)}}`),
    ),
  ]
  // Node has 984 KB; a server has used some of it when it comes here.
  expect(valuesOf(pieces, 900)).toEqual(pieces)
})
