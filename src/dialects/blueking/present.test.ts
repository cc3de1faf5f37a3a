import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { NODE_STATUSES, RUN_STATUSES, type NodeStatus, type RunStatus } from '../../model/status.ts'
import type { Instant } from '../../model/time.ts'
import { AT, attemptView, runView, stageView, taskView } from '../../testing/views.ts'
import { formatPlainWithOffset } from '../kit/time.ts'
import { presentFailures, presentNode, presentStatus, type Style } from './present.ts'
import { nodeState, reportedState, runState } from './status.ts'
import { CLASS_NAMES, type StatusTree } from './wire.ts'

const time = (at: Instant | null): string => (at === null ? '' : formatPlainWithOffset(at, 480))
const style: Style = { engine: 1, time, zoneOffsetMinutes: 480, now: AT + 60_000 }
const fixture = JSON.parse(readFileSync(`${import.meta.dirname}/fixtures/get_task_status.json`, 'utf8'))

const started = (status: RunStatus, tasks = [taskView()], stageStatus: NodeStatus = 'running') =>
  runView({
    status,
    endedAt: null,
    pausedAt: status === 'paused' ? AT : null,
    stages: [stageView({ status: stageStatus, endedAt: null, tasks })],
  })
const failedTask = () => taskView({ status: 'failed', failure: { kind: 'exit-code', code: 2 }, held: true })
const runningTask = () => taskView({ status: 'running', endedAt: null })
const tree = (run: ReturnType<typeof runView>): StatusTree => presentStatus(run, style) as StatusTree
const childrenOf = (node: StatusTree): StatusTree[] => Object.values(node.children)

/** The seed's six words, and the one that its engine says besides. */
const WORDS = ['CREATED', 'RUNNING', 'FAILED', 'SUSPENDED', 'REVOKED', 'FINISHED', 'NODE_SUSPENDED']

describe('the seed', () => {
  test('a flow that waits on a failed node is the sample, key by key, type by type and in its order', () => {
    const shown = tree(started('held', [failedTask()], 'held'))
    expect(Object.keys(shown)).toEqual(Object.keys(fixture.data))
    expect({ ...shown, id: '', children: {}, start_time: '' }).toEqual({
      ...fixture.data,
      id: '',
      children: {},
      start_time: '',
    })
    const [start, activity] = Object.values<StatusTree>(fixture.data.children)
    const [ourStart, ourActivity] = childrenOf(shown)
    const changing = { id: '', version: '', start_time: '', finish_time: '' }
    expect({ ...ourStart, ...changing }).toEqual({ ...start, ...changing })
    expect({ ...ourActivity, ...changing }).toEqual({ ...activity, ...changing })
    expect(Object.keys(ourActivity!)).toEqual(Object.keys(activity!))
  })

  test('times carry the offset of the zone, and what has not come is the empty string', () => {
    const shown = tree(started('held', [failedTask()], 'held'))
    expect(shown.start_time).toBe('2026-01-02 11:04:05 +0800')
    expect(shown.finish_time).toBe('')
    expect(childrenOf(shown)[1]!.finish_time).toBe('2026-01-02 11:04:10 +0800')
  })

  test('every id is 32 hex, no two are the same, and each is its own key', () => {
    const stages = [stageView(), stageView({ key: 'two', tasks: [taskView(), taskView({ key: 'b' })] })]
    const shown = tree(runView({ stages }))
    const ids: string[] = []
    const walk = (node: StatusTree): void => {
      ids.push(node.id)
      for (const [key, child] of Object.entries(node.children)) {
        expect(key).toBe(child.id)
        expect(child.version).toMatch(/^[0-9a-f]{32}$/)
        walk(child)
      }
    }
    walk(shown)
    // Root, its two events, two stages with two events each, three tasks.
    expect(new Set(ids).size).toBe(12)
    expect(ids).toHaveLength(12)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
  })

  test('a task that nobody has started is the smaller object, and nothing else', () => {
    expect(presentStatus(runView({ status: 'waiting', startedAt: null, endedAt: null }), style)).toEqual({
      start_time: null,
      state: 'CREATED',
      retry: 0,
      skip: 0,
      finish_time: null,
      elapsed_time: 0,
      children: {},
    })
  })
})

describe('states', () => {
  test.each(RUN_STATUSES)('a run that is %s has one of the seed’s words', (status) => {
    expect(WORDS).toContain(presentStatus(started(status), style).state)
  })

  test.each([
    ['queued', 'RUNNING'],
    ['reviewing', 'RUNNING'],
    ['paused', 'SUSPENDED'],
    ['succeeded', 'FINISHED'],
    ['errored', 'FAILED'],
    ['timed_out', 'FAILED'],
    ['cancelled', 'REVOKED'],
  ] as const)('a run that is %s is %s', (status, state) => {
    expect(presentStatus(started(status), style).state).toBe(state)
  })

  test.each(NODE_STATUSES)('a node that is %s has a state or is not there yet', (status) => {
    const own = nodeState[status]
    if (own !== null) for (const engine of [1, 2] as const) expect(WORDS).toContain(reportedState(own, [], engine))
  })

  test.each([
    [['FAILED', 'RUNNING'], 'RUNNING', 'FAILED'],
    [['SUSPENDED', 'RUNNING'], 'RUNNING', 'NODE_SUSPENDED'],
    [['FAILED', 'SUSPENDED'], 'FAILED', 'FAILED'],
    [['FINISHED', 'SUSPENDED'], 'NODE_SUSPENDED', 'NODE_SUSPENDED'],
    [['FINISHED', 'NODE_SUSPENDED'], 'NODE_SUSPENDED', 'NODE_SUSPENDED'],
    [['FINISHED', 'REVOKED'], 'RUNNING', 'RUNNING'],
    [[], 'RUNNING', 'RUNNING'],
  ] as const)('a task with children %j is %s to the first engine, %s to the second', (children, first, second) => {
    expect(reportedState('RUNNING', children, 1)).toBe(first)
    expect(reportedState('RUNNING', children, 2)).toBe(second)
  })

  test('a pause hides a failure', () => {
    expect(tree(started('paused', [failedTask()])).state).toBe('SUSPENDED')
  })

  test('only a task that runs looks at its children', () => {
    for (const status of RUN_STATUSES.filter((one) => runState[one] !== 'RUNNING')) {
      for (const engine of [1, 2] as const) {
        expect(reportedState(runState[status], ['FAILED'], engine)).toBe(runState[status])
      }
    }
  })
})

describe('the tree', () => {
  test('only what has been entered is there: no pending task, no end event before the end; one in a queue runs', () => {
    const pending = taskView({ status: 'pending', startedAt: null, endedAt: null, attempt: 0, loop: 0 })
    const queued = taskView({ key: 'q', status: 'queued', startedAt: null, endedAt: null })
    const shown = childrenOf(tree(started('running', [runningTask(), pending, queued])))
    expect(shown.map(({ name, state }) => [name, state])).toEqual([
      [CLASS_NAMES.startEvent, 'FINISHED'],
      [CLASS_NAMES.activity, 'RUNNING'],
      [CLASS_NAMES.activity, 'RUNNING'],
    ])
  })

  test('a finished flow ends with its end event', () => {
    expect(childrenOf(tree(runView())).map(({ name, state }) => [name, state])).toEqual([
      [CLASS_NAMES.startEvent, 'FINISHED'],
      [CLASS_NAMES.activity, 'FINISHED'],
      [CLASS_NAMES.endEvent, 'FINISHED'],
    ])
  })

  test('several stages are sub-processes, each with its own events', () => {
    const second = stageView({ key: 'two', status: 'pending', startedAt: null, endedAt: null })
    const shown = tree(runView({ status: 'running', endedAt: null, stages: [stageView(), second] }))
    const [start, stage, ...more] = childrenOf(shown)
    expect(start!.name).toBe(CLASS_NAMES.startEvent)
    expect(stage!.name).toBe(CLASS_NAMES.subProcess)
    expect(childrenOf(stage!).map(({ name }) => name)).toEqual([
      CLASS_NAMES.startEvent,
      CLASS_NAMES.activity,
      CLASS_NAMES.endEvent,
    ])
    expect(more).toEqual([])
  })

  test('a stage with a held node is FAILED, and so is the task above it', () => {
    const held = stageView({ status: 'held', endedAt: null, tasks: [failedTask()] })
    const shown = tree(
      runView({
        status: 'held',
        endedAt: null,
        stages: [held, stageView({ key: 'two', status: 'pending', startedAt: null })],
      }),
    )
    expect(shown.state).toBe('FAILED')
    expect(childrenOf(shown)[1]!.state).toBe('FAILED')
  })

  test('between two attempts a node is what the one before was, then it runs again', () => {
    const first = { version: 'e'.repeat(32), startedAt: AT, endedAt: AT + 1_000 }
    const waiting = taskView({ ...first, status: 'queued', attempt: 1, retryAt: AT + 9_000 })
    const [, before] = childrenOf(tree(started('running', [waiting])))
    expect(before).toMatchObject({ state: 'FAILED', retry: 0, finish_time: '2026-01-02 11:04:06 +0800' })
    const earlier = [attemptView({ ...first, status: 'failed' })]
    const begun = taskView({ status: 'queued', attempt: 2, retry: 1, startedAt: null, endedAt: null, earlier })
    const [, after] = childrenOf(tree(started('running', [begun])))
    expect(after).toMatchObject({ id: before!.id, state: 'RUNNING', retry: 1, finish_time: '' })
    expect(after!.version).not.toBe(before!.version)
  })

  test('a skipped node is FINISHED with skip, at the moment of the skip when it never began', () => {
    const skipped = taskView({
      status: 'skipped',
      startedAt: null,
      skipped: { because: 'operator', reason: '' },
      attempt: 0,
    })
    expect(childrenOf(tree(runView({ stages: [stageView({ tasks: [skipped] })] })))[1]).toMatchObject({
      state: 'FINISHED',
      skip: true,
      start_time: '2026-01-02 11:04:10 +0800',
      finish_time: '2026-01-02 11:04:10 +0800',
    })
  })

  test('a failure that was passed over is FINISHED and not skipped', () => {
    const ignored = taskView({ status: 'failed', failure: { kind: 'exit-code', code: 1 }, ignored: true })
    expect(childrenOf(tree(started('running', [ignored])))[1]).toMatchObject({ state: 'FINISHED', skip: false })
  })

  test('a flow that began again says so with loop', () => {
    const again = taskView({ loop: 2, version: 'b'.repeat(32) })
    expect(childrenOf(tree(started('running', [again])))[1]).toMatchObject({ loop: 2, version: 'b'.repeat(32) })
  })

  test('a run that was revoked before it began has no children', () => {
    expect(tree(runView({ status: 'cancelled', startedAt: null }))).toMatchObject({
      state: 'REVOKED',
      start_time: '',
      children: {},
    })
  })

  test('a node is found by its id, its events too, and what was not entered is not', () => {
    const run = started('running', [runningTask(), taskView({ key: 'b', status: 'pending', startedAt: null, loop: 0 })])
    const shown = tree(run)
    for (const child of childrenOf(shown)) expect(presentNode(run, child.id, style)).toEqual(child)
    expect(presentNode(run, run.stages[0]!.tasks[1]!.id, style)).toBeUndefined()
  })

  test('ex_data says why, of the nodes that are failed now', () => {
    const run = started('held', [failedTask(), taskView({ key: 'b' })], 'held')
    expect(presentFailures(run, 1)).toEqual({ [run.stages[0]!.tasks[0]!.id]: 'the process exited with code 2' })
  })

  test('twenty thousand nodes are shown in well under a second', () => {
    const tasks = Array.from({ length: 20_000 }, (_, place) => taskView({ key: `t${place}` }))
    const shown = tree(runView({ stages: [stageView({ tasks })] }))
    expect(childrenOf(shown)).toHaveLength(20_002)
  })
})
