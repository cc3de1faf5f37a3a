import { describe, expect, test } from 'vitest'
import { formatPlain, formatPlainWithOffset, formatRfc3339, parsePlain } from './time.ts'

const at = Date.parse('2022-04-01T11:44:16.007Z')

describe('instants on foreign wires', () => {
  test.each([
    [480, '2022-04-01 19:44:16'],
    [0, '2022-04-01 11:44:16'],
    [-720, '2022-03-31 23:44:16'],
    [345, '2022-04-01 17:29:16'],
  ])('a plain time in the zone %i minutes east of UTC', (zone, text) => {
    expect(formatPlain(at, zone)).toBe(text)
  })

  test.each([
    [480, '2022-04-01T19:44:16.007+08:00'],
    [0, '2022-04-01T11:44:16.007Z'],
    [-210, '2022-04-01T08:14:16.007-03:30'],
  ])('RFC 3339 keeps milliseconds and says its offset (%i)', (zone, text) => {
    expect(formatRfc3339(at, zone)).toBe(text)
    expect(Date.parse(text)).toBe(at)
  })

  test('a plain time with its offset behind it', () => {
    expect(formatPlainWithOffset(at, 480)).toBe('2022-04-01 19:44:16 +0800')
    expect(formatPlainWithOffset(at, -210)).toBe('2022-04-01 08:14:16 -0330')
  })

  test('a plain time is read in its zone, and a bare day is its first moment', () => {
    expect(parsePlain('2022-04-01 19:44:16', 480)).toBe(at - 7)
    expect(parsePlain('2022-04-01', 480)).toBe(Date.parse('2022-03-31T16:00:00Z'))
  })

  test.each(['', '2022-4-1', '2022-02-30', '2022-01-01 24:61:00', '2022-01-01T00:00:00Z', 'now'])(
    'what is no time is not read as one: %j',
    (text) => expect(parsePlain(text, 0)).toBeUndefined(),
  )
})
