import { describe, expect, test } from 'vitest'
import type { PipelineDefinition } from '../model/definition.ts'
import { attemptVersion } from '../model/id.ts'
import {
  callback,
  definition,
  edges,
  flow,
  gateway,
  noop,
  on,
  retries,
  review,
  script,
  sleep,
  stage,
  subflow,
} from '../testing/definitions.ts'
import { EngineWorld, type WorldOptions } from '../testing/engine-world.ts'
import { projectView } from '../testing/views.ts'
import { allowedOnNode, allowedOnRun } from './admits.ts'
import { dueEffects } from './effects.ts'
import { jobOf } from './job.ts'
import { viewOf } from './view.ts'

/** What people ask of single nodes: blueking.md A3.8 line by line, but for what sticks there. */

const world = (
  nodes: Parameters<typeof flow>[0],
  ways: Parameters<typeof flow>[1],
  options: WorldOptions & { readonly definition?: Partial<PipelineDefinition> } = {},
): EngineWorld => new EngineWorld(definition({ stages: [flow(nodes, ways)], ...options.definition }), options)

const fork = gateway('f', 'parallel')
const join = gateway('j', 'converge')
const twoBranches = ['start -> f -> a -> j', 'f -> b -> j -> end']

describe('a node that has failed', () => {
  const failed = (changes = {}): EngineWorld => {
    const w = world([script('a', { ...on('hold'), ...changes }), script('b')], ['start -> a -> b -> end'])
    w.wait(1_000)
    w.fail('a')
    w.wait(1_000)
    return w
  }

  test('holds its run, which may be paused over it and resumed', () => {
    const w = failed()
    expect(w.status()).toBe('held')
    w.pause()
    expect(w.status()).toBe('paused')
    expect(allowedOnRun(w.run)).not.toContain('pause')
    expect(w.refused({ type: 'pause' }).code).toBe('not-allowed')
    w.resume()
    expect(w.status()).toBe('held')
    expect(w.refused({ type: 'resume' }).code).toBe('not-allowed')
  })

  test('is retried: one more try, a new version, its times cleared, one row of history', () => {
    const w = failed()
    const { version } = w.viewed('a')
    w.retry('a')
    expect(w.viewed('a')).toMatchObject({ status: 'queued', retry: 1, startedAt: null, endedAt: null, failure: null })
    expect(w.viewed('a').version).not.toBe(version)
    expect(w.viewed('a').earlier).toMatchObject([{ retry: 0, status: 'failed', version, skipped: false }])
    w.succeed('a')
    expect(w.status('b')).toBe('queued')
  })

  test('is retried with inputs, which take the place of all that were there, for later tries too', () => {
    const w = failed({ work: { kind: 'runner', uses: 'script', with: { script: 'make', shell: 'sh' } } })
    w.do({ type: 'retry-node', node: w.index('a'), inputs: { script: 'make again' } })
    w.lease('a')
    expect(jobOf(w.run, w.index('a'), []).with).toEqual({ script: 'make again' })
    w.fail('a')
    w.retry('a')
    w.lease('a')
    expect(jobOf(w.run, w.index('a'), []).with).toEqual({ script: 'make again' })
    expect(w.viewed('a').inputs).toEqual({ script: 'make again' })
    expect(w.viewed('a').earlier.map(({ inputs }) => inputs)).toEqual([null, { script: 'make again' }])
  })

  test('is retried with inputs, which are told in the words of who gave them until others are given', () => {
    const w = failed({ work: { kind: 'runner', uses: 'script', with: { script: 'make' } } })
    const given = { job_content: 'make again', job_account: 'root' }
    w.do({ type: 'retry-node', node: w.index('a'), inputs: { script: 'make again' }, given })
    w.fail('a')
    w.retry('a')
    expect(w.viewed('a')).toMatchObject({ inputs: { script: 'make again' }, given })
    w.fail('a')
    w.do({ type: 'retry-node', node: w.index('a'), inputs: { script: 'make once more' } })
    expect(w.viewed('a')).toMatchObject({ inputs: { script: 'make once more' }, given: null })
    expect(w.viewed('a').earlier.map((attempt) => attempt.given)).toEqual([null, given, given])
  })

  test('is skipped: its tries and its start stay, its end is now, and what follows goes on', () => {
    const w = failed()
    w.retry('a')
    w.fail('a')
    const { startedAt, retry } = w.viewed('a')
    w.wait(5_000)
    w.skip('a')
    expect(w.viewed('a')).toMatchObject({ status: 'skipped', startedAt, retry, endedAt: w.now })
    expect(retry).toBe(1)
    expect(w.status('b')).toBe('queued')
    expect(w.refused({ type: 'skip-node', node: w.index('a'), reason: '' }).code).toBe('not-allowed')
    expect(w.refused({ type: 'retry-node', node: w.index('a'), inputs: null }).code).toBe('not-allowed')
  })

  test('is not skipped or retried when its definition says so', () => {
    const w = failed({ skippable: false, retryable: false })
    expect(w.refused({ type: 'skip-node', node: w.index('a'), reason: '' })).toMatchObject({ code: 'not-skippable' })
    expect(w.refused({ type: 'retry-node', node: w.index('a'), inputs: null })).toMatchObject({ code: 'not-retryable' })
    expect(allowedOnNode(w.run, w.index('a'))).toEqual([])
  })

  test('cannot be failed again', () => {
    const w = failed()
    expect(w.refused({ type: 'fail-node', node: w.index('a'), by: 'li', reason: '' }).code).toBe('not-allowed')
  })

  test('beside one that works does not stop it; both branches are waited for', () => {
    const w = world([fork, script('a', on('hold')), callback('b'), join], twoBranches)
    w.fail('a')
    expect(w.status()).toBe('running')
    w.skip('a')
    expect(w.statuses('a b j')).toBe('a:skipped b:running j:pending')
    w.answer('b')
    expect(w.status()).toBe('succeeded')
  })

  test('and is passed over lets others go on, and can be neither skipped nor retried', () => {
    const w = world([script('a', on('continue')), script('b')], ['start -> a -> b -> end'])
    w.failWith('a', { kind: 'exit-code', code: 3 }, { log: 'red' })
    expect(w.viewed('a')).toMatchObject({ status: 'failed', ignored: true, outputs: { log: 'red' } })
    expect(w.status('b')).toBe('queued')
    expect(allowedOnNode(w.run, w.index('a'))).toEqual([])
  })

  test('is tried again by the server as often as its definition says', () => {
    const w = world([script('a', { ...retries(2), ...on('hold') })], ['start -> a -> end'])
    w.fail('a')
    w.wait(1_000)
    w.fail('a')
    expect(w.viewed('a')).toMatchObject({ status: 'queued', retry: 1 })
    w.wait(2_000)
    expect(w.viewed('a').retry).toBe(2)
    w.fail('a')
    expect(w.viewed('a')).toMatchObject({ status: 'failed', retry: 2, held: true })
  })
})

test('a node that has succeeded is neither retried nor skipped', () => {
  const w = world([script('a'), script('b')], ['start -> a -> b -> end'])
  w.succeed('a')
  for (const type of ['retry-node', 'skip-node', 'pause-node', 'fail-node', 'expire-node'] as const) {
    const command = { type, node: w.index('a'), inputs: null, reason: '', by: 'li' }
    expect(w.refused(command).code).toBe('not-allowed')
  }
})

describe('forced fail', () => {
  test('of what waits here is at once', () => {
    const w = world([callback('a', on('hold')), script('b')], ['start -> a -> b -> end'])
    w.forceFail('a')
    expect(w.viewed('a')).toMatchObject({ status: 'failed', failure: { kind: 'forced', by: 'li', reason: 'enough' } })
    expect(w.status()).toBe('held')
    expect(
      w.refused({ type: 'callback', node: w.index('a'), version: null, succeeded: true, outputs: {}, reason: '' }).code,
    ).toBe('not-allowed')
  })

  test('of what a runner is at asks it to stop, and is the failure whatever it says then', () => {
    const w = world([script('a', { ...on('hold'), ...retries(3) })], ['start -> a -> end'])
    w.lease('a')
    w.forceFail('a')
    expect(w.status('a')).toBe('running')
    expect(w.effects.some(({ type }) => type === 'cancel-attempt')).toBe(true)
    expect(allowedOnNode(w.run, w.index('a'))).toEqual([])
    w.report('a', { kind: 'cancelled' })
    expect(w.viewed('a')).toMatchObject({ status: 'failed', failure: { kind: 'forced' }, retry: 0 })
  })

  test('of what is queued, and of a review', () => {
    const w = world([script('a', on('hold')), review('r', {}, on('hold'))], ['start -> a -> r -> end'])
    w.forceFail('a')
    expect(w.viewed('a').failure?.kind).toBe('forced')
    w.skip('a')
    w.forceFail('r')
    expect(w.viewed('r').failure?.kind).toBe('forced')
  })
})

describe('callback', () => {
  const waiting = (): EngineWorld =>
    world(
      [callback('a', on('hold')), script('b', { env: { SAID: '${{ tasks.a.outputs.said }}' } })],
      ['start -> a -> b -> end'],
    )

  test('ends what waits for it, with its outputs', () => {
    const w = waiting()
    expect(w.status()).toBe('running')
    w.answer('a', { said: { deep: ['yes'] } })
    expect(w.viewed('a')).toMatchObject({ status: 'succeeded', outputs: { said: { deep: ['yes'] } } })
    w.lease('b')
    expect(jobOf(w.run, w.index('b'), []).env['SAID']).toBe('{"deep":["yes"]}')
  })

  test('may say no', () => {
    const w = waiting()
    w.answer('a', { code: 4 }, false)
    expect(w.viewed('a')).toMatchObject({
      status: 'failed',
      failure: { kind: 'said-no', reason: 'it said no' },
      outputs: { code: 4 },
    })
  })

  test('is taken with the version of the present try, once', () => {
    const w = waiting()
    const word = (version: string | null) =>
      ({ type: 'callback', node: w.index('a'), version, succeeded: true, outputs: {}, reason: '' }) as const
    const first = w.viewed('a').version
    expect(first).toBe(attemptVersion(w.run.id, w.index('a'), 1))
    w.forceFail('a')
    w.retry('a')
    expect(w.refused(word(first))).toMatchObject({ code: 'stale' })
    expect(w.refused(word('0'.repeat(32))).message).toContain(w.viewed('a').version)
    w.do(word(w.viewed('a').version))
    expect(w.refused(word(null)).code).toBe('not-allowed')
    expect(w.status('b')).toBe('queued')
  })

  test('that comes while the run is paused ends the node; the next one begins on resume', () => {
    const w = waiting()
    w.pause()
    w.answer('a', { said: 'yes' })
    expect(w.statuses('a b')).toBe('a:succeeded b:pending')
    expect(w.status()).toBe('paused')
    w.resume()
    expect(w.status('b')).toBe('queued')
  })

  test('that comes while its node is paused is kept; the next one begins when the node is resumed', () => {
    const w = waiting()
    w.pauseNode('a')
    expect(w.viewed('a')).toMatchObject({ status: 'paused', paused: true })
    w.answer('a', { said: 'yes' })
    expect(w.viewed('a')).toMatchObject({ status: 'paused', outputs: { said: 'yes' } })
    expect(w.status()).toBe('paused')
    expect(allowedOnNode(w.run, w.index('a'))).toEqual(['resume'])
    w.resumeNode('a')
    expect(w.statuses('a b')).toBe('a:succeeded b:queued')
  })

  test('does not come to what was cancelled', () => {
    const w = waiting()
    w.cancel()
    expect(w.picture()).toBe('cancelled | flow:cancelled start:succeeded a:cancelled b:pending end:pending')
    expect(
      w.refused({ type: 'callback', node: w.index('a'), version: null, succeeded: true, outputs: {}, reason: '' }).code,
    ).toBe('not-allowed')
  })

  test('is for nodes that wait for one', () => {
    const w = world([script('a')], ['start -> a -> end'])
    w.lease('a')
    expect(
      w.refused({ type: 'callback', node: w.index('a'), version: null, succeeded: true, outputs: {}, reason: '' }).code,
    ).toBe('not-allowed')
  })

  test('that does not come in time', () => {
    const w = world([callback('a', on('hold'), 5_000)], ['start -> a -> end'])
    w.wait(5_000)
    expect(w.viewed('a')).toMatchObject({ status: 'timed_out', failure: { kind: 'expired', afterMs: 5_000 } })
  })
})

describe('a node that is paused', () => {
  test('ahead of time stops the token until it is resumed', () => {
    const w = world([script('a'), script('b')], ['start -> a -> b -> end'])
    w.pauseNode('b')
    expect(w.viewed('b')).toMatchObject({ status: 'pending', paused: true, startedAt: null })
    w.succeed('a')
    expect(w.statuses('a b')).toBe('a:succeeded b:paused')
    expect(w.status()).toBe('paused')
    expect(w.run.pausedAt).toBeNull()
    expect(allowedOnRun(w.run)).toEqual(['pause', 'cancel', 'modify'])
    w.resumeNode('b')
    w.succeed('b')
    expect(w.status()).toBe('succeeded')
  })

  test('and resumed before its token came has changed nothing', () => {
    const w = world([script('a'), script('b')], ['start -> a -> b -> end'])
    w.pauseNode('b')
    w.resumeNode('b')
    w.succeed('a')
    expect(w.status('b')).toBe('queued')
  })

  test('beside others leaves them alone', () => {
    const w = world([fork, script('a'), script('b'), join], twoBranches)
    w.pauseNode('a')
    expect(w.statuses('a b')).toBe('a:paused b:queued')
    w.succeed('b')
    expect(w.status()).toBe('paused')
    w.resumeNode('a')
    w.succeed('a')
    expect(w.status()).toBe('succeeded')
  })

  test('while a runner is at it ends, and its end is kept', () => {
    const w = world([script('a'), script('b')], ['start -> a -> b -> end'])
    w.lease('a')
    w.pauseNode('a')
    expect(w.viewed('a').status).toBe('paused')
    expect(w.status()).toBe('running')
    w.succeed('a')
    expect(w.statuses('a b')).toBe('a:paused b:pending')
    w.resumeNode('a')
    expect(w.statuses('a b')).toBe('a:succeeded b:queued')
  })

  test('while it is queued is taken by no runner', () => {
    const w = world([script('a')], ['start -> a -> end'])
    w.pauseNode('a')
    expect(w.try({ type: 'lease-attempt', node: w.index('a'), attempt: 1, runner: 'r' }).ok).toBe(false)
    expect(dueEffects(w.run)).toEqual([])
    w.resumeNode('a')
    expect(w.task('a')).toMatchObject({ status: 'queued', attempt: 1 })
  })

  test('after its runner was lost keeps the count of its attempts', () => {
    const w = world([script('a', { onLost: 'rerun' })], ['start -> a -> end'])
    w.lease('a')
    w.lose('a')
    w.wait(0)
    expect(w.task('a')).toMatchObject({ status: 'queued', attempt: 2 })
    w.pauseNode('a')
    w.resumeNode('a')
    expect(w.task('a')).toMatchObject({ status: 'queued', attempt: 2 })
    expect(w.viewed('a').earlier.map(({ attempt }) => attempt)).toEqual([1])
  })

  test('while it waits for another try goes on when it is resumed, at once if its time has come', () => {
    const w = world([script('a', retries(1, { delayMs: 10_000 }))], ['start -> a -> end'])
    w.fail('a')
    w.pauseNode('a')
    w.wait(60_000)
    expect(w.viewed('a')).toMatchObject({ status: 'paused', attempt: 1 })
    expect(w.status()).toBe('paused')
    w.resumeNode('a')
    w.wait(0)
    expect(w.task('a')).toMatchObject({ status: 'queued', attempt: 2, retryAt: null })
  })

  test('and fails in a way that is passed over lets nothing go on before it is resumed', () => {
    const w = world([script('a', on('continue')), script('b')], ['start -> a -> b -> end'])
    w.lease('a')
    w.pauseNode('a')
    w.fail('a')
    expect(w.statuses('a b')).toBe('a:paused b:pending')
    expect(w.status()).toBe('paused')
    w.resumeNode('a')
    expect(w.statuses('a b')).toBe('a:failed b:queued')
    expect(w.viewed('a').ignored).toBe(true)
  })

  test('and fails under hold is held', () => {
    const w = world([callback('a', on('hold'))], ['start -> a -> end'])
    w.pauseNode('a')
    w.answer('a', {}, false)
    expect(w.viewed('a')).toMatchObject({ status: 'failed', held: true, paused: false })
    w.retry('a')
    expect(w.viewed('a').status).toBe('running')
  })

  test('can be skipped before it begins', () => {
    const w = world([script('a'), script('b')], ['start -> a -> b -> end'])
    w.pauseNode('a')
    w.skip('a')
    expect(w.statuses('a b')).toBe('a:skipped b:queued')
  })

  test('in a stage of tasks that need each other stands still in the same way', () => {
    const w = new EngineWorld(
      definition({ stages: [stage('s', [script('a'), script('b', { needs: ['a'] })]), stage('t', [script('c')])] }),
    )
    w.pauseNode('b')
    w.succeed('a')
    expect(w.statuses('a b c')).toBe('a:succeeded b:paused c:pending')
    expect(w.status()).toBe('paused')
    w.resumeNode('b')
    w.succeed('b', 'c')
    expect(w.status()).toBe('succeeded')
  })

  test('twice, or resumed twice, is refused', () => {
    const w = world([script('a')], ['start -> a -> end'])
    expect(w.refused({ type: 'resume-node', node: w.index('a') }).code).toBe('not-allowed')
    w.pauseNode('a')
    expect(w.refused({ type: 'pause-node', node: w.index('a') }).code).toBe('not-allowed')
    w.resumeNode('a')
    expect(w.refused({ type: 'resume-node', node: w.index('a') }).code).toBe('not-allowed')
  })
})

describe('sub-flows', () => {
  const inner = (policy: 'hold' | 'stop' = 'hold'): EngineWorld =>
    world(
      [subflow('s', [script('a', on(policy)), script('b')]), script('c')],
      ['start -> s -> c -> end', 's-start -> a -> b -> s-end'],
    )

  test('begin, end and are one node to what is around them', () => {
    const w = inner()
    expect(w.statuses('s s-start a b c')).toBe('s:running s-start:succeeded a:queued b:pending c:pending')
    w.succeed('a')
    w.succeed('b')
    expect(w.statuses('s s-end c')).toBe('s:succeeded s-end:succeeded c:queued')
    w.succeed('c')
    expect(w.status()).toBe('succeeded')
  })

  test('show what is in them: a failure held inside holds them', () => {
    const w = inner()
    w.fail('a')
    expect(w.statuses('s a')).toBe('s:held a:failed')
    w.skip('a')
    expect(w.statuses('s b')).toBe('s:running b:queued')
  })

  test('that are paused let nothing in them begin', () => {
    const w = inner()
    w.lease('a')
    w.pauseNode('s')
    expect(w.statuses('s a')).toBe('s:paused a:running')
    w.succeed('a')
    expect(w.statuses('s a b')).toBe('s:paused a:succeeded b:pending')
    expect(w.status()).toBe('paused')
    w.resumeNode('s')
    expect(w.statuses('s b')).toBe('s:running b:queued')
  })

  test('with a failed node in them are paused, and failed again when they are resumed', () => {
    const w = inner()
    w.fail('a')
    w.pauseNode('s')
    expect(w.viewed('s').status).toBe('paused')
    w.resumeNode('s')
    expect(w.viewed('s').status).toBe('held')
  })

  test('that are paused take what is queued in them from the runners, and nothing in them is tried again', () => {
    const w = world(
      [subflow('s', [fork, script('a'), script('b', retries(1)), join])],
      ['start -> s -> end', 's-start -> f -> a -> j', 'f -> b -> j -> s-end'],
    )
    w.fail('b')
    w.pauseNode('s')
    expect(w.statuses('a b')).toBe('a:pending b:queued')
    // Nothing of it goes on before a person says so.
    expect(w.status()).toBe('paused')
    expect(dueEffects(w.run)).toEqual([])
    w.wait(60_000)
    expect(w.task('b')).toMatchObject({ status: 'queued', attempt: 1 })
    expect(allowedOnNode(w.run, w.index('b'))).not.toContain('expire')
    w.resumeNode('s')
    w.wait(0)
    expect(w.task('b')).toMatchObject({ status: 'queued', attempt: 2, retryAt: null })
    w.succeed('a')
    w.succeed('b')
    expect(w.status()).toBe('succeeded')
  })

  test('in sub-flows stand still with what is around them', () => {
    const w = world(
      [subflow('s', [...subflow('t', [script('a')], { parent: 's' })])],
      ['start -> s -> end', 's-start -> t -> s-end', 't-start -> a -> t-end'],
    )
    w.pauseNode('s')
    expect(w.statuses('s t a')).toBe('s:paused t:paused a:pending')
    w.resumeNode('s')
    expect(w.statuses('s t a')).toBe('s:running t:running a:queued')
    w.succeed('a')
    expect(w.statuses('s t')).toBe('s:succeeded t:succeeded')
  })

  test('show that all that is left in them stands still', () => {
    const w = world(
      [subflow('s', [...subflow('t', [script('a', retries(1))], { parent: 's' })])],
      ['start -> s -> end', 's-start -> t -> s-end', 't-start -> a -> t-end'],
    )
    w.fail('a')
    w.pauseNode('t')
    expect(w.statuses('s t a')).toBe('s:paused t:paused a:queued')
    expect(viewOf(w.run, projectView(), {} as never).attention).toMatchObject([{ kind: 'paused-node', nodeName: 't' }])
  })

  test('are entered again by a loop, with all that is in them', () => {
    const w = world(
      [subflow('s', [script('a')]), gateway('x', 'exclusive')],
      ['start -> s -> x', 's-start -> a -> s-end', "x -> s if tasks.a.outputs.say == 'again'", 'x -> end else'],
    )
    w.end('a', { kind: 'succeeded', outputs: { say: 'again' } })
    expect(['s', 's-start', 'a', 's-end'].map((key) => w.viewed(key).loop)).toEqual([2, 2, 2, 1])
    w.end('a', { kind: 'succeeded', outputs: { say: 'done' } })
    expect(w.status()).toBe('succeeded')
    expect(w.viewed('s')).toMatchObject({ loop: 2, status: 'succeeded' })
  })

  test('that may not begin again let nothing in them begin, whoever asks', () => {
    const w = world(
      [subflow('s', [noop('a')], on('hold')), gateway('x', 'exclusive')],
      ['start -> s -> x', 'x -> s if true', 'x -> end else', 's-start -> a -> s-end'],
    )
    expect(w.viewed('s')).toMatchObject({ status: 'failed', failure: { kind: 'loop-limit', limit: 100 } })
    w.pause()
    w.resume()
    expect(w.statuses('s s-start a')).toBe('s:failed s-start:pending a:succeeded')
  })

  test('that were under way when their run went back to its first node are kept as cancelled', () => {
    const w = world([subflow('s', [script('a', on('restart'))])], ['start -> s -> end', 's-start -> a -> s-end'], {
      definition: { restartsMax: 1 },
    })
    w.wait(5_000)
    w.fail('a')
    expect(w.viewed('s').earlier).toMatchObject([{ attempt: 1, status: 'cancelled', endedAt: w.now }])
    expect(w.viewed('s')).toMatchObject({ attempt: 2, status: 'running' })
  })

  test('are cancelled with their run, and go on when it is retried', () => {
    const w = inner()
    w.lease('a')
    w.cancel()
    w.report('a', { kind: 'cancelled' })
    expect(w.statuses('s a b')).toBe('s:cancelled a:cancelled b:pending')
    w.retryRun()
    expect(w.statuses('s a')).toBe('s:running a:queued')
    w.succeed('a')
    w.succeed('b', 'c')
    expect(w.status()).toBe('succeeded')
  })

  test('fail with what failed in them under stop', () => {
    const w = inner('stop')
    w.fail('a')
    expect(w.statuses('s a b c')).toBe('s:failed a:failed b:pending c:pending')
    expect(w.status()).toBe('failed')
    w.retry('a')
    expect(w.statuses('s a')).toBe('s:running a:queued')
  })

  test('are neither skipped nor failed by a person', () => {
    const w = inner()
    expect(allowedOnNode(w.run, w.index('s'))).toEqual(['pause'])
  })
})

describe('what is left out of a run', () => {
  test('lets the token pass', () => {
    const w = world([script('a'), script('b', { optional: true }), script('c')], ['start -> a -> b -> c -> end'], {
      excluded: ['b'],
    })
    expect([w.viewed('b'), w.viewed('c')]).toMatchObject([{ status: 'pending', excluded: true }, { excluded: false }])
    w.succeed('a')
    expect(w.statuses('b c')).toBe('b:skipped c:queued')
    expect(w.viewed('b').skipped?.because).toBe('excluded')
  })

  test('may be a sub-flow', () => {
    const w = world(
      [subflow('s', [script('a')], { optional: true }), script('b')],
      ['start -> s -> b -> end', 's-start -> a -> s-end'],
      { excluded: ['s'] },
    )
    expect(w.statuses('s a b')).toBe('s:skipped a:pending b:queued')
    w.succeed('b')
    expect(w.status()).toBe('succeeded')
  })

  test('is never a gateway: its token would go all ways at once', () => {
    const w = world(
      [gateway('x', 'exclusive'), script('a'), script('b')],
      ['start -> x', 'x -> a if true', 'x -> b else', 'a -> end', 'b -> end'],
      { excluded: ['start', 'x', 'end'] },
    )
    expect(w.statuses('x a b')).toBe('x:succeeded a:queued b:pending')
    w.succeed('a')
    expect(w.status()).toBe('succeeded')
  })

  test('may be a stage and single tasks of others', () => {
    const w = new EngineWorld(
      definition({
        stages: [stage('s', [script('a'), noop('z')]), stage('t', [script('b')]), stage('u', [script('c')])],
      }),
      { excluded: ['a', 't'] },
    )
    expect(w.picture()).toBe('running | s:succeeded a:skipped z:succeeded t:skipped b:skipped u:queued c:queued')
  })
})

describe('time', () => {
  test.each([
    ['fail', 'timed_out', 'pending', 'failed'],
    ['skip', 'skipped', 'queued', 'running'],
  ] as const)('a timeout means %s', (onTimeout, status, next, run) => {
    const w = world(
      [script('a', { timeoutMs: 10_000, onTimeout, ...retries(0) }), script('b')],
      ['start -> a -> b -> end'],
    )
    w.lease('a')
    w.wait(10_000)
    w.report('a', { kind: 'cancelled' })
    expect(w.viewed('a')).toMatchObject({ status, failure: { kind: 'timeout' } })
    expect(w.status('b')).toBe(next)
    expect(w.status()).toBe(run === 'failed' ? 'timed_out' : run)
  })

  test.each([
    ['callback', callback('a', { timeoutMs: 10_000, onTimeout: 'skip' })],
    ['sleep', sleep('a', 60_000, { timeoutMs: 10_000, onTimeout: 'skip' })],
    ['review', review('a', {}, { timeoutMs: 10_000, onTimeout: 'skip' })],
  ])('a %s has its timeout, too', (_, task) => {
    const w = world([task, script('b')], ['start -> a -> b -> end'])
    w.wait(9_999)
    expect(w.status('b')).toBe('pending')
    w.wait(1)
    expect(w.viewed('a')).toMatchObject({
      status: 'skipped',
      skipped: { because: 'timeout' },
      failure: { kind: 'timeout', afterMs: 10_000 },
    })
    expect(w.status('b')).toBe('queued')
  })

  test('a sleep that is over before its timeout has succeeded', () => {
    const w = world(
      [sleep('a', 5_000, { timeoutMs: 5_000 }), sleep('b', 5_000, { timeoutMs: 9_000 })],
      ['start -> a -> b -> end'],
    )
    w.wait(10_000)
    expect(w.status()).toBe('succeeded')
  })

  test('a paused node that is passed over by its timeout waits for its resume', () => {
    const w = world([callback('a', { timeoutMs: 10_000, onTimeout: 'skip' }), script('b')], ['start -> a -> b -> end'])
    w.pauseNode('a')
    w.wait(10_000)
    expect(w.statuses('a b')).toBe('a:paused b:pending')
    w.resumeNode('a')
    expect(w.statuses('a b')).toBe('a:skipped b:queued')
  })

  test('a person puts off the end of a wait, or ends it now', () => {
    const w = world([sleep('a', 10_000), callback('b', on('hold'), 10_000)], ['start -> a -> b -> end'])
    w.do({ type: 'delay-node', node: w.index('a'), byMs: 5_000 })
    // Whoever looks at the time that it had before comes too early.
    w.wait(10_000)
    expect(w.refused({ type: 'check-deadline', node: w.index('a') }).code).toBe('stale')
    w.wait(4_999)
    expect(w.status('a')).toBe('running')
    w.wait(1)
    expect(w.status('a')).toBe('succeeded')
    w.do({ type: 'expire-node', node: w.index('b') })
    expect(w.viewed('b').failure?.kind).toBe('expired')
    expect(w.refused({ type: 'delay-node', node: w.index('b'), byMs: 1 }).code).toBe('not-allowed')
  })

  test('a person puts off what is to be tried again', () => {
    const w = world([script('a', retries(1, { delayMs: 10_000 }))], ['start -> a -> end'])
    w.fail('a')
    w.do({ type: 'delay-node', node: w.index('a'), byMs: 5_000 })
    w.wait(14_999)
    expect(w.task('a')).toMatchObject({ status: 'queued', attempt: 1 })
    expect(w.refused({ type: 'check-deadline', node: w.index('a') }).code).toBe('stale')
    w.wait(1)
    expect(w.task('a')).toMatchObject({ status: 'queued', attempt: 2, retryAt: null })
  })

  test('a person tries again before the delay is over, and gives up what is held', () => {
    const w = world([script('a', { ...retries(1, { delayMs: 60_000 }), ...on('hold', 60_000) })], ['start -> a -> end'])
    w.fail('a')
    w.do({ type: 'expire-node', node: w.index('a') })
    expect(w.task('a')).toMatchObject({ status: 'queued', attempt: 2, retryAt: null })
    w.fail('a')
    w.do({ type: 'delay-node', node: w.index('a'), byMs: 60_000 })
    w.wait(119_000)
    expect(w.status()).toBe('held')
    w.do({ type: 'expire-node', node: w.index('a') })
    expect(w.status()).toBe('timed_out')
  })

  test('what is queued in a paused run has no time to put off or to end', () => {
    const w = world([script('a', { notStartedMs: 10_000 })], ['start -> a -> end'])
    w.pause()
    expect(allowedOnNode(w.run, w.index('a'))).toEqual(['skip', 'pause', 'fail'])
  })
})

describe('a cancel after what is at work', () => {
  test('lets runners end and begins nothing else', () => {
    const w = world(
      [fork, script('a'), callback('b'), join, script('c')],
      ['start -> f -> a -> j', 'f -> b -> j -> c -> end'],
    )
    w.lease('a')
    w.do({ type: 'cancel', reason: 'later', mode: 'after-current' })
    expect(w.statuses('a b')).toBe('a:running b:cancelled')
    expect(w.status()).toBe('running')
    w.succeed('a')
    expect(w.picture()).toMatch(
      /^cancelled \| flow:cancelled start:succeeded f:succeeded a:succeeded b:cancelled j:pending c:pending/,
    )
  })

  test('may be made firm', () => {
    const w = world([script('a')], ['start -> a -> end'])
    w.lease('a')
    w.do({ type: 'cancel', reason: 'later', mode: 'after-current' })
    w.wait(3_600_000)
    expect(w.status()).toBe('running')
    expect(allowedOnRun(w.run)).toEqual(['cancel'])
    w.cancel()
    w.wait(25_000)
    expect(w.statuses('a')).toBe('a:cancelled')
    expect(w.status()).toBe('cancelled')
  })
})

describe('variables', () => {
  const bamboo = (
    variables: PipelineDefinition['variables'],
    nodes: Parameters<typeof flow>[0],
    ways: readonly string[],
    params = {},
  ): EngineWorld => world(nodes, ways, { params, definition: { language: 'bamboo', variables } })
  const constant = (name: string, value: string, scope: string | null = null, outer = false) => ({
    name,
    value,
    from: null,
    scope,
    outer,
  })
  const made = (name: string, task: string, output: string, scope: string | null = null) => ({
    name,
    value: null,
    from: { task, output },
    scope,
    outer: false,
  })
  const echo = (key: string, text: string) => script(key, { work: { kind: 'runner', uses: 'script', with: { text } } })
  const textOf = (w: EngineWorld, key: string): unknown => {
    w.lease(key)
    return jobOf(w.run, w.index(key), []).with['text']
  }

  test('outputs of nodes are variables once they are there; whole, they keep their type', () => {
    const w = bamboo(
      [made('n', 'a', 'count'), constant('twice', '${n} and ${n}')],
      [callback('a'), echo('b', '${n}'), echo('c', '${twice}!')],
      ['start -> a -> b -> c -> end'],
    )
    const view = (): unknown => viewOf(w.run, projectView(), {} as never).variables
    expect(view()).toEqual({ n: null, twice: '${n} and ${n}' })
    w.answer('a', { count: 3 })
    expect(view()).toEqual({ n: 3, twice: '3 and 3' })
    expect(textOf(w, 'b')).toBe(3)
    w.succeed('b')
    expect(textOf(w, 'c')).toBe('3 and 3!')
  })

  test('outputs of a failed node that is passed over are seen, those of a skipped one are not there', () => {
    const w = bamboo(
      [made('n', 'a', 'count')],
      [callback('a', on('continue')), echo('b', '${n}')],
      ['start -> a -> b -> end'],
    )
    w.answer('a', { count: 3 }, false)
    expect(textOf(w, 'b')).toBe(3)
    const left = bamboo(
      [made('n', 'a', 'count')],
      [callback('a', on('hold')), echo('b', '${n}')],
      ['start -> a -> b -> end'],
    )
    left.forceFail('a')
    left.skip('a')
    expect(textOf(left, 'b')).toBe('${n}')
  })

  test('a sub-flow has names of its own: what is around it is given to it, or not seen', () => {
    const w = bamboo(
      [
        constant('x', 'outside'),
        constant('y', 'hidden'),
        constant('x', 'inside', 's'),
        constant('given', '${x}', 's', true),
        constant('own', '${x}', 's'),
      ],
      [subflow('s', [echo('a', '${x} ${given} ${own} ${y}')]), echo('b', '${x}')],
      ['start -> s -> b -> end', 's-start -> a -> s-end'],
    )
    expect(textOf(w, 'a')).toBe('inside outside inside ${y}')
    w.succeed('a')
    expect(textOf(w, 'b')).toBe('outside')
  })

  test('what a sub-flow has made is seen around it when it has ended', () => {
    const w = bamboo(
      [made('made', 'a', 'tag', 's'), made('got', 's', 'made')],
      [subflow('s', [callback('a')]), echo('b', '${got}')],
      ['start -> s -> b -> end', 's-start -> a -> s-end'],
    )
    w.answer('a', { tag: 'v7' })
    expect(textOf(w, 'b')).toBe('v7')
  })

  test('variables that need each other stay as they are written', () => {
    const w = bamboo(
      [constant('x', '<${y}>'), constant('y', '${x}'), constant('z', '${z}')],
      [echo('a', '${x} ${z}')],
      ['start -> a -> end'],
    )
    expect(textOf(w, 'a')).toMatch(/^<+\$\{[xy]\}>+ \$\{z\}$/)
  })

  test('a node knows its pass', () => {
    const w = bamboo(
      [],
      [echo('a', '${_loop}'), gateway('x', 'exclusive')],
      ['start -> a -> x', 'x -> a rule ${_loop} < 2', 'x -> end else'],
    )
    expect(textOf(w, 'a')).toBe(1)
    w.succeed('a')
    expect(textOf(w, 'a')).toBe(2)
    w.succeed('a')
    expect(w.status()).toBe('succeeded')
  })

  test('params that were changed are seen by what has not begun', () => {
    const params = [
      { name: 'tag', type: 'string', description: '', required: false, default: null, options: [] },
    ] as const
    const w = world([echo('a', '${tag}'), echo('b', '${tag}')], ['start -> a -> b -> end'], {
      params: { tag: 'v1' },
      definition: { language: 'bamboo', params },
    })
    expect(textOf(w, 'a')).toBe('v1')
    w.do({ type: 'modify', params: { tag: 'v2' } })
    w.succeed('a')
    expect(textOf(w, 'b')).toBe('v2')
    expect(w.refused({ type: 'modify', params: { gone: 1 } }).code).toBe('invalid-params')
    w.succeed('b')
    expect(w.refused({ type: 'modify', params: { tag: 'v3' } }).code).toBe('not-allowed')
  })
})

test('edges of a flow are written in few words', () => {
  expect(edges('a -> b -> c', 'x -> y else').map(({ key, default: otherwise }) => [key, otherwise])).toEqual([
    ['a-b', false],
    ['b-c', false],
    ['x-y', true],
  ])
})

test('what is paused before its next try is cancelled when its stage fails, and tried with its run', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a', retries(1)), script('b')])] }))
  w.fail('a')
  w.pauseNode('a')
  w.fail('b')
  expect(w.statuses('a b')).toBe('a:cancelled b:failed')
  expect(w.status()).toBe('failed')
  w.retryRun()
  expect(w.statuses('a b')).toBe('a:queued b:queued')
  expect(w.viewed('a').paused).toBe(false)
  w.succeed('a', 'b')
  expect(w.status()).toBe('succeeded')
})

describe('the pause of an attempt that is over', () => {
  const cancelled = (): EngineWorld => {
    const w = new EngineWorld(
      definition({ stages: [stage('s', [script('a', retries(1)), script('b')]), stage('t', [script('c')])] }),
    )
    w.pauseNode('c')
    w.fail('a')
    w.pauseNode('a')
    w.fail('b')
    return w
  }

  test('does not hold the retry of its node, nor end its run before it is tried', () => {
    const w = cancelled()
    w.retry('a')
    expect(w.statuses('a b')).toBe('a:queued b:failed')
    expect(w.status()).toBe('running')
    expect(allowedOnNode(w.run, w.index('a'))).toContain('pause')
  })

  test('does not hold the retry of its stage; what was paused ahead of time still waits for its resume', () => {
    const w = cancelled()
    w.do({ type: 'retry-node', node: w.index('s'), inputs: null })
    expect(w.statuses('a b')).toBe('a:queued b:queued')
    w.succeed('a', 'b')
    expect(w.statuses('c')).toBe('c:paused')
    expect(w.status()).toBe('paused')
    w.resumeNode('c')
    w.succeed('c')
    expect(w.status()).toBe('succeeded')
  })

  test('nor does that of a sub-flow that has ended with its run', () => {
    const w = world([subflow('s', [script('a')])], ['start -> s -> end', 's-start -> a -> s-end'])
    w.lease('a')
    w.pauseNode('s')
    w.cancel()
    w.report('a', { kind: 'cancelled' })
    expect(w.statuses('s a')).toBe('s:cancelled a:cancelled')
    w.retry('a')
    expect(w.statuses('s a')).toBe('s:running a:queued')
    w.succeed('a')
    expect(w.status()).toBe('succeeded')
  })
})

describe('what a person took up in a run that fails, and then paused,', () => {
  test('is tried when it is resumed: the run does not end without it', () => {
    const w = new EngineWorld(definition({ stages: [stage('s', [script('a'), script('b')])] }))
    w.lease('a', 'b')
    w.fail('a', 'b')
    w.retry('a')
    w.pauseNode('a')
    expect(w.statuses('a b')).toBe('a:paused b:failed')
    expect(w.status()).toBe('paused')
    w.resumeNode('a')
    w.succeed('a')
    expect(w.status()).toBe('failed')
  })

  test('so with the sub-flow that it is in', () => {
    const w = world(
      [fork, subflow('s', [script('a', on('hold'))]), script('b'), join],
      ['start -> f -> s -> j', 'f -> b -> j -> end', 's-start -> a -> s-end'],
    )
    w.fail('a')
    w.pauseNode('s')
    w.retry('a')
    w.fail('b')
    expect(w.statuses('s a b')).toBe('s:paused a:pending b:failed')
    expect(w.status()).toBe('paused')
    w.resumeNode('s')
    w.succeed('a')
    expect(w.status()).toBe('failed')
  })
})
