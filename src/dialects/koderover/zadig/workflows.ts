import type { JsonObject } from '../../../model/json.ts'
import { type Seal, withKeptTexts } from '../../kit/credentials.ts'
import { sealedBody, STARS } from '../credentials.ts'
import { json, success } from '../errors.ts'
import { misfit, objectOf, objectsOf, textOf } from '../fields.ts'
import { type Call, pipelineRef } from '../route.ts'
import { allPipelines, FOREIGN } from '../v1-pipelines.ts'
import { zadigFace as face } from './face.ts'
import { tallyOf } from './overview.ts'
import { make, rewrite } from './pipelines.ts'
import { objectBody, pipelineOf } from './request.ts'
import { startRun } from './tasks.ts'
import {
  chosenTasks,
  isWorkflow,
  presentWorkflow,
  readWorkflowBody,
  workflowBodyOf,
  workflowDefinition,
} from './workflow.ts'

/** Product workflows. */

const definedBy = (body: JsonObject) => (seal: Seal) => workflowDefinition(sealedBody(body, seal))

export async function createWorkflow(call: Call): Promise<Response> {
  const body = await workflowBody(call)
  if (body instanceof Response) return body
  return await make(call, face, 'upsertWorkflow', definedBy(body), textOf(body, 'product_tmpl_name'))
}

export async function updateWorkflow(call: Call): Promise<Response> {
  const body = await workflowBody(call)
  if (body instanceof Response) return body
  const pipeline = await pipelineOf(call, face, 'upsertWorkflow', textOf(body, 'name'))
  if (pipeline instanceof Response) return pipeline
  if (!isWorkflow(pipeline.definition)) return face.operation('upsertWorkflow', FOREIGN)
  const before = workflowBodyOf(pipeline.definition) ?? {}
  return await rewrite(call, face, 'upsertWorkflow', pipeline, definedBy(withKeptTexts(body, before, STARS)))
}

export async function listWorkflows(call: Call): Promise<Response> {
  const pipelines = await allPipelines(call)
  if (!pipelines.ok) return face.problem('listWorkflows', pipelines.problem)
  const shown: JsonObject[] = []
  for (const pipeline of pipelines.value) {
    if (isWorkflow(pipeline.definition)) {
      shown.push({ ...presentWorkflow(pipeline), ...(await tallyOf(call, pipeline)) })
    }
  }
  return json(200, shown)
}

export async function findWorkflow(call: Call): Promise<Response> {
  const pipeline = await pipelineOf(call, face, 'findWorkflow', call.param('name'))
  return pipeline instanceof Response ? pipeline : json(200, presentWorkflow(pipeline))
}

export async function removeWorkflow(call: Call): Promise<Response> {
  const removed = await call.app.pipelines.remove(call.caller, pipelineRef(call))
  return removed.ok ? success() : face.problem('deleteWorkflow', removed.problem)
}

/** Body WorkflowTaskArgs: the first repository of its targets, their variables, and where to deploy to. */
export async function createWorkflowTask(call: Call): Promise<Response> {
  const args = await objectBody(call, face)
  if (args instanceof Response) return args
  const kinds = {
    workflow_name: 'string',
    product_tmpl_name: 'string',
    namespace: 'string',
    targets: 'list',
    tests: 'list',
  } as const
  const wrong = misfit(args, kinds)
  if (wrong !== undefined) return face.badRequest(wrong)
  const pipeline = await pipelineOf(call, face, 'createTask', textOf(args, 'workflow_name'))
  if (pipeline instanceof Response) return pipeline
  const targets = objectsOf(args, 'targets')
  const [repository = {}] = targets.flatMap((target) => objectsOf(objectOf(target, 'build'), 'repos'))
  const variables = targets.flatMap((target) => objectsOf(target, 'envs'))
  const asked = { repository, variables, namespace: textOf(args, 'namespace') }
  if (!isWorkflow(pipeline.definition)) return await startRun(call, face, pipeline, asked)
  const only = chosenTasks(pipeline.definition, targets, objectsOf(args, 'tests'))
  if (typeof only === 'string') return face.operation('createTask', only)
  return await startRun(call, face, pipeline, { ...asked, ...(only === undefined ? {} : { only }) })
}

async function workflowBody(call: Call): Promise<JsonObject | Response> {
  const given = await objectBody(call, face)
  if (given instanceof Response) return given
  const body = readWorkflowBody(given)
  return typeof body === 'string' ? face.badRequest(body) : body
}
