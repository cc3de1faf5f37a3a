import { textOf, valueOf } from '../../engine/render.ts'
import { taskAt, taskPlan, type Run } from '../../engine/run.ts'
import { runStatus } from '../../engine/status.ts'
import { SERVER as HELD_BY_SERVER } from '../../engine/transition.ts'
import { runOutputs } from '../../engine/view.ts'
import type { AttemptResult } from '../../model/command.ts'
import type { Work } from '../../model/definition.ts'
import type { Actor } from '../../model/event.ts'
import type { Failure } from '../../model/failure.ts'
import type { PipelineId, ProjectId, RunId } from '../../model/id.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import type { Result } from '../../model/problem.ts'
import type { RunStatus } from '../../model/status.ts'
import type { PipelineRecord } from '../../store/store.ts'
import { DEPTH_MAX, type AutoStart } from '../triggers/auto-starts.ts'
import type { LiveRuns } from './live.ts'

interface Dependencies {
  readonly live: LiveRuns
  readonly publish: (
    projectId: ProjectId,
    channel: string,
    params: Readonly<Record<string, string>>,
    key: string,
  ) => Promise<Result<readonly Run[]>>
  readonly start: (pipeline: PipelineRecord, input: AutoStart) => Promise<Result<Run>>
  readonly named: (projectId: ProjectId, name: string) => Promise<PipelineRecord | undefined>
  /** Params for a run of another pipeline, with what is sealed in them sealed for it. */
  readonly given: (run: Run, pipeline: PipelineId, params: JsonObject) => Result<JsonObject>
  readonly onDefect: (error: unknown) => void
}

const SERVER: Actor = { kind: 'server', name: '' }

/**
 * What the server does itself: points where branches join, words to a channel, runs of other pipelines. After a restart
 * it is all ordered again, so each is done under a key that makes a second time nothing.
 */
export class InlineWork {
  readonly #deps: Dependencies

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  begin(run: Run, node: number, fence: number): void {
    const { work } = taskPlan(run.plan, node).spec
    switch (work.kind) {
      case 'noop':
        this.#report(run.id, node, fence, DONE)
        return
      case 'publish':
        this.#follow(run, node, fence, this.#publish(run, node, work))
        return
      case 'run':
        this.#follow(run, node, fence, this.#startChild(run, node, fence, work))
        return
      case 'runner':
      case 'sleep':
      case 'review':
      case 'callback':
      case 'start':
      case 'end':
      case 'gateway':
      case 'subflow':
        throw new TypeError(`node ${node} of run ${run.id} is not for the server: its work is ${work.kind}`)
    }
  }

  /** @returns false when a runner holds it. */
  cancel(run: Run, node: number, fence: number): boolean {
    const { runner, childRun } = taskAt(run, node)
    if (runner !== HELD_BY_SERVER) return false
    if (childRun === null) this.#report(run.id, node, fence, { kind: 'cancelled' })
    else {
      const reason = `cancelled with run ${run.name} #${run.number}, which started it`
      this.#deps.live.submit(childRun, { type: 'cancel', reason, mode: 'stop' }, SERVER).then(
        // One that had ended has been told of already, or is told of now.
        (outcome) => (outcome?.ok === true ? undefined : this.#tellOfChild(run, node, childRun)),
        this.#deps.onDefect,
      )
    }
    return true
  }

  /** A run that another one started has ended: its task ends as it did. */
  committed(child: Run): void {
    if (child.outcome === null || child.parent === null) return
    const { runId, node } = child.parent
    const parent = this.#deps.live.peek(runId)
    if (parent?.phase === 'live') this.#reportChild(parent, node, child)
  }

  async #publish(run: Run, node: number, work: Extract<Work, { kind: 'publish' }>): Promise<AttemptResult> {
    const text = (value: Json): string => textOf(run, node, value)
    const params = Object.fromEntries(Object.entries(work.params).map(([name, value]) => [name, text(value)]))
    const key = `publish:${run.id}:${node}:${taskAt(run, node).attempt}`
    const fired = await this.#deps.publish(run.projectId, text(work.channel), params, key)
    return fired.ok ? DONE : failed({ kind: 'cannot-start', reason: fired.problem.message })
  }

  /** @returns null when it is the end of that run that will be reported. */
  async #startChild(
    run: Run,
    node: number,
    fence: number,
    work: Extract<Work, { kind: 'run' }>,
  ): Promise<AttemptResult | null> {
    const { childRun, attempt } = taskAt(run, node)
    if (childRun !== null) return work.wait ? this.#resultOf(childRun) : DONE
    const name = textOf(run, node, work.pipeline)
    const pipeline = await this.#deps.named(run.projectId, name)
    if (pipeline === undefined) return cannotStart(`there is no pipeline ${name} in the project of the run`)
    const depth = (run.cause.origin?.as === 'upstream' ? run.cause.origin.depth : 0) + 1
    if (depth > DEPTH_MAX) return cannotStart(`runs that start runs may be ${DEPTH_MAX} deep, and this is one more`)
    const params = this.#deps.given(run, pipeline.id, valueOf(run, node, work.params) as JsonObject)
    if (!params.ok) return cannotStart(params.problem.message)
    const made = await this.#deps.start(pipeline, {
      params: params.value,
      cause: {
        kind: 'upstream',
        by: `${run.name} #${run.number}`,
        origin: { as: 'upstream', runId: run.id, depth },
      },
      actor: SERVER,
      key: `run:${run.id}:${node}:${attempt}`,
      parent: { runId: run.id, node },
    })
    if (!made.ok) return cannotStart(made.problem.message)
    const child = made.value.id
    await new Promise<void>((resolve) => {
      this.#deps.live.report(run.id, { type: 'link-child', node, fence, child }, SERVER, () => resolve())
    })
    return work.wait ? this.#resultOf(child) : DONE
  }

  /** null: it is not over yet. */
  async #resultOf(id: RunId): Promise<AttemptResult | null> {
    const child = await this.#deps.live.get(id)
    return child === undefined ? cannotStart(`run ${id}, which it had started, is not there`) : resultOf(child)
  }

  async #tellOfChild(run: Run, node: number, id: RunId): Promise<void> {
    const child = await this.#deps.live.get(id)
    if (child !== undefined) this.#reportChild(this.#deps.live.peek(run.id) ?? run, node, child)
  }

  #reportChild(parent: Run, node: number, child: Run): void {
    const { status, childRun, fence, stopping } = taskAt(parent, node)
    const result = resultOf(child)
    if (status !== 'running' || childRun !== child.id || result === null) return
    const asked = stopping !== null || parent.cancelling !== null
    this.#report(parent.id, node, fence, asked && child.outcome === 'cancelled' ? { kind: 'cancelled' } : result)
  }

  #follow(run: Run, node: number, fence: number, doing: Promise<AttemptResult | null>): void {
    doing.then(
      (result) => {
        if (result !== null) this.#report(run.id, node, fence, result)
      },
      (error: unknown) => {
        this.#deps.onDefect(error)
        const reason = error instanceof Error ? error.message : String(error)
        this.#report(run.id, node, fence, failed({ kind: 'internal', reason }))
      },
    )
  }

  #report(id: RunId, node: number, fence: number, result: AttemptResult): void {
    this.#deps.live.report(id, { type: 'report-attempt', node, fence, result }, SERVER)
  }
}

const DONE: AttemptResult = { kind: 'succeeded', outputs: null }
const failed = (failure: Failure): AttemptResult => ({ kind: 'failed', failure, outputs: null })
const cannotStart = (reason: string): AttemptResult => failed({ kind: 'cannot-start', reason })

/** null: it is not over yet. */
function resultOf(child: Run): AttemptResult | null {
  if (child.outcome === null) return null
  const outputs = runOutputs(child)
  if (child.outcome === 'succeeded') return { kind: 'succeeded', outputs }
  return { kind: 'failed', failure: failureOf(child, runStatus(child)), outputs }
}

function failureOf(child: Run, status: RunStatus): Failure {
  const name = `run ${child.name} #${child.number}`
  switch (status) {
    case 'errored':
    case 'rollback_errored':
      return { kind: 'internal', reason: `${name} ended as ${status}` }
    case 'timed_out':
      return { kind: 'timeout', afterMs: (child.endedAt ?? child.updatedAt) - (child.startedAt ?? child.createdAt) }
    case 'cancelled':
      return { kind: 'said-no', reason: `${name} was cancelled: ${child.cancelling?.reason ?? ''}` }
    case 'waiting':
    case 'queued':
    case 'running':
    case 'reviewing':
    case 'paused':
    case 'held':
    case 'rolling_back':
    case 'succeeded':
    case 'failed':
    case 'rolled_back':
    case 'rollback_failed':
      return { kind: 'said-no', reason: `${name} ended as ${status}` }
  }
}
