import { failureSentence } from '../../../model/failure.ts'
import type { Json, JsonObject } from '../../../model/json.ts'
import { isEnded } from '../../../model/status.ts'
import type { PipelineView, RunView, StageView, TaskView } from '../../../model/view.ts'
import { sealParams } from '../../kit/credentials.ts'
import { readInteger } from '../../kit/query.ts'
import { json, success } from '../errors.ts'
import { factOf, nearTask, runFacts } from '../facts.ts'
import { flagOf, integerOf, misfit, objectsOf, textOf } from '../fields.ts'
import { isEnabled } from '../present.ts'
import type { Call } from '../route.ts'
import { zadigFace as face } from './face.ts'
import { MAX_MAX, objectBody, pipelineOf, runOf, runsFrom, START_MAX } from './request.ts'
import { bodyOf } from './pipeline.ts'
import { isKeptSecret, sealedValue, secretNames, shownValue } from './secrets.ts'
import { nodeWord, taskWord } from './status.ts'
import { isRestarted, seconds } from './sub-tasks.ts'
import { revokerOf } from '../present.ts'
import { cancelRun, restartRun } from './tasks.ts'

/** Workflows from 1.13 on: stages with jobs. Any pipeline is one; what they have beyond is made where it was made. */

export async function createTask(call: Call): Promise<Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const wrong = misfit(body, { name: 'string', project: 'string', params: 'list' })
  if (wrong !== undefined) return face.badRequest(wrong)
  const pipeline = await pipelineOf(call, face, 'createTask', textOf(body, 'name'))
  return pipeline instanceof Response ? pipeline : await start(call, pipeline, objectsOf(body, 'params'))
}

/** The public API: `{workflow_key, project_key, parameters[], inputs[]}`. */
export async function createOpenTask(call: Call): Promise<Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const kinds = {
    workflow_key: 'string',
    workflow_name: 'string',
    project_key: 'string',
    parameters: 'list',
    inputs: 'list',
  } as const
  const wrong = misfit(body, kinds)
  if (wrong !== undefined) return face.badRequest(wrong)
  // Until 1.16 they were called workflow_name and project_name.
  const name = textOf(body, 'workflow_key') || textOf(body, 'workflow_name')
  const project = textOf(body, 'project_key') || textOf(body, 'project_name')
  if (name === '' || project === '') return face.badRequest('project_key and workflow_key are required')
  const found = await call.app.pipelines.get(call.caller, { name, project: { name: project } })
  if (!found.ok) return face.problem('createTask', found.problem)
  const pairs = objectsOf(body, 'inputs').flatMap((input) => {
    const parameters = input['parameters']
    return typeof parameters === 'object' && parameters !== null && !Array.isArray(parameters)
      ? objectsOf(parameters as JsonObject, 'kv').map((pair) => ({
          name: textOf(pair, 'key'),
          value: pair['value'] ?? '',
        }))
      : []
  })
  return await start(call, found.value, [...objectsOf(body, 'parameters'), ...pairs])
}

async function start(call: Call, pipeline: PipelineView, given: readonly JsonObject[]): Promise<Response> {
  if (!isEnabled(pipeline)) return face.operation('createTask', '工作流未开启')
  const params: Record<string, Json> = {}
  const seal = sealParams(call.app, pipeline.project.id, pipeline.id)
  const secrets = secretNames(bodyOf(pipeline.definition))
  for (const param of given) {
    const name = textOf(param, 'name')
    if (!pipeline.definition.params.some((spec) => spec.name === name)) {
      return face.operation('createTask', `params: there is no param ${JSON.stringify(name.slice(0, 64))}`)
    }
    if (isKeptSecret(name, param['value'], secrets)) continue
    params[name] = sealedValue(param, secrets.has(name), seal(name))
  }
  const started = await call.app.runs.start(call.caller, { pipeline: { id: pipeline.id }, params })
  if (!started.ok) return face.problem('createTask', started.problem)
  return json(200, { project_name: pipeline.project.name, workflow_name: pipeline.name, task_id: started.value.number })
}

export async function listTasks(call: Call): Promise<Response> {
  const query = new URL(call.request.url).searchParams
  const size = readInteger(query, 'page_size', { min: 1, max: MAX_MAX, fallback: 20 })
  if (!size.ok) return face.badRequest(size.message)
  const page = readInteger(query, 'page_num', { min: 1, max: START_MAX, fallback: 1 })
  if (!page.ok) return face.badRequest(page.message)
  const name = call.query('workflow_name')
  const filter = name === '' ? {} : await filterOf(call, name)
  if (filter instanceof Response) return filter
  const skipped = Math.min((page.value - 1) * size.value, START_MAX)
  const runs = await runsFrom(call, filter, skipped, size.value)
  const total = await call.app.runs.count(call.caller, filter)
  if (!runs.ok) return face.problem('listTasks', runs.problem)
  return json(200, { workflow_list: runs.value.map(presentPreview), total: total.ok ? total.value : 0 })
}

async function filterOf(call: Call, name: string): Promise<{ readonly pipeline: { readonly id: string } } | Response> {
  const pipeline = await pipelineOf(call, face, 'listTasks', name)
  return pipeline instanceof Response ? pipeline : { pipeline: { id: pipeline.id } }
}

export const getTask = (call: Call): Promise<Response> => answered(call, pathOf(call), 'getTask')
export const getOpenTask = (call: Call): Promise<Response> => answered(call, queryOf(call), 'getTask')

type Address = readonly [id: string, name: string]
const pathOf = (call: Call): Address => [call.param('taskID'), call.param('workflowName')]
const queryOf = (call: Call): Address => [call.query('taskId'), call.query('workflowKey') || call.query('workflowName')]

async function answered(call: Call, [id, name]: Address, operation: 'getTask'): Promise<Response> {
  const run = await runOf(call, face, operation, id, name)
  return run instanceof Response ? run : json(200, presentPreview(run))
}

export const cancelTask = (call: Call): Promise<Response> => acted(call, pathOf(call), 'cancelTask')
export const cancelOpenTask = (call: Call): Promise<Response> => acted(call, queryOf(call), 'cancelTask')
export const retryTask = (call: Call): Promise<Response> => acted(call, pathOf(call), 'restartTask')

async function acted(call: Call, [id, name]: Address, operation: 'cancelTask' | 'restartTask'): Promise<Response> {
  const run = await runOf(call, face, operation, id, name)
  if (run instanceof Response) return run
  return operation === 'cancelTask' ? await cancelRun(call, face, run) : await restartRun(call, face, run)
}

/** `{workflow_name, stage_name or job_name, task_id, approve, comment}`: decides the reviews that wait in there. */
export async function approve(call: Call): Promise<Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const kinds = {
    workflow_name: 'string',
    stage_name: 'string',
    job_name: 'string',
    task_id: 'integer',
    approve: 'boolean',
    comment: 'string',
  } as const
  const wrong = misfit(body, kinds)
  if (wrong !== undefined) return face.badRequest(wrong)
  const run = await runOf(call, face, 'approveTask', String(integerOf(body, 'task_id')), textOf(body, 'workflow_name'))
  if (run instanceof Response) return run
  const asked = textOf(body, 'job_name') || textOf(body, 'stage_name')
  const waiting = run.stages
    .flatMap((stage) => stage.tasks.map((task) => ({ stage, task })))
    // Also one that somebody has paused: it waits for its approval all the same.
    .filter(({ task }) => task.allowed.includes('approve'))
    .filter(({ stage, task }) => [stage.key, stage.name, task.key, task.name].includes(asked))
  if (waiting.length === 0)
    return face.operation('approveTask', `nothing waits for an approval in ${JSON.stringify(asked.slice(0, 64))}`)
  for (const { task } of waiting) {
    const action = flagOf(body, 'approve') === true ? 'approve' : 'reject'
    const decision = { action, comment: textOf(body, 'comment') } as const
    const done = await call.app.runs.actOnNode(call.caller, { id: run.id }, { id: task.id }, decision)
    if (!done.ok) return face.problem('approveTask', done.problem)
  }
  return success()
}

/** `WorkflowTaskPreview`; `workflow_key` is its later word for the name. */
function presentPreview(run: RunView): JsonObject {
  const start = run.startedAt ?? run.createdAt
  const secrets = secretNames(bodyOf(run.definition))
  const revoker = revokerOf(run)
  return {
    task_id: run.number,
    workflow_key: run.pipeline.name,
    workflow_name: run.pipeline.name,
    workflow_display_name: run.pipeline.name,
    params: run.params
      .filter(({ system }) => !system)
      .map(({ name, value, description }) => ({
        name,
        description,
        type: 'string',
        value: shownValue(name, value, secrets),
      })),
    status: taskWord(run),
    task_creator: run.cause.by,
    ...(revoker === '' ? {} : { task_revoker: revoker }),
    create_time: seconds(run.createdAt),
    start_time: seconds(start),
    ...(run.endedAt === null ? {} : { end_time: seconds(run.endedAt) }),
    stages: run.stages.map((stage) => presentStage(stage, run)),
    project_name: run.project.name,
    ...(run.failure === null ? {} : { error: failureSentence(run.failure.failure) }),
    is_restart: isRestarted(run),
  }
}

function presentStage(stage: StageView, run: RunView): JsonObject {
  const review = stage.tasks.find((task) => task.review !== null)
  return {
    name: stage.name,
    status: nodeWord[stage.status],
    ...timesOf(stage),
    parallel: stage.tasks.length > 1 && stage.tasks.every(({ needs }) => needs.length === 0),
    approval: review === undefined ? null : approvalOf(review),
    jobs: stage.tasks.map((task) => presentJob(task, stage, run)),
  }
}

/** Times that are not yet there are left out, as Go leaves out its zeros. */
const timesOf = ({ startedAt, endedAt }: StageView | TaskView): JsonObject => ({
  ...(startedAt === null ? {} : { start_time: seconds(startedAt) }),
  ...(endedAt === null ? {} : { end_time: seconds(endedAt) }),
})

const approvalOf = ({ status, review, deadlineAt, startedAt }: TaskView): JsonObject => ({
  enabled: true,
  status: isEnded(status) ? (status === 'succeeded' ? 'approve' : 'reject') : '',
  type: 'native',
  description: review?.question ?? '',
  native_approval: {
    timeout: deadlineAt === null || startedAt === null ? 0 : Math.ceil((deadlineAt - startedAt) / 60_000),
    approve_users: (review?.reviewers ?? []).map((name) => ({ user_id: name, user_name: name })),
    needed_approvers: review?.required ?? 1,
  },
})

const JOB_TYPES = {
  build: 'zadig-build',
  deploy: 'zadig-deploy',
  test: 'zadig-test',
  distribute: 'zadig-distribute-image',
  check: 'zadig-scanning',
  review: 'approval',
  source: 'freestyle',
  image: 'zadig-build',
  other: 'freestyle',
} as const satisfies Record<TaskView['role'], string>

function presentJob(task: TaskView, stage: StageView, run: RunView): JsonObject {
  const facts = nearTask(runFacts(run), task, stage)
  const fact = (name: Parameters<typeof factOf>[1]): string => factOf(facts, name) ?? ''
  const service = fact('service_name') || run.pipeline.name
  const type = JOB_TYPES[task.role]
  const repo = {
    repo_owner: fact('repo_owner'),
    repo_name: fact('repo_name'),
    branch: fact('branch'),
    commit_id: fact('commit_id'),
  }
  const image = fact('image_name') === '' ? '' : `${fact('image_name')}:${fact('image_tag')}`
  const spec =
    type === 'zadig-build'
      ? { repos: repo.repo_name === '' ? [] : [repo], image, service_name: service, service_module: service }
      : type === 'zadig-deploy'
        ? { env: fact('deploy_env'), service_and_images: [{ service_name: service, service_module: service, image }] }
        : []
  return {
    name: task.key,
    type,
    status: nodeWord[task.status],
    ...timesOf(task),
    error: task.failure === null ? '' : failureSentence(task.failure),
    spec,
  }
}
