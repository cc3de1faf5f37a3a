import fc from 'fast-check'
import { expect, test } from 'vitest'
import { elementsOf, fewPieces, piecesOf } from '../../web/src/run/ansi.ts'

const shown = (line: string): string =>
  piecesOf(line)
    .map(({ text, look }) => (look === '' ? text : `[${look}|${text}]`))
    .join('')

test.each([
  ['plain', 'plain'],
  ['\u001b[31mred\u001b[0m and not', '[ansi-red|red] and not'],
  ['\u001b[1;32mgood\u001b[m', '[ansi-green bold|good]'],
  ['10 %\r50 %\r100 %', '100 %'],
  ['done\r', 'done'],
  ['\u001b]8;;https://evil.example\u001b\\link\u001b]8;;\u001b\\', 'link'],
  ['\u001b]8;;https://evil.example never ended', ''],
  ['\u001b[2J\u001b[Hclean', 'clean'],
  ['a\u202eb\u0000\u0008c', 'abc'],
  ['<b>&amp;</b>', '<b>&amp;</b>'],
])('%j is shown as %j', (line, expected) => {
  expect(shown(line)).toBe(expected)
})

test('whatever a line holds, its text is kept, nothing invisible is, and its elements can be bounded', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom(
      '\u001b[31m',
      '\u001b[0m',
      '\u001b[999m',
      '\u001b[38;5;9m',
      '\u001b]0;title\u0007',
      '\u001b[',
      '\u001b',
      '\r',
      '\u202e',
    ),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(10), (parts, max) => {
      const pieces = piecesOf(parts.join(''))
      const text = pieces.map((one) => one.text).join('')
      // oxlint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\u0000-\u0008\u000e-\u001a\u202a-\u202e]/)
      const few = fewPieces(pieces, max)
      expect(few.map((one) => one.text).join('')).toBe(text)
      expect(elementsOf(few)).toBeLessThanOrEqual(max)
    }),
  )
})
