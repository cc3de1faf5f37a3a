import { expect, test } from 'vitest'
import { cliTerminal } from '../../test/support/cli-terminal.ts'
import { Lines } from './follow-run.ts'
import { LiveScreen } from './live-screen.ts'
import { printTable, safe, widthOf } from './output.ts'
import { ago, shortDuration } from './times.ts'

test('columns stand below each other, also where names are Chinese', () => {
  const { terminal, out } = cliTerminal()
  printTable(
    terminal,
    ['NAME', 'N'],
    [
      [{ text: '构建' }, { text: '1' }],
      [{ text: 'build-x' }, { text: '22' }],
    ],
  )
  expect(out()).toBe('NAME     N\n构建     1\nbuild-x  22\n')
})

test.each([
  ['', 0],
  ['abc', 3],
  ['构建', 4],
  ['é', 1],
  ['e\u0301', 1],
  ['✓', 1],
  ['🚀', 2],
  ['한', 2],
  ['ａ', 2],
])('%j takes %i columns', (text, columns) => {
  expect(widthOf(text)).toBe(columns)
})

test('nothing of what a terminal obeys is left, and everything else is', () => {
  expect(safe('a\u001b[31mb\u001b]0;title\u0007c\rd\ne\u202ef\u0085g 构')).toBe('abc d e f g 构')
})

test.each([
  [0, '0ms'],
  [999.4, '999ms'],
  [1_000, '1.0s'],
  [9_999, '9.9s'],
  [10_000, '10s'],
  [61_500, '1m1s'],
  [3_600_000, '1h'],
  [90_061_000, '1d1h1m'],
  [-5, '0ms'],
])('%d ms is %s', (ms, text) => {
  expect(shortDuration(ms)).toBe(text)
})

test('an age is told in its greatest unit', () => {
  const now = Date.parse('2026-11-21T12:00:00.000Z')
  const told = (at: string): string => ago(at, now)
  expect(told('2026-11-21T11:59:59.500Z')).toBe('just now')
  expect(told('2026-11-21T11:59:18.000Z')).toBe('42s ago')
  expect(told('2026-11-21T10:01:00.000Z')).toBe('1h ago')
  expect(told('2026-11-18T10:00:00.000Z')).toBe('3d ago')
})

test('bytes become lines, however they are cut', () => {
  const bytes = new TextEncoder().encode('one\r\n二二\n\nlast')
  for (let at = 0; at <= bytes.length; at += 1) {
    const lines: string[] = []
    const reader = new Lines((line) => lines.push(line))
    reader.add(bytes.subarray(0, at))
    reader.add(bytes.subarray(at))
    reader.end()
    expect(lines).toEqual(['one', '二二', '', 'last'])
  }
})

test('a line without an end comes in pieces, so that memory stays small', () => {
  const lines: string[] = []
  const reader = new Lines((line) => lines.push(line))
  for (let count = 0; count < 100; count += 1) reader.add(new Uint8Array(1_000).fill(97))
  reader.end()
  expect(lines.length).toBeGreaterThan(4)
  expect(lines.join('')).toBe('a'.repeat(100_000))
})

test('a live screen draws over itself and stays within the window', () => {
  const { terminal, out } = cliTerminal()
  const screen = new LiveScreen({ ...terminal, rows: () => 4 })
  screen.draw(['a', 'b'])
  screen.draw(['1', '2', '3', '4', '5'])
  screen.draw(['x', 'y', 'z', '!'], true)
  expect(out()).toBe(
    '\r\u001b[0J\u001b[?7la\nb\n\u001b[?7h' +
      '\u001b[2A\r\u001b[0J\u001b[?7l1\n2\n  … 3 more lines\n\u001b[?7h' +
      '\u001b[3A\r\u001b[0J\u001b[?7lx\ny\nz\n!\n\u001b[?7h',
  )
})
