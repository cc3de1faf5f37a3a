import { describe, expect, test } from 'vitest'
import type { NodeAction } from '../model/command.ts'
import type { TaskSpec, Triggers } from '../model/definition.ts'
import { definition, flow, gateway, noop, on, script, stage, subflow } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { allowedOnNode, allowedOnRun } from './admits.ts'

/** What is allowed beyond what the status alone says. */

const back = { rollback: { kind: 'runner', uses: 'script', with: {} } } as const
const beside = { parallel: true } as const
const allowed = (w: EngineWorld, key: string): readonly NodeAction[] => allowedOnNode(w.run, w.index(key))
const rollBack = (w: EngineWorld, key: string): void => void w.do({ type: 'rollback', node: w.index(key) })

describe('a stage', () => {
  const two = (a: TaskSpec, b: TaskSpec): EngineWorld =>
    new EngineWorld(definition({ stages: [stage('s', [a]), stage('t', [b])] }))

  test('that was not reached is skipped while its run goes on, and not when that has ended', () => {
    const w = two(script('a'), script('b'))
    expect(allowed(w, 't')).toEqual(['skip'])
    w.fail('a')
    expect(w.status()).toBe('failed')
    expect(allowed(w, 't')).not.toContain('skip')
  })

  test('is not skipped while another is taken back', () => {
    const w = two(script('a', { ...back, ...on('hold') }), script('b'))
    w.fail('a')
    expect(allowed(w, 't')).toEqual(['skip'])
    rollBack(w, 's')
    expect(allowed(w, 't')).toEqual([])
  })

  test('that is over is begun anew or taken back when nothing is at work, and not before', () => {
    const w = two(script('a', back), script('b', on('hold')))
    w.succeed('a')
    expect(allowed(w, 's')).toEqual([])
    w.fail('b')
    expect(allowed(w, 's')).toEqual(['retry', 'rollback'])
  })

  test.each([
    ['failed', { kind: 'exit-code', code: 1 }],
    ['errored', { kind: 'cannot-start', reason: 'no shell' }],
  ] as const)('after one that was taken back in vain (%s) is not begun anew, that one is', (_, failure) => {
    const w = two(script('a', back), script('b', on('hold')))
    w.succeed('a')
    w.fail('b')
    rollBack(w, 's')
    w.failWith('a', failure)
    expect([allowed(w, 's').includes('retry'), allowed(w, 't').includes('retry')]).toEqual([true, false])
  })
})

describe('a task', () => {
  test('that was not reached is not skipped in a run that has ended', () => {
    const w = new EngineWorld(definition({ stages: [stage('s', [script('a')]), stage('t', [script('b')])] }))
    expect(allowed(w, 'b')).toContain('skip')
    w.fail('a')
    expect(allowed(w, 'b')).not.toContain('skip')
  })

  test('that is at work in a paused run has its time put off, one that is queued has not', () => {
    const changes = { timeoutMs: 1_000, notStartedMs: 1_000 }
    const w = new EngineWorld(definition({ stages: [stage('s', [script('a', changes), script('b', changes)])] }))
    w.lease('a')
    expect([allowed(w, 'a').includes('delay'), allowed(w, 'b').includes('delay')]).toEqual([true, true])
    w.pause()
    expect([allowed(w, 'a').includes('delay'), allowed(w, 'b').includes('delay')]).toEqual([true, false])
  })
})

test('what is held has its time put off while its stage is under way, and not when that has ended', () => {
  const stages = [
    stage('s', [script('a', on('hold', 15_000)), script('b')]),
    stage('t', [script('c')], { always: true }),
  ]
  const w = new EngineWorld(definition({ stages }))
  w.lease('a', 'b')
  w.fail('a')
  expect(allowed(w, 'a')).toContain('delay')
  w.fail('b')
  expect(w.picture()).toBe('running | s:failed a:failed b:failed t:queued c:queued')
  expect(allowed(w, 'a')).not.toContain('delay')
})

describe('in a flow', () => {
  const world = (nodes: readonly TaskSpec[], ways: readonly string[], loopMax?: number): EngineWorld =>
    new EngineWorld(definition({ stages: [flow(nodes, ways, {}, loopMax)] }))

  test('only what a token has come to is skipped', () => {
    const w = world([script('a'), script('b')], ['start -> a -> b -> end'])
    expect([allowed(w, 'a').includes('skip'), allowed(w, 'b').includes('skip')]).toEqual([true, false])
    w.pauseNode('b')
    w.succeed('a')
    expect(allowed(w, 'b')).toContain('skip')
  })

  test('the end can be paused, but not skipped, also when its token waits there', () => {
    const w = world([script('a')], ['start -> a -> end'])
    expect(allowed(w, 'end')).toEqual(['pause'])
    w.lease('a')
    w.pause()
    w.succeed('a')
    expect(w.task('end').unmet).toBe(0)
    expect(allowed(w, 'end')).toEqual(['pause'])
  })

  test('neither the start nor a sub-flow is skipped that a token has come to', () => {
    const nodes = [script('a'), ...subflow('sub', [script('b')])]
    const w = new EngineWorld(
      definition({
        stages: [stage('s', [script('c')]), flow(nodes, ['start -> a -> sub -> end', 'sub-start -> b -> sub-end'])],
      }),
    )
    w.pauseNode('start')
    w.succeed('c')
    expect(allowed(w, 'start')).toEqual(['resume'])
    w.resumeNode('start')
    w.pauseNode('sub')
    w.succeed('a')
    expect(allowed(w, 'sub')).toEqual(['resume'])
  })

  test('only a gateway that chooses is shown its way', () => {
    const w = world(
      [
        gateway('both', 'parallel', on('hold')),
        noop('p'),
        noop('q'),
        gateway('met', 'converge'),
        gateway('x', 'exclusive'),
      ],
      ['start -> both -> p -> met', 'both -> q -> met', 'met -> x', 'x -> both if true', 'x -> end else'],
      1,
    )
    expect([w.status(), w.status('both')]).toEqual(['held', 'failed'])
    expect(allowed(w, 'both')).not.toContain('choose')
  })
})

describe('a run is retried', () => {
  const never = { retryable: false }

  test('when one of what failed may be, and not when none may, however each has failed', () => {
    const world = (a: Partial<TaskSpec>): EngineWorld => {
      const w = new EngineWorld(
        definition({ stages: [stage('s', [script('a', a)]), stage('t', [script('b', never)], beside)] }),
      )
      w.lease('a', 'b')
      w.fail('a')
      w.failWith('b', { kind: 'cannot-start', reason: 'no shell' })
      expect(w.status()).toBe('failed')
      return w
    }
    expect(allowedOnRun(world({}).run)).toEqual(['retry'])
    expect(allowedOnRun(world(never).run)).toEqual([])
  })

  test('when something of it has failed while the rest is at work', () => {
    const w = new EngineWorld(
      definition({ stages: [stage('s', [script('a', on('restart')), script('b'), script('c')])] }),
    )
    w.lease('a', 'b', 'c')
    w.fail('a')
    expect(allowedOnRun(w.run)).toContain('retry')
    w.fail('b')
    expect(allowedOnRun(w.run)).toContain('retry')
  })

  test('when it was cancelled, also between two nodes, and when what was taken up of it has failed', () => {
    const w = new EngineWorld(definition({ stages: [stage('s', [script('a', on('hold')), script('b')])] }))
    w.cancel()
    expect(allowedOnRun(w.run)).toEqual(['retry'])
    w.retry('a')
    w.fail('a')
    expect([w.run.counts.cancelled, w.run.counts.held]).toEqual([1, 1])
    expect(allowedOnRun(w.run)).toContain('retry')
  })

  test('not when what has failed of it is never to be, and it would go back to its first node', () => {
    const w = new EngineWorld(
      definition({ stages: [stage('s', [script('a', { ...never, ...on('restart') }), script('b')])] }),
    )
    w.lease('a', 'b')
    w.fail('a')
    expect(allowedOnRun(w.run)).not.toContain('retry')
  })
})

test('a run that waits for its turn or for its triggers has nothing that is skipped or begun anew', () => {
  const triggers: Triggers = { operator: 'or', list: [{ kind: 'channel', name: 'go', channel: 'go', params: {} }] }
  const stages = [stage('s', [noop('a')])]
  for (const changes of [{ triggers }, { concurrency: { limit: 1, group: null, whenFull: 'queue' } as const }]) {
    const w = new EngineWorld(definition({ ...changes, stages }), { start: !('triggers' in changes) })
    expect(['s', 'a'].map((key) => allowed(w, key))).toEqual([[], []])
  }
})
