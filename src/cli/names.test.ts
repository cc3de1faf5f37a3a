import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { quoted } from './names.ts'

test('what is quoted is one word to a shell, whatever it is', () => {
  const word = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }).map((text) => text.replaceAll('\0', ''))
  const words = fc.sample(word, { numRuns: 300, seed: 7 }).filter((text) => text !== '')
  const all = [...words, '#12', 'a b', "it's", '$(id)', '`id`', '*', '~', '', '-n', 'release#12', '!x', 'a;b', '二 三']
  const printed = execFileSync('sh', [
    '-c',
    `for word in ${all.map(quoted).join(' ')}; do printf '%s\\0' "$word"; done`,
  ])
  expect(printed.toString('utf8')).toBe(all.map((text) => `${text}\0`).join(''))
})

test('what needs no quotes has none', () => {
  expect(['release#12', 'http://127.0.0.1:8080/a?b', "it's"].map(quoted)).toEqual([
    'release#12',
    "'http://127.0.0.1:8080/a?b'",
    "'it'\\''s'",
  ])
})
