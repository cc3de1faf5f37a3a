import { describe, expect, test } from 'vitest'
import { parseYaml, YAML_BYTES_MAX } from './yaml.ts'

const parse = (text: string) => parseYaml(Buffer.from(text))

describe('YAML', () => {
  test.each([
    ['', undefined],
    ['\n', undefined],
    ['null', null],
    ['id: 29476\nname: "0"\n', { id: 29476, name: '0' }],
    ['stages:\n- name: a\n  params: {}\n- name: b\n', { stages: [{ name: 'a', params: {} }, { name: 'b' }] }],
    ['script: |\n  [[[ -f x ]]\n  ? y\n', { script: '[[[ -f x ]]\n? y\n' }],
    ['{"json": ["too", true, null]}', { json: ['too', true, null] }],
    ['a: &x {b: 1}\nc: *x\n', { a: { b: 1 }, c: { b: 1 } }],
    ['at: 2019-01-21T03:31:27.317648Z\n', { at: '2019-01-21T03:31:27.317648Z' }],
    ['1: a\ntrue: b\n~: c\n', { '1': 'a', true: 'b', null: 'c' }],
    ['? a\n: b\n', { a: 'b' }],
    ['__proto__: {admin: true}\na: 1\n', { a: 1 }],
    ['<<: {a: 1}\nb: 2\n', { '<<': { a: 1 }, b: 2 }],
    ['a: !custom 1\n', { a: '1' }],
  ])('%j is read', (text, value) => expect(parse(text)).toEqual({ ok: true, value }))

  test.each([
    ['version: 1.10\ntag: 1.0\n', { version: '1.10', tag: '1.0' }],
    ['mode: 0755\nhex: 0x1F\nbig: 1e3\n', { mode: '0755', hex: '0x1F', big: '1e3' }],
    ['serial: 12345678901234567890\nnot: .inf\n', { serial: '12345678901234567890', not: '.inf' }],
    ['id: 72\nratio: 1.5\nless: -3\nlist: [1, 01]\n', { id: 72, ratio: 1.5, less: -3, list: [1, '01'] }],
  ])('%j keeps its digits where it is asked to', (text, value) =>
    expect(parseYaml(Buffer.from(text), { keepsDigits: true })).toEqual({ ok: true, value }),
  )

  test.each([
    ['a: [1', 'malformed'],
    ['a: 1\na: 2\n', 'malformed'],
    ['a: 1\n--- \nb: 2\n', 'malformed'],
    ['? [a]\n: b\n', 'malformed'],
    ['a: .nan\n', 'malformed'],
    ['a: .inf\n', 'malformed'],
    ['a: *nobody\n', 'malformed'],
    [String.raw`a: "\ud83d"`, 'malformed'],
  ])('%j is refused as %s', (text, why) => expect(parse(text)).toMatchObject({ ok: false, why }))

  test('other encodings are refused', () => {
    expect(parseYaml(Buffer.from([0x61, 0x3a, 0x20, 0xff]))).toMatchObject({ ok: false, why: 'not-utf8' })
  })

  const bomb = `a0: &a0 [x]\n${Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]\n`).join('')}`
  test.each([
    ['an alias bomb', bomb],
    ['aliases in a circle', '&a [*a]'],
    ['deep brackets', '['.repeat(100_000)],
    ['deep lists', `${'- '.repeat(100_000)}a`],
    ['deep maps', Array.from({ length: 600 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
    ['nested keys', `${'? '.repeat(100_000)}a`],
    ['too many aliases', `a: &a 1\nb: [${Array(101).fill('*a').join(',')}]`],
    ['too many values', '- \n'.repeat(50_001)],
  ])('%s is refused in bounded time', (_, text) => {
    const from = performance.now()
    expect(parse(text)).toMatchObject({ ok: false, why: 'too-deep' })
    expect(performance.now() - from).toBeLessThan(5_000)
  })

  test('a second document is said to be one', () => {
    const message = 'expected one YAML document, found more'
    expect(parse('a: 1\n---\nb: 2\n')).toEqual({ ok: false, why: 'malformed', message })
  })

  test('a document beyond the limit is not looked at', () => {
    expect(parse(`a: ${'x'.repeat(YAML_BYTES_MAX)}`)).toMatchObject({ ok: false, why: 'too-large' })
  })

  test('a wide map is read in bounded time', () => {
    const wide = Array.from({ length: 15_000 }, (_, i) => `key${i}: ${i}`).join('\n')
    const from = performance.now()
    expect(parse(wide)).toMatchObject({ ok: true })
    expect(performance.now() - from).toBeLessThan(5_000)
  })
})
