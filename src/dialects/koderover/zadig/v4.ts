import type { JsonObject } from '../../../model/json.ts'
import type { PipelineView } from '../../../model/view.ts'
import { sealFor } from '../../kit/credentials.ts'
import { formatPlain } from '../../kit/time.ts'
import { sealedBody } from '../credentials.ts'
import { writeDefinition } from '../definition-text.ts'
import { json, success } from '../errors.ts'
import { flagOf, integerOf, misfit, objectOf, objectsOf, textOf } from '../fields.ts'
import { type Call, pipelineRef } from '../route.ts'
import { skippedIn, unskipped } from './chosen-jobs.ts'
import { MANUAL_CHECK } from './custom-jobs.ts'
import { customWord, isByHand, JOB_TYPES, presentPreview } from './custom-task.ts'
import { customBodyOf, customDefinition, givenParams, presentCustom, secretsOf, withValue } from './custom-workflow.ts'
import { zadigFace as face } from './face.ts'
import { objectBody, pagedRuns, type PageNames, pipelineOf, rowsAsked, runOf } from './request.ts'
import { shownValue } from './secrets.ts'
import { startedWorkflow } from './started-workflow.ts'
import { askedTasks, pageOf, type TaskPage, type TaskWords } from './task-filters.ts'
import { beginRun, cancelRun, restartRun, type Start } from './tasks.ts'
import { asksForStart } from './variables.ts'

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
  const asked = stands === undefined ? { body: {}, skipped: skippedIn(jobs) } : startedWorkflow(stands, jobs, params)
  if (typeof asked === 'string') return face.operation('createTask', asked)
  const seal = sealFor(call.app, pipeline.project.id)
  // Who starts it, and when, is nobody's but this task's.
  const isChanged =
    stands !== undefined && (asksForStart(asked.body) || JSON.stringify(asked.body) !== JSON.stringify(stands))
  const made = isChanged ? customDefinition(sealedBody(asked.body, seal), startedBy(call)) : undefined
  const only = unskipped(made ?? pipeline.definition, new Set([...asked.skipped, ...left]))
  if (typeof only === 'string') return face.operation('createTask', only)
  return await start(call, pipeline, params, {
    ...more,
    ...(only === undefined ? {} : { only }),
    ...(made === undefined ? {} : { definition: writeDefinition(made, undefined) }),
  })
}

/** What a start tells in Zadig's variables. */
function startedBy({ app, caller, options }: Call): Readonly<Record<string, string>> {
  const { name, id } = caller.user
  const now = app.now()
  return {
    'workflow.task.creator': name,
    'workflow.task.creator.id': name,
    'workflow.task.creator.userId': id,
    'workflow.task.timestamp': String(Math.floor(now / 1_000)),
    'workflow.task.datetime': formatPlain(now, options.zoneOffsetMinutes),
  }
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
  const params = objectsOf(shown, 'params').map((param) => {
    const value = values.get(textOf(param, 'name'))
    return value === undefined ? param : withValue(param, value)
  })
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
  const variables = givenParams(pipeline.definition, given).map((param) => ({ ...param, key: textOf(param, 'name') }))
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

const CUSTOM_WORDS = {
  of: customWord,
  besides: { failed: ['reject'], reviewing: ['wait_for_approval', 'pause'], held: ['running'], timed_out: ['failed'] },
} as const satisfies TaskWords

/** A page of a workflow's tasks. */
export async function tasksOf(call: Call, name: string, pages: PageNames): Promise<TaskPage | Response> {
  const page = rowsAsked(call, pages)
  if (typeof page === 'string') return face.badRequest(page)
  const pipeline = await call.app.pipelines.get(call.caller, pipelineRef(call, name))
  // A workflow that is not there has no tasks: their list asks for nothing but the name.
  if (!pipeline.ok && pipeline.problem.code === 'not_found') return { runs: [], total: 0 }
  const found = pipeline.ok
    ? await pageOf(call, { id: pipeline.value.id }, page.start, page.rows, CUSTOM_WORDS)
    : pipeline
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
  if (operation === 'cancelTask') return await cancelRun(call, face, run)
  return RETRIED.includes(customWord(run))
    ? await restartRun(call, face, run)
    : face.operation('restartTask', '工作流任务状态无法重试')
}

/** `RetryWorkflowTaskV4` */
const RETRIED: readonly string[] = ['failed', 'timeout', 'cancelled', 'reject']

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
    .filter(({ task }) => task.allowed.includes('approve') && !isByHand(task))
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

/**
 * `{workflow_name, job_name, task_id, decision}`: what a person says of a failure that waits for a word; `ignore` goes on,
 * `reject` ends it. Source: `HandleJobError` of aslan's service/workflow/workflow_task_v4.go.
 */
export async function handleError(call: Call): Promise<Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const kinds = { workflow_name: 'string', job_name: 'string', task_id: 'integer', decision: 'string' } as const
  const wrong = misfit(body, kinds)
  if (wrong !== undefined) return face.badRequest(wrong)
  const [id, name, job] = [integerOf(body, 'task_id'), textOf(body, 'workflow_name'), textOf(body, 'job_name')]
  const decision = textOf(body, 'decision')
  if (decision !== 'ignore' && decision !== 'reject') return face.badRequest('decision: expected ignore or reject')
  const run = await runOf(call, face, 'approveTask', String(id), name)
  if (run instanceof Response) return run
  const refuse = (text: string): Response => face.operation('approveTask', text)
  const task = run.stages.flatMap(({ tasks }) => tasks).find(({ key }) => key === job)
  const where = `job ${job.slice(0, 64)} in workflow task: ${name}, taskID: ${id}`
  if (task === undefined) return refuse(`can not find ${where} to handle its error`)
  if (task.annotations[MANUAL_CHECK] === undefined) return refuse(`error policy for job: ${job} is not manual_check`)
  const stages = objectsOf(customBodyOf(run.definition) ?? {}, 'stages')
  const said = stages.flatMap((stage) => objectsOf(stage, 'jobs')).find((one) => textOf(one, 'name') === job) ?? {}
  const users = objectsOf(objectOf(said, 'error_policy'), 'approval_users').map((user) => textOf(user, 'user_name'))
  const { name: user } = call.caller.user
  if (users.length > 0 && !users.includes(user))
    return refuse(`user ${user} is not authorized to perform error handling`)
  if (!task.held) return refuse(`${where} has no error to handle`)
  const action = decision === 'ignore' ? ({ action: 'skip', comment: user } as const) : ({ action: 'expire' } as const)
  const done = await call.app.runs.actOnNode(call.caller, { id: run.id }, { id: task.id }, action)
  return done.ok ? success() : face.problem('approveTask', done.problem)
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
