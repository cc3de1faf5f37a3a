import { describe, expect, test } from 'vitest'
import { tokensOf } from './tokens.ts'

/** What the tokens are worth, and the words of those that have no value. */
const read = (text: string): readonly unknown[] =>
  tokensOf(text)
    .slice(0, -1)
    .map(({ kind, text: word, value }) => (kind === 'name' || kind === 'symbol' ? word : value))

describe('a line break', () => {
  test.each(['(1\n+ 2)', '[1,\n\r\n2]', '([1\n]\n)'])('is a space inside brackets: %j', (text) => {
    expect(read(text)).toEqual(read(text.replaceAll(/\s/g, ' ')))
  })
  test.each(['1\n+ 2', '(1)\n', '[1]\n', 'a\n', '([1])\n+ 2'])('is none outside of them: %j', (text) => {
    expect(() => tokensOf(text)).toThrow('invalid syntax')
  })
})

describe('a number', () => {
  test.each([
    ['1.5e10', 1.5e10],
    ['.25e+2', 25],
    ['1_2.', 12],
    ['12.e10', 12e10],
    ['1_0e10', 1e11],
    ['0x1e5', 485n],
    ['0B1_1', 3n],
    ['0o17', 15n],
    ['000', 0n],
    ['1_000', 1_000n],
  ])('%s is what it is in Python', (text, value) => {
    expect(read(text)).toEqual([value])
  })
  test.each(['012', '0012'])('%s is refused, as Python refuses it', (text) => {
    expect(() => tokensOf(text)).toThrow('leading zeros')
  })
  test.each(['1__0', '1_', '0x', '1a'])('%s is none', (text) => {
    expect(() => tokensOf(text)).toThrow('invalid syntax')
  })
})

describe('a text', () => {
  test.each([
    [String.raw`'\U0010ffff'`, '\u{10ffff}'],
    [String.raw`'\101\x41\u0041'`, 'AAA'],
    [String.raw`'\d'`, String.raw`\d`],
    [String.raw`r'\n'`, String.raw`\n`],
    ["'''a\nb'''", 'a\nb'],
    ["'a\\\nb'", 'ab'],
    ['"it\'s"', "it's"],
    [String.raw`'it\'s'`, "it's"],
  ])('%j is what it is in Python', (text, value) => {
    expect(read(text)).toEqual([value])
  })
  test.each(["'a", "'a\nb'", "'''a''", "'a\\'"])('%j has no end', (text) => {
    expect(() => tokensOf(text)).toThrow('unterminated string literal')
  })
  test.each([String.raw`'\U00110000'`, String.raw`'\x4'`, String.raw`'\u004'`])('%j names no character', (text) => {
    expect(() => tokensOf(text)).toThrow(/an escape (?:names no character|is cut off)/)
  })
})
