import { describe, expect, test } from 'vitest'
import type { Triggers } from '../model/definition.ts'
import { definition, flow, noop, on, script, stage, subflow } from '../testing/definitions.ts'
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

test('a run waits whose next stage waits for its triggers, and nothing else of it is at work', () => {
  const triggers: Triggers = { operator: 'or', list: [{ kind: 'channel', name: 'go', channel: 'go', params: {} }] }
  const w = new EngineWorld(definition({ stages: [stage('s', [noop('a')]), stage('t', [noop('b')], { triggers })] }))
  expect(w.status()).toBe('waiting')
})
