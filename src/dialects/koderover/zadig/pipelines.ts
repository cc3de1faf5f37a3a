import type { JsonObject } from '../../../model/json.ts'
import type { PipelineView } from '../../../model/view.ts'
import { type Seal, sealFor } from '../../kit/credentials.ts'
import { sealedBody } from '../credentials.ts'
import { type DefinitionText, inZone, writeDefinition } from '../definition-text.ts'
import { json, success } from '../errors.ts'
import { objectsOf, textOf } from '../fields.ts'
import { type Call, pipelineRef } from '../route.ts'
import { allPipelines, FOREIGN, homeProject, removePipeline, triggersOf } from '../v1-pipelines.ts'
import type { Face, Operation } from './face.ts'
import { bodyOf, definitionOf, presentV2, presentZadig, readPipelineBody } from './pipeline.ts'
import { objectBody, pipelineOf } from './request.ts'
import { withKeptSecrets } from './secrets.ts'
import type { TypeNames } from './sub-tasks.ts'
import { isWorkflow } from './workflow.ts'

/** Pipelines with a list of sub-tasks, as V2 and as Zadig have them. */
export function pipelineHandlers(face: Face, names: TypeNames) {
  const present = names === 'v2' ? presentV2 : presentZadig
  const definedBy =
    (name: string, body: JsonObject): Defined =>
    (seal) =>
      definitionOf(name, sealedBody(body, seal), names)

  async function list(call: Call): Promise<Response> {
    const pipelines = await allPipelines(call)
    if (!pipelines.ok) return face.problem('listPipelines', pipelines.problem)
    return json(200, pipelines.value.filter(({ definition }) => !isWorkflow(definition)).map(present))
  }

  async function get(call: Call): Promise<Response> {
    const pipeline = await pipelineOf(call, face, 'getPipeline', call.param('name'))
    return pipeline instanceof Response ? pipeline : json(200, present(pipeline))
  }

  async function create(call: Call): Promise<Response> {
    const body = await readBody(call, face)
    if (body instanceof Response) return body
    const name = textOf(body, 'name') || textOf(body, 'pipeline_name')
    if (name === '') return face.badRequest('invalid pipeline json args: name: expected a name')
    return await make(call, face, 'createPipeline', definedBy(name, body), textOf(body, 'product_name'))
  }

  /** Zadig's POST: makes the pipeline, or changes the one of that name. */
  async function upsert(call: Call): Promise<Response> {
    const body = await readBody(call, face)
    if (body instanceof Response) return body
    const name = textOf(body, 'name')
    if (name === '') return face.badRequest('invalid pipeline json args: name: expected a name')
    const product = textOf(body, 'product_name')
    const ref = product === '' ? pipelineRef(call, name) : { name, project: { name: product } }
    const found = await call.app.pipelines.get(call.caller, ref)
    if (found.ok) return await change(call, found.value, body)
    if (found.problem.code !== 'not_found') return face.problem('createPipeline', found.problem)
    return await make(call, face, 'createPipeline', definedBy(name, body), product)
  }

  async function update(call: Call): Promise<Response> {
    const body = await readBody(call, face)
    if (body instanceof Response) return body
    const pipeline = await pipelineOf(call, face, 'updatePipeline', call.param('name'))
    return pipeline instanceof Response ? pipeline : await change(call, pipeline, body)
  }

  async function change(call: Call, pipeline: PipelineView, body: JsonObject): Promise<Response> {
    const before = bodyOf(pipeline.definition)
    if (before === undefined) return face.operation('updatePipeline', FOREIGN)
    const definition = definedBy(pipeline.name, withKeptSecrets(body, before))
    return await rewrite(call, face, 'updatePipeline', pipeline, definition)
  }

  async function remove(call: Call): Promise<Response> {
    const removed = await removePipeline(call)
    return removed.ok ? success() : face.problem('deletePipeline', removed.problem)
  }

  async function copy(call: Call): Promise<Response> {
    const pipeline = await pipelineOf(call, face, 'getPipeline', call.param('old'))
    if (pipeline instanceof Response) return pipeline
    const body = bodyOf(pipeline.definition)
    if (body === undefined) return face.operation('createPipeline', FOREIGN)
    return await make(call, face, 'pipelineExists', definedBy(call.param('new'), body), pipeline.project.name)
  }

  async function rename(call: Call): Promise<Response> {
    const pipeline = await pipelineOf(call, face, 'renamePipeline', call.param('old'))
    if (pipeline instanceof Response) return pipeline
    const body = bodyOf(pipeline.definition)
    if (body === undefined) return face.operation('renamePipeline', FOREIGN)
    return await rewrite(call, face, 'renamePipeline', pipeline, definedBy(call.param('new'), body))
  }

  return { list, get, create, upsert, update, remove, copy, rename }
}

async function readBody(call: Call, face: Face): Promise<JsonObject | Response> {
  const given = await objectBody(call, face)
  if (given instanceof Response) return given
  const body = readPipelineBody(given)
  if (typeof body === 'string') return face.badRequest(`invalid pipeline json args: ${body}`)
  return objectsOf(body, 'sub_tasks').length > 0
    ? body
    : face.badRequest('未配置工作流子任务: sub_tasks: expected at least one')
}

/** A definition, once it is known whose project its credentials are sealed for. */
type Defined = (seal: Seal) => DefinitionText

const inTime = ({ options }: Call, definition: DefinitionText): DefinitionText => ({
  ...definition,
  triggers: (definition.triggers ?? []).map((trigger) => inZone(trigger, options.zoneOffsetMinutes)),
})

export async function make(
  call: Call,
  face: Face,
  operation: Operation,
  defined: Defined,
  product: string,
): Promise<Response> {
  const project = await homeProject(call, product)
  if (!project.ok) return face.problem(operation, project.problem)
  const text = writeDefinition(inTime(call, defined(sealFor(call.app, project.value.id))), undefined)
  const created = await call.app.pipelines.create(call.caller, { project: project.value, text })
  return created.ok ? success() : face.problem(operation, created.problem)
}

export async function rewrite(
  call: Call,
  face: Face,
  operation: Operation,
  pipeline: PipelineView,
  defined: Defined,
): Promise<Response> {
  const triggers = await triggersOf(call.app, call.caller, pipeline)
  if (!triggers.ok) return face.problem(operation, triggers.problem)
  const text = writeDefinition(inTime(call, defined(sealFor(call.app, pipeline.project.id))), triggers.value)
  const input = { text, expectedVersion: pipeline.version }
  const updated = await call.app.pipelines.update(call.caller, { id: pipeline.id }, input)
  return updated.ok ? success() : face.problem(operation, updated.problem)
}
