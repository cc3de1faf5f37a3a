import type { Context } from 'hono'
import type { App, Caller, RunRef } from '../../host/app.ts'
import type { Problem } from '../../model/problem.ts'
import type { PipelineView, ProjectView, RunView, TaskView } from '../../model/view.ts'
import type { DialectOptions } from '../dialect.ts'
import { shortened } from '../kit/query.ts'
import type { Env } from '../kit/receive.ts'
import { badBody, errorResponse, errors, problemResponse, type VendorError } from './errors.ts'
import { Executors } from './find.ts'
import type { Frame } from './present.ts'
import type { Unreadable } from './read.ts'

export type Refusal = { readonly ok: false; readonly response: Response }
export type Found<Value> = { readonly ok: true; readonly value: Value } | Refusal

/** What the calls of v5 begin and end with: whom and what a request names, and how it is refused. */
export class Desk {
  readonly app: App
  readonly options: DialectOptions

  constructor(app: App, options: DialectOptions) {
    this.app = app
    this.options = options
  }

  callerOf(c: Context<Env>): Caller {
    return c.var.received.caller
  }

  bodyOf(c: Context<Env>): Uint8Array {
    return c.var.received.body
  }

  frame(): Frame {
    const { baseUrl, zoneOffsetMinutes } = this.options
    return { now: this.app.now(), baseUrl, zoneOffsetMinutes }
  }

  executors(): Executors {
    return new Executors(this.app)
  }

  refused(c: Context<Env>, problem: Problem, missing: VendorError): Response {
    return problemResponse(problem, missing, c.env.requestId)
  }

  refusal(c: Context<Env>, problem: Problem, missing: VendorError): Refusal {
    return { ok: false, response: this.refused(c, problem, missing) }
  }

  unreadable(c: Context<Env>, read: Unreadable): Response {
    if (read.kind === 'body') return badBody(read.refused, c.env.requestId)
    return errorResponse(read.kind === 'plugin' ? errors.noPlugin : errors.badParameter, read.message)
  }

  /** The project of the path. */
  async project(c: Context<Env>): Promise<Found<ProjectView>> {
    const id = c.req.param('project') ?? ''
    const project = await this.app.projects.get(this.callerOf(c), { id })
    return project.ok ? project : this.refusal(c, project.problem, errors.noProject)
  }

  /** The pipeline of the path, or of this id, in the project of the path: another project's is not there. */
  async pipeline(c: Context<Env>, id = c.req.param('id') ?? ''): Promise<Found<PipelineView>> {
    const project = await this.project(c)
    if (!project.ok) return project
    const pipeline = await this.app.pipelines.get(this.callerOf(c), { id })
    if (!pipeline.ok) return this.refusal(c, pipeline.problem, errors.noPipeline)
    if (pipeline.value.project.id === project.value.id) return pipeline
    return { ok: false, response: errorResponse(errors.otherProject, `there is no pipeline ${id} in this project`) }
  }

  /** By its id or its number; null or an empty id: the newest of the pipeline. */
  async run(c: Context<Env>, pipeline: PipelineView, which: string | number | null): Promise<Found<RunView>> {
    const isNewest = which === null || which === ''
    const ref: RunRef = isNewest
      ? { pipeline: { id: pipeline.id }, latest: true }
      : typeof which === 'number'
        ? { pipeline: { id: pipeline.id }, number: which }
        : { id: which }
    const run = await this.app.runs.get(this.callerOf(c), ref)
    if (run.ok && run.value.pipeline.id === pipeline.id) return run
    if (!run.ok && run.problem.code !== 'not_found') return this.refusal(c, run.problem, errors.noRun)
    const message = isNewest
      ? `pipeline ${pipeline.id} was never run`
      : `pipeline ${pipeline.id} has no run ${shortened(String(which))}`
    return { ok: false, response: errorResponse(errors.noRun, message) }
  }

  /** The run of the path. */
  async runOfPath(c: Context<Env>): Promise<Found<RunView>> {
    const pipeline = await this.pipeline(c)
    return pipeline.ok ? this.run(c, pipeline.value, c.req.param('run') ?? '') : pipeline
  }

  /** The step of the path, in the job of the path where there is one. */
  async step(c: Context<Env>): Promise<Found<{ readonly run: RunView; readonly task: TaskView }>> {
    const run = await this.runOfPath(c)
    if (!run.ok) return run
    const [step, job] = [c.req.param('step') ?? '', c.req.param('job')]
    const task = run.value.stages.flatMap(({ tasks }) => tasks).find(({ id }) => id === step)
    const isThere = task !== undefined && (job === undefined || jobIdsOf(run.value, task).includes(job))
    if (isThere) return { ok: true, value: { run: run.value, task } }
    return { ok: false, response: errorResponse(errors.noStep, `run ${run.value.id} has no such job and step`) }
  }
}

/** Ids by which the job of a task is called: those of the tasks of its job, and its stage's for `pre` and `post`. */
function jobIdsOf(run: RunView, task: TaskView): readonly string[] {
  const stage = run.stages.find(({ tasks }) => tasks.includes(task))
  return [stage?.id ?? '', ...(stage?.tasks.map(({ id }) => id) ?? [])]
}
