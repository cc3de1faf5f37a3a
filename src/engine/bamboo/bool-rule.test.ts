import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../model/json.ts'
import { BOOL_RULE_TEXT_MAX } from './bool-rule-parse.ts'
import { checkBoolRule, evaluateBoolRule } from './bool-rule.ts'

/**
 * The answers were watched on the grammar and coercions of bamboo-engine 2.x under pyparsing (2026-11-22). Where pyparsing 3
 * differs from the pyparsing 2 that bamboo-engine asks for (`TRUE` in capitals), its own tests decide.
 */

type Context = Readonly<Record<string, Json>>

function valueOf(text: string, context: Context | null = null): boolean | string {
  const result = evaluateBoolRule(text, context)
  return result.ok ? result.value : result.message
}

describe('without a context', () => {
  test.each<[string, boolean]>([
    ['*', true],
    // ints pull the other side along
    ['1 == 1', true],
    ['"1" == 1', true],
    ["'1' == 1", true],
    ["' 1 ' == 1", true],
    ["'1_0' == 10", true],
    ["'007' == 7", true],
    ['007 == 7', true],
    ['1.5 > 1', false],
    ['1.5 >= 1', true],
    ['true == 1.9', true],
    ['1.0e5 == 100000', true],
    ['1.e2 == 100', true],
    ["-1 == '-1'", true],
    ['+1 == 1', true],
    ['1 == 2', false],
    ['123 == "123a"', false],
    ["'2.0' == 2", false],
    ['1 < 1.0e999', true],
    ['1 != 2', true],
    ['"1" != 2', true],
    ['9007199254740993 == 9007199254740992', false],
    // true and false are ints
    ['True == true', true],
    ['FALSE == false', true],
    ['1 == True', true],
    ['0 == False', true],
    ['"1" == True', true],
    ['"0" == False', true],
    ["'true' == true", false],
    ['True == "true"', false],
    ['True != "true"', true],
    ['False == "false"', false],
    // then texts pull
    ['"3.14" == 3.14', true],
    ["2.0 == '2'", false],
    ["2.0 == '2.0'", true],
    ["'[1]' == (1)", true],
    [`"['a', 1.0, True]" == ('a', 1.0, true)`, true],
    ["'' == ''", true],
    ['"a" < "s"', true],
    ['"a" <= "49"', false],
    ["'10' < '9'", true],
    // names are their own text
    ['a == a', true],
    ["a == 'a'", true],
    ["${a.b} == '${a.b}'", true],
    ['${_x} == 1', false],
    ["${a == '${a'", true],
    ["a} == 'a}'", true],
    ['xtrue == xtrue', true],
    ['in in in', true],
    ['and == and', true],
    ['1==1 and and == and', true],
    // lists
    ['(1,2) == (1,2)', true],
    ['(a, b) == (a,b)', true],
    ['(1) == 1', false],
    ['(1,2) < (1,3)', true],
    ['(1, 2) < (1)', false],
    ['1 in (1, 2)', true],
    ["1 in ('1','2')", true],
    ['"1" in (1, 2)', true],
    ['1 in (0, 2)', false],
    ['1 in ("11", 2)', false],
    ['1 in (1.9)', true],
    ['1.0 in (1)', true],
    ["1.5 in ('1.5')", false],
    ["'1.5' in (1.5)", true],
    ['true in (1)', true],
    ["'True' in (true)", true],
    ["'a' in 'abc'", true],
    ["'d' in 'abc'", false],
    ['1 notin ("0", "2")', true],
    ['"abc" notin (0, 2)', true],
    ['1 NotIn (1)', false],
    ['(1,2) issuperset (1)', true],
    ['(1,2) issuperset (1,3)', false],
    ['(1,2) notissuperset (1,3)', true],
    ["(1) issuperset ('1')", false],
    ['(1,2) issuperset (true, 2.0)', true],
    ["'ab' issuperset 'a'", false],
    ["'ab' issuperset ('ab')", true],
    // words need no space
    ['truein (1)', true],
    ["'a'=='a'and'b'=='b'", true],
    ['a inabc', true],
    ['1 == 1\n and\t2 == 2', true],
    ['1==1 AND 2==2 Or 3==4', true],
    // text
    ['\'中\' == "中"', true],
    ["'it' == \"it's\"", false],
    [String.raw`'\n' == '\n'`, true],
    ["'a\tb' == 'a      b'", true],
    [String.raw`'a\tb' == 'a	b'`, false],
    [String.raw`'\d' == '\d'`, true],
  ])('%s is %s', (text, value) => {
    expect(valueOf(text)).toBe(value)
  })
})

describe('and, or and parentheses', () => {
  test.each<[string, boolean]>([
    ['false == true and 1 == 1 or 1 == 1', false],
    ['(false == true and 1 == 1) or 1 == 1', true],
    ['1 == 1 or 1 == 2 and 1 == 2', true],
    ['1 == 1 and 1 == 2 or 1 == 1', true],
    ['1 < 2 and 2 < 3', true],
    ['1 > 2 or 2 > 1', true],
    ['1 > 2 or 2 > 3', false],
    ['1==2 or (1==1 and 2==1 or 3==3)', true],
    ['((1 == 1))', true],
    ['(((1==1) and (2==2)))', true],
    ['(1 < 2 or 2 > 3) and ("s" > "s" or "su" < "st")', false],
    ['(1 > 2 or 2 > 3) or ("s" > "s" or "su" > "st") or (4  > 5 and 5 < 6)', true],
  ])('%s is %s', (text, value) => {
    expect(valueOf(text)).toBe(value)
  })

  test('what is not reached may be nonsense', () => {
    expect(valueOf("1 == 1 or 1 > 'a'")).toBe(true)
    expect(valueOf("1 == 2 and 1 > 'a'")).toBe(false)
    expect(valueOf("((1 == 1) or (1 > 'a')) and 2 == 2")).toBe(true)
  })
})

describe('with a context', () => {
  const context: Context = {
    '${v1}': 1,
    '${v2}': '1',
    '${t}': true,
    resp: { code: 0, data: { state: 'up', hosts: [1, '2'], items: 1 }, none: null },
    list: [1, '2', null, true],
    dict: { a: 1 },
  }
  test.each<[string, boolean | string]>([
    ['${v1} == ${v2}', true],
    ['${v1} in ("1")', true],
    ['${v1} >= "0"', true],
    ['${v1} <= 123456789111', true],
    ['${t} == "1"', true],
    ['${t} == "s"', false],
    ['resp.code == 0', true],
    ["resp.data.state == 'up'", true],
    ['2 in resp.data.hosts', true],
    ["'None' in list", true],
    ["resp.none == 'None'", true],
    ["'a' in dict", true],
    ['dict == dict', true],
    ['list issuperset (1)', true],
    ['dict issuperset (a)', 'no value supplied for a'],
    ['nothing == 1', 'no value supplied for nothing'],
    ['resp.nothing == 1', 'no value supplied for resp.nothing'],
    ['resp.code.x == 1', "'int' object is not subscriptable"],
    ['resp.none.x == 1', "'NoneType' object is not subscriptable"],
    ['list.x == 1', 'list indices must be integers or slices, not str'],
    ['resp.data.state.x == 1', "string indices must be integers, not 'str'"],
    ['resp.constructor == 1', 'no value supplied for resp.constructor'],
    ['toString == 1', 'no value supplied for toString'],
    // a method hides the key of its name, as in the original
    ['resp.data.items == 1', false],
  ])('%s is %s', (text, value) => {
    expect(valueOf(text, context)).toBe(value)
  })

  test('an empty context is none: names are their own text', () => {
    expect(valueOf('a == a', {})).toBe(true)
  })
})

describe('values that do not compare are an error', () => {
  test.each([
    ["1 > 'a'", "'>' not supported between instances of 'int' and 'str'"],
    ['${x} > 1', "'>' not supported between instances of 'str' and 'int'"],
    ["(1, 'a') < (1, 2)", "'<' not supported between instances of 'str' and 'int'"],
    ['1 in 5', "argument of type 'int' is not iterable"],
    ["1 in 'abc'", "'in <string>' requires string as left operand, not int"],
    ['(1,2) issuperset 1', "'int' object is not iterable"],
  ])('%s: %s', (text, message) => {
    expect(evaluateBoolRule(text, null)).toEqual({ ok: false, message })
  })
})

const OPERATOR = 'an operator (== != <= < >= > in notin issuperset notissuperset)'

describe('what does not parse', () => {
  test.each([
    ['', 0, 'expected a value, found the end (at char 0)'],
    ['* ', 0, 'expected a value, found `* ` (at char 0)'],
    ['1', 1, `expected ${OPERATOR}, found the end (at char 1)`],
    ['trueish == 1', 4, `expected ${OPERATOR}, found \`ish == 1\` (at char 4)`],
    ['true.x == 1', 4, `expected ${OPERATOR}, found \`.x == 1\` (at char 4)`],
    ['1 = 1', 2, `expected ${OPERATOR}, found \`= 1\` (at char 2)`],
    ['1 AND 2', 2, `expected ${OPERATOR}, found \`AND 2\` (at char 2)`],
    ['not 1 == 1', 4, `expected ${OPERATOR}, found \`1 == 1\` (at char 4)`],
    ['1==1and 2==2', 4, 'expected `and`, `or` or the end, found `and 2==2` (at char 4)'],
    ['1 == 1 and', 10, 'expected a value, found the end (at char 10)'],
    ['1 == 1 or or 2 == 2', 13, `expected ${OPERATOR}, found \`2 == 2\` (at char 13)`],
    ['1 == 1 && 2 == 2', 7, 'expected `and`, `or` or the end, found `&& 2 == 2` (at char 7)'],
    ['a==b==c', 4, 'expected `and`, `or` or the end, found `==c` (at char 4)'],
    ['(1 == 1', 7, 'expected `and`, `or` or the end, found the end (at char 7)'],
    ['1 == 1)', 6, 'expected `and`, `or` or the end, found `)` (at char 6)'],
    ['(1,) == 1', 3, 'expected a value, found `) == 1` (at char 3)'],
    ['() == 1', 1, 'expected a value, found `) == 1` (at char 1)'],
    ['--1 == 1', 0, 'expected a value, found `--1 == 1` (at char 0)'],
    ['__a == 1', 0, 'expected a value, found `__a == 1` (at char 0)'],
    ['中 == 中', 0, 'expected a value, found `中 == 中` (at char 0)'],
    ["'a\nb' == 'a'", 0, "expected a value, found `'a\nb' == 'a'` (at char 0)"],
    ['1e5 == 1', 0, "invalid literal for int() with base 10: '1E5'"],
  ])('%j: at %i, %s', (text, at, message) => {
    expect(checkBoolRule(text)).toEqual({ ok: false, at, message, certain: true })
    expect(evaluateBoolRule(text, null)).toEqual({ ok: false, message })
  })

  test('a piece ${...} counts as a name before it is rendered, and what fails then is not certain', () => {
    expect(checkBoolRule('${a} == 1 and ${_system.x} in (${int(b) + 1}, 2)')).toEqual({ ok: true })
    expect(checkBoolRule('*')).toEqual({ ok: true })
    expect(checkBoolRule('1 ${op} 2')).toMatchObject({ ok: false, at: 2, certain: false })
    expect(checkBoolRule('${name} == 1 = 2')).toMatchObject({ ok: false, at: 13, certain: false })
  })
})

describe('bounds', () => {
  test('a condition is at most 65,536 characters long', () => {
    const longest = `'${'x'.repeat(BOOL_RULE_TEXT_MAX - 6)}'== x`
    expect(valueOf(longest)).toBe(false)
    expect(valueOf(`${longest} `)).toBe('expected at most 65536 characters, found 65537')
  })

  test('parentheses nest 64 deep at most', () => {
    const nested = (depth: number): string => `${'('.repeat(depth)}1 == 1${')'.repeat(depth)}`
    expect(valueOf(nested(64))).toBe(true)
    expect(valueOf(nested(65))).toBe('a condition nests at most 64 deep')
    expect(valueOf('('.repeat(60_000))).toBe('a condition nests at most 64 deep')
  })

  test.each([
    ['a chain', Array.from({ length: 5_000 }, () => '1 == 1').join(' and '), true],
    ['a long list', `1 in (${Array.from({ length: 10_000 }, () => '2').join(',')})`, false],
    ['quotes without end', "'".repeat(60_001), `expected ${OPERATOR}, found \`''''''''''''''''''''\` (at char 2)`],
    ['spaces', ' '.repeat(65_000), 'expected a value, found the end (at char 65000)'],
    ['digits', '1'.repeat(65_000), `invalid literal for int() with base 10: '${'1'.repeat(100)}'`],
    ['tabs', `${'\t'.repeat(65_000)}1 == 1`, true],
  ])('%s of the longest size costs what its size costs', (_, text, value) => {
    expect(valueOf(text)).toBe(value)
  })

  test('a context is not looked at without end', () => {
    const list = Array.from({ length: 1_000 }, (_, at) => at)
    const rule = Array.from({ length: 600 }, () => "'x' in list").join(' or ')
    expect(valueOf(rule, { list })).toBe('the expression costs too much')
  })
})

const operand = fc.constantFrom('1', '1.5', "'a'", '"b"', 'a', '${x}', 'true', "(1, 'a')", '(a)', '(')
const operator = fc.constantFrom('==', '>', ' in ', ' notin ', ' issuperset ', '=', ' ')
const comparison = fc.tuple(operand, operator, operand).map((pieces) => pieces.join(''))
const joint = fc.constantFrom(' and ', ' or ', ') and (', ' ')

test('reading and evaluating never throw, whatever the text and the context', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.tuple(comparison, joint, comparison).map((pieces) => pieces.join('')),
    comparison,
  )
  const contexts = fc.option(fc.dictionary(fc.constantFrom('a', '${x}', 'b'), fc.jsonValue({ maxDepth: 2 })))
  let values = 0
  fc.assert(
    fc.property(texts, contexts, (text, context) => {
      const result = evaluateBoolRule(text, context as Context | null)
      if (result.ok) values += 1
      const check = checkBoolRule(text)
      if (!check.ok) expect(check.at).toBeLessThanOrEqual(text.length * 8)
    }),
    { numRuns: 500 },
  )
  expect(values).toBeGreaterThan(5)
})
