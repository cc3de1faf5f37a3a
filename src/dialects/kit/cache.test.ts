import { expect, test } from 'vitest'
import { DEPENDS_HEADER, FRESH_HEADER } from '../dialect.ts'
import { taggedJson, untilNextSecond, withDepends } from './cache.ts'

test('an answer names what it was made from', () => {
  const { headers } = withDepends(new Response('{}'), ['run:a', 'pipeline:b'])
  expect(headers.get(DEPENDS_HEADER)).toBe('run:a,pipeline:b')
  expect(headers.has(FRESH_HEADER)).toBe(false)
})

test('an answer with elapsed time says for how long it is true', () => {
  expect(withDepends(new Response('{}'), ['run:a'], 250).headers.get(FRESH_HEADER)).toBe('250')
  expect(withDepends(new Response('{}'), ['run:a'], -5).headers.get(FRESH_HEADER)).toBe('0')
})

test('elapsed seconds turn once a second, from the start, while it runs', () => {
  expect(untilNextSecond(10_000, null, 12_250)).toBe(750)
  expect(untilNextSecond(10_000, null, 12_000)).toBe(1_000)
  expect(untilNextSecond(10_000, 12_000, 13_000)).toBeNull()
  expect(untilNextSecond(null, null, 13_000)).toBeNull()
})

test('an ETag is the same for the same bytes, and for no others', async () => {
  const [one, same, other] = [{ a: 1 }, { a: 1 }, { a: 2 }].map(taggedJson)
  expect(one?.headers.get('etag')).toMatch(/^"[\w-]{22}"$/)
  expect(same?.headers.get('etag')).toBe(one?.headers.get('etag'))
  expect(other?.headers.get('etag')).not.toBe(one?.headers.get('etag'))
  expect([one?.headers.get('content-type'), await one?.json()]).toEqual(['application/json', { a: 1 }])
})
