import { describe, expect, test } from 'vitest'
import { stepSpecs } from '../steps/index.ts'
import { ERRORS_MAX, SYNTAX_ERRORS_MAX, TASKS_MAX, TEXT_MAX } from './limits.ts'
import { parseDefinition } from './parse-definition.ts'

function refusal(text: string): readonly string[] {
  const result = parseDefinition(text, 'f', stepSpecs)
  return result.ok ? [] : result.errors.map(({ message }) => message)
}

const noop = '{key: a, uses: noop}'
const small = `name: x\ntasks: [${noop}]\n`
const many = (count: number, item: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => item(at)).join('')

/** Milliseconds of the quickest of a few calls, the first of which warms the code up: the machine may be busy. */
function timeOf(work: () => void): number {
  const times = Array.from({ length: 6 }, () => {
    const begin = performance.now()
    work()
    return performance.now() - begin
  })
  return Math.min(...times)
}

describe('hostile texts are refused in less than 100 ms', () => {
  const tooDeep = ['expected at most 64 levels of nesting, found more']
  const bombs: readonly [string, string, readonly string[]][] = [
    [
      '10 MB',
      `name: ${'x'.repeat(10_000_000)}`,
      ['expected a text of at most 1048576 characters (8388608 of plain JSON), found 10000006'],
    ],
    ['10,000 lists in one another', '['.repeat(10_000), tooDeep],
    ['10,000 closed lists in one another', '['.repeat(10_000) + ']'.repeat(10_000), tooDeep],
    ['10,000 mappings in one another', '{a: '.repeat(10_000), tooDeep],
    ['10,000 block lists in one another', '- '.repeat(10_000), tooDeep],
    ['10,000 explicit keys in one another', '? '.repeat(10_000), tooDeep],
    ['1,000 lines, each deeper than the last', many(1_000, (at) => `${' '.repeat(at)}a:\n`), tooDeep],
    [
      'a billion laughs',
      `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${many(9, (at) => `a${at + 1}: &a${at + 1} [${many(9, () => `*a${at}, `)}]\n`)}`,
      ['expected at most 400000 values, aliases followed, found more'],
    ],
    [
      'aliases of aliases, 64 deep',
      `a0: &a0 [x]\n${many(100, (at) => `a${at + 1}: &a${at + 1} [*a${at}]\n`)}`,
      ['expected at most 64 levels of nesting, found more'],
    ],
  ]
  test.each(bombs)('%s', (_, text, messages) => {
    expect(refusal(text)).toEqual(expect.arrayContaining([...messages]))
    expect(timeOf(() => refusal(text))).toBeLessThan(100)
  })
})

describe('floods are cut short', () => {
  test.each<[string, string, string]>([
    ['commas', `[${','.repeat(TEXT_MAX - 2)}]`, 'expected at most 700000 YAML tokens, found more'],
    ['documents', '---\n'.repeat(TEXT_MAX / 4), 'expected one document, found a second'],
    ['directives', '%A\n'.repeat(TEXT_MAX / 4), 'expected no % directives: definitions are YAML 1.2'],
    ['tags', '!a '.repeat(10_000), 'A node can have at most one tag'],
    ['anchors in lists', '- &'.repeat(60), 'A node can have at most one anchor'],
    ['commas in a list', `[${','.repeat(10_000)}]`, 'Unexpected , in flow sequence'],
    ['brackets', ']'.repeat(TEXT_MAX), 'expected a key or a value, found "]"'],
  ])('%s', (_, text, message) => {
    const found = refusal(text)
    expect(found).toContain(message)
    expect(found.length).toBeLessThanOrEqual(SYNTAX_ERRORS_MAX)
  })

  test('of very many errors the first are listed and all are counted', () => {
    const messages = refusal(
      `${small}env: {${many(2_500, (at) => `A-${at}: 1, `)}}\ndescription: {${many(10, () => 'a: 1, ')}}`,
    )
    expect(messages.length).toBeLessThan(ERRORS_MAX)
    const aliases = refusal(`a: [${many(2_500, () => '*a, ')}]`)
    expect(aliases).toHaveLength(ERRORS_MAX)
    expect(aliases.at(-1)).toBe('2503 errors were found; these are the first 999')
  })
})

describe('how much there may be', () => {
  const withTasks = (tasks: string): string => `name: x\ntasks: [${tasks}]`
  const sized = (name: string, count: number, item: (at: number) => string, brackets: string): string =>
    `${small}${name}: ${brackets[0]}${many(count, (at) => `${item(at)}, `)}${brackets[1]}\n`
  test.each<[string, (count: number) => string, number, string]>([
    [
      'characters',
      (count) => small + '#'.repeat(count - small.length),
      TEXT_MAX,
      `expected a text of at most ${TEXT_MAX} characters (8388608 of plain JSON), found 1048577`,
    ],
    [
      'levels',
      (count) => `${small}env: ${'['.repeat(count - 1)}${']'.repeat(count - 1)}`,
      64,
      'expected at most 64 levels of nesting, found more',
    ],
    [
      'stages',
      (count) => `name: x\nstages: [&s {key: s, tasks: [{key: t, uses: noop}]}, ${'*s, '.repeat(count - 1)}]`,
      1_000,
      'expected 1 to 1000 items, found 1001',
    ],
    [
      'needs',
      (count) =>
        withTasks(
          `{key: a, uses: noop, needs: [${many(count, (at) => `t${at}, `)}]}, ${many(count, (at) => `{key: t${at}, uses: noop}, `)}`,
        ),
      1_000,
      'expected at most 1000 items, found 1001',
    ],
    [
      'params',
      (count) => sized('params', count, (at) => `p${at}: 1`, '{}'),
      200,
      'expected at most 200 entries, found 201',
    ],
    [
      'options',
      (count) => `${small}params: {a: {options: [${many(count, (at) => `${at}, `)}]}}`,
      200,
      'expected 1 to 200 items, found 201',
    ],
    [
      'variables',
      (count) => sized('env', count, (at) => `A${at}: 1`, '{}'),
      200,
      'expected at most 200 entries, found 201',
    ],
    [
      'annotations',
      (count) => sized('annotations', count, (at) => `a${at}: 1`, '{}'),
      100,
      'expected at most 100 entries, found 101',
    ],
    [
      'triggers',
      (count) => sized('triggers', count, (at) => `{webhook: w${at}}`, '[]'),
      20,
      'expected 1 to 20 items, found 21',
    ],
    [
      'labels',
      (count) => withTasks(`{key: a, uses: noop, runs_on: [${many(count, (at) => `l${at}, `)}]}`),
      20,
      'expected at most 20 items, found 21',
    ],
    [
      'characters of a name',
      (count) => `name: ${'x'.repeat(count)}\ntasks: [${noop}]`,
      128,
      'expected a name of 1 to 128 characters, found 129 characters',
    ],
    [
      'characters of a key',
      (count) => withTasks(`{key: ${'x'.repeat(count)}, uses: noop}`),
      64,
      'expected a key of letters, digits, _ and -, at most 64 characters, found 65 characters',
    ],
    [
      'characters of a description',
      (count) => `${small}description: ${'x'.repeat(count)}`,
      4_096,
      'expected text of at most 4096 characters, found 4097 characters',
    ],
    [
      'characters of a variable',
      (count) => `${small}env: {A: ${'x'.repeat(count)}}`,
      32_768,
      'expected text of at most 32768 characters, found 32769 characters',
    ],
    [
      'characters of an annotation',
      (count) => `${small}annotations: {a: ${'x'.repeat(count)}}`,
      262_144,
      'expected text of at most 262144 characters, found 262145 characters',
    ],
    [
      'characters of a default',
      (count) => `${small}params: {a: ${'x'.repeat(count)}}`,
      8_192,
      'expected at most 8192 characters, found 8193',
    ],
    [
      'characters of a condition',
      (count) => withTasks(`{key: a, uses: noop, when: "'${'x'.repeat(count - 2)}'"}`),
      4_096,
      'expected an expression of at most 4096 characters, found 4097',
    ],
    [
      'pieces of a template',
      (count) => `${small}env: {A: "${'${{ 1 }}'.repeat(count)}"}`,
      100,
      'expected at most 100 pieces ${{ ... }} in one text',
    ],
  ])('%s', (_, text, max, message) => {
    expect(refusal(text(max)).filter((found) => found === message || /at most|1 to/.test(found))).toEqual([])
    expect(refusal(text(max + 1))).toContain(message)
  })

  test('20,000 tasks, in one stage or in all', () => {
    const tasks = (count: number): string => `[${'*a, '.repeat(count)}]`
    const head = `name: x\nparams: &a {}\n`
    expect(refusal(`${head}tasks: ${tasks(TASKS_MAX + 1)}`)).toEqual(['expected 1 to 20000 items, found 20001'])
    const stages = `stages: [{key: a, tasks: ${tasks(10_000)}}, {key: b, tasks: ${tasks(10_001)}}]`
    expect(refusal(head + stages)).toEqual(['expected at most 20000 tasks in all, found 20001'])
  })
})
