import { describe, expect, test } from 'vitest'
import type { OnFailure, StageSpec, TaskRole, TaskSpec, Work } from '../../model/definition.ts'
import type { JsonObject } from '../../model/json.ts'
import { stageSpec, taskSpec } from '../../testing/views.ts'
import { exceptionHandler, jobId, presentStage, readJobId } from './stage.ts'

const taskOf = (work: Work, role: TaskRole = 'other'): TaskSpec => taskSpec({ work, role })
const runs = (uses: string, input: JsonObject, role: TaskRole = 'other'): TaskSpec =>
  taskOf({ kind: 'runner', uses, with: input }, role)

const stageOf = (tasks: readonly TaskSpec[], annotations: Record<string, string> = {}): StageSpec =>
  stageSpec({ name: 'one', tasks, annotations })

describe('a stage becomes', () => {
  test.each<[string, TaskSpec, string, JsonObject]>([
    [
      'a GitHub source',
      runs('git', { url: 'https://github.com/a/b.git', ref: 'dev' }),
      'code_source',
      { branch: 'dev', git_type: 'github', url: 'https://github.com/a/b.git' },
    ],
    [
      'a source of a tag, without the password of its URL',
      runs('git', { url: 'https://me:secret@git.example.com/a/b.git', ref: 'refs/tags/v1' }),
      'code_source',
      { tag: 'v1', git_type: 'gitlab', url: 'https://git.example.com/a/b.git' },
    ],
    [
      'a devcloud source',
      runs('git', { url: 'git@codehub.devcloud.huaweicloud.com:a/b.git', ref: 'refs/heads/main' }),
      'code_source',
      { branch: 'main', git_type: 'devcloud', url: 'git@codehub.devcloud.huaweicloud.com:a/b.git' },
    ],
    [
      'a build of Java',
      runs('script', { script: 'mvn package' }),
      'jenkins_build',
      { basic_env: 'java', jenkins_shell: 'mvn package' },
    ],
    [
      'a build of Go',
      runs('script', { script: 'go build ./...' }, 'build'),
      'jenkins_build',
      { basic_env: 'go', jenkins_shell: 'go build ./...' },
    ],
    [
      'a build in an environment of one’s own',
      runs('script', { script: 'make' }),
      'jenkins_build',
      { basic_env: 'SelfPkgBuild', jenkins_shell: 'make' },
    ],
    [
      'a build out of work that is no script',
      runs('http', { url: 'https://example.com' }),
      'jenkins_build',
      { basic_env: 'SelfPkgBuild', jenkins_shell: 'http {"url":"https://example.com"}' },
    ],
    [
      'a build that sleeps',
      taskOf({ kind: 'sleep', duration: 90_000 }),
      'jenkins_build',
      { basic_env: 'SelfPkgBuild', jenkins_shell: 'sleep 1m30s' },
    ],
    ['a build of nothing', taskOf({ kind: 'noop' }), 'jenkins_build', { basic_env: 'SelfPkgBuild', jenkins_shell: '' }],
    [
      'an image',
      runs('script', { script: 'make image' }, 'image'),
      'dockerfile_build',
      { dockerfile_content: 'make image' },
    ],
    [
      'an image of a given file',
      runs('image', { dockerfile: 'web/Dockerfile', context: 'web' }, 'image'),
      'dockerfile_build',
      { dockerfile_path: 'web/Dockerfile', build_path: 'web' },
    ],
    [
      'a deploy',
      runs('script', { script: './deploy.sh' }, 'deploy'),
      'official_deploy',
      { deploy_mode: 'cceMode', input_info: './deploy.sh' },
    ],
    [
      'a review of one',
      taskOf({ kind: 'review', reviewers: ['li', 'chen'], required: 1, expireMs: null, question: '' }),
      'test_review',
      { review_mode: 'one', review_users: [{ user_name: 'li' }, { user_name: 'chen' }] },
    ],
    [
      'a review of all',
      taskOf({ kind: 'review', reviewers: ['li'], required: 'all', expireMs: null, question: '' }),
      'test_review',
      { review_mode: 'all', review_users: [{ user_name: 'li' }] },
    ],
  ])('%s', (_, task, service, params) => {
    expect(presentStage(stageOf([task]), 2, 29)).toEqual({ id: 29_003, name: 'one', service_name: service, params })
  })

  test('what its annotations say', () => {
    const stage = stageOf([runs('script', { script: 'make' })], {
      'swr/service_name': 'gray_deploy',
      'swr/params': '{"deploy_mode":"cciMode","gray_mode":"istio","input_info":"x"}',
      'swr/stage_id': '31646',
      'swr/input_resources': '[{"name":"a"}]',
      'swr/output_resources': '[]',
    })
    expect(presentStage(stage, 0, 1)).toEqual({
      id: 31_646,
      name: 'one',
      service_name: 'gray_deploy',
      params: { deploy_mode: 'cciMode', gray_mode: 'istio', input_info: 'x' },
      input_resources: [{ name: 'a' }],
      output_resources: [],
    })
  })

  test('what it would be without annotations that make no sense', () => {
    const stage = stageOf([runs('script', { script: 'make' })], {
      'swr/service_name': 'rocket_launch',
      'swr/params': '[1]',
      'swr/stage_id': '-3',
      'swr/input_resources': '{"name":',
      'swr/output_resources': `${'['.repeat(4_000)}${']'.repeat(4_000)}`,
    })
    expect(presentStage(stage, 0, 1)).toEqual(presentStage(stageOf(stage.tasks), 0, 1))
  })

  test('an empty build when an annotation names a kind that its task does not fit', () => {
    const tasks = [taskOf({ kind: 'noop' })]
    const params = (service: string) => presentStage(stageOf(tasks, { 'swr/service_name': service }), 0, 1).params
    expect(params('code_source')).toEqual({ branch: 'HEAD', git_type: 'gitlab', url: '' })
    expect(params('test_review')).toEqual({ review_mode: 'one', review_users: [] })
    expect(params('gray_deploy')).toEqual({ deploy_mode: 'cceMode', gray_mode: 'service', input_info: '' })
  })
})

describe('the exception handler', () => {
  const policy = (name: OnFailure['policy'], expireMs: number | null = null) => ({
    onFailure: { policy: name, expireMs },
  })
  const HOUR = 3_600_000

  test.each([
    [[policy('hold')], { type: 'timeout_reset', params: { timespan: 72 } }],
    [[policy('hold', 5 * HOUR)], { type: 'timeout_reset', params: { timespan: 5 } }],
    [[policy('hold', HOUR + 1)], { type: 'timeout_reset', params: { timespan: 2 } }],
    [[policy('hold', 0)], { type: 'timeout_reset', params: { timespan: 1 } }],
    [[policy('restart')], { type: 'return_to_start' }],
    [[policy('continue')], { type: 'ignore_error' }],
    [[policy('stop')], undefined],
    [[], undefined],
    [[policy('continue'), policy('stop')], undefined],
    [[policy('continue'), policy('hold', HOUR), policy('restart')], { type: 'timeout_reset', params: { timespan: 1 } }],
  ])('of tasks under %j is %j', (tasks, handler) => {
    expect(exceptionHandler(tasks)).toEqual(handler)
  })
})

test('a job’s id leads back to its run and its stage there', () => {
  expect(readJobId(jobId(7, 3))).toEqual({ serial: 7, place: 3 })
  expect(readJobId(jobId(1, 0))).toEqual({ serial: 1, place: 0 })
  expect(readJobId(jobId(7, 999))).toEqual({ serial: 7, place: 999 })
  for (const none of [0, 1, 1_000]) expect(readJobId(none)).toBeUndefined()
})
