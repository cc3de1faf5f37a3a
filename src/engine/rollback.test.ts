import { expect, test } from 'vitest'
import { definition, on, script, stage } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'

const back = { rollback: { kind: 'runner', uses: 'script', with: {} } } as const
const deploy = definition({
  stages: [stage('s', [script('a', back), script('b', { needs: ['a'] })]), stage('t', [script('c', on('hold'))])],
})

const rollBack = (w: EngineWorld, key: string): void => void w.do({ type: 'rollback', node: w.index(key) })

test('a stage is taken back by the way back of its tasks, and what is held after it ends as failed', () => {
  const w = new EngineWorld(deploy)
  w.succeed('a', 'b')
  w.fail('c')
  rollBack(w, 's')
  expect(w.picture()).toBe('rolling_back | s:rolling_back a:queued b:succeeded t:failed c:failed')
  w.succeed('a')
  expect(w.picture()).toBe('rolled_back | s:rolled_back a:rolled_back b:succeeded t:failed c:failed')
})

test('a node that was paused is taken back all the same', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a', back)])] }))
  w.lease('a')
  w.do({ type: 'pause-node', node: w.index('a') })
  w.cancel(true)
  rollBack(w, 's')
  expect(w.status('a')).toBe('queued')
})

test('a run whose rollback was cancelled goes on from what was taken back, and from nothing after it', () => {
  const w = new EngineWorld(deploy)
  w.succeed('a', 'b')
  w.fail('c')
  rollBack(w, 's')
  w.cancel()
  expect(w.status()).toBe('cancelled')
  expect(w.refused({ type: 'retry-node', node: w.index('c'), inputs: null }).allowed).not.toContain('retry')
  expect(w.refused({ type: 'retry-node', node: w.index('t'), inputs: null }).allowed).not.toContain('retry')
  w.retryRun()
  expect(w.picture()).toBe('running | s:queued a:queued b:pending t:pending c:pending')
  w.succeed('a', 'b', 'c')
  expect(w.status()).toBe('succeeded')
})
