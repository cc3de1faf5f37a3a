import type { Context } from 'hono'
import type { PipelineView } from '../../model/view.ts'
import type { Env } from '../kit/receive.ts'
import type { Desk, Found } from './desk.ts'
import { errors } from './errors.ts'
import { originalOf } from './original.ts'
import { stateOf } from './state.ts'
import type { PipelineCalls } from './v5-pipelines.ts'
import { manifestOf } from './v5-present.ts'
import { readBatchResult, readBatchRun, readVersions } from './v5-request.ts'
import type { RunCalls } from './v5-runs.ts'

const DEFAULTS = {
  variables: new Map<string, string>(),
  chosenStages: [],
  chosenJobs: [],
  description: '',
  refs: [],
}

const NO_PIPELINE = 'The pipeline does not exist.'

/** Calls for several pipelines at once. */
export class BatchCalls {
  readonly #desk: Desk
  readonly #runs: RunCalls
  readonly #pipelines: PipelineCalls

  constructor(desk: Desk, runs: RunCalls, pipelines: PipelineCalls) {
    this.#desk = desk
    this.#runs = runs
    this.#pipelines = pipelines
  }

  /** A run of each with its defaults. One that cannot be started has no run id, and the others are started all the same. */
  async start(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const ids = readBatchRun(this.#desk.bodyOf(c))
    if (!ids.ok) return this.#desk.unreadable(c, ids)
    const result: { readonly pipeline_id: string; readonly pipeline_run_id: string | null }[] = []
    for (const pipeline_id of ids.value) {
      const pipeline = await this.#desk.pipeline(c, pipeline_id)
      const run = pipeline.ok ? await this.#runs.started(c, pipeline.value, DEFAULTS) : pipeline
      result.push({ pipeline_id, pipeline_run_id: run.ok ? run.value.id : null })
    }
    return Response.json({ result })
  }

  /** Whether they were started: a run that is there was. */
  async result(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const query = readBatchResult(this.#desk.bodyOf(c))
    if (!query.ok) return this.#desk.unreadable(c, query)
    const result = []
    for (const { pipelineId, runId } of query.value) {
      const pipeline = await this.#desk.pipeline(c, pipelineId)
      const run = pipeline.ok && runId !== '' ? await this.#desk.run(c, pipeline.value, runId) : null
      const isThere = run !== null && run.ok
      result.push({
        pipeline_id: pipelineId,
        pipeline_name: pipeline.ok ? pipeline.value.name : null,
        pipeline_run_id: runId === '' ? null : runId,
        status: isThere ? 'START_SUCCESS' : 'START_FAILED',
        reason: isThere ? null : await this.#whyNot(c, pipeline),
      })
    }
    return Response.json({ result })
  }

  async #whyNot(c: Context<Env>, pipeline: Found<PipelineView>): Promise<string> {
    if (!pipeline.ok) return NO_PIPELINE
    const { banned } = await stateOf(this.#desk.app, this.#desk.callerOf(c), pipeline.value)
    return banned ? 'Current pipeline is banned.' : 'The pipeline has no such run.'
  }

  /** Each on its own: one that is at work, or not there, does not keep the others. */
  async remove(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const ids = readBatchRun(this.#desk.bodyOf(c))
    if (!ids.ok) return this.#desk.unreadable(c, ids)
    const result = []
    for (const pipeline_id of ids.value) {
      const pipeline = await this.#desk.pipeline(c, pipeline_id)
      const removed = pipeline.ok ? await this.#pipelines.removed(c, pipeline.value) : null
      if (removed?.ok === false && removed.problem.code === 'forbidden') {
        return this.#desk.refused(c, removed.problem, errors.noPipeline)
      }
      result.push({
        pipeline_id,
        pipeline_name: pipeline.ok ? pipeline.value.name : null,
        status: removed?.ok === true ? 'DELETE_SUCCESS' : 'DELETE_FAILED',
        reason: removed === null ? NO_PIPELINE : removed.ok ? null : removed.problem.message,
      })
    }
    return Response.json({ result })
  }

  /** By id; pipelines that are not there are left out. */
  async versions(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const ids = readVersions(this.#desk.bodyOf(c))
    if (!ids.ok) return this.#desk.unreadable(c, ids)
    const found = await Promise.all(ids.value.map((id) => this.#desk.pipeline(c, id)))
    const versions = found.flatMap((pipeline) => {
      if (!pipeline.ok) return []
      const { id: pipelineId, definition } = pipeline.value
      return [[pipelineId, { pipelineId, manifestVersion: manifestOf(originalOf(definition)?.dto ?? null) }] as const]
    })
    return Response.json(Object.fromEntries(versions))
  }
}
