import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { TaskRole } from '../../model/definition.ts'
import { NODE_STATUSES, RUN_STATUSES } from '../../model/status.ts'
import type { Instant } from '../../model/time.ts'
import type { RunView, TaskView } from '../../model/view.ts'
import { definition, pipelineView, runView, stageSpec, stageView, taskSpec, taskView } from '../../testing/views.ts'
import { formatRfc3339 } from '../kit/time.ts'
import { repositoryOf } from './facts.ts'
import { presentPipeline, presentTask } from './present.ts'
import { bySlot } from './slots.ts'
import { jobWord, joinedWord, nodeWord, runWord } from './status.ts'

const time = (at: Instant): string => formatRfc3339(at, 480)
const fixture = JSON.parse(readFileSync(`${import.meta.dirname}/fixtures/task.json`, 'utf8'))

const WORDS = ['created', 'running', 'passed', 'failed', 'timeout', 'cancelled']
const done = (role: TaskRole, changes: Partial<TaskView> = {}) => taskView({ key: role, role, ...changes })
const untouched = (role: TaskRole) => done(role, { status: 'pending', startedAt: null, endedAt: null, attempt: 0 })
const oneStage = (...tasks: TaskView[]) => [stageView({ tasks })]
const failed = (role: TaskRole) =>
  done(role, { status: 'failed', failure: { kind: 'said-no', reason: 'update service error: Update Service Error' } })

/** The sample of the seed, but for its status `passed`, which no run with a failed deploy has. */
function seedRun(): RunView {
  const checkout = done('source', {
    work: {
      kind: 'runner',
      uses: 'git',
      with: { url: 'https://git.example/yaoshipu/aslan-platform.git', ref: '${{ params.branch }}' },
    },
    outputs: { commit: '98a663e5a6effc9337a29353acf338d484ae1609' },
  })
  const test = {
    ...untouched('test'),
    annotations: { 'koderover/stack_name': 'test1', 'koderover/service_name': 'doratest' },
  }
  const stages = oneStage(checkout, failed('deploy'), test, untouched('distribute'))
  const run = runView({
    number: 22,
    // Its build's number: one for all pipelines, as builds are addressed by repository.
    serial: 35,
    status: 'failed',
    createdAt: Date.UTC(2017, 1, 21, 14, 52, 27, 443),
    updatedAt: Date.UTC(2017, 1, 21, 14, 52, 27, 443),
    cause: { kind: 'manual', by: 'yaoshipu' },
    params: [{ name: 'branch', value: 'develop', description: '', system: false }],
    stages,
  })
  const annotations = { 'koderover/stack_name': 'stack-1', 'koderover/service_name': 'service-1' }
  return {
    ...run,
    pipeline: { ...run.pipeline, name: 'pipeline-1', serial: 356 },
    definition: { ...run.definition, annotations },
  }
}

describe('the seed', () => {
  test('the sample comes out, value by value', () => {
    expect(presentTask(seedRun(), time)).toEqual({ ...fixture, status: 'failed' })
  })

  test('keys stand in the order of the sample', () => {
    const shown = presentTask(seedRun(), time)
    expect(Object.keys(shown)).toEqual(Object.keys(fixture))
    for (const part of ['build_task', 'deploy_task', 'test_task', 'distribute_task'] as const) {
      expect(Object.keys(shown[part]!)).toEqual(Object.keys(fixture[part]))
    }
  })

  test('every status word is a JSON string: a bare one could not be read', () => {
    const text = JSON.stringify(presentTask(seedRun(), time))
    expect(text).toContain('"status":"failed"')
    expect(JSON.parse(text)).toEqual(presentTask(seedRun(), time))
  })
})

describe('words', () => {
  test.each(RUN_STATUSES)('a run that is %s has one of the table', (status) => {
    expect(WORDS).toContain(runWord[status])
    expect(WORDS).toContain(presentTask(runView({ status }), time).status)
  })

  test.each(NODE_STATUSES)('a node that is %s has one, or counts as lacking', (status) => {
    expect([...WORDS, null]).toContain(nodeWord[status])
    expect(jobWord[status]).toMatch(/^[a-z]+$/)
  })

  test.each([
    [['succeeded', 'succeeded'], false, 'passed'],
    [['pending', 'queued'], false, 'created'],
    [['succeeded', 'pending'], false, 'running'],
    [['succeeded', 'pending'], true, 'cancelled'],
    [['failed', 'running'], false, 'running'],
    [['failed', 'succeeded', 'timed_out'], true, 'timeout'],
    [['failed', 'cancelled', 'timed_out'], true, 'cancelled'],
    [['skipped', 'succeeded'], true, 'passed'],
    [['skipped'], true, undefined],
    [[], true, undefined],
  ] as const)('%j of a run whose end is %s are together %s', (statuses, ended, word) => {
    expect(joinedWord(statuses, ended)).toBe(word)
  })
})

describe('sub-tasks', () => {
  test('those that the pipeline lacks, and those that were skipped, are left out', () => {
    const skipped = done('deploy', { status: 'skipped', skipped: { because: 'condition', reason: '' } })
    const shown = presentTask(runView({ stages: oneStage(done('build'), skipped) }), time)
    expect(Object.keys(shown).filter((key) => key.endsWith('_task'))).toEqual(['build_task'])
  })

  test('each task of the build is a job with the build service’s word', () => {
    const shown = presentTask(runView({ stages: oneStage(done('source'), done('build', { status: 'running' })) }), time)
    expect(shown.build_task).toMatchObject({
      status: 'running',
      jobs: [
        { number: 1, status: 'success' },
        { number: 2, status: 'running' },
      ],
    })
  })

  test('a flow with no roles is a build: its tasks are the jobs', () => {
    const review = done('review', { status: 'reviewing' })
    const shown = presentTask(runView({ status: 'reviewing', stages: oneStage(done('other'), review) }), time)
    expect(shown.build_task?.jobs.map(({ status }) => status)).toEqual(['success', 'blocked'])
    expect(Object.keys(shown).filter((key) => key.endsWith('_task'))).toEqual(['build_task'])
  })

  test('beside a real build, a task without a role of theirs speaks for nothing but the whole', () => {
    const shown = presentTask(runView({ status: 'failed', stages: oneStage(done('build'), failed('other')) }), time)
    expect(shown.status).toBe('failed')
    expect(shown.build_task).toMatchObject({ status: 'passed', jobs: [{ number: 1, status: 'success' }] })
  })

  test('checks are tests, images are builds', () => {
    const bare = { annotations: {} }
    const slots = bySlot(
      ['image', 'check', 'test'].map((role) => ({ role: role as TaskRole, task: bare, stage: bare })),
    )
    expect(slots.build).toHaveLength(1)
    expect(slots.test).toHaveLength(2)
  })

  test('an error is there with an error only', () => {
    const shown = presentTask(runView({ stages: oneStage(done('deploy'), failed('test')) }), time)
    expect(shown.deploy_task).not.toHaveProperty('error')
    expect(shown.test_task).toMatchObject({ status: 'failed', error: 'update service error: Update Service Error' })
  })

  test('a failure that the run passed over is still told, as the seed’s sample does', () => {
    const ignored = { ...failed('deploy'), ignored: true }
    const shown = presentTask(runView({ status: 'succeeded', stages: oneStage(ignored) }), time)
    expect(shown).toMatchObject({ status: 'passed', deploy_task: { status: 'failed' } })
  })
})

describe('facts', () => {
  const withParams = (params: Record<string, string>, changes: Partial<TaskView> = {}) =>
    runView({
      number: 7,
      params: Object.entries(params).map(([name, value]) => ({ name, value, description: '', system: false })),
      stages: oneStage(done('build', changes), done('distribute')),
    })

  test('come from outputs before params, and annotations before both', () => {
    const outputs = { image_tag: 'v1', branch: 'made' }
    expect(presentTask(withParams({ branch: 'given' }, { outputs }), time).build_task).toMatchObject({
      branch: 'made',
      image_tag: 'v1',
    })
    const annotations = { 'koderover/branch': 'said' }
    expect(presentTask(withParams({ branch: 'given' }, { outputs, annotations }), time).build_task?.branch).toBe('said')
  })

  test('that nobody gives are made as KodeRover made them, in the zone’s day', () => {
    const late = { ...withParams({ branch: 'feature/x' }), createdAt: Date.UTC(2026, 0, 2, 20) }
    expect(presentTask(late, time).distribute_task).toMatchObject({
      image_name: 'build-and-ship',
      image_tag: '20260103-7-feature-x',
      package_file: 'build-and-ship-20260103-7-feature-x.tar.gz',
    })
    expect(presentTask(withParams({}), time).build_task).toMatchObject({
      branch: '',
      commit_id: '',
      image_tag: '20260102-7',
    })
  })

  test.each([
    ['refs/heads/main', { branch: 'main', commit_id: '' }],
    ['98a663e5a6effc9337a29353acf338d484ae1609', { branch: '', commit_id: '98a663e5a6effc9337a29353acf338d484ae1609' }],
    ['${{ params.name }}-x', { branch: '', commit_id: '' }],
    ['${{ params.ref }}', { branch: 'given', commit_id: '' }],
  ])('the ref %s of the first git task is a branch or a commit', (ref, expected) => {
    const work = { kind: 'runner', uses: 'git', with: { url: './app', ref } } as const
    const run = runView({ stages: oneStage(done('source', { work })) })
    const params = [{ name: 'ref', value: 'given', description: '', system: false }]
    expect(presentTask({ ...run, params }, time).build_task).toMatchObject(expected)
  })

  test('are never taken from what every object has', () => {
    expect(presentTask(withParams({}, { outputs: {} }), time).build_task?.repo_name).toBe('')
  })

  test.each([
    ['https://git.example/yaoshipu/aslan-platform.git', 'yaoshipu', 'aslan-platform'],
    ['ssh://git@git.example:22/group/sub/app', 'group/sub', 'app'],
    ['git@git.example:yaoshipu/aslan-platform.git', 'yaoshipu', 'aslan-platform'],
    ['/srv/repos/app.git', '', 'app'],
    ['file:///srv/repos/app', '', 'app'],
    ['./app', '', 'app'],
    ['', '', ''],
  ])('the repository of %j', (url, owner, name) => {
    expect(repositoryOf(url)).toEqual({ owner, name })
  })
})

describe('a pipeline', () => {
  test('says what it runs, its times in whole seconds', () => {
    const stages = [
      stageSpec({
        tasks: [
          taskSpec({ role: 'build' }),
          taskSpec({ key: 'b', role: 'test', annotations: { 'koderover/service_name': 'doratest' } }),
        ],
      }),
    ]
    expect(presentPipeline(pipelineView({ definition: definition({ stages }) }))).toEqual({
      pipeline_name: 'build-and-ship',
      creator: 'li',
      stack_name: 'shop',
      service_name: 'build-and-ship',
      test_stack: 'shop',
      test_service: 'doratest',
      deploy_env: '',
      repo_owner: '',
      repo_name: '',
      run_build: true,
      run_deploy: false,
      run_deploy_cs: false,
      run_test: true,
      run_distribute: false,
      updated: 1_767_323_045,
      enabled: true,
    })
  })
})
