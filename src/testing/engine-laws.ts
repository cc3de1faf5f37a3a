import { allowedOnNode, allowedOnRun } from '../engine/admits.ts'
import { advance, type Outcome } from '../engine/advance.ts'
import {
  isAhead,
  slotOf,
  stageAt,
  stagePlan,
  taskAt,
  taskPlan,
  type Counts,
  type Run,
  type StageState,
  type TaskState,
} from '../engine/run.ts'
import { runStatus, stageStatus } from '../engine/status.ts'
import {
  NODE_ACTIONS,
  RUN_ACTIONS,
  type NodeAction,
  type OperatorCommand,
  type Rejection,
  type RunAction,
} from '../model/command.ts'
import type { RunEvent } from '../model/event.ts'
import { isEnded } from '../model/status.ts'
import { nodeLaws } from './task-laws.ts'

/**
 * What must hold of every run that the engine can make, said a second time and slowly: each law looks at all nodes,
 * where the engine keeps counts. A law gives the sentences that are not true; none: all is well.
 */
export function brokenLaws(run: Run): readonly string[] {
  return [
    ...countLaws(run),
    ...stageLaws(run),
    ...needLaws(run),
    ...reviewLaws(run),
    ...endLaws(run),
    ...nodeLaws(run),
    ...statusLaws(run),
    ...stuckLaws(run),
  ]
}

const tasksOf = (run: Run): readonly { readonly index: number; readonly state: TaskState }[] =>
  run.plan.nodes.flatMap(({ kind, index }) => (kind === 'task' ? [{ index, state: taskAt(run, index) }] : []))

function countLaws(run: Run): readonly string[] {
  const broken: string[] = []
  const compare = (what: string, counts: Counts, tasks: readonly TaskState[]): void => {
    for (const [slot, count] of Object.entries(counts)) {
      const found = tasks.filter((task) => slotOf(task) === slot).length
      if (found !== count) broken.push(`${what} counts ${count} ${slot}, there are ${found}`)
    }
  }
  compare(
    'the run',
    run.counts,
    tasksOf(run).map(({ state }) => state),
  )
  for (const { index, counts } of run.open) {
    const tasks = stagePlan(run.plan, index).tasks.map((task) => taskAt(run, task))
    compare(`the open stage ${index}`, counts, tasks)
  }
  return broken
}

function stageLaws(run: Run): readonly string[] {
  const broken: string[] = []
  const running = run.plan.stages.filter((stage) => stageAt(run, stage).status === 'running')
  const open = run.open.map(({ index }) => index).toSorted((left, right) => left - right)
  const atWork = run.rollback === null ? running : [run.rollback]
  if (atWork.join() !== open.join()) broken.push(`open are stages ${open.join()}, running are ${atWork.join()}`)
  const rows = new Set(open.map((stage) => stagePlan(run.plan, stage).row))
  if (rows.size > 1) broken.push(`stages ${open.join()} of several rows run at once`)
  for (const { index, state } of tasksOf(run)) {
    const stage = stageAt(run, taskPlan(run.plan, index).stage)
    const active = state.status === 'queued' || state.status === 'running' || state.status === 'reviewing'
    if (active && stage.status !== 'running' && !(state.rollingBack && stage.status === 'rolling_back'))
      broken.push(`task ${index} is ${state.status} in a stage that is ${stage.status}`)
    // Branches that were not taken stay as they were.
    const isPassedBy = taskPlan(run.plan, index).flow !== null && state.status === 'pending'
    if (stage.status === 'succeeded' && slotOf(state) !== 'done' && !isPassedBy)
      broken.push(`task ${index} of a stage that succeeded is ${state.status}`)
    if (stage.status === 'skipped' && state.status !== 'skipped')
      broken.push(`task ${index} of a skipped stage is ${state.status}`)
  }
  return broken
}

const TAKING_BACK: ReadonlySet<TaskState['status']> = new Set(['queued', 'running'])

/** Nothing begins before all that it needs is over, however it came to be over. */
function needLaws(run: Run): readonly string[] {
  const broken: string[] = []
  // There a task waits for what came after it.
  const takenBack = new Set(
    tasksOf(run).flatMap(({ index, state }) => (state.rollingBack ? [taskPlan(run.plan, index).stage] : [])),
  )
  for (const { index, state } of tasksOf(run)) {
    const { flow, needs } = taskPlan(run.plan, index)
    const isTakenBack = (need: number): boolean => {
      const { rollingBack, status } = taskAt(run, need)
      return rollingBack && TAKING_BACK.has(status)
    }
    if (flow === null && state.rollingBack && state.status === 'pending' && needs.some(isTakenBack))
      broken.push(`what task ${index} needs is taken back before it`)
    if (flow !== null || takenBack.has(taskPlan(run.plan, index).stage)) continue
    // What ended while it was paused lets nothing go on, nor what was passed over before its turn.
    const unmet = needs.filter((need) => slotOf(taskAt(run, need)) !== 'done' || isAhead(taskAt(run, need))).length
    const stage = stageAt(run, taskPlan(run.plan, index).stage)
    if (stage.status !== 'skipped' && state.unmet !== unmet)
      broken.push(`task ${index} waits for ${state.unmet}, should for ${unmet}`)
    const isAlways = taskPlan(run.plan, index).spec.always === true
    if (unmet > 0 && !isAlways && state.status !== 'pending' && state.status !== 'skipped')
      broken.push(`task ${index} is ${state.status} before what it needs`)
  }
  return broken
}

const AT_REVIEW: ReadonlySet<string> = new Set(['reviewing', 'succeeded'])

/** What a person has to allow goes on when enough people have, and nobody has said no. Of each attempt this is kept. */
function reviewLaws(run: Run): readonly string[] {
  const broken: string[] = []
  for (const { index, state } of tasksOf(run)) {
    const { work } = taskPlan(run.plan, index).spec
    if (work.kind !== 'review') continue
    const required = work.required === 'all' ? Math.max(1, new Set(work.reviewers).size) : work.required
    for (const { status, attempt, decisions } of [...state.earlier, state]) {
      const rejected = decisions.some(({ decision }) => decision === 'reject')
      if (rejected && AT_REVIEW.has(status)) broken.push(`review ${index} is ${status} at attempt ${attempt}, rejected`)
      if (status !== 'succeeded') continue
      const approvals = new Set(decisions.filter(({ decision }) => decision === 'approve').map(({ by }) => by))
      if (approvals.size < required)
        broken.push(`attempt ${attempt} of review ${index} succeeded with ${approvals.size} of ${required} approvals`)
    }
  }
  return broken
}

function endLaws(run: Run): readonly string[] {
  const broken: string[] = []
  const { phase, outcome, counts, open } = run
  if ((phase === 'ended') !== (outcome !== null)) broken.push(`phase ${phase} with outcome ${outcome}`)
  if ((phase === 'ended') !== (run.endedAt !== null)) broken.push(`phase ${phase} with end ${run.endedAt}`)
  if (phase === 'ended' && run.pausedAt !== null) broken.push('ended and still paused')
  if (phase !== 'live' && open.length + run.waiting.length > 0) broken.push(`${phase} with open stages`)
  if (phase !== 'live' && counts.queued + counts.running + counts.reviewing > 0)
    broken.push(`${phase} with work under way`)
  const inFlows = run.plan.nodes.filter((node) => node.kind === 'task' && node.flow !== null).length
  const done = counts.done + (inFlows > 0 ? counts.pending : 0)
  if (outcome === 'succeeded' && done !== run.plan.taskCount)
    broken.push(`succeeded with ${counts.done} of ${run.plan.taskCount} tasks done`)
  if (run.startedAt !== null && run.cancelling === null && phase === 'ended' && outcome !== 'succeeded') {
    const unsuccessful = counts.failed + counts.errored + counts.timed_out + counts.restarting + counts.cancelled
    const failures = unsuccessful + counts.rolled_back + counts.rollback_failed + counts.rollback_errored
    if (failures === 0) broken.push(`${outcome} without a failure`)
  }
  return broken
}

function statusLaws(run: Run): readonly string[] {
  const broken: string[] = []
  const status = slowStatus(
    run,
    tasksOf(run),
    run.plan.stages.map((stage) => stageAt(run, stage)),
  )
  if (runStatus(run) !== status) broken.push(`status is ${runStatus(run)}, should be ${status}`)
  for (const { index: stage } of run.rollback === null ? run.open : []) {
    const tasks = stagePlan(run.plan, stage).tasks.map((task) => ({ index: task, state: taskAt(run, task) }))
    const shown = slowStatus({ ...run, begun: stageAt(run, stage).begun }, tasks, [])
    if (stageStatus(run, stage) !== shown)
      broken.push(`stage ${stage} is ${stageStatus(run, stage)}, should be ${shown}`)
  }
  if (isEnded(runStatus(run)) !== (run.phase === 'ended'))
    broken.push(`${run.phase}, but its status is ${runStatus(run)}`)
  return broken
}

function slowStatus(run: Run, tasks: ReturnType<typeof tasksOf>, stages: readonly StageState[]): string {
  const has = (status: string): boolean => tasks.some(({ state }) => state.status === status)
  if (run.outcome !== null) return run.outcome
  if (run.phase === 'waiting') return run.queuedAt === null ? 'waiting' : 'queued'
  if (run.rollback !== null) return 'rolling_back'
  if (run.pausedAt !== null && run.cancelling === null) return 'paused'
  // One that waits for its next attempt and is paused, be it with a sub-flow around it, is no work.
  const isQueued = ({ state }: { readonly state: TaskState }): boolean => state.status === 'queued'
  const queued = tasks.some((task) => isQueued(task) && !isPausedAround(run, task.index))
  if (has('running') || (queued && run.begun)) return 'running'
  if (queued) return 'queued'
  if (has('reviewing')) return 'reviewing'
  if (tasks.some(({ state }) => slotOf(state) === 'held')) return 'held'
  const isOpenStage = (task: number): boolean =>
    stages.length === 0 || run.open.some(({ index }) => stagePlan(run.plan, index).tasks.includes(task))
  const still = tasks.filter((task) => slotOf(task.state) === 'paused' || isQueued(task))
  if (still.some(({ index }) => isOpenStage(index))) return 'paused'
  return stages.some((stage) => stage.status === 'waiting') ? 'waiting' : 'running'
}

/** It is paused, or a sub-flow that it is in. */
function isPausedAround(run: Run, index: number): boolean {
  const parent = taskPlan(run.plan, index).flow?.parent ?? null
  return taskAt(run, index).pausedAt !== null || (parent !== null && isPausedAround(run, parent))
}

/**
 * No run is ever stuck: something is under way that will be reported or has a deadline, or a person can act. Where a
 * definition lets nobody mend what failed, all that they can do is cancel.
 */
function stuckLaws(run: Run): readonly string[] {
  if (run.phase === 'ended') return []
  const allowed = allowedOnRun(run)
  if (!allowed.includes('cancel')) return ['a run that is not over cannot be cancelled']
  if (run.phase === 'waiting') return allowed.includes('start') ? [] : ['a waiting run cannot be started']
  if (run.cancelling !== null) {
    const atRunner = tasksOf(run).some(({ state }) => state.status === 'running' && state.runner !== null)
    if (run.counts.queued + run.counts.reviewing > 0) return ['a cancel leaves something waiting']
    return atRunner ? [] : ['a cancel waits for no runner']
  }
  if (run.pausedAt !== null) return allowed.includes('resume') ? [] : ['a paused run cannot be resumed']
  const waits = tasksOf(run).some(({ index, state }) => {
    if (state.status === 'queued' || state.status === 'running') return true
    if (state.status === 'reviewing') return allowedOnNode(run, index).includes('approve')
    const allowedNow = allowedOnNode(run, index)
    const { skippable, retryable } = taskPlan(run.plan, index).spec
    if (slotOf(state) === 'held' && !skippable && !retryable) return true
    if (slotOf(state) === 'held')
      return allowedNow.some((action) => action === 'skip' || action === 'retry' || action === 'choose')
    return state.pausedAt !== null && allowedNow.includes('resume')
  })
  if (run.waiting.length > 0 && allowed.includes('start')) return []
  return waits ? [] : ['nothing is under way and nobody is asked']
}

/** What takes back what has succeeded. */
const ANEW: ReadonlySet<RunEvent['type']> = new Set(['RunRestarted', 'StageRetried', 'RollbackStarted'])

/** What must hold of every step from one run to the next. */
export function brokenByStep(before: Run, after: Run, events: readonly RunEvent[]): readonly string[] {
  const broken: string[] = []
  const [first] = events
  if (after.seq !== before.seq + events.length)
    broken.push(`${events.length} events took seq from ${before.seq} to ${after.seq}`)
  const begunAnew = new Set(['RunReopened', 'RollbackStarted'])
  if (before.phase === 'ended' && first !== undefined && !begunAnew.has(first.type))
    broken.push(`${first.type} in a run that has ended`)
  if (before.outcome === 'succeeded' && first !== undefined && first.type !== 'RollbackStarted')
    broken.push(`${first?.type} in a run that has succeeded`)
  if (after.updatedAt < before.updatedAt) broken.push('time went back')
  if (events.some(({ type }) => ANEW.has(type))) return broken
  for (const { index, state } of tasksOf(before)) {
    const now = taskAt(after, index)
    if (state.status === 'succeeded' && now.status !== 'succeeded' && now.loop === state.loop)
      broken.push(`task ${index} went from succeeded to ${now.status}`)
    if (now.attempt < state.attempt && state.status !== 'queued')
      broken.push(`task ${index} went from attempt ${state.attempt} to ${now.attempt}`)
  }
  return broken
}

/** What is refused because of where the run is, and what is because its definition says so. */
const REFUSALS: ReadonlySet<Rejection['code']> = new Set(['not-allowed', 'not-skippable', 'not-retryable'])

/** Every command that is named as allowed is taken; every other one is refused, and the refusal names the same list. */
export function brokenAdmissions(run: Run): readonly string[] {
  const broken: string[] = []
  const check = (command: OperatorCommand, action: RunAction | NodeAction, allowed: readonly string[]): void => {
    const outcome = outcomeOf(run, command)
    const where = 'node' in command ? ` node ${command.node}` : ''
    if (typeof outcome === 'string') broken.push(`${command.type}${where} throws ${outcome}`)
    else if (outcome.ok !== allowed.includes(action))
      broken.push(`${command.type}${where} is ${outcome.ok ? 'taken' : 'refused'}, allowed are ${allowed.join()}`)
    else if (!outcome.ok && outcome.rejection.allowed.join() !== allowed.join())
      broken.push(`${command.type}${where} names ${outcome.rejection.allowed.join()}`)
    else if (!outcome.ok && !REFUSALS.has(outcome.rejection.code))
      broken.push(`${command.type}${where} is ${outcome.rejection.code}`)
  }
  for (const action of RUN_ACTIONS) check(onRun(action), action, allowedOnRun(run))
  for (const { index } of run.plan.nodes) {
    for (const action of NODE_ACTIONS) check(onNode(run, index, action), action, allowedOnNode(run, index))
  }
  return broken
}

function outcomeOf(run: Run, command: OperatorCommand): Outcome | string {
  try {
    return advance(run, { command, actor: { kind: 'user', name: 'li' }, at: run.updatedAt, entropy: () => 0 })
  } catch (error) {
    return String(error)
  }
}

function onRun(action: RunAction): OperatorCommand {
  if (action === 'cancel') return { type: action, reason: '', mode: 'stop' }
  return action === 'modify' ? { type: action, params: {} } : { type: action }
}

function onNode(run: Run, node: number, action: NodeAction): OperatorCommand {
  switch (action) {
    case 'retry':
      return { type: 'retry-node', node, inputs: null }
    case 'skip':
      return { type: 'skip-node', node, reason: '' }
    case 'approve':
    case 'reject':
      return { type: action, node, by: voterOf(run, node), comment: '' }
    case 'pause':
      return { type: 'pause-node', node }
    case 'resume':
      return { type: 'resume-node', node }
    case 'fail':
      return { type: 'fail-node', node, by: 'li', reason: '' }
    case 'callback':
      return { type: 'callback', node, version: null, succeeded: true, outputs: {}, reason: '' }
    case 'choose':
      return { type: 'choose', node, edges: firstEdge(run, node), reason: '' }
    case 'rollback':
      return { type: 'rollback', node }
    case 'delay':
      return { type: 'delay-node', node, byMs: 1_000 }
    case 'expire':
      return { type: 'expire-node', node }
  }
}

function firstEdge(run: Run, node: number): readonly string[] {
  const plan = run.plan.nodes[node]
  if (plan?.kind !== 'task') return []
  const edges = stagePlan(run.plan, plan.stage).spec.flow?.edges ?? []
  return (plan.flow?.out ?? []).slice(0, 1).map(({ edge }) => edges[edge]?.key ?? '')
}

/** Somebody who may still decide this review; `li` where it is none. */
export function voterOf(run: Run, node: number): string {
  const plan = run.plan.nodes[node]
  if (plan?.kind !== 'task' || plan.spec.work.kind !== 'review') return 'li'
  const { decisions } = taskAt(run, node)
  const { reviewers } = plan.spec.work
  const voters = reviewers.length > 0 ? reviewers : ['li', 'chen', 'wu', 'han', 'zhou']
  return voters.find((voter) => !decisions.some(({ by }) => by === voter)) ?? 'li'
}

export { onNode, onRun }
