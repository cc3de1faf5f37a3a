import type { Actor, Cause, Outputs, ParentRef, RunEvent } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import type { PipelineId, ProjectId, RunId } from '../model/id.ts'
import type { JsonObject } from '../model/json.ts'
import type { FailurePolicy, Work } from '../model/definition.ts'
import type { Plan, PlanNode, StagePlan, TaskPlan } from '../model/plan.ts'
import type { Priority } from '../model/priority.ts'
import type { EndStatus } from '../model/status.ts'
import type { Instant } from '../model/time.ts'
import type { AttemptView, DecisionView, SkippedView } from '../model/view.ts'
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
  readonly annotations: Readonly<Record<string, string>>
  readonly parent: ParentRef | null
  readonly priority: Priority
  /** Per trigger of the definition. */
  readonly triggers: readonly Fired[]
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
  /** It had ended, and was taken up again. */
  readonly reopened: boolean
  /** Whether any attempt has begun in this pass. */
  readonly begun: boolean
  readonly counts: Counts
  /** Stages under way: of one row of the plan, as whatever is retried or skipped, rows are taken up in their order. */
  readonly open: readonly OpenStage[]
  /** Stages whose turn has come and whose triggers have not fired. */
  readonly waiting: readonly number[]
  /** The stage that is taken back; then nothing else goes on. */
  readonly rollback: number | null
  readonly nodes: Table<NodeState>
}

/** When a trigger fired and what with; null: it has not. */
export type Fired = { readonly at: Instant; readonly params: Readonly<Record<string, string>> } | null

/** A stage under way. */
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
  /** null: what is at work ends by itself. */
  readonly deadline: Instant | null
}

/** How many tasks are where: kept with every event, so that no status needs a look at all nodes. */
export type Counts = Readonly<Record<Slot, number>>
/**
 * `done`: succeeded, skipped or failed and passed over. `held`: failed under `hold`. `restarting`: failed under
 * `restart`. `failed`, `errored`, `timed_out`: it fails the run. `paused`: it would go on, and a person does not want it
 * to. `open`: a sub-flow that has begun; what is in it counts by itself. `rolled_back` and its kin: it was taken back.
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
  | 'paused'
  | 'open'
  | 'rolled_back'
  | 'rollback_failed'
  | 'rollback_errored'
  | 'done'

export type NodeState = StageState | TaskState

export interface StageState {
  readonly kind: 'stage'
  /** `pending` with a start: a person took up something in it after it had ended; it waits for its turn again. */
  readonly status: 'pending' | 'waiting' | 'running' | 'rolling_back' | 'skipped' | EndStatus
  /** Per trigger of the stage. */
  readonly triggers: readonly Fired[]
  /** Left out of this run. */
  readonly excluded: boolean
  readonly begun: boolean
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
  readonly deadlineAt: Instant | null
  readonly timedOut: boolean
  readonly skipped: Skipped | null
}

export interface TaskState {
  readonly kind: 'task'
  /** `open`: a sub-flow that has begun. */
  readonly status: 'pending' | 'queued' | 'running' | 'open' | 'reviewing' | 'skipped' | EndStatus
  /** Tasks it needs that are not over yet; in a flow: tokens that it waits for. */
  readonly unmet: number
  /** In a flow: how often a token has come to it. */
  readonly loop: number
  /** How often since the sub-flow that it is in last began; the same as `loop` outside of one. */
  readonly innerLoop: number
  /** Which attempt of that sub-flow `innerLoop` counts in; 0: outside of one. */
  readonly outerAttempt: number
  /** The attempt that it had reached when the token last came. */
  readonly loopAt: number
  /** Of a gateway: the edges that its token has gone along, by place; null: all, or it has not been passed. */
  readonly taken: readonly number[] | null
  /** Left out of this run. */
  readonly excluded: boolean
  /** Since when a person does not want it to go on. */
  readonly pausedAt: Instant | null
  /** It ended while it was paused: what comes after it waits. */
  readonly withheld: boolean
  /** It is being taken back, or was. */
  readonly rollingBack: boolean
  /** In place of the definition's. */
  readonly inputs: JsonObject | null
  /** The same in the words of who gave them; null: there are no others. */
  readonly given: JsonObject | null
  readonly childRun: RunId | null
  /** The present attempt, from 1; 0: none yet. */
  readonly attempt: number
  /** The attempt that it had reached when it was last taken up by a person or a pass; 0 at first. */
  readonly takenUpAt: number
  /** Counted retries since the node was last taken up by a person or a pass; of a `bamboo` definition, of all passes. */
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
  /** What was made last, be it by an attempt before. */
  readonly outputs: Outputs
  /** The attempt that made `outputs`; 0: none has. */
  readonly madeBy: number
  readonly decisions: readonly Decision[]
  readonly earlier: readonly AttemptView[]
}

export type Skipped = SkippedView
export type Decision = DecisionView

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
  paused: 0,
  open: 0,
  rolled_back: 0,
  rollback_failed: 0,
  rollback_errored: 0,
  done: 0,
}

/** Where a task counts. */
export function slotOf(task: TaskState): Slot {
  switch (task.status) {
    case 'succeeded':
    case 'skipped':
      return task.withheld ? 'paused' : 'done'
    case 'failed':
    case 'errored':
    case 'timed_out':
      if (task.policy === 'continue') return task.withheld ? 'paused' : 'done'
      if (task.policy === 'hold') return 'held'
      return task.policy === 'restart' ? 'restarting' : task.status
    case 'pending':
      return task.pausedAt !== null && task.unmet === 0 ? 'paused' : 'pending'
    case 'queued':
    case 'open':
      return task.pausedAt === null ? task.status : 'paused'
    case 'running':
    case 'reviewing':
    case 'cancelled':
    case 'rolled_back':
    case 'rollback_failed':
    case 'rollback_errored':
      return task.status
  }
}

export const noCounts = (): Record<Slot, number> => ({ ...NO_COUNTS })

export function countTasks(tasks: readonly TaskState[]): Counts {
  const counts = noCounts()
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
    annotations: event.annotations ?? {},
    parent: event.parent ?? null,
    priority: event.priority ?? plan.definition.priority ?? 'normal',
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
    reopened: false,
    begun: false,
    counts: pendingCounts(plan),
    open: [],
    waiting: [],
    rollback: null,
    nodes: freshNodes(plan, event.excluded ?? []),
  }
}

function freshNodes(plan: Plan, excluded: readonly number[]): Table<NodeState> {
  const left = new Set(excluded)
  return Table.from(
    plan.nodes.map((node) => {
      const state = freshNode(node)
      return left.has(node.index) ? { ...state, excluded: true } : state
    }),
  )
}

export const freshNode = (node: PlanNode): NodeState => (node.kind === 'stage' ? freshStage(node) : freshTask(node))

/** All tasks pending: where a run begins, and begins again under the policy `restart`. */
export const pendingCounts = (plan: Plan): Counts => ({ ...NO_COUNTS, pending: plan.taskCount })

const FRESH_STAGE: StageState = {
  kind: 'stage',
  status: 'pending',
  triggers: [],
  excluded: false,
  begun: false,
  startedAt: null,
  endedAt: null,
  deadlineAt: null,
  timedOut: false,
  skipped: null,
}

export const freshStage = ({ spec }: StagePlan): StageState =>
  spec.triggers === null ? FRESH_STAGE : { ...FRESH_STAGE, triggers: spec.triggers.list.map(() => null) }

const NO_OUTPUTS: Outputs = {}

/** In a flow every node waits for one token; a converge gateway is told of more by the gateway that sends them. */
export const freshTask = ({ needs, flow }: TaskPlan): TaskState => ({
  kind: 'task',
  status: 'pending',
  unmet: flow === null ? needs.length : 1,
  loop: 0,
  innerLoop: 0,
  outerAttempt: 0,
  loopAt: 0,
  taken: null,
  excluded: false,
  pausedAt: null,
  withheld: false,
  rollingBack: false,
  inputs: null,
  given: null,
  childRun: null,
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
  madeBy: 0,
  decisions: [],
  earlier: [],
})

/** What the present attempt has made itself. */
export const ownOutputs = ({ attempt, outputs, madeBy }: TaskState): Outputs =>
  madeBy === attempt ? outputs : NO_OUTPUTS

/** BlueKing's engine counts what a node tries by itself for as long as its task lives. */
export const keptRetries = ({ plan }: Run, { retries }: TaskState): number =>
  plan.definition.language === 'bamboo' ? retries : 0

const NONE: readonly number[] = []

/** The tasks of the stages under way: no other task is at work or waits for somebody. */
export function openTasks({ plan, open }: Run): readonly number[] {
  const [first] = open
  if (first === undefined) return NONE
  return open.length === 1
    ? stagePlan(plan, first.index).tasks
    : open.flatMap(({ index }) => stagePlan(plan, index).tasks)
}

/** A person wants it to stand still: it, or a sub-flow around it. What is taken back is, all the same. */
export function standsStill(run: Run, index: number): boolean {
  if (run.rollback !== null) return false
  for (let at: number | null = index; at !== null; at = taskPlan(run.plan, at).flow?.parent ?? null) {
    if (taskAt(run, at).pausedAt !== null) return true
  }
  return false
}

/** A person has passed over it before its turn: what comes after it still waits for what comes before it. */
export const isAhead = ({ status, unmet, skipped, attempt, takenUpAt }: TaskState): boolean =>
  status === 'skipped' && unmet > 0 && skipped?.because === 'operator' && attempt === takenUpAt

/** Where it counts for what is around it: a next try that waits in a sub-flow that is paused stands still, too. */
export function slotNow(run: Run, index: number): Slot {
  const slot = slotOf(taskAt(run, index))
  return slot === 'queued' && standsStill(run, index) ? 'paused' : slot
}

export const isOpen = ({ open }: Run, stage: number): boolean => open.some(({ index }) => index === stage)

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
/** What a task does now: its work, or how that is taken back. */
export function workAt(run: Run, index: number): Work {
  const { work, rollback } = taskPlan(run.plan, index).spec
  return taskAt(run, index).rollingBack && rollback !== null ? rollback : work
}
export function stagePlan(plan: Plan, index: number): StagePlan {
  const node = plan.nodes[index]
  if (node?.kind !== 'stage') throw new TypeError(`node ${index} is no stage of the plan`)
  return node
}
