import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { presentFailure } from '../src/http/native/present.ts'
import { failureStatus, type Failure, type FailureKind } from '../src/model/failure.ts'
import type { JsonObject } from '../src/model/json.ts'
import { stepRuns } from '../src/steps/runs.ts'
import { TestRunner } from './support/attempts.ts'

/** A sentence for people: it begins in the middle of one, and has no full stop. */
const SENTENCE = /^[^\s.].*[^\s.]$/s

function expectWhole(failure: Failure): void {
  const { kind, status, message, hint } = presentFailure(failure)
  expect([kind, status]).toEqual([failure.kind, failureStatus[failure.kind]])
  expect(message).toMatch(SENTENCE)
  expect(hint).toMatch(SENTENCE)
  expect(hint).not.toBe(message)
  expect(`${message} ${hint}`).not.toMatch(/undefined|\[object|NaN/)
}

/** One of each kind: a new kind does not compile here without one. */
const KINDS = {
  'exit-code': { code: 3 },
  signal: { signal: 'SIGSEGV' },
  'out-of-memory': { limitBytes: null },
  'output-limit': { reason: 'the log passed its limit of 5 bytes' },
  'said-no': { reason: 'the answer has status 500' },
  rejected: { by: 'li', comment: '' },
  forced: { by: 'li', reason: '' },
  'no-branch': { reason: 'no condition holds' },
  'many-branches': { names: ['a', 'b'] },
  condition: { reason: 'a condition cannot be read' },
  'loop-limit': { limit: 3 },
  'cannot-start': { reason: 'there is no directory "x"' },
  'missing-tool': { tool: 'git' },
  'disk-full': { what: 'the workspace has no room left' },
  unauthorized: { reason: 'the server refused the token' },
  lost: { reason: 'its runner was stopped' },
  internal: { reason: 'a defect' },
  timeout: { afterMs: 60_000 },
  'not-started': { afterMs: 60_000 },
  expired: { afterMs: 60_000 },
} as const satisfies { readonly [Kind in FailureKind]: Omit<Extract<Failure, { kind: Kind }>, 'kind'> }

test.each(Object.entries(KINDS))('a failure of kind %s has a sentence and a hint', (kind, fields) => {
  expectWhole({ kind, ...fields } as Failure)
})

test.each([1, 126, 127, 128, 130, 134, 137, 139, 141, 143, 255])('exit code %d has a hint', (code) => {
  expectWhole({ kind: 'exit-code', code })
})
test.each(['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGABRT', 'SIGXFSZ', 'SIGXCPU', 'SIGUSR1'])('%s has a hint', (signal) => {
  expectWhole({ kind: 'signal', signal })
})

/** How the steps that runners do fail, made to happen: work that says no, input that cannot be, what is not there. */
const FAILING: Readonly<Record<string, readonly (readonly [JsonObject, FailureKind])[]>> = {
  script: [
    [{ script: 'exit 3' }, 'exit-code'],
    [{ script: 'kill -SEGV $$' }, 'signal'],
    [{ script: '#!/no/such\n' }, 'missing-tool'],
    [{ script: 'true', cwd: 'nowhere' }, 'cannot-start'],
    [{ script: 'echo =x >"$MILLRACE_OUTPUT"' }, 'said-no'],
  ],
  git: [
    [{ url: '/nothing/there' }, 'cannot-start'],
    [{ url: 'https://127.0.0.1:1/x', ref: 'a..b' }, 'cannot-start'],
  ],
  check: [
    [{ path: 'nowhere' }, 'cannot-start'],
    [{ command: ['true'], sarif: 'none.sarif' }, 'said-no'],
    [{ command: ['false'], sarif: 'none.sarif' }, 'exit-code'],
    [{ command: ['no-such-linter'], sarif: 'none.sarif' }, 'missing-tool'],
  ],
  test: [
    [{ script: 'true', reports: 'none.xml' }, 'said-no'],
    [{ script: 'exit 4', reports: 'none.xml' }, 'exit-code'],
    [{ command: ['no-such-tests'], reports: 'none.xml' }, 'missing-tool'],
    [{ script: 'true', reports: 'broken.xml' }, 'said-no'],
  ],
  package: [
    [{ name: 'a.tar.gz', files: ['none'] }, 'said-no'],
    [{ name: 'a/b.tar.gz', files: ['file'] }, 'cannot-start'],
  ],
  image: [
    // A runner without a builder; what those say is in steps/image.
    [{ image: 'shop/web', tag: 'v1' }, 'missing-tool'],
    [{ image: 'shop/web', tag: '-' }, 'cannot-start'],
  ],
  notify: [
    [{ url: 'http://10.0.0.1/' }, 'cannot-start'],
    [{ email: { server: '10.0.0.1', from: 'a@b', to: 'c@d', subject: 's', text: 't' } }, 'cannot-start'],
  ],
  deploy: [
    [{ command: { run: ['false'] } }, 'exit-code'],
    [{ command: { run: ['no-such-program'] } }, 'missing-tool'],
    [{ http: { request: { url: 'http://10.0.0.1/' } } }, 'cannot-start'],
    [{ compose: { project: 'UPPER' } }, 'cannot-start'],
    [{ kubernetes: { manifests: ['none.yaml'] } }, 'said-no'],
  ],
  distribute: [
    [{ files: 'none', directory: { path: 'x' } }, 'said-no'],
    [{ files: 'file', directory: { path: '/etc' } }, 'cannot-start'],
    [{ files: 'file', http: { url: 'http://10.0.0.1/' } }, 'cannot-start'],
    [{ files: 'file', http: { url: 'http://10.0.0.1/', token: 'NOT_GIVEN' } }, 'cannot-start'],
  ],
  http: [
    [{ url: 'http://10.0.0.1/' }, 'cannot-start'],
    [{ url: 'not-an-address' }, 'cannot-start'],
  ],
  'no-such-step': [[{}, 'cannot-start']],
}

describe('steps', () => {
  let directory: string
  let runner: TestRunner
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-failures-'))
    runner = await TestRunner.open({ slots: 1, directory })
    mkdirSync(runner.paths.workspace(runner.runId), { recursive: true })
    writeFileSync(join(runner.paths.workspace(runner.runId), 'file'), 'x')
    writeFileSync(join(runner.paths.workspace(runner.runId), 'broken.xml'), '<testsuite')
  })
  afterAll(async () => {
    await runner.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test('that runners do are all in the table', () => {
    expect(Object.keys(FAILING).toSorted()).toEqual([...Object.keys(stepRuns), 'no-such-step'].toSorted())
  })

  test.each(
    Object.entries(FAILING).flatMap(([uses, rows]) => rows.map(([input, kind]) => [uses, input, kind] as const)),
  )('%s with %j fails with a sentence and a hint', async (uses, input, kind) => {
    const { result, log } = await runner.run(uses, input)
    if (result.kind !== 'failed') throw new Error(`expected it to fail, found ${result.kind}: ${log}`)
    expect(result.failure.kind, JSON.stringify(result.failure)).toBe(kind)
    expectWhole(result.failure)
  })
})
