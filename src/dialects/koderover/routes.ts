import { Hono, type Context } from 'hono'
import type { App, Caller, PipelineRef, RunRef } from '../../host/app.ts'
import { RUN_STATUSES } from '../../model/status.ts'
import type { PipelineView, RunSummary } from '../../model/view.ts'
import type { DialectOptions } from '../dialect.ts'
import { withDepends } from '../kit/cache.ts'
import { formatRfc3339 } from '../kit/time.ts'
import { authenticate } from './auth.ts'
import { authFailed, errorAnswer, json, operationError, problemAnswer, type OperationName } from './errors.ts'
import { presentPipeline, presentTask } from './present.ts'
import { sessionRoutes } from './session.ts'
import { startArgs } from './start.ts'
import { runWord } from './status.ts'

/** Lists of this generation have no pages: the newest come, and no more than these. */
const TASKS_MAX = 100
const PIPELINES_MAX = 1_000
const PAGE = 100

/** A name may come to mean another pipeline, which no topic tells: a kept answer is looked up again after this. */
const NAME_FRESH_MS = 1_000

/** What is under way there: begun and not over. */
const RUNNING = RUN_STATUSES.filter((status) => runWord[status] === 'running')

type Env = { Variables: { caller: Caller } }

export function createRoutes(app: App, options: DialectOptions): (request: Request) => Promise<Response> {
  const router = new Hono<Env>({ strict: false })
  router.notFound(({ req }) => {
    options.onUnrouted?.(req.raw)
    return errorAnswer(404, 'Not Found', `there is no ${req.method} ${req.path.slice(0, 200)} here`)
  })
  router.onError((error) => {
    options.onDefect?.(error)
    return errorAnswer(500, 'Internal Error', 'the server failed to answer; its log says why')
  })

  sessionRoutes(router, app, options)
  router.use('*', async (context, next) => {
    const caller = await authenticate(app, context.req.raw.headers)
    if (caller === undefined) return authFailed()
    context.set('caller', caller)
    return await next()
  })
  taskRoutes(router, app, options)
  pipelineRoutes(router, app)
  return async (request) => await router.fetch(request)
}

function taskRoutes(router: Hono<Env>, app: App, options: DialectOptions): void {
  const time = (at: number): string => formatRfc3339(at, options.zoneOffsetMinutes)

  // The seed's endpoint.
  router.get('/api/tasks/id/:id/pipeline/:name', async (context) => {
    const ref = runRef(context)
    if (ref === undefined) return badTaskId('getTask', context)
    const found = await app.runs.get(context.var.caller, ref)
    if (!found.ok) return problemAnswer('getTask', found.problem)
    const run = found.value
    return withDepends(
      json(200, presentTask(run, time), { ETag: `"${run.id}.${run.seq}"` }),
      [`run:${run.id}`],
      NAME_FRESH_MS,
    )
  })

  router.get('/api/tasks/pipeline/:name', async (context) => {
    const { caller } = context.var
    const pipeline = await app.pipelines.get(caller, pipelineRef(context))
    if (!pipeline.ok) return problemAnswer('listPipelineTasks', pipeline.problem)
    const runs = await app.runs.list(
      caller,
      { pipeline: { id: pipeline.value.id } },
      { before: null, limit: TASKS_MAX },
    )
    return runs.ok
      ? await tasks('listPipelineTasks', caller, runs.value.items)
      : problemAnswer('listPipelineTasks', runs.problem)
  })

  router.get('/api/tasks/running', async (context) => {
    const { caller } = context.var
    const runs = await app.runs.list(caller, { statuses: RUNNING }, { before: null, limit: TASKS_MAX })
    return runs.ok
      ? await tasks('listRunningTasks', caller, runs.value.items)
      : problemAnswer('listRunningTasks', runs.problem)
  })

  /** The index rows' runs, whole. */
  async function tasks(operation: OperationName, caller: Caller, rows: readonly RunSummary[]): Promise<Response> {
    const runs = await app.runs.batch(
      caller,
      rows.map(({ id }) => ({ id })),
    )
    return runs.ok
      ? json(
          200,
          runs.value.map((run) => presentTask(run, time)),
        )
      : problemAnswer(operation, runs.problem)
  }

  router.delete('/api/tasks/id/:id/pipeline/:name', async (context) => act(context, 'cancelTask', 'cancel'))
  // By GET, as in July 2017; auth.ts keeps foreign pages from using it.
  router.get('/api/tasks/restart/id/:id/pipeline/:name', async (context) => act(context, 'restartTask', 'retry'))

  async function act(context: Context<Env>, operation: OperationName, action: 'cancel' | 'retry'): Promise<Response> {
    const ref = runRef(context)
    if (ref === undefined) return badTaskId(operation, context)
    const done = await app.runs.act(context.var.caller, ref, { action })
    return done.ok ? json(200, { message: 'success' }) : problemAnswer(operation, done.problem)
  }

  router.post('/api/tasks', async (context) => {
    const { caller } = context.var
    const args = await startArgs(context.req.raw, options.bodyMaxBytes, (name) =>
      app.pipelines.get(caller, { name, ...product(context) }),
    )
    if (!args.ok) return args.response
    const started = await app.runs.start(caller, { pipeline: { id: args.pipelineId }, params: args.params })
    if (!started.ok) return problemAnswer('enqueueTask', started.problem)
    return json(200, { pipeline_name: started.value.pipeline.name, task_id: started.value.number })
  })
}

function pipelineRoutes(router: Hono<Env>, app: App): void {
  router.get('/api/pipelines', async (context) => {
    const shown: PipelineView[] = []
    let after: number | null = null
    do {
      const page = await app.pipelines.list(context.var.caller, product(context), { after, limit: PAGE })
      if (!page.ok) return problemAnswer('listPipelines', page.problem)
      shown.push(...page.value.items)
      after = page.value.next
    } while (after !== null && shown.length < PIPELINES_MAX)
    return json(200, shown.map(presentPipeline))
  })

  router.get('/api/pipelines/:name', async (context) => {
    const found = await app.pipelines.get(context.var.caller, pipelineRef(context))
    if (!found.ok) return problemAnswer('getPipeline', found.problem)
    return withDepends(json(200, presentPipeline(found.value)), [`pipeline:${found.value.id}`], NAME_FRESH_MS)
  })
}

/** A name may be that of two pipelines, in two projects: `?product_name=` tells which project, as in Zadig. */
const product = (context: Context): { readonly project?: { readonly name: string } } => {
  const name = context.req.query('product_name')
  return name === undefined || name === '' ? {} : { project: { name } }
}

const pipelineRef = (context: Context): PipelineRef => ({ name: context.req.param('name') ?? '', ...product(context) })

function runRef(context: Context): RunRef | undefined {
  const id = context.req.param('id') ?? ''
  return /^\d{1,15}$/.test(id) ? { pipeline: pipelineRef(context), number: Number(id) } : undefined
}

const badTaskId = (operation: OperationName, context: Context): Response =>
  operationError(
    operation,
    `task id: expected a number, found ${JSON.stringify((context.req.param('id') ?? '').slice(0, 64))}`,
  )
