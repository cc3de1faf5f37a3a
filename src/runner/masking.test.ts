import { describe, expect, test } from 'vitest'
import { checkMasks } from '../../test/support/mask-cases.ts'
import { Mask } from './masking.ts'

const SECRET = 's3cr3t/+=v@lue&"x"'
const mask = new Mask([SECRET])
const masked = (text: string): string => mask.text(text)

describe('a secret is not seen', () => {
  test.each<[string, string]>([
    ['as it is', SECRET],
    ['as JSON', JSON.stringify(SECRET).slice(1, -1)],
    ['as JSON with escaped slashes', JSON.stringify(SECRET).slice(1, -1).replaceAll('/', '\\/')],
    ['in a URL', encodeURIComponent(SECRET)],
    ['in a URL, in small letters', encodeURIComponent(SECRET).toLowerCase()],
    ['in a form', new URLSearchParams([['', SECRET]]).toString().slice(1)],
    ['in XML', SECRET.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64 of URLs', Buffer.from(SECRET).toString('base64url')],
  ])('%s', (_, form) => {
    expect(masked(`a ${form} b`)).toBe('a *** b')
  })

  test.each(['', 'u', 'us', 'use'])('behind %j in base64, as in the header of Basic authentication', (user) => {
    const encoded = Buffer.from(`${user}${SECRET}`).toString('base64')
    const said = masked(encoded)
    expect(said).toMatch(/^[A-Za-z0-9+/]{0,4}\*\*\*=?$/)
  })

  test('twice without a gap, and two that overlap, are one', () => {
    expect(masked(`<${SECRET}${SECRET}>`)).toBe('<***>')
    expect(new Mask(['abcdefgh12', 'gh12345678']).text('<abcdefgh12345678>')).toBe('<***>')
  })

  test('of several lines: whole, each of its lines, and not the short ones', () => {
    const key = new Mask(['-----BEGIN KEY-----\nMIIEvAIBADANBg\nshort\n-----END KEY-----\n'])
    expect(key.text('x -----BEGIN KEY-----\nMIIEvAIBADANBg\nshort\n-----END KEY-----\n y')).toBe('x *** y')
    expect(key.text('x MIIEvAIBADANBg y short z')).toBe('x *** y short z')
    expect(key.text('a\r\nMIIEvAIBADANBg\r\n')).toBe('a\r\n***\r\n')
  })

  test('in base64 whose lines are broken', () => {
    const long = 'k'.repeat(40) + 'very-long-secret-of-one-line'.repeat(5)
    for (const width of [64, 76]) {
      const lines = Buffer.from(long)
        .toString('base64')
        .match(new RegExp(`.{1,${width}}`, 'g'))!
      expect(new Mask([long]).text(lines.join('\n'))).toBe(lines.map(() => '***').join('\n'))
    }
  })

  test('at the end of a log that was cut off in the middle of it', () => {
    const stream = mask.stream()
    expect(String(stream.push(Buffer.from(`say ${SECRET.slice(0, 12)}`)))).toBe('say ')
    expect(String(stream.end())).toBe('***')
  })

  test('in outputs, their names and what is inside them', () => {
    expect(mask.json({ a: [SECRET, 1, null], [SECRET]: { b: `x${SECRET}` } })).toEqual({
      a: ['***', 1, null],
      '***': { b: 'x***' },
    })
  })
})

describe('what is no secret', () => {
  test('stays, also where a secret begins like it', () => {
    for (const text of ['', 'plain', 's3cr3t', 's3cr3t/+=v@lue&"x', 's3s3cr3t', '漢字 😀\n'])
      expect(masked(text)).toBe(text)
  })

  test('is shown at once, but for what a secret begins with', () => {
    const stream = mask.stream()
    expect(String(stream.push(Buffer.from('line\ns3cr3')))).toBe('line\n')
    expect(String(stream.push(Buffer.from('t-no\n')))).toBe('s3cr3t-no\n')
  })

  test('is shown after a while when it is too little of a secret to tell anything, which is masked all the same', () => {
    const stream = mask.stream()
    expect(String(stream.push(Buffer.from('a s3')))).toBe('a ')
    expect(String(stream.settle())).toBe('s3')
    expect(String(stream.push(Buffer.from(`${SECRET.slice(2)}!`)))).toBe('***!')
    expect(String(stream.push(Buffer.from('b s3cr3')))).toBe('b ')
    expect(String(stream.settle())).toBe('')
    expect(String(stream.push(Buffer.from(`${SECRET.slice(5)}.`)))).toBe('***.')
    expect(String(stream.end())).toBe('')
  })
})

test('in 2,000 generated cases nothing leaks and nothing else is masked, however the bytes are cut', () => {
  const report = checkMasks(20_261_122, 2_000)
  expect(report).toMatchObject({ cases: 2_000, failures: [] })
  expect(report.planted).toBeGreaterThan(2_000)
})
