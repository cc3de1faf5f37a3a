import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import { type Seal, withKeptTexts } from '../../kit/credentials.ts'
import { sealedBody, STARS } from '../credentials.ts'
import { json, success } from '../errors.ts'
import { objectOf, objectsOf, textOf } from '../fields.ts'
import { type Call, pipelineRef } from '../route.ts'
import { allPipelines, FOREIGN } from '../v1-pipelines.ts'
import { removeWithTasks } from '../remove-pipeline.ts'
import { forgetCrons } from './crons.ts'
import { zadigFace as face } from './face.ts'
import { favouriteTest } from './favourites.ts'
import { tallyOf } from './tally.ts'
import { make, rewrite } from './pipelines.ts'
import { objectBody, pipelineOf } from './request.ts'
import { typeFault, WORKFLOW_ARGS } from './shapes.ts'
import { beginRun } from './tasks.ts'
import {
  chosenTasks,
  isWorkflow,
  presentListed,
  presentWorkflow,
  readWorkflowBody,
  workflowBodyOf,
  workflowDefinition,
  wrongWorkflow,
} from './workflow.ts'

/** Product workflows. */

const definedBy = (body: JsonObject) => (seal: Seal) => workflowDefinition(sealedBody(body, seal))

export async function createWorkflow(call: Call): Promise<Response> {
  const body = await workflowBody(call)
  if (body instanceof Response) return body
  return await make(call, face, 'upsertWorkflow', definedBy(body), textOf(body, 'product_tmpl_name'))
}

/** Later it is named in the path, too. */
export async function updateWorkflow(call: Call): Promise<Response> {
  const body = await workflowBody(call, call.param('name'))
  if (body instanceof Response) return body
  const pipeline = await pipelineOf(call, face, 'upsertWorkflow', textOf(body, 'name'))
  if (pipeline instanceof Response) return pipeline
  if (!isWorkflow(pipeline.definition)) return face.operation('upsertWorkflow', FOREIGN)
  const before = workflowBodyOf(pipeline.definition) ?? {}
  return await rewrite(call, face, 'upsertWorkflow', pipeline, definedBy(withKeptTexts(body, before, STARS)))
}

/** Under another name, the one that is shown included. */
export async function copyWorkflow(call: Call): Promise<Response> {
  const pipeline = await pipelineOf(call, face, 'getPipeline', call.param('old'))
  if (pipeline instanceof Response) return pipeline
  const body = workflowBodyOf(pipeline.definition)
  if (body === undefined) return face.operation('upsertWorkflow', FOREIGN)
  const shown = call.param('newDisplay')
  const copied = { ...body, name: call.param('new'), ...(shown === '' ? {} : { display_name: shown }) }
  return await make(call, face, 'pipelineExists', definedBy(copied), pipeline.project.name)
}

/** `?projectName=`, or `?projects=` once for each. */
export async function listWorkflows(call: Call): Promise<Response> {
  const projects = new URL(call.request.url).searchParams.getAll('projects').filter((name) => name !== '')
  const pipelines = await allPipelines(call)
  // A project that is not there has none.
  if (!pipelines.ok)
    return pipelines.problem.code === 'not_found' ? json(200, []) : face.problem('listWorkflows', pipelines.problem)
  const isFavourite = await favouriteTest(call)
  const shown: JsonObject[] = []
  for (const pipeline of pipelines.value) {
    const isWanted = projects.length === 0 || projects.includes(pipeline.project.name)
    if (!isWanted || !isWorkflow(pipeline.definition)) continue
    const tally = await tallyOf(call, pipeline)
    const is_favorite = isFavourite(pipeline)
    shown.push({ ...presentWorkflow(pipeline), ...tally, is_favorite, ...presentListed(pipeline, tally, is_favorite) })
  }
  return json(200, shown)
}

export async function findWorkflow(call: Call): Promise<Response> {
  const pipeline = await pipelineOf(call, face, 'findWorkflow', call.param('name'))
  return pipeline instanceof Response ? pipeline : json(200, presentWorkflow(pipeline))
}

export async function removeWorkflow(call: Call, name = call.param('name')): Promise<Response> {
  const removed = await removeWithTasks(call, pipelineRef(call, name))
  const done = removed.ok ? await forgetCrons(call, removed.value) : removed
  return done.ok ? success() : face.problem('deleteWorkflow', done.problem)
}

/** Body WorkflowTaskArgs. Later the workflow is named in the path, too. */
export async function createWorkflowTask(call: Call): Promise<Response> {
  const args = await workflowTaskArgs(call, call.param('name'))
  return args instanceof Response ? args : await startWorkflow(call, args, (started) => json(200, started))
}

export async function workflowTaskArgs(call: Call, name = '', ours = face): Promise<JsonObject | Response> {
  const args = await objectBody(call, ours)
  if (args instanceof Response) return args
  const wrong = typeFault(args, WORKFLOW_ARGS)
  if (wrong !== undefined) return ours.badRequest(wrong)
  return textOf(args, 'workflow_name') === '' && name !== '' ? { ...args, workflow_name: name } : args
}

/** What a start answers: the same to all, each under its own names. */
export interface Started extends JsonObject {
  readonly project_name: string
  readonly pipeline_name: string
  readonly task_id: number
}

/** The first repository of the targets, their variables, and where to deploy to. */
export async function startWorkflow(
  call: Call,
  args: JsonObject,
  present: (started: Started) => Response,
  ours = face,
): Promise<Response> {
  const pipeline = await pipelineOf(call, ours, 'findWorkflow', textOf(args, 'workflow_name'))
  if (pipeline instanceof Response) return pipeline
  const targets = objectsOf(args, 'targets')
  const [repository = {}] = targets.flatMap((target) => objectsOf(objectOf(target, 'build'), 'repos'))
  const variables = targets.flatMap((target) => objectsOf(target, 'envs'))
  const asked = { repository, variables, namespace: textOf(args, 'namespace') || textOf(args, 'env_name') }
  const images = [...objectsOf(args, 'artifact_args'), ...objectsOf(args, 'release_images')]
  const only = isWorkflow(pipeline.definition)
    ? chosenTasks(pipeline.definition, { targets, tests: objectsOf(args, 'tests'), images })
    : undefined
  if (typeof only === 'string') return ours.operation('createTask', only)
  const begun = await beginRun(call, ours, pipeline, { ...asked, ...(only === undefined ? {} : { only }) })
  if (begun instanceof Response) return begun
  return present({ project_name: pipeline.project.name, pipeline_name: pipeline.name, task_id: begun })
}

/** From 1.17 on it stands beside the view that it is to be in. */
async function workflowBody(call: Call, name = ''): Promise<JsonObject | Response> {
  const given = await objectBody(call, face)
  if (given instanceof Response) return given
  const { workflow } = given
  const own = isJsonObject(workflow) && given['name'] === undefined ? workflow : given
  const body = readWorkflowBody(textOf(own, 'name') === '' && name !== '' ? { ...own, name } : own)
  if (typeof body === 'string') return face.badRequest(body)
  const wrong = wrongWorkflow(body)
  return wrong === undefined ? body : face.operation('upsertWorkflow', wrong)
}
