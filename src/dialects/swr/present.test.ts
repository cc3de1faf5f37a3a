import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { PipelineDefinition, StageSpec, TaskSpec, Work } from '../../model/definition.ts'
import { isEnded } from '../../model/status.ts'
import type { RunView, StageView, TaskView } from '../../model/view.ts'
import {
  definition,
  pipelineView,
  projectView,
  runView,
  stageSpec,
  stageView,
  taskSpec,
  taskView,
} from '../../testing/views.ts'
import { presentListItem, presentPipeline } from './present.ts'
import { toYaml } from './yaml.ts'

const SAMPLE = readFileSync(new URL('fixtures/detail-never-run.yaml', import.meta.url), 'utf8')

/** Made on 2019-01-21 as in the seed; its instants are finer than a millisecond, so ours have a fraction here. */
const CREATED = Date.UTC(2019, 0, 21, 3, 31, 27) + 317.648
const UPDATED = CREATED + 0.002

const BASE_URL = 'https://registry.southchina.huaweicloud.com'

const task = (key: string, work: Work, role: TaskSpec['role'] = 'other'): TaskSpec =>
  taskSpec({ key, role, work, onFailure: { policy: 'hold', expireMs: 72 * 3_600_000 } })

const stage = (key: string, name: string, tasks: readonly TaskSpec[], annotations: Record<string, string>): StageSpec =>
  stageSpec({ key, name, tasks, annotations })

/** The seed's pipeline in our words. */
const seedDefinition = definition({
  name: 'test4',
  description: '',
  params: [{ name: 'test', type: 'string', description: 'test', required: false, default: '', options: [] }],
  env: {},
  triggers: { operator: 'and', list: [{ kind: 'webhook', name: 'push', params: {} }] },
  stages: [
    stage(
      'source',
      '代码获取',
      [
        task('source', {
          kind: 'runner',
          uses: 'git',
          with: { url: 'https://gitee.com/hwcloudswr/demo-2048.git', ref: 'master' },
        }),
      ],
      { 'swr/stage_id': '31646' },
    ),
    stage(
      'build',
      '代码编译',
      [task('build', { kind: 'runner', uses: 'script', with: { script: 'mvn package' } }, 'build')],
      {
        'swr/stage_id': '31647',
        'swr/input_resources':
          '[{"name":"codeSource","description":"代码源","type":"code_source","params":{"stage_index":"0"}}]',
        'swr/output_resources': JSON.stringify([
          {
            name: 'sss',
            description: '',
            type: 'package',
            params: {
              namespace: 'dsfdsfds',
              package: 'pkg',
              version: 'ver',
              file_path: 'aa',
              local_file_path: 'target/SpringBoot-0.0.1-SNAPSHOT.war',
            },
          },
        ]),
      },
    ),
    stage(
      'image',
      '镜像构建',
      [
        task(
          'image',
          {
            kind: 'runner',
            uses: 'script',
            with: { script: 'FROM ubuntu\nRUN echo hello' },
          },
          'image',
        ),
      ],
      {
        'swr/stage_id': '31648',
        'swr/input_resources': JSON.stringify([
          {
            name: 'sourcePackage',
            description: '待构建的软件包地址',
            type: 'package',
            params: { namespace: 'dsfdsfds', package: 'pkg', version: 'ver' },
          },
        ]),
        'swr/output_resources': JSON.stringify([
          {
            name: 'image',
            description: '归档的镜像地址',
            type: 'image',
            params: { namespace: 'root', repository: 'sdfasdfa', tag: 'asdfas.5' },
          },
        ]),
      },
    ),
  ],
})

const seedPipeline = pipelineView({
  serial: 29476,
  project: projectView({ serial: 812, name: 'default' }),
  name: 'test4',
  createdAt: CREATED,
  updatedAt: UPDATED,
  definition: seedDefinition,
  webhooks: [{ id: '7648d0fe-93f4-440e-ad0f-0e095b60066d', name: 'push' }],
})

const SYSTEM_PARAMS: RunView['params'] = [
  { name: 'SYS_TIMESTAMP', value: '201901211131274006', description: 'start', system: true },
  { name: 'SYS_INCREMENT', value: '0', description: 'number', system: true },
  { name: 'test', value: '', description: 'test', system: false },
]

/** A run of the seed's pipeline that began a minute after it was made; its stages are where `statuses` say. */
function seedRun(changes: Partial<RunView>, statuses: readonly StageView['status'][] = []): RunView {
  const stages = seedDefinition.stages.map(({ key, name, tasks, annotations }, place) => {
    const status = statuses[place] ?? 'pending'
    const times = {
      startedAt: status === 'pending' ? null : CREATED + 60_000,
      endedAt: isEnded(status) ? CREATED + 90_500 : null,
    }
    const views = tasks.map(({ work, role }) => taskView({ key, work, role, status, ...times }))
    return stageView({ key, name, annotations, status, ...times, tasks: views })
  })
  return runView({
    project: seedPipeline.project,
    pipeline: seedPipeline,
    definition: seedDefinition,
    status: 'running',
    params: SYSTEM_PARAMS,
    createdAt: CREATED,
    startedAt: null,
    endedAt: null,
    updatedAt: UPDATED,
    stages,
    ...changes,
  })
}

describe('the detail of a pipeline', () => {
  test('that waits for its trigger is the seed, byte for byte', () => {
    const waiting = seedRun({
      status: 'waiting',
      triggers: { operator: 'and', list: [{ kind: 'webhook', name: 'push', firedAt: null, params: {} }] },
    })
    expect(toYaml(presentPipeline(seedPipeline, waiting, BASE_URL))).toBe(SAMPLE)
  })

  test('that never ran is the seed but for the timestamp, which is then the time of its making', () => {
    const expected = SAMPLE.replace('"201901211131274006"', '"201901211131273176"')
    expect(toYaml(presentPipeline(seedPipeline, null, BASE_URL))).toBe(expected)
  })

  test('gives JSON the same facts, times as text', () => {
    const json = JSON.parse(JSON.stringify(presentPipeline(seedPipeline, null, BASE_URL)))
    expect(json.status.created_time).toBe('2019-01-21T03:31:27.317648Z')
    expect(json.status.start_time).toBe('0001-01-01T00:00:00Z')
    expect(Object.keys(json)).toEqual([
      'id',
      'group_id',
      'group_name',
      'name',
      'description',
      'pre_operation',
      'params',
      'stages',
      'status',
    ])
  })

  test('has an entry for every stage once it runs', () => {
    const run = seedRun({ startedAt: CREATED + 60_000, updatedAt: CREATED + 90_500 }, ['succeeded', 'running'])
    const { status } = presentPipeline(seedPipeline, run, BASE_URL)
    expect(JSON.parse(JSON.stringify(status))).toEqual({
      status: 'running',
      stage_index: 1,
      start_time: '2019-01-21T03:32:27.317648Z',
      end_time: '0001-01-01T00:00:00Z',
      pre_operation: { triggers_status: [{ is_satisfied: false, webhook: { input_params: {} } }] },
      stages: [
        {
          status: 'success',
          pre_operation: { triggers_status: [] },
          start_time: '2019-01-21T03:32:27.317648Z',
          end_time: '2019-01-21T03:32:57.817648Z',
        },
        {
          status: 'running',
          pre_operation: { triggers_status: [] },
          start_time: '2019-01-21T03:32:27.317648Z',
          end_time: '0001-01-01T00:00:00Z',
        },
        {
          status: 'waiting',
          pre_operation: { triggers_status: [] },
          start_time: '0001-01-01T00:00:00Z',
          end_time: '0001-01-01T00:00:00Z',
        },
      ],
      created_time: '2019-01-21T03:31:27.317648Z',
      updated_time: '2019-01-21T03:32:57.817648Z',
    })
  })

  test('has no pre_operation and an empty state of it without triggers', () => {
    const pipeline = { ...seedPipeline, definition: { ...seedDefinition, triggers: null } }
    const wire = presentPipeline(pipeline, null, BASE_URL)
    expect(wire).not.toHaveProperty('pre_operation')
    expect(wire.status.pre_operation).toEqual({})
  })

  test('shows what each trigger was called with and how it maps to params', () => {
    const list = [{ kind: 'webhook', name: 'push', params: { ref: 'test' } }] as const
    const pipeline = { ...seedPipeline, definition: { ...seedDefinition, triggers: { operator: 'or' as const, list } } }
    const run = seedRun({
      triggers: { operator: 'or', list: [{ kind: 'webhook', name: 'push', firedAt: UPDATED, params: { ref: 'v1' } }] },
    })
    const wire = presentPipeline(pipeline, run, BASE_URL)
    expect(wire.pre_operation?.triggers[0]?.pipeline_param_converts).toEqual([
      { name: 'ref', pipeline_param_name: 'test' },
    ])
    expect(wire.status.pre_operation).toEqual({
      triggers_status: [{ is_satisfied: true, webhook: { input_params: { ref: 'v1' } } }],
    })
  })

  test('shows the params of its newest run, and their defaults before the first', () => {
    const withParams: PipelineDefinition = {
      ...seedDefinition,
      params: [
        { name: 'count', type: 'number', description: 'how many', required: false, default: 3, options: [] },
        { name: 'none', type: 'string', description: '', required: true, default: null, options: [] },
        { name: 'SYS_INCREMENT', type: 'string', description: 'mine', required: false, default: '9', options: [] },
      ],
    }
    const pipeline = { ...seedPipeline, definition: withParams }
    const run = seedRun({
      params: [...SYSTEM_PARAMS, { name: 'none', value: true, description: '', system: false }],
    })
    const values = (wire: { params: readonly { name: string; value: string }[] }) =>
      wire.params.map(({ name, value }) => `${name}=${value}`)
    expect(values(presentPipeline(pipeline, null, BASE_URL))).toEqual([
      'SYS_TIMESTAMP=201901211131273176',
      'count=3',
      'none=',
      'SYS_INCREMENT=0',
    ])
    expect(values(presentPipeline(pipeline, run, BASE_URL)).slice(1)).toEqual([
      'count=3',
      'none=true',
      'SYS_INCREMENT=0',
    ])
  })
})

describe('a review', () => {
  const work: Work = { kind: 'review', reviewers: ['li', 'chen'], required: 'all', expireMs: null, question: 'Go?' }

  function reviewRun(review: TaskView['review'], status: StageView['status']): RunView {
    const run = seedRun({ startedAt: CREATED, status: 'reviewing' }, ['succeeded', status])
    const stages = run.stages.map((one, place) =>
      place === 1 ? { ...one, tasks: one.tasks.map((each) => ({ ...each, work, review })) } : one,
    )
    return { ...run, stages }
  }
  const state = (run: RunView) => presentPipeline(seedPipeline, run, BASE_URL).status.stages[1]?.state

  test('lists every reviewer with what they said, and who decided without being named', () => {
    const review = {
      question: 'Go?',
      reviewers: ['li', 'chen'],
      required: 2,
      decisions: [
        { by: 'chen', decision: 'approve', comment: '', at: UPDATED },
        { by: 'root', decision: 'reject', comment: 'no', at: UPDATED },
      ],
    } as const
    expect(state(reviewRun(review, 'reviewing'))).toEqual({
      review_results: [
        { user_name: 'li', result: 'waiting' },
        { user_name: 'chen', result: 'pass' },
        { user_name: 'root', result: 'refuse' },
      ],
    })
  })

  test('says nothing of a stage that was passed over, or holds no review', () => {
    const review = { question: 'Go?', reviewers: ['li'], required: 1, decisions: [] }
    expect(state(reviewRun(review, 'skipped'))).toBeUndefined()
    expect(state(reviewRun(null, 'running'))).toBeUndefined()
  })
})

test('an element of the list has a state without stages', () => {
  const item = presentListItem(
    seedPipeline,
    seedRun({ status: 'succeeded', endedAt: UPDATED }, ['succeeded', 'succeeded', 'succeeded']),
  )
  expect(JSON.parse(JSON.stringify(item))).toEqual({
    id: 29476,
    group_id: 812,
    group_name: 'default',
    name: 'test4',
    description: '',
    status: {
      status: 'success',
      stage_index: 2,
      start_time: '0001-01-01T00:00:00Z',
      end_time: '2019-01-21T03:31:27.31765Z',
      stages: null,
      created_time: '2019-01-21T03:31:27.317648Z',
      updated_time: '2019-01-21T03:31:27.31765Z',
    },
  })
})
