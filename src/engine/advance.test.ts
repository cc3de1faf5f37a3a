import { describe, expect, test } from 'vitest'
import type { ParamSpec, StageSpec } from '../model/definition.ts'
import { definition, noop, on, script, sleep, stage, when } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { AT, projectView } from '../testing/views.ts'
import { viewOf } from './view.ts'

const world = (...stages: readonly StageSpec[]): EngineWorld => new EngineWorld(definition({ stages }))

describe('begin', () => {
  test('a run starts with the first stage, and runner work is offered', () => {
    const w = world(stage('s', [script('a')]), stage('t', [script('b')]))
    expect(w.picture()).toBe('queued | s:queued a:queued t:pending b:pending')
    expect(w.story()).toEqual(['RunCreated', 'RunStarted', 'StageStarted s', 'TaskQueued a'])
    expect(w.effects).toEqual([{ type: 'offer-attempt', node: 1, attempt: 1 }])
    expect(w.run).toMatchObject({ seq: 4, startedAt: AT, endedAt: null, open: [{ index: 0 }] })
  })

  test('a run that is to wait starts on command, once', () => {
    const w = new EngineWorld(definition({ stages: [stage('s', [script('a')])] }), { start: false })
    expect(w.picture()).toBe('waiting | s:pending a:pending')
    w.do({ type: 'start' })
    expect(w.status('a')).toBe('queued')
    expect(w.refused({ type: 'start' })).toEqual({
      code: 'not-allowed',
      message: 'cannot start run build-and-ship #7: it is queued',
      allowed: ['pause', 'cancel', 'modify'],
    })
  })

  test('it is queued until something begins, then running also between two tasks', () => {
    const w = world(stage('s', [script('a'), script('b', { needs: ['a'] })]))
    w.lease('a')
    expect(w.status()).toBe('running')
    w.succeed('a')
    expect(w.picture()).toBe('running | s:running a:succeeded b:queued')
  })

  test('a run with nothing in it has succeeded', () => {
    expect(new EngineWorld(definition({ stages: [] })).status()).toBe('succeeded')
    expect(world(stage('s', []), stage('t', [noop('a')])).picture()).toBe(
      'succeeded | s:succeeded t:succeeded a:succeeded',
    )
  })
})

describe('order', () => {
  test('a task begins when all that it needs is over, whichever ends last', () => {
    const diamond = stage('s', [
      script('a'),
      script('b', { needs: ['a'] }),
      script('c', { needs: ['a'] }),
      script('d', { needs: ['b', 'c'] }),
    ])
    const w = world(diamond)
    w.succeed('a')
    expect(w.picture()).toBe('running | s:running a:succeeded b:queued c:queued d:pending')
    w.succeed('c')
    expect(w.status('d')).toBe('pending')
    w.succeed('b')
    expect(w.status('d')).toBe('queued')
    w.succeed('d')
    expect(w.status()).toBe('succeeded')
  })

  test('tasks without needs run side by side', () => {
    const w = world(stage('s', [script('a'), script('b'), script('c')]))
    w.lease('a', 'b', 'c')
    expect(w.run.counts.running).toBe(3)
    w.succeed('b', 'a')
    expect(w.status()).toBe('running')
    w.succeed('c')
    expect(w.status()).toBe('succeeded')
  })

  test('the next stage begins when the one before is over', () => {
    const w = world(stage('s', [script('a'), script('b')]), stage('t', [script('c')]))
    w.succeed('a')
    expect(w.status('t')).toBe('pending')
    w.succeed('b')
    expect(w.picture()).toBe('running | s:succeeded a:succeeded b:succeeded t:queued c:queued')
    expect(w.story().slice(-3)).toEqual(['StageEnded s', 'StageStarted t', 'TaskQueued c'])
  })

  test('20,000 tasks that need each other and are all skipped end without deep recursion', () => {
    const tasks = Array.from({ length: 20_000 }, (_, at) =>
      noop(`t${at}`, { needs: at === 0 ? [] : [`t${at - 1}`], ...when('false') }),
    )
    const w = world(stage('s', tasks))
    expect(w.status()).toBe('succeeded')
    expect(w.run.counts.done).toBe(20_000)
  })
})

describe('kinds of work', () => {
  test('a noop is done by the server itself', () => {
    const w = world(stage('s', [noop('a'), noop('b', { needs: ['a'] })]))
    expect(w.effects.map(({ type }) => type)).toEqual(['run-inline', 'run-inline'])
    expect(w.picture()).toBe('succeeded | s:succeeded a:succeeded b:succeeded')
    expect(w.task('a')).toMatchObject({ attempt: 1, runner: null, startedAt: AT, endedAt: AT })
  })

  test.each<[string, number | string, number]>([
    ['milliseconds', 5_000, 5_000],
    ['a text', '1m30s', 90_000],
    ['a template', '${{ params.nap }}', 2_000],
  ])('a sleep of %s sleeps as long', (_, duration, sleptMs) => {
    const w = new EngineWorld(definition({ stages: [stage('s', [sleep('a', duration)])] }), { params: { nap: '2s' } })
    w.wait(sleptMs - 1)
    expect(w.status('a')).toBe('running')
    w.wait(1)
    expect(w.status()).toBe('succeeded')
    expect(w.task('a').endedAt).toBe(AT + sleptMs)
  })

  test('a sleep whose length cannot be read ends as errored and says why', () => {
    const w = world(stage('s', [sleep('a', '${{ params.nap }}')]))
    expect(w.status()).toBe('errored')
    expect(w.task('a').failure).toEqual({
      kind: 'cannot-start',
      reason: 'expected a duration such as 30s or 1h30m, or an instant such as 2030-01-31 08:00:00, found ""',
    })
  })

  test('outputs are kept and seen by conditions of later tasks', () => {
    const w = world(
      stage('s', [
        script('a'),
        script('b', { needs: ['a'], ...when("tasks.a.outputs.tag == 'v2'") }),
        script('c', { needs: ['a'], ...when("tasks.a.outputs.tag == 'v1'") }),
      ]),
    )
    w.end('a', { kind: 'succeeded', outputs: { tag: 'v2' } })
    expect(w.task('a').outputs).toEqual({ tag: 'v2' })
    expect(w.picture()).toBe('running | s:running a:succeeded b:queued c:skipped')
  })
})

describe('conditions', () => {
  test('a task whose condition is false is skipped, and what needs it goes on', () => {
    const w = world(stage('s', [script('a', when('params.deploy')), script('b', { needs: ['a'] })]))
    expect(w.picture()).toBe('queued | s:queued a:skipped b:queued')
    expect(w.task('a').skipped).toEqual({ because: 'condition', reason: 'its condition is false' })
    expect(w.task('a').attempt).toBe(0)
  })

  test('a stage whose condition is false is skipped with all its tasks, at its turn', () => {
    const w = world(
      stage('s', [script('a')]),
      stage('t', [script('b'), script('c', { needs: ['b'] })], when("tasks.a.status != 'succeeded'")),
      stage('u', [script('d')]),
    )
    expect(w.status('t')).toBe('pending')
    w.succeed('a')
    expect(w.picture()).toBe('running | s:succeeded a:succeeded t:skipped b:skipped c:skipped u:queued d:queued')
  })

  test('a run whose last stages are all skipped has succeeded', () => {
    const w = world(stage('s', [noop('a')]), stage('t', [script('b')], when('false')))
    expect(w.picture()).toBe('succeeded | s:succeeded a:succeeded t:skipped b:skipped')
  })
})

describe('stages that always run', () => {
  const stages = [
    stage('s', [script('a')]),
    stage('t', [script('b')]),
    stage('u', [script('c'), script('d', { needs: ['c'] })], { always: true }),
  ]

  test('after a failure they run, what is between is not reached, and the run fails', () => {
    const w = world(...stages)
    w.fail('a')
    expect(w.picture()).toBe('running | s:failed a:failed t:pending b:pending u:queued c:queued d:pending')
    w.succeed('c', 'd')
    expect(w.picture()).toBe('failed | s:failed a:failed t:pending b:pending u:succeeded c:succeeded d:succeeded')
  })

  test('after success they run in their turn', () => {
    const w = world(...stages)
    w.succeed('a', 'b', 'c', 'd')
    expect(w.status()).toBe('succeeded')
  })

  test('after a cancel they do not run', () => {
    const w = world(...stages)
    w.cancel()
    expect(w.picture()).toBe('cancelled | s:cancelled a:cancelled t:pending b:pending u:pending c:pending d:pending')
  })

  test('their own failure fails the run, and the first failure stays the one that is told', () => {
    const w = world(...stages)
    w.failWith('a', { kind: 'lost', reason: 'gone' })
    w.fail('c')
    expect(w.picture()).toBe('failed | s:errored a:errored t:pending b:pending u:failed c:failed d:pending')
    expect(viewOf(w.run, projectView(), {} as never).failure?.nodeName).toBe('a')
  })
})

describe('triggers', () => {
  const triggered = (operator: 'and' | 'or', param: Partial<ParamSpec> = {}) =>
    new EngineWorld(
      definition({
        params: ['tag', 'who'].map((name) => ({
          name,
          type: 'string',
          description: '',
          required: false,
          default: null,
          options: [],
          ...param,
        })),
        triggers: {
          operator,
          list: [
            { kind: 'webhook', name: 'image', params: { TAG: 'tag' } },
            { kind: 'webhook', name: 'go', params: { BY: 'who' } },
          ],
        },
        stages: [stage('s', [script('a')])],
      }),
      { start: false, params: { tag: null, who: 'nobody' } },
    )

  test('with `or` the first one starts the run, with its params', () => {
    const w = triggered('or')
    w.do({ type: 'fire-trigger', stage: null, trigger: 1, params: { BY: 'li', other: 'x' } })
    expect(w.status()).toBe('queued')
    expect(w.run.params).toEqual({ tag: null, who: 'li' })
    expect(w.run.triggers).toEqual([null, { at: AT, params: { BY: 'li', other: 'x' } }])
  })

  test('with `and` the last one starts it; firing one twice counts once', () => {
    const w = triggered('and')
    w.do({ type: 'fire-trigger', stage: null, trigger: 0, params: { TAG: 'v1' } })
    w.do({ type: 'fire-trigger', stage: null, trigger: 0, params: { TAG: 'v2' } })
    expect(w.status()).toBe('waiting')
    w.do({ type: 'fire-trigger', stage: null, trigger: 1, params: {} })
    expect(w.status()).toBe('queued')
    expect(w.run.params).toEqual({ tag: 'v2', who: 'nobody' })
  })

  test('a person may start it without them, and then they are refused', () => {
    const w = triggered('and')
    w.do({ type: 'start' })
    expect(w.refused({ type: 'fire-trigger', stage: null, trigger: 0, params: {} })).toMatchObject({
      code: 'not-allowed',
      allowed: ['pause', 'cancel', 'modify'],
    })
  })

  test('what it gives becomes a value of the param that it goes to', () => {
    const w = triggered('or', { type: 'number' })
    w.do({ type: 'fire-trigger', stage: null, trigger: 0, params: { TAG: '3' } })
    expect(w.run.params['tag']).toBe(3)
  })

  test.each<[string, Partial<ParamSpec>, string, string]>([
    ['a number', { type: 'number' }, 'three', 'expected a number, found "three"'],
    ['a choice', { type: 'choice', options: ['v1', 'v2'] }, 'v3', 'expected one of v1, v2, found "v3"'],
    ['text that no environment can hold', {}, 'a\0b', 'expected text without a NUL character'],
    ['text of a sane length', {}, 'x'.repeat(8_193), 'expected at most 8192 characters, found 8193'],
  ])('what is not %s is refused, and the trigger has not fired', (_, param, value, message) => {
    const w = triggered('or', param)
    expect(w.refused({ type: 'fire-trigger', stage: null, trigger: 0, params: { TAG: value } })).toEqual({
      code: 'invalid-params',
      message: `trigger image of run build-and-ship #7, TAG: ${message}`,
      allowed: ['start', 'cancel', 'modify'],
    })
    expect(w.run.triggers).toEqual([null, null])
  })

  test('a trigger that the definition does not have is refused', () => {
    expect(triggered('or').refused({ type: 'fire-trigger', stage: null, trigger: 2, params: {} })).toEqual({
      code: 'no-such-trigger',
      message: 'run build-and-ship #7 has no trigger 2',
      allowed: ['start', 'cancel', 'modify'],
    })
  })
})

describe('reports', () => {
  const running = (): EngineWorld => {
    const w = world(stage('s', [script('a'), script('b', { needs: ['a'] })]))
    w.lease('a')
    return w
  }
  const success = { kind: 'succeeded', outputs: null } as const

  test('a lease names the runner and gives a fence that is the seq of its event', () => {
    const w = running()
    expect(w.task('a')).toMatchObject({ status: 'running', runner: 'r1', fence: w.run.seq, attempt: 1 })
  })

  test.each<[string, (w: EngineWorld) => Parameters<EngineWorld['refused']>[0]]>([
    ['a second lease', () => ({ type: 'lease-attempt', node: 1, attempt: 1, runner: 'r2' })],
    ['a lease of a task that is not queued', () => ({ type: 'lease-attempt', node: 2, attempt: 1, runner: 'r2' })],
    ['a lease of a stage', () => ({ type: 'lease-attempt', node: 0, attempt: 1, runner: 'r2' })],
    ['a lease of a node that is not there', () => ({ type: 'lease-attempt', node: 9, attempt: 1, runner: 'r2' })],
    [
      'a report with an old fence',
      (w) => ({ type: 'report-attempt', node: 1, fence: w.task('a').fence - 1, result: success }),
    ],
    ['a loss with an old fence', (w) => ({ type: 'lose-attempt', node: 1, fence: w.task('a').fence - 1, reason: 'x' })],
    [
      'a report of a task that does not run',
      (w) => ({ type: 'report-attempt', node: 2, fence: w.task('b').fence, result: success }),
    ],
    ['a deadline that is not there', () => ({ type: 'check-deadline', node: 1 })],
    ['a deadline of a node that is not there', () => ({ type: 'check-deadline', node: 9 })],
    ['a deadline of the run that is not there', () => ({ type: 'check-deadline', node: null })],
  ])('%s is refused as late and changes nothing', (_, command) => {
    const w = running()
    const before = w.run
    expect(w.refused(command(w))).toMatchObject({ code: 'stale', allowed: [] })
    expect(w.run).toBe(before)
  })

  test('a report that comes twice is taken once', () => {
    const w = running()
    const { fence } = w.task('a')
    w.succeed('a')
    expect(w.refused({ type: 'report-attempt', node: 1, fence, result: success }).code).toBe('stale')
    expect(w.refused({ type: 'lose-attempt', node: 1, fence, reason: 'x' }).code).toBe('stale')
    expect(w.status('a')).toBe('succeeded')
  })

  test('a lost runner that comes back cannot speak for the attempt after its own', () => {
    const w = world(stage('s', [script('a', { onLost: 'rerun' })]))
    const old = w.lease('a')
    w.lose('a')
    w.wait(0)
    w.lease('a')
    expect(w.refused({ type: 'report-attempt', node: 1, fence: old, result: success }).code).toBe('stale')
    expect(w.task('a')).toMatchObject({ status: 'running', attempt: 2 })
  })

  test('an attempt that a runner stopped without being asked counts as lost', () => {
    const w = running()
    w.end('a', { kind: 'cancelled' })
    expect(w.task('a')).toMatchObject({ status: 'errored', failure: { kind: 'lost' } })
  })

  test('a clock that went back does not turn the log around', () => {
    const w = running()
    w.now -= 60_000
    w.succeed('a')
    expect(w.run.updatedAt).toBe(AT)
    expect(w.log.map(({ at }) => at)).toEqual(w.log.map(({ at }) => at).toSorted((x, y) => x - y))
  })
})

describe('refusals', () => {
  test.each<[string, number]>([
    ['no node at all', 99],
    ['a negative one', -1],
  ])('a command for %s', (_, node) => {
    const w = world(stage('s', [script('a', on('hold'))]))
    expect(w.refused({ type: 'retry-node', node, inputs: null })).toEqual({
      code: 'no-such-node',
      message: `run build-and-ship #7 has no node ${node}`,
      allowed: [],
    })
  })

  test('say what the node is and what would be taken', () => {
    const w = world(stage('s', [script('a'), script('b')]), stage('t', [script('c')]))
    expect(w.refused({ type: 'retry-node', node: 1, inputs: null })).toEqual({
      code: 'not-allowed',
      message: 'cannot retry task a: it is queued',
      allowed: ['skip', 'pause', 'fail'],
    })
    expect(w.refused({ type: 'retry-node', node: 3, inputs: null })).toEqual({
      code: 'not-allowed',
      message: 'cannot retry stage t: it is pending',
      allowed: ['skip'],
    })
    expect(w.refused({ type: 'skip-node', node: 0, reason: '' })).toMatchObject({
      message: 'cannot skip stage s: it is queued',
      allowed: [],
    })
    w.succeed('a', 'b', 'c')
    expect(w.refused({ type: 'skip-node', node: 1, reason: '' })).toMatchObject({
      message: 'cannot skip task a: it is succeeded in a run that is succeeded',
      allowed: [],
    })
    expect(w.refused({ type: 'cancel', reason: '', mode: 'force' })).toMatchObject({
      message: 'cannot cancel run build-and-ship #7: it is succeeded',
      allowed: [],
    })
  })
})
