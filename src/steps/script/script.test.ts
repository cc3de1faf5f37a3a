import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestRunner } from '../../../test/support/attempts.ts'
import { script } from './spec.ts'

let runner: TestRunner
beforeAll(async () => {
  runner = await TestRunner.open()
})
afterAll(() => runner.close())

describe('a script', () => {
  test.each([
    [
      'sh, which is what it is without a word',
      {},
      'echo "$0" | grep -c script; echo one; false; echo two',
      1,
      '1\none\n',
    ],
    ['sh', { shell: 'sh' }, 'echo "${BASH_VERSION:-none}"', 0, 'none\n'],
    ['bash', { shell: 'bash' }, 'set -o | grep -E "^(errexit|pipefail)" | tr -d "\\t "', 0, 'errexiton\npipefailon\n'],
    ['bash', { shell: 'bash' }, 'false | true; echo not reached', 1, ''],
    ['node', { shell: 'node' }, 'console.log(typeof require, process.argv.length)', 0, 'function 2\n'],
    ['node', { shell: 'node' }, 'import { sep } from "node:path"; console.log(sep); process.exit(7)', 7, '/\n'],
    ['python', { shell: 'python' }, 'import sys; print(len(sys.argv), "ü"); sys.exit(9)', 9, '1 ü\n'],
    ['its #! line', {}, '#!/usr/bin/env -S bash -u\necho "${BASH_VERSION:+bash}"; echo $none', 1, 'bash\n'],
    ['its #! line', {}, '#!/bin/cat\nitself\n', 0, '#!/bin/cat\nitself\n'],
    ['the shell that is named, whatever its #! line says', { shell: 'sh' }, '#!/bin/cat\necho sh', 0, 'sh\n'],
  ])('runs in %s', async (_, input, text, code, log) => {
    const ended = await runner.run('script', { ...input, script: text })
    expect(ended.log.startsWith(log) ? log : ended.log).toBe(log)
    expect(ended.result).toMatchObject(
      code === 0 ? { kind: 'succeeded' } : { kind: 'failed', failure: { kind: 'exit-code', code } },
    )
  })

  test('that a signal ends says which', async () => {
    const { result } = await runner.run('script', { script: 'kill -ABRT $$' })
    expect(result).toMatchObject({ failure: { kind: 'signal', signal: 'SIGABRT' } })
  })

  test.each([
    ['python', { shell: 'python' }, 'the interpreter python3'],
    ['what its #! line names', {}, 'the interpreter /no/such -x'],
  ])('whose interpreter is missing, %s, lacks a tool', async (_, input, tool) => {
    const env = { PATH: '/nowhere' }
    const { result } = await runner.run('script', { ...input, script: '#!/no/such -x\n1' }, { env })
    expect(result).toEqual({ kind: 'failed', failure: { kind: 'missing-tool', tool }, outputs: null })
  })

  test('gets its params as environment, never as text of its own', async () => {
    const evil = '"; touch /tmp/millrace-evil; echo $(id) `id` \' \n ${HOME}'
    const { log } = await runner.run('script', { script: 'printf %s "$BRANCH"' }, { env: { BRANCH: evil } })
    expect(log).toBe(evil)
  })

  test('hands on what it marks in its log', async () => {
    const text = [
      'echo "<SOPS_VAR>ip:10.0.0.1</SOPS_VAR> and <SOPS_VAR>url:http://x:80/</SOPS_VAR>"',
      'echo "<SOPS_VAR>ip:10.0.0.2</SOPS_VAR><SOPS_VAR>none</SOPS_VAR><OTHER>a:b</OTHER>" >&2',
      'echo tag=v1 >>"$MILLRACE_OUTPUT"; echo "<SOPS_VAR>cut:off"',
    ].join('\n')
    const { result, log } = await runner.run('script', { script: text, marks: 'SOPS_VAR' })
    expect(result).toEqual({
      kind: 'succeeded',
      outputs: { tag: 'v1', log_outputs: { ip: '10.0.0.2', url: 'http://x:80/' } },
    })
    expect(log).toContain('<SOPS_VAR>ip:10.0.0.1</SOPS_VAR>')
    expect((await runner.run('script', { script: 'exit 3', marks: 'SOPS_VAR' })).result).toMatchObject({
      kind: 'failed',
      outputs: { log_outputs: {} },
    })
  })

  test('has nothing to read', async () => {
    expect((await runner.run('script', { script: 'cat; echo end' })).log).toBe('end\n')
  })

  test('runs in a directory of the workspace', async () => {
    await runner.run('script', { script: 'mkdir -p a/b; ln -s /tmp out; ln -s a/b in; touch file' })
    expect((await runner.run('script', { script: 'basename "$PWD"', cwd: 'a/b' })).log).toBe('b\n')
    expect((await runner.run('script', { script: 'pwd -P', cwd: './in/..' })).log).toContain('/workspace')
  })

  test.each(['..', 'a/../..', '/', '/tmp', 'out', 'none', 'file', 'a\0b'])('does not run in %j', async (cwd) => {
    const { result, log } = await runner.run('script', { script: 'echo it ran', cwd })
    expect(result).toMatchObject({ failure: { kind: 'cannot-start' } })
    expect(log).not.toContain('it ran')
  })
})

describe('the form of the step', () => {
  test('a template stays text in it', () => {
    expect(script.verbatim).toEqual(['script'])
    expect(script.work({ script: 'make' })).toEqual({ kind: 'runner', uses: 'script', with: { script: 'make' } })
  })

  test.each([
    {},
    { script: '' },
    { script: ' \n' },
    { script: 5 },
    { script: 'x', shell: 'fish' },
    { script: 'x', cwd: '' },
    { script: 'x', more: 1 },
    { script: 'x'.repeat(1024 * 1024 + 1) },
  ])('wrong input %# is refused', (input) => {
    expect(script.schema.safeParse(input).success).toBe(false)
  })
})
