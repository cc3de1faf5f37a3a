import type { Context } from 'hono'
import type { NodeActionInput } from '../../host/app.ts'
import type { TaskView } from '../../model/view.ts'
import type { Env } from '../kit/receive.ts'
import type { Desk } from './desk.ts'
import { errors } from './errors.ts'
import { readLogPage } from './log-page.ts'
import { runUrl } from './present.ts'
import { readLogs } from './v5-request.ts'
import type { LogPage } from './v5-wire.ts'
import { presentArtifact } from './v5-artifacts.ts'

/** Steps of a run: decided, read, asked for what they gave. */
export class StepCalls {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  async act(c: Context<Env>, action: NodeActionInput): Promise<Response> {
    const step = await this.#desk.step(c)
    if (!step.ok) return step.response
    const { run, task } = step.value
    const isDecision = action.action === 'approve' || action.action === 'reject'
    const comment = new URL(c.req.url).searchParams.get('approval_description') ?? ''
    const input = isDecision ? { ...action, comment, ...(await this.#decidingAs(c, task)) } : action
    const done = await this.#desk.app.runs.actOnNode(this.#desk.callerOf(c), { id: run.id }, { id: task.id }, input)
    return done.ok ? Response.json({ success: true }) : this.#desk.refused(c, done.problem, errors.noStep)
  }

  /**
   * Approvers are users of the vendor's cloud, whom this server need not know: nobody could decide for them then. An
   * administrator may, one after the other; for those that are known here nobody does.
   */
  async #decidingAs(c: Context<Env>, { review }: TaskView): Promise<{ readonly as?: string }> {
    const { user, role } = this.#desk.callerOf(c)
    if (review === null || role !== 'admin' || review.reviewers.includes(user.name)) return {}
    for (const name of review.reviewers) {
      const isKnown = (await this.#desk.app.access.user(name)) !== undefined
      if (!isKnown && !review.decisions.some(({ by }) => by === name)) return { as: name }
    }
    return {}
  }

  /** A wait that is over now, or a review that is passed. */
  async passDelay(c: Context<Env>): Promise<Response> {
    return this.#actAs(c, ({ work }) => (work.kind === 'review' ? { action: 'approve' } : { action: 'expire' }))
  }

  async refuseDelay(c: Context<Env>): Promise<Response> {
    return this.#actAs(c, ({ work }) => (work.kind === 'review' ? { action: 'reject' } : { action: 'fail' }))
  }

  /** A step that a person paused goes on; one that waits after its failure is tried again. */
  async resume(c: Context<Env>): Promise<Response> {
    return this.#actAs(c, ({ held }) => (held ? { action: 'retry' } : { action: 'resume' }))
  }

  async #actAs(c: Context<Env>, actionFor: (task: TaskView) => NodeActionInput): Promise<Response> {
    const step = await this.#desk.step(c)
    return step.ok ? this.act(c, actionFor(step.value.task)) : step.response
  }

  /** A step that leaves no log, or has not begun, has an empty one. */
  async logs(c: Context<Env>): Promise<Response> {
    const query = readLogs(this.#desk.bodyOf(c))
    if (!query.ok) return this.#desk.unreadable(c, query)
    const step = await this.#desk.step(c)
    if (!step.ok) return step.response
    const { run, task } = step.value
    const log = await this.#desk.app.runs.log(this.#desk.callerOf(c), { id: run.id }, { id: task.id }, null)
    if (!log.ok && log.problem.code !== 'not_found') return this.#desk.refused(c, log.problem, errors.noStep)
    const page = log.ok ? await readLogPage(log.value, query.value) : { start: 0, end: 0, text: '', hasMore: false }
    return Response.json({
      has_more: page.hasMore,
      start_offset: String(page.start),
      end_offset: String(page.end),
      log: page.text,
      location: null,
      step_run_id: task.id,
    } satisfies LogPage)
  }

  /** Files that tasks of the run have kept; the download address is that of our own API, which takes the same token. */
  async artifacts(c: Context<Env>): Promise<Response> {
    const found = await this.#desk.runOfPath(c)
    if (!found.ok) return found.response
    const run = found.value
    const listed = await this.#desk.app.artifacts.list(this.#desk.callerOf(c), { id: run.id })
    if (!listed.ok) return this.#desk.refused(c, listed.problem, errors.noStep)
    return Response.json({
      artifacts: listed.value.map((artifact) => presentArtifact(run, artifact, this.#desk.options.baseUrl)),
    })
  }

  /** Of the steps whose ids are given, joined with commas; without any: of all. */
  async outputs(c: Context<Env>): Promise<Response> {
    const run = await this.#desk.runOfPath(c)
    if (!run.ok) return run.response
    const ids = new URL(c.req.url).searchParams.getAll('step_run_ids').flatMap((text) => text.split(',', 1_000))
    const wanted = new Set(ids.filter((id) => id !== ''))
    const tasks = run.value.stages
      .flatMap((stage) => stage.tasks)
      .filter(({ id }) => wanted.size === 0 || wanted.has(id))
    const step_outputs = tasks.map(async (task) => ({
      step_run_id: task.id,
      output_result: Object.entries({ ...(await this.#subPipelineOf(c, task)), ...task.outputs }).map(
        ([key, value]) => ({ key, value }),
      ),
    }))
    return Response.json({
      step_outputs: await Promise.all(step_outputs),
      current_system_time: this.#desk.app.now(),
    })
  }

  /** How clients find the run that a step of another pipeline has started: they ask for that run's detail next. */
  async #subPipelineOf(c: Context<Env>, { childRun }: TaskView): Promise<Readonly<Record<string, string>>> {
    if (childRun === null) return {}
    const run = await this.#desk.app.runs.get(this.#desk.callerOf(c), { id: childRun })
    return run.ok ? { pipeline_run_id: run.value.id, pipeline_id: run.value.pipeline.id } : {}
  }

  /** Where a person looks at a step. */
  async jumpLink(c: Context<Env>): Promise<Response> {
    const step = await this.#desk.step(c)
    return step.ok ? Response.json({ jumpLink: runUrl(step.value.run, this.#desk.frame()) }) : step.response
  }
}
