import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestRunner } from '../../test/support/attempts.ts'
import { SmallDisk } from '../../test/support/small-disk.ts'
import { failureHint, failureSentence, failureStatus, type Failure } from '../model/failure.ts'
import { removeTree } from './remove-tree.ts'

/**
 * Every end that a process can have on this machine, made to happen. Those of containers are in
 * executors/container.test.ts (with the kernel's kills for memory), lost runners in embedded.test.ts, time limits in
 * testing/world.test.ts.
 */
let runner: TestRunner
let small: SmallDisk
beforeAll(async () => {
  small = new SmallDisk(mkdtempSync(join(tmpdir(), 'millrace-small-disk-')), 'size=4m,nr_inodes=200')
  runner = await TestRunner.open({ directory: small.directory, slots: 1 })
})
afterAll(async () => {
  await runner.agent.stop(100)
  small.remove()
})

async function failureOf(script: string): Promise<Failure> {
  const { result } = await runner.run('script', { script })
  if (result.kind !== 'failed') throw new Error(`expected it to fail, found ${result.kind}`)
  return result.failure
}

test('a process that says no, is killed, or is not there: each is told as what it was', async () => {
  expect(await failureOf('exit 3')).toEqual({ kind: 'exit-code', code: 3 })
  expect(await failureOf('kill -SEGV $$')).toEqual({ kind: 'signal', signal: 'SIGSEGV' })
  // Nobody ran out of memory meanwhile.
  expect(await failureOf('kill -KILL $$')).toEqual({ kind: 'signal', signal: 'SIGKILL' })
  expect(await failureOf('sh -c "kill -KILL \\$\\$"')).toEqual({ kind: 'exit-code', code: 137 })
  expect(await failureOf('no-such-command')).toEqual({ kind: 'exit-code', code: 127 })
  expect(failureHint({ kind: 'exit-code', code: 127 })).toContain('a command was not found')
  expect(await failureOf('#!/no/such/interpreter\n')).toMatchObject({ kind: 'missing-tool' })
})

test('a full disk is told as such, whoever was writing, and what comes after it runs as soon as there is room', async () => {
  const byTask = await failureOf('dd if=/dev/zero of=big bs=64k 2>&1')
  expect(byTask).toEqual({
    kind: 'disk-full',
    what: expect.stringMatching(/^the workspace has no room left, of 4 MiB/),
  })
  expect(failureStatus[byTask.kind]).toBe('errored')
  expect(failureSentence(byTask)).toContain('the disk is full: ')
  expect(failureHint(byTask)).toContain('make room')
  // Now the runner cannot write what it must: the script of the next task.
  const { result } = await runner.run('script', { script: `echo ${'x'.repeat(100_000)}` })
  expect(result).toMatchObject({ failure: { kind: 'disk-full' } })

  expect(await runner.clean()).toBeNull()
  expect((await runner.run('script', { script: 'echo room' })).result.kind).toBe('succeeded')
})

test('a task with secrets whose log finds no room has failed for it, and its runner goes on', async () => {
  const secrets = [{ name: 'TOKEN', as: 'env', env: 'API_TOKEN', value: 'tr0ub4dor&3' }] as const
  // What is written by itself and what is written after a pause, both with nobody to be told.
  const script =
    'dd if=/dev/zero of=big bs=4k 2>/dev/null || true; yes $API_TOKEN | head -c 500000; printf tr0ub; sleep 0.4'
  const { result, log } = await runner.run('script', { script }, { secrets })
  expect(result).toMatchObject({
    failure: { kind: 'disk-full', what: expect.stringContaining('the log could not be stored') },
  })
  expect(log).not.toContain('tr0ub4d')
  await runner.clean()
  const next = await runner.run('script', { script: 'echo $API_TOKEN' }, { secrets })
  expect([next.result.kind, next.log]).toEqual(['succeeded', '***\n'])
})

test.each(['tar.gz', 'zip', 'file'])(
  'a package (%s) that finds no room is told as such, and leaves nothing',
  async (format) => {
    const made = await runner.run('script', { script: 'head -c 1000000 /dev/urandom > big' })
    expect(made.result.kind).toBe('succeeded')
    const pack = { files: 'big', name: 'all', format }
    small.fill(400_000)
    const files = (): readonly string[] => globSync(`${runner.paths.artifacts}/*/*`)
    const before = files()
    const { result, log } = await runner.run('package', pack)
    expect(result).toMatchObject({
      failure: {
        kind: 'disk-full',
        what: expect.stringMatching(/^there is no room for the (package|artifact) all: ENOSPC/),
      },
    })
    expect(log).toContain('the disk is full: ')
    expect(files()).toEqual(before)
    small.makeRoom()
    const again = await runner.run('package', pack)
    expect(again.result, again.log).toMatchObject({ kind: 'succeeded', outputs: { package_file: 'all' } })
    await runner.clean()
    await removeTree(runner.paths.artifacts)
  },
)

test('a disk without room for one file more is full, too', async () => {
  const failure = await failureOf('i=0; while :; do i=$((i + 1)); : > "file-$i"; done')
  expect(failure).toEqual({ kind: 'disk-full', what: expect.stringContaining('no file more can be made') })
  await runner.clean()
})

test('a log that cannot be written is no success', async () => {
  const attempt = { runId: runner.runId, node: 900, attempt: 1 }
  const path = runner.paths.log(attempt)
  mkdirSync(dirname(path), { recursive: true })
  // Says ENOSPC to every byte: null(4).
  symlinkSync('/dev/full', path)
  // Not read back here: it has no end.
  const { result } = await runner.start('script', { script: 'kill -SEGV $$' }, attempt).ended
  expect(result).toMatchObject({ failure: { kind: 'disk-full', what: expect.stringContaining('the log') } })
  expect(existsSync(path)).toBe(true)
  expect(readdirSync(dirname(path)).length).toBeGreaterThan(0)
})
