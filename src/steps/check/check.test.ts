import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import type { FindingsReport } from '../../model/finding.ts'
import { asId, type RunId } from '../../model/id.ts'
import type { JsonObject } from '../../model/json.ts'
import { LINT_RULES } from './rules.ts'
import { check } from './spec.ts'

let runner: TestRunner
beforeAll(async () => {
  runner = await TestRunner.open()
})
afterAll(() => runner.close())

let runId: RunId
let runs = 0
beforeEach(() => {
  runs += 1
  runId = asId(`0193a1b2c3d4e5f60718293b${runs.toString(16).padStart(8, '0')}`)
})

const put = (files: Readonly<Record<string, string | Uint8Array>>): void => {
  for (const [path, content] of Object.entries(files)) {
    const file = join(runner.paths.workspace(runId), path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
}
const go = async (input: JsonObject, more = {}) => {
  mkdirSync(runner.paths.workspace(runId), { recursive: true })
  const attempt = runner.start('check', { path: '.', fail_on: 'none', ...input }, { runId, ...more })
  const { result } = await attempt.ended
  const kept = (): FindingsReport => JSON.parse(readFileSync(runner.paths.report(attempt.job, 'findings'), 'utf8'))
  return { result, log: attempt.log(), kept }
}
const sarif = (results: readonly object[], more: object = {}): string =>
  JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'other-lint' } }, results, ...more }] })
const result = (changes: object = {}) => ({
  ruleId: 'r1',
  level: 'error',
  message: { text: 'no' },
  locations: [{ physicalLocation: { artifactLocation: { uri: 'a.txt' }, region: { startLine: 2 } } }],
  ...changes,
})

describe('the built-in linter', () => {
  const bad: Readonly<Record<(typeof LINT_RULES)[number]['id'], readonly [string, string | Uint8Array]>> = {
    'conflict-marker': ['a.txt', 'a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> topic\n'],
    'private-key': ['deploy/key.pem', `-----BEGIN RSA ${'PRIVATE'} KEY-----\nabc\n`],
    'json-syntax': ['a.json', '{\n"a": 1,\n}\n'],
    'yaml-syntax': ['a.yaml', 'a:\n  - b\n c: d\n'],
    'javascript-syntax': ['a.js', 'const a = 1\nconst b =\n'],
    'shell-syntax': ['a.sh', '#!/bin/sh\nif true; then\necho a\n'],
    'not-utf8': ['a.md', new Uint8Array([0x61, 0xff, 0x0a])],
    'mixed-line-ends': ['a.css', 'a\r\nb\n'],
    'large-file': ['dump.sql', 'insert into a;\n'.repeat(100_000)],
    'long-line': ['a.py', `a = ${'1'.repeat(300)}\n`],
    'trailing-space': ['a.rb', 'a = 1 \n'],
  }

  test.each(LINT_RULES.map(({ id, severity }) => [id, severity] as const))(
    'finds what breaks %s',
    async (id, severity) => {
      const [file, content] = bad[id]
      put({ [file]: content })
      const { result: ended, kept } = await go({})
      expect(ended).toMatchObject({ kind: 'succeeded' })
      const { findings, counts, tools } = kept()
      expect(findings.map(({ ruleId }) => ruleId)).toContain(id)
      expect(new Set(findings.map(({ ruleId }) => ruleId)).size).toBe(1)
      expect(findings[0]).toMatchObject({ severity, file, fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/) })
      expect(counts[severity]).toBe(findings.length)
      expect(tools).toEqual(['millrace-lint'])
    },
  )

  test('finds nothing in what is well', async () => {
    put({
      'a.json': '{"a": 1}\n',
      'tsconfig.json': '{ // with a comment\n}\n',
      'a.yaml': 'a: &x 1\n---\nb: *x\n',
      'chart.yaml': '{{ if .Values.a }}\na: b: c\n{{ end }}\n',
      'script.js': '#!/usr/bin/env node\nconst a = require("a")\nreturn a\n',
      'module.js': 'import a from "a"\nexport default await a()\n',
      'module.mjs': 'export const a = 1\n',
      'a.sh': '#!/usr/bin/env python\nif True: print(1)\n',
      'b.sh': '#!/bin/bash\n[[ -n $A ]] && diff <(ls) <(ls)\n',
      'read.md': 'two spaces break a line  \n',
      'logo.png': new Uint8Array([0x89, 0x50, 0, 1, 2]),
      'node_modules/a/a.js': 'const = \n',
      'a.min.js': `var a=${'1'.repeat(400)} `,
    })
    symlinkSync('/etc/passwd', join(runner.paths.workspace(runId), 'link.json'))
    const { kept, result: ended } = await go({})
    expect(kept().findings).toEqual([])
    expect(ended).toEqual({
      kind: 'succeeded',
      outputs: { findings: 0, fatal: 0, serious: 0, normal: 0, hint: 0 },
    })
  })

  test('tells the line, counts lines, and shows what it found in the log', async () => {
    put({ 'src/a.json': '{\n"a": 1,\n}\n', 'src/b.sh': '# a comment\n\necho b  \n' })
    const { log, kept } = await go({ path: 'src' })
    expect(kept().findings).toMatchObject([
      { file: 'a.json', line: 3, ruleId: 'json-syntax', snippet: '}' },
      { file: 'b.sh', line: 3, ruleId: 'trailing-space', snippet: 'echo b  ' },
    ])
    expect(kept().files).toEqual(['a.json', 'b.sh'])
    expect(log).toContain('a.json:3: serious [json-syntax]')
    expect(log).toContain('millrace-lint: 2 findings (0 fatal, 1 serious, 0 normal, 1 hint)')
    expect(kept().metrics).toEqual({
      files: 2,
      folders: 0,
      lines: 6,
      codeLines: 4,
      commentLines: 1,
      duplicatedFiles: 0,
      duplicatedLines: 0,
      duplicatedBlocks: 0,
    })
  })

  test('a finding keeps its name when lines above it come and go, and what stands twice has two', async () => {
    put({ 'a.rb': 'a = 1 \nb = 2 \nb = 2 \n' })
    const before = (await go({})).kept().findings
    put({ 'a.rb': '# more\n\na = 1 \nb = 2 \nb = 2 \n' })
    const after = (await go({})).kept().findings
    expect(after.map(({ line }) => line)).toEqual([3, 4, 5])
    expect(after.map(({ fingerprint }) => fingerprint)).toEqual(before.map(({ fingerprint }) => fingerprint))
    expect(new Set(after.map(({ fingerprint }) => fingerprint)).size).toBe(3)
  })

  test('applies the rules that it is told and leaves out what is excluded', async () => {
    const text = 'a = 1 \n'
    put({ 'a.rb': text, 'docs/b.rb': text, 'src/gen/c.rb': text, 'd.out.rb': text, 'e.json': '{' })
    const { kept } = await go({ rules: ['trailing-space'], exclude: ['docs', './src/gen/', '*.out.rb'] })
    expect(kept().findings.map(({ file }) => file)).toEqual(['a.rb'])
  })

  test('passes over what it cannot read, and says so', async () => {
    put({ 'a.rb': 'a = 1 \n' })
    const name = Buffer.concat([
      Buffer.from(join(runner.paths.workspace(runId), 'b')),
      Buffer.from([0xff, 0x2e, 0x72, 0x62]),
    ])
    writeFileSync(name, 'b = 1 \n')
    const { log, kept } = await go({})
    expect(kept().findings.map(({ file }) => file)).toEqual(['a.rb'])
    expect(log).toContain('Not every file was looked at')
  })

  test('copies are counted', async () => {
    const block = Array.from({ length: 20 }, (_, index) => `call(${index})\n`).join('')
    put({ 'a.py': block, 'b.py': block })
    expect((await go({})).kept().metrics).toMatchObject({
      duplicatedFiles: 2,
      duplicatedBlocks: 4,
      duplicatedLines: 40,
    })
  })

  test.each([
    ['none', 'succeeded'],
    ['fatal', 'succeeded'],
    ['serious', 'failed'],
    ['hint', 'failed'],
  ])('with fail_on %s a serious finding is %s, and its counts are outputs', async (failOn, kind) => {
    put({ 'a.json': '{' })
    const { result: ended } = await go({ fail_on: failOn })
    const outputs = { findings: 1, fatal: 0, serious: 1, normal: 0, hint: 0 }
    expect(ended).toMatchObject({ kind, outputs })
    if (ended.kind === 'failed') {
      expect(ended.failure).toEqual({ kind: 'said-no', reason: `found 1 serious, and fail_on is ${failOn}` })
    }
  })
})

describe('another tool', () => {
  const write = (text: string) => ['node', '-e', 'require("fs").writeFileSync("out.sarif", process.argv[1])', text]

  test('is run without a shell, and its report is read whatever its exit code', async () => {
    put({ 'src/a.txt': 'one\ntwo\n' })
    const script = 'require("fs").writeFileSync("out.sarif", process.argv[1]); process.exit(1)'
    const { kept, result: ended } = await go({
      path: 'src',
      command: ['node', '-e', script, sarif([result()]), '$(false)'],
      sarif: 'out.sarif',
    })
    expect(ended).toMatchObject({ kind: 'succeeded', outputs: { serious: 1 } })
    expect(kept()).toMatchObject({
      tools: ['other-lint'],
      findings: [{ ruleId: 'r1', severity: 'serious', file: 'a.txt', line: 2, message: 'no', snippet: 'two' }],
      metrics: null,
    })
  })

  test('may have spoken in a task before', async () => {
    put({ 'reports/lint.sarif': sarif([result(), result({ level: 'note' })]) })
    const { result: ended } = await go({ sarif: 'reports/lint.sarif' })
    expect(ended).toMatchObject({ outputs: { findings: 2, serious: 1, hint: 1 } })
  })

  test('what an earlier attempt left is not taken for its report', async () => {
    put({ 'out.sarif': sarif([result()]) })
    const { result: ended } = await go({ command: ['node', '-e', 'process.exit(2)'], sarif: 'out.sarif' })
    expect(ended).toEqual({ kind: 'failed', failure: { kind: 'exit-code', code: 2 }, outputs: null })
  })

  test.each([
    ['nothing', ['true'], 'there is no such file'],
    ['text', write('hello'), 'it is not JSON'],
    ['JSON of another kind', write('{"a":1}'), 'it has no runs'],
    ['another version', write('{"version":"1.0.0","runs":[]}'), 'its version is "1.0.0"'],
    ['a directory', ['mkdir', 'out.sarif'], 'it is not a regular file'],
    ['a link', ['ln', '-s', '/etc/passwd', 'out.sarif'], 'it is not a regular file'],
    ['a pipe', ['mkfifo', 'out.sarif'], 'it is not a regular file'],
    ['too much', ['truncate', '-s', '33M', 'out.sarif'], 'it has more than 33554432 bytes'],
  ])('that writes %s has failed', async (_, command, reason) => {
    const { result: ended } = await go({ command, sarif: 'out.sarif' })
    expect(ended).toMatchObject({
      kind: 'failed',
      failure: { kind: 'said-no', reason: expect.stringContaining(reason) },
    })
  })

  test('is stopped by a cancel', async () => {
    mkdirSync(runner.paths.workspace(runId), { recursive: true })
    const command = ['sh', '-c', 'echo ready; sleep 60']
    const attempt = runner.start('check', { path: '.', fail_on: 'none', command, sarif: 'x' }, { runId })
    await attempt.says('ready')
    attempt.cancel()
    expect((await attempt.ended).result).toEqual({ kind: 'cancelled' })
  })

  test.each([
    [{ path: '../..' }, 'there is no directory'],
    [{ path: '/etc' }, 'there is no directory'],
    [{ path: 'absent' }, 'there is no directory'],
    [{ sarif: '../../x.sarif' }, 'is not inside the workspace'],
    [{ sarif: 'link/x.sarif' }, 'is not inside the workspace'],
  ])('%j cannot start', async (input, reason) => {
    mkdirSync(runner.paths.workspace(runId), { recursive: true })
    symlinkSync('/etc', join(runner.paths.workspace(runId), 'link'))
    const { result: ended } = await go(input)
    expect(ended).toMatchObject({ failure: { kind: 'cannot-start', reason: expect.stringContaining(reason) } })
  })

  test('a tool that is not there is named', async () => {
    mkdirSync(runner.paths.workspace(runId), { recursive: true })
    const { result: ended } = await go({ command: ['no-such-linter'], sarif: 'x' })
    expect(ended).toMatchObject({ failure: { kind: 'missing-tool', tool: 'no-such-linter' } })
  })
})

describe('the form', () => {
  test.each([
    { rules: ['no-such-rule'] },
    { rules: ['long-line'], sarif: 'a' },
    { command: ['eslint'] },
    { command: [], sarif: 'a' },
    { fail_on: 'warning' },
    { exclude: [''] },
    { url: 'https://example.com/' },
  ])('%j is wrong', (input) => {
    expect(check.schema.safeParse(input).success).toBe(false)
  })

  test('needs nothing', () => {
    expect(check.work(check.schema.parse({}))).toEqual({
      kind: 'runner',
      uses: 'check',
      with: { path: '.', fail_on: 'none' },
    })
  })
})
