import { expect, test } from 'vitest'
import { z } from 'zod'
import { instant, limit, list } from './query.ts'
import { check } from './request.ts'

const query = z.strictObject({
  limit: limit(20, 100),
  from: instant,
  status: list(['failed', 'held', 'running']),
})
const body = z.strictObject({
  name: z.string().min(1).max(8),
  labels: z.array(z.string()).min(1).optional(),
  count: z.int().optional(),
  to: z.union([z.strictObject({ url: z.string() }), z.strictObject({ addresses: z.array(z.string()) })]).optional(),
})

/** What is told, a line each. */
function told(schema: z.ZodType, value: unknown, where: string): readonly string[] {
  const checked = check(schema, value, where)
  return checked.ok ? [] : (checked.problem.errors ?? []).map(({ path, message }) => `${path}: ${message}`)
}

test.each([
  [{ limit: '0' }, 'query.limit: expected a whole number, 1 to 100, found 0'],
  [{ limit: '101' }, 'query.limit: expected a whole number, 1 to 100, found 101'],
  [{ limit: 'many' }, 'query.limit: expected a whole number, 1 to 100, found "many"'],
  [{ from: 'yesterday' }, 'query.from: expected a time such as 2026-11-22T10:15:00Z, found "yesterday"'],
  [{ status: 'failed,fine' }, 'query.status[1]: expected one of failed, held or running, found "fine"'],
  [{ statsu: 'failed' }, 'query: expected no field statsu'],
])('the query %j is refused with what was expected and what was found', (value, sentence) => {
  expect(told(query, value, 'query')).toEqual([sentence])
})

test.each([
  [{}, 'body.name: expected text, found nothing'],
  [{ name: 1 }, 'body.name: expected text, found 1'],
  [{ name: ['a'] }, 'body.name: expected text, found a list'],
  [{ name: {} }, 'body.name: expected text, found a mapping'],
  [{ name: '' }, 'body.name: expected at least 1 characters, found 0'],
  [{ name: 'a', labels: [] }, 'body.labels: expected at least 1 items, found 0'],
  [{ name: 'a', labels: ['b', 7] }, 'body.labels[1]: expected text, found 7'],
  [{ name: 'a', count: 1.5 }, 'body.count: expected a whole number, found 1.5'],
  [{ name: 'a', to: { url: 7 } }, 'body.to.url: expected text, found 7'],
])('the body %j is refused with what was expected and what was found', (value, sentence) => {
  expect(told(body, value, 'body')).toEqual([sentence])
})

test('a text of the wrong length is not sent back: it may be a password', () => {
  expect(told(body, { name: 'correct horse' }, 'body')).toEqual(['body.name: expected at most 8 characters, found 13'])
})

test('a long text is shown by its beginning, without half a character', () => {
  const [sentence = ''] = told(query, { limit: `${'x'.repeat(59)}\u{1f600}` }, 'query')
  expect(sentence.length).toBeLessThan(140)
  expect(sentence.isWellFormed()).toBe(true)
})

test('all that is wrong is told at once', () => {
  const checked = check(query, { limit: '0', from: 'x' }, 'query')
  expect(checked).toMatchObject({
    ok: false,
    problem: { code: 'invalid_request', message: expect.stringContaining('query.limit'), errors: [{}, {}] },
  })
})
