import { createHash } from 'node:crypto'
import { createReadStream, existsSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TestRunner } from '../../test/support/attempts.ts'
import { TIME_RECORD_BYTES, timeRecordIn, timesPathOf } from '../model/log-times.ts'
import { asId, type RunId } from '../model/id.ts'
import { jobName } from '../model/job.ts'
import { taggedProcesses } from './processes.ts'

let runner: TestRunner
beforeAll(async () => {
  process.env['MILLRACE_CANARY'] = 'canary-of-the-server'
  runner = await TestRunner.open()
})
afterAll(async () => {
  delete process.env['MILLRACE_CANARY']
  await runner.close()
})

const processesOf = (job: Parameters<typeof jobName>[0]): readonly unknown[] =>
  taggedProcesses(new Set([`MILLRACE_ATTEMPT=${jobName(job)}`]))

const filesIn = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true })
        .map(String)
        .filter((name) => name !== 'tmp')
        // The file for a script stays, and nothing in it.
        .filter((name) => name !== 'script' || lstatSync(join(directory, name)).size > 0)
    : []

describe('the environment of a task', () => {
  test('holds what is allowed, the job and our own, and nothing of the server', async () => {
    const script = 'env -0 | sort -z | tr "\\0" "\\n"'
    const { log } = await runner.run('script', { script }, { env: { COLOR: 'green', MULTI: 'a\nb', HOME: '/nowhere' } })
    const names = log.split('\n').map((line) => line.split('=')[0])
    const allowed = [
      'COLOR',
      'HOME',
      'LANG',
      'LC_ALL',
      'MILLRACE_ATTEMPT',
      'MILLRACE_OUTPUT',
      'MILLRACE_WORKSPACE',
      'MULTI',
      'PATH',
      'PWD',
      'TMPDIR',
      'TZ',
      'b',
      '',
    ]
    expect(names.filter((name) => !allowed.includes(name ?? ''))).toEqual([])
    expect(log).toContain('COLOR=green\n')
    expect(log).toContain('MULTI=a\nb\n')
    expect(log).toContain('HOME=/nowhere\n')
    expect(log).not.toContain('canary')
  })

  test('cannot be made to hide the attempt', async () => {
    const attempt = runner.start(
      'script',
      { script: 'echo "$MILLRACE_ATTEMPT"' },
      { env: { MILLRACE_ATTEMPT: 'mine' } },
    )
    await attempt.ended
    expect(attempt.log()).toBe(`${jobName(attempt.job)}\n`)
  })

  test.each([{ '': 'x' }, { 'A=B': 'x' }, { A: 'x\0y' }])('%j cannot be given', async (env) => {
    const { result } = await runner.run('script', { script: 'true' }, { env })
    expect(result).toMatchObject({ kind: 'failed', failure: { kind: 'cannot-start' } })
  })

  test('gives a HOME and a TMPDIR of its own that can be written to', async () => {
    const { result, log } = await runner.run('script', {
      script: 'touch "$HOME/x" "$TMPDIR/y"; stat -c %a "$HOME" "$TMPDIR" "$MILLRACE_WORKSPACE"; pwd',
    })
    expect(result.kind).toBe('succeeded')
    expect(log).toBe(`700\n700\n700\n${runner.paths.workspace(runner.runId)}\n`)
  })
})

describe('the end of an attempt', () => {
  test('is told once no process of it lives, its files are gone and its log is whole', async () => {
    const script = 'setsid sleep 1000 & (sleep 1000 &) ; echo out; echo err >&2; printf last'
    const attempt = runner.start('script', { script })
    const { result, logBytes, fence } = await attempt.ended
    expect(result).toEqual({ kind: 'succeeded', outputs: {} })
    expect(fence).toBe(7)
    expect(processesOf(attempt.job)).toEqual([])
    expect(attempt.log()).toBe('out\nerr\nlast')
    expect(logBytes).toBe(statSync(attempt.logPath).size)
    expect([0, 1, 2, 3].flatMap((slot) => filesIn(runner.paths.scratch(slot)))).toEqual([])
  })

  test('is not waited for by what holds its output open', async () => {
    const { result } = await runner.run('script', { script: 'nohup sleep 1000 & sleep 1000 &' })
    expect(result.kind).toBe('succeeded')
  })

  test('an unknown step type cannot start', async () => {
    for (const uses of ['no-such', 'constructor', '__proto__', 'noop']) {
      expect((await runner.run(uses, {})).result, uses).toMatchObject({ failure: { kind: 'cannot-start' } })
    }
  })

  test('input that a template made wrong cannot start, and says which field', async () => {
    const { result, log } = await runner.run('script', { script: 'true', cwd: 5 })
    expect(result).toMatchObject({ failure: { kind: 'cannot-start', reason: expect.stringContaining('with.cwd') } })
    expect(log).toMatch(/^millrace: could not start: with\.cwd/)
  })

  test('outputs are read, and wrong ones are the task’s no', async () => {
    const good = await runner.run('script', {
      script: 'echo tag=v1 >> "$MILLRACE_OUTPUT"; printf "t<<E\\na\\nb\\nE\\n" >> "$MILLRACE_OUTPUT"',
    })
    expect(good.result).toEqual({ kind: 'succeeded', outputs: { tag: 'v1', t: 'a\nb' } })
    const bad = await runner.run('script', { script: 'printf "a=1\\nnonsense\\n" > "$MILLRACE_OUTPUT"' })
    expect(bad.result).toMatchObject({ failure: { kind: 'said-no', reason: expect.stringContaining('line 2') } })
    const failed = await runner.run('script', { script: 'echo tag=v1 >> "$MILLRACE_OUTPUT"; exit 4' })
    expect(failed.result).toEqual({ kind: 'failed', failure: { kind: 'exit-code', code: 4 }, outputs: { tag: 'v1' } })
  })
})

test.each([
  ['files in it', 'cd "$TMPDIR/.."; touch a b; mkdir c tmp/d; touch c/e; chmod 500 c'],
  ['many files in it', 'cd "$TMPDIR/.."; for n in 1 2 3 4 5 6 7 8 9 10 11 12; do touch "$n"; done'],
  ['others let in', 'chmod 777 "$TMPDIR" "$TMPDIR/.."'],
  ['it closed', 'chmod 0 "$TMPDIR/.."'],
  ['a link in its place', 'rm -rf "$TMPDIR"; ln -s "$MILLRACE_WORKSPACE" "$TMPDIR"'],
  ['a link to all of it', 'd=$(dirname "$TMPDIR"); rm -rf "$d"; ln -s "$MILLRACE_WORKSPACE" "$d"'],
  ['nothing at all', 'rm -rf "$(dirname "$TMPDIR")"'],
])('the directory of an attempt is new for the next one, also when this one left %s', async (_, script) => {
  const narrow = await TestRunner.open({ slots: 1 })
  await narrow.run('script', { script: 'touch kept' })
  await narrow.run('script', { script })
  const { result, log } = await narrow.run('script', {
    script: 'stat -c "%F %a" "$TMPDIR" "$TMPDIR/.."; ls "$TMPDIR"; ls "$TMPDIR/.."; ls "$MILLRACE_WORKSPACE"',
  })
  expect(result.kind).toBe('succeeded')
  expect(log).toBe('directory 700\ndirectory 700\nscript\ntmp\nkept\n')
  await narrow.close()
})

describe('cancel', () => {
  test('asks the whole group first', async () => {
    const attempt = runner.start('script', {
      script: 'trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done',
    })
    await attempt.says('ready')
    attempt.cancel()
    expect((await attempt.ended).result).toEqual({ kind: 'cancelled' })
    expect(attempt.log()).toContain('bye')
  })

  test('ends a tree that ignores TERM, forks twice, leaves its session and throws its environment away', async () => {
    const script = `
      trap '' TERM INT HUP
      stubborn='trap "" TERM INT HUP; echo ready; while :; do sleep 1000; done'
      sh -c "$stubborn" &
      (sh -c "$stubborn" &)
      setsid sh -c "$stubborn" &
      setsid sh -c "(sh -c '$stubborn' &)" &
      env -i PATH="$PATH" setsid sh -c "$stubborn # marked-for-the-test" &
      eval "$stubborn"`
    const attempt = runner.start('script', { script }, { graceMs: 100 })
    await attempt.says('ready\n'.repeat(6))
    attempt.cancel()
    expect((await attempt.ended).result).toEqual({ kind: 'cancelled' })
    expect(processesOf(attempt.job)).toEqual([])
    const still = readdirSync('/proc').filter((name) => {
      try {
        return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('marked-for-the-test')
      } catch {
        return false
      }
    })
    expect(still).toEqual([])
  })

  test('with another fence, or of an attempt that is over, changes nothing', async () => {
    const attempt = runner.start(
      'script',
      { script: 'echo ready; read line < "$FIFO"' },
      { env: { FIFO: '/dev/null' } },
    )
    runner.agent.receive({ type: 'cancel', ...attempt.job, fence: 6 })
    expect((await attempt.ended).result.kind).not.toBe('cancelled')
    attempt.cancel()
    expect((await runner.run('script', { script: 'true' })).result.kind).toBe('succeeded')
  })

  test('reaches an attempt that waits for a slot', async () => {
    const narrow = await TestRunner.open({ slots: 1 })
    const first = narrow.start('script', { script: 'echo ready; sleep 1000' }, { graceMs: 100 })
    const second = narrow.start('script', { script: 'echo never' })
    const third = narrow.start('script', { script: 'echo third' })
    second.cancel()
    expect(await second.ended).toMatchObject({ result: { kind: 'cancelled' }, logBytes: 0 })
    await first.says('ready')
    first.cancel()
    await third.ended
    expect(third.log()).toBe('third\n')
    await narrow.close()
  })

  test('at any moment ends it, and leaves no process', async () => {
    const attempts = Array.from({ length: 30 }, (_, index) => {
      const attempt = runner.start('script', { script: 'setsid sleep 1000 & sleep 1000' }, { graceMs: 50 })
      const cancel = (left: number): void => void (left === 0 ? attempt.cancel() : setImmediate(cancel, left - 1))
      cancel(index)
      return attempt
    })
    const ends = await Promise.all(attempts.map(({ ended }) => ended))
    expect(ends.map(({ result }) => result.kind)).toEqual(ends.map(() => 'cancelled'))
    expect(attempts.flatMap(({ job }) => processesOf(job))).toEqual([])
  })
})

describe('logs', () => {
  test('100 MB go through without a byte lost or the loop held up', async () => {
    const delays = monitorEventLoopDelay({ resolution: 5 })
    delays.enable()
    const attempt = runner.start('script', { script: 'seq 1 13000000 | head -c 100000000' })
    const { result, logBytes } = await attempt.ended
    delays.disable()
    expect(result.kind).toBe('succeeded')
    expect(logBytes).toBe(100_000_000)
    expect(delays.percentile(99) / 1e6).toBeLessThan(500)
    const [stored, expected] = [createHash('sha256'), createHash('sha256')]
    await pipeline(createReadStream(attempt.logPath), stored)
    let left = 100_000_000
    for (let number = 1; left > 0;) {
      let text = ''
      for (const end = number + 10_000; number < end; number += 1) text += `${number}\n`
      expected.update(text.slice(0, left))
      left -= text.length
    }
    expect(stored.digest('hex')).toBe(expected.digest('hex'))
    // When it was written is noted beside it, to the last byte, a few times a second at most.
    const times = readFileSync(timesPathOf(attempt.logPath))
    expect(timeRecordIn(times, times.length / TIME_RECORD_BYTES - 1).size).toBe(100_000_000)
    expect(times.length).toBeLessThan(10_000)
  })

  test('one that passes its limit ends the attempt with a reason', async () => {
    const small = await TestRunner.open({ logMaxBytes: 100_000 })
    const { result, log } = await small.run(
      'script',
      { script: 'trap "" PIPE; while :; do echo yes, and once more; done' },
      { graceMs: 50 },
    )
    expect(result).toMatchObject({
      failure: { kind: 'output-limit', reason: 'the log passed its limit of 100000 bytes' },
    })
    expect(log).toMatch(/\nmillrace: the log passed its limit of 100000 bytes\n$/)
    await small.close()
  })

  test('one that cannot be opened fails the attempt and not the runner', async () => {
    const runId = asId<RunId>('0193a1b2c3d4e5f60718293a4b5c6d7f')
    writeFileSync(join(runner.directory, 'logs', runId), 'a file where a directory must be')
    const attempt = runner.start('script', { script: 'true' }, { runId })
    expect((await attempt.ended).result).toMatchObject({ failure: { kind: 'internal' } })
  })
})

describe('the workspace', () => {
  test('is shared by the tasks of a run and gone after clean, whatever they left in it', async () => {
    const runId = asId<RunId>('0193a1b2c3d4e5f60718293a4b5c6d80')
    await runner.run('script', { script: 'mkdir -p a/b; echo x > a/b/c; chmod 500 a/b; ln -s / root' }, { runId })
    const { log } = await runner.run('script', { script: 'cat a/b/c' }, { runId })
    expect(log).toBe('x\n')
    expect(existsSync(runner.paths.workspace(runId))).toBe(true)
    expect(await runner.clean(runId)).toBeNull()
    expect(existsSync(runner.paths.run(runId))).toBe(false)
    expect(await runner.clean(runId)).toBeNull()
  })

  test('is cleaned only after the attempts in it are over', async () => {
    const runId = asId<RunId>('0193a1b2c3d4e5f60718293a4b5c6d81')
    const attempt = runner.start(
      'script',
      { script: 'echo ready; while [ ! -e go ]; do sleep 0.01; done; touch done' },
      { runId },
    )
    await attempt.says('ready')
    const cleaned = runner.clean(runId)
    writeFileSync(join(runner.paths.workspace(runId), 'go'), '')
    expect((await attempt.ended).result.kind).toBe('succeeded')
    expect(await cleaned).toBeNull()
    expect(existsSync(runner.paths.run(runId))).toBe(false)
  })
})
