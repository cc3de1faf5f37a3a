import { describe, expect, test } from 'vitest'
import { approval } from './approval/spec.ts'
import { stepSpecs } from './index.ts'
import { noop } from './noop/spec.ts'
import { stepRuns } from './runs.ts'
import { sleep } from './sleep/spec.ts'
import { CannotStart, count, parseWith, wholeNumber } from './step.ts'

describe('the written lists', () => {
  test('every type has its own word and a sentence', () => {
    const types = stepSpecs.map(({ type }) => type)
    expect(new Set(types).size).toBe(types.length)
    for (const { type, summary } of stepSpecs) {
      expect(type).toMatch(/^[a-z][a-z0-9-]*$/)
      expect(summary).toMatch(/^[A-Z].*\.$/)
    }
  })

  test('what is runner work, and nothing else, can be loaded by a runner', async () => {
    const inputs: Readonly<Record<string, object>> = {
      script: { script: 'make' },
      git: { url: '/srv/web' },
      http: { url: 'https://example.com/' },
      sleep: { duration: '5m' },
      distribute: { files: 'dist', directory: { path: 'web' } },
      deploy: { command: { run: ['true'] } },
      notify: { url: 'https://example.com/' },
      test: { script: 'make test', reports: 'junit.xml' },
      package: { name: 'web.tar.gz', files: 'dist' },
      image: { image: 'shop/web' },
      publish: { channel: 'images' },
      run: { pipeline: 'deploy' },
      gateway: { kind: 'parallel' },
    }
    const works = stepSpecs.map((spec) => [spec.type, spec.work(spec.schema.parse(inputs[spec.type] ?? {}))] as const)
    const runnerTypes = works.filter(([, { kind }]) => kind === 'runner').map(([type]) => type)
    expect(runnerTypes.toSorted()).toEqual(Object.keys(stepRuns).toSorted())
    for (const load of Object.values(stepRuns)) expect(typeof (await load()).run).toBe('function')
  })

  test('every schema can be shown to an editor, and unknown fields are errors', () => {
    for (const { type, schema, shorthand, verbatim } of stepSpecs) {
      const json = schema.toJSONSchema({ io: 'input' })
      expect(json, type).toMatchObject({ type: 'object', additionalProperties: false })
      for (const field of [...(verbatim ?? []), ...(shorthand === undefined ? [] : [shorthand])]) {
        expect(Object.keys(json.properties ?? {})).toContain(field)
      }
    }
  })
})

describe('sleep', () => {
  test.each([
    [90, 90_000],
    ['90', 90_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['${{ params.wait }}', '${{ params.wait }}'],
  ])('%j is %j', (given, duration) => {
    expect(sleep.work(sleep.schema.parse({ duration: given }))).toEqual({ kind: 'sleep', duration })
  })

  test.each([0, -1, 'soon', '', '367d', null, undefined, true])('%j is no duration', (duration) => {
    expect(sleep.schema.safeParse({ duration }).success).toBe(false)
  })
})

describe('approval', () => {
  test('anyone may decide, once is enough and it waits for ever, when nothing else is said', () => {
    expect(approval.work(approval.schema.parse({}))).toEqual({
      kind: 'review',
      reviewers: [],
      required: 1,
      expireMs: null,
      question: '',
    })
  })

  test('says who, how many, how long and what', () => {
    const input = { reviewers: ['li', 'chen'], required: 'all', expire: '2d', question: 'Ship ${{ run.number }}?' }
    expect(approval.work(approval.schema.parse(input))).toEqual({
      kind: 'review',
      reviewers: ['li', 'chen'],
      required: 'all',
      expireMs: 172_800_000,
      question: 'Ship ${{ run.number }}?',
    })
  })

  test.each([
    { reviewers: ['li', 'li'] },
    { reviewers: [''] },
    { reviewers: ['${{ params.who }}'] },
    { reviewers: ['li'], required: 2 },
    { required: 'all' },
    { required: 0 },
    { required: 1.5 },
    { expire: 0 },
    { expire: 'never' },
    { reviewer: ['li'] },
  ])('%j is wrong', (input) => {
    expect(approval.schema.safeParse(input).success).toBe(false)
  })

  test('a wrong number of approvals is told at its field', () => {
    const { error } = approval.schema.safeParse({ reviewers: ['li'], required: 2 })
    expect(error?.issues).toMatchObject([
      { path: ['required'], message: 'expected at most 1, as many as there are reviewers, found 2' },
    ])
  })
})

test('noop takes nothing', () => {
  expect(noop.work(noop.schema.parse({}))).toEqual({ kind: 'noop' })
  expect(noop.schema.safeParse({ x: 1 }).success).toBe(false)
})

describe('fields that a template may fill', () => {
  test.each([0, 5, '0', '5', '${{ x }}'])('%j is a count from 0 to 5', (value) => {
    expect(count(0, 5).safeParse(value).success).toBe(true)
  })

  test.each([-1, 6, 1.5, '6', '-1', 'x', '', ' 5', null, [1]])('%j is none', (value) => {
    const { error } = count(0, 5).safeParse(value)
    expect(error?.issues.map(({ message }) => message)).toEqual(['expected a whole number from 0 to 5'])
  })

  test('a template that was not rendered cannot start', () => {
    expect(wholeNumber('12')).toBe(12)
    expect(() => wholeNumber('${{ x }}')).toThrow(CannotStart)
  })

  test('rendered input that is wrong cannot start, and names every field', () => {
    const job = { with: { duration: 'soon', x: 1 } } as unknown as Parameters<typeof parseWith>[1]
    expect(() => parseWith(sleep, job)).toThrow(/with\.duration: expected a duration.*; with: Unrecognized key: "x"/)
  })
})
