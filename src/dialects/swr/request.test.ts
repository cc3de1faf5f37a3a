import { describe, expect, test } from 'vitest'
import { readFilter, readInteger, readSlice, readTriggerParams, wantsJson } from './request.ts'

const query = (text: string): URLSearchParams => new URLSearchParams(text)

test.each(['', '-1', '01', '1.0', '1e3', 'abc', ' 1', '٣', '1234567890123456', '0x1', "1'--"])(
  'no integer: %j',
  (text) => {
    expect(readInteger(text, 'pipeline_id')).toMatchObject({ ok: false, error: { status: 400 } })
  },
)

test.each([
  ['0', 0],
  ['29476', 29476],
  ['999999999999999', 999_999_999_999_999],
])('an integer: %j', (text, value) => {
  expect(readInteger(text, 'pipeline_id')).toEqual({ ok: true, value })
})

describe('a page', () => {
  test.each([
    ['', { offset: 0, limit: Number.POSITIVE_INFINITY }],
    ['limit=&offset=', { offset: 0, limit: Number.POSITIVE_INFINITY }],
    ['limit=1&offset=12', { offset: 12, limit: 1 }],
    ['limit=1000', { offset: 0, limit: 1_000 }],
  ])('is read from %j', (text, value) => {
    expect(readSlice(query(text))).toEqual({ ok: true, value })
  })

  test.each(['limit=0', 'limit=1001', 'limit=-1', 'limit=x', 'limit=1.5', 'limit=99999999999'])(
    'refuses %j',
    (text) => {
      expect(readSlice(query(text))).toMatchObject({ ok: false, error: { status: 400, code: 'SVCSTG.SWR.4001070' } })
    },
  )

  test.each(['offset=-1', 'offset=x', 'offset=1000000001', 'offset=99999999999'])('refuses %j', (text) => {
    expect(readSlice(query(text))).toMatchObject({ ok: false, error: { status: 400, code: 'SVCSTG.SWR.4001072' } })
  })
})

describe('a filter', () => {
  test.each([
    ['', { groups: [] }],
    ['filter=name::web', { text: 'web', groups: [] }],
    ['filter=name%3A%3Aweb%7Cgroup_id%3A%3A812', { text: 'web', groups: [{ serial: 812 }] }],
    ['filter=group_name::default|group_id::812', { groups: [{ name: 'default' }, { serial: 812 }] }],
    ['filter=name::a::b', { text: 'a::b', groups: [] }],
    ['filter=name::|group_name::', { groups: [] }],
  ])('is read from %j', (text, value) => {
    expect(readFilter(query(text))).toEqual({ ok: true, value })
  })

  test.each([
    'filter=web',
    'filter=owner::x',
    'filter=group_id::x',
    'filter=name:web',
    `filter=name::${'x'.repeat(600)}`,
  ])('refuses %j', (text) => {
    expect(readFilter(query(text))).toMatchObject({ ok: false, error: { status: 400 } })
  })
})

describe('what a trigger was called with', () => {
  test('is the whole query, the last value of a name', () => {
    expect(readTriggerParams(query('a=1&a=2&b=%20x&c'))).toEqual({ ok: true, value: { a: '2', b: ' x', c: '' } })
  })

  test('may be named like anything in JavaScript', () => {
    const params = readTriggerParams(query('__proto__=1&constructor=2'))
    expect(params.ok && Object.entries(params.value)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ])
  })

  test.each([
    Array.from({ length: 101 }, (_, index) => `p${index}=1`).join('&'),
    `${'n'.repeat(65)}=1`,
    '=1',
    'a%0Ab=1',
    `n=${'v'.repeat(8_193)}`,
  ])('has its limits', (text) => {
    expect(readTriggerParams(query(text))).toMatchObject({ ok: false, error: { status: 400 } })
  })
})

test.each([
  [null, false],
  ['', false],
  ['*/*', false],
  ['text/html,*/*;q=0.8', false],
  ['application/yaml', false],
  ['application/json', true],
  ['Application/JSON;charset=utf8', true],
  ['application/json, text/plain, */*', true],
  ['application/yaml, application/json', false],
  ['application/json;q=0, */*', false],
  ['application/jsonx', false],
])('Accept %j asks for JSON: %s', (header, json) => {
  expect(wantsJson(header)).toBe(json)
})
