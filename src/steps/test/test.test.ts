import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { asId, type RunId } from '../../model/id.ts'
import type { Job } from '../../model/job.ts'
import type { JsonObject } from '../../model/json.ts'
import type { TestsReport } from '../../model/test-report.ts'

let runner: TestRunner
beforeAll(async () => {
  runner = await TestRunner.open()
})
afterAll(() => runner.close())

let runs = 0

/** A run with a workspace of its own. */
function run(files: Readonly<Record<string, string>> = {}) {
  runs += 1
  const runId = asId<RunId>(runs.toString(16).padStart(32, '0'))
  const workspace = runner.paths.workspace(runId)
  const put = (name: string, text: string): string => {
    const path = join(workspace, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }
  for (const [name, text] of Object.entries(files)) put(name, text)
  mkdirSync(workspace, { recursive: true })
  const start = (input: JsonObject, more: Partial<Job> = {}) => runner.start('test', input, { runId, ...more })
  return {
    put,
    start,
    /** How it ended, what its log says and what it has kept. */
    end: async (input: JsonObject, more: Partial<Job> = {}) => {
      const attempt = start(input, more)
      const { result } = await attempt.ended
      const path = runner.paths.report(attempt.job, 'tests')
      const report = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as TestsReport) : undefined
      return { result, log: attempt.log(), report }
    },
  }
}

const cases = (passed: number, failed: number, skipped = 0): string =>
  `<testsuite name="s">${'<testcase name="p"/>'.repeat(passed)}${'<testcase name="f"><failure message="no"/></testcase>'.repeat(failed)}${'<testcase name="k"><skipped/></testcase>'.repeat(skipped)}</testsuite>`

describe('real tests', () => {
  test('node --test runs, its failures are told with their messages, and its exit code says nothing more', async () => {
    const { end } = run({
      'web/a.test.mjs':
        "import test from 'node:test'\nimport assert from 'node:assert'\ntest('adds', () => assert.equal(2, 2))\ntest('fails', () => assert.equal(1, 2, 'one is not two'))\n",
    })
    const { result, report } = await end(
      {
        script: '"$NODE" --test --test-reporter=junit --test-reporter-destination=out/junit.xml',
        path: 'web',
        reports: 'out/*.xml',
      },
      { env: { NODE: process.execPath } },
    )
    expect([result.kind, report]).toEqual(['failed', undefined])
    const again = await end(
      {
        script: 'mkdir -p out; "$NODE" --test --test-reporter=junit --test-reporter-destination=out/junit.xml',
        path: 'web',
        reports: 'out/*.xml',
      },
      { env: { NODE: process.execPath } },
    )
    expect(again.result).toEqual({
      kind: 'failed',
      failure: { kind: 'said-no', reason: '1 of 2 tests failed' },
      outputs: { tests: 2, passed: 1, failed: 1, errored: 0, skipped: 0, pass_rate: 50 },
    })
    expect(again.log).toContain('failed: fails: one is not two\n')
    expect(again.log).toContain('2 tests in 1 reports: 1 passed, 1 failed, 0 errored, 0 skipped\n')
    expect(again.report?.cases[0]).toMatchObject({ name: 'fails', file: 'web/a.test.mjs' })
  })
})

describe('the threshold', () => {
  test.each([
    [cases(2, 0), {}, 'succeeded'],
    [cases(8, 2), {}, '2 of 10 tests failed'],
    [cases(8, 2), { allow_failures: 2 }, 'succeeded'],
    [cases(8, 2), { allow_failures: '1' }, '2 of 10 tests failed, and 1 may fail'],
    [cases(8, 2, 90), { min_pass_rate: 80 }, 'succeeded'],
    [cases(8, 2), { min_pass_rate: '80.5' }, '80 % of the tests passed, expected 80.5 %'],
    [cases(8, 2), { min_pass_rate: 50, allow_failures: 1 }, '2 of 10 tests failed, and 1 may fail'],
    [cases(0, 0, 3), {}, 'succeeded'],
    [cases(0, 0), {}, 'expected at least 1 tests, found 0'],
    [cases(0, 0), { min_tests: 0 }, 'succeeded'],
    [cases(5, 0), { min_tests: 6 }, 'expected at least 6 tests, found 5'],
  ])('%#: %s', async (xml, input, expected) => {
    const { result } = await run({ 'r.xml': xml }).end({ reports: 'r.xml', ...input })
    expect(result.kind === 'failed' && result.failure.kind === 'said-no' ? result.failure.reason : result.kind).toBe(
      expected,
    )
  })

  test('a bad exit code without a failure is a failure, with one that may be it is not', async () => {
    const green = await run().end({ script: `echo '${cases(1, 0)}' > r.xml; exit 3`, reports: 'r.xml' })
    expect(green.result).toMatchObject({
      kind: 'failed',
      failure: { kind: 'exit-code', code: 3 },
      outputs: { passed: 1 },
    })
    const red = await run().end({
      script: `echo '${cases(1, 1)}' > r.xml; exit 1`,
      reports: 'r.xml',
      allow_failures: 1,
    })
    expect(red.result).toMatchObject({ kind: 'succeeded', outputs: { failed: 1, pass_rate: 50 } })
  })

  test('without a report the exit code tells, and success without one is none', async () => {
    const broken = await run().end({ command: ['sh', '-c', 'exit 4'], reports: 'r.xml' })
    expect(broken.result).toMatchObject({ kind: 'failed', failure: { kind: 'exit-code', code: 4 } })
    const silent = await run().end({ command: ['true'], reports: ['a.xml', 'b/*.xml'] })
    expect(silent.result).toMatchObject({ failure: { kind: 'said-no', reason: 'no report is like a.xml, b/*.xml' } })
    const missing = await run().end({ command: ['no-such-tool'], reports: 'r.xml' })
    expect(missing.result).toMatchObject({
      failure: { kind: 'missing-tool', tool: 'no-such-tool' },
    })
  })
})

describe('reports', () => {
  test('of many files come together, worst first', async () => {
    const { result, report } = await run({
      'a/TEST-1.xml': cases(2, 0),
      'a/b/TEST-2.xml': cases(0, 1),
      'a/c.txt': 'x',
    }).end({
      reports: 'a/**/TEST-*.xml',
      allow_failures: 1,
    })
    expect(result).toMatchObject({ kind: 'succeeded', outputs: { tests: 3 } })
    expect(report?.files).toEqual(['a/TEST-1.xml', 'a/b/TEST-2.xml'])
    expect(report?.cases.map(({ status }) => status)).toEqual(['failed', 'passed', 'passed'])
  })

  test('that were there before are not what this run of the tests said', async () => {
    const { end } = run({ 'old.xml': cases(0, 9), 'again.xml': cases(0, 9) })
    const { result, log } = await end({ script: `echo '${cases(3, 0)}' > again.xml`, reports: '*.xml' })
    expect(result).toMatchObject({ kind: 'succeeded', outputs: { tests: 3 } })
    expect(log).toContain('1 reports were there before and have not changed: left out\n')
  })

  test('more cases than are kept are counted', async () => {
    const { result, report } = await run({ 'r.xml': cases(30_000, 1) }).end({ reports: 'r.xml', allow_failures: 1 })
    expect(result).toMatchObject({ kind: 'succeeded', outputs: { tests: 30_001 } })
    expect(report?.cases).toHaveLength(10_000)
    expect(report?.cases[0]?.status).toBe('failed')
  })
})

describe('what may not be', () => {
  test.each([
    ['../r.xml', /expected a path inside the workspace/],
    ['/etc/passwd', /expected a path inside the workspace/],
    ['pipe.xml', /pipe\.xml: it is not a regular file/],
    ['link.xml', /link\.xml: it is not a regular file/],
    ['out/*.xml', /no report is like/],
    ['laughs.xml', /laughs\.xml: it has a document type/],
    ['giant.xml', /giant\.xml: it has more than 33554432 bytes/],
    ['cut.xml', /cut\.xml: it is not well-formed/],
  ])('%s', async (reports, reason) => {
    const { put, end } = run({
      'laughs.xml': '<!DOCTYPE a [<!ENTITY b "b">]><testsuite>&b;</testsuite>',
      'cut.xml': '<testsuite><testcase name="a">',
    })
    truncateSync(put('giant.xml', ''), 33_554_433)
    const directory = dirname(put('x', ''))
    execFileSync('mkfifo', [join(directory, 'pipe.xml')])
    symlinkSync('/etc/passwd', join(directory, 'link.xml'))
    symlinkSync(runner.directory, join(directory, 'out'))
    writeFileSync(join(runner.directory, 'secret.xml'), cases(1, 0))
    const { result } = await end({ reports })
    const failure = result.kind === 'failed' ? result.failure : undefined
    expect(failure?.kind === 'said-no' || failure?.kind === 'cannot-start' ? failure.reason : '').toMatch(reason)
  })

  test('a file that would fill the memory fails the task, and the runner goes on', async () => {
    const { end } = run({ 'r.xml': `<testsuite ${'a="" '.repeat(5_000_000)}/>` })
    const { result } = await end({ reports: 'r.xml' })
    const failure = result.kind === 'failed' ? result.failure : undefined
    expect(failure?.kind === 'said-no' ? failure.reason : '').toContain('more than 256 MiB of memory')
    expect((await run({ 'r.xml': cases(1, 0) }).end({ reports: 'r.xml' })).result.kind).toBe('succeeded')
  }, 180_000)

  test('a cancel ends it', async () => {
    const attempt = run().start({ script: 'echo ready; sleep 1000', reports: 'r.xml' })
    await attempt.says('ready')
    attempt.cancel()
    expect((await attempt.ended).result).toEqual({ kind: 'cancelled' })
  })
})
