import type { PipelineDefinition, StageSpec, TaskSpec, Work } from '../../model/definition.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import { plainText } from './read.ts'

/** A pipeline that was not made by a v5 client, in the form that v5 clients read, and may give back. */
export const documentOf = ({ stages }: PipelineDefinition): JsonObject => ({ stages: stages.map(stageOf) })

const stageOf = (stage: StageSpec, sequence: number): JsonObject => ({
  name: stage.name,
  identifier: stage.key,
  sequence,
  depends_on: [],
  run_always: stage.always,
  parallel: null,
  pre: [],
  post: null,
  jobs: stage.tasks.map(jobOf),
})

const jobOf = (task: TaskSpec, sequence: number): JsonObject => ({
  name: task.name,
  identifier: task.key,
  sequence,
  depends_on: task.needs,
  condition: '${{ default() }}',
  resource: null,
  exec_type: task.work.kind === 'runner' ? 'OCTOPUS_JOB' : 'AGENTLESS_JOB',
  timeout: '',
  steps: [{ sequence: 0, ...stepOf(task) }],
})

const BUSINESS_TYPES = {
  build: 'Build',
  deploy: 'Deploy',
  test: 'Test',
  distribute: 'Deploy',
  check: 'Check',
  review: 'Normal',
  source: 'Normal',
  image: 'Build',
  other: 'Normal',
} as const satisfies Record<TaskSpec['role'], string>

/** A step that does what the task does: of the vendor's plugins where one is the same, else of ours. */
export function stepOf(
  task: Pick<TaskSpec, 'name' | 'role' | 'work'> & Partial<Pick<TaskSpec, 'onTimeout'>>,
): JsonObject {
  const [plugin, inputs] = pluginOf(task.work, task.onTimeout)
  return {
    name: task.name,
    task: plugin,
    business_type: BUSINESS_TYPES[task.role],
    inputs: Object.entries(inputs).map(([key, value]) => ({ key, value })),
  }
}

function pluginOf(
  work: Work,
  onTimeout: TaskSpec['onTimeout'] = 'fail',
): readonly [string, Readonly<Record<string, Json>>] {
  if (work.kind === 'runner') {
    const { script, shell = 'sh', ...others } = work.with
    const isPlain =
      work.uses === 'script' && ['sh', 'bash'].includes(plainText(shell)) && Object.keys(others).length === 0
    if (isPlain) return ['official_shell_plugin', { OFFICIAL_SHELL_SCRIPT_INPUT: script ?? '' }]
    return [`millrace_${work.uses}`, work.with]
  }
  if (work.kind === 'review') {
    const { reviewers, required, expireMs, question } = work
    return [
      'official_devcloud_checkpoint',
      {
        audit_source: 'members',
        approvers: reviewers.join(','),
        audit_role: '',
        check_strategy: required === 'all' || required >= Math.max(2, reviewers.length) ? 'all' : 'any',
        timeout_strategy: onTimeout === 'skip' ? 'pass' : 'reject',
        timeout: expireMs === null ? 0 : Math.ceil(expireMs / 1_000),
        comment: question,
      },
    ]
  }
  if (work.kind === 'sleep') {
    const { duration } = work
    return ['millrace_sleep', { duration: typeof duration === 'number' ? `${duration}ms` : duration }]
  }
  const { kind, ...inputs } = work
  return [`millrace_${kind}`, inputs]
}
