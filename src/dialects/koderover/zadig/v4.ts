import { failureSentence } from '../../../model/failure.ts'
import type { JsonObject } from '../../../model/json.ts'
import { isEnded } from '../../../model/status.ts'
import type { PipelineView, RunView, StageView, TaskView } from '../../../model/view.ts'
import { sealFor } from '../../kit/credentials.ts'
import { sealedBody } from '../credentials.ts'
import { writeDefinition } from '../definition-text.ts'
import { json, success } from '../errors.ts'
import { factOf, nearTask, runFacts } from '../facts.ts'
import { flagOf, integerOf, misfit, objectsOf, textOf } from '../fields.ts'
import { type Call, pipelineRef } from '../route.ts'
import { zadigFace as face } from './face.ts'
import { objectBody, pagedRuns, type PageNames, pipelineOf, rowsAsked, runOf } from './request.ts'
import { skippedIn, unskipped } from './chosen-jobs.ts'
import { customBodyOf, customDefinition, GATE, presentCustom, secretsOf } from './custom-workflow.ts'
import { REPOSITORY } from './struct-fields.ts'
import { JOB_TASK, jobSpec, STAGE_TASK, wholeApproval, wholeNativeApproval, wholeParam } from './struct-fields-v4.ts'
import { shownValue } from './secrets.ts'
import { startedWorkflow } from './started-workflow.ts'
import { creatorOf, nodeWord, taskWord } from './status.ts'
import { isRestarted, seconds } from './sub-tasks.ts'
import { revokerOf } from '../present.ts'
import { askedTasks, pageOf, type TaskPage } from './task-filters.ts'
import { beginRun, cancelRun, restartRun, type Start } from './tasks.ts'

/** Workflows from 1.13 on: stages with jobs. Any pipeline is one; what they have beyond is made where it was made. */

export async function createTask(call: Call): Promise<Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const wrong = misfit(body, { name: 'string', project: 'string', params: 'list', stages: 'list' })
  if (wrong !== undefined) return face.badRequest(wrong)
  const pipeline = await pipelineOf(call, face, 'createTask', textOf(body, 'name'))
  if (pipeline instanceof Response) return pipeline
  const jobs = objectsOf(body, 'stages').flatMap((stage) => objectsOf(stage, 'jobs'))
  return await startAs(call, pipeline, { jobs, left: new Set() }, objectsOf(body, 'params'))
}

/** With its jobs as the caller has them. @param left names of jobs that do not run, whatever they say of themselves. */
export async function startAs(
  call: Call,
  pipeline: PipelineView,
  { jobs, left }: { readonly jobs: readonly JsonObject[]; readonly left: ReadonlySet<string> },
  params: readonly JsonObject[],
  more: Partial<Pick<Start, 'repository' | 'namespace'>> = {},
): Promise<Response> {
  const stands = customBodyOf(pipeline.definition)
  const asked = stands === undefined ? { body: {}, skipped: skippedIn(jobs) } : startedWorkflow(stands, jobs)
  if (typeof asked === 'string') return face.operation('createTask', asked)
  const seal = sealFor(call.app, pipeline.project.id)
  const isChanged = stands !== undefined && JSON.stringify(asked.body) !== JSON.stringify(stands)
  const made = isChanged ? customDefinition(sealedBody(asked.body, seal)) : undefined
  const only = unskipped(made ?? pipeline.definition, new Set([...asked.skipped, ...left]))
  if (typeof only === 'string') return face.operation('createTask', only)
  return await start(call, pipeline, params, {
    ...more,
    ...(only === undefined ? {} : { only }),
    ...(made === undefined ? {} : { definition: writeDefinition(made, undefined) }),
  })
}

/** The workflow as this task was started with: what it is started with again. */
export async function cloneTask(call: Call): Promise<Response> {
  const run = await runOf(call, face, 'getTask', ...pathOf(call))
  if (run instanceof Response) return run
  const pipeline = await pipelineOf(call, face, 'findWorkflow', run.pipeline.name)
  if (pipeline instanceof Response) return pipeline
  const shown = presentCustom({ ...pipeline, definition: run.definition }, JOB_TYPES)
  const secrets = secretsOf(run.definition)
  const values = new Map(run.params.map(({ name, value }) => [name, shownValue(name, value, secrets)] as const))
  const params = objectsOf(shown, 'params').map((param) => ({
    ...param,
    value: values.get(textOf(param, 'name')) ?? textOf(param, 'value'),
  }))
  const asked = new Set(askedTasks(run).map(({ task }) => task.key))
  const jobOf = (job: JsonObject): JsonObject => ({
    ...job,
    skipped: flagOf(job, 'skipped') === true || !asked.has(textOf(job, 'name')),
  })
  const stages = objectsOf(shown, 'stages').map((stage) => ({ ...stage, jobs: objectsOf(stage, 'jobs').map(jobOf) }))
  return json(200, { ...shown, params, stages })
}

/** Params by their names; what else a start may say comes from the public API. */
export async function start(
  call: Call,
  pipeline: PipelineView,
  given: readonly JsonObject[],
  more: Partial<Pick<Start, 'repository' | 'namespace' | 'only' | 'definition'>> = {},
): Promise<Response> {
  const variables = given.map((param) => ({ ...param, key: textOf(param, 'name') }))
  const begun = await beginRun(call, face, pipeline, { repository: {}, namespace: '', ...more, variables })
  if (begun instanceof Response) return begun
  return json(200, { project_name: pipeline.project.name, workflow_name: pipeline.name, task_id: begun })
}

/** `ListWorkflowTaskV4ByFilter`: of one workflow with `queryType` and `filters`, of all without. */
export async function listTasks(call: Call): Promise<Response> {
  const name = call.query('workflow_name')
  const pages = { size: 'page_size', page: 'page_num', rows: 20 } as const
  const found = name === '' ? await pagedRuns(call, face, {}, pages) : await tasksOf(call, name, pages)
  if (found instanceof Response) return found
  return json(200, { workflow_list: found.runs.map(presentPreview), total: found.total })
}

/** A page of a workflow's tasks. */
export async function tasksOf(call: Call, name: string, pages: PageNames): Promise<TaskPage | Response> {
  const page = rowsAsked(call, pages)
  if (typeof page === 'string') return face.badRequest(page)
  const pipeline = await call.app.pipelines.get(call.caller, pipelineRef(call, name))
  // A workflow that is not there has no tasks: their list asks for nothing but the name.
  if (!pipeline.ok && pipeline.problem.code === 'not_found') return { runs: [], total: 0 }
  const found = pipeline.ok ? await pageOf(call, { id: pipeline.value.id }, page.start, page.rows) : pipeline
  return found.ok ? found.value : face.problem('listTasks', found.problem)
}

export const getTask = (call: Call): Promise<Response> => answered(call, pathOf(call), 'getTask')
export const getOpenTask = (call: Call): Promise<Response> => answered(call, queryOf(call), 'getTask')
/** By the name in the path, as the public API has a task from 2.0 on. */
export const retryOpenTask = (call: Call): Promise<Response> =>
  acted(call, [call.param('taskID'), call.param('name')], 'restartTask')

type Address = readonly [id: string, name: string]
const pathOf = (call: Call): Address => [call.param('taskID'), call.param('workflowName')]
/** `task_id` and `workflow_name` in 1.13 to 1.18, `taskId` and `workflowKey` after. */
const queryOf = (call: Call): Address => [
  call.query('taskId') || call.query('task_id'),
  ['workflowKey', 'workflow_key', 'workflow_name', 'workflowName'].map(call.query).find((name) => name !== '') ?? '',
]

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

/**
 * `{workflow_name, stage_name or job_name, task_id, approve, comment}`: decides the reviews that wait in there. The
 * documents of the public API have them in the query, its code in the body.
 */
export async function approve(call: Call): Promise<Response> {
  const body = await decisionOf(call)
  if (body instanceof Response) return body
  const kinds = {
    workflow_name: 'string',
    workflow_key: 'string',
    stage_name: 'string',
    job_name: 'string',
    task_id: 'integer',
    approve: 'boolean',
    comment: 'string',
  } as const
  const wrong = misfit(body, kinds)
  if (wrong !== undefined) return face.badRequest(wrong)
  const [id, name] = [integerOf(body, 'task_id'), textOf(body, 'workflow_name') || textOf(body, 'workflow_key')]
  const run = await runOf(call, face, 'approveTask', String(id), name)
  if (run instanceof Response) return run
  const asked = textOf(body, 'job_name') || textOf(body, 'stage_name')
  const waiting = run.stages
    .flatMap((stage) => stage.tasks.map((task) => ({ stage, task })))
    // Also one that somebody has paused: it waits for its approval all the same.
    .filter(({ task }) => task.allowed.includes('approve'))
    .filter(({ stage, task }) => [stage.key, stage.name, task.key, task.name].includes(asked))
  if (waiting.length === 0)
    return face.operation('approveTask', `workflow ${name} ID ${id} stage ${asked.slice(0, 64)} do not need approve`)
  for (const { task } of waiting) {
    const action = flagOf(body, 'approve') === true ? 'approve' : 'reject'
    const decision = { action, comment: textOf(body, 'comment') } as const
    const done = await call.app.runs.actOnNode(call.caller, { id: run.id }, { id: task.id }, decision)
    if (!done.ok) return face.problem('approveTask', done.problem)
  }
  return success()
}

async function decisionOf(call: Call): Promise<JsonObject | Response> {
  const query = new URL(call.request.url).searchParams
  const said = Object.fromEntries(
    ['workflow_name', 'workflow_key', 'stage_name', 'job_name', 'task_id', 'approve', 'comment'].flatMap((name) => {
      const value = query.get(name)
      return value === null ? [] : [[name, value]]
    }),
  )
  const body = query.has('task_id') ? said : await objectBody(call, face)
  if (body instanceof Response) return body
  // Clients of Go have the number as a text, too.
  const [id, approves] = [textOf(body, 'task_id'), textOf(body, 'approve')]
  return {
    ...body,
    ...(/^\d{1,15}$/.test(id) ? { task_id: Number(id) } : {}),
    ...(approves === 'true' || approves === 'false' ? { approve: approves === 'true' } : {}),
  }
}

/** `WorkflowTaskPreview`; `workflow_key` is its later word for the name. */
export function presentPreview(run: RunView): JsonObject {
  const start = run.startedAt ?? run.createdAt
  const secrets = secretsOf(run.definition)
  const revoker = revokerOf(run)
  return {
    task_id: run.number,
    workflow_key: run.pipeline.name,
    workflow_name: run.pipeline.name,
    workflow_display_name: run.pipeline.name,
    params: run.params
      .filter(({ system }) => !system)
      .map(({ name, value, description }) =>
        wholeParam({
          name,
          description,
          value: shownValue(name, value, secrets),
          is_credential: secrets.has(name),
        }),
      ),
    status: taskWord(run),
    reverted: false,
    remark: '',
    task_creator: creatorOf(run),
    ...(revoker === '' ? {} : { task_revoker: revoker }),
    create_time: seconds(run.createdAt),
    start_time: seconds(start),
    ...(run.endedAt === null ? {} : { end_time: seconds(run.endedAt) }),
    stages: run.stages.map((stage) => presentStage(stage, run)),
    project_name: run.project.name,
    project_key: run.project.name,
    ...(run.failure === null ? {} : { error: failureSentence(run.failure.failure) }),
    is_restart: isRestarted(run),
    debug: false,
  }
}

export function presentStage(stage: StageView, run: RunView): JsonObject {
  const review = stage.tasks.find((task) => task.review !== null)
  return {
    ...STAGE_TASK,
    name: stage.name,
    status: nodeWord[stage.status],
    ...timesOf(stage),
    parallel: stage.tasks.length > 1 && stage.tasks.every(({ needs }) => needs.length === 0),
    approval: review === undefined ? null : approvalOf(review),
    jobs: stage.tasks
      .filter(({ annotations }) => annotations[GATE] === undefined)
      .map((task) => presentJob(task, stage, run)),
  }
}

/** Times that are not yet there are left out, as Go leaves out its zeros. */
const timesOf = ({ startedAt, endedAt }: StageView | TaskView): JsonObject => ({
  ...(startedAt === null ? {} : { start_time: seconds(startedAt) }),
  ...(endedAt === null ? {} : { end_time: seconds(endedAt) }),
})

function approvalOf({ status, review, deadlineAt, startedAt }: TaskView): JsonObject {
  const word = isEnded(status) ? (status === 'succeeded' ? 'approve' : 'reject') : ''
  const timeout = deadlineAt === null || startedAt === null ? 0 : Math.ceil((deadlineAt - startedAt) / 60_000)
  const native = wholeNativeApproval({ ...deciders(review, timeout), reject_or_approve: word })
  // Who may decide, and what they have said: in a part of its own from 1.16 on, beside the rest before.
  const { approve_users = [], needed_approvers = 1 } = native
  return {
    ...wholeApproval({ enabled: true, status: word, description: review?.question ?? '', native_approval: native }),
    reject_or_approve: word,
    timeout,
    approve_users,
    needed_approvers,
  }
}

const deciders = (review: TaskView['review'], timeout: number): JsonObject => ({
  timeout,
  approve_users: [...new Set([...(review?.reviewers ?? []), ...(review?.decisions ?? []).map(({ by }) => by)])].map(
    (name) => {
      const said = review?.decisions.findLast(({ by }) => by === name)
      return {
        user_id: name,
        user_name: name,
        reject_or_approve: said?.decision ?? '',
        comment: said?.comment ?? '',
        operation_time: said === undefined ? 0 : seconds(said.at),
      }
    },
  ),
  needed_approvers: review?.required ?? 1,
})

export const JOB_TYPES = {
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
    ...REPOSITORY,
    repo_owner: fact('repo_owner'),
    repo_namespace: fact('repo_owner'),
    repo_name: fact('repo_name'),
    branch: fact('branch'),
    commit_id: fact('commit_id'),
  }
  const image = fact('image_name') === '' ? '' : `${fact('image_name')}:${fact('image_tag')}`
  const isBuild = type === 'zadig-build'
  return {
    ...JOB_TASK,
    name: task.key,
    key: task.key,
    display_name: task.name,
    origin_name: task.key,
    type,
    status: nodeWord[task.status],
    ...timesOf(task),
    cost_seconds: task.startedAt === null ? 0 : seconds((task.endedAt ?? run.updatedAt) - task.startedAt),
    error: task.failure === null ? '' : failureSentence(task.failure),
    spec: jobSpec(type, {
      repos: repo.repo_name === '' ? [] : [repo],
      image,
      package: fact('package_file'),
      service_name: isBuild ? service : '',
      service_module: isBuild ? service : '',
      env: fact('deploy_env'),
      service_and_images: [{ service_name: service, service_module: service, image }],
      project_name: run.project.name,
      test_name: task.name,
      scanning_name: task.name,
    }),
    retry_count: task.earlier.length,
  }
}
