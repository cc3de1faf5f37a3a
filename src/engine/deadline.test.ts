import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../model/definition.ts'
import { GRACE_MS, LEASE_MS } from '../model/limits.ts'
import { callback, definition, noop, on, retries, review, script, sleep, stage } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { retryDelayMs } from './deadline.ts'

const STOP_MS = GRACE_MS + LEASE_MS
const world = (stages: Parameters<typeof definition>[0]): EngineWorld => new EngineWorld(definition(stages))

describe('of a task', () => {
  const timed = (): EngineWorld => world({ stages: [stage('s', [script('a', { timeoutMs: 60_000 })])] })

  test('the runner is told to stop it; what it says then, the attempt has timed out', () => {
    const w = timed()
    const fence = w.lease('a')
    w.wait(60_000)
    expect(w.task('a')).toMatchObject({ status: 'running', stopping: { kind: 'timeout', afterMs: 60_000 } })
    expect(w.effects).toContainEqual({ type: 'cancel-attempt', node: 1, fence })
    w.report('a', { kind: 'cancelled' })
    expect(w.picture()).toBe('timed_out | s:timed_out a:timed_out')
    expect(w.task('a').failure).toEqual({ kind: 'timeout', afterMs: 60_000 })
  })

  test.each(['exit-code', 'lost'] as const)('an end by %s after the stop is the timeout, too', (kind) => {
    const w = timed()
    w.lease('a')
    w.wait(60_000)
    if (kind === 'lost') w.lose('a')
    else w.fail('a')
    expect(w.status()).toBe('timed_out')
  })

  test('a success that comes after the stop is a success', () => {
    const w = timed()
    w.lease('a')
    w.wait(60_001)
    w.succeed('a')
    expect(w.status()).toBe('succeeded')
  })

  test('a runner that does not answer is not waited for longer than grace and lease', () => {
    const w = timed()
    w.lease('a')
    w.wait(60_000 + STOP_MS - 1)
    expect(w.status('a')).toBe('running')
    w.wait(1)
    expect(w.status()).toBe('timed_out')
  })

  test('it counts from the start of each attempt', () => {
    const w = world({ stages: [stage('s', [script('a', { timeoutMs: 60_000, ...retries(1) })])] })
    w.wait(90_000)
    w.lease('a')
    w.wait(60_000)
    w.report('a', { kind: 'cancelled' })
    w.wait(1_000)
    w.lease('a')
    w.wait(59_999)
    expect(w.task('a')).toMatchObject({ status: 'running', attempt: 2, stopping: null })
  })

  test('a check that comes too early is refused', () => {
    const w = timed()
    w.lease('a')
    w.now += 59_999
    expect(w.refused({ type: 'check-deadline', node: 1 }).code).toBe('stale')
  })
})

describe('of waiting for a runner', () => {
  const queued = (): EngineWorld =>
    world({ stages: [stage('s', [script('a', { notStartedMs: 60_000, ...retries(3) })])] })

  test('a task that nobody takes times out, and is not tried again', () => {
    const w = queued()
    w.wait(60_000)
    expect(w.picture()).toBe('timed_out | s:timed_out a:timed_out')
    expect(w.task('a').failure).toEqual({ kind: 'not-started', afterMs: 60_000 })
  })

  test('once it is taken that time does not matter', () => {
    const w = queued()
    w.wait(59_999)
    w.lease('a')
    w.wait(86_400_000)
    expect(w.status('a')).toBe('running')
  })

  test('the wait begins anew for the next attempt', () => {
    const w = queued()
    w.wait(59_000)
    w.fail('a')
    w.wait(1_000 + 59_999)
    expect(w.task('a')).toMatchObject({ status: 'queued', attempt: 2 })
    w.wait(1)
    expect(w.status()).toBe('timed_out')
  })
})

describe('of a review', () => {
  test('it expires as timed out, and its policy applies', () => {
    const w = world({
      stages: [stage('s', [review('a', { expireMs: 60_000 }, on('continue')), noop('b', { needs: ['a'] })])],
    })
    w.wait(60_000)
    expect(w.picture()).toBe('succeeded | s:succeeded a:timed_out b:succeeded')
    expect(w.task('a').failure).toEqual({ kind: 'expired', afterMs: 60_000 })
  })
})

describe('of a stage', () => {
  test('what runs is stopped, what waits ends, nothing is tried again, the run goes on to what always runs', () => {
    const w = world({
      stages: [
        stage(
          's',
          [
            script('a', retries(5)),
            script('b'),
            review('c'),
            sleep('d', 86_400_000),
            script('e', { needs: ['a'] }),
            script('f', on('hold')),
          ],
          { timeoutMs: 60_000 },
        ),
        stage('t', [noop('g')], { always: true }),
      ],
    })
    w.lease('a')
    w.fail('f')
    w.wait(60_000)
    expect(w.picture()).toBe(
      'running | s:running a:running b:timed_out c:timed_out d:timed_out e:pending f:timed_out t:pending g:pending',
    )
    w.report('a', { kind: 'cancelled' })
    expect(w.picture()).toBe(
      'timed_out | s:timed_out a:timed_out b:timed_out c:timed_out d:timed_out e:pending f:timed_out t:succeeded g:succeeded',
    )
  })

  test('what could only begin after its time is up has no time left', () => {
    const w = world({
      stages: [stage('s', [script('a'), script('b', { needs: ['a'] })], { timeoutMs: 60_000 })],
    })
    w.lease('a')
    w.wait(60_000)
    w.succeed('a')
    expect(w.picture()).toBe('timed_out | s:timed_out a:succeeded b:timed_out')
    expect(w.task('b')).toMatchObject({ attempt: 1, failure: { kind: 'timeout', afterMs: 60_000 } })
  })

  test('a stage whose last task succeeds after all has succeeded', () => {
    const w = world({ stages: [stage('s', [script('a')], { timeoutMs: 60_000 })] })
    w.lease('a')
    w.wait(60_000)
    w.succeed('a')
    expect(w.status()).toBe('succeeded')
  })

  test('a runner that does not answer does not hold it up, and a stop under way is not begun again', () => {
    const w = world({ stages: [stage('s', [script('a', { timeoutMs: 50_000 })], { timeoutMs: 60_000 })] })
    w.lease('a')
    w.wait(50_000 + STOP_MS)
    expect(w.status()).toBe('timed_out')
    expect(w.story().filter((event) => event === 'StopRequested a')).toHaveLength(1)
    expect(w.task('a').failure).toEqual({ kind: 'timeout', afterMs: 50_000 })
  })

  test('when a person takes a stage up again its time begins anew', () => {
    const w = world({ stages: [stage('s', [script('a')], { timeoutMs: 60_000 })] })
    w.wait(60_000)
    expect(w.status()).toBe('timed_out')
    w.retry('a')
    w.lease('a')
    w.wait(59_999)
    expect(w.status('a')).toBe('running')
    w.wait(1)
    expect(w.task('a').stopping).not.toBeNull()
  })

  test('a stage that only waits for a person runs out of time', () => {
    const w = world({
      stages: [stage('s', [script('a', on('hold')), script('b', { needs: ['a'] })], { timeoutMs: 60_000 })],
    })
    w.fail('a')
    w.wait(60_000)
    expect(w.picture()).toBe('timed_out | s:timed_out a:timed_out b:pending')
  })
})

describe('of the run', () => {
  const timed = { timeoutMs: 60_000, stages: [stage('s', [script('a'), script('b')]), stage('t', [script('c')])] }

  test('it is ended like a cancelled one, as timed out', () => {
    const w = world(timed)
    const fence = w.lease('a')
    w.wait(60_000)
    expect(w.picture()).toBe('running | s:running a:running b:cancelled t:pending c:pending')
    expect(w.run.cancelling).toMatchObject({ as: 'timed_out', reason: 'the run timed out after 1m' })
    expect(w.effects).toContainEqual({ type: 'cancel-attempt', node: 1, fence })
    w.wait(STOP_MS)
    expect(w.picture()).toBe('timed_out | s:timed_out a:cancelled b:cancelled t:pending c:pending')
  })

  test('a run that only waits for a person ends at once', () => {
    const w = world({ timeoutMs: 60_000, stages: [stage('s', [review('a')])] })
    w.wait(60_000)
    expect(w.picture()).toBe('timed_out | s:timed_out a:cancelled')
  })

  test('it does not count while the run waits for its start, and begins anew when the run is taken up again', () => {
    const w = new EngineWorld(definition(timed), { start: false })
    w.wait(90_000)
    w.do({ type: 'start' })
    w.wait(59_999)
    expect(w.status()).toBe('queued')
    w.wait(1)
    expect(w.status()).toBe('timed_out')
    w.retryRun()
    w.wait(59_999)
    expect(w.status()).toBe('queued')
    w.wait(1)
    expect(w.status()).toBe('timed_out')
  })

  test('a run that ended in time is not ended again', () => {
    const w = world(timed)
    w.succeed('a', 'b', 'c')
    w.now += 60_000
    expect(w.refused({ type: 'check-deadline', node: null }).code).toBe('stale')
  })
})

describe('while the run is paused', () => {
  test('the clocks of the run, the stage and what is queued stand still', () => {
    const w = world({
      timeoutMs: 60_000,
      stages: [stage('s', [script('a', { notStartedMs: 30_000 })], { timeoutMs: 40_000 })],
    })
    w.wait(10_000)
    w.pause()
    w.wait(500_000)
    expect(w.picture()).toBe('paused | s:paused a:queued')
    w.resume()
    expect(w.run).toMatchObject({ pausedAt: null, pausedMs: 500_000 })
    w.wait(19_999)
    expect(w.status('a')).toBe('queued')
    w.wait(1)
    expect(w.task('a').failure).toMatchObject({ kind: 'not-started' })
  })

  test.each([
    ['stage', { stageMs: 40_000, runMs: null }, 'timed_out | s:timed_out a:timed_out'],
    ['run', { stageMs: null, runMs: 40_000 }, 'timed_out | s:timed_out a:cancelled'],
  ] as const)('the clock of the %s goes on where it stood', (_, { stageMs, runMs }, end) => {
    const w = world({ timeoutMs: runMs, stages: [stage('s', [script('a')], { timeoutMs: stageMs })] })
    w.wait(10_000)
    w.pause()
    w.wait(100_000)
    w.resume()
    w.wait(29_999)
    expect(w.status()).toBe('queued')
    w.wait(1)
    expect(w.picture()).toBe(end)
  })

  test('the time of what runs or is to be tried again is not put off', () => {
    const w = world({
      stages: [stage('s', [script('a', { timeoutMs: 60_000 }), script('b', retries(1, { delayMs: 60_000 }))])],
    })
    w.lease('a')
    w.fail('b')
    const times = () => [w.task('a').deadlineAt, w.task('b').deadlineAt, w.task('b').retryAt]
    const before = times()
    expect(before).not.toContain(null)
    w.pause()
    w.wait(10_000)
    w.resume()
    expect(times()).toEqual(before)
  })

  test('what runs may run out of its own time; it is stopped all the same', () => {
    const w = world({ stages: [stage('s', [script('a', { timeoutMs: 60_000, ...retries(1) }), sleep('b', 5_000)])] })
    w.lease('a')
    w.pause()
    w.wait(60_000 + STOP_MS)
    expect(w.picture()).toBe('paused | s:paused a:queued b:succeeded')
    w.wait(100_000)
    expect(w.task('a')).toMatchObject({ attempt: 1, status: 'queued' })
    w.resume()
    w.wait(0)
    expect(w.task('a')).toMatchObject({ attempt: 2, status: 'queued', retryAt: null })
  })

  test('a hold and a review go on towards their end, as people can decide them', () => {
    const w = world({
      stages: [stage('s', [script('a', on('hold', 60_000)), review('b', { expireMs: 60_000 })])],
    })
    w.fail('a')
    w.pause()
    w.wait(60_000)
    expect(w.picture()).toBe('paused | s:paused a:timed_out b:timed_out')
    w.resume()
    expect(w.status()).toBe('timed_out')
  })
})

test('a late check of a hold in a stage that ended changes nothing', () => {
  const w = world({
    stages: [stage('s', [script('a', on('hold', 60_000)), script('b')]), stage('t', [script('c')], { always: true })],
  })
  w.lease('a', 'b')
  w.fail('a', 'b')
  expect(w.picture()).toBe('running | s:failed a:failed b:failed t:queued c:queued')
  w.wait(60_000)
  expect(w.status('a')).toBe('failed')
})

test('the delay of a retry is never longer than its most, however many there were', () => {
  const policy = { max: 100, delayMs: 1_000, delayMaxMs: 3_600_000, jitter: 1 }
  expect(retryDelayMs(policy, 100, 0.999_999)).toBeLessThanOrEqual(3_600_000)
  expect(retryDelayMs({ ...policy, delayMs: 0 }, 100, 0.5)).toBe(0)
})

test.each([
  ['2030-01-31 08:00:00', Date.UTC(2030, 0, 31, 8)],
  [' 2030-01-31T08:00:00Z ', Date.UTC(2030, 0, 31, 8)],
  ['2030-01-31 08:00:00+08:00', Date.UTC(2030, 0, 31, 0)],
  ['2030-02-28 23:59:59-0530', Date.UTC(2030, 2, 1, 5, 29, 59)],
])('a sleep until %j', (until, end) => {
  const w = world({ stages: [stage('s', [sleep('a', until)])] })
  expect(w.task('a')).toMatchObject({ status: 'running', deadlineAt: end })
})

test('a sleep until an instant that has passed is over at once', () => {
  const w = world({ stages: [stage('s', [sleep('a', '2001-01-01 00:00:00')])] })
  expect(w.task('a').deadlineAt).toBe(w.now)
  w.wait(0)
  expect(w.status()).toBe('succeeded')
})

test.each([
  [callback('a', { timeoutMs: 2_000 }, 1_000), 'expired'],
  [callback('a', { timeoutMs: 1_000 }, 2_000), 'timeout'],
  [review('a', { expireMs: 1_000 }, { timeoutMs: 2_000 }), 'expired'],
  [review('a', { expireMs: 2_000 }, { timeoutMs: 1_000 }), 'timeout'],
] as const)('who did not answer in the time that was given for it: %#', (task, kind) => {
  const w = world({ stages: [stage('s', [task])] })
  w.wait(1_000)
  expect(w.task('a').failure).toEqual({ kind, afterMs: 1_000 })
})

test('a sleep has slept enough, unless its task had less time than that', () => {
  const slept = (changes: Partial<TaskSpec>): EngineWorld => {
    const w = world({ stages: [stage('s', [sleep('a', 1_000, changes)])] })
    w.wait(1_000)
    return w
  }
  expect(slept({ timeoutMs: 1_000 }).status()).toBe('succeeded')
  expect(slept({ timeoutMs: 2_000 }).status()).toBe('succeeded')
  expect(slept({ timeoutMs: 900 }).task('a').failure).toEqual({ kind: 'timeout', afterMs: 900 })
})
