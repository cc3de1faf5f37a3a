import type { App, Caller } from '../../host/app.ts'
import type { JsonObject } from '../../model/json.ts'
import { accept, type Problem, type Result } from '../../model/problem.ts'
import { isEnded, RUN_STATUSES, type RunStatus } from '../../model/status.ts'
import type { PipelineView, ProjectView } from '../../model/view.ts'
import type { DialectOptions } from '../dialect.ts'
import { withDepends } from '../kit/cache.ts'
import { sealFor } from '../kit/credentials.ts'
import { parseDocument } from './body.ts'
import {
  contentRange,
  documentResponse,
  findPipeline,
  latestRun,
  listedPipelines,
  queryOf,
  removed,
  runsOf,
  unreadable,
  type Call,
} from './call.ts'
import { compilePipeline } from './compile.ts'
import { errorResponse, errors, problemResponse } from './errors.ts'
import { withKeptLogins } from './logins.ts'
import { readAddressee, readPipelineBody } from './pipeline-body.ts'
import { presentDocument, presentListItem, presentPipeline } from './present.ts'
import { readFilter, readSlice, type Filter } from './request.ts'

export async function showPipeline(app: App, c: Call<'/:id'>, options: DialectOptions): Promise<Response> {
  const { caller } = c.var
  const pipeline = await findPipeline(app, caller, c.req.param('id'))
  if (pipeline instanceof Response) return pipeline
  const run = await latestRun(app, caller, pipeline)
  if (!run.ok) return problemResponse(run.problem)
  const topics = [`pipeline:${pipeline.id}`, `project:${pipeline.project.id}`]
  if (run.value !== null) topics.push(`run:${run.value.id}`)
  return withDepends(documentResponse(c, 200, presentPipeline(pipeline, run.value, options.baseUrl)), topics)
}

export async function createPipeline(app: App, c: Call<'/:group'>, options: DialectOptions): Promise<Response> {
  const { caller } = c.var
  const project = await app.projects.get(caller, { name: c.req.param('group') })
  if (!project.ok) return problemResponse(project.problem, errors.noGroup)
  const document = parseDocument(c.var.body)
  if (!document.ok) return unreadable(document)
  const body = readPipelineBody(document.value)
  if (!body.ok) return unreadable(body)
  const text = compilePipeline(body.value, null, sealFor(app, project.value.id))
  if (!text.ok) return unreadable(text)
  const made = await app.pipelines.create(caller, { project: { id: project.value.id }, text: text.value })
  return made.ok
    ? documentResponse(c, 201, presentDocument(made.value, options.baseUrl))
    : problemResponse(made.problem, errors.noGroup)
}

/**
 * What a body leaves out stays as it is: the table of the page calls these fields "可修改" (may be modified) and not
 * required, and a webhook whose address was handed out should not go because nobody spoke of it. null takes it away.
 */
export async function updatePipeline(app: App, c: Call<'/:id'>, options: DialectOptions): Promise<Response> {
  const { caller } = c.var
  const pipeline = await findPipeline(app, caller, c.req.param('id'))
  if (pipeline instanceof Response) return pipeline
  const document = parseDocument(c.var.body)
  if (!document.ok) return unreadable(document)
  const { id, group_id, group_name, ...present } = presentDocument(pipeline, options.baseUrl)
  const sent = readAddressee(document.value, { id, groupId: group_id, groupName: group_name })
  if (!sent.ok) return unreadable(sent)
  const merged = JSON.parse(JSON.stringify({ ...present, stages: null, ...sent.value })) as JsonObject
  const kept = { name: pipeline.name, stages: pipeline.definition.stages.map((stage) => stage.name) }
  const body = readPipelineBody(withKeptLogins(merged, pipeline.definition), kept)
  if (!body.ok) return unreadable(body)
  const text = compilePipeline(body.value, pipeline, sealFor(app, pipeline.project.id))
  if (!text.ok) return unreadable(text)
  const changed = await app.pipelines.update(
    caller,
    { id: pipeline.id },
    { text: text.value, expectedVersion: pipeline.version },
  )
  return changed.ok
    ? documentResponse(c, 201, presentDocument(changed.value, options.baseUrl))
    : problemResponse(changed.problem)
}

export async function deletePipeline(app: App, c: Call<'/:id'>): Promise<Response> {
  const pipeline = await findPipeline(app, c.var.caller, c.req.param('id'))
  if (pipeline instanceof Response) return pipeline
  const remove = () => app.pipelines.remove(c.var.caller, { id: pipeline.id })
  const gone = await remove()
  if (gone.ok) return removed()
  // No call of the vendor's would end a run that is idle.
  const again = (await endIdle(app, c.var.caller, pipeline.id)) ? await remove() : gone
  return again.ok ? removed() : refusedDelete(again.problem)
}

const LIVE = RUN_STATUSES.filter((status) => !isEnded(status))

/** Of these nothing is at work: the one waits for its triggers, the other has failed and waits for a retry. */
const IDLE: readonly RunStatus[] = ['waiting', 'held']

/** Ends what is idle, unless something else is under way. @returns whether it did. */
async function endIdle(app: App, caller: Caller, pipelineId: string): Promise<boolean> {
  const filter = { pipeline: { id: pipelineId }, statuses: LIVE }
  const live = await app.runs.list(caller, filter, { before: null, limit: 100 })
  if (!live.ok || live.value.items.some(({ status }) => !IDLE.includes(status))) return false
  const ended = await Promise.all(live.value.items.map(({ id }) => app.runs.act(caller, { id }, { action: 'cancel' })))
  return ended.length > 0 && ended.every(({ ok }) => ok)
}

const refusedDelete = (problem: Problem): Response =>
  problem.code === 'not_allowed' || problem.code === 'conflict'
    ? errorResponse(errors.stillRunning, problem.message)
    : problemResponse(problem)

export async function listPipelines(app: App, c: Call): Promise<Response> {
  const { caller } = c.var
  const query = queryOf(c)
  const filter = readFilter(query)
  if (!filter.ok) return unreadable(filter)
  const page = readSlice(query)
  if (!page.ok) return unreadable(page)
  const { offset, limit } = page.value
  const rows = await slicePipelines(app, caller, filter.value, offset, limit)
  if (!rows.ok) return problemResponse(rows.problem)
  const { items, total } = rows.value
  const newest = items.flatMap(({ latestRun: run }) => run ?? [])
  const runs = await runsOf(app, caller, newest)
  if (!runs.ok) return problemResponse(runs.problem)
  const runOf = new Map(runs.value.map((run) => [run.pipeline.id, run]))
  const body = items.map((pipeline) => presentListItem(pipeline, runOf.get(pipeline.id) ?? null))
  return Response.json(body, { headers: { 'Content-Range': contentRange(offset, items.length, total) } })
}

/** A group that is not there, or two conditions that name two groups, leave nothing: a filter refuses nobody. */
async function slicePipelines(
  app: App,
  caller: Caller,
  filter: Filter,
  offset: number,
  limit: number,
): Promise<Result<{ readonly items: readonly PipelineView[]; readonly total: number }>> {
  const nothing = accept({ items: [], total: 0 })
  let group: ProjectView | undefined
  for (const ref of filter.groups) {
    const found = await app.projects.get(caller, ref)
    if (!found.ok) return found.problem.code === 'not_found' ? nothing : found
    if (group !== undefined && group.id !== found.value.id) return nothing
    group = found.value
  }
  const conditions = {
    ...(group === undefined ? {} : { project: { id: group.id } }),
    ...(filter.text === undefined ? {} : { text: filter.text }),
  }
  const listed = await listedPipelines(app, caller, conditions)
  if (!listed.ok) return listed
  return accept({ items: listed.value.slice(offset, offset + limit), total: listed.value.length })
}
