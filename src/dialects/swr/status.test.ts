import { describe, expect, test } from 'vitest'
import type { Failure } from '../../model/failure.ts'
import { NODE_STATUSES, RUN_STATUSES, isEnded, type NodeStatus, type RunStatus } from '../../model/status.ts'
import type { RunView, StageView } from '../../model/view.ts'
import { AT, runView, stageView, taskView } from '../../testing/views.ts'
import { currentStageIndex, jobState, nodeStatusWord, runStatusWord, runWord, stageWord } from './status.ts'

/** Tables 5 and 6 of the seed. */
const WORDS =
  'waiting running success cancel rollbacking rollback_success stage_exception runtime_exception timeout unauthorized rollback_failed rollback_exception'.split(
    ' ',
  )

test('every status of ours has one of the words of the seed', () => {
  for (const status of RUN_STATUSES) expect(WORDS).toContain(runStatusWord[status])
  for (const status of NODE_STATUSES) expect(WORDS).toContain(nodeStatusWord[status])
})

test('what goes on has a word that says so, what is over has not', () => {
  const going = ['waiting', 'running', 'rollbacking']
  for (const status of RUN_STATUSES.filter((one) => one !== 'held')) {
    expect(going.includes(runStatusWord[status]), status).toBe(!isEnded(status))
  }
  for (const status of NODE_STATUSES.filter((one) => one !== 'held')) {
    expect(['Waiting', 'Building'].includes(jobState[status]), status).toBe(!isEnded(status))
  }
})

const unauthorized: Failure = { kind: 'unauthorized', reason: 'key refused' }
const lost: Failure = { kind: 'lost', reason: 'runner gone' }

const runOf = (status: RunStatus, stages: readonly NodeStatus[] = [], failure: Failure | null = null): RunView =>
  runView({
    status,
    endedAt: isEnded(status) ? AT : null,
    stages: stages.map((one) => stageView({ status: one })),
    failure: failure === null ? null : { node: taskView().id, nodeName: 'Task', failure },
  })

const stageOf = (status: NodeStatus, failure: Failure | null, ignored = false): StageView =>
  stageView({ status, tasks: [taskView(), taskView({ failure, ignored })] })

describe('an error', () => {
  test.each(['errored', 'held'] as const)('of rights is unauthorized: %s', (status) => {
    expect(runWord(runOf(status, [], unauthorized))).toBe('unauthorized')
    expect(stageWord(stageOf(status, unauthorized))).toBe('unauthorized')
  })

  test('of the system is runtime_exception', () => {
    expect(runWord(runOf('errored', [], lost))).toBe('runtime_exception')
    expect(stageWord(stageOf('errored', lost))).toBe('runtime_exception')
  })

  test('that was passed over says nothing about its stage', () => {
    expect(stageWord(stageOf('errored', unauthorized, true))).toBe('runtime_exception')
    expect(stageWord(stageOf('succeeded', unauthorized))).toBe('success')
  })
})

test.each<[RunStatus, NodeStatus[], number]>([
  ['waiting', ['pending', 'pending'], 0],
  ['queued', ['pending', 'pending'], 0],
  ['running', ['running', 'pending'], 0],
  ['running', ['succeeded', 'pending'], 1],
  ['reviewing', ['succeeded', 'reviewing', 'pending'], 1],
  ['held', ['succeeded', 'held', 'pending'], 1],
  ['held', ['succeeded', 'failed', 'pending'], 1],
  ['paused', ['succeeded', 'skipped', 'pending'], 2],
  ['succeeded', ['succeeded', 'succeeded', 'succeeded'], 2],
  ['succeeded', ['succeeded', 'skipped'], 1],
  ['failed', ['succeeded', 'failed', 'pending'], 1],
  ['failed', ['failed', 'pending', 'succeeded'], 0],
  ['cancelled', ['succeeded', 'cancelled', 'pending'], 1],
  ['cancelled', ['succeeded', 'pending', 'pending'], 0],
  ['cancelled', ['pending', 'pending'], 0],
  ['timed_out', ['timed_out', 'pending'], 0],
  ['succeeded', [], 0],
])('a run that is %s with stages %j stands at stage %i', (status, stages, index) => {
  expect(currentStageIndex(runOf(status, stages))).toBe(index)
})

test('a failed stage does not hide the one that always runs after it and is at work', () => {
  expect(currentStageIndex(runOf('running', ['failed', 'pending', 'running']))).toBe(2)
})
