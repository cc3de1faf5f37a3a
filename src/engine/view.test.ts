import { describe, expect, test } from 'vitest'
import type { ParamSpec, Triggers } from '../model/definition.ts'
import { asId, nodeId, type RunId } from '../model/id.ts'
import type { RunView } from '../model/view.ts'
import { callback, definition, on, review, script, stage } from '../testing/definitions.ts'
import { EngineWorld } from '../testing/engine-world.ts'
import { projectView } from '../testing/views.ts'
import type { Run } from './run.ts'
import { runOfSnapshot, snapshotOf } from './snapshot.ts'
import { needsPerson, runOutputs, summaryOf, viewOf } from './view.ts'

const shown = (run: Run): RunView => viewOf(run, projectView(), {} as never)
const param = (name: string, description = ''): ParamSpec => ({
  name,
  type: 'string',
  description,
  required: false,
  default: null,
  options: [],
})
const webhook = { kind: 'webhook', name: 'push', params: {} } as const
const nightly = {
  kind: 'schedule',
  name: 'nightly',
  cron: '@daily',
  timezone: 'UTC',
  missed: 'skip',
  params: {},
} as const
const triggered = (...list: Triggers['list']): Triggers => ({ operator: 'or', list })

describe('what needs a person', () => {
  const waiting = (triggers: Triggers | null): Run => new EngineWorld(definition({ triggers }), { start: false }).run

  test('a run that nothing starts but a person, and one of a change that nobody trusts', () => {
    expect(needsPerson(waiting(null))).toBe(true)
    expect(needsPerson(waiting(triggered(nightly)))).toBe(true)
    expect(needsPerson(waiting(triggered(nightly, webhook)))).toBe(false)
    const run = waiting(triggered(webhook))
    expect(needsPerson({ ...run, cause: { ...run.cause, trusted: false } })).toBe(true)
    expect(needsPerson(run)).toBe(false)
    expect(shown(waiting(null)).attention).toEqual([{ kind: 'start', since: waiting(null).createdAt }])
    expect(shown(waiting(triggered(webhook))).attention).toEqual([])
  })

  test('whatever of a run that is under way waits for one, since when, and until when', () => {
    const w = new EngineWorld(
      definition({
        stages: [
          stage('s', [
            script('held', on('hold', 60_000)),
            review('look', { reviewers: ['li'] }),
            callback('call'),
            script('work'),
            script('still'),
          ]),
        ],
      }),
    )
    const [began, by] = [w.now, { kind: 'user', name: 'li' }]
    w.pauseNode('still')
    w.wait(1_000)
    w.fail('held')
    const at = (key: string) => ({ node: nodeId(w.run.id, w.index(key)), nodeName: key })
    expect(shown(w.run).attention).toEqual([
      { kind: 'held', ...at('held'), since: w.now, until: w.now + 60_000 },
      { kind: 'review', ...at('look'), since: began, reviewers: ['li'] },
      { kind: 'callback', ...at('call'), since: began },
      { kind: 'paused-node', ...at('still'), since: began },
    ])
    w.lease('work')
    w.pause()
    expect(shown(w.run).attention[0]).toEqual({ kind: 'paused', since: w.now })
    w.cancel()
    expect(shown(w.run)).toMatchObject({ attention: [], cancelling: { by }, cancelledBy: by })
    w.cancel(true)
    expect(shown(w.run)).toMatchObject({ status: 'cancelled', attention: [], cancelling: null, cancelledBy: by })
  })

  test('a stage that waits for its triggers says so, and what has fired', () => {
    const w = new EngineWorld(
      definition({
        stages: [
          stage('s', [script('a')], { triggers: { operator: 'and', list: [webhook, { ...webhook, name: 'ok' }] } }),
        ],
      }),
    )
    expect(shown(w.run).attention).toEqual([
      { kind: 'trigger', node: nodeId(w.run.id, w.index('s')), nodeName: 's', since: w.run.updatedAt },
    ])
    expect(shown(w.run).stages[0]?.triggers).toEqual({
      operator: 'and',
      list: [
        { kind: 'webhook', name: 'push', firedAt: null, params: {} },
        { kind: 'webhook', name: 'ok', firedAt: null, params: {} },
      ],
    })
    expect(shown(w.run).triggers).toBeNull()
  })

  test('nobody cancelled a run that was not', () => {
    const { run } = new EngineWorld(definition())
    expect(shown(run)).toMatchObject({ cancelling: null, cancelledBy: null, attention: [] })
  })

  test('one that is taken up again after its end says so, also where it had not begun', () => {
    const w = new EngineWorld(definition(), { start: false })
    w.cancel()
    expect(shown(w.run)).toMatchObject({ status: 'cancelled', reopened: false })
    w.retryRun()
    expect(shown(w.run).reopened).toBe(true)
  })
})

describe('what a run is told by', () => {
  test('params have the description of their definition, and those of the server their own', () => {
    const { run } = new EngineWorld(definition({ params: [param('tag', 'What to ship')] }), {
      params: { tag: 'v1', SYS_INCREMENT: '7', old: 1 },
    })
    expect(shown(run).params).toEqual([
      { name: 'tag', value: 'v1', description: 'What to ship', system: false },
      { name: 'SYS_INCREMENT', value: '7', description: 'Number of the run', system: true },
      { name: 'old', value: 1, description: '', system: true },
    ])
  })

  test('outputs are variables by their names, else params, else nothing; variables of sub-flows are not told', () => {
    const variable = (name: string, value: string, scope: string | null = null) =>
      ({ name, value, from: null, scope, outer: false }) as const
    const { run } = new EngineWorld(
      definition({
        params: [param('tag')],
        variables: [variable('image', 'app:${{ params.tag }}'), variable('inner', 'x', 's')],
        outputs: ['image', 'tag', 'nothing'],
      }),
      { params: { tag: 'v1' } },
    )
    expect(runOutputs(run)).toEqual({ image: 'app:v1', tag: 'v1', nothing: null })
    expect(shown(run)).toMatchObject({ variables: { image: 'app:v1' }, outputs: runOutputs(run) })
    expect(Object.keys(shown(run).variables)).toEqual(['image'])
  })

  test('a run that another one began names the node that did', () => {
    const { run } = new EngineWorld(definition())
    expect(shown(run).parent).toBeNull()
    const runId = asId<RunId>('4e'.repeat(16))
    expect(shown({ ...run, parent: { runId, node: 3 } }).parent).toEqual({ runId, node: nodeId(runId, 3) })
  })

  test('the row of a run says who is its cause, and nothing of how', () => {
    const { run } = new EngineWorld(definition())
    expect(summaryOf({ ...run, cause: { ...run.cause, trusted: false } }).cause).toEqual({ kind: 'manual', by: 'li' })
  })

  test('the failure of a run is the first that nobody has passed over', () => {
    const w = new EngineWorld(
      definition({
        stages: [stage('s', [script('a', on('continue')), script('b', on('hold')), script('c', on('hold'))])],
      }),
    )
    w.fail('a')
    expect(shown(w.run).failure).toBeNull()
    w.wait(1_000)
    w.failWith('c', { kind: 'exit-code', code: 3 })
    w.wait(1_000)
    w.failWith('b', { kind: 'exit-code', code: 2 })
    expect(shown(w.run).failure).toEqual({
      node: nodeId(w.run.id, w.index('c')),
      nodeName: 'c',
      failure: { kind: 'exit-code', code: 3 },
    })
    w.skip('c')
    expect(shown(w.run).failure).toMatchObject({ nodeName: 'b' })
  })
})

test('a snapshot of another form, another run or another plan is not read', () => {
  const { run } = new EngineWorld(definition())
  const text = snapshotOf(run)
  expect(runOfSnapshot(run.id, run.plan, text)?.seq).toBe(run.seq)
  expect(runOfSnapshot(asId<RunId>('4e'.repeat(16)), run.plan, text)).toBeUndefined()
  expect(runOfSnapshot(run.id, { ...run.plan, nodes: run.plan.nodes.slice(1) }, text)).toBeUndefined()
  const read = JSON.parse(text) as { form: number }
  expect(runOfSnapshot(run.id, run.plan, JSON.stringify({ ...read, form: read.form + 1 }))).toBeUndefined()
})

test('a task that has begun another run is shown with it', () => {
  const work = { kind: 'run', pipeline: 'deploy', params: {}, wait: true } as const
  const w = new EngineWorld(definition({ stages: [stage('s', [script('a', { work })])] }), { start: false })
  w.raw({ type: 'start' })
  const child = asId<RunId>('4e'.repeat(16))
  const { fence } = w.task('a')
  expect(w.raw({ type: 'link-child', node: w.index('a'), fence: fence + 1, child }).ok).toBe(false)
  expect(w.viewed('a').childRun).toBeNull()
  w.raw({ type: 'link-child', node: w.index('a'), fence, child })
  expect(w.viewed('a')).toMatchObject({ status: 'running', childRun: child })
})

test('outside of flows a task is in its first pass once it has begun or was skipped', () => {
  const w = new EngineWorld(
    definition({ stages: [stage('s', [script('a'), script('b', { needs: ['a'] }), script('c', { needs: ['b'] })])] }),
  )
  w.skip('b')
  w.lease('a')
  const loops = ['a', 'b', 'c'].map((key) => [w.viewed(key).loop, w.viewed(key).innerLoop])
  expect(loops).toEqual([
    [1, 1],
    [1, 1],
    [0, 0],
  ])
})
