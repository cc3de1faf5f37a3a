import { Hono, type Context } from 'hono'
import type { App } from '../../host/app.ts'
import type { PipelineView } from '../../model/view.ts'
import type { DialectOptions } from '../dialect.ts'
import { taggedJson, withDepends } from '../kit/cache.ts'
import { rethrow } from '../kit/serve.ts'
import { known, type Env } from './auth.ts'
import { bodyErrors, errorResponse, errors, gatewayResponse, problemResponse, type VendorError } from './errors.ts'
import { presentProgress, presentTask } from './present.ts'
import { readPage, readRun, type Read } from './request.ts'
import type { RunStarted, TaskList } from './wire.ts'

/** Method and path to handler; fixed paths before those with an id. Everything else is the gateway's 404. */
export function createRoutes(app: App, options: DialectOptions): Hono<Env> {
  const routes = new Hono<Env>()
  const who = known(app, options.bodyMaxBytes)
  routes.notFound((c) => gatewayResponse(errors.noApi, c.env.requestId))
  routes.onError(rethrow)

  routes.get('/v2/tasks/:id/progress', who, (c) => progress(app, c, c.req.param('id')))
  routes.post('/v2/tasks/:id/run', who, (c) => run(app, c, c.req.param('id')))
  routes.post('/v2/tasks/:id/stop', who, (c) => stop(app, c, c.req.param('id')))
  routes.delete('/v2/tasks/:id', who, (c) => remove(app, c, c.req.param('id')))
  routes.get('/v2/:project/tasks', who, (c) => list(app, c, c.req.param('project')))
  return routes
}

/** The seed's: the tasks of a project, in the order they were made. */
async function list(app: App, c: Context<Env>, projectId: string): Promise<Response> {
  const { caller } = c.var.received
  const page = readPage(new URL(c.req.url).searchParams)
  if (!page.ok) return unreadable(page, errors.badParameter)
  const project = await app.projects.get(caller, { id: projectId })
  if (!project.ok) return problemResponse(project.problem, errors.noProject)
  const { skip, limit } = page.value
  const found = await app.pipelines.slice(caller, { project: { id: project.value.id } }, skip, limit)
  if (!found.ok) return problemResponse(found.problem, errors.noProject)
  const { items, total } = found.value
  const response = taggedJson({ tasks: items.map(presentTask), total } satisfies TaskList)
  const topics = [`project:${project.value.id}`, ...items.map(({ id }) => `pipeline:${id}`)]
  return withDepends(response, topics)
}

async function progress(app: App, c: Context<Env>, id: string): Promise<Response> {
  const { caller } = c.var.received
  const pipeline = await app.pipelines.get(caller, { id })
  if (!pipeline.ok) return problemResponse(pipeline.problem, errors.noTask)
  const { latestRun } = pipeline.value
  if (latestRun === null) return Response.json(presentProgress(null))
  const found = await app.runs.get(caller, { id: latestRun.id })
  return found.ok ? Response.json(presentProgress(found.value)) : problemResponse(found.problem, errors.noTask)
}

async function run(app: App, c: Context<Env>, id: string): Promise<Response> {
  const { caller, body } = c.var.received
  const params = readRun(body)
  if (!params.ok) return unreadable(params, errors.badBody)
  const started = await app.runs.start(caller, { pipeline: { id }, params: params.value })
  if (!started.ok) return problemResponse(started.problem, errors.noTask)
  return Response.json({ exec_id: started.value.id } satisfies RunStarted)
}

/** Stops the newest run. `{}` and not the sample's `null`, which the Node SDK breaks on. */
async function stop(app: App, c: Context<Env>, id: string): Promise<Response> {
  const { caller } = c.var.received
  const pipeline = await app.pipelines.get(caller, { id })
  if (!pipeline.ok) return problemResponse(pipeline.problem, errors.noTask)
  const { latestRun } = pipeline.value
  if (latestRun === null) return errorResponse(errors.notAllowed, neverRan(pipeline.value))
  const stopped = await app.runs.act(caller, { id: latestRun.id }, { action: 'cancel' })
  return stopped.ok ? Response.json({}) : problemResponse(stopped.problem, errors.noTask)
}

const neverRan = ({ name }: PipelineView): string => `task ${name} has never been run`

async function remove(app: App, c: Context<Env>, id: string): Promise<Response> {
  const removed = await app.pipelines.remove(c.var.received.caller, { id })
  return removed.ok ? Response.json({}) : problemResponse(removed.problem, errors.noTask)
}

/** A bad value of the query has the seed's text and nothing else; a body is told what is wrong with it. */
function unreadable(read: Extract<Read<unknown>, { ok: false }>, error: VendorError): Response {
  if (read.kind === 'body') return errorResponse(bodyErrors[read.refused.why], read.refused.message)
  return errorResponse(error, error === errors.badParameter ? '' : read.message)
}
