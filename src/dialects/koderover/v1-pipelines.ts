import type { App, Caller } from '../../host/app.ts'
import type { ProjectId } from '../../model/id.ts'
import { RUN_STATUSES } from '../../model/status.ts'
import { isJsonObject, type Json } from '../../model/json.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import type { PipelineView, RunSummary } from '../../model/view.ts'
import { parse as parseYaml } from 'yaml'
import { parseJson, readBody } from '../kit/body.ts'
import { withDepends } from '../kit/cache.ts'
import { sealFor, sealLogin, type Seal } from '../kit/credentials.ts'
import { keptLogin } from './credentials.ts'
import { writeDefinition } from './definition-text.ts'
import { bodyRefused, errorAnswer, json, operationError, problemAnswer, success } from './errors.ts'
import { bodyOf, definitionOf, type PipelineBody, readPipelineBody } from './pipeline-body.ts'
import { presentPipeline } from './present.ts'
import { type Call, pipelineRef, projectOf, type Route } from './route.ts'
import { familyOf, V1 } from './rows.ts'
import { creatorOf, runWord } from './status.ts'
import { removeWithTasks } from './remove-pipeline.ts'
import { forgetJobs } from './v1-cron.ts'
import { NAME_FRESH_MS } from './v1-tasks.ts'
import type { LastTask, PipelineStatus } from './wire.ts'

const PIPELINES_MAX = 1_000
const PAGE = 100

const route = familyOf(V1)

/** What their pages call a body that is none. */
const INVALID = 'Invalid Pipeline Args'

export const pipelineRoutes: readonly Route[] = [
  route('POST', '/api/pipelines', 'create; errors 400, 6800', create),
  route('GET', '/api/pipelines', 'all, at most 1000; error 6802', list),
  route('GET', '/api/pipelines/:name', 'one; error 6803', get),
  route('PUT', '/api/pipelines/:name', 'update, but for its name; errors 400, 6801', update),
  route('DELETE', '/api/pipelines/:name', 'delete, with its runs; error 6804', remove),
  route(
    'GET',
    '/api/status/pipelines',
    'the last task of each pipeline, and the last that passed and failed; July 2017, error 6811',
    overview,
    { also: ['/api/pipeline/task/status'] },
  ),
]

async function create(call: Call): Promise<Response> {
  const body = await pipelineBody(call)
  if (body instanceof Response) return body
  if (body.pipeline_name === '') return invalid('pipeline_name: expected a name')
  const project = await homeProject(call)
  if (!project.ok) return problemAnswer('createPipeline', project.problem)
  const text = writeDefinition(definitionOf(sealed(body, sealFor(call.app, project.value.id))), undefined)
  const created = await call.app.pipelines.create(call.caller, { project: project.value, text })
  return created.ok ? success() : problemAnswer('createPipeline', created.problem)
}

async function update(call: Call): Promise<Response> {
  const { app, caller } = call
  const body = await pipelineBody(call)
  if (body instanceof Response) return body
  const found = await app.pipelines.get(caller, pipelineRef(call))
  if (!found.ok) return problemAnswer('updatePipeline', found.problem)
  const pipeline = found.value
  if (body.pipeline_name !== '' && body.pipeline_name !== pipeline.name) {
    return operationError('updatePipeline', `the name of a pipeline stays: expected ${JSON.stringify(pipeline.name)}`)
  }
  if (pipeline.definition.annotations['koderover/generation'] !== 'v1') return operationError('updatePipeline', FOREIGN)
  const triggers = await triggersOf(app, caller, pipeline)
  if (!triggers.ok) return problemAnswer('updatePipeline', triggers.problem)
  const owner = keptLogin(body.repo_owner, bodyOf(pipeline)?.repo_owner ?? null, sealFor(app, pipeline.project.id))
  const now = { ...body, pipeline_name: pipeline.name, repo_owner: owner }
  const text = writeDefinition(definitionOf(now), triggers.value)
  const ref = { id: pipeline.id }
  const updated = await app.pipelines.update(caller, ref, { text, expectedVersion: pipeline.version })
  return updated.ok ? success() : problemAnswer('updatePipeline', updated.problem)
}

/** An owner may be an address (definition-text.ts), with a token in it. */
const sealed = (body: PipelineBody, seal: Seal): PipelineBody => ({
  ...body,
  repo_owner: sealLogin(body.repo_owner, seal),
})

export const FOREIGN =
  'the pipeline was not made by this API, which has no words for all that it does: change it where it was made'

/** What the stored text says under `triggers`, which bodies do not speak of; undefined: nothing. */
export async function triggersOf(app: App, caller: Caller, pipeline: PipelineView): Promise<Result<Json | undefined>> {
  const text = await app.pipelines.text(caller, { id: pipeline.id }, pipeline.version)
  if (!text.ok) return text
  const definition = parseYaml(text.value) as Json
  return accept(isJsonObject(definition) ? definition['triggers'] : undefined)
}

async function list(call: Call): Promise<Response> {
  const pipelines = await allPipelines(call)
  return pipelines.ok
    ? json(200, pipelines.value.map(presentPipeline))
    : problemAnswer('listPipelines', pipelines.problem)
}

async function get(call: Call): Promise<Response> {
  const found = await call.app.pipelines.get(call.caller, pipelineRef(call))
  if (!found.ok) return problemAnswer('getPipeline', found.problem)
  return withDepends(json(200, presentPipeline(found.value)), [`pipeline:${found.value.id}`], NAME_FRESH_MS)
}

async function remove(call: Call): Promise<Response> {
  const removed = await removePipeline(call)
  return removed.ok ? success() : problemAnswer('deletePipeline', removed.problem)
}

/** With its timers. */
export async function removePipeline(call: Call): Promise<Result<unknown>> {
  const { app, caller } = call
  const found = await app.pipelines.get(caller, pipelineRef(call))
  if (!found.ok) return found
  const removed = await removeWithTasks(call, { id: found.value.id })
  return removed.ok ? await forgetJobs(call, found.value) : removed
}

/** Also one that is held: `failed` is what it is called. */
const FAILED = RUN_STATUSES.filter((status) => runWord[status] === 'failed' || runWord[status] === 'timeout')

async function overview(call: Call): Promise<Response> {
  const pipelines = await allPipelines(call)
  if (!pipelines.ok) return problemAnswer('listStatus', pipelines.problem)
  const status = new Map<string, PipelineStatus>()
  for (const { id, name, latestRun } of pipelines.value) {
    const newest = async (statuses: RunSummary['status'][]): Promise<LastTask | null> => {
      const runs = await call.app.runs.list(call.caller, { pipeline: { id }, statuses }, { before: null, limit: 1 })
      const [run] = runs.ok ? runs.value.items : []
      return run === undefined ? null : lastTask(run)
    }
    const last = latestRun === null ? null : lastTask(latestRun)
    status.set(name, {
      lastest_task: last,
      last_task_success: last === null ? null : await newest(['succeeded']),
      last_task_failure: last === null ? null : await newest([...FAILED]),
    })
  }
  return json(200, Object.fromEntries(status))
}

const lastTask = (run: RunSummary): LastTask => ({
  id: run.number,
  task_creator: creatorOf(run),
  pipeline_name: run.pipelineName,
  status: runWord[run.status],
  created: Math.floor(run.createdAt / 1_000),
  started: Math.floor((run.startedAt ?? run.createdAt) / 1_000),
  updated: Math.floor(run.updatedAt / 1_000),
})

/** Those that are meant to be seen. */
export async function allPipelines(call: Call): Promise<Result<readonly PipelineView[]>> {
  const shown: PipelineView[] = []
  let after: number | null = null
  do {
    const page = await call.app.pipelines.list(call.caller, projectOf(call), { after, limit: PAGE })
    if (!page.ok) return page
    shown.push(...page.value.items.filter(({ definition }) => definition.annotations['hidden'] !== 'true'))
    after = page.value.next
  } while (after !== null && shown.length < PIPELINES_MAX)
  return accept(shown.slice(0, PIPELINES_MAX))
}

/** Where a new pipeline goes: the project that is named, else the first that the caller sees. */
export async function homeProject(call: Call, product = ''): Promise<Result<{ readonly id: ProjectId }>> {
  const named = product === '' ? projectOf(call).project : { name: product }
  if (named !== undefined) {
    const found = await call.app.projects.get(call.caller, named)
    return found.ok ? accept({ id: found.value.id }) : found
  }
  const [first] = (await call.app.projects.list(call.caller)).toSorted((a, b) => a.serial - b.serial)
  return first === undefined ? refuse('not_found', 'there is no project to make it in') : accept({ id: first.id })
}

async function pipelineBody({ request, options }: Call): Promise<PipelineBody | Response> {
  const bytes = await readBody(request, options.bodyMaxBytes)
  const parsed = bytes.ok ? parseJson(bytes.value) : bytes
  if (!parsed.ok) return bodyRefused(parsed, INVALID)
  const body = readPipelineBody(parsed.value)
  return typeof body === 'string' ? invalid(body) : body
}

const invalid = (description: string): Response => errorAnswer(400, INVALID, description)
