import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../model/definition.ts'
import { definition, on, review, script, stage, when } from '../testing/definitions.ts'
import { brokenLaws } from '../testing/engine-laws.ts'
import { EngineWorld } from '../testing/engine-world.ts'

/** Tasks that run whatever became of what they need. */

const world = (...tasks: readonly TaskSpec[]): EngineWorld =>
  new EngineWorld(definition({ stages: [stage('s', tasks)] }))
const always = (key: string, needs: readonly string[], changes: Partial<TaskSpec> = {}): TaskSpec =>
  script(key, { needs, always: true, ...changes })

/** The run's and every node's status, of a run that keeps the laws. */
function picture(w: EngineWorld): string {
  expect(brokenLaws(w.run)).toEqual([])
  return w.picture()
}

describe('a task that always runs', () => {
  test('begins as soon as what it needs has failed, while others of its stage are at work', () => {
    const w = world(script('a'), script('b'), always('c', ['a']), script('d', { needs: ['b'] }))
    w.lease('b')
    w.fail('a')
    expect(picture(w)).toBe('running | s:running a:failed b:running c:queued d:pending')
    w.succeed('c')
    expect(picture(w)).toBe('running | s:running a:failed b:running c:succeeded d:pending')
    w.succeed('b')
    expect(picture(w)).toBe('failed | s:failed a:failed b:succeeded c:succeeded d:pending')
  })

  test('begins as any other when all went well', () => {
    const w = world(script('a'), always('c', ['a']))
    expect(w.status('c')).toBe('pending')
    w.succeed('a')
    w.succeed('c')
    expect(picture(w)).toBe('succeeded | s:succeeded a:succeeded c:succeeded')
  })

  test('waits for all that it needs, and for what that needs, but not for what cannot come any more', () => {
    const w = world(
      script('a'),
      script('b', { needs: ['a'] }),
      script('x'),
      script('y', { needs: ['x'] }),
      always('c', ['b', 'y']),
    )
    w.lease('x')
    w.fail('a')
    expect(picture(w)).toBe('running | s:running a:failed b:pending x:running y:pending c:pending')
    w.succeed('x')
    expect(picture(w)).toBe('running | s:running a:failed b:pending x:succeeded y:pending c:queued')
    w.succeed('c')
    expect(w.status()).toBe('failed')
  })

  test('lets go on what needs it, and what its condition passes over does, too', () => {
    const failed = (key: string) => when(`tasks.${key}.status == 'failed'`)
    const w = world(
      script('a'),
      always('c', ['a'], failed('a')),
      script('d', { needs: ['c'] }),
      always('e', ['c'], failed('c')),
      script('f', { needs: ['e'] }),
    )
    w.fail('a')
    w.succeed('c')
    expect(picture(w)).toBe('running | s:running a:failed c:succeeded d:queued e:skipped f:queued')
    w.succeed('d', 'f')
    expect(picture(w)).toBe('failed | s:failed a:failed c:succeeded d:succeeded e:skipped f:succeeded')
  })

  test('is not withdrawn by a failure beside it, and makes its stage fail itself', () => {
    const w = world(script('a'), script('b'), always('c', ['a']))
    w.lease('b')
    w.succeed('a')
    w.fail('b')
    expect(picture(w)).toBe('running | s:running a:succeeded b:failed c:queued')
    w.fail('c')
    expect(picture(w)).toBe('failed | s:failed a:succeeded b:failed c:failed')
  })

  test('waits for who is to decide, and begins when that is refused', () => {
    const w = world(script('a', on('hold')), review('r', {}, { needs: ['a'] }), always('c', ['r']))
    w.fail('a')
    expect(picture(w)).toBe('held | s:held a:failed r:pending c:pending')
    w.skip('a')
    w.reject('r')
    expect(picture(w)).toBe('running | s:running a:skipped r:failed c:queued')
  })

  test('does not run where its stage was never reached, nor after a cancel, nor before the run goes back to its start', () => {
    const reached = new EngineWorld(
      definition({ stages: [stage('s', [script('x')]), stage('t', [script('a'), always('c', ['a'])])] }),
    )
    reached.fail('x')
    expect(picture(reached)).toBe('failed | s:failed x:failed t:pending a:pending c:pending')
    const cancelled = world(script('a'), always('c', ['a']))
    cancelled.cancel()
    expect(picture(cancelled)).toBe('cancelled | s:cancelled a:cancelled c:pending')
    const again = new EngineWorld(
      definition({
        restartsMax: 1,
        stages: [stage('s', [script('a', on('restart')), script('b'), always('c', ['a', 'b']), always('d', ['b'])])],
      }),
    )
    again.lease('b')
    again.fail('a')
    again.succeed('b')
    expect(picture(again)).toBe('queued | s:queued a:queued b:queued c:pending d:pending')
  })

  test('is not run again by a retry that mends what has failed, and what was not reached is', () => {
    const w = world(script('a'), script('b', { needs: ['a'] }), always('c', ['b']), script('d', { needs: ['c'] }))
    w.fail('a')
    w.succeed('c')
    w.succeed('d')
    w.retry('a')
    w.succeed('a')
    w.succeed('b')
    expect(picture(w)).toBe('succeeded | s:succeeded a:succeeded b:succeeded c:succeeded d:succeeded')
  })

  test('waits for what is retried with it', () => {
    const w = world(script('a'), always('c', ['a']))
    w.fail('a')
    w.fail('c')
    w.retryRun()
    expect(picture(w)).toBe('running | s:running a:queued c:pending')
    w.fail('a')
    expect(w.status('c')).toBe('queued')
  })

  test('that no runner has taken yet waits for what is done again, or comes after all', () => {
    const again = world(script('a'), always('b', ['a']))
    again.fail('a')
    again.retry('a')
    expect(picture(again)).toBe('running | s:running a:queued b:pending')
    again.fail('a')
    expect(again.status('b')).toBe('queued')
    const after = world(script('a'), script('b', { needs: ['a'] }), always('c', ['b']))
    after.fail('a')
    after.skip('a')
    expect(picture(after)).toBe('running | s:running a:skipped b:queued c:pending')
    after.succeed('b')
    expect(after.status('c')).toBe('queued')
  })

  test('that a person passes over before its turn lets go on what needs it when its turn has come', () => {
    const w = world(script('a'), always('c', ['a']), script('d', { needs: ['c'] }))
    w.skip('c')
    expect(picture(w)).toBe('queued | s:queued a:queued c:skipped d:pending')
    w.succeed('a')
    expect(w.status('d')).toBe('queued')
  })

  test('waits for one that always runs, too, in whatever order they are written', () => {
    const w = world(script('a'), always('c', ['b']), always('b', ['a']), script('d', { needs: ['c'] }))
    w.fail('a')
    expect(picture(w)).toBe('running | s:running a:failed c:pending b:queued d:pending')
    w.succeed('b')
    expect(picture(w)).toBe('running | s:running a:failed c:queued b:succeeded d:pending')
  })

  test('waits for what comes after one that always runs, in whatever order they are written', () => {
    const w = world(
      script('a'),
      always('e', ['d', 'x']),
      script('d', { needs: ['c'] }),
      always('c', ['a']),
      script('x'),
    )
    w.lease('x')
    w.fail('a')
    w.succeed('c')
    w.fail('x')
    expect(picture(w)).toBe('running | s:running a:failed e:pending d:queued c:succeeded x:failed')
    w.succeed('d')
    expect(w.status('e')).toBe('queued')
  })

  test('waits for what its stage begins in a failing run', () => {
    const w = new EngineWorld(
      definition({
        stages: [
          stage('s', [script('a')]),
          stage('t', [always('c', ['b', 'y']), script('b', { needs: ['x'] }), script('x'), script('y')], {
            always: true,
          }),
        ],
      }),
    )
    w.fail('a')
    w.lease('x')
    w.fail('y')
    w.succeed('x')
    expect(picture(w)).toBe('running | s:failed a:failed t:running c:pending b:queued x:succeeded y:failed')
    w.succeed('b')
    expect(w.status('c')).toBe('queued')
  })

  test('does not wait for what stands before one that has failed by itself', () => {
    const w = world(script('x'), script('b'), always('c', ['b']), script('d', { needs: ['x'] }))
    w.lease('x')
    w.fail('b')
    expect(picture(w)).toBe('running | s:running x:running b:failed c:queued d:pending')
  })

  test('does not wait for what comes after one that always runs and needs what has failed, too', () => {
    const w = world(script('a'), always('c', ['a']), script('d', { needs: ['a', 'c'] }), always('e', ['d']))
    w.fail('a')
    w.succeed('c')
    expect(picture(w)).toBe('running | s:running a:failed c:succeeded d:pending e:queued')
  })
})
