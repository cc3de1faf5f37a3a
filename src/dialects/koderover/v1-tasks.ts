import type { RunListFilter } from '../../host/app.ts'
import { isJsonObject } from '../../model/json.ts'
import { RUN_STATUSES } from '../../model/status.ts'
import { parseJson, readBody } from '../kit/body.ts'
import { withDepends } from '../kit/cache.ts'
import { sealParams } from '../kit/credentials.ts'
import {
  badTaskId,
  bodyRefused,
  errorAnswer,
  json,
  operationError,
  problemAnswer,
  success,
  type OperationName,
} from './errors.ts'
import { isEnabled, presentListedTask, presentTask } from './present.ts'
import { type Call, pipelineRef, type Route, runRef } from './route.ts'
import { familyOf, V1 } from './rows.ts'
import { givenFields, paramsOf } from './start.ts'
import { runWord } from './status.ts'

/** Lists of this generation have no pages: the newest come, and no more than these. */
const TASKS_MAX = 100

/** A name may come to mean another pipeline, which no topic tells: a kept answer is looked up again after this. */
export const NAME_FRESH_MS = 1_000

/** What is under way there: begun and not over. */
const RUNNING = RUN_STATUSES.filter((status) => runWord[status] === 'running')

/** What is neither in the queue nor under way there: also what is held, whose word is `failed`. */
const OVER = RUN_STATUSES.filter((status) => runWord[status] !== 'running' && runWord[status] !== 'created')

const route = familyOf(V1)

/** What their pages call a body that is none. */
const INVALID = 'Invalid Pipeline Args'

export const taskRoutes: readonly Route[] = [
  route('GET', '/api/tasks/id/:id/pipeline/:name', 'where a task is; the page 查询任务, error 6806', getTask, {
    source: 'seed',
  }),
  route('GET', '/api/tasks/ws/id/:id/pipeline/:name', 'the same, in place of the WebSocket of August 2017', getTask),
  route('DELETE', '/api/tasks/id/:id/pipeline/:name', 'cancel; error 6809', (call) =>
    act(call, 'cancelTask', 'cancel'),
  ),
  // By GET, as in July 2017; auth.ts keeps foreign pages from using it.
  route(
    'GET',
    '/api/tasks/restart/id/:id/pipeline/:name',
    'what failed of it, again, under the same number; July 2017, error 6903',
    (call) => act(call, 'restartTask', 'retry'),
  ),
  route('POST', '/api/tasks', 'run a pipeline: `{pipeline_name, branch, ...}`; errors 400, 6901', startTask),
  route('GET', '/api/tasks/pipeline/:name', 'its newest 100 tasks, whole; error 6810', listPipelineTasks, {
    also: ['/api/tasks/ws/pipeline/:name'],
  }),
  route(
    'GET',
    '/api/tasks/running',
    'at most 100 under way; error 6808',
    (call) => listTasks(call, 'listRunningTasks', { statuses: RUNNING }),
    { also: ['/api/tasks/running/realtime'] },
  ),
  route('GET', '/api/tasks/history', 'the newest 100 that are over; error 6807', (call) =>
    listTasks(call, 'listHistory', { statuses: OVER }),
  ),
]

async function getTask(call: Call): Promise<Response> {
  const ref = runRef(call)
  if (ref === undefined) return badTaskId('getTask', call.param('id'))
  const found = await call.app.runs.get(call.caller, ref)
  if (!found.ok) return problemAnswer('getTask', found.problem)
  const run = found.value
  return withDepends(
    json(200, presentTask(run, call.time), { ETag: `"${run.id}.${run.seq}"` }),
    [`run:${run.id}`, `pipeline:${run.pipeline.id}`],
    NAME_FRESH_MS,
  )
}

async function listPipelineTasks(call: Call): Promise<Response> {
  const pipeline = await call.app.pipelines.get(call.caller, pipelineRef(call))
  if (!pipeline.ok) return problemAnswer('listPipelineTasks', pipeline.problem)
  return await listTasks(call, 'listPipelineTasks', { pipeline: { id: pipeline.value.id } })
}

/** The index rows' runs, whole. */
async function listTasks(
  { app, caller, time }: Call,
  operation: OperationName,
  filter: RunListFilter,
): Promise<Response> {
  const rows = await app.runs.list(caller, filter, { before: null, limit: TASKS_MAX })
  if (!rows.ok) return problemAnswer(operation, rows.problem)
  const runs = await app.runs.batch(
    caller,
    rows.value.items.map(({ id }) => ({ id })),
  )
  if (!runs.ok) return problemAnswer(operation, runs.problem)
  return json(
    200,
    runs.value.map((run) => presentListedTask(run, time)),
  )
}

async function act(call: Call, operation: OperationName, action: 'cancel' | 'retry'): Promise<Response> {
  const ref = runRef(call)
  if (ref === undefined) return badTaskId(operation, call.param('id'))
  const done = await call.app.runs.act(call.caller, ref, { action })
  if (done.ok) return success()
  // Cancelled is cancelled, as often as somebody asks for it.
  const now = action === 'cancel' ? await call.app.runs.get(call.caller, ref) : done
  return now.ok && now.value.status === 'cancelled' ? success() : problemAnswer(operation, done.problem)
}

async function startTask(call: Call): Promise<Response> {
  const { app, caller, options, request } = call
  const bytes = await readBody(request, options.bodyMaxBytes)
  const parsed = bytes.ok ? parseJson(bytes.value) : bytes
  if (!parsed.ok) return bodyRefused(parsed, INVALID)
  if (!isJsonObject(parsed.value)) return invalid('expected a JSON object')
  const name = parsed.value['pipeline_name']
  if (typeof name !== 'string' || name === '') return invalid('pipeline_name: expected a name')
  const fields = givenFields(parsed.value)
  if (typeof fields === 'string') return invalid(fields)
  const pipeline = await app.pipelines.get(caller, pipelineRef(call, name))
  if (!pipeline.ok) return problemAnswer('enqueueTask', pipeline.problem)
  if (!isEnabled(pipeline.value))
    return operationError('enqueueTask', `pipeline ${JSON.stringify(name)} is not enabled`)
  const params = paramsOf(pipeline.value, fields, sealParams(app, pipeline.value.project.id, pipeline.value.id))
  if (typeof params === 'string') return invalid(params)
  const started = await app.runs.start(caller, { pipeline: { id: pipeline.value.id }, params })
  if (!started.ok) return problemAnswer('enqueueTask', started.problem)
  return json(200, { pipeline_name: started.value.pipeline.name, task_id: started.value.number })
}

const invalid = (description: string): Response => errorAnswer(400, INVALID, description)
