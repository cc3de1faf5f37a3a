import type { Actor, Cause, Outputs, RunEvent } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import type { PipelineId, ProjectId, RunId } from '../model/id.ts'
import type { JsonObject } from '../model/json.ts'
import type { FailurePolicy } from '../model/definition.ts'
import type { Plan, StagePlan, TaskPlan } from '../model/plan.ts'
import type { EndStatus } from '../model/status.ts'
import type { Instant } from '../model/time.ts'
import type { AttemptView } from '../model/view.ts'
import { Table } from './table.ts'

/** A run as the engine knows it: the fold of its events over its plan. Never changed in place; old ones stay readable. */
export interface Run {
  readonly id: RunId
  /** Events so far. */
  readonly seq: number
  readonly plan: Plan
  readonly projectId: ProjectId
  readonly pipelineId: PipelineId
  readonly version: number
  readonly number: number
  readonly serial: number
  readonly name: string
  readonly cause: Cause
  readonly params: JsonObject
  /** Per trigger of the definition: when it fired and what with. */
  readonly triggers: readonly ({ readonly at: Instant; readonly params: Readonly<Record<string, string>> } | null)[]
  readonly phase: 'waiting' | 'live' | 'ended'
  readonly outcome: EndStatus | null
  readonly createdAt: Instant
  /** Since when it waits for its turn; null: it does not. */
  readonly queuedAt: Instant | null
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
  readonly updatedAt: Instant
  readonly pausedAt: Instant | null
  readonly pausedMs: number
  readonly cancelling: Cancelling | null
  /** The run's own timeout. */
  readonly deadlineAt: Instant | null
  readonly pass: number
  /** Whether any attempt has begun in this pass. */
  readonly begun: boolean
  readonly counts: Counts
  readonly open: OpenStage | null
  readonly nodes: Table<NodeState>
}

/** The stage under way. There is never more than one: whatever is retried or skipped, stages are taken up in their order. */
export interface OpenStage {
  readonly index: number
  /** How many of its tasks are where. */
  readonly counts: Counts
}

export interface Cancelling {
  readonly as: 'cancelled' | 'timed_out'
  readonly at: Instant
  readonly by: Actor
  readonly reason: string
  readonly deadline: Instant
}

/** How many tasks are where: kept with every event, so that no status needs a look at all nodes. */
export type Counts = Readonly<Record<Slot, number>>
/**
 * `done`: succeeded, skipped or failed and passed over. `held`: failed under `hold`. `restarting`: failed under
 * `restart`. `failed`, `errored`, `timed_out`: it fails the run.
 */
export type Slot =
  | 'pending'
  | 'queued'
  | 'running'
  | 'reviewing'
  | 'held'
  | 'restarting'
  | 'failed'
  | 'errored'
  | 'timed_out'
  | 'cancelled'
  | 'done'

export type NodeState = StageState | TaskState

export interface StageState {
  readonly kind: 'stage'
  /** `pending` with a start: a person took up something in it after it had ended; it waits for its turn again. */
  readonly status: 'pending' | 'running' | 'skipped' | EndStatus
  readonly begun: boolean
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
  readonly deadlineAt: Instant | null
  readonly timedOut: boolean
  readonly skipped: Skipped | null
}

export interface TaskState {
  readonly kind: 'task'
  readonly status: 'pending' | 'queued' | 'running' | 'reviewing' | 'skipped' | EndStatus
  /** Tasks it needs that are not over yet. */
  readonly unmet: number
  /** The present attempt, from 1; 0: none yet. */
  readonly attempt: number
  /** The attempt that it had reached when it was last taken up by a person or a pass; 0 at first. */
  readonly takenUpAt: number
  /** Counted retries since the node was last taken up by a person or a pass. */
  readonly retries: number
  /** The run's seq when the present attempt began: a report must show it. */
  readonly fence: number
  /** A person asked for it: it starts, and stays queued, although the run is failing. */
  readonly asked: boolean
  readonly queuedAt: Instant | null
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
  /** What it means depends on the status: not started, timeout, end of sleep, expiry of review or hold. */
  readonly deadlineAt: Instant | null
  readonly retryAt: Instant | null
  readonly runner: string | null
  readonly stopping: Failure | null
  readonly failure: Failure | null
  /** What its failure means for the run; null while it has not failed for good, and when a person has passed over it. */
  readonly policy: FailurePolicy | null
  readonly skipped: Skipped | null
  readonly outputs: Outputs
  readonly decisions: readonly Decision[]
  readonly earlier: readonly AttemptView[]
}

export interface Skipped {
  readonly because: 'condition' | 'operator'
  readonly reason: string
}
export interface Decision {
  readonly by: string
  readonly decision: 'approve' | 'reject'
  readonly comment: string
  readonly at: Instant
}

const NO_COUNTS: Counts = {
  pending: 0,
  queued: 0,
  running: 0,
  reviewing: 0,
  held: 0,
  restarting: 0,
  failed: 0,
  errored: 0,
  timed_out: 0,
  cancelled: 0,
  done: 0,
}

/** Where a task counts. */
export function slotOf(task: TaskState): Slot {
  switch (task.status) {
    case 'succeeded':
    case 'skipped':
      return 'done'
    case 'failed':
    case 'errored':
    case 'timed_out':
      if (task.policy === 'continue') return 'done'
      if (task.policy === 'hold') return 'held'
      return task.policy === 'restart' ? 'restarting' : task.status
    case 'pending':
    case 'queued':
    case 'running':
    case 'reviewing':
    case 'cancelled':
      return task.status
  }
}

export function countTasks(tasks: readonly TaskState[]): Counts {
  const counts: Record<Slot, number> = { ...NO_COUNTS }
  for (const task of tasks) counts[slotOf(task)] += 1
  return counts
}

/** The run as `RunCreated` makes it; every other event folds onto this (evolve.ts). */
export function createdRun(id: RunId, plan: Plan, event: Extract<RunEvent, { type: 'RunCreated' }>, at: Instant): Run {
  return {
    id,
    seq: 1,
    plan,
    projectId: event.projectId,
    pipelineId: event.pipelineId,
    version: event.version,
    number: event.number,
    serial: event.serial,
    name: event.name,
    cause: event.cause,
    params: event.params,
    triggers: plan.definition.triggers?.list.map(() => null) ?? [],
    phase: 'waiting',
    outcome: null,
    createdAt: at,
    queuedAt: null,
    startedAt: null,
    endedAt: null,
    updatedAt: at,
    pausedAt: null,
    pausedMs: 0,
    cancelling: null,
    deadlineAt: null,
    pass: 1,
    begun: false,
    counts: pendingCounts(plan),
    open: null,
    nodes: freshNodes(plan),
  }
}

function freshNodes(plan: Plan): Table<NodeState> {
  return Table.from(plan.nodes.map((node) => (node.kind === 'stage' ? FRESH_STAGE : freshTask(node.needs.length))))
}

/** All tasks pending: where a run begins, and begins again under the policy `restart`. */
export const pendingCounts = (plan: Plan): Counts => ({ ...NO_COUNTS, pending: plan.taskCount })

export const FRESH_STAGE: StageState = {
  kind: 'stage',
  status: 'pending',
  begun: false,
  startedAt: null,
  endedAt: null,
  deadlineAt: null,
  timedOut: false,
  skipped: null,
}

const NO_OUTPUTS: Outputs = {}

export const freshTask = (unmet: number): TaskState => ({
  kind: 'task',
  status: 'pending',
  unmet,
  attempt: 0,
  takenUpAt: 0,
  retries: 0,
  fence: 0,
  asked: false,
  queuedAt: null,
  startedAt: null,
  endedAt: null,
  deadlineAt: null,
  retryAt: null,
  runner: null,
  stopping: null,
  failure: null,
  policy: null,
  skipped: null,
  outputs: NO_OUTPUTS,
  decisions: [],
  earlier: [],
})

/** The tasks of the stage under way: no other task is at work or waits for somebody. */
export const openTasks = ({ plan, open }: Run): readonly number[] =>
  open === null ? [] : stagePlan(plan, open.index).tasks

/** @throws TypeError when the node is no task: a broken assumption. */
export function taskAt(run: Run, index: number): TaskState {
  const state = run.nodes.at(index)
  if (state.kind !== 'task') throw new TypeError(`node ${index} of run ${run.id} is a stage, expected a task`)
  return state
}
export function stageAt(run: Run, index: number): StageState {
  const state = run.nodes.at(index)
  if (state.kind !== 'stage') throw new TypeError(`node ${index} of run ${run.id} is a task, expected a stage`)
  return state
}
export function taskPlan(plan: Plan, index: number): TaskPlan {
  const node = plan.nodes[index]
  if (node?.kind !== 'task') throw new TypeError(`node ${index} is no task of the plan`)
  return node
}
export function stagePlan(plan: Plan, index: number): StagePlan {
  const node = plan.nodes[index]
  if (node?.kind !== 'stage') throw new TypeError(`node ${index} is no stage of the plan`)
  return node
}
