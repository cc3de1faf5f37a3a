import { describe, expect, test } from 'vitest'
import type { StageSpec, TaskSpec, Triggers } from '../model/definition.ts'
import { callback, definition, noop, on, script, stage, when } from '../testing/definitions.ts'
import { brokenLaws } from '../testing/engine-laws.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { projectView } from '../testing/views.ts'
import { allowedOnNode, allowedOnRun } from './admits.ts'
import { jobOf } from './job.ts'
import { viewOf } from './view.ts'

/** Stages in rows, stages that wait for triggers, stages that are taken back or done again. */

const world = (...stages: readonly StageSpec[]): EngineWorld => new EngineWorld(definition({ stages }))
const beside = { parallel: true } as const

/** The run's and every node's status, of a run that keeps the laws. */
function picture(w: EngineWorld): string {
  expect(brokenLaws(w.run)).toEqual([])
  return w.picture()
}

describe('stages that run together', () => {
  test('begin together, and the next row waits for all of them', () => {
    const w = world(stage('s', [script('a')]), stage('t', [script('b')], beside), stage('u', [script('c')]))
    expect(picture(w)).toBe('queued | s:queued a:queued t:queued b:queued u:pending c:pending')
    w.succeed('b')
    expect(picture(w)).toBe('running | s:queued a:queued t:succeeded b:succeeded u:pending c:pending')
    w.succeed('a')
    expect(w.status('c')).toBe('queued')
    w.succeed('c')
    expect(w.status()).toBe('succeeded')
  })

  test('a failure of one lets the others end what they are at, and begin nothing', () => {
    const w = world(
      stage('s', [script('a')]),
      stage('t', [script('b'), script('c', { needs: ['b'] })], beside),
      stage('u', [script('d')]),
    )
    w.lease('b')
    w.fail('a')
    expect(picture(w)).toBe('running | s:failed a:failed t:running b:running c:pending u:pending d:pending')
    w.succeed('b')
    expect(picture(w)).toBe('failed | s:failed a:failed t:failed b:succeeded c:pending u:pending d:pending')
    w.retry('a')
    w.succeed('a')
    expect(picture(w)).toBe('running | s:succeeded a:succeeded t:running b:succeeded c:queued u:pending d:pending')
  })

  test('one that is skipped leaves the others alone', () => {
    const w = world(
      stage('s', [script('a')], when('false')),
      stage('t', [script('b')], beside),
      stage('u', [script('c')], { ...beside, ...when('false') }),
      stage('v', [script('d')]),
    )
    expect(picture(w)).toBe('queued | s:skipped a:skipped t:queued b:queued u:skipped c:skipped v:pending d:pending')
    w.succeed('b')
    expect(w.status('d')).toBe('queued')
  })

  test('a pause stops them all, a cancel ends them all', () => {
    const w = world(stage('s', [script('a')]), stage('t', [callback('b')], beside))
    w.lease('a')
    w.pause()
    expect(picture(w)).toBe('paused | s:paused a:running t:paused b:running')
    w.resume()
    w.cancel()
    expect(picture(w)).toBe('running | s:running a:running t:running b:cancelled')
    w.report('a', { kind: 'cancelled' })
    expect(picture(w)).toBe('cancelled | s:cancelled a:cancelled t:cancelled b:cancelled')
  })
})

describe('a stage that waits for triggers', () => {
  const list = [
    { kind: 'webhook', name: 'tested', secret: null, params: { version: 'tag' } },
    { kind: 'channel', name: 'images', channel: 'images', params: {} },
  ] as const
  const params = [
    { name: 'tag', type: 'string', description: '', required: false, default: null, options: [] },
  ] as const
  const waiting = (operator: Triggers['operator'], ...more: readonly StageSpec[]): EngineWorld =>
    new EngineWorld(
      definition({
        params,
        stages: [
          stage('s', [script('a')]),
          stage('t', [script('b', { env: { TAG: '${{ params.tag }}' } })], { triggers: { operator, list } }),
          ...more,
        ],
      }),
      { params: { tag: 'v0' } },
    )
  const fire = (w: EngineWorld, trigger: number, given: Record<string, string> = {}): unknown =>
    w.do({ type: 'fire-trigger', stage: w.index('t'), trigger, params: given })

  test('begins when all have fired', () => {
    const w = waiting('and')
    w.succeed('a')
    expect(picture(w)).toBe('waiting | s:succeeded a:succeeded t:waiting b:pending')
    fire(w, 0)
    expect(w.status('t')).toBe('waiting')
    fire(w, 1)
    expect(w.status('b')).toBe('queued')
  })

  test('begins when one has fired, with what that gave', () => {
    const w = waiting('or')
    w.succeed('a')
    fire(w, 0, { version: 'v7' })
    w.lease('b')
    expect(jobOf(w.run, w.index('b'), []).env['TAG']).toBe('v7')
  })

  test('a trigger that fires before its turn is kept', () => {
    const w = waiting('or')
    fire(w, 1)
    expect(w.status('t')).toBe('pending')
    w.succeed('a')
    expect(w.status('b')).toBe('queued')
    expect(w.refused({ type: 'fire-trigger', stage: w.index('t'), trigger: 0, params: {} }).code).toBe('not-allowed')
  })

  test('is started by a person who will not wait, or skipped', () => {
    const w = waiting('and')
    w.succeed('a')
    expect(allowedOnRun(w.run)).toEqual(['start', 'cancel', 'modify'])
    w.do({ type: 'start' })
    expect(w.status('b')).toBe('queued')
    const left = waiting('and')
    left.succeed('a')
    expect(allowedOnNode(left.run, left.index('t'))).toEqual(['skip'])
    left.skip('t')
    expect(left.status()).toBe('succeeded')
  })

  test('leaves the stages beside it alone', () => {
    const w = waiting('or', stage('u', [script('c')], beside))
    w.succeed('a')
    expect(picture(w)).toBe('running | s:succeeded a:succeeded t:waiting b:pending u:queued c:queued')
    w.succeed('c')
    expect(w.status()).toBe('waiting')
    fire(w, 0)
    w.succeed('b')
    expect(w.status()).toBe('succeeded')
  })

  test('is not reached when a stage beside it fails', () => {
    const w = waiting('or', stage('u', [script('c')], beside))
    w.succeed('a')
    w.fail('c')
    expect(w.status()).toBe('failed')
    w.retry('c')
    expect(picture(w)).toMatch(/^running \| .* u:(queued|running) c:queued$/)
    w.succeed('c')
    expect(picture(w)).toBe('waiting | s:succeeded a:succeeded t:waiting b:pending u:succeeded c:succeeded')
  })

  test('is started by nobody while what runs beside it ends a run that has failed', () => {
    const w = waiting('or', stage('u', [script('c'), script('d')], beside))
    w.succeed('a')
    w.lease('d')
    expect(allowedOnRun(w.run)).toContain('start')
    w.fail('c')
    expect(w.status()).toBe('running')
    expect(allowedOnRun(w.run)).not.toContain('start')
  })

  test('ends with a cancel of its run', () => {
    const w = waiting('or')
    w.succeed('a')
    w.cancel()
    expect(picture(w)).toBe('cancelled | s:succeeded a:succeeded t:cancelled b:pending')
  })

  test('has the triggers that it has', () => {
    const w = waiting('or')
    const refused = (stageAt: number, trigger: number): string =>
      w.refused({ type: 'fire-trigger', stage: stageAt, trigger, params: {} }).code
    expect(refused(w.index('t'), 2)).toBe('no-such-trigger')
    expect(refused(99, 0)).toBe('no-such-node')
  })
})

describe('a stage that is done again', () => {
  test('begins anew with all that comes after it; what came before stays', () => {
    const w = world(
      stage('s', [script('a')]),
      stage('t', [script('b'), script('c', { needs: ['b'] })]),
      stage('u', [script('d')], { always: true }),
    )
    w.succeed('a', 'b')
    w.fail('c')
    w.succeed('d')
    expect(picture(w)).toBe('failed | s:succeeded a:succeeded t:failed b:succeeded c:failed u:succeeded d:succeeded')
    w.do({ type: 'retry-node', node: w.index('t'), inputs: null })
    expect(picture(w)).toBe('running | s:succeeded a:succeeded t:queued b:queued c:pending u:pending d:pending')
    expect(w.task('b').earlier).toHaveLength(1)
    w.succeed('b', 'c', 'd')
    expect(w.status()).toBe('succeeded')
    expect(w.task('d')).toMatchObject({ attempt: 2 })
  })

  test('not while something is at work, and not in a run that has succeeded', () => {
    const w = world(stage('s', [script('a', on('hold')), script('b')]))
    w.fail('a')
    expect(allowedOnNode(w.run, 0)).toEqual([])
    w.succeed('b')
    expect(allowedOnNode(w.run, 0)).toEqual(['retry'])
    w.do({ type: 'retry-node', node: 0, inputs: null })
    expect(picture(w)).toBe('running | s:queued a:queued b:queued')
    w.succeed('a', 'b')
    expect(allowedOnNode(w.run, 0)).toEqual([])
  })
})

describe('a stage that is taken back', () => {
  const back: Partial<TaskSpec> = { rollback: { kind: 'runner', uses: 'script', with: { script: './undo' } } }
  const rollBack = (w: EngineWorld, key: string): unknown => w.do({ type: 'rollback', node: w.index(key) })
  const deployed = (): EngineWorld => {
    const w = world(
      stage('s', [script('a')]),
      stage('t', [script('b', back), script('c', { ...back, needs: ['b'] }), noop('d')]),
      stage('u', [script('e', on('hold'))]),
    )
    w.succeed('a', 'b', 'c')
    w.fail('e')
    return w
  }

  test('does the way back of each task that has one and had begun, and nothing else', () => {
    const w = deployed()
    rollBack(w, 't')
    expect(w.status()).toBe('rolling_back')
    expect(w.statuses('a b c d e')).toBe('a:succeeded b:rolling_back c:rolling_back d:succeeded e:failed')
    expect(allowedOnRun(w.run)).toEqual(['cancel'])
    w.succeed('c')
    w.lease('b')
    expect(jobOf(w.run, w.index('b'), [])).toMatchObject({ attempt: 2, with: { script: './undo' } })
    w.succeed('b')
    expect(picture(w)).toBe(
      'rolled_back | s:succeeded a:succeeded t:rolled_back b:rolled_back c:rolled_back d:succeeded u:failed e:failed',
    )
  })

  test.each([
    [{ kind: 'exit-code', code: 1 } as const, 'rollback_failed'],
    [{ kind: 'cannot-start', reason: 'no shell' } as const, 'rollback_errored'],
  ])('whose way back fails by %j', (failure, status) => {
    const w = deployed()
    rollBack(w, 't')
    w.failWith('c', failure)
    expect(w.status()).toBe('rolling_back')
    w.succeed('b')
    expect(picture(w)).toContain(`${status} | s:succeeded a:succeeded t:${status} b:rolled_back c:${status}`)
    expect(allowedOnNode(w.run, w.index('t'))).toEqual(['retry', 'rollback'])
    rollBack(w, 't')
    expect(w.statuses('b c')).toBe('b:rolled_back c:rolling_back')
    w.succeed('c')
    expect(w.status()).toBe('rolled_back')
  })

  test('also after its run has succeeded, and is done again from there', () => {
    const w = world(stage('t', [script('b', back)]))
    w.succeed('b')
    rollBack(w, 't')
    w.succeed('b')
    expect(w.status()).toBe('rolled_back')
    w.do({ type: 'retry-node', node: 0, inputs: null })
    w.succeed('b')
    expect(w.status()).toBe('succeeded')
  })

  test('and cancelled meanwhile was not taken back', () => {
    const w = deployed()
    rollBack(w, 't')
    w.lease('c')
    w.cancel()
    w.report('c', { kind: 'cancelled' })
    expect(picture(w)).toMatch(/^cancelled .* t:cancelled b:cancelled c:cancelled/)
    expect(w.statuses('b c')).toBe('b:cancelled c:cancelled')
  })

  test('takes nothing from the stages beside it that were held or waited', () => {
    const triggers: Triggers = { operator: 'or', list: [{ kind: 'channel', name: 'go', channel: 'go', params: {} }] }
    const w = world(
      stage('s', [script('a', { ...back, ...on('hold') })]),
      stage('t', [script('b', on('hold'))], beside),
      stage('u', [script('c')], { ...beside, triggers }),
    )
    w.fail('a', 'b')
    expect(picture(w)).toBe('held | s:held a:failed t:held b:failed u:waiting c:pending')
    rollBack(w, 's')
    expect(picture(w)).toBe('rolling_back | s:rolling_back a:queued t:failed b:failed u:cancelled c:pending')
    w.succeed('a')
    expect(picture(w)).toBe('rolled_back | s:rolled_back a:rolled_back t:failed b:failed u:cancelled c:pending')
  })

  test('only if it has something with a way back that had begun', () => {
    const w = world(stage('s', [script('a', on('hold')), script('b', { ...back, needs: ['a'] })]))
    w.fail('a')
    expect(w.refused({ type: 'rollback', node: 0 }).code).toBe('not-allowed')
  })

  test('its readers see what it was', () => {
    const w = deployed()
    rollBack(w, 't')
    w.succeed('c', 'b')
    const view = viewOf(w.run, projectView(), {} as never)
    expect(view.stages.map(({ status }) => status)).toEqual(['succeeded', 'rolled_back', 'failed'])
    expect(w.viewed('b').earlier.map(({ status }) => status)).toEqual(['succeeded'])
  })
})

describe('a stage that waits beside one that is at work', () => {
  const triggers: Triggers = { operator: 'or', list: [{ kind: 'channel', name: 'go', channel: 'go', params: {} }] }
  const waiting = (changes: Partial<TaskSpec> = {}): EngineWorld =>
    world(stage('s', [script('a', changes)]), stage('t', [script('b')], { ...beside, triggers }))

  test('is started by a person', () => {
    const w = waiting()
    w.lease('a')
    expect(allowedOnRun(w.run)).toContain('start')
    w.do({ type: 'start' })
    expect(picture(w)).toBe('running | s:running a:running t:queued b:queued')
    expect(allowedOnRun(w.run)).not.toContain('start')
    w.succeed('a', 'b')
    expect(w.status()).toBe('succeeded')
  })

  test('is not while the run is paused, nor when it is ending', () => {
    const w = waiting()
    w.lease('a')
    w.pause()
    expect(w.refused({ type: 'start' }).allowed).not.toContain('start')
    w.resume()
    w.cancel()
    expect(w.refused({ type: 'start' }).allowed).not.toContain('start')
  })

  test('keeps a run open that has failed when it always runs, and comes before what else does', () => {
    const w = world(
      stage('s', [script('a')]),
      stage('t', [script('b')], { always: true, triggers }),
      stage('u', [script('c')], { always: true }),
    )
    w.fail('a')
    expect(picture(w)).toBe('waiting | s:failed a:failed t:waiting b:pending u:pending c:pending')
    w.do({ type: 'fire-trigger', stage: w.index('t'), trigger: 0, params: {} })
    w.succeed('b', 'c')
    expect(picture(w)).toBe('failed | s:failed a:failed t:succeeded b:succeeded u:succeeded c:succeeded')
    const alone = world(stage('s', [script('a')]), stage('t', [script('b')], { always: true, triggers }))
    alone.fail('a')
    expect(alone.status()).toBe('waiting')
    alone.do({ type: 'start' })
    alone.succeed('b')
    expect(picture(alone)).toBe('failed | s:failed a:failed t:succeeded b:succeeded')
  })

  test('is not waited for by a run that has failed, beside one that is', () => {
    const w = world(
      stage('s', [script('a')]),
      stage('t', [script('b')], { ...beside, triggers }),
      stage('u', [script('c')], { ...beside, triggers, always: true }),
    )
    w.fail('a')
    expect(picture(w)).toBe('waiting | s:failed a:failed t:waiting b:pending u:waiting c:pending')
    w.do({ type: 'start' })
    expect(w.status('c')).toBe('queued')
    w.succeed('c')
    expect(picture(w)).toBe('failed | s:failed a:failed t:failed b:pending u:succeeded c:succeeded')
  })

  test('is, while the one at work is held or reviewed', () => {
    const w = waiting(on('hold'))
    w.fail('a')
    expect(w.status()).toBe('held')
    w.do({ type: 'start' })
    expect(picture(w)).toBe('running | s:held a:failed t:queued b:queued')
  })
})

describe('a run is done again from a stage', () => {
  test('that has succeeded, also when a later one has failed', () => {
    const w = world(stage('s', [script('a')]), stage('t', [script('b')]), stage('u', [script('c')]))
    w.succeed('a', 'b')
    w.fail('c')
    expect(allowedOnNode(w.run, w.index('t'))).toEqual(['retry'])
    expect(w.refused({ type: 'retry-node', node: w.index('b'), inputs: null }).allowed).not.toContain('retry')
    w.do({ type: 'retry-node', node: w.index('t'), inputs: null })
    expect(picture(w)).toBe('running | s:succeeded a:succeeded t:queued b:queued u:pending c:pending')
    w.succeed('b', 'c')
    expect(w.status()).toBe('succeeded')
  })

  test('that was skipped: whether it is to run is asked again', () => {
    const w = world(stage('s', [script('a')]), stage('t', [script('b')]), stage('u', [script('c', on('hold'))]))
    w.skip('t')
    w.succeed('a')
    w.fail('c')
    w.do({ type: 'retry-node', node: w.index('t'), inputs: null })
    expect(picture(w)).toBe('running | s:succeeded a:succeeded t:queued b:queued u:pending c:pending')
  })

  test('that runs beside one that has failed: it begins, and what comes after both when that is mended', () => {
    const w = world(
      stage('s', [script('a')]),
      stage('t', [script('b'), script('c', { needs: ['b'] })], beside),
      stage('u', [script('d')]),
    )
    w.succeed('b', 'c')
    w.fail('a')
    w.do({ type: 'retry-node', node: w.index('t'), inputs: null })
    expect(picture(w)).toBe('running | s:failed a:failed t:queued b:queued c:pending u:pending d:pending')
    w.succeed('b', 'c')
    expect(picture(w)).toBe('failed | s:failed a:failed t:succeeded b:succeeded c:succeeded u:pending d:pending')
    w.retry('a')
    w.succeed('a', 'd')
    expect(w.status()).toBe('succeeded')
  })

  test('not from one that was passed over before its turn, while what comes before it is not done', () => {
    const w = world(stage('s', [script('a')]), stage('t', [script('b')]), stage('u', [script('c')]))
    w.skip('t')
    w.fail('a')
    expect(allowedOnNode(w.run, w.index('t'))).toEqual([])
    w.retry('a')
    w.succeed('a')
    w.fail('c')
    expect(allowedOnNode(w.run, w.index('t'))).toEqual(['retry'])
  })

  test('not when it has succeeded as a whole', () => {
    const w = world(stage('s', [script('a')]), stage('t', [script('b')]))
    w.succeed('a', 'b')
    expect(w.refused({ type: 'retry-node', node: w.index('s'), inputs: null }).code).toBe('not-allowed')
  })
})

test('a stage whose tasks have all succeeded has, be it that its run was cancelled meanwhile', () => {
  const w = world(stage('s', [script('a'), noop('n')]), stage('t', [script('b')]))
  w.lease('a')
  w.do({ type: 'cancel', reason: 'later', mode: 'after-current' })
  w.succeed('a')
  expect(picture(w)).toBe('cancelled | s:succeeded a:succeeded n:succeeded t:pending b:pending')
  w.retryRun()
  w.succeed('b')
  expect(w.status()).toBe('succeeded')
})

test('a stage of which something failed, or did not begin, ends as the run that was cancelled', () => {
  const w = world(stage('s', [script('a')]), stage('t', [script('b'), script('c', { needs: ['b'] })], beside))
  w.lease('a', 'b')
  w.do({ type: 'cancel', reason: 'later', mode: 'after-current' })
  w.fail('a')
  w.succeed('b')
  expect(picture(w)).toBe('cancelled | s:cancelled a:failed t:cancelled b:succeeded c:pending')
})

test('a stage that waits is not begun while a later one is under way, which always runs', () => {
  const triggers: Triggers = { operator: 'or', list: [{ kind: 'channel', name: 'go', channel: 'go', params: {} }] }
  const w = world(
    stage('s', [script('a')], { triggers }),
    stage('t', [script('b')], beside),
    stage('u', [script('c')], { always: true }),
  )
  w.fail('b')
  w.retry('b')
  expect(picture(w)).toBe('running | s:waiting a:pending t:pending b:pending u:queued c:queued')
  expect(allowedOnRun(w.run)).not.toContain('start')
  w.succeed('c')
  expect(picture(w)).toBe('running | s:waiting a:pending t:running b:queued u:succeeded c:succeeded')
  w.do({ type: 'start' })
  w.succeed('a', 'b')
  expect(w.status()).toBe('succeeded')
})

test('what runs beside a stage that waits does not begin before what came before both is mended', () => {
  const triggers: Triggers = { operator: 'or', list: [{ kind: 'channel', name: 'go', channel: 'go', params: {} }] }
  const w = world(
    stage('s', [script('a')]),
    stage('t', [script('b')], { always: true, triggers }),
    stage('u', [script('c')], beside),
  )
  w.fail('a')
  expect(picture(w)).toBe('waiting | s:failed a:failed t:waiting b:pending u:pending c:pending')
  w.retry('a')
  expect(picture(w)).toBe('running | s:running a:queued t:waiting b:pending u:pending c:pending')
  w.succeed('a')
  expect(picture(w)).toBe('running | s:succeeded a:succeeded t:waiting b:pending u:queued c:queued')
  w.do({ type: 'fire-trigger', stage: w.index('t'), trigger: 0, params: {} })
  w.succeed('b', 'c')
  expect(w.status()).toBe('succeeded')
})

test('nor does what runs beside one that always runs, and is under way', () => {
  const w = world(
    stage('s', [script('a')]),
    stage('t', [script('b')]),
    stage('u', [script('c')], { always: true, ...beside }),
  )
  w.fail('a')
  w.retry('a')
  expect(picture(w)).toBe('running | s:pending a:pending t:pending b:pending u:queued c:queued')
  w.succeed('c')
  expect(picture(w)).toBe('running | s:running a:queued t:pending b:pending u:succeeded c:succeeded')
  w.succeed('a', 'b')
  expect(w.status()).toBe('succeeded')
})

test('who is paused ahead of time in a later stage keeps nobody from starting the stage that waits', () => {
  const triggers: Triggers = { operator: 'or', list: [{ kind: 'channel', name: 'go', channel: 'go', params: {} }] }
  const w = world(stage('s', [script('a')]), stage('t', [script('b')], { triggers }))
  w.pauseNode('b')
  w.succeed('a')
  expect(picture(w)).toBe('waiting | s:succeeded a:succeeded t:waiting b:pending')
  w.do({ type: 'start' })
  expect(picture(w)).toBe('paused | s:succeeded a:succeeded t:paused b:pending')
  w.resumeNode('b')
  expect(w.status('b')).toBe('queued')
})
