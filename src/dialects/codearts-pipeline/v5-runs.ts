import type { Context } from 'hono'
import type { Caller, RunActionInput } from '../../host/app.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { PipelineView, RunView, TaskView } from '../../model/view.ts'
import { taggedJson, withDepends } from '../kit/cache.ts'
import { sealParams } from '../kit/credentials.ts'
import type { Env } from '../kit/receive.ts'
import { chosenTasks } from './choose.ts'
import type { Desk, Found } from './desk.ts'
import { errorResponse, errors } from './errors.ts'
import { groupNamed } from './groups.ts'
import { nextValues } from './increment.ts'
import { findRunsV5 } from './v5-find-runs.ts'
import { originalOf, sealedParams } from './original.ts'
import { read } from './read.ts'
import { branchesOf, chosenRefs, namedSourcesOf, packedRefs, REFS } from './sources.ts'
import { stateOf } from './state.ts'
import { executeTypes } from './status.ts'
import { presentSystemValues } from './system-variables.ts'
import { presentPackage } from './v5-artifacts.ts'
import { presentLatest, presentRunDetail, presentRunVariables, REGION, tasksOfJob } from './v5-present.ts'
import {
  readMode,
  readPage,
  readRetry,
  readRunsV5,
  readRunV5,
  runNumberOf,
  type RunsV5,
  type RunV5Input,
} from './v5-request.ts'

const QUEUED = 'The maximum number of concurrent runs of the pipeline is reached; the run is in the queue'

/** Of a run: what its starter said of it. */
const DESCRIPTION = 'codearts-pipeline/description'

/** Runs of the v5 family: started, stopped, tried again, shown, listed. */
export class RunCalls {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  async start(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const input = readRunV5(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    const run = await this.started(c, pipeline.value, input.value)
    if (!run.ok) return run.response
    const pipeline_run_id = run.value.id
    if (!(await this.#waitsForTurn(this.#desk.callerOf(c), run.value))) return Response.json({ pipeline_run_id })
    // 200 all the same: Terraform takes any other status for a failure, and looks for these words in the body.
    const error = { pipeline_run_id, queue_id: String(run.value.serial) }
    const { code } = errors.queued
    return Response.json({ pipeline_run_id, error_code: code, error_msg: QUEUED, error })
  }

  async started(c: Context<Env>, pipeline: PipelineView, input: RunV5Input): Promise<Found<RunView>> {
    const { app } = this.#desk
    const caller = this.#desk.callerOf(c)
    if ((await stateOf(app, caller, pipeline)).banned) {
      return { ok: false, response: errorResponse(errors.banned, `pipeline ${pipeline.name} is disabled`) }
    }
    const chosen = read(() => chosenTasks(pipeline.definition, input))
    if (!chosen.ok) return { ok: false, response: this.#desk.unreadable(c, chosen) }
    const dto = originalOf(pipeline.definition)?.dto
    const sources = dto === undefined ? [] : namedSourcesOf(dto)
    const refs = chosenRefs(sources, input.refs)
    const seal = sealParams(app, pipeline.project.id, pipeline.id)
    const own = read(() => sealedParams(input.variables, pipeline.definition, seal))
    if (!own.ok) return { ok: false, response: this.#desk.unreadable(c, own) }
    const params = await this.#params(caller, pipeline, own.value, input.refs, branchesOf(sources, refs))
    const { description } = input
    const packed = packedRefs(refs)
    const annotations = {
      ...(description === '' ? {} : { [DESCRIPTION]: description }),
      ...(packed === null ? {} : { [REFS]: packed }),
    }
    const run = await app.runs.start(caller, { pipeline: { id: pipeline.id }, params, annotations, ...chosen.value })
    if (run.ok) return run
    // Its definition refuses what does not fit (`ABORT`).
    const isFull = run.problem.code === 'conflict' && pipeline.definition.concurrency?.whenFull === 'abort'
    if (isFull) return { ok: false, response: errorResponse(errors.noRoom, run.problem.message) }
    return this.#desk.refusal(c, run.problem, errors.noPipeline)
  }

  /**
   * As many runs of it as there may be at once are under way. One that has room counts among those that run from the start,
   * also while it is still about to begin. (The queue names its first 100; a new run is the last of a longer one.)
   */
  async #waitsForTurn(caller: Caller, run: RunView): Promise<boolean> {
    if (run.definition.concurrency === null) return false
    const now = await this.#desk.app.runs.queue(caller, { id: run.pipeline.id })
    if (!now.ok) return false
    const { queue, queuedCount } = now.value
    return queuedCount > queue.length || queue.some(({ id }) => id === run.id)
  }

  /** Runs that wait for their turn, oldest first. */
  async queue(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const page = readPage(new URL(c.req.url).searchParams)
    if (!page.ok) return this.#desk.unreadable(c, page)
    const caller = this.#desk.callerOf(c)
    const filter = { pipeline: { id: pipeline.value.id }, statuses: ['queued'] } as const
    const queued = await this.#desk.app.runs.list(caller, filter, { before: null, limit: 1_000 })
    if (!queued.ok) return this.#desk.refused(c, queued.problem, errors.noPipeline)
    const waiting = pipeline.value.definition.concurrency === null ? [] : queued.value.items.toReversed()
    const executors = this.#desk.executors()
    const { offset, limit } = page.value
    const records = waiting.slice(offset, offset + limit).map(async (run) => ({
      id: run.serial,
      pipeline_id: run.pipelineId,
      pipeline_run_id: run.id,
      region: REGION,
      enqueue_time: run.createdAt,
      trigger_type: executeTypes[run.cause.kind],
      status: 'QUEUED',
      creator_id: await executors.named(run.cause.by),
      creator_name: run.cause.by,
    }))
    return Response.json({ offset, limit, total: waiting.length, queuedPipelines: await Promise.all(records) })
  }

  /** A run that is not in the queue any more is not stopped by this. */
  async leaveQueue(c: Context<Env>): Promise<Response> {
    const run = await this.#desk.runOfPath(c)
    if (!run.ok) return run.response
    const { id, serial, status } = run.value
    if (String(serial) !== c.req.param('queue') || status !== 'queued') {
      return errorResponse(errors.notAllowed, `run ${id} is not in the queue`)
    }
    const left = await this.#desk.app.runs.act(this.#desk.callerOf(c), { id }, { action: 'cancel' })
    return left.ok ? Response.json({ pipeline_run_id: id }) : this.#desk.refused(c, left.problem, errors.noRun)
  }

  /** What the request says, the branches of sources, and numbers that grow by themselves. */
  async #params(
    caller: Caller,
    pipeline: PipelineView,
    given: ReadonlyMap<string, string>,
    refs: RunV5Input['refs'],
    branches: readonly (readonly [name: string, ref: string])[],
  ): Promise<Readonly<Record<string, string>>> {
    const params = new Map(given)
    for (const [name, ref] of branches) if (!params.has(name)) params.set(name, ref)
    // A pipeline that was made in another way may have params of the same names.
    const own = new Set(pipeline.definition.params.map(({ name }) => name))
    for (const { alias, place, ref } of refs) {
      const names = [`${alias}_BRANCH`, `REPO${place + 1}_BRANCH`]
      const name = branches.length > 0 ? undefined : names.find((candidate) => own.has(candidate))
      if (name !== undefined && !params.has(name)) params.set(name, ref)
    }
    for (const [name, value] of await nextValues(this.#desk.app, caller, pipeline)) {
      if (!params.has(name)) params.set(name, value)
    }
    return Object.fromEntries(params)
  }

  async stop(c: Context<Env>): Promise<Response> {
    return this.#act(c, { action: 'cancel' })
  }

  /** What the run was started with. `mode` 0: the pipeline's own variables, 1: predefined ones, 2: those of parameter groups. */
  async variables(c: Context<Env>): Promise<Response> {
    const run = await this.#desk.runOfPath(c)
    if (!run.ok) return run.response
    const mode = readMode(new URL(c.req.url).searchParams)
    if (!mode.ok) return this.#desk.unreadable(c, mode)
    return Response.json(mode.value === 1 ? presentSystemValues(run.value) : presentRunVariables(run.value, mode.value))
  }

  /** All that failed, or in the jobs that the body names. */
  async retry(c: Context<Env>): Promise<Response> {
    const jobs = readRetry(this.#desk.bodyOf(c))
    if (!jobs.ok) return this.#desk.unreadable(c, jobs)
    return jobs.value.length === 0 ? this.#act(c, { action: 'retry' }) : this.#retryJobs(c, jobs.value)
  }

  async #retryJobs(c: Context<Env>, jobs: readonly string[]): Promise<Response> {
    const run = await this.#desk.runOfPath(c)
    if (!run.ok) return run.response
    const { id } = run.value
    const failed: TaskView[] = []
    for (const job of jobs) {
      const tasks = tasksOfJob(run.value, job)
      if (tasks === undefined) return errorResponse(errors.noStep, `run ${id} has no job ${job.slice(0, 64)}`)
      const own = tasks.filter(({ status, allowed }) => status !== 'succeeded' && allowed.includes('retry'))
      if (own.length === 0) return errorResponse(errors.notAllowed, `job ${job} of run ${id} has not failed`)
      failed.push(...own)
    }
    for (const task of failed) {
      const input = { action: 'retry' } as const
      const done = await this.#desk.app.runs.actOnNode(this.#desk.callerOf(c), { id }, { id: task.id }, input)
      if (!done.ok) return this.#desk.refused(c, done.problem, errors.noRun)
    }
    return Response.json({ success: true })
  }

  async #act(c: Context<Env>, action: RunActionInput): Promise<Response> {
    const run = await this.#desk.runOfPath(c)
    if (!run.ok) return run.response
    const done = await this.#desk.app.runs.act(this.#desk.callerOf(c), { id: run.value.id }, action)
    return done.ok ? Response.json({ success: true }) : this.#desk.refused(c, done.problem, errors.noRun)
  }

  /** By its id, or its number; with neither the newest. Only pipelines that ran have one. */
  async detail(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const query = new URL(c.req.url).searchParams
    const number = read(() => runNumberOf(query))
    if (!number.ok) return this.#desk.unreadable(c, number)
    const run = await this.#desk.run(c, pipeline.value, query.get('pipeline_run_id') || number.value)
    if (!run.ok) return run.response
    const caller = this.#desk.callerOf(c)
    const state = await stateOf(this.#desk.app, caller, pipeline.value)
    const { groupId } = state
    const groupName =
      groupId === null ? null : await groupNamed(this.#desk.app, caller, pipeline.value.project.id, groupId)
    const kept = await this.#desk.app.artifacts.list(caller, { id: run.value.id })
    if (!kept.ok) return this.#desk.refused(c, kept.problem, errors.noRun)
    const facts = {
      executorId: await this.#desk.executors().named(run.value.cause.by),
      state,
      groupName,
      domain: caller.domain,
      language: c.req.header('x-language') === 'zh-cn' ? 'zh-cn' : 'en-us',
      description: run.value.annotations[DESCRIPTION] ?? '',
      artifacts: kept.value.map((one) => presentPackage(run.value, one, this.#desk.options.baseUrl)),
    } as const
    const response = taggedJson(presentRunDetail(run.value, facts, this.#desk.frame()))
    // Kept answers do not know of this header.
    if (c.req.header('x-language') !== undefined) return response
    const { id, project } = pipeline.value
    return withDepends(response, [`run:${run.value.id}`, `pipeline:${id}`, `project:${project.id}`])
  }

  async list(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const query = readRunsV5(this.#desk.bodyOf(c), this.#desk.options.zoneOffsetMinutes)
    if (!query.ok) return this.#desk.unreadable(c, query)
    const found = await this.#find(this.#desk.callerOf(c), pipeline.value, query.value)
    if (!found.ok) return this.#desk.refused(c, found.problem, errors.noPipeline)
    const executors = this.#desk.executors()
    const frame = this.#desk.frame()
    const { offset, limit } = query.value
    const runs = found.value.runs.map(async (run) => presentLatest(run, await executors.named(run.cause.by), frame))
    return Response.json({ offset, limit, total: found.value.total, pipeline_runs: await Promise.all(runs) })
  }

  async #find(
    caller: Caller,
    pipeline: PipelineView,
    query: RunsV5,
  ): Promise<Result<{ readonly runs: readonly RunView[]; readonly total: number }>> {
    const found = await findRunsV5(this.#desk.app, caller, pipeline, query)
    if (!found.ok) return found
    const refs = found.value.shown.map(({ id }) => ({ id }))
    const runs = await this.#desk.app.runs.batch(caller, refs)
    return runs.ok ? accept({ runs: runs.value, total: found.value.total }) : runs
  }
}
