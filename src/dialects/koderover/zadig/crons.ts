import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import { accept, refuse, type Result } from '../../../model/problem.ts'
import type { PipelineView } from '../../../model/view.ts'
import { STARS } from '../credentials.ts'
import { json, success } from '../errors.ts'
import { flagOf, integerOf, objectOf, objectsOf, textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { dropTimer, setTimer } from '../timer-trigger.ts'
import { objectId } from '../v1-queue.ts'
import { chosenOf, presentCustom, withValue } from './custom-workflow.ts'
import { zadigFace as face } from './face.ts'
import { objectBody, pipelineOf } from './request.ts'
import { cronOf } from './schedules.ts'
import { CRON, typeFault } from './shapes.ts'
import { JOB_TYPES } from './custom-task.ts'

/**
 * Timers of a custom workflow, which the portal keeps apart from it: each a document, for what is said of it, and while
 * it is enabled a trigger of the workflow, which does the work. Source: handler/workflow_v4.go and
 * service/workflow/workflow_v4.go of aslan's workflow at 939bbb9, repository/models/cronjob.go at 5b754b6.
 */
const KIND = 'koderover/workflow-cron'
const CRONS_MAX = 1_000

/** `GET /v4/cron?workflowName=` */
export async function listCrons(call: Call): Promise<Response> {
  const pipeline = await pipelineOf(call, face, 'upsertCron', call.query('workflowName'))
  if (pipeline instanceof Response) return pipeline
  const crons = await cronsOf(call, pipeline)
  if (!crons.ok) return face.problem('upsertCron', crons.problem)
  return json(
    200,
    crons.value.map((cron) => presentCron(cron, pipeline)),
  )
}

/** `GET /v4/cron/preset?workflowName=&cronID=`: what a new one is filled in from, or one as it is. */
export async function presetCron(call: Call): Promise<Response> {
  const pipeline = await pipelineOf(call, face, 'upsertCron', call.query('workflowName'))
  if (pipeline instanceof Response) return pipeline
  const id = call.query('cronID')
  const found = id === '' ? accept({ id: UNSET }) : await cronOfId(call, pipeline, id)
  return found.ok ? json(200, presentCron(found.value, pipeline)) : face.problem('upsertCron', found.problem)
}

/** `primitive.NilObjectID` */
const UNSET = '0'.repeat(24)

/** `POST /v4/cron/:workflowName` */
export async function createCron(call: Call): Promise<Response> {
  const body = await cronBody(call)
  if (body instanceof Response) return body
  if (![UNSET, ''].includes(textOf(body, 'id'))) return face.operation('upsertCron', 'cronjob id is not empty')
  const pipeline = await pipelineOf(call, face, 'upsertCron', call.param('workflowName'))
  if (pipeline instanceof Response) return pipeline
  return await keep(call, pipeline, { ...body, id: objectId(call.app.freshId()) })
}

/** `PUT /v4/cron`: by its id; which workflow it is of stays. */
export async function updateCron(call: Call): Promise<Response> {
  const body = await cronBody(call)
  if (body instanceof Response) return body
  const name = textOf(body, 'name') || textOf(objectOf(body, 'workflow_v4_args'), 'name')
  const pipeline = await pipelineOf(call, face, 'upsertCron', name)
  if (pipeline instanceof Response) return pipeline
  const found = await cronOfId(call, pipeline, textOf(body, 'id'))
  return found.ok ? await keep(call, pipeline, body) : face.problem('upsertCron', found.problem)
}

/** `DELETE /v4/cron/:workflowName/trigger/:cronID` */
export async function removeCron(call: Call): Promise<Response> {
  const pipeline = await pipelineOf(call, face, 'upsertCron', call.param('workflowName'))
  if (pipeline instanceof Response) return pipeline
  const found = await cronOfId(call, pipeline, call.param('cronID'))
  if (!found.ok) return face.problem('upsertCron', found.problem)
  const id = textOf(found.value, 'id')
  const untimed = await dropTimer(call, pipeline, triggerName(id))
  const removed = untimed.ok ? await forget(call, pipeline, id) : untimed
  return removed.ok ? success() : face.problem('upsertCron', removed.problem)
}

/** With a workflow its timers go. */
export async function forgetCrons(call: Call, pipeline: PipelineView): Promise<Result<unknown>> {
  const crons = await cronsOf(call, pipeline)
  if (!crons.ok) return crons
  for (const cron of crons.value) {
    const removed = await forget(call, pipeline, textOf(cron, 'id'))
    if (!removed.ok) return removed
  }
  return accept(null)
}

const triggerName = (id: string): string => `koderover-cron-${id}`

const forget = ({ app, caller }: Call, { project }: PipelineView, id: string): Promise<Result<unknown>> =>
  app.documents.remove(caller, { project: { id: project.id }, kind: KIND, key: id })

/** The trigger first: a document without its trigger would be a timer that never comes, and nobody is told. */
async function keep(call: Call, pipeline: PipelineView, body: JsonObject): Promise<Response> {
  const params = paramsOf(body)
  if (typeof params === 'string') return face.operation('upsertCron', params)
  const schedule = cronOf({ ...body, type: textOf(body, 'job_type') })
  if (schedule === '') return face.operation('upsertCron', 'cron: expected a time')
  const [id, enabled] = [textOf(body, 'id'), flagOf(body, 'enabled') === true]
  const timed = await setTimer(call, pipeline, { name: triggerName(id), schedule, params, enabled })
  if (!timed.ok) return face.problem('upsertCron', timed.problem)
  const value = {
    pipeline_id: pipeline.id,
    number: integerOf(body, 'number'),
    frequency: textOf(body, 'frequency'),
    time: textOf(body, 'time'),
    cron: textOf(body, 'cron'),
    max_failures: integerOf(body, 'max_failures'),
    job_type: textOf(body, 'job_type'),
    enabled,
    params,
  }
  const project = { id: pipeline.project.id }
  const put = await call.app.documents.put(call.caller, { project, kind: KIND, key: id, value })
  return put.ok ? success() : face.problem('upsertCron', put.problem)
}

/** Values of params by name; in words, what a trigger has no words for. */
function paramsOf(body: JsonObject): JsonObject | string {
  const args = objectOf(body, 'workflow_v4_args')
  const skipped = objectsOf(args, 'stages').flatMap((stage) => objectsOf(stage, 'jobs'))
  if (skipped.some((job) => flagOf(job, 'skipped') === true)) return 'skipped: a timer runs all jobs of its workflow'
  const params = objectsOf(args, 'params').filter((param) => textOf(param, 'value') !== STARS)
  const secret = params.find((param) => flagOf(param, 'is_credential') === true && textOf(param, 'value') !== '')
  if (secret !== undefined) return `params: the value of ${textOf(secret, 'name')} is that of the workflow`
  return Object.fromEntries(params.map((param) => [textOf(param, 'name'), chosenOf(param) ?? textOf(param, 'value')]))
}

/** `models.Cronjob` */
function presentCron(cron: JsonObject, pipeline: PipelineView): JsonObject {
  const shown = presentCustom(pipeline, JOB_TYPES)
  const values = objectOf(cron, 'params')
  const params = objectsOf(shown, 'params').map((param) => {
    const value = textOf(values, textOf(param, 'name'))
    return value === '' ? param : withValue(param, value)
  })
  return {
    id: textOf(cron, 'id'),
    name: pipeline.name,
    type: 'workflow_v4',
    number: integerOf(cron, 'number'),
    frequency: textOf(cron, 'frequency'),
    time: textOf(cron, 'time'),
    cron: textOf(cron, 'cron'),
    product_name: pipeline.project.name,
    max_failures: integerOf(cron, 'max_failures'),
    workflow_v4_args: { ...shown, params },
    job_type: textOf(cron, 'job_type'),
    enabled: flagOf(cron, 'enabled') === true,
  }
}

async function cronsOf({ app, caller }: Call, { id, project }: PipelineView): Promise<Result<readonly JsonObject[]>> {
  const page = await app.documents.list(caller, { project: { id: project.id }, kind: KIND, limit: CRONS_MAX })
  if (!page.ok) return page
  return accept(
    page.value.items.flatMap(({ key, value }) =>
      isJsonObject(value) && textOf(value, 'pipeline_id') === id ? [{ ...value, id: key }] : [],
    ),
  )
}

async function cronOfId(call: Call, pipeline: PipelineView, id: string): Promise<Result<JsonObject>> {
  const crons = await cronsOf(call, pipeline)
  const found = crons.ok ? crons.value.find((cron) => textOf(cron, 'id') === id) : undefined
  return found === undefined
    ? refuse('not_found', 'cron job not exist, error: mongo: no documents in result')
    : accept(found)
}

async function cronBody(call: Call): Promise<JsonObject | Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const wrong = typeFault(body, CRON)
  return wrong === undefined ? body : face.badRequest(wrong)
}
