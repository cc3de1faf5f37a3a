import { Hono, type Context, type MiddlewareHandler } from 'hono'
import type { App, Caller, NodeActionInput } from '../../host/app.ts'
import { accept, refuse, type Problem, type Result } from '../../model/problem.ts'
import type { PipelineView, ProjectView, RunView, TaskView } from '../../model/view.ts'
import type { DialectOptions } from '../dialect.ts'
import { withDepends } from '../kit/cache.ts'
import { knowCaller } from './auth.ts'
import { parseReview, readBody } from './body.ts'
import { errorResponse, errors, problemResponse } from './errors.ts'
import { logRecords, presentJob, presentRecord, type LogRecord } from './jobs.ts'
import { presentGroup, presentListItem, presentPipeline } from './present.ts'
import { readFilter, readInteger, readSlice, readTriggerParams, wantsJson, type Filter, type Read } from './request.ts'
import { runSerialOf } from './stage.ts'
import type { Job, JobLog } from './wire.ts'
import { toYaml } from './yaml.ts'

type Env = { Variables: { caller: Caller; body: Uint8Array } }

/** Method and path to handler. Everything else under our prefixes is the vendor's 404. */
export function createRoutes(app: App, options: DialectOptions): Hono<Env> {
  const routes = new Hono<Env>()
  routes.notFound(() => errorResponse(errors.noApi))
  routes.onError(() => errorResponse(errors.internal))

  // The URL is handed out to be called as it stands (the console shows it bare): its id is the secret.
  routes.on(['POST', 'GET'], ['/v2/manage/webhooks/:id', '/v3/manage/webhooks/:id'], (c) =>
    fireWebhook(app, c.req.param('id'), queryOf(c)),
  )

  // Only where something is served: a path that nobody serves is 404 to everyone, as the vendor's gateway has it.
  routes.use('/v3/manage/pipelines/*', admit(app, options))
  routes.use('/:version{v[23]}/manage/pipelinegroups/*', admit(app, options))
  routes.get('/v3/manage/pipelines', (c) => listPipelines(app, c.var.caller, queryOf(c)))
  routes.get('/v3/manage/pipelines/:id', (c) => showPipeline(app, c, options))
  routes.delete('/v3/manage/pipelines/:id', (c) => deletePipeline(app, c.var.caller, c.req.param('id')))
  routes.on('GET', ['/v2/manage/pipelinegroups', '/v3/manage/pipelinegroups'], (c) =>
    listGroups(app, c.var.caller, queryOf(c)),
  )
  const stage = '/v3/manage/pipelines/:id/stages/:stage'
  routes.get(`${stage}/jobs`, (c) => withStage(app, c, (found) => listJobs(app, c.var.caller, found)))
  routes.get(`${stage}/jobs/:job/logs`, (c) =>
    withStage(app, c, (found) => showLog(app, c.var.caller, found, c.req.param('job'), queryOf(c))),
  )
  routes.post(`${stage}/start`, (c) =>
    withStage(app, c, (found) => retryStage(app, c.var.caller, found, queryOf(c).get('mode'))),
  )
  routes.put(`${stage}/start_info`, (c) =>
    withStage(app, c, (found) => decideReview(app, c.var.caller, found, c.var.body)),
  )
  return routes
}

/** Reads the body too, as a signature covers it. */
const admit =
  (app: App, options: DialectOptions): MiddlewareHandler<Env> =>
  async (c, next) => {
    const body = await readBody(c.req.raw, options.bodyMaxBytes)
    if (!body.ok) return unreadable(body)
    const known = await knowCaller(app, c.req.raw, body.value)
    if (!known.ok) return errorResponse(known.error)
    c.set('caller', known.caller)
    c.set('body', body.value)
    return next()
  }

const queryOf = (c: Context): URLSearchParams => new URL(c.req.url).searchParams

const unreadable = (failed: Extract<Read<unknown>, { ok: false }>): Response =>
  errorResponse(failed.error, failed.detail)

async function findPipeline(app: App, caller: Caller, id: string): Promise<PipelineView | Response> {
  const serial = readInteger(id, 'pipeline_id')
  if (!serial.ok) return unreadable(serial)
  const found = await app.pipelines.get(caller, { serial: serial.value })
  return found.ok ? found.value : problemResponse(found.problem)
}

async function showPipeline(app: App, c: Context<Env, '/:id'>, options: DialectOptions): Promise<Response> {
  const { caller } = c.var
  const pipeline = await findPipeline(app, caller, c.req.param('id'))
  if (pipeline instanceof Response) return pipeline
  const run = await latestRun(app, caller, pipeline)
  if (!run.ok) return problemResponse(run.problem)
  const body = presentPipeline(pipeline, run.value, options.baseUrl)
  const json = wantsJson(c.req.header('Accept') ?? null)
  const topics = [`pipeline:${pipeline.id}`, `project:${pipeline.project.id}`]
  if (run.value !== null) topics.push(`run:${run.value.id}`)
  const headers = { 'Content-Type': json ? 'application/json;charset=utf8' : 'application/yaml;charset=utf8' }
  return withDepends(new Response(json ? JSON.stringify(body) : toYaml(body), { headers }), topics)
}

const latestRun = (app: App, caller: Caller, pipeline: PipelineView): Promise<Result<RunView | null>> =>
  pipeline.latestRun === null ? Promise.resolve(accept(null)) : app.runs.get(caller, { id: pipeline.latestRun.id })

async function listPipelines(app: App, caller: Caller, query: URLSearchParams): Promise<Response> {
  const filter = readFilter(query)
  if (!filter.ok) return unreadable(filter)
  const page = readSlice(query)
  if (!page.ok) return unreadable(page)
  const { offset, limit } = page.value
  const rows = await slicePipelines(app, caller, filter.value, offset, limit)
  if (!rows.ok) return problemResponse(rows.problem)
  const { items, total } = rows.value
  const runs = await app.runs.batch(
    caller,
    items.flatMap((pipeline) => (pipeline.latestRun === null ? [] : [{ id: pipeline.latestRun.id }])),
  )
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
  return app.pipelines.slice(caller, conditions, offset, limit)
}

/** `12-6/208`: 6 records from the 12th (from 0) of 208. Not the form of RFC 9110. */
const contentRange = (offset: number, count: number, total: number): string => `${offset}-${count}/${total}`

async function deletePipeline(app: App, caller: Caller, id: string): Promise<Response> {
  const pipeline = await findPipeline(app, caller, id)
  if (pipeline instanceof Response) return pipeline
  const removed = await app.pipelines.remove(caller, { id: pipeline.id })
  if (removed.ok) return new Response(null, { status: 204 })
  const { code, message } = removed.problem
  return code === 'not_allowed' || code === 'conflict'
    ? errorResponse(errors.stillRunning, message)
    : problemResponse(removed.problem)
}

async function listGroups(app: App, caller: Caller, query: URLSearchParams): Promise<Response> {
  const page = readSlice(query)
  if (!page.ok) return unreadable(page)
  const { offset, limit } = page.value
  const projects = await app.projects.list(caller)
  const shown = projects.slice(offset, offset + limit)
  const counts = await Promise.all(shown.map(({ id }) => app.pipelines.slice(caller, { project: { id } }, 0, 1)))
  const body = shown.map((project, index) => {
    const count = counts[index]
    return presentGroup(project, count?.ok === true ? count.value.total : 0)
  })
  // The header comes only when a page was asked for ("获取流水线组列表", note).
  const paged = query.has('limit') || query.has('offset')
  const headers: Record<string, string> = paged
    ? { 'Content-Range': contentRange(offset, shown.length, projects.length) }
    : {}
  return Response.json(body, { headers })
}

async function fireWebhook(app: App, id: string, query: URLSearchParams): Promise<Response> {
  const params = readTriggerParams(query)
  if (!params.ok) return unreadable(params)
  const fired = await app.runs.fireWebhook(id, params.value)
  if (!fired.ok) {
    return fired.problem.code === 'not_allowed'
      ? errorResponse(errors.mustBeReset, fired.problem.message)
      : problemResponse(fired.problem, errors.noWebhook)
  }
  return fired.value.started ? created() : errorResponse(errors.triggerOpen)
}

const created = (): Response => Response.json({}, { status: 201 })

interface FoundStage {
  readonly pipeline: PipelineView
  readonly index: number
}

async function withStage(
  app: App,
  c: Context<Env, '/:id/:stage'>,
  handle: (found: FoundStage) => Promise<Response>,
): Promise<Response> {
  const pipeline = await findPipeline(app, c.var.caller, c.req.param('id'))
  if (pipeline instanceof Response) return pipeline
  const index = readInteger(c.req.param('stage'), 'stage_index')
  if (!index.ok) return unreadable(index)
  const count = pipeline.definition.stages.length
  if (index.value >= count) {
    return errorResponse(errors.noStage, `pipeline ${pipeline.serial} has ${count} stages, found index ${index.value}`)
  }
  return handle({ pipeline, index: index.value })
}

/** The vendor's page has no paging: the newest runs. */
const JOBS_MAX = 100

async function listJobs(app: App, caller: Caller, { pipeline, index }: FoundStage): Promise<Response> {
  const runs = await newestRuns(app, caller, pipeline)
  if (!runs.ok) return problemResponse(runs.problem)
  const creatorOf = await creatorIds(app, runs.value)
  const now = app.now()
  const jobs = runs.value.flatMap((run) => presentJob(run, index, now, creatorOf(run)) ?? [])
  return Response.json(jobs satisfies readonly Job[])
}

async function newestRuns(app: App, caller: Caller, pipeline: PipelineView): Promise<Result<readonly RunView[]>> {
  const rows = await app.runs.list(caller, { pipeline: { id: pipeline.id } }, { before: null, limit: JOBS_MAX })
  return rows.ok
    ? app.runs.batch(
        caller,
        rows.value.items.map(({ id }) => ({ id })),
      )
    : rows
}

async function creatorIds(app: App, runs: readonly RunView[]): Promise<(run: RunView) => string> {
  const names = [...new Set(runs.map((run) => run.cause.by))]
  const users = await Promise.all(names.map((name) => app.access.user(name)))
  const ids = new Map(names.map((name, index) => [name, users[index]?.id ?? '']))
  return (run) => ids.get(run.cause.by) ?? ''
}

/** "当前支持查看最近的20条执行日志". */
const RECORDS_MAX = 20

async function showLog(
  app: App,
  caller: Caller,
  { pipeline, index }: FoundStage,
  jobText: string,
  query: URLSearchParams,
): Promise<Response> {
  const page = readSlice(query, RECORDS_MAX)
  if (!page.ok) return unreadable(page)
  const run = await runOfJob(app, caller, pipeline, index, jobText)
  if (run instanceof Response) return run
  const creatorOf = await creatorIds(app, [run])
  const job = presentJob(run, index, app.now(), creatorOf(run))
  const stage = run.stages[index]
  if (job === undefined || stage === undefined) return errorResponse(errors.noJob, `stage ${index} has not begun`)
  const records = logRecords(stage).slice(-RECORDS_MAX)
  const { offset, limit } = page.value
  const shown = records.slice(offset, offset + limit)
  const log = await Promise.all(
    shown.map(async (record) => presentRecord(record, await outputOf(app, caller, run, record))),
  )
  const headers = { 'Content-Range': contentRange(offset, shown.length, records.length) }
  return Response.json({ ...job, log } satisfies JobLog, { headers })
}

async function runOfJob(
  app: App,
  caller: Caller,
  pipeline: PipelineView,
  stageIndex: number,
  jobText: string,
): Promise<RunView | Response> {
  if (jobText === 'latest') return latestRunOfStage(app, caller, pipeline, stageIndex)
  const job = readInteger(jobText, 'job_id')
  if (!job.ok) return unreadable(job)
  const none = errorResponse(errors.noJob, `stage ${stageIndex} of pipeline ${pipeline.serial} has no job ${job.value}`)
  const serial = runSerialOf(job.value, stageIndex)
  if (serial === undefined) return none
  const run = await app.runs.get(caller, { serial })
  if (!run.ok) return problemResponse(run.problem, errors.noJob)
  return run.value.pipeline.id === pipeline.id ? run.value : none
}

/** The newest run may not have come to this stage yet: then an older one is the last that did. */
async function latestRunOfStage(
  app: App,
  caller: Caller,
  pipeline: PipelineView,
  stageIndex: number,
): Promise<RunView | Response> {
  const begun = (run: RunView): boolean => (run.stages[stageIndex]?.status ?? 'pending') !== 'pending'
  const newest = await latestRun(app, caller, pipeline)
  if (!newest.ok) return problemResponse(newest.problem)
  if (newest.value !== null && begun(newest.value)) return newest.value
  const runs = await newestRuns(app, caller, pipeline)
  if (!runs.ok) return problemResponse(runs.problem)
  const none = `stage ${stageIndex} of pipeline ${pipeline.serial} has not run yet`
  return runs.value.find(begun) ?? errorResponse(errors.noJob, none)
}

/** Of each record the end of its output: twenty of them must fit into one answer. */
const OUTPUT_MAX_BYTES = 65_536
const OUTPUT_MAX_LINES = 1_000

/** Lines of an attempt's output. What never had a log (a review, a join) gives none. */
async function outputOf(app: App, caller: Caller, run: RunView, record: LogRecord): Promise<readonly string[]> {
  const source = await app.runs.log(caller, { id: run.id }, { index: record.task.index }, record.attempt.attempt)
  if (!source.ok) return []
  const size = await source.value.size()
  const from = Math.max(0, size - OUTPUT_MAX_BYTES)
  const lines = new TextDecoder().decode(await source.value.read(from, OUTPUT_MAX_BYTES)).split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  // The first line of a tail may be half a line.
  return (from > 0 ? lines.slice(1) : lines).slice(-OUTPUT_MAX_LINES)
}

async function retryStage(
  app: App,
  caller: Caller,
  { pipeline, index }: FoundStage,
  mode: string | null,
): Promise<Response> {
  if (mode === 'rollback') return errorResponse(errors.badParameter, 'mode rollback is not served, use retry')
  if (mode !== null && mode !== '' && mode !== 'retry') {
    return errorResponse(errors.badParameter, 'mode must be retry or rollback')
  }
  const run = await latestRun(app, caller, pipeline)
  if (!run.ok) return problemResponse(run.problem)
  const failed = tasksThatAllow(run.value, 'retry')
  const here = failed.filter(({ stageIndex }) => stageIndex === index)
  if (run.value === null || here.length === 0) {
    return errorResponse(errors.stageNotReady, `stage ${index} of pipeline ${pipeline.serial} has not failed`)
  }
  const retried =
    here.length === failed.length && run.value.allowed.includes('retry')
      ? // All that failed is in this stage: one command, so that the whole stage goes again or nothing does.
        await app.runs.act(caller, { id: run.value.id }, { action: 'retry' })
      : await actOnTasks(app, caller, run.value, here, { action: 'retry' })
  return retried.ok ? created() : stageRefusal(retried.problem)
}

/** Someone else was quicker: the stage is not any more what it was when we looked. */
const stageRefusal = (problem: Problem): Response =>
  problem.code === 'conflict' ? errorResponse(errors.stageNotReady, problem.message) : problemResponse(problem)

interface StageTask {
  readonly stageIndex: number
  readonly task: TaskView
}

const tasksThatAllow = (run: RunView | null, action: 'retry' | 'approve'): readonly StageTask[] =>
  run?.stages.flatMap((stage, stageIndex) =>
    stage.tasks.filter((task) => task.allowed.includes(action)).map((task) => ({ stageIndex, task })),
  ) ?? []

async function actOnTasks(
  app: App,
  caller: Caller,
  run: RunView,
  tasks: readonly StageTask[],
  action: NodeActionInput,
): Promise<Result<RunView>> {
  let last: Result<RunView> = refuse('not_allowed', 'no task to act on')
  for (const { task } of tasks) {
    last = await app.runs.actOnNode(caller, { id: run.id }, { index: task.index }, action)
    if (!last.ok) return last
  }
  return last
}

async function decideReview(
  app: App,
  caller: Caller,
  { pipeline, index }: FoundStage,
  body: Uint8Array,
): Promise<Response> {
  const review = parseReview(body)
  if (!review.ok) return unreadable(review)
  const run = await latestRun(app, caller, pipeline)
  if (!run.ok) return problemResponse(run.problem)
  const waiting = tasksThatAllow(run.value, 'approve').find(({ stageIndex }) => stageIndex === index)
  if (run.value === null || waiting === undefined) {
    return errorResponse(errors.stageNotReady, `stage ${index} of pipeline ${pipeline.serial} waits for no review`)
  }
  const decided = await actOnTasks(app, caller, run.value, [waiting], { action: review.value })
  return decided.ok ? created() : stageRefusal(decided.problem)
}
