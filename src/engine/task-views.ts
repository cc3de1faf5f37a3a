import { attemptVersion, nodeId } from '../model/id.ts'
import type { Plan } from '../model/plan.ts'
import type { ReviewView, TaskView } from '../model/view.ts'
import { allowedOnNode, takenBack } from './admits.ts'
import { approvalsNeeded } from './deadline.ts'
import { textOf } from './render.ts'
import {
  noCounts,
  ownOutputs,
  slotNow,
  slotOf,
  stageAt,
  stagePlan,
  standsStill,
  taskAt,
  taskPlan,
  workAt,
  type Counts,
  type NodeState,
  type Run,
  type Slot,
  type StageState,
  type TaskState,
} from './run.ts'
import { taskStatus } from './status.ts'
import { BRANCH_WIDTH } from './table.ts'

/** Some tasks of a stage that stand beside each other, as views show them, and what views of their run need of them. */
export interface Part {
  readonly views: readonly TaskView[]
  /** Edges that their tokens have gone along, by place. */
  readonly taken: readonly number[]
  /** Places of those that may wait for a person. */
  readonly waits: readonly number[]
  /** Places of those that failed, and for which nobody has passed over it. */
  readonly failed: readonly number[]
}

/**
 * A part of a large run as it was made last, with all that its views say besides the states of its own tasks: as long
 * as nothing of this changes, the part is the same.
 */
interface Kept extends Part {
  readonly setting: Setting
  /** A bit for each task that stands still. */
  readonly still: number
  /** Places of those that show more than their own state: sub-flows under way, and the texts of reviews. */
  readonly moving: readonly number[]
}

/**
 * Parts by the branch of the run's table that has the states of their tasks (table.ts), and by where they begin, as
 * several stages may share a branch. Of a run of 10,000 nodes, so, only those beside one that changed are made anew.
 */
const keptParts = new WeakMap<readonly NodeState[], Map<number, Kept>>()

/** The tasks of one stage after the other. @param keepFrom of runs with fewer nodes nothing is kept: see {@link viewOf}. */
export function taskParts(run: Run, keepFrom: number): ReadonlyMap<number, readonly Part[]> {
  const inner = countsInside(run)
  const parts = new Map<number, readonly Part[]>()
  const branches = run.plan.nodes.length < keepFrom ? null : run.nodes.branches()
  for (const stage of run.plan.stages) {
    const first = stage + 1
    const end = first + stagePlan(run.plan, stage).tasks.length
    if (branches === null) parts.set(stage, first === end ? [] : [makePart(run, first, end, inner)])
    else parts.set(stage, keptOf(run, first, end, branches, settingOf(run, stage), inner))
  }
  return parts
}

function keptOf(
  run: Run,
  first: number,
  end: number,
  branches: readonly (readonly NodeState[])[],
  setting: Setting,
  inner: ReadonlyMap<number, Counts>,
): readonly Part[] {
  const parts: Part[] = []
  for (let from = first; from < end;) {
    const place = Math.floor(from / BRANCH_WIDTH)
    const to = Math.min(end, (place + 1) * BRANCH_WIDTH)
    parts.push(keptPart(run, from, to, branches[place]!, setting, inner))
    from = to
  }
  return parts
}

function keptPart(
  run: Run,
  from: number,
  to: number,
  branch: readonly NodeState[],
  setting: Setting,
  inner: ReadonlyMap<number, Counts>,
): Part {
  let known = keptParts.get(branch)
  if (known === undefined) keptParts.set(branch, (known = new Map<number, Kept>()))
  const kept = known.get(from)
  const still = hasSubflows(run.plan) ? stillBits(run, from, to) : 0
  if (
    kept !== undefined &&
    isSame(kept.setting, setting) &&
    kept.still === still &&
    kept.moving.every((index) => showsTheSame(run, kept.views[index - from]!, inner))
  ) {
    return kept
  }
  // What is allowed, say, may be otherwise now; mostly it is not.
  const isAsBefore = kept?.views.every((view) => showsTheSame(run, view, inner) && isAllowedTheSame(run, view))
  const part = kept !== undefined && isAsBefore === true ? kept : makePart(run, from, to, inner)
  const made = { ...part, setting, still, moving: movingOf(run, from, to) }
  known.set(from, made)
  return made
}

function stillBits(run: Run, from: number, to: number): number {
  let bits = 0
  for (let index = from; index < to; index += 1) if (standsStill(run, index)) bits |= 1 << (index - from)
  return bits
}

const isReview = (plan: Plan, index: number): boolean => taskPlan(plan, index).spec.work.kind === 'review'

function movingOf(run: Run, from: number, to: number): readonly number[] {
  const moving: number[] = []
  for (let index = from; index < to; index += 1) {
    if (taskAt(run, index).status === 'open' || isReview(run.plan, index)) moving.push(index)
  }
  return moving
}

/** Of a task whose state is the same: a sub-flow shows what is in it, a review asks a text with values of the run. */
function showsTheSame(run: Run, view: TaskView, inner: ReadonlyMap<number, Counts>): boolean {
  const { index } = view
  if (view.status !== taskStatus(run, index, inner.get(index))) return false
  const { work } = taskPlan(run.plan, index).spec
  return work.kind !== 'review' || view.review?.question === textOf(run, index, work.question)
}

/** The same actions are the same list (admits.ts). */
const isAllowedTheSame = (run: Run, { index, allowed, held }: TaskView): boolean =>
  held === isHeld(run, index) && allowed === allowedOnNode(run, index)

function makePart(run: Run, from: number, to: number, inner: ReadonlyMap<number, Counts>): Part {
  const [views, taken, waits, failed] = [[] as TaskView[], [] as number[], [] as number[], [] as number[]]
  for (let index = from; index < to; index += 1) {
    const state = taskAt(run, index)
    views.push(taskView(run, index, inner.get(index)))
    if (slotOf(state) === 'done') {
      if (state.taken !== null) taken.push(...state.taken)
      else for (const { edge } of taskPlan(run.plan, index).flow?.out ?? []) taken.push(edge)
    }
    if (mayWait(run, index, state)) waits.push(index)
    if (state.failure !== null && state.policy !== null && state.policy !== 'continue') failed.push(index)
  }
  return { views, taken, waits, failed }
}

function mayWait(run: Run, index: number, state: TaskState): boolean {
  const slot = slotOf(state)
  if (slot === 'paused' || slot === 'held' || slot === 'reviewing') return true
  return slot === 'running' && workAt(run, index).kind === 'callback'
}

/** What views of tasks say besides the tasks' own states. */
interface Setting {
  readonly stage: StageState
  readonly phase: Run['phase']
  readonly outcome: Run['outcome']
  readonly cancelling: boolean
  readonly paused: boolean
  readonly rollback: number | null
  /** The first stage of which something was taken back. */
  readonly takenBack: number | undefined
}

const settingOf = (run: Run, stage: number): Setting => ({
  stage: stageAt(run, stage),
  phase: run.phase,
  outcome: run.outcome,
  cancelling: run.cancelling !== null,
  paused: run.pausedAt !== null,
  rollback: run.rollback,
  takenBack: run.phase === 'ended' ? takenBack(run) : undefined,
})

const isSame = (one: Setting, other: Setting): boolean =>
  one.stage === other.stage &&
  one.phase === other.phase &&
  one.outcome === other.outcome &&
  one.cancelling === other.cancelling &&
  one.paused === other.paused &&
  one.rollback === other.rollback &&
  one.takenBack === other.takenBack

const withSubflows = new WeakMap<Plan, boolean>()

function hasSubflows(plan: Plan): boolean {
  let found = withSubflows.get(plan)
  if (found === undefined) {
    found = plan.nodes.some((node) => node.kind === 'task' && node.flow !== null && node.flow.parent !== null)
    withSubflows.set(plan, found)
  }
  return found
}

const NOTHING_INSIDE: ReadonlyMap<number, Counts> = new Map()

/** What is in each sub-flow, those inside of it too. */
function countsInside(run: Run): ReadonlyMap<number, Counts> {
  if (!hasSubflows(run.plan)) return NOTHING_INSIDE
  const inside = new Map<number, Record<Slot, number>>()
  for (const { index, kind } of run.plan.nodes) {
    if (kind !== 'task') continue
    const slot = slotNow(run, index)
    let around = taskPlan(run.plan, index).flow?.parent ?? null
    for (; around !== null; around = taskPlan(run.plan, around).flow?.parent ?? null) {
      let counts = inside.get(around)
      if (counts === undefined) inside.set(around, (counts = noCounts()))
      counts[slot] += 1
    }
  }
  return inside
}

function taskView(run: Run, index: number, inner: Counts | undefined): TaskView {
  const { spec, flow, stage } = taskPlan(run.plan, index)
  const state = taskAt(run, index)
  return {
    kind: 'task',
    id: nodeId(run.id, index),
    index,
    key: spec.key,
    name: spec.name,
    description: spec.description,
    status: taskStatus(run, index, inner),
    startedAt: state.startedAt,
    endedAt: state.endedAt,
    skipped: state.skipped,
    excluded: state.excluded || stageAt(run, stage).excluded,
    annotations: spec.annotations,
    role: spec.role,
    work: spec.work,
    needs: spec.needs,
    parent: spec.parent,
    skippable: spec.skippable,
    retryable: spec.retryable,
    optional: spec.optional,
    loop: flow === null ? Number(state.attempt > 0 || state.status === 'skipped') : state.loop,
    innerLoop: flow === null ? Number(state.attempt > 0 || state.status === 'skipped') : state.innerLoop,
    version: attemptVersion(run.id, index, state.attempt),
    paused: state.pausedAt !== null,
    inputs: state.inputs,
    given: state.given,
    childRun: state.childRun,
    labels: spec.labels,
    attempt: state.attempt,
    retry: Math.max(0, state.attempt - state.loopAt - 1),
    // One that is waited for is counted, and not made yet.
    retries: Math.max(0, state.retries - Number(state.retryAt !== null)),
    queuedAt: state.queuedAt,
    retryAt: state.retryAt,
    deadlineAt: state.deadlineAt,
    runner: state.runner,
    failure: state.failure,
    ignored: state.policy === 'continue',
    held: isHeld(run, index),
    outputs: state.outputs,
    made: ownOutputs(state),
    review: reviewView(run, index),
    earlier: state.earlier,
    allowed: allowedOnNode(run, index),
  }
}

const isHeld = (run: Run, index: number): boolean => run.phase === 'live' && slotOf(taskAt(run, index)) === 'held'

function reviewView(run: Run, index: number): ReviewView | null {
  const { work } = taskPlan(run.plan, index).spec
  if (work.kind !== 'review') return null
  return {
    question: textOf(run, index, work.question),
    reviewers: work.reviewers,
    required: approvalsNeeded(work),
    decisions: taskAt(run, index).decisions,
  }
}
