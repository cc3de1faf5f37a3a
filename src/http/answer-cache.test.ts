import { expect, test } from 'vitest'
import { type Answer, AnswerCache } from './answer-cache.ts'

const limits = { entriesMax: 3, bytesMax: 100_000, bodyMaxBytes: 50_000 }
const answer = (body: string): Answer => ({ headers: [''], notModifiedHeaders: [''], etag: null, body })
const never = (): number => 0

/** Keeps an answer as a request does that nothing else meets. */
function keep(
  cache: AnswerCache,
  key: string,
  topics: readonly string[],
  until: number | null = null,
  size = 1,
): boolean {
  const ticket = cache.begin()
  try {
    return cache.put(ticket, key, answer('x'.repeat(size)), topics, until)
  } finally {
    cache.end()
  }
}

test('an answer is given again until one of its topics changes', () => {
  const cache = new AnswerCache(limits)
  expect(keep(cache, 'a', ['run:1', 'pipeline:1'])).toBe(true)
  cache.changed(['run:2'])
  expect(cache.get('a', never)).toEqual(answer('x'))
  cache.changed(['pipeline:1'])
  expect(cache.get('a', never)).toBeUndefined()
  expect([cache.size, cache.bytes]).toEqual([0, 0])
})

test('an answer that was made while one of its topics changed is not kept', () => {
  const cache = new AnswerCache(limits)
  const ticket = cache.begin()
  cache.changed(['run:2'])
  expect(cache.put(ticket, 'other', answer('x'), ['run:1'], null)).toBe(true)
  cache.changed(['run:1'])
  expect(cache.put(ticket, 'same', answer('x'), ['run:1'], null)).toBe(false)
  const later = cache.begin()
  expect(cache.put(later, 'same', answer('x'), ['run:1'], null)).toBe(true)
})

test('a change before an answer was begun does not keep it from being kept', () => {
  const cache = new AnswerCache(limits)
  const slow = cache.begin()
  cache.changed(['run:1'])
  expect(keep(cache, 'a', ['run:1'])).toBe(true)
  expect(cache.put(slow, 'b', answer('x'), ['run:1'], null)).toBe(false)
})

test('a changed credential takes all answers away, also those that are being made', () => {
  const cache = new AnswerCache(limits)
  keep(cache, 'a', ['run:1'])
  const ticket = cache.begin()
  cache.changed(['keys'])
  expect(cache.get('a', never)).toBeUndefined()
  expect(cache.put(ticket, 'b', answer('x'), ['run:9'], null)).toBe(false)
  expect(keep(cache, 'c', ['run:1'])).toBe(true)
})

test('so many changes while one answer is made that they are not remembered: it is not kept', () => {
  const cache = new AnswerCache(limits)
  const ticket = cache.begin()
  for (let run = 0; run < 10_001; run += 1) cache.changed([`run:${run}`])
  expect(cache.put(ticket, 'a', answer('x'), ['run:never'], null)).toBe(false)
})

test('an answer with an end is not given at that instant', () => {
  const cache = new AnswerCache(limits)
  keep(cache, 'a', ['run:1'], 1_000)
  expect(cache.get('a', () => 999)).toEqual(answer('x'))
  expect(cache.get('a', () => 1_000)).toBeUndefined()
  expect(cache.size).toBe(0)
})

test('the least recently used goes first, by number and by bytes', () => {
  const cache = new AnswerCache(limits)
  for (const key of ['a', 'b', 'c']) keep(cache, key, ['run:1'])
  cache.get('a', never)
  keep(cache, 'd', ['run:1'])
  expect(['a', 'b', 'c', 'd'].filter((key) => cache.get(key, never) !== undefined)).toEqual(['a', 'c', 'd'])
  keep(cache, 'e', ['run:1'], null, 49_000)
  keep(cache, 'f', ['run:1'], null, 49_000)
  expect(cache.bytes).toBeLessThanOrEqual(limits.bytesMax)
  expect(cache.get('f', never)).toBeDefined()
})

test('a body over the limit is not kept', () => {
  const cache = new AnswerCache(limits)
  expect(keep(cache, 'a', ['run:1'], null, 50_001)).toBe(false)
  expect(keep(cache, 'a', ['run:1'], null, 50_000)).toBe(true)
})

test('an answer that replaces another leaves nothing of it behind', () => {
  const cache = new AnswerCache(limits)
  keep(cache, 'a', ['run:1'], null, 100)
  const { bytes } = cache
  keep(cache, 'a', ['run:2'], null, 100)
  expect([cache.size, cache.bytes]).toEqual([1, bytes])
  cache.changed(['run:1'])
  expect(cache.get('a', never)).toBeDefined()
  cache.changed(['run:2'])
  expect(cache.size).toBe(0)
})
