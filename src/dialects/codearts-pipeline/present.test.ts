import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Change } from '../../model/change.ts'
import { NODE_STATUSES, RUN_STATUSES } from '../../model/status.ts'
import {
  AT,
  definition,
  pipelineView,
  runSummary,
  runView,
  stageSpec,
  stageView,
  taskSpec,
  taskView,
} from '../../testing/views.ts'
import { freshMs, presentDetail, presentNeverRun, presentResult, presentRun, presentStates } from './present.ts'
import { executeTypes, nodeWords, runWords, statusesOf } from './status.ts'
import { presentLatest } from './v5-present.ts'

const frame = { now: AT + 12_345, baseUrl: 'http://localhost:8080', zoneOffsetMinutes: 480 }
/** Seed 001, the sample, with its slip `end_time"` read as every SDK reads it. */
const sample = JSON.parse(readFileSync(`${import.meta.dirname}/fixtures/status-never-run.json`, 'utf8'))

describe('before the first run', () => {
  const pipeline = pipelineView({
    name: 'pipeline-1185523_Cx2Ur',
    createdAt: Date.parse('2022-04-01T11:44:16Z'),
    definition: definition({
      params: ['seviceName', 'codeBranch'].map((name, index) => ({
        name,
        type: 'string',
        description: '',
        required: false,
        default: ['pipeline-23', 'master'][index] ?? null,
        options: [],
      })),
      stages: [stageSpec({ name: '构建', tasks: [taskSpec({ name: '人工审核' })] })],
    }),
  })

  test('the answer is the seed’s sample', () => {
    const shown = presentNeverRun(pipeline, frame)
    const [stage] = sample.states
    expect(shown).toEqual({
      ...sample,
      pipeline_id: pipeline.id,
      detail_url: `http://localhost:8080/pipelines/${pipeline.id}`,
      // The sample's stage is the fourth of a flow; ours count from the first.
      states: [{ ...stage, id: 'state_1' }],
    })
    expect(Object.keys(shown)).toEqual(Object.keys(sample))
    expect(Object.keys(shown.states[0] ?? {})).toEqual(Object.keys(stage))
    expect(Object.keys(shown.states[0]?.children[0] ?? {})).toEqual(Object.keys(stage.children[0]))
  })

  test('tasks are counted through the pipeline', () => {
    const stages = [stageSpec({ tasks: [taskSpec(), taskSpec()] }), stageSpec()]
    const shown = presentNeverRun(pipelineView({ definition: definition({ stages }) }), frame)
    expect(shown.states.map(({ id, children }) => [id, children.map((task) => task.id)])).toEqual([
      ['state_1', ['Task_1', 'Task_2']],
      ['state_2', ['Task_3']],
    ])
  })
})

describe('a run', () => {
  test('shows every scalar as a string or null', () => {
    const run = runView({ number: 23, params: [{ name: 'tag', value: 7, description: '', system: false }] })
    const seen: unknown[] = []
    JSON.stringify(presentRun(run, frame), (_, value: unknown) => {
      if (typeof value !== 'object') seen.push(typeof value)
      return value
    })
    expect(new Set(seen)).toEqual(new Set(['string']))
  })

  test('has its times in the zone and its elapsed time in whole seconds', () => {
    expect(presentRun(runView({ endedAt: AT + 5_999 }), frame)).toMatchObject({
      executor: 'li',
      build_id: '1',
      start_time: '2026-01-02 11:04:05',
      end_time: '2026-01-02 11:04:11',
      elapsed_time: '5',
      detail_url: expect.stringMatching(/^http:\/\/localhost:8080\/runs\/[0-9a-f]{32}$/),
    })
  })

  test('that is under way counts up to now', () => {
    const run = runView({ status: 'running', endedAt: null })
    expect(presentRun(run, frame)).toMatchObject({ end_time: null, elapsed_time: '12' })
  })

  test('that has not begun has the time it was made, and no elapsed time', () => {
    const run = runView({ status: 'waiting', startedAt: null, endedAt: null })
    expect(presentRun(run, frame)).toMatchObject({ start_time: '2026-01-02 11:04:05', elapsed_time: null })
  })

  test('shows its params but not the server’s own', () => {
    const param = { description: '', system: false }
    const params = [
      { ...param, name: 'a', value: 'x' },
      { ...param, name: 'b', value: true },
      { ...param, name: 'c', value: null },
      { ...param, name: 'SYS_INCREMENT', value: '3', system: true },
    ]
    expect(presentRun(runView({ params }), frame).parameters).toEqual([
      { name: 'a', value: 'x' },
      { name: 'b', value: 'true' },
      { name: 'c', value: '' },
    ])
  })

  test.each(RUN_STATUSES.map((status) => [status, runWords[status]] as const))('%s is %j', (status, words) => {
    expect(presentRun(runView({ status }), frame)).toMatchObject(words)
  })

  test.each(NODE_STATUSES.map((status) => [status, nodeWords[status]] as const))(
    'a node that is %s is %j',
    (status, words) => {
      const run = runView({ stages: [stageView({ status, tasks: [taskView({ status })] })] })
      const [stage] = presentRun(run, frame).states
      expect(stage).toMatchObject(words)
      expect(stage?.children[0]).toMatchObject(words)
    },
  )

  test('says why a task failed, and where to look', () => {
    const task = taskView({ status: 'failed', failure: { kind: 'exit-code', code: 2 } })
    const run = runView({ status: 'failed', stages: [stageView({ status: 'failed', tasks: [task] })] })
    expect(presentRun(run, frame).states[0]?.children[0]).toMatchObject({
      status: 'completed',
      outcome: 'error',
      error_code: 'MILLRACE.EXIT_CODE',
      error_msg: 'the process exited with code 2',
      detail_url: `http://localhost:8080/runs/${run.id}?node=${run.stages[0]?.tasks[0]?.id}`,
    })
  })

  test('does not tell of a failure that is being tried again', () => {
    const task = taskView({ status: 'running', endedAt: null, failure: { kind: 'exit-code', code: 2 } })
    const run = runView({ stages: [stageView({ tasks: [task] })] })
    expect(presentRun(run, frame).states[0]?.children[0]).toMatchObject({ error_code: null, error_msg: null })
  })
})

describe('how long an answer is true', () => {
  test('until the first of its elapsed times turns', () => {
    const stage = stageView({
      startedAt: AT + 300,
      endedAt: null,
      tasks: [taskView({ startedAt: AT + 400, endedAt: null })],
    })
    expect(freshMs(runView({ endedAt: null, stages: [stage] }), AT + 1_350)).toBe(50)
  })

  test('for ever when it is over', () => {
    expect(freshMs(runView(), AT + 99_999)).toBeNull()
  })
})

describe('the calls beside', () => {
  test('batch says result where the others say outcome, and counts stages from 0', () => {
    const run = runView({ status: 'failed', stages: [stageView(), stageView({ name: 'Deploy', status: 'failed' })] })
    expect(presentStates(pipelineView(), run, frame)).toMatchObject({
      result: 'error',
      status: 'completed',
      stages: [
        { order: 0, name: 'state_1', display_name: 'Stage', result: 'success' },
        { order: 1, name: 'state_2', display_name: 'Deploy', result: 'error' },
      ],
    })
    expect(presentStates(pipelineView(), null, frame)).toMatchObject({ result: null, status: null, build_id: null })
  })

  test('a result counts milliseconds', () => {
    expect(presentResult(runSummary(), frame)).toMatchObject({ elapse_time: '5000', outcome: 'success', build_id: '1' })
    expect(presentResult(runSummary(runView({ endedAt: null })), frame)).toMatchObject({ elapse_time: null })
  })

  test('detail names project and kind of start', () => {
    const run = runView({ cause: { kind: 'schedule', by: 'nightly' } })
    expect(presentDetail(pipelineView(), run, 'u', frame).workflow).toMatchObject({
      project_name: 'shop',
      execute_type: 'Scheduler',
      executor_id: 'u',
      elapsed_time: '5',
    })
    expect(presentDetail(pipelineView(), null, null, frame).workflow.execute_type).toBeNull()
    expect(new Set(Object.values(executeTypes))).toEqual(new Set(['Manual', 'Scheduler', 'Push', 'MR']))
  })

  test('what a run builds is the change that a forge told of', () => {
    const change = {
      forge: 'gitlab',
      kind: 'merge_request',
      action: 'synchronized',
      repository: 'shop/web',
      ref: 'refs/merge-requests/7/head',
      branch: 'main',
      tag: null,
      sourceBranch: 'feature',
      sha: 'a'.repeat(40),
      before: null,
      author: 'li',
      message: 'Add a cart',
      url: '',
      number: 7,
      title: 'Cart',
      fork: false,
    } as const
    const ofChange = (more: Partial<Change>) =>
      presentLatest(runView({ cause: { kind: 'push', by: 'gitlab', change: { ...change, ...more } } }), null, frame)
    expect(ofChange({}).build_params).toMatchObject({
      action: 'update',
      build_type: 'branch',
      commit_id: 'a'.repeat(40),
      event_type: 'MR',
      merge_id: '7',
      message: 'Add a cart',
      source_branch: 'feature',
      target_branch: 'main',
    })
    expect(ofChange({ kind: 'tag', action: null, tag: 'v1', number: null }).build_params).toMatchObject({
      action: null,
      build_type: 'tag',
      event_type: 'CreateTag',
      merge_id: null,
      tag: 'v1',
    })
    expect(presentLatest(runView(), null, frame).build_params).toEqual({})
  })

  test('a filter by the vendor’s words means all of ours that are shown so', () => {
    expect(statusesOf(['completed'], ['error'])).toEqual([
      'failed',
      'errored',
      'timed_out',
      'rolled_back',
      'rollback_failed',
      'rollback_errored',
    ])
    expect(statusesOf(['suspending'], [])).toEqual(['paused', 'held'])
    expect(statusesOf(['suspending', 'verifying'], [])).toEqual(['reviewing', 'paused', 'held'])
    expect(statusesOf(['running'], ['success'])).toEqual([])
    expect(statusesOf([], [])).toEqual(RUN_STATUSES)
  })
})
