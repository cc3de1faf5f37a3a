import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../model/definition.ts'
import {
  callback,
  definition,
  flow,
  gateway,
  noop,
  on,
  retries,
  script,
  sleep,
  stage,
  subflow,
} from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { projectView } from '../testing/views.ts'
import { dueEffects, heldByRunners } from './effects.ts'
import { jobOf } from './job.ts'
import { viewOf } from './view.ts'

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

test('what would have the run begun anew does not keep its stage from being taken back', () => {
  const w = new EngineWorld(
    definition({ restartsMax: 1, stages: [stage('s', [script('a', on('restart')), script('b', back)])] }),
  )
  w.lease('b')
  w.fail('a')
  w.end('b', { kind: 'failed', failure: { kind: 'exit-code', code: 1 }, outputs: null })
  expect(w.picture()).toBe('failed | s:failed a:failed b:failed')
  rollBack(w, 's')
  w.succeed('b')
  expect(w.picture()).toBe('rolled_back | s:rolled_back a:failed b:rolled_back')
})

test('whoever retries from a stage does again what was taken back of the stage beside it', () => {
  const w = new EngineWorld(
    definition({
      stages: [stage('s', [script('a')]), stage('t', [script('b', back)], { parallel: true })],
    }),
  )
  w.succeed('b')
  w.fail('a')
  rollBack(w, 't')
  w.succeed('b')
  expect(w.picture()).toBe('rolled_back | s:failed a:failed t:rolled_back b:rolled_back')
  w.do({ type: 'retry-node', node: w.index('s'), inputs: null })
  expect(w.picture()).toBe('running | s:queued a:queued t:queued b:queued')
  w.succeed('a', 'b')
  expect(w.status()).toBe('succeeded')
})

test('the job of a way back has the outputs of what it takes back, and no other job has any', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a', back), script('b', on('hold'))])] }))
  w.lease('a')
  expect(jobOf(w.run, w.index('a'), [])).not.toHaveProperty('takesBack')
  w.report('a', { kind: 'succeeded', outputs: { previous: '1' } })
  w.fail('b')
  rollBack(w, 's')
  w.lease('a')
  expect(jobOf(w.run, w.index('a'), [])).toMatchObject({ attempt: 2, takesBack: { previous: '1' } })
})

test('the time of a run that is paused stands still until a stage of it is taken back', () => {
  const w = new EngineWorld(
    definition({ timeoutMs: 60_000, stages: [stage('s', [script('a', back)]), stage('t', [script('b', on('hold'))])] }),
  )
  w.succeed('a')
  w.fail('b')
  w.wait(10_000)
  w.pause()
  w.wait(100_000)
  rollBack(w, 's')
  expect(w.status()).toBe('rolling_back')
  expect(w.timers.get(null)).toBe(w.now + 50_000)
  expect(dueEffects(w.run)).toContainEqual({ type: 'arm-timer', node: null, at: w.now + 50_000 })
  w.wait(50_000)
  expect(w.run.cancelling?.as).toBe('timed_out')
})

test('a node that was paused is taken back all the same', () => {
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a', back)])] }))
  w.lease('a')
  w.do({ type: 'pause-node', node: w.index('a') })
  w.cancel(true)
  rollBack(w, 's')
  expect(w.status('a')).toBe('queued')
})

test('what is in a sub-flow that was paused is taken back all the same', () => {
  const w = new EngineWorld(
    definition({
      stages: [
        flow(
          [subflow('sub', [script('a', { ...back, ...on('hold') })])],
          ['start -> sub -> end', 'sub-start -> a -> sub-end'],
        ),
      ],
    }),
  )
  w.fail('a')
  w.pauseNode('sub')
  rollBack(w, 'flow')
  expect(w.status('a')).toBe('queued')
  w.succeed('a')
  expect(w.status()).toBe('rolled_back')
})

describe('what is taken back on a runner is that, whatever it was before', () => {
  const taken = (task: TaskSpec): EngineWorld => {
    const w = new EngineWorld(definition({ stages: [stage('s', [task, script('b', on('hold'))])] }))
    if (task.work.kind === 'callback') w.answer('a')
    w.wait(10)
    w.fail('b')
    rollBack(w, 's')
    w.lease('a')
    return w
  }

  test.each([callback('a', { ...back, timeoutMs: 1_000 }), sleep('a', 10, { ...back, timeoutMs: 1_000 })])(
    'a $work.kind is stopped when its time is over',
    (task) => {
      const w = taken(task)
      w.wait(1_000)
      expect(w.status('a')).toBe('running')
      expect(w.effects.at(-2)).toMatchObject({ type: 'cancel-attempt', node: w.index('a') })
      w.report('a', { kind: 'cancelled' })
      expect(w.status()).toBe('rollback_failed')
    },
  )

  test('a noop is not done by the server after a restart', () => {
    const w = taken(noop('a', back))
    expect(dueEffects(w.run).filter(({ type }) => type === 'run-inline')).toEqual([])
    expect(heldByRunners(w.run)).toMatchObject([{ node: w.index('a'), runner: 'r1' }])
  })

  test('nobody is asked to call back', () => {
    const w = taken(callback('a', back))
    expect(viewOf(w.run, projectView(), {} as never).attention.map(({ kind }) => kind)).toEqual(['held'])
  })

  test('a sub-flow does not begin again', () => {
    const w = new EngineWorld(
      definition({
        stages: [
          flow([subflow('a', [noop('n')], back)], ['start -> a -> end', 'a-start -> n -> a-end']),
          stage('t', [script('b', on('hold'))]),
        ],
      }),
    )
    w.fail('b')
    rollBack(w, 'flow')
    w.succeed('a')
    expect(w.picture()).toMatch(/^rolled_back \| flow:rolled_back start:succeeded a:rolled_back/)
  })
})

test('a way back that fails is tried again as its task is, also where the time of the stage was up', () => {
  const w = new EngineWorld(
    definition({
      stages: [
        stage('s', [script('a', { ...back, ...retries(1) }), script('b', { needs: ['a'] })], { timeoutMs: 60_000 }),
      ],
    }),
  )
  w.succeed('a')
  w.wait(60_000)
  expect(w.picture()).toBe('timed_out | s:timed_out a:succeeded b:timed_out')
  rollBack(w, 's')
  w.fail('a')
  expect(w.picture()).toBe('rolling_back | s:rolling_back a:queued b:timed_out')
  w.wait(1_000)
  w.succeed('a')
  expect(w.picture()).toBe('rolled_back | s:rolled_back a:rolled_back b:timed_out')
})

test('what was to be tried again, and stood still, is not once a stage before it is taken back', () => {
  const w = new EngineWorld(
    definition({
      stages: [stage('s', [script('a', back)]), stage('t', [script('b', on('hold')), script('c', retries(1))])],
    }),
  )
  w.succeed('a')
  w.lease('c')
  w.fail('b')
  w.pauseNode('c')
  w.end('c', { kind: 'failed', failure: { kind: 'exit-code', code: 1 }, outputs: null })
  expect(w.task('c').status).toBe('queued')
  rollBack(w, 's')
  expect(w.task('c').status).toBe('cancelled')
  w.succeed('a')
  expect(w.status()).toBe('rolled_back')
})

test('the time of a stage that is taken back counts no more, nor that of what is held in it', () => {
  const w = new EngineWorld(
    definition({ stages: [stage('s', [script('a', back), script('b', on('hold', 15_000))], { timeoutMs: 60_000 })] }),
  )
  w.succeed('a')
  w.fail('b')
  rollBack(w, 's')
  expect(dueEffects(w.run)).toEqual([{ type: 'offer-attempt', node: w.index('a'), attempt: 2 }])
  w.wait(100_000)
  expect(w.picture()).toBe('rolling_back | s:rolling_back a:queued b:failed')
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

describe('the last is taken back first', () => {
  const backed = (key: string, ...needs: readonly string[]): TaskSpec => script(key, { ...back, needs })
  const taking = (w: EngineWorld): string =>
    w.run.plan.nodes.flatMap(({ spec: { key } }) => (w.status(key) === 'queued' ? [key] : [])).join(' ')

  test('and what nothing that began needs, at once', () => {
    const w = new EngineWorld(
      definition({ stages: [stage('s', [backed('a'), backed('b', 'a'), backed('c', 'a'), backed('d', 'b', 'c')])] }),
    )
    w.succeed('a', 'b', 'c', 'd')
    rollBack(w, 's')
    expect(taking(w)).toBe('d')
    w.succeed('d')
    expect(taking(w)).toBe('b c')
    w.succeed('c')
    expect(taking(w)).toBe('b')
    w.succeed('b')
    expect(taking(w)).toBe('a')
    w.succeed('a')
    expect(w.picture()).toBe('rolled_back | s:rolled_back a:rolled_back b:rolled_back c:rolled_back d:rolled_back')
  })

  test('over what has no way back, and what never began', () => {
    const w = new EngineWorld(
      definition({
        stages: [
          stage('s', [
            backed('a'),
            script('b', { needs: ['a'] }),
            backed('c', 'b'),
            script('d', { needs: ['c'] }),
            backed('e', 'd'),
          ]),
        ],
      }),
    )
    w.succeed('a', 'b', 'c')
    w.fail('d')
    rollBack(w, 's')
    expect(taking(w)).toBe('c')
    w.succeed('c')
    expect(taking(w)).toBe('a')
    w.succeed('a')
    expect(w.picture()).toBe('rolled_back | s:rolled_back a:rolled_back b:succeeded c:rolled_back d:failed e:pending')
  })

  test('one that cannot be taken back keeps the others from nothing, and is tried again alone', () => {
    const w = new EngineWorld(definition({ stages: [stage('s', [backed('a'), backed('b', 'a')])] }))
    w.succeed('a', 'b')
    rollBack(w, 's')
    w.fail('b')
    expect(taking(w)).toBe('a')
    w.succeed('a')
    expect(w.status()).toBe('rollback_failed')
    rollBack(w, 's')
    expect(taking(w)).toBe('b')
    w.succeed('b')
    expect(w.picture()).toBe('rolled_back | s:rolled_back a:rolled_back b:rolled_back')
    expect(w.refused({ type: 'rollback', node: w.index('s') }).code).toBe('not-allowed')
  })

  test('a cancel ends those whose turn had not come; one that was at work is taken back', () => {
    const w = new EngineWorld(definition({ stages: [stage('s', [backed('a'), backed('b', 'a')])] }))
    w.succeed('a', 'b')
    rollBack(w, 's')
    w.lease('b')
    w.do({ type: 'cancel', reason: 'enough', mode: 'after-current' })
    w.succeed('b')
    expect(w.picture()).toBe('cancelled | s:cancelled a:cancelled b:rolled_back')
    rollBack(w, 's')
    expect(taking(w)).toBe('a')
    w.lease('a')
    w.do({ type: 'cancel', reason: 'enough', mode: 'after-current' })
    w.succeed('a')
    expect(w.picture()).toBe('cancelled | s:rolled_back a:rolled_back b:rolled_back')
    w.retryRun()
    w.succeed('a', 'b')
    expect(w.status()).toBe('succeeded')
  })

  test('in a flow against its edges, through sub-flows, and round a loop once', () => {
    const w = new EngineWorld(
      definition({
        stages: [
          flow(
            [
              backed('a'),
              subflow('sub', [backed('b'), backed('c')]),
              { ...backed('d'), ...on('continue') },
              gateway('x', 'exclusive'),
            ],
            [
              'start -> a -> sub -> d -> x',
              "x -> a if tasks.d.status != 'succeeded'",
              'x -> end else',
              'sub-start -> b -> c -> sub-end',
            ],
          ),
        ],
      }),
    )
    w.succeed('a', 'b', 'c')
    w.fail('d')
    w.succeed('a', 'b', 'c', 'd')
    expect(w.status()).toBe('succeeded')
    rollBack(w, 'flow')
    for (const key of ['d', 'c', 'b', 'a']) {
      expect(taking(w)).toBe(key)
      w.succeed(key)
    }
    expect(w.status()).toBe('rolled_back')
    expect(w.statuses('start x sub end')).toBe('start:succeeded x:succeeded sub:succeeded end:succeeded')
  })

  test('in a flow whose plan was made before there was an order, all at once', () => {
    const w = new EngineWorld(definition({ stages: [flow([backed('a'), backed('b')], ['start -> a -> b -> end'])] }))
    const nodes = w.run.plan.nodes.map((node) => {
      if (node.kind === 'stage' || node.flow === null) return node
      const { before: _, ...place } = node.flow
      return { ...node, flow: place }
    })
    w.run = { ...w.run, plan: { ...w.run.plan, nodes } }
    w.succeed('a', 'b')
    rollBack(w, 'flow')
    expect(taking(w)).toBe('a b')
    w.succeed('a', 'b')
    expect(w.status()).toBe('rolled_back')
  })
})
