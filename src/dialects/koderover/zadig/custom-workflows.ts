import { stringify } from 'yaml'
import type { JsonObject } from '../../../model/json.ts'
import { parseJson, readBody } from '../../kit/body.ts'
import { maskedJson, type Seal, withKeptTexts } from '../../kit/credentials.ts'
import { readInteger } from '../../kit/query.ts'
import { parseYaml } from '../../kit/yaml.ts'
import { sealedBody, STARS } from '../credentials.ts'
import { json } from '../errors.ts'
import { objectsOf, textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { allPipelines, FOREIGN } from '../v1-pipelines.ts'
import { isLeftOut } from './custom-jobs.ts'
import { customBodyOf, customDefinition, presentCustom, readCustomBody } from './custom-workflow.ts'
import { zadigFace as face } from './face.ts'
import { favouriteTest } from './favourites.ts'
import { tallyOf } from './tally.ts'
import { make, rewrite } from './pipelines.ts'
import { MAX_MAX, pipelineOf, START_MAX } from './request.ts'
import { inYaml } from './struct-fields-v4.ts'
import { JOB_TYPES } from './custom-task.ts'
import { viewTest } from './views.ts'
import { isWorkflow, presentListed } from './workflow.ts'

/** Custom workflows of 1.13 and later, as the portal makes them: in YAML, of which JSON is a part. */

const definedBy = (body: JsonObject) => (seal: Seal) => customDefinition(sealedBody(body, seal))

export async function createCustom(call: Call): Promise<Response> {
  const body = await customBody(call)
  if (body instanceof Response) return body
  // `setting.WorkflowRegx`
  if (!/^[a-zA-Z0-9-]+$/.test(textOf(body, 'name')))
    return face.operation('upsertWorkflow', '工作流标识支持大小写字母、数字和中划线')
  return await make(call, face, 'upsertWorkflow', definedBy(body), textOf(body, 'project'))
}

export async function updateCustom(call: Call): Promise<Response> {
  const body = await customBody(call)
  if (body instanceof Response) return body
  const pipeline = await pipelineOf(call, face, 'upsertWorkflow', call.param('name'))
  if (pipeline instanceof Response) return pipeline
  const before = customBodyOf(pipeline.definition)
  if (before === undefined) return face.operation('upsertWorkflow', FOREIGN)
  const now = { ...withKeptTexts(body, before, STARS), name: pipeline.name }
  return await rewrite(call, face, 'upsertWorkflow', pipeline, definedBy(now))
}

/** `GET /v4?project=&viewName=&page_num=&page_size=`: any pipeline is one. */
export async function listCustom(call: Call): Promise<Response> {
  const query = new URL(call.request.url).searchParams
  const size = readInteger(query, 'page_size', { min: 0, max: MAX_MAX, fallback: MAX_MAX })
  if (!size.ok) return face.badRequest(size.message)
  const page = readInteger(query, 'page_num', { min: 0, max: START_MAX, fallback: 1 })
  if (!page.ok) return face.badRequest(page.message)
  const project = call.query('project')
  const of = (name: string): string => (name === 'projectName' && project !== '' ? project : call.query(name))
  const pipelines = await allPipelines({ ...call, query: of })
  if (!pipelines.ok && pipelines.problem.code !== 'not_found') return face.problem('listWorkflows', pipelines.problem)
  const viewName = call.query('viewName')
  const isWanted = viewName === '' ? () => true : await viewTest(call, project, viewName)
  if (isWanted === undefined) return face.operation('listWorkflows', `there is no view ${JSON.stringify(viewName)}`)
  const all = (pipelines.ok ? pipelines.value : []).filter(isWanted)
  const isFavourite = await favouriteTest(call)
  const rows = size.value === 0 ? MAX_MAX : size.value
  const start = Math.max(0, page.value - 1) * rows
  const shown: JsonObject[] = []
  for (const pipeline of all.slice(start, start + rows)) {
    const workflow_type = isWorkflow(pipeline.definition) ? 'product' : 'custom'
    const listed = presentListed(pipeline, await tallyOf(call, pipeline), isFavourite(pipeline))
    const stages = pipeline.definition.stages.map(({ name }) => name)
    const own = workflow_type === 'custom' ? { enabledStages: stages } : {}
    shown.push({ name: pipeline.name, description: pipeline.definition.description, ...listed, ...own, workflow_type })
  }
  return json(200, { workflow_list: shown, total: all.length })
}

/** In YAML, as there. */
export async function findCustom(call: Call): Promise<Response> {
  const pipeline = await pipelineOf(call, face, 'findWorkflow', call.param('name'))
  if (pipeline instanceof Response) return pipeline
  const shown = JSON.parse(maskedJson(presentCustom(pipeline, JOB_TYPES), STARS)) as JsonObject
  return new Response(stringify(inYaml(shown), { version: '1.2', lineWidth: 0 }), {
    headers: { 'Content-Type': 'application/x-yaml; charset=utf-8' },
  })
}

/** What a start of it is filled in from: in JSON. */
export async function presetCustom(call: Call): Promise<Response> {
  const pipeline = await pipelineOf(call, face, 'findWorkflow', call.param('name'))
  if (pipeline instanceof Response) return pipeline
  const shown = presentCustom(pipeline, JOB_TYPES)
  const jobOf = (job: JsonObject): JsonObject => ({ ...job, skipped: isLeftOut(job) })
  const stages = objectsOf(shown, 'stages').map((stage) => ({ ...stage, jobs: objectsOf(stage, 'jobs').map(jobOf) }))
  return json(200, { ...shown, stages })
}

async function customBody({ request, options }: Call): Promise<JsonObject | Response> {
  const bytes = await readBody(request, options.bodyMaxBytes)
  if (!bytes.ok) return face.bodyRefused(bytes)
  const asJson = parseJson(bytes.value)
  const parsed = asJson.ok || asJson.why === 'too-deep' ? asJson : parseYaml(bytes.value)
  if (!parsed.ok) return face.bodyRefused(parsed)
  const body = readCustomBody(parsed.value)
  return typeof body === 'string' ? face.badRequest(body) : body
}
