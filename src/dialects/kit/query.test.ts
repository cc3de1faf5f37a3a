import { describe, expect, test } from 'vitest'
import { quote, readInteger } from './query.ts'

const range = { min: 1, max: 100, fallback: 10 }
const read = (text: string) => readInteger(new URLSearchParams(text), 'limit', range)

describe('an integer of the query', () => {
  test.each([
    ['', 10],
    ['limit=', 10],
    ['limit=1', 1],
    ['limit=100', 100],
    ['limit=007', 7],
    ['limit=5&limit=6', 5],
    ['limit=%31%30', 10],
  ])('%j is %i', (text, value) => expect(read(text)).toEqual({ ok: true, value }))

  test.each([
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1.5',
    'limit=1e1',
    'limit=0x10',
    'limit=ten',
    'limit=%201',
    'limit=NaN',
    'limit=99999999999999999999',
    'limit=%ff',
  ])('%j is refused and named', (text) => {
    const found = read(text)
    expect(found).toMatchObject({ ok: false })
    expect(found.ok ? '' : found.message).toContain('limit: expected an integer from 1 to 100')
  })

  test('a long value does not come back whole', () => {
    expect(quote('x'.repeat(10_000)).length).toBeLessThan(70)
  })
})
