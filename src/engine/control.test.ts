import { describe, expect, test } from 'vitest'
import { GRACE_MS, LEASE_MS } from '../model/limits.ts'
import { definition, noop, on, retries, review, script, sleep, stage, when } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { projectView } from '../testing/views.ts'
import { allowedOnNode, allowedOnRun } from './admits.ts'
import { dueEffects } from './effects.ts'
import { stageAt } from './run.ts'
import { needsPerson, viewOf } from './view.ts'

const world = (...stages: readonly ReturnType<typeof stage>[]): EngineWorld => new EngineWorld(definition({ stages }))

describe('pause', () => {
  test('what runs ends, nothing new begins, and a resume goes on from there', () => {
    const w = world(stage('s', [script('a'), script('b', { needs: ['a'] }), script('c')]), stage('t', [script('d')]))
    w.lease('a')
    w.pause()
    expect(w.picture()).toBe('paused | s:paused a:running b:pending c:queued t:pending d:pending')
    expect(allowedOnRun(w.run)).toEqual(['resume', 'cancel', 'modify'])
    expect(needsPerson(w.run)).toBe(true)
    w.succeed('a')
    expect(w.status('b')).toBe('pending')
    expect(w.refused({ type: 'lease-attempt', node: 3, attempt: 1, runner: 'r' }).code).toBe('stale')
    const before = w.effects.length
    w.resume()
    expect(w.status('b')).toBe('queued')
    expect(w.effects.slice(before).map((effect) => [effect.type, 'node' in effect && effect.node])).toEqual([
      ['offer-attempt', 3],
      ['offer-attempt', 2],
    ])
    w.succeed('b', 'c', 'd')
    expect(w.status()).toBe('succeeded')
  })

  test('between two stages the next one waits', () => {
    const w = world(stage('s', [script('a')]), stage('t', [script('b')]))
    w.lease('a')
    w.pause()
    w.succeed('a')
    expect(w.picture()).toBe('paused | s:succeeded a:succeeded t:pending b:pending')
    w.resume()
    expect(w.status('b')).toBe('queued')
  })

  test('a run whose last task ends while it is paused has ended', () => {
    const w = world(stage('s', [script('a')]))
    w.lease('a')
    w.pause()
    w.wait(5_000)
    w.succeed('a')
    expect(w.status()).toBe('succeeded')
    expect(w.run).toMatchObject({ pausedAt: null, pausedMs: 5_000 })
  })

  test('a failure does not end the run before it is resumed: a person may mend it', () => {
    const w = world(stage('s', [script('a'), script('b', { needs: ['a'] })]))
    w.lease('a')
    w.pause()
    w.fail('a')
    expect(w.picture()).toBe('paused | s:paused a:failed b:pending')
    w.retry('a')
    expect(w.status('a')).toBe('pending')
    w.resume()
    w.succeed('a', 'b')
    expect(w.status()).toBe('succeeded')
  })

  test('a failure that nobody mended ends the run when it is resumed', () => {
    const w = world(stage('s', [script('a'), script('b', { needs: ['a'] })]))
    w.lease('a')
    w.pause()
    w.fail('a')
    w.resume()
    expect(w.picture()).toBe('failed | s:failed a:failed b:pending')
  })

  test('a review may be decided, what comes after it waits', () => {
    const w = world(stage('s', [review('a'), script('b', { needs: ['a'] })]))
    w.pause()
    w.approve('a')
    expect(w.picture()).toBe('paused | s:paused a:succeeded b:pending')
    w.resume()
    expect(w.status('b')).toBe('queued')
  })

  test('a paused run cannot be paused, a running one cannot be resumed', () => {
    const w = world(stage('s', [script('a')]))
    expect(w.refused({ type: 'resume' }).allowed).toEqual(['pause', 'cancel', 'modify'])
    w.pause()
    expect(w.refused({ type: 'pause' })).toMatchObject({
      message: 'cannot pause run build-and-ship #7: it is paused',
      allowed: ['resume', 'cancel', 'modify'],
    })
  })
})

describe('cancel', () => {
  test('what waits ends at once, runners are told to stop, and the run ends when they have', () => {
    const w = world(
      stage('s', [script('a'), script('b'), review('c'), sleep('d', 9_000), script('e', { needs: ['a'] })]),
      stage('t', [script('f')]),
    )
    const fence = w.lease('a')
    w.cancel()
    expect(w.picture()).toBe(
      'running | s:running a:running b:cancelled c:cancelled d:cancelled e:pending t:pending f:pending',
    )
    expect(w.effects).toContainEqual({ type: 'cancel-attempt', node: 1, fence })
    expect(allowedOnRun(w.run)).toEqual(['cancel'])
    expect(w.run.plan.nodes.flatMap(({ index }) => allowedOnNode(w.run, index))).toEqual([])
    expect(w.refused({ type: 'pause' }).message).toBe(
      'cannot pause run build-and-ship #7: it is running and being cancelled',
    )
    w.report('a', { kind: 'cancelled' })
    expect(w.picture()).toBe(
      'cancelled | s:cancelled a:cancelled b:cancelled c:cancelled d:cancelled e:pending t:pending f:pending',
    )
  })

  test.each<[string, (w: EngineWorld) => void, string]>([
    ['succeeds', (w) => w.succeed('a'), 'succeeded'],
    ['fails', (w) => w.fail('a'), 'failed'],
    ['is lost', (w) => void w.lose('a'), 'cancelled'],
  ])(
    'an attempt that %s in the meantime keeps its own end, the run is cancelled, nothing is tried again',
    (_, end, status) => {
      const w = world(stage('s', [script('a', { ...retries(3), onLost: 'rerun' }), script('b', { needs: ['a'] })]))
      w.lease('a')
      w.cancel()
      end(w)
      expect(w.picture()).toBe(`cancelled | s:cancelled a:${status} b:pending`)
    },
  )

  test('it ends within grace and lease although no runner ever answers', () => {
    const w = world(stage('s', [script('a'), script('b')]))
    const fence = w.lease('a', 'b')
    w.cancel()
    w.wait(GRACE_MS + LEASE_MS - 1)
    expect(w.status()).toBe('running')
    w.wait(1)
    expect(w.picture()).toBe('cancelled | s:cancelled a:cancelled b:cancelled')
    expect(w.refused({ type: 'report-attempt', node: 2, fence, result: { kind: 'cancelled' } }).code).toBe('stale')
  })

  test('with force it ends at once, also when a cancel is under way', () => {
    const w = world(stage('s', [script('a')]))
    w.lease('a')
    w.cancel(true)
    expect(w.status()).toBe('cancelled')
    const v = world(stage('s', [script('a')]))
    v.lease('a')
    v.cancel()
    v.wait(1_000)
    const { deadline } = v.run.cancelling!
    v.cancel()
    expect(v.run.cancelling?.deadline).toBe(deadline)
    v.cancel(true)
    expect(v.status()).toBe('cancelled')
  })

  test.each<[string, () => EngineWorld, string]>([
    [
      'waits for its start',
      () => new EngineWorld(definition({ stages: [stage('s', [script('a')])] }), { start: false }),
      'pending',
    ],
    ['is queued', () => world(stage('s', [script('a')])), 'cancelled'],
    ['is paused', () => paused(world(stage('s', [script('a')]))), 'cancelled'],
    ['is in review', () => world(stage('s', [review('a')])), 'cancelled'],
    ['is held', () => failed(world(stage('s', [script('a', on('hold', 60_000))]))), 'failed'],
    ['waits for a retry', () => failed(world(stage('s', [script('a', retries(1))]))), 'cancelled'],
  ])('a run that %s ends at once', (_, make, status) => {
    const w = make()
    w.cancel()
    expect(w.status()).toBe('cancelled')
    expect(w.status('a')).toBe(status)
    const before = w.run
    w.wait(1_000_000)
    expect(w.run).toBe(before)
  })

  test('it shows before a pause: the run is ending', () => {
    const w = world(stage('s', [script('a')]))
    w.lease('a')
    w.pause()
    w.cancel()
    expect(w.picture()).toBe('running | s:running a:running')
    w.report('a', { kind: 'cancelled' })
    expect(w.run).toMatchObject({ outcome: 'cancelled', pausedAt: null })
  })

  test('a stage whose time runs out meanwhile changes nothing', () => {
    const w = world(stage('s', [script('a')], { timeoutMs: 10_000 }))
    w.lease('a')
    w.cancel()
    const before = w.run
    w.wait(10_000)
    expect(w.run).toBe(before)
  })

  test('a cancelled run does not restart', () => {
    const w = new EngineWorld(
      definition({ restartsMax: 5, stages: [stage('s', [script('a', on('restart')), script('b')])] }),
    )
    w.lease('b')
    w.fail('a')
    w.cancel()
    w.report('b', { kind: 'cancelled' })
    expect(w.picture()).toBe('cancelled | s:cancelled a:failed b:cancelled')
    expect(w.run.pass).toBe(1)
  })
})

describe('retry', () => {
  test('of a run: all that failed goes again, what succeeded stays, the rest follows in its order', () => {
    const w = world(
      stage('s', [script('a'), script('b'), script('c', { needs: ['a'] })]),
      stage('t', [script('d')]),
      stage('u', [script('e')], { always: true }),
    )
    w.lease('a', 'b')
    w.fail('a')
    w.succeed('b')
    w.fail('e')
    expect(w.picture()).toBe('failed | s:failed a:failed b:succeeded c:pending t:pending d:pending u:failed e:failed')
    w.retryRun()
    expect(w.picture()).toBe(
      'running | s:running a:queued b:succeeded c:pending t:pending d:pending u:pending e:pending',
    )
    w.succeed('a', 'c', 'd', 'e')
    expect(w.picture()).toBe(
      'succeeded | s:succeeded a:succeeded b:succeeded c:succeeded t:succeeded d:succeeded u:succeeded e:succeeded',
    )
  })

  test('of a run leaves alone what its definition says is not to be retried, and is refused when that is all', () => {
    const w = world(stage('s', [script('a', { retryable: false }), script('b')]))
    w.lease('a', 'b')
    w.fail('a', 'b')
    w.retryRun()
    expect(w.picture()).toBe('running | s:running a:failed b:queued')
    w.succeed('b')
    expect(w.picture()).toBe('failed | s:failed a:failed b:succeeded')
    expect(allowedOnRun(w.run)).toEqual([])
    expect(w.refused({ type: 'retry' })).toMatchObject({ code: 'not-allowed', allowed: [] })
  })

  test('of a run does again what was cancelled, whatever its definition says: it has not failed', () => {
    const w = world(stage('s', [script('a', { retryable: false })]))
    w.lease('a')
    w.cancel()
    w.report('a', { kind: 'cancelled' })
    w.retryRun()
    expect(w.picture()).toBe('running | s:running a:queued')
  })

  test('of one of two failed nodes: it runs, what needs it does not, and the run ends as it was', () => {
    const w = world(stage('s', [script('a'), script('b'), script('c', { needs: ['a'] })]))
    w.lease('a', 'b')
    w.fail('a', 'b')
    w.retry('a')
    expect(w.picture()).toBe('running | s:running a:queued b:failed c:pending')
    w.succeed('a')
    expect(w.picture()).toBe('failed | s:failed a:succeeded b:failed c:pending')
    w.retry('b')
    w.succeed('b', 'c')
    expect(w.status()).toBe('succeeded')
  })

  test('of one of two failed nodes in two stages: what it leaves undone ends as the run does', () => {
    const w = world(
      stage('s', [script('a'), script('b', { needs: ['a'] })]),
      stage('t', [script('c')], { always: true }),
    )
    w.failWith('a', { kind: 'lost', reason: 'gone' })
    w.fail('c')
    const { startedAt } = stageAt(w.run, 0)
    w.wait(5_000)
    w.retry('a')
    w.succeed('a')
    expect(w.picture()).toBe('failed | s:failed a:succeeded b:pending t:failed c:failed')
    expect(stageAt(w.run, 0).startedAt).toBe(startedAt)
  })

  test('of a node of a stage that is over, while another stage runs: it waits for its turn', () => {
    const w = world(
      stage('s', [script('a'), script('b', { needs: ['a'] })]),
      stage('t', [script('c')]),
      stage('u', [script('d')], { always: true }),
    )
    w.fail('a')
    w.retry('a')
    expect(w.picture()).toBe('running | s:pending a:pending b:pending t:pending c:pending u:queued d:queued')
    w.succeed('d')
    expect(w.picture()).toBe('running | s:running a:queued b:pending t:pending c:pending u:succeeded d:succeeded')
    w.succeed('a', 'b', 'c')
    expect(w.status()).toBe('succeeded')
  })

  test('a retried task stays queued although another one fails', () => {
    const w = world(stage('s', [script('a', on('hold')), script('b'), script('c')]))
    w.lease('b')
    w.fail('a')
    w.retry('a')
    w.fail('b')
    expect(w.picture()).toBe('running | s:running a:queued b:failed c:pending')
    w.succeed('a')
    expect(w.status()).toBe('failed')
  })

  test('retries by policy are counted anew', () => {
    const w = world(stage('s', [script('a', retries(1))]))
    w.fail('a')
    w.wait(1_000)
    w.fail('a')
    expect(w.status()).toBe('failed')
    w.retry('a')
    expect(w.task('a')).toMatchObject({ attempt: 3, retries: 0 })
    w.fail('a')
    expect(w.task('a').retryAt).not.toBeNull()
  })

  test('a condition that has become false skips it', () => {
    const w = world(
      stage('s', [
        script('a', on('hold')),
        script('b', when("tasks.a.status != 'skipped'")),
        noop('c', { needs: ['b'] }),
      ]),
    )
    w.lease('a', 'b')
    w.fail('a', 'b')
    w.skip('a')
    expect(w.picture()).toBe('failed | s:failed a:skipped b:failed c:pending')
    w.retry('b')
    expect(w.picture()).toBe('succeeded | s:succeeded a:skipped b:skipped c:succeeded')
  })

  test('of a run that was cancelled with nothing failed: it goes on where it stood', () => {
    const w = world(stage('s', [script('a'), script('b', { needs: ['a'] })]), stage('t', [script('c')]))
    w.lease('a')
    w.pause()
    w.succeed('a')
    w.cancel()
    expect(w.picture()).toBe('cancelled | s:cancelled a:succeeded b:pending t:pending c:pending')
    expect(allowedOnRun(w.run)).toEqual(['retry'])
    w.retryRun()
    expect(w.picture()).toBe('running | s:running a:succeeded b:queued t:pending c:pending')
    expect(w.run.cancelling).toBeNull()
    w.succeed('b', 'c')
    expect(w.status()).toBe('succeeded')
  })

  describe('of a run that was cancelled before it began', () => {
    const stages = [stage('s', [script('a')])]
    const types = (events: readonly { readonly type: string }[]): readonly string[] => events.map(({ type }) => type)

    test('begins it', () => {
      const w = new EngineWorld(definition({ stages, timeoutMs: 60_000 }), { start: false })
      w.cancel()
      expect([allowedOnRun(w.run), w.run.endedAt]).toEqual([['retry'], w.now])
      w.wait(5_000)
      expect(types(w.retryRun())).toEqual(['RunReopened', 'RunStarted', 'StageStarted', 'TaskQueued'])
      expect(w.picture()).toBe('queued | s:queued a:queued')
      expect(w.run).toMatchObject({ startedAt: w.now, endedAt: null, cancelling: null, deadlineAt: w.now + 60_000 })
      expect(w.timers.get(null)).toBe(w.now + 60_000)
      w.succeed('a')
      expect(w.status()).toBe('succeeded')
    })

    test('has it wait for its turn where only so many run at once, and it can be cancelled again', () => {
      const concurrency = { limit: 1, group: null, whenFull: 'queue' } as const
      const w = new EngineWorld(definition({ stages, concurrency }))
      w.cancel()
      w.wait(5_000)
      const effects = w.effects.length
      expect(types(w.retryRun())).toEqual(['RunReopened', 'RunQueued'])
      expect([w.status(), w.run.queuedAt, w.run.startedAt]).toEqual(['queued', w.now, null])
      expect([w.effects.slice(effects), dueEffects(w.run)]).toEqual([[{ type: 'take-turn' }], [{ type: 'take-turn' }]])
      expect(allowedOnRun(w.run)).toEqual(['cancel', 'modify'])
      w.cancel()
      expect(w.picture()).toBe('cancelled | s:pending a:pending')
      w.retryRun()
      w.do({ type: 'admit' })
      w.succeed('a')
      expect(w.status()).toBe('succeeded')
    })

    test('does not wait for its triggers again', () => {
      const list = [{ kind: 'webhook', name: 'push', secret: null, params: {} }] as const
      const w = new EngineWorld(definition({ stages, triggers: { operator: 'and', list } }), { start: false })
      w.cancel()
      w.retryRun()
      expect(w.picture()).toBe('queued | s:queued a:queued')
    })

    test('leaves it to a person to begin the change of a stranger', () => {
      const cause = { kind: 'webhook', by: 'push', trusted: false } as const
      const w = new EngineWorld(definition({ stages }), { start: false, cause })
      w.cancel()
      expect(types(w.retryRun())).toEqual(['RunReopened'])
      expect([w.status(), allowedOnRun(w.run)]).toEqual(['waiting', ['start', 'cancel', 'modify']])
      w.do({ type: 'start' })
      expect(w.picture()).toBe('queued | s:queued a:queued')
    })
  })

  test('of a run that runs well is refused', () => {
    const w = world(stage('s', [script('a')]))
    w.lease('a')
    expect(w.refused({ type: 'retry' }).allowed).toEqual(['pause', 'cancel', 'modify'])
  })

  test('a cancelled node goes again, alone', () => {
    const w = world(stage('s', [script('a'), script('b')]))
    w.cancel()
    w.retry('a')
    w.succeed('a')
    expect(w.picture()).toBe('cancelled | s:cancelled a:succeeded b:cancelled')
  })

  test('a stage condition is looked at once', () => {
    const w = world(stage('s', [script('a'), script('b')], when("tasks.a.status == 'pending'")))
    w.lease('b')
    w.succeed('a')
    w.fail('b')
    w.retry('b')
    expect(w.picture()).toBe('running | s:running a:succeeded b:queued')
  })
})

test('what was paused and then skipped or cancelled has nothing to be resumed', () => {
  const w = world(
    stage('s', [script('a', retries(1)), script('b')]),
    stage('t', [script('c')]),
    stage('u', [script('d')], { always: true }),
  )
  w.pauseNode('c')
  expect(allowedOnNode(w.run, w.index('c'))).toContain('resume')
  w.skip('t')
  w.fail('a')
  w.pauseNode('a')
  w.fail('b')
  expect(w.picture()).toBe('running | s:failed a:cancelled b:failed t:skipped c:skipped u:queued d:queued')
  for (const key of ['a', 'c']) expect(allowedOnNode(w.run, w.index(key))).not.toContain('resume')
})

describe('skip', () => {
  test('a failed task that was passed over is not why the run fails later', () => {
    const w = world(stage('s', [script('a', on('hold'))]), stage('t', [script('b')]))
    const told = (): string | undefined => viewOf(w.run, projectView(), {} as never).failure?.nodeName
    w.fail('a')
    expect(told()).toBe('a')
    w.skip('a')
    expect(told()).toBeUndefined()
    w.fail('b')
    expect(told()).toBe('b')
  })

  test('of a task that was not reached yet', () => {
    const w = world(
      stage('s', [script('a'), script('b', { needs: ['a'] }), script('c', { needs: ['b'] })]),
      stage('t', [script('d')]),
    )
    w.skip('b')
    w.skip('d')
    w.succeed('a')
    expect(w.picture()).toBe('running | s:running a:succeeded b:skipped c:queued t:pending d:skipped')
    w.succeed('c')
    expect(w.picture()).toBe('succeeded | s:succeeded a:succeeded b:skipped c:succeeded t:succeeded d:skipped')
  })

  test('of a task before its turn lets nothing begin that comes after what it waits for', () => {
    const w = world(
      stage('s', [
        review('a', { reviewers: ['chen'] }),
        script('b', { needs: ['a'] }),
        script('c', { needs: ['b'] }),
        script('d', { needs: ['c'] }),
      ]),
    )
    w.skip('b')
    w.skip('c')
    expect(w.picture()).toBe('reviewing | s:reviewing a:reviewing b:skipped c:skipped d:pending')
    w.approve('a', 'chen')
    expect(w.picture()).toBe('running | s:running a:succeeded b:skipped c:skipped d:queued')
  })

  test('of a task before its turn does not make up for what else is needed', () => {
    const w = world(
      stage('s', [script('a'), script('b'), script('c', { needs: ['a', 'b'] }), script('d', { needs: ['a', 'c'] })]),
    )
    w.skip('c')
    w.succeed('a')
    expect(w.status('d')).toBe('pending')
    w.succeed('b')
    expect(w.status('d')).toBe('queued')
  })

  test('of a queued task: a runner that comes for it comes late', () => {
    const w = world(stage('s', [script('a'), script('b', { needs: ['a'] })]))
    w.skip('a')
    expect(w.refused({ type: 'lease-attempt', node: 1, attempt: 1, runner: 'r' }).code).toBe('stale')
    expect(w.status('b')).toBe('queued')
  })

  test('of a stage that was not reached yet, all of it', () => {
    const w = world(stage('s', [script('a')]), stage('t', [script('b'), script('c')]), stage('u', [script('d')]))
    w.skip('t')
    expect(w.picture()).toBe('queued | s:queued a:queued t:skipped b:skipped c:skipped u:pending d:pending')
    w.succeed('a', 'd')
    expect(w.status()).toBe('succeeded')
  })

  test('of a stage does not touch what was skipped in it before', () => {
    const w = world(stage('s', [script('a')]), stage('t', [script('b'), script('c')]))
    w.do({ type: 'skip-node', node: w.index('b'), reason: 'first' })
    w.skip('t')
    expect(w.task('b').skipped?.reason).toBe('first')
    expect(w.task('c').skipped?.reason).toBe('not needed')
  })

  test('of a stage that waits for its second turn is refused: what succeeded in it stays', () => {
    const w = world(stage('s', [script('a'), script('b')]), stage('t', [script('c')], { always: true }))
    w.lease('b')
    w.fail('a')
    w.succeed('b')
    w.retry('a')
    expect(w.picture()).toBe('running | s:pending a:pending b:succeeded t:queued c:queued')
    expect(w.refused({ type: 'skip-node', node: 0, reason: '' }).allowed).toEqual([])
    w.skip('a')
    w.succeed('c')
    expect(w.picture()).toBe('succeeded | s:succeeded a:skipped b:succeeded t:succeeded c:succeeded')
  })

  test('of a running task or stage is refused', () => {
    const w = world(stage('s', [script('a')]))
    w.lease('a')
    expect(w.refused({ type: 'skip-node', node: 1, reason: '' }).allowed).toEqual(['pause', 'fail'])
    expect(w.refused({ type: 'skip-node', node: 0, reason: '' }).allowed).toEqual([])
  })

  test('of what failed in an ended run: the run goes on behind it', () => {
    const w = world(stage('s', [script('a'), script('b', { needs: ['a'] })]), stage('t', [script('c')]))
    w.fail('a')
    expect(w.status()).toBe('failed')
    expect(w.refused({ type: 'skip-node', node: 2, reason: '' }).allowed).toEqual([])
    w.skip('a')
    expect(w.story().slice(-4)).toEqual(['RunReopened', 'NodeSkipped a', 'StageStarted s', 'TaskQueued b'])
    w.succeed('b', 'c')
    expect(w.status()).toBe('succeeded')
  })

  test('of what failed in a stage that is over, in a live run: the stage goes on at its turn', () => {
    const w = world(
      stage('s', [script('a'), script('b', { needs: ['a'] })]),
      stage('t', [script('c')], { always: true }),
    )
    w.fail('a')
    expect(w.refused({ type: 'skip-node', node: 2, reason: '' }).allowed).toEqual(['pause'])
    w.skip('a')
    w.succeed('c')
    expect(w.picture()).toBe('running | s:running a:skipped b:queued t:succeeded c:succeeded')
    w.succeed('b')
    expect(w.status()).toBe('succeeded')
  })

  test('of the last thing that failed makes the run a success', () => {
    const w = world(stage('s', [script('a')]))
    w.fail('a')
    w.skip('a')
    expect(w.task('a')).toMatchObject({ policy: null, failure: { kind: 'exit-code' } })
    expect(w.picture()).toBe('succeeded | s:succeeded a:skipped')
  })

  test('of one of two failures in two stages: its stage has succeeded, the run has not', () => {
    const w = world(stage('s', [script('a')]), stage('t', [script('b')], { always: true }))
    w.fail('a', 'b')
    w.skip('b')
    expect(w.picture()).toBe('failed | s:failed a:failed t:succeeded b:skipped')
  })
})

test('a node that was held when its run was cancelled is held again when another one is taken up', () => {
  const w = world(stage('s', [script('a', on('hold', 60_000)), script('b')]), stage('t', [script('c')]))
  w.lease('b')
  w.fail('a')
  w.cancel()
  w.report('b', { kind: 'cancelled' })
  w.wait(10_000)
  w.retry('b')
  w.succeed('b')
  expect(w.picture()).toBe('held | s:held a:failed b:succeeded t:pending c:pending')
  w.wait(50_000)
  expect(w.picture()).toBe('timed_out | s:timed_out a:timed_out b:succeeded t:pending c:pending')
})

test('the time of a held node runs on while its run has ended', () => {
  const w = world(stage('s', [script('a', on('hold', 60_000)), script('b')]))
  w.lease('b')
  w.fail('a')
  w.cancel()
  w.report('b', { kind: 'cancelled' })
  w.wait(100_000)
  w.retry('b')
  w.wait(0)
  expect(w.picture()).toBe('running | s:running a:timed_out b:queued')
})

test('a run does not succeed while a stage of it was left half done', () => {
  const w = world(
    stage('s', [script('a'), script('b', { needs: ['a'] }), script('h', on('hold'))]),
    stage('t', [script('c')], { always: true }),
  )
  w.lease('a')
  w.fail('h')
  w.fail('a')
  w.fail('c')
  expect(w.status()).toBe('failed')
  w.retry('a')
  w.succeed('a')
  expect(w.picture()).toBe('failed | s:failed a:succeeded b:pending h:failed t:failed c:failed')
  w.retry('c')
  expect(w.picture()).toBe('running | s:running a:succeeded b:queued h:failed t:pending c:pending')
  w.succeed('b')
  expect(w.status()).toBe('held')
  w.skip('h')
  w.succeed('c')
  expect(w.picture()).toBe('succeeded | s:succeeded a:succeeded b:succeeded h:skipped t:succeeded c:succeeded')
})

function paused(w: EngineWorld): EngineWorld {
  w.pause()
  return w
}
function failed(w: EngineWorld): EngineWorld {
  w.fail('a')
  return w
}
