import { expect, test } from 'vitest'
import { conditional, isNotModified } from './conditional.ts'

test.each([
  ['"a1"', '"a1"', true],
  ['W/"a1"', '"a1"', true],
  ['"a1"', 'W/"a1"', true],
  ['"a0", "a1"', '"a1"', true],
  ['"a0",W/"a1"', '"a1"', true],
  ['*', '"a1"', true],
  ['"a2"', '"a1"', false],
  ['a1', '"a1"', false],
  ['', '"a1"', false],
  [null, '"a1"', false],
  [undefined, '"a1"', false],
  ['"a1"', null, false],
  ['*', null, false],
])('If-None-Match %j with the ETag %j: not modified is %j', (ifNoneMatch, etag, expected) => {
  expect(isNotModified(ifNoneMatch, etag)).toBe(expected)
})

test('a 304 keeps the headers that a cache needs and no others', async () => {
  const headers = { etag: '"a1"', 'cache-control': 'private', 'content-type': 'text/plain', vary: 'Accept' }
  const response = conditional('"a1"', new Response('text', { headers }))
  expect([response.status, await response.text()]).toEqual([304, ''])
  expect([...response.headers.keys()]).toEqual(['cache-control', 'etag', 'vary'])
})

test('only a 200 becomes a 304', () => {
  expect(conditional('*', new Response('', { status: 404, headers: { etag: '"a"' } })).status).toBe(404)
})
