import { describe, expect, test } from 'vitest'
import { ATTEMPTS_MAX } from '../model/limits.ts'
import type { TaskSpec } from '../model/definition.ts'
import { isRetryable, type Failure, type FailureKind } from '../model/failure.ts'
import { definition, on, retries, review, script, sleep, stage } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { AT } from '../testing/views.ts'
import { allowedOnNode, allowedOnRun } from './admits.ts'

const world = (stages: Parameters<typeof definition>[0], draw?: () => number): EngineWorld =>
  new EngineWorld(definition(stages), draw === undefined ? {} : { draw })

describe('stop', () => {
  test('what runs ends, what is queued and what has not begun is not reached, the run fails', () => {
    const w = world({
      stages: [
        stage('s', [script('a'), script('b'), script('c'), script('d', { needs: ['b'] })]),
        stage('t', [script('e')]),
      ],
    })
    w.lease('a', 'b')
    w.fail('a')
    expect(w.picture()).toBe('running | s:running a:failed b:running c:pending d:pending t:pending e:pending')
    expect(w.task('c')).toMatchObject({ attempt: 0, queuedAt: null })
    w.succeed('b')
    expect(w.picture()).toBe('failed | s:failed a:failed b:succeeded c:pending d:pending t:pending e:pending')
  })

  test.each<[string, readonly FailureKind[], string]>([
    ['a no of the work outweighs trouble of the system', ['lost', 'exit-code', 'timeout'], 'failed'],
    ['trouble of the system outweighs time', ['timeout', 'lost'], 'errored'],
    ['time alone', ['timeout'], 'timed_out'],
  ])('%s', (_, kinds, status) => {
    const w = world({
      stages: [
        stage(
          's',
          kinds.map((_kind, at) => script(`t${at}`)),
        ),
      ],
    })
    w.lease(...kinds.map((_kind, at) => `t${at}`))
    for (const [at, kind] of kinds.entries()) w.failWith(`t${at}`, failureOf(kind))
    expect(w.status()).toBe(status)
    expect(w.status('s')).toBe(status)
  })
})

describe('continue', () => {
  test('is passed over: what needs it goes on, the run succeeds, and it cannot be taken up again', () => {
    const w = world({ stages: [stage('s', [script('a', on('continue')), script('b', { needs: ['a'] })])] })
    w.fail('a')
    expect(w.picture()).toBe('running | s:running a:failed b:queued')
    expect(allowedOnNode(w.run, 1)).toEqual([])
    w.succeed('b')
    expect(w.picture()).toBe('succeeded | s:succeeded a:failed b:succeeded')
  })

  test('in a run that fails otherwise it stays passed over', () => {
    const w = world({ stages: [stage('s', [script('a', on('continue')), script('b')])] })
    w.fail('a')
    w.fail('b')
    expect(w.refused({ type: 'retry-node', node: 1, inputs: null })).toMatchObject({ allowed: [] })
    w.retryRun()
    expect(w.picture()).toBe('running | s:running a:failed b:queued')
  })
})

describe('hold', () => {
  const held = (expireMs: number | null = null): EngineWorld => {
    const w = world({
      stages: [
        stage('s', [script('a', on('hold', expireMs)), script('b', { needs: ['a'] }), script('c')]),
        stage('t', [script('d')]),
      ],
    })
    w.fail('a')
    return w
  }

  test('what does not depend on it goes on, then the run waits for a person', () => {
    const w = held()
    expect(w.status()).toBe('running')
    w.succeed('c')
    expect(w.picture()).toBe('held | s:held a:failed b:pending c:succeeded t:pending d:pending')
    expect(allowedOnRun(w.run)).toEqual(['pause', 'cancel', 'retry', 'modify'])
    expect(allowedOnNode(w.run, 1)).toEqual(['retry', 'skip'])
    w.wait(365 * 86_400_000)
    expect(w.status()).toBe('held')
  })

  test('a retry takes it up again', () => {
    const w = held()
    w.succeed('c')
    w.retry('a')
    expect(w.picture()).toBe('running | s:running a:queued b:pending c:succeeded t:pending d:pending')
    expect(w.task('a')).toMatchObject({ attempt: 2, earlier: [{ attempt: 1, status: 'failed' }] })
    w.succeed('a', 'b', 'd')
    expect(w.status()).toBe('succeeded')
  })

  test('a skip passes over it', () => {
    const w = held()
    w.succeed('c')
    w.skip('a')
    expect(w.picture()).toBe('running | s:running a:skipped b:queued c:succeeded t:pending d:pending')
    expect(w.task('a').skipped).toEqual({ because: 'operator', reason: 'not needed' })
  })

  test('a cancel ends the run at once, as nothing is at work', () => {
    const w = held()
    w.succeed('c')
    w.cancel()
    expect(w.picture()).toBe('cancelled | s:cancelled a:failed b:pending c:succeeded t:pending d:pending')
  })

  test('with an expiry it is given up as timed out', () => {
    const w = held(60_000)
    w.succeed('c')
    w.wait(59_999)
    expect(w.status()).toBe('held')
    w.wait(1)
    expect(w.picture()).toBe('timed_out | s:timed_out a:timed_out b:pending c:succeeded t:pending d:pending')
  })

  test('an expiry fails the run like any other failure: what is queued is not reached', () => {
    const w = held(60_000)
    w.wait(60_000)
    expect(w.picture()).toBe('timed_out | s:timed_out a:timed_out b:pending c:pending t:pending d:pending')
  })

  test('a failure that stops the run does not wait for the held one', () => {
    const w = held()
    w.fail('c')
    expect(w.picture()).toBe('failed | s:failed a:failed b:pending c:failed t:pending d:pending')
  })
})

describe('restart', () => {
  const restarting = (restartsMax: number): EngineWorld =>
    world({
      restartsMax,
      stages: [stage('s', [script('a')]), stage('t', [script('b', on('restart')), script('c')])],
    })

  test('no stage ends by it', () => {
    const w = restarting(1)
    w.succeed('a')
    w.fail('b')
    expect(w.story().slice(-5)).toEqual([
      'AttemptFailed b',
      'TaskWithdrawn c',
      'RunRestarted',
      'StageStarted s',
      'TaskQueued a',
    ])
  })

  test('the run goes back to its first node once nothing is at work, and attempts go on counting', () => {
    const w = restarting(3)
    w.succeed('a')
    w.lease('c')
    w.fail('b')
    expect(w.picture()).toBe('running | s:succeeded a:succeeded t:running b:failed c:running')
    w.succeed('c')
    expect(w.picture()).toBe('queued | s:queued a:queued t:pending b:pending c:pending')
    expect(w.run.pass).toBe(2)
    expect(w.task('a')).toMatchObject({ attempt: 2, earlier: [{ attempt: 1, status: 'succeeded' }] })
    w.succeed('a', 'b', 'c')
    expect(w.status()).toBe('succeeded')
    expect(w.task('b')).toMatchObject({ attempt: 2, earlier: [{ attempt: 1, status: 'failed' }] })
  })

  test.each([0, 1, 2])('after %i restarts it counts as stop', (restartsMax) => {
    const w = restarting(restartsMax)
    for (let pass = 1; pass <= restartsMax + 1; pass += 1) {
      expect(w.run.pass).toBe(pass)
      w.succeed('a')
      w.fail('b')
    }
    expect(w.picture()).toBe('failed | s:succeeded a:succeeded t:failed b:failed c:pending')
  })

  test('in a later pass, too, what is queued and has not begun is not reached', () => {
    const w = world({
      restartsMax: 1,
      stages: [stage('s', [script('a', on('restart')), script('b')])],
    })
    w.lease('a')
    w.succeed('b')
    w.fail('a')
    expect(w.picture()).toBe('queued | s:queued a:queued b:queued')
    expect(w.task('b').attempt).toBe(2)
    w.fail('a')
    expect(w.picture()).toBe('failed | s:failed a:failed b:pending')
    expect(w.task('b')).toMatchObject({ attempt: 1, earlier: [{ attempt: 1, status: 'succeeded' }] })
  })

  test('a failure that stops the run outweighs it', () => {
    const w = world({ restartsMax: 1, stages: [stage('s', [script('a', on('restart')), script('b')])] })
    w.lease('a', 'b')
    w.fail('a')
    w.fail('b')
    expect(w.status()).toBe('failed')
  })

  test('while the run is paused it waits; a retry or a skip takes the restart away', () => {
    const w = world({
      restartsMax: 1,
      stages: [stage('s', [script('a', on('restart')), script('b', { needs: ['a'] })])],
    })
    w.pause()
    w.resume()
    w.lease('a')
    w.pause()
    w.fail('a')
    expect(w.status()).toBe('paused')
    expect(w.run.pass).toBe(1)
    w.skip('a')
    w.resume()
    expect(w.picture()).toBe('running | s:running a:skipped b:queued')
  })

  test('a paused run restarts when it is resumed', () => {
    const w = world({ restartsMax: 1, stages: [stage('s', [script('a', on('restart'))])] })
    w.lease('a')
    w.pause()
    w.fail('a')
    w.resume()
    expect(w.run.pass).toBe(2)
    expect(w.status('a')).toBe('queued')
  })
})

describe('retries', () => {
  test('a failed attempt is tried again after a delay that doubles, up to the most, then the policy applies', () => {
    const w = world({ stages: [stage('s', [script('a', { ...retries(3, { delayMaxMs: 3_000 }), ...on('hold') })])] })
    for (const [at, delayMs] of [1_000, 2_000, 3_000].entries()) {
      w.fail('a')
      expect(w.task('a')).toMatchObject({ status: 'queued', attempt: at + 1, retries: at + 1 })
      expect(w.task('a').retryAt).toBe(w.now + delayMs)
      w.wait(delayMs - 1)
      expect(w.refused({ type: 'lease-attempt', node: 1, attempt: at + 1, runner: 'r' }).code).toBe('stale')
      w.wait(1)
      expect(w.task('a')).toMatchObject({ status: 'queued', attempt: at + 2, retryAt: null })
    }
    w.fail('a')
    expect(w.status()).toBe('held')
    expect(w.task('a').earlier.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed'])
  })

  test.each<[number, number, number]>([
    [1, 0, 0],
    [1, 0.5, 500],
    [0.5, 0.5, 750],
    [0.5, 0, 500],
    [0, 0.9, 1_000],
  ])('with jitter %d and dice that show %d the delay of 1 s becomes %i ms', (jitter, drawn, delayMs) => {
    const w = world({ stages: [stage('s', [script('a', retries(1, { jitter }))])] }, () => drawn)
    w.fail('a')
    expect(w.task('a').retryAt).toBe(w.now + delayMs)
  })

  test.each(Object.entries(isRetryable))('a failure of kind %s: tried again is %s', (kind, retryable) => {
    const w = world({ stages: [stage('s', [script('a', retries(1))])] })
    w.failWith('a', failureOf(kind as FailureKind))
    expect(w.status() === 'running').toBe(retryable)
  })

  test('a person need not wait for the next try', () => {
    const w = world({ stages: [stage('s', [script('a', retries(2)), script('b')])] })
    expect(w.viewed('b').allowed).not.toContain('retry')
    w.fail('a')
    expect(w.viewed('a')).toMatchObject({ retries: 0, allowed: expect.arrayContaining(['retry']) })
    w.retry('a')
    expect(w.task('a')).toMatchObject({ status: 'queued', attempt: 2, retryAt: null, retries: 0 })
    w.wait(1_000)
    expect(w.task('a')).toMatchObject({ status: 'queued', attempt: 2 })
    w.fail('a')
    w.wait(1_000)
    expect(w.viewed('a')).toMatchObject({ retry: 2, retries: 1 })
  })

  describe('as in BlueKing’s engine', () => {
    const bamboo = (spec: Partial<TaskSpec>): EngineWorld =>
      world({ language: 'bamboo', stages: [stage('s', [script('a', { ...retries(2), ...spec })])] })

    test('whatever has failed is tried again, a person’s word too, as often in all', () => {
      const w = bamboo(on('hold'))
      w.lease('a')
      w.failWith('a', { kind: 'unauthorized', reason: 'no' })
      w.wait(1_000)
      w.forceFail('a')
      w.wait(2_000)
      expect(w.viewed('a')).toMatchObject({ status: 'queued', retries: 2 })
      w.fail('a')
      expect(w.status('a')).toBe('failed')
      w.retry('a')
      w.fail('a')
      expect(w.viewed('a')).toMatchObject({ status: 'failed', retry: 3, retries: 2 })
    })

    test('what was passed over by a person before its next try has not made that one', () => {
      const w = bamboo(on('hold'))
      w.fail('a')
      w.skip('a')
      expect(w.task('a').retries).toBe(0)
    })

    test('what it passes over is not tried again, unless a person has failed it', () => {
      const ignored = bamboo(on('continue'))
      ignored.fail('a')
      expect(ignored.status()).toBe('succeeded')
      const forced = bamboo(on('continue'))
      forced.forceFail('a')
      expect(forced.task('a')).toMatchObject({ status: 'queued', retries: 1 })
    })
  })

  test('a lost attempt is tried again without counting, when the task says so', () => {
    const w = world({ stages: [stage('s', [script('a', { onLost: 'rerun', ...retries(1) })])] })
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      w.lease('a')
      w.lose('a')
      w.wait(0)
      expect(w.task('a')).toMatchObject({ status: 'queued', attempt: attempt + 1, retries: 0 })
    }
    w.fail('a')
    expect(w.task('a').retries).toBe(1)
    w.wait(1_000)
    w.fail('a')
    expect(w.status()).toBe('failed')
  })

  test('a lost attempt counts as errored, when the task says so', () => {
    const w = world({ stages: [stage('s', [script('a')])] })
    w.lease('a')
    w.lose('a')
    expect(w.picture()).toBe('errored | s:errored a:errored')
    expect(w.task('a').failure).toEqual({ kind: 'lost', reason: 'no sign of life' })
  })

  test('reruns are bounded in one pass, and a person begins the count anew', () => {
    const w = world({ stages: [stage('s', [script('a', { onLost: 'rerun' })])] })
    for (let tries = 1; tries <= ATTEMPTS_MAX; tries += 1) {
      expect(w.status('a')).toBe('queued')
      w.lease('a')
      w.lose('a')
      w.wait(0)
    }
    expect(w.status()).toBe('errored')
    w.retry('a')
    w.lease('a')
    w.lose('a')
    expect(w.status('a')).toBe('queued')
  })

  test('while others fail the run, a task that waits for its retry goes on with it', () => {
    const w = world({ stages: [stage('s', [script('a', retries(1)), script('b')])] })
    w.fail('a')
    w.fail('b')
    expect(w.picture()).toBe('running | s:running a:queued b:failed')
    w.wait(1_000)
    w.succeed('a')
    expect(w.picture()).toBe('failed | s:failed a:succeeded b:failed')
  })

  test('a task that is queued for another attempt stays queued when others fail the run', () => {
    const w = world({ stages: [stage('s', [script('a', retries(1)), script('b')])] })
    w.fail('a')
    w.wait(1_000)
    w.fail('b')
    expect(w.picture()).toBe('running | s:running a:queued b:failed')
  })

  test('a skip while it waits for its retry passes over it', () => {
    const w = world({ stages: [stage('s', [script('a', retries(1)), script('b', { needs: ['a'] })])] })
    w.fail('a')
    w.skip('a')
    w.wait(1_000)
    expect(w.picture()).toBe('running | s:running a:skipped b:queued')
  })

  test('a retried sleep and a rejected review follow the same rules', () => {
    const w = world({
      stages: [stage('s', [sleep('a', 'soon', retries(1)), review('b', {}, { ...retries(5), ...on('continue') })])],
    })
    w.reject('b')
    expect(w.status('b')).toBe('failed')
    expect(w.task('a')).toMatchObject({ status: 'queued', attempt: 1 })
    w.wait(1_000)
    expect(w.task('a')).toMatchObject({ status: 'errored', attempt: 2 })
    expect(w.status()).toBe('errored')
  })
})

test('an attempt keeps when it ran, who ran it and why it failed', () => {
  const w = world({ stages: [stage('s', [script('a', retries(1))])] })
  w.lease('a')
  w.wait(5)
  w.failWith('a', { kind: 'said-no', reason: 'too slow' }, { speed: '3' })
  w.wait(1_000)
  expect(w.task('a').earlier).toMatchObject([
    {
      attempt: 1,
      status: 'failed',
      startedAt: AT,
      endedAt: AT + 5,
      runner: 'r1',
      failure: { kind: 'said-no', reason: 'too slow' },
    },
  ])
  expect(w.task('a')).toMatchObject({ failure: null, runner: null, startedAt: null, outputs: { speed: '3' } })
})

function failureOf(kind: FailureKind): Failure {
  switch (kind) {
    case 'exit-code':
      return { kind, code: 2 }
    case 'signal':
      return { kind, signal: 'SIGSEGV' }
    case 'rejected':
      return { kind, by: 'li', comment: '' }
    case 'forced':
      return { kind, by: 'li', reason: '' }
    case 'many-branches':
      return { kind, names: ['a', 'b'] }
    case 'loop-limit':
      return { kind, limit: 3 }
    case 'out-of-memory':
      return { kind, limitBytes: null }
    case 'missing-tool':
      return { kind, tool: 'git' }
    case 'disk-full':
      return { kind, what: 'the log' }
    case 'output-limit':
    case 'no-branch':
    case 'condition':
    case 'said-no':
    case 'cannot-start':
    case 'unauthorized':
    case 'lost':
    case 'internal':
      return { kind, reason: 'so it was' }
    case 'timeout':
    case 'not-started':
    case 'expired':
      return { kind, afterMs: 1 }
  }
}
