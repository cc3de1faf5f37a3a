import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Expression } from '../../model/expression.ts'
import type { Json } from '../../model/json.ts'
import { evaluate, EXPRESSION_TEXT_MAX, isTrue, parseExpression, type Scope } from './expression.ts'
import { EXPRESSION_DEPTH_MAX } from './values.ts'

const scope: Scope = {
  params: {
    branch: 'main',
    count: 3,
    flag: true,
    off: false,
    empty: '',
    list: ['a', 'b'],
    nothing: null,
    digits: '3',
    config: { db: { port: 5432 }, hosts: ['a', 'b'] },
  },
  vars: (name) => (name === 'hosts' ? ['a', { port: 80 }] : undefined),
  tasks: (key) =>
    key === 'build-web'
      ? {
          status: 'succeeded',
          outputs: { tag: 'v1.2', count: '12', changed: 'false', 'image-id': 'sha', response: { code: 0 } },
        }
      : undefined,
  run: {
    number: 7,
    cause: 'manual',
    by: 'li',
    attempt: 1,
    timestamp: '20261124080000',
    id: 'a1'.repeat(16),
    pipeline: 'b2'.repeat(16),
  },
}

function valueOf(text: string): Json {
  const parsed = parseExpression(text)
  if (!parsed.ok) throw new Error(`${parsed.at}: ${parsed.message}`)
  return evaluate(parsed.expression, scope)
}

test('facts of a change are there in a run of one, by their names alone', () => {
  const of = (path: readonly string[]): Json =>
    evaluate({ op: 'path', path }, { ...scope, trigger: { branch: 'main' } })
  expect([of(['trigger', 'branch']), of(['trigger', 'tag']), of(['trigger', 'branch', 'x']), of(['nothing'])]).toEqual([
    'main',
    null,
    null,
    null,
  ])
})

describe('values', () => {
  test.each<[string, Json]>([
    ['42', 42],
    ['-1.5', -1.5],
    ['2e3', 2000],
    ["'it'", 'it'],
    ['"it"', 'it'],
    [String.raw`'it\'s \\ "so"\n'`, 'it\'s \\ "so"\n'],
    ["'}}'", '}}'],
    ['true', true],
    ['false', false],
    ['null', null],
    ['[]', []],
    ["[1, 'a', [true]]", [1, 'a', [true]]],
    ['params.branch', 'main'],
    ['params.missing', null],
    ['params.nothing', null],
    ['tasks.build-web.status', 'succeeded'],
    ['tasks.build-web.outputs.tag', 'v1.2'],
    ['tasks.build-web.outputs.image-id', 'sha'],
    ['tasks.build-web.outputs.missing', null],
    ['tasks.other.status', null],
    ['params.config.db.port', 5432],
    ['params.config.hosts.1', 'b'],
    ['params.config.hosts.9', null],
    ['params.config.hosts.x', null],
    ['params.config.hosts.length', null],
    ['vars.hosts', ['a', { port: 80 }]],
    ['vars.hosts.1.port', 80],
    ['vars.missing', null],
    ['tasks.build-web.outputs.response.code', 0],
    ['run.number', 7],
    ['run.cause', 'manual'],
    ['run.by', 'li'],
    ['run.attempt', 1],
    ['run.timestamp', '20261124080000'],
    ['run.id', 'a1'.repeat(16)],
    ['run.pipeline', 'b2'.repeat(16)],
    ['((((1))))', 1],
  ])('%s is %j', (text, value) => {
    expect(valueOf(text)).toEqual(value)
  })

  test.each([
    'params.constructor',
    'params.__proto__',
    'params.toString',
    'run.constructor',
    'tasks.build-web.outputs.constructor',
    'tasks.build-web.constructor',
    'params',
    'tasks',
    'params.branch.length',
    'run.number.x',
    'params.config.constructor',
    'params.config.hosts.__proto__',
    'tasks.build-web.status.x',
    'vars',
    'tasks.build-web.outputs',
    'constructor.constructor',
  ])('%s finds nothing: only own keys at known places are read', (text) => {
    expect(valueOf(text)).toBeNull()
  })
})

describe('comparisons', () => {
  test.each<[string, boolean]>([
    ["params.branch == 'main'", true],
    ["params.branch != 'main'", false],
    ['params.count == 3', true],
    ["'3' == 3", true],
    ["'3.0' == 3", true],
    ["'3' == '3.0'", false],
    ["'x' == 0", false],
    ["'' == 0", false],
    ["'true' == true", false],
    ['1 == true', false],
    ['null == false', false],
    ['params.missing == null', true],
    ['[1, 2] == [1, 2]', true],
    ['[1, 2] == [1]', false],
    ['2 < 10', true],
    ["'2' < '10'", false],
    ['tasks.build-web.outputs.count > 9', true],
    ['9 < tasks.build-web.outputs.count', true],
    ["'a' < 'b'", true],
    ["'a' <= 'a'", true],
    ["'a' >= 'b'", false],
    ['null < 1', false],
    ['null >= 1', false],
    ["'x' < 1", false],
    ['[1] < [2]', false],
    ["'a' in ['a', 'b']", true],
    ["'c' in ['a', 'b']", false],
    ["'c' not in ['a', 'b']", true],
    ["'3' in [1, 2, 3]", true],
    ["'ai' in params.branch", true],
    ["1 in 'main'", false],
    ['1 in null', false],
    ['1 not in null', true],
    ['params.branch in params.list', false],
    ["contains(params.branch, 'ai')", true],
    ["contains(['x', 'y'], 'y')", true],
    ['contains(params.count, 3)', false],
    ["starts_with(params.branch, 'ma')", true],
    ["ends_with(params.branch, 'ma')", false],
    ['ends_with(params.digits, 3)', false],
    ['ends_with(params.count, params.digits)', false],
    ['starts_with(params.digits, 3)', false],
    ['contains(params.digits, 3)', false],
    ['contains_any([[1], params.config], [[1], params.config])', false],
    ["contains_all(['1e1', true], [10])", false],
    ["contains_all(['3'], [3])", true],
    ['[1, 2] == [1, 3]', false],
    ["params.flag == '1'", false],
    ['starts_with(params.count, 3)', false],
    ["contains_all(['a', 'b', 'c'], params.list)", true],
    ["contains_all(params.list, ['a', 'z'])", false],
    ['contains_all([1, 2, 3], [])', true],
    ["contains_all([1, 2, '3.0'], ['1', 3])", true],
    ["contains_all(['3'], ['3.0'])", false],
    ['contains_all([[1]], [[1]])', false],
    ["contains_all('abc', ['a'])", false],
    ["contains_any(params.list, ['z', 'b'])", true],
    ["contains_any(params.list, ['z'])", false],
    ['contains_any(params.list, [])', false],
    ['length(params.list) == 2', true],
    ["length('a😀') == 2", true],
    ['length(params.config) == 2', true],
    ['length(params.count) == null', true],
    ["lower('ABC') == 'abc' and upper('abc') == 'ABC'", true],
    ['lower(3) == null', true],
    ['params.config.db == params.config.db', true],
    ['params.config == params.config.db', false],
    ["params.config.hosts == ['a', 'b']", true],
    // values of one kind
    ["'b' >= 'a'", true],
    ["'a' <= 'b'", true],
    ["'a' <= 'a'", true],
    ["'b' < 'a'", false],
    ['1 <= 2', true],
    ['2 <= 1', false],
    ['2 >= 1', true],
    // a number and text
    ["3 == '3'", true],
    ["'3' == 3", true],
    ["'3.0' == 3", true],
    ["'3' == '3.0'", false],
    ["'2' < 10", true],
    ["2 < '10'", true],
    ["10 < '9'", false],
    ["'10' < 9", false],
    ["3 == 'x'", false],
    ["'x' == 3", false],
    ["0 == ''", false],
    ["'' == 0", false],
    ['0 == false', false],
    ['1 == true', false],
    ['null == false', false],
    ["1 < 'x'", false],
    ["'x' < 1", false],
    ['null < 1', false],
    ['null <= null', false],
    ["true < 'x'", false],
    ["'x' > true", false],
    // lists and mappings by what is in them
    ['params.config == params.config', true],
    ['params.config.db == params.config.hosts', false],
    ['[] == params.config', false],
    ['null == params.config', false],
    ['params.config == null', false],
    ['[1, 2] == [1, 2]', true],
    ['[1, 2] == [1]', false],
    ['[1] == [1, 2]', false],
    ["[] == ''", false],
    ["[[1], ['2']] == [['1'], [2]]", true],
  ])('%s is %s', (text, value) => {
    expect(valueOf(text)).toBe(value)
  })
})

describe('logic', () => {
  test.each<[string, Json]>([
    ['true and false or true', true],
    ['true or false and false', true],
    ['(true or false) and false', false],
    ['not true or true', true],
    ['not (true or true)', false],
    ["not params.branch == 'main'", false],
    ["!params.branch == 'main'", false],
    ['!params.off', true],
    ['! !params.off', false],
    ['not not params.off', false],
    ["params.flag && params.count >= 3 || params.branch == 'x'", true],
    ["not 'a' in ['a']", false],
    ["params.empty or 'latest'", 'latest'],
    ["params.branch or 'latest'", 'main'],
    ['params.branch and params.count', 3],
    ['params.empty and params.count', ''],
  ])('%s is %j', (text, value) => {
    expect(valueOf(text)).toEqual(value)
  })

  test('the right side is not looked at when the left side decides', () => {
    const asked: string[] = []
    const watched: Scope = { ...scope, tasks: (key) => (asked.push(key), undefined) }
    for (const text of ['false and tasks.a.status', 'true or tasks.b.status']) {
      const parsed = parseExpression(text)
      if (parsed.ok) evaluate(parsed.expression, watched)
    }
    expect(asked).toEqual([])
  })

  test.each<[Json, boolean]>([
    [true, true],
    [false, false],
    [null, false],
    [0, false],
    [1, true],
    ['', false],
    ['false', false],
    ['no', true],
    [[], true],
    [{}, true],
  ])('%j holds: %s', (value, holds) => {
    expect(isTrue(value)).toBe(holds)
  })
})

describe('what does not parse', () => {
  test.each<[string, number, string]>([
    ['', 0, 'expected a value, found the end'],
    ['params.branch = 1', 14, 'expected `==`, found `=`'],
    ['params.branch ==', 16, 'expected a value, found the end'],
    ["params.branch == 'main", 17, "this text has no end: expected a closing '"],
    [String.raw`'a\d'`, 2, String.raw`expected one of \\ \' \" \n \t after a backslash`],
    ['(1', 2, 'expected `)`, found the end'],
    ['[1 2]', 3, 'expected `]`, found `2`'],
    ['1 2', 2, 'expected an operator or the end, found `2`'],
    ['a & b', 2, 'expected `and` or `&&`, found `&`'],
    ['1 < 2 < 3', 6, 'comparisons do not chain: join them with `and`, or use parentheses'],
    ['1 + 2', 2, 'expected a value or an operator, found "+"'],
    ['and', 0, 'expected a value, found `and`'],
    ['a not b', 2, 'expected an operator or the end, found `not`'],
    [
      'trim(params.branch)',
      0,
      'expected one of contains, contains_all, contains_any, starts_with, ends_with, length, lower, upper, found trim',
    ],
    ['lower()', 0, 'lower takes 1 value, found 0'],
    ['contains(1)', 0, 'contains takes 2 values, found 1'],
    ['${{ 1 }}', 0, 'an expression stands here without `${{ }}`'],
    ['1e999', 0, 'expected a number that can be counted with, found 1e999'],
    ['1 == 😀', 5, 'expected a value or an operator, found "😀"'],
  ])('%s: at %i, %s', (text, at, message) => {
    expect(parseExpression(text)).toEqual({ ok: false, at, message })
  })

  test('an expression is at most 4,096 characters long', () => {
    const longest = `'${'x'.repeat(EXPRESSION_TEXT_MAX - 2)}'`
    expect(parseExpression(longest).ok).toBe(true)
    expect(parseExpression(`${longest} `)).toEqual({
      ok: false,
      at: 0,
      message: 'expected an expression of at most 4096 characters, found 4097',
    })
  })

  test.each<[string, (depth: number) => string]>([
    ['parentheses', (depth) => '('.repeat(depth) + '1' + ')'.repeat(depth)],
    ['lists', (depth) => '['.repeat(depth) + ']'.repeat(depth)],
    ['not', (depth) => 'not '.repeat(depth) + '1'],
    ['!', (depth) => '!'.repeat(depth) + '1'],
  ])('%s nest 64 deep at most', (_, nested) => {
    expect(parseExpression(nested(EXPRESSION_DEPTH_MAX - 1)).ok).toBe(true)
    expect(parseExpression(nested(EXPRESSION_DEPTH_MAX + 1))).toMatchObject({
      ok: false,
      message: 'an expression nests at most 64 deep',
    })
  })

  test('a long chain of `and` is no deep nesting', () => {
    const parsed = parseExpression(Array.from({ length: 1_000 }, () => '1').join('&&'))
    if (!parsed.ok) throw new Error(parsed.message)
    expect(JSON.stringify(parsed.expression).split('"left"').length).toBe(1_000)
    const depth = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0
    expect(depth(parsed.expression)).toBeLessThan(16)
    expect(evaluate(parsed.expression, scope)).toBe(1)
  })
})

test('paths come with the places where they begin', () => {
  expect(parseExpression("params.a == 'x' and tasks.b-c.status in [run.number]")).toMatchObject({
    paths: [
      { path: ['params', 'a'], at: 0 },
      { path: ['tasks', 'b-c', 'status'], at: 20 },
      { path: ['run', 'number'], at: 41 },
    ],
  })
})

const pieces = fc.constantFrom(
  'params.branch', 'params.list', 'tasks.build-web.status', 'run.number', "'a'", '3', 'null', 'true', ' and ', ' or ', ' not ',
  ' in ', ' not in ', '(', ')', '[', ']', ',', '==', '<', '!', 'contains(', 'x', '"', '\\',
) // prettier-ignore

test('parsing and evaluating never throw, whatever the text', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 30 }).map((all) => all.join('')),
  )
  let parsedSome = 0
  fc.assert(
    fc.property(texts, fc.dictionary(fc.string(), fc.jsonValue()), (text, params) => {
      const parsed = parseExpression(text)
      if (!parsed.ok) {
        expect(parsed.at).toBeGreaterThanOrEqual(0)
        expect(parsed.at).toBeLessThanOrEqual(text.length)
        return
      }
      parsedSome += 1
      evaluate(parsed.expression, { ...scope, params: params as Record<string, Json> })
    }),
    { numRuns: 500 },
  )
  expect(parsedSome).toBeGreaterThan(5)
})

/** An expression as it is written, all of it in parentheses. */
function print(expression: Expression): string {
  switch (expression.op) {
    case 'literal':
      return typeof expression.value === 'string' ? quoted(expression.value) : JSON.stringify(expression.value)
    case 'bool-rule':
      throw new TypeError('a rule of another language')
    case 'path':
      return expression.path.join('.')
    case 'list':
      return `[${expression.items.map(print).join(', ')}]`
    case 'not':
      return `(not ${print(expression.operand)})`
    case 'call':
      return `${expression.name}(${expression.args.map(print).join(', ')})`
    case 'and':
    case 'or':
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case 'in':
    case 'not in':
      return `(${print(expression.left)} ${expression.op} ${print(expression.right)})`
  }
}

const ESCAPED: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '\n': '\\n', '\t': '\\t' }
const quoted = (text: string): string => `'${text.replace(/[\\'\n\t]/g, (character) => ESCAPED[character]!)}'`

const { tree } = fc.letrec<{ tree: Expression }>((tie) => {
  const literal = fc
    .oneof(fc.string(), fc.integer(), fc.constantFrom(0.5, -2e21, true, false, null))
    .map((value): Expression => ({ op: 'literal', value }))
  const path = fc
    .constantFrom('params.branch', 'vars.hosts.1.port', 'tasks.build-web.outputs.tag', 'tasks.x.status', 'run.number')
    .map((text): Expression => ({ op: 'path', path: text.split('.') }))
  const inner = tie('tree')
  const pair = fc
    .tuple(fc.constantFrom('and', 'or', '==', '!=', '<', '<=', '>', '>=', 'in', 'not in'), inner, inner)
    .map(([op, left, right]): Expression => ({ op, left, right }))
  const two = fc.constantFrom('contains', 'contains_all', 'contains_any', 'starts_with', 'ends_with')
  const call = fc.oneof(
    fc.tuple(two, inner, inner).map(([name, ...args]): Expression => ({ op: 'call', name, args })),
    fc
      .tuple(fc.constantFrom('length', 'lower', 'upper'), inner)
      .map(([name, arg]): Expression => ({ op: 'call', name, args: [arg] })),
  )
  const list = fc.array(inner, { maxLength: 3 }).map((items): Expression => ({ op: 'list', items }))
  const not = inner.map((operand): Expression => ({ op: 'not', operand }))
  return { tree: fc.oneof({ maxDepth: 5, depthIdentifier: 'tree' }, literal, path, pair, call, list, not) }
})

test('an expression that is written down parses to itself', () => {
  fc.assert(
    fc.property(tree, (expression) => {
      const text = print(expression)
      fc.pre(text.length <= EXPRESSION_TEXT_MAX)
      const parsed = parseExpression(text)
      expect(parsed).toMatchObject({ ok: true })
      if (parsed.ok) expect(parsed.expression).toEqual(expression)
      evaluate(expression, scope)
    }),
    { numRuns: 300 },
  )
})

describe('calls', () => {
  test.each<[string, Json]>([
    ["starts_with(params.branch, 'ma')", true],
    ["starts_with(params.branch, 'in')", false],
    ["starts_with(params.count, '3')", false],
    ['starts_with(params.digits, 3)', false],
    ["ends_with(params.branch, 'in')", true],
    ["ends_with(params.branch, 'ma')", false],
    ["ends_with(params.count, '3')", false],
    ['ends_with(params.digits, 3)', false],
    ["contains(params.branch, 'ai')", true],
    ['contains(params.digits, 3)', false],
    ["contains(params.list, 'a')", true],
    ["contains(params.config, 'db')", false],
    ["contains_all(['a', 'b'], ['a'])", true],
    ["contains_all(['a', 'b'], ['a', 'c'])", false],
    ["contains_all('ab', ['a'])", false],
    ["contains_all(['a'], 'a')", false],
    ["contains_any(['a', 'b'], ['c', 'b'])", true],
    ["contains_any(['a', 'b'], ['c'])", false],
    ["contains_any(['a'], [])", false],
    ["contains_all(['a'], [])", true],
    ["contains_any('ab', ['a'])", false],
    // a number is found by its text, and a text by its number
    ["contains_any([3], ['3.0'])", true],
    ["contains_any(['3.0'], [3])", true],
    ["contains_any(['3.0'], ['3'])", false],
    ["contains_any([0], [''])", false],
    ["contains_any([0], ['x'])", false],
    ["contains_any(['x'], [3])", false],
    ['contains_any([null], [null])', true],
    ['contains_any([[1]], [[1]])', false],
    ["length('a\u{1f600}')", 2],
    ['length(params.list)', 2],
    ['length(params.config)', 2],
    ['length(params.count)', null],
    ['length(null)', null],
    ["lower('Ab')", 'ab'],
    ["upper('Ab')", 'AB'],
    ['lower(params.count)', null],
    ['upper(params.list)', null],
  ])('%s is %j', (text, value) => {
    expect(valueOf(text)).toEqual(value)
  })
})

test('values that nest deeper than they may are equal to nothing', () => {
  const nested = (depth: number): Json => (depth === 0 ? [] : [nested(depth - 1)])
  const same = (depth: number): Json =>
    evaluate(
      { op: '==', left: { op: 'path', path: ['params', 'one'] }, right: { op: 'path', path: ['params', 'other'] } },
      { ...scope, params: { one: nested(depth), other: nested(depth) } },
    )
  expect([same(EXPRESSION_DEPTH_MAX - 1), same(EXPRESSION_DEPTH_MAX + 2)]).toEqual([true, false])
})

test('long lists cost what they are long', () => {
  const items = Array.from({ length: 50_000 }, (_, at) => at)
  const parsed = parseExpression('contains_all(params.a, params.b) and not contains_any(params.a, params.c)')
  if (!parsed.ok) throw new Error(parsed.message)
  const params = { a: items, b: items.map(String), c: items.map((item) => `x${item}`) }
  expect(evaluate(parsed.expression, { ...scope, params })).toBe(true)
})
