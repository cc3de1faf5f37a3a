import { describe, expect, test } from 'vitest'
import type { Triggers } from '../model/definition.ts'
import { definition, flow, noop, on, retries, script, stage, subflow } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'

/** What readers see of a task, where it is not what the task's own state says. */

const back = { rollback: { kind: 'runner', uses: 'script', with: {} } } as const

describe('a task that a person has paused', () => {
  const world = (): EngineWorld =>
    new EngineWorld(
      definition({
        stages: [stage('s', [script('a', on('hold')), script('b', { needs: ['a'] })]), stage('t', [script('c')])],
      }),
    )

  test('stands still from its turn on, and until then it is to come', () => {
    const w = world()
    w.pauseNode('b')
    w.pauseNode('c')
    expect([w.viewed('b').status, w.viewed('c').status]).toEqual(['pending', 'pending'])
    w.succeed('a')
    expect([w.viewed('b').status, w.viewed('c').status]).toEqual(['paused', 'pending'])
  })

  test('is shown as what it has become when it has ended', () => {
    const w = world()
    w.lease('a')
    w.pauseNode('a')
    expect(w.viewed('a').status).toBe('paused')
    w.fail('a')
    expect(w.viewed('a').status).toBe('failed')
  })

  test('is shown as what it has become also while its run waits for a person', () => {
    const w = new EngineWorld(definition({ stages: [stage('s', [script('a', on('hold'))])] }))
    w.lease('a')
    w.pauseNode('a')
    w.fail('a')
    expect([w.status(), w.viewed('a').status]).toEqual(['held', 'failed'])
  })

  test('was not reached when its run has ended without it', () => {
    const w = new EngineWorld(definition({ stages: [stage('s', [script('a'), script('b')])] }))
    w.pauseNode('b')
    expect(w.viewed('b').status).toBe('paused')
    w.fail('a')
    expect([w.status(), w.viewed('b').status]).toEqual(['failed', w.status('b')])
  })

  test('was cancelled when its stage ended without it, also while the rest is tried again', () => {
    const w = new EngineWorld(definition({ stages: [stage('s', [script('a', retries(1)), script('b')])] }))
    w.fail('a')
    w.pauseNode('a')
    w.fail('b')
    expect([w.status(), w.viewed('a').status]).toEqual(['failed', 'cancelled'])
    w.retry('b')
    expect([w.status('b'), w.viewed('a').status]).toEqual(['queued', 'cancelled'])
  })

  test('is at its end when its run is cancelled, and then it has ended', () => {
    const w = world()
    w.lease('a')
    w.pauseNode('a')
    w.cancel()
    expect(w.viewed('a').status).toBe('running')
    w.report('a', { kind: 'cancelled' })
    expect([w.status(), w.viewed('a').status]).toEqual(['cancelled', 'cancelled'])
  })
})

test('a sub-flow stands still that was paused after it had begun, and is under way when it is resumed', () => {
  const nodes = [subflow('sub', [script('a')])]
  const w = new EngineWorld(definition({ stages: [flow(nodes, ['start -> sub -> end', 'sub-start -> a -> sub-end'])] }))
  w.lease('a')
  w.pauseNode('sub')
  expect(w.viewed('sub').status).toBe('paused')
  w.do({ type: 'resume-node', node: w.index('sub') })
  expect(w.viewed('sub').status).toBe('running')
  w.pauseNode('sub')
  w.cancel()
  expect(w.viewed('sub').status).toBe('running')
  w.report('a', { kind: 'cancelled' })
  expect(w.viewed('sub').status).toBe('cancelled')
})

test('a sub-flow stands still with its run, and is at its end when that is cancelled', () => {
  const nodes = [subflow('sub', [script('a')])]
  const w = new EngineWorld(definition({ stages: [flow(nodes, ['start -> sub -> end', 'sub-start -> a -> sub-end'])] }))
  w.lease('a')
  w.pause()
  expect(w.viewed('sub').status).toBe('paused')
  w.cancel()
  expect(w.viewed('sub').status).toBe('running')
})

test('a sub-flow that was under way when its run ended has ended as that, if nothing in it says otherwise', () => {
  const nodes = [subflow('sub', [script('a'), script('b')])]
  const ways = ['start -> sub -> end', 'sub-start -> a -> b -> sub-end']
  const w = new EngineWorld(definition({ timeoutMs: 1_000, stages: [flow(nodes, ways)] }))
  w.pauseNode('b')
  w.succeed('a')
  w.wait(1_000)
  expect([w.status(), w.viewed('sub').status]).toEqual(['timed_out', 'timed_out'])
})

test('what is taken back is that from its turn to its end, whatever its runner is at', () => {
  const w = new EngineWorld(
    definition({ stages: [stage('s', [script('a', back), script('b', { ...back, needs: ['a'] })])] }),
  )
  w.succeed('a', 'b')
  w.do({ type: 'rollback', node: w.index('s') })
  const seen = (): readonly string[] => [w.viewed('a').status, w.viewed('b').status]
  expect(seen()).toEqual(['rolling_back', 'rolling_back'])
  w.lease('b')
  expect(seen()).toEqual(['rolling_back', 'rolling_back'])
  w.succeed('b')
  expect(seen()).toEqual(['rolling_back', 'rolled_back'])
})

test('a stage is taken back although another task of it was cancelled, that has no way back', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a', back), script('b', { needs: ['a'] })])] }))
  w.succeed('a')
  w.cancel()
  expect(w.picture()).toBe('cancelled | s:cancelled a:succeeded b:cancelled')
  w.do({ type: 'rollback', node: w.index('s') })
  w.succeed('a')
  expect(w.picture()).toBe('rolled_back | s:rolled_back a:rolled_back b:cancelled')
})

test('a run waits whose next stage waits for its triggers, and nothing else of it is at work', () => {
  const triggers: Triggers = { operator: 'or', list: [{ kind: 'channel', name: 'go', channel: 'go', params: {} }] }
  const w = new EngineWorld(definition({ stages: [stage('s', [noop('a')]), stage('t', [noop('b')], { triggers })] }))
  expect(w.status()).toBe('waiting')
})
