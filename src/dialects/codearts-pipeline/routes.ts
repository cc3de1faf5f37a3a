import { Hono, type Context } from 'hono'
import type { App, Caller, RunListFilter, RunRef } from '../../host/app.ts'
import { RUN_STATUSES } from '../../model/status.ts'
import type { Problem, Result } from '../../model/problem.ts'
import type { PipelineView, RunSummary, RunView } from '../../model/view.ts'
import type { DialectOptions } from '../dialect.ts'
import { taggedJson, withDepends } from '../kit/cache.ts'
import { sealParams } from '../kit/credentials.ts'
import { gatewayErrors, gatewayResponse } from '../kit/gateway.ts'
import { quote } from '../kit/query.ts'
import { admitting, type Env } from '../kit/receive.ts'
import { rethrow } from '../kit/serve.ts'
import { badBody, errorResponse, errors, notReceived, problemResponse, type VendorError } from './errors.ts'
import { findPipelines } from './find.ts'
import { nextValues } from './increment.ts'
import { sealedParams } from './original.ts'
import {
  freshMs,
  presentDetail,
  presentListed,
  presentNeverRun,
  presentResult,
  presentRun,
  presentStates,
  type Frame,
} from './present.ts'
import { read, type Unreadable } from './read.ts'
import { readList, readPipelineIds, readRecords, readStart, readText, type RecordsQuery } from './request.ts'
import { stateOf } from './state.ts'
import { statusesOf } from './status.ts'
import { addV5Routes } from './v5-routes.ts'
import type { BuildResult, PipelineList } from './wire.ts'

type Refusal = { readonly ok: false; readonly response: Response }
type Found<Value> = { readonly ok: true; readonly value: Value } | Refusal

/** Method and path to handler; fixed paths before those with an id. Everything else is the gateway's 404. */
export function createRoutes(app: App, options: DialectOptions): Hono<Env> {
  const routes = new Hono<Env>()
  const who = admitting(app, options.bodyMaxBytes, notReceived)
  const calls = new Calls(app, options)
  routes.notFound((c) => {
    options.onUnrouted?.(c.req.raw)
    return gatewayResponse(gatewayErrors.noApi, c.env.requestId)
  })
  routes.onError(rethrow)

  routes.get('/v3/pipelines/status', who, (c) => calls.batch(c))
  routes.get('/v3/pipelines/build-result', who, (c) => calls.results(c))
  routes.post('/v3/pipelines/list', who, (c) => calls.list(c))
  routes.post('/v3/pipelines/start', who, (c) => calls.startOlder(c))
  routes.post('/v3/pipelines/stop', who, (c) => calls.stopOlder(c))
  routes.get('/v3/pipelines/:id/status', who, (c) => calls.status(c, c.req.param('id')))
  routes.get('/v3/pipelines/:id/detail', who, (c) => calls.detail(c, c.req.param('id')))
  routes.get('/v3/pipelines/:id/build-records', who, (c) => calls.records(c, c.req.param('id')))
  routes.post('/v3/pipelines/:id/start', who, (c) => calls.start(c, c.req.param('id')))
  routes.post('/v3/pipelines/:id/stop', who, (c) => calls.stop(c, c.req.param('id')))
  routes.delete('/v3/pipelines/:id', who, (c) => calls.remove(c, c.req.param('id')))
  addV5Routes(routes, who, app, options)
  return routes
}

const queryOf = (c: Context): URLSearchParams => new URL(c.req.url).searchParams
const callerOf = (c: Context<Env>): Caller => c.var.received.caller

class Calls {
  readonly #app: App
  readonly #options: DialectOptions

  constructor(app: App, options: DialectOptions) {
    this.#app = app
    this.#options = options
  }

  /** The seed's: a run's state, the newest one's without `build_id`. */
  async status(c: Context<Env>, id: string): Promise<Response> {
    const frame = this.#frame()
    const buildId = queryOf(c).get('build_id') ?? ''
    const run = await this.#run(c, id, buildId)
    if (run.ok) {
      const topics = [`run:${run.value.id}`, `pipeline:${run.value.pipeline.id}`]
      const response = taggedJson(presentRun(run.value, frame))
      return withDepends(response, topics, freshMs(run.value, frame.now))
    }
    if (buildId !== '') return run.response
    const pipeline = await this.#pipeline(c, id)
    if (!pipeline.ok) return pipeline.response
    if (pipeline.value.latestRun !== null) return run.response
    const response = taggedJson(presentNeverRun(pipeline.value, frame))
    return withDepends(response, [`pipeline:${pipeline.value.id}`], null)
  }

  async detail(c: Context<Env>, id: string): Promise<Response> {
    const buildId = queryOf(c).get('build_id') ?? ''
    const pipeline = await this.#pipeline(c, id)
    if (!pipeline.ok) return pipeline.response
    const isNew = buildId === '' && pipeline.value.latestRun === null
    const run = isNew ? null : await this.#run(c, id, buildId)
    if (run !== null && !run.ok) return run.response
    const executorId = run === null ? null : await this.#userId(run.value.cause.by)
    return Response.json(presentDetail(pipeline.value, run?.value ?? null, executorId, this.#frame()))
  }

  /** Of those that are there and may be seen, in the order asked. */
  async batch(c: Context<Env>): Promise<Response> {
    const ids = readPipelineIds(queryOf(c))
    if (!ids.ok) return this.#unreadable(c, ids)
    const frame = this.#frame()
    const found = await Promise.all(ids.value.map((id) => this.#app.pipelines.get(callerOf(c), { id })))
    const pipelines = found.flatMap((pipeline) => (pipeline.ok ? [pipeline.value] : []))
    const refs = pipelines.flatMap(({ latestRun }) => (latestRun === null ? [] : [{ id: latestRun.id }]))
    const runs = await this.#app.runs.batch(callerOf(c), refs)
    if (!runs.ok) return this.#refused(c, runs.problem, errors.noRun)
    const runOf = new Map(runs.value.map((run) => [run.pipeline.id, run]))
    return Response.json(pipelines.map((pipeline) => presentStates(pipeline, runOf.get(pipeline.id) ?? null, frame)))
  }

  async list(c: Context<Env>): Promise<Response> {
    const query = readList(c.var.received.body)
    if (!query.ok) return this.#unreadable(c, query)
    const found = await findPipelines(this.#app, callerOf(c), query.value)
    if (!found.ok) return this.#refused(c, found.problem, errors.noProject)
    const { offset, limit } = query.value
    const result = found.value.items.map(({ pipeline, executorId }) =>
      presentListed(pipeline, executorId, this.#options),
    )
    return Response.json({ offset, limit, total: found.value.total, result } satisfies PipelineList)
  }

  async start(c: Context<Env>, id: string): Promise<Response> {
    const params = readStart(c.var.received.body)
    if (!params.ok) return this.#unreadable(c, params)
    const pipeline = await this.#pipeline(c, id)
    if (!pipeline.ok) return pipeline.response
    if ((await stateOf(this.#app, callerOf(c), pipeline.value)).banned) {
      return errorResponse(errors.banned, `pipeline ${pipeline.value.name} is disabled`)
    }
    const grown = await nextValues(this.#app, callerOf(c), pipeline.value)
    const { definition, project } = pipeline.value
    const seal = sealParams(this.#app, project.id, pipeline.value.id)
    const own = read(() => sealedParams(Object.entries(params.value), definition, seal))
    if (!own.ok) return this.#unreadable(c, own)
    const given = { ...Object.fromEntries(grown), ...Object.fromEntries(own.value) }
    const run = await this.#app.runs.start(callerOf(c), { pipeline: { id }, params: given })
    if (!run.ok) return this.#refused(c, run.problem, errors.noPipeline)
    return Response.json({ pipeline_id: run.value.pipeline.id, build_id: String(run.value.number) })
  }

  /** Older pages: the pipeline in the query. */
  async startOlder(c: Context<Env>): Promise<Response> {
    const id = readText(queryOf(c), 'pipeline_id')
    return id.ok ? this.start(c, id.value) : this.#unreadable(c, id)
  }

  async stop(c: Context<Env>, id: string): Promise<Response> {
    const buildId = readText(queryOf(c), 'build_id')
    if (!buildId.ok) return this.#unreadable(c, buildId)
    const run = await this.#stop(c, id, buildId.value)
    if (!run.ok) return run.response
    return Response.json({ pipeline_id: run.value.pipeline.id, pipeline_name: run.value.pipeline.name })
  }

  /** Older pages: all in the query, and another envelope. */
  async stopOlder(c: Context<Env>): Promise<Response> {
    const query = queryOf(c)
    const id = readText(query, 'pipeline_id')
    if (!id.ok) return this.#unreadable(c, id)
    const run = await this.#stop(c, id.value, query.get('build_id') ?? '')
    if (!run.ok) return run.response
    const { name, id: pipelineId } = run.value.pipeline
    return Response.json({ result: { name, pipelineId }, error: null, status: 'success' })
  }

  /** 200 and who it was, not 204. */
  async remove(c: Context<Env>, id: string): Promise<Response> {
    const removed = await this.#app.pipelines.remove(callerOf(c), { id })
    if (!removed.ok) return this.#refused(c, removed.problem, errors.noPipeline)
    return Response.json({ pipeline_id: removed.value.id, pipeline_name: removed.value.name })
  }

  /** Runs of a project in a period. The Node SDK names the project in a header only. */
  async results(c: Context<Env>): Promise<Response> {
    const query = queryOf(c)
    if (!query.get('project_id')) query.set('project_id', c.req.header('x-project-id') ?? '')
    const project = readText(query, 'project_id')
    if (!project.ok) return this.#unreadable(c, project)
    const records = readRecords(query, true, this.#options.zoneOffsetMinutes)
    if (!records.ok) return this.#unreadable(c, records)
    const { offset, limit } = records.value
    const found = await this.#records(callerOf(c), { project: { id: project.value } }, records.value)
    if (!found.ok) return this.#refused(c, found.problem, errors.noProject)
    return Response.json({ offset, limit, total: found.value.total, build_results: found.value.items })
  }

  /** Runs of a pipeline. */
  async records(c: Context<Env>, id: string): Promise<Response> {
    const records = readRecords(queryOf(c), false, this.#options.zoneOffsetMinutes)
    if (!records.ok) return this.#unreadable(c, records)
    const found = await this.#records(callerOf(c), { pipeline: { id } }, records.value)
    if (!found.ok) return this.#refused(c, found.problem, errors.noPipeline)
    return Response.json({ total: found.value.total, records: found.value.items })
  }

  async #records(
    caller: Caller,
    scope: RunListFilter,
    { from, to, status, outcome, offset, limit }: RecordsQuery,
  ): Promise<Result<{ readonly items: readonly BuildResult[]; readonly total: number }>> {
    const statuses = statusesOf(status === null ? [] : [status], outcome === null ? [] : [outcome])
    const filter: RunListFilter = {
      ...scope,
      ...(statuses.length === RUN_STATUSES.length ? {} : { statuses }),
      ...(from === null ? {} : { createdFrom: from }),
      ...(to === null ? {} : { createdTo: to + 1 }),
    }
    const total = await this.#app.runs.count(caller, filter)
    if (!total.ok) return total
    // No run of ours is in the two words at once (running and success, say).
    if (statuses.length === 0) return { ok: true, value: { items: [], total: 0 } }
    const runs = await this.#newest(caller, filter, Math.min(offset + limit, total.value))
    if (!runs.ok) return runs
    const items = runs.value.slice(offset).map((run) => presentResult(run, this.#options))
    return { ok: true, value: { items, total: total.value } }
  }

  async #newest(caller: Caller, filter: RunListFilter, count: number): Promise<Result<readonly RunSummary[]>> {
    const runs: RunSummary[] = []
    for (let before: number | null = null; runs.length < count;) {
      const page = await this.#app.runs.list(caller, filter, { before, limit: Math.min(1_000, count - runs.length) })
      if (!page.ok) return page
      runs.push(...page.value.items)
      if (page.value.next === null) break
      before = page.value.next
    }
    return { ok: true, value: runs }
  }

  async #stop(c: Context<Env>, id: string, buildId: string): Promise<Found<RunView>> {
    const run = await this.#run(c, id, buildId)
    if (!run.ok) return run
    const stopped = await this.#app.runs.act(callerOf(c), { id: run.value.id }, { action: 'cancel' })
    return stopped.ok ? stopped : { ok: false, response: this.#refused(c, stopped.problem, errors.noRun) }
  }

  /** `build_id` is the run's number in its pipeline, or our own id of it; empty: the newest. */
  async #run(c: Context<Env>, id: string, buildId: string): Promise<Found<RunView>> {
    const ref = runRef(id, buildId)
    if (ref === undefined) {
      const message = `build_id: expected a number, found ${quote(buildId)}`
      return { ok: false, response: errorResponse(errors.badParameter, message) }
    }
    const run = await this.#app.runs.get(callerOf(c), ref)
    if (run.ok && run.value.pipeline.id === id) return run
    // Which of the two is missing: the pipeline, or this run of it.
    const pipeline = await this.#pipeline(c, id)
    if (!pipeline.ok) return pipeline
    if (!run.ok && run.problem.code !== 'not_found') {
      return { ok: false, response: this.#refused(c, run.problem, errors.noRun) }
    }
    return { ok: false, response: errorResponse(errors.noRun, `pipeline ${id} has no run ${buildId}`.trim()) }
  }

  async #pipeline(c: Context<Env>, id: string): Promise<Found<PipelineView>> {
    const pipeline = await this.#app.pipelines.get(callerOf(c), { id })
    return pipeline.ok ? pipeline : { ok: false, response: this.#refused(c, pipeline.problem, errors.noPipeline) }
  }

  async #userId(name: string): Promise<string | null> {
    return (await this.#app.access.user(name))?.id ?? null
  }

  #frame(): Frame {
    const { baseUrl, zoneOffsetMinutes } = this.#options
    return { now: this.#app.now(), baseUrl, zoneOffsetMinutes }
  }

  #refused(c: Context<Env>, problem: Problem, missing: VendorError): Response {
    return problemResponse(problem, missing, c.env.requestId)
  }

  #unreadable(c: Context<Env>, read: Unreadable): Response {
    if (read.kind === 'body') return badBody(read.refused, c.env.requestId)
    return errorResponse(errors.badParameter, read.message)
  }
}

function runRef(pipelineId: string, buildId: string): RunRef | undefined {
  if (buildId === '') return { pipeline: { id: pipelineId }, latest: true }
  if (/^[0-9a-f]{32}$/.test(buildId)) return { id: buildId }
  return /^\d{1,15}$/.test(buildId) ? { pipeline: { id: pipelineId }, number: Number(buildId) } : undefined
}
