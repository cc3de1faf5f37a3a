import type { EventRecord, RunEvent } from '../model/event.ts'
import type { Plan } from '../model/plan.ts'
import type { Instant } from '../model/time.ts'

/**
 * - `waiting`: its stage has begun and it waits for other tasks, or for its next try
 * - `queued`: it waits for a runner
 * - `held`: it failed and waits for a person
 */
export const SEGMENT_KINDS = ['waiting', 'queued', 'running', 'reviewing', 'paused', 'held'] as const
export type SegmentKind = (typeof SEGMENT_KINDS)[number]

export interface Segment {
  readonly kind: SegmentKind
  readonly from: Instant
  /** null: until now. */
  readonly to: Instant | null
}

/** One attempt at a task, from the moment that something waited for it. Its segments follow each other. */
export interface AttemptBar {
  /** From 1. */
  readonly attempt: number
  readonly segments: readonly Segment[]
}

export interface Timeline {
  /** By place in the plan; tasks that nothing has happened to are left out. */
  readonly tasks: ReadonlyMap<number, readonly AttemptBar[]>
  /** Of each stage, from when to when it was at work; more than one when it was begun anew. */
  readonly stages: ReadonlyMap<number, readonly { readonly from: Instant; readonly to: Instant | null }[]>
}

interface Bar {
  attempt: number
  segments: { kind: SegmentKind; from: Instant; to: Instant | null }[]
}

/** Where the time of a run went. Pure: a fold of its events over the tree of its plan. */
export function timelineOf(plan: Plan, records: readonly EventRecord[]): Timeline {
  const fold = new Fold(plan)
  for (const { at, event } of records) fold.take(event, at)
  return { tasks: fold.tasks, stages: fold.stages }
}

class Fold {
  readonly #plan: Plan
  readonly tasks = new Map<number, Bar[]>()
  readonly stages = new Map<number, { from: Instant; to: Instant | null }[]>()
  /** What each paused node was at, to go back to. */
  readonly #paused = new Map<number, SegmentKind>()
  #runPaused = false
  readonly #nodePaused = new Set<number>()
  /** Tasks that wait for nothing any more, also when their stage is taken up again for others. */
  readonly #over = new Set<number>()

  constructor(plan: Plan) {
    this.#plan = plan
  }

  take(event: RunEvent, at: Instant): void {
    switch (event.type) {
      case 'StageStarted':
        return this.#stageStarted(event.node, at)
      case 'StageEnded':
        return this.#stageEnded(event.node, at)
      case 'TaskQueued':
        return this.#at(event.node, event.attempt, 'queued', at)
      case 'AttemptStarted':
        return this.#at(event.node, event.attempt, 'running', at)
      case 'ReviewOpened':
        return this.#at(event.node, event.attempt, 'reviewing', at)
      case 'TaskWithdrawn':
      case 'AttemptCancelled':
        return this.#close(event.node, at)
      case 'AttemptSucceeded':
      case 'NodeSkipped':
      case 'HoldExpired':
        this.#over.add(event.node)
        return this.#close(event.node, at)
      case 'NodePassed':
        if (!this.#isOpen(event.node)) this.#at(event.node, this.#next(event.node), 'running', at)
        return this.#close(event.node, at)
      case 'AttemptFailed':
        this.#close(event.node, at)
        if (event.next.do === 'retry') this.#at(event.node, event.attempt + 1, 'waiting', at)
        else if (event.next.do === 'hold') this.#at(event.node, event.attempt, 'held', at)
        else this.#over.add(event.node)
        return
      case 'NodeRetried':
        this.#over.delete(event.node)
        this.#close(event.node, at)
        if (this.#plan.nodes[event.node]?.kind === 'task') this.#at(event.node, this.#next(event.node), 'waiting', at)
        return
      case 'RunPaused':
        this.#runPaused = true
        for (const node of this.tasks.keys()) this.#pause(node, at)
        return
      case 'RunResumed':
        this.#runPaused = false
        for (const node of this.tasks.keys()) if (!this.#nodePaused.has(node)) this.#resume(node, at)
        return
      case 'NodePaused':
        this.#nodePaused.add(event.node)
        return this.#pause(event.node, at)
      case 'NodeResumed':
        this.#nodePaused.delete(event.node)
        return this.#runPaused ? undefined : this.#resume(event.node, at)
      case 'RunEnded':
        for (const node of this.tasks.keys()) this.#close(node, at)
        for (const node of this.stages.keys()) this.#closeStage(node, at)
        return
      case 'StageRetried':
      case 'RunRestarted':
        // What comes after begins again by itself; what was open until now is over.
        for (const task of this.#over) if (event.type === 'RunRestarted' || task > event.node) this.#over.delete(task)
        for (const node of this.tasks.keys()) this.#close(node, at)
        for (const node of this.stages.keys()) this.#closeStage(node, at)
        return
      case 'RunCreated':
      case 'TriggerFired':
      case 'ParamsChanged':
      case 'RunQueued':
      case 'RunStarted':
      case 'CancelRequested':
      case 'RunReopened':
      case 'StageWaiting':
      case 'RollbackStarted':
      case 'StageTimedOut':
      case 'DeadlineMoved':
      case 'ChildStarted':
      case 'StopRequested':
      case 'ReviewDecided':
        return
    }
  }

  #stageStarted(stage: number, at: Instant): void {
    const spans = this.stages.get(stage) ?? []
    spans.push({ from: at, to: null })
    this.stages.set(stage, spans)
    const node = this.#plan.nodes[stage]
    // In a flow nobody knows yet whom a token will come to.
    if (node?.kind !== 'stage' || node.flow !== null) return
    for (const task of node.tasks)
      if (!this.#isOpen(task) && !this.#over.has(task)) this.#at(task, this.#next(task), 'waiting', at)
  }

  #stageEnded(stage: number, at: Instant): void {
    this.#closeStage(stage, at)
    const node = this.#plan.nodes[stage]
    if (node?.kind === 'stage') for (const task of node.tasks) this.#close(task, at)
  }

  #closeStage(stage: number, at: Instant): void {
    const last = this.stages.get(stage)?.at(-1)
    if (last?.to === null) last.to = at
  }

  #isOpen(node: number): boolean {
    return this.tasks.get(node)?.at(-1)?.segments.at(-1)?.to === null
  }

  #next(node: number): number {
    return (this.tasks.get(node)?.at(-1)?.attempt ?? 0) + 1
  }

  /** From now on the node is at this, in this attempt; what it was at is over. */
  #at(node: number, attempt: number, kind: SegmentKind, at: Instant): void {
    this.#close(node, at)
    const bars = this.tasks.get(node) ?? []
    this.tasks.set(node, bars)
    let bar = bars.at(-1)
    if (bar?.attempt !== attempt) {
      // What waited for an attempt that was never made belongs to the one that is.
      const only = bar?.segments.every((one) => one.kind === 'waiting' || one.kind === 'paused') ?? false
      if (bar !== undefined && only) bar.attempt = attempt
      else bars.push((bar = { attempt, segments: [] }))
    }
    const before = bar.segments.at(-1)
    if (before !== undefined && before.from === at && before.kind !== 'running') bar.segments.pop()
    bar.segments.push({ kind, from: at, to: null })
    if (this.#runPaused || this.#nodePaused.has(node)) this.#pause(node, at)
  }

  #close(node: number, at: Instant): void {
    this.#paused.delete(node)
    const bar = this.tasks.get(node)?.at(-1)
    const last = bar?.segments.at(-1)
    if (bar === undefined || last?.to !== null) return
    last.to = at
    // Nobody sees what took no time, unless it is all there is.
    if (last.from === at && bar.segments.length > 1 && last.kind !== 'running') bar.segments.pop()
  }

  /** What runs goes on; what waits is paused. */
  #pause(node: number, at: Instant): void {
    const last = this.tasks.get(node)?.at(-1)?.segments.at(-1)
    if (last?.to !== null || last.kind === 'running' || last.kind === 'paused') return
    const was = last.kind
    last.to = at
    this.#paused.set(node, was)
    this.#swap(node, last, 'paused', at)
  }

  #resume(node: number, at: Instant): void {
    const was = this.#paused.get(node)
    const last = this.tasks.get(node)?.at(-1)?.segments.at(-1)
    if (was === undefined || last?.to !== null) return
    this.#paused.delete(node)
    last.to = at
    this.#swap(node, last, was, at)
  }

  #swap(node: number, last: Bar['segments'][number], kind: SegmentKind, at: Instant): void {
    const segments = this.tasks.get(node)?.at(-1)?.segments
    if (last.from === at) segments?.pop()
    segments?.push({ kind, from: at, to: null })
  }
}

/**
 * The tasks that made the run as long as it is, in their order: from the one that ended last, always back to the one
 * that it waited for longest. What goes on ends `now`.
 */
export function criticalPath(plan: Plan, timeline: Timeline, now: Instant): readonly number[] {
  const spans = new Map<number, { readonly from: Instant; readonly to: Instant }>()
  for (const [node, bars] of timeline.tasks) {
    const worked = bars.flatMap(({ segments }) =>
      segments.filter(({ kind }) => kind !== 'waiting' && kind !== 'paused'),
    )
    const [first] = worked
    const last = worked.at(-1)
    if (first !== undefined && last !== undefined) spans.set(node, { from: first.from, to: last.to ?? now })
  }
  const lastOf = (nodes: Iterable<number>, until: Instant, not: ReadonlySet<number>): number | undefined => {
    let best: number | undefined
    for (const node of nodes) {
      const span = spans.get(node)
      if (span === undefined || not.has(node) || span.from > until) continue
      if (best === undefined || span.to > (spans.get(best)?.to ?? 0)) best = node
    }
    return best
  }
  const seen = new Set<number>()
  const path: number[] = []
  let node = lastOf(spans.keys(), Infinity, seen)
  while (node !== undefined) {
    seen.add(node)
    path.push(node)
    node = lastOf(beforeOf(plan, node), spans.get(node)?.from ?? 0, seen)
  }
  return path.toReversed()
}

/** What a task may have waited for: what it needs, what leads to it in its flow, else the stages of the row before. */
function beforeOf(plan: Plan, index: number): readonly number[] {
  const node = plan.nodes[index]
  if (node?.kind !== 'task') return []
  const stage = plan.nodes[node.stage]
  if (stage?.kind !== 'stage') return []
  if (node.flow !== null) {
    const into = stage.tasks.filter((task) => {
      const other = plan.nodes[task]
      return other?.kind === 'task' && other.flow?.out.some(({ to }) => to === index) === true
    })
    if (into.length > 0) return into
    if (node.flow.parent !== null) return beforeOf(plan, node.flow.parent)
  }
  if (node.needs.length > 0) return node.needs
  for (let row = stage.row - 1; row >= 0; row -= 1) {
    const tasks = (plan.rows[row] ?? []).flatMap((at) => {
      const other = plan.nodes[at]
      return other?.kind === 'stage' ? other.tasks : []
    })
    if (tasks.length > 0) return tasks
  }
  return []
}
