import { describe, expect, test } from 'vitest'
import type { PipelineDefinition } from '../model/definition.ts'
import { callback, definition, on, script, stage, when } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'

const world = (...stages: readonly ReturnType<typeof stage>[]): EngineWorld => new EngineWorld(definition({ stages }))

describe('a task that is passed over when its time is up', () => {
  const skips = { onTimeout: 'skip' } as const

  test('is, be it that nobody has called back', () => {
    const w = world(stage('s', [callback('a', skips, 5_000), script('b', { needs: ['a'] })]))
    w.wait(5_000)
    expect(w.statuses('a b')).toBe('a:skipped b:queued')
    expect(w.task('a').skipped?.because).toBe('timeout')
  })

  test('is not when it has failed in its time', () => {
    const w = world(stage('s', [script('a', { ...skips, timeoutMs: 5_000 }), script('b', { needs: ['a'] })]))
    w.fail('a')
    expect(w.picture()).toBe('failed | s:failed a:failed b:pending')
  })
})

describe('a failure that a person has forced, of a task that is passed over when it fails', () => {
  const forced = (language: PipelineDefinition['language']): EngineWorld => {
    const w = new EngineWorld(definition({ language, stages: [stage('s', [callback('a', on('continue'))])] }))
    w.forceFail('a')
    return w
  }

  test('is held in the language of BlueKing, as there', () => {
    const w = forced('bamboo')
    expect(w.picture()).toBe('held | s:held a:failed')
    expect(w.timers.size).toBe(0)
  })

  test('is passed over like any other in ours', () => {
    expect(forced('native').status()).toBe('succeeded')
  })

  test('and one that nobody has forced is passed over in both', () => {
    const w = new EngineWorld(definition({ language: 'bamboo', stages: [stage('s', [script('a', on('continue'))])] }))
    w.fail('a')
    expect(w.status()).toBe('succeeded')
  })
})

test('a way back that fails is not held, whatever its task is', () => {
  const back = { rollback: { kind: 'runner', uses: 'script', with: {} } } as const
  const w = world(stage('s', [script('a', { ...back, ...on('hold') })]))
  w.succeed('a')
  w.do({ type: 'rollback', node: w.index('s') })
  w.fail('a')
  expect(w.picture()).toBe('rollback_failed | s:rollback_failed a:rollback_failed')
})

test('a run of another pipeline has the time of its task', () => {
  const work = { kind: 'run', pipeline: 'other', params: {}, wait: true } as const
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a', { work, timeoutMs: 5_000 })])] }), {
    start: false,
  })
  w.raw({ type: 'start' })
  expect(w.timers.get(w.index('a'))).toBe(w.now + 5_000)
})

test('a stage that is not entered says why', () => {
  const stages = [stage('s', [script('a')]), stage('t', [script('b')], when('1 == 2')), stage('u', [script('c')])]
  const w = new EngineWorld(definition({ stages }), { excluded: ['s'] })
  const because = (key: string): unknown => (w.run.nodes.at(w.index(key)) as { skipped?: unknown }).skipped
  expect(['s', 't'].map(because)).toEqual([
    { because: 'excluded', reason: 'it was left out of this run' },
    { because: 'condition', reason: 'its condition is false' },
  ])
  expect(w.status('c')).toBe('queued')
})

test('only runners are asked to end what they are at', () => {
  const w = world(stage('s', [script('a'), script('b'), callback('c')]))
  w.lease('b')
  w.cancel()
  const asked = w.effects.flatMap((effect) => (effect.type === 'cancel-attempt' ? [effect.node] : []))
  expect(asked).toEqual([w.index('b')])
  expect(w.statuses('a b c')).toBe('a:cancelled b:running c:cancelled')
})
