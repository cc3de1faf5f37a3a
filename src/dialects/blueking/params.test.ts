import { describe, expect, test } from 'vitest'
import { DoorRefusal } from './errors.ts'
import {
  arrayParam,
  integerParam,
  isTruthy,
  objectParam,
  optionalText,
  readParams,
  readTime,
  requiredText,
} from './params.ts'

const request = (
  body: string | Uint8Array<ArrayBuffer> | null,
  headers: Record<string, string> = {},
  query = '',
): Request => new Request(`http://localhost/api${query}`, { method: 'POST', body, headers })
const read = (body: string | Uint8Array<ArrayBuffer> | null, headers?: Record<string, string>, query?: string) =>
  readParams(request(body, headers, query), 1_000)
const refusalOf = async (params: Promise<unknown>): Promise<DoorRefusal> => {
  const refusal = await params.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(refusal).toBeInstanceOf(DoorRefusal)
  return refusal as DoorRefusal
}

describe('a body', () => {
  test.each([['application/json'], ['text/plain'], ['application/x-www-form-urlencoded'], ['nonsense']])(
    'is JSON when it begins like JSON, whatever its Content-Type says: %s',
    async (type) => {
      expect(await read('  {"task_id": 10}', { 'Content-Type': type })).toEqual({ task_id: 10 })
    },
  )

  test('is a form otherwise, the last of several values counting', async () => {
    expect(await read('task_id=1&task_id=10&name=a+b', { 'Content-Type': 'application/json' })).toEqual({
      task_id: '10',
      name: 'a b',
    })
  })

  test('may be empty, or missing; then the query has everything', async () => {
    expect(await read('', {}, '?task_id=10')).toEqual({ task_id: '10' })
    expect(await read(null, {}, '?task_id=10')).toEqual({ task_id: '10' })
  })

  test('comes before the query', async () => {
    expect(await read('{"task_id":"2"}', {}, '?task_id=1&bk_biz_id=3')).toEqual({ task_id: '2', bk_biz_id: '3' })
  })

  test.each([['{"a":'], ['{]'], ['{"a":1} trailing'], ['{"a":"\\ud800"}']])(
    'that is broken is refused: %s',
    async (body) => {
      const refusal = await refusalOf(read(body))
      expect(refusal.error).toBe('bad-parameter')
      expect(refusal.message).toBe('Request JSON string is wrong in format, which cannot be analyzed.')
    },
  )

  test('that is too large, too deep, packed or not UTF-8 is refused', async () => {
    expect((await refusalOf(read(`{"a":"${'x'.repeat(1_000)}"}`))).error).toBe('too-large')
    expect((await refusalOf(read(`{"a":${'['.repeat(200)}${']'.repeat(200)}}`))).error).toBe('bad-parameter')
    expect((await refusalOf(read(new Uint8Array([0x7b, 0xff, 0xfe])))).error).toBe('bad-parameter')
    expect((await refusalOf(read('{}', { 'Content-Encoding': 'gzip' }))).error).toBe('bad-parameter')
  })

  test('of a GET is not there', async () => {
    expect(await readParams(new Request('http://localhost/?a=1'), 10)).toEqual({ a: '1' })
  })

  test('cannot reach the prototype of what holds it', async () => {
    const params = await read('{"__proto__":{"task_id":"7"}}')
    expect(optionalText(params, 'task_id')).toBeUndefined()
    expect(optionalText(await read('__proto__=7'), '__proto__')).toBe('7')
  })

  test('is refused when the query is endless', async () => {
    expect((await refusalOf(read('', {}, `?a=${'x'.repeat(20_000)}`))).error).toBe('bad-parameter')
  })
})

describe('a value', () => {
  test('that should be a text may be a number, and nothing else', () => {
    expect(optionalText({ task_id: 10 }, 'task_id')).toBe('10')
    for (const empty of [{}, { task_id: null }, { task_id: '' }]) expect(optionalText(empty, 'task_id')).toBeUndefined()
    for (const wrong of [true, [], {}])
      expect(() => optionalText({ task_id: wrong }, 'task_id')).toThrow('task_id must be')
    expect(() => requiredText({}, 'task_id')).toThrow('param task_id is required')
    expect(optionalText({}, 'constructor')).toBeUndefined()
  })

  test('is true when it is any text, even `false`, as in bk-sops', () => {
    expect(['false', '0', 'x', true, 1].map((value) => isTruthy({ with_ex_data: value }, 'with_ex_data'))).toEqual(
      Array(5).fill(true),
    )
    expect(['', null, false, 0].map((value) => isTruthy({ with_ex_data: value }, 'with_ex_data'))).toEqual(
      Array(4).fill(false),
    )
  })

  test('with parts may come as JSON text, as forms carry it', () => {
    expect(objectParam({ constants: '{"${a}": "b"}' }, 'constants')).toEqual({ '${a}': 'b' })
    expect(arrayParam({ task_id_list: '[1,2]' }, 'task_id_list')).toEqual([1, 2])
    expect(objectParam({}, 'constants')).toEqual({})
    expect(() => objectParam({ constants: '[1]' }, 'constants')).toThrow('must be an object')
    expect(() => arrayParam({ task_id_list: 'x' }, 'task_id_list')).toThrow('is not valid JSON')
    expect(() => arrayParam({ task_id_list: 3 }, 'task_id_list')).toThrow('must be an array')
  })

  test('that counts must lie within its bounds', () => {
    expect(integerParam({ limit: '5' }, 'limit', 100, [1, 200])).toBe(5)
    expect(integerParam({}, 'limit', 100, [1, 200])).toBe(100)
    for (const wrong of ['0', '201', '-1', '1.5', 'x', '9'.repeat(20)]) {
      expect(() => integerParam({ limit: wrong }, 'limit', 100, [1, 200])).toThrow('from 1 to 200')
    }
  })

  test('that is a time may be written in many ways, without a zone in that of the server', () => {
    const at = Date.UTC(2024, 0, 1, 4, 30)
    for (const text of [
      '2024-01-01 12:30:00 +0800',
      '2024-01-01 12:30:00+0800',
      ' 2024-01-01 12:30 +0800',
      '2024-01-01T04:30:00Z',
      '2024-01-01T04:30:00.000Z',
      '2024-01-01T01:00:00.0-03:30',
      '2024-01-01 12:30:00',
      '2024-01-01 12:30',
      '2024-01-01T12:30:00',
    ]) {
      expect([text, readTime(text, 480)]).toEqual([text, at])
    }
    expect(readTime('2024-01-01T04:30:00.123456Z', 0)).toBe(at + 123)
    expect(readTime('2024-01-01', 480)).toBe(Date.UTC(2023, 11, 31, 16))
    expect(readTime('2024-01-01', 480, 'last')).toBe(Date.UTC(2024, 0, 1, 16) - 1)
    for (const wrong of ['', 'today', '2024-02-30', '2024-01-01 25:00:00', '12:30', '2024-1-1', '2024-01-01 +0800']) {
      expect([wrong, readTime(wrong, 0)]).toEqual([wrong, undefined])
    }
  })
})
