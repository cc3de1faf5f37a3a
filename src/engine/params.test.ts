import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ParamSpec } from '../model/definition.ts'
import type { Json } from '../model/json.ts'
import { paramNameProblem, PARAM_VALUE_MAX, resolveParams, systemParams } from './params.ts'

const spec = (name: string, more: Partial<ParamSpec> = {}): ParamSpec => ({
  name,
  type: 'string',
  description: '',
  required: false,
  default: null,
  options: [],
  ...more,
})

const params = [
  spec('branch', { default: 'main' }),
  spec('tag', { required: true }),
  spec('count', { type: 'number', default: 1 }),
  spec('dry', { type: 'boolean' }),
  spec('target', { type: 'choice', options: ['test', 'prod'] }),
]

const system = { SYS_TIMESTAMP: '201901211131274006', SYS_INCREMENT: '1' }

const errorsOf = (given: Record<string, Json>): readonly string[] => {
  const result = resolveParams({ params }, given, system)
  return result.ok ? [] : result.errors.map(({ path, message }) => `${path}: ${message}`)
}

test('what is given wins over the default, what is missing is null, and the system params come last', () => {
  const result = resolveParams({ params }, { tag: 'v1', count: 5, dry: false, target: 'prod' }, system)
  expect(result).toEqual({
    ok: true,
    params: { branch: 'main', tag: 'v1', count: 5, dry: false, target: 'prod', ...system },
  })
  expect(resolveParams({ params }, { tag: 'v1', branch: null }, {})).toEqual({
    ok: true,
    params: { branch: 'main', tag: 'v1', count: 1, dry: null, target: null },
  })
})

test.each<[string, Json, Json]>([
  ['count', '3', 3],
  ['count', ' -2.5 ', -2.5],
  ['count', '1e3', 1000],
  ['dry', 'true', true],
  ['dry', 'false', false],
  ['tag', '', ''],
  ['tag', '3', '3'],
])('%s takes %j as %j', (name, given, value) => {
  const result = resolveParams({ params }, { tag: 'x', [name]: given }, {})
  expect(result).toMatchObject({ ok: true, params: { [name]: value } })
})

describe('what is refused', () => {
  test.each<[Record<string, Json>, readonly string[]]>([
    [{}, ['params.tag: expected text, found nothing']],
    [{ tag: null }, ['params.tag: expected text, found nothing']],
    [{ tag: 3 }, ['params.tag: expected text, found 3']],
    [{ tag: ['a'] }, ['params.tag: expected text, found a list']],
    [{ tag: { a: 1 } }, ['params.tag: expected text, found an object']],
    [{ tag: 'a\0b' }, ['params.tag: expected text without a NUL character']],
    [{ tag: 'x', count: 'three' }, ['params.count: expected a number, found "three"']],
    [{ tag: 'x', count: '' }, ['params.count: expected a number, found ""']],
    [{ tag: 'x', count: '0x10' }, ['params.count: expected a number, found "0x10"']],
    [{ tag: 'x', count: '1e999' }, ['params.count: expected a number, found "1e999"']],
    [{ tag: 'x', count: true }, ['params.count: expected a number, found true']],
    [{ tag: 'x', dry: 'yes' }, ['params.dry: expected true or false, found "yes"']],
    [{ tag: 'x', dry: 1 }, ['params.dry: expected true or false, found 1']],
    [{ tag: 'x', target: 'stage' }, ['params.target: expected one of test, prod, found "stage"']],
    [{ tag: 'x', tagg: 'y' }, ['params.tagg: expected one of branch, tag, count, dry, target, found "tagg"']],
    [{ tag: 'x', SYS_INCREMENT: '9' }, ['params.SYS_INCREMENT: this param is given by the server']],
    [
      { count: 'x', nope: 1 },
      [
        'params.nope: expected one of branch, tag, count, dry, target, found "nope"',
        'params.tag: expected text, found nothing',
        'params.count: expected a number, found "x"',
      ],
    ],
  ])('%j', (given, errors) => {
    expect(errorsOf(given)).toEqual(errors)
  })

  test('a value has at most 8,192 characters', () => {
    expect(errorsOf({ tag: 'x'.repeat(PARAM_VALUE_MAX) })).toEqual([])
    expect(errorsOf({ tag: 'x'.repeat(PARAM_VALUE_MAX + 1) })).toEqual([
      'params.tag: expected at most 8192 characters, found 8193',
    ])
  })

  test('names of a prototype are unknown names', () => {
    expect(errorsOf({ tag: 'x', constructor: 'y' })).toHaveLength(1)
    expect(errorsOf(JSON.parse('{"tag": "x", "__proto__": "y"}') as Record<string, Json>)).toHaveLength(1)
    expect(resolveParams({ params: [spec('toString2')] }, {}, {})).toEqual({ ok: true, params: { toString2: null } })
  })

  test('a pipeline without params takes none', () => {
    expect(resolveParams({ params: [] }, { a: 1 }, {})).toMatchObject({
      errors: [{ file: null, line: null, column: null, path: 'params.a', message: 'expected no params, found "a"' }],
    })
  })
})

describe('names', () => {
  test.each(['branch', '_x', 'A1', 'x'.repeat(64), 'GIT_BRANCH', 'environment'])('%s is a name', (name) => {
    expect(paramNameProblem(name)).toBeUndefined()
  })
  test.each([
    '', '1a', 'a-b', 'a b', 'ä', 'x'.repeat(65), 'PATH', 'Path', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'DYLD_INSERT_LIBRARIES',
    'NODE_OPTIONS', 'MILLRACE_TOKEN', 'IFS', 'ENV', 'BASH_ENV', 'SYS_TIMESTAMP', 'SYS_OTHER', 'GIT_SSH_COMMAND',
    'GIT_CONFIG_COUNT', 'PYTHONPATH', 'constructor', '__proto__',
  ])('%j is none', (name) => {
    expect(paramNameProblem(name)).toMatch(/expected|reserved/)
  }) // prettier-ignore
})

describe('system params', () => {
  // The samples of SWR's API reference: created 03:31:27.317648Z, stamped 83 ms later.
  test('SYS_TIMESTAMP is UTC+8 with four digits of the fraction', () => {
    const at = Date.UTC(2019, 0, 21, 3, 31, 27, 400)
    expect(systemParams({ at, number: 12, subMs: 6 })).toEqual({
      SYS_TIMESTAMP: '201901211131274006',
      SYS_INCREMENT: '12',
    })
    expect(systemParams({ at, number: 1 })['SYS_TIMESTAMP']).toBe('201901211131274000')
  })

  test('the day changes at 16:00 UTC', () => {
    const of = (at: number): unknown => systemParams({ at, number: 1 })['SYS_TIMESTAMP']
    expect(of(Date.UTC(2023, 11, 31, 15, 59, 59, 999))).toBe('202312312359599990')
    expect(of(Date.UTC(2023, 11, 31, 16))).toBe('202401010000000000')
    expect(of(Date.UTC(2024, 1, 28, 16))).toBe('202402290000000000')
    expect(of(Date.UTC(2023, 1, 28, 16))).toBe('202303010000000000')
    expect(of(0)).toBe('197001010800000000')
  })

  test('it agrees with the calendar on every day of four centuries', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2400, 0, 1) }), (at) => {
        const expected = new Date(at + 8 * 3_600_000).toISOString().replace(/\D/g, '')
        expect(systemParams({ at, number: 1 })['SYS_TIMESTAMP']).toBe(`${expected}0`)
      }),
    )
  })
})
