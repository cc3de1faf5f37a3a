import { expect, test } from 'vitest'
import { GRACE_MS, LEASE_MS } from '../model/limits.ts'
import { callback, definition, noop, on, retries, review, script, sleep, stage } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { AT } from '../testing/views.ts'
import { dueEffects, heldByRunners, isToStop, lastRunnerOf } from './effects.ts'

const STOP_MS = GRACE_MS + LEASE_MS

test('all that waits is due, what a runner holds is told apart', () => {
  const w = new EngineWorld(
    definition({
      timeoutMs: 90_000,
      stages: [
        stage(
          's',
          [
            script('a', { notStartedMs: 1_000 }),
            script('b', { timeoutMs: 2_000 }),
            script('c', retries(1)),
            script('d', on('hold', 3_000)),
            review('e', { expireMs: 4_000 }),
            sleep('f', 5_000),
            script('g', { needs: ['a'], timeoutMs: 6_000 }),
          ],
          { timeoutMs: 80_000 },
        ),
        stage('t', [script('h')], { timeoutMs: 7_000 }),
      ],
    }),
  )
  w.lease('b')
  w.fail('c', 'd')
  expect(dueEffects(w.run)).toEqual([
    { type: 'arm-timer', node: null, at: AT + 90_000 },
    { type: 'arm-timer', node: 0, at: AT + 80_000 },
    { type: 'arm-timer', node: 1, at: AT + 1_000 },
    { type: 'offer-attempt', node: 1, attempt: 1 },
    { type: 'arm-timer', node: 2, at: AT + 2_000 },
    { type: 'arm-timer', node: 3, at: AT + 1_000 },
    { type: 'arm-timer', node: 4, at: AT + 3_000 },
    { type: 'arm-timer', node: 5, at: AT + 4_000 },
    { type: 'arm-timer', node: 6, at: AT + 5_000 },
  ])
  expect(heldByRunners(w.run)).toEqual([{ node: 2, attempt: 1, fence: w.task('b').fence, runner: 'r1' }])
})

test('of a cancel its deadline is due, not that of the run', () => {
  const w = new EngineWorld(definition({ timeoutMs: 90_000, stages: [stage('s', [script('a')])] }))
  w.lease('a')
  w.cancel()
  expect(dueEffects(w.run)).toEqual([{ type: 'arm-timer', node: null, at: AT + STOP_MS }])
})

test('of a stop its deadline is due', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a', { timeoutMs: 1_000 })])] }))
  w.lease('a')
  w.wait(1_000)
  expect(dueEffects(w.run)).toEqual([{ type: 'arm-timer', node: 1, at: AT + 1_000 + STOP_MS }])
})

test('a noop that was under way is done again', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a'), noop('b', { needs: ['a'] })])] }))
  const fence = w.lease('a')
  w.raw({ type: 'report-attempt', node: 1, fence, result: { kind: 'succeeded', outputs: null } })
  expect(dueEffects(w.run)).toEqual([{ type: 'run-inline', node: 2, fence: w.task('b').fence }])
})

test('nothing is due of a run that waits for its start or has ended', () => {
  const w = new EngineWorld(definition({ timeoutMs: 1_000, stages: [stage('s', [script('a')])] }), { start: false })
  expect([dueEffects(w.run), heldByRunners(w.run)]).toEqual([[], []])
  w.do({ type: 'start' })
  w.succeed('a')
  expect([dueEffects(w.run), heldByRunners(w.run)]).toEqual([[], []])
})

test('the runner that has the workspace is the one that began a task last, the server has none', () => {
  const child = script('c', { work: { kind: 'run', pipeline: 'other', params: {}, wait: false } })
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a'), script('b')]), stage('t', [child])] }))
  const leaseBy = (key: string, runner: string): unknown =>
    w.do({ type: 'lease-attempt', node: w.index(key), attempt: 1, runner })
  expect(lastRunnerOf(w.run)).toBeUndefined()
  leaseBy('b', 'r1')
  w.wait(1)
  leaseBy('a', 'r2')
  expect(lastRunnerOf(w.run)).toBe('r2')
  w.report('a', { kind: 'succeeded', outputs: null })
  w.wait(1)
  w.report('b', { kind: 'succeeded', outputs: null })
  expect([w.status('c'), lastRunnerOf(w.run)]).toEqual(['succeeded', 'r2'])
})

test('what runs is to stop when its time is over or its run is cancelled', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a', { timeoutMs: 1_000 }), script('b')])] }))
  w.lease('a', 'b')
  const stops = (): readonly boolean[] => ['a', 'b'].map((key) => isToStop(w.run, w.index(key)))
  expect(stops()).toEqual([false, false])
  w.wait(1_000)
  expect(stops()).toEqual([true, false])
  w.cancel()
  expect(stops()).toEqual([true, true])
})

test('what the server does itself is due again, and what waits for others is not', () => {
  const publish = { kind: 'publish', channel: 'c', params: {} } as const
  const begin = { kind: 'run', pipeline: 'deploy', params: {}, wait: true } as const
  const w = new EngineWorld(
    definition({
      stages: [
        stage('s', [
          noop('a'),
          script('b', { work: publish }),
          script('c', { work: begin }),
          callback('d'),
          review('e'),
          sleep('f', 5_000),
        ]),
      ],
    }),
    { start: false },
  )
  w.raw({ type: 'start' })
  expect(dueEffects(w.run).filter(({ type }) => type === 'run-inline')).toEqual(
    ['a', 'b', 'c'].map((key) => ({ type: 'run-inline', node: w.index(key), fence: w.task(key).fence })),
  )
  expect(dueEffects(w.run).filter(({ type }) => type === 'arm-timer')).toHaveLength(1)
})
