import type { Work } from '../model/definition.ts'
import { NODE_ACTIONS, RUN_ACTIONS, type NodeAction, type RunAction } from '../model/command.ts'
import { isEnded, NODE_STATUSES, type NodeStatus, type RunStatus } from '../model/status.ts'
import { isActive, isFailing, runStatus, stageStatus, startableStages } from './status.ts'
import { isToTakeBack } from './rollback.ts'
import { stageAt, stagePlan, standsStill, taskAt, taskPlan, type Run, type TaskState } from './run.ts'

/**
 * Which statuses admit each operator action. Engine, API, page, CLI and dialects read these two tables and no other.
 * Every status that is not an end admits something: no run is ever stuck.
 */
export const runAdmits = {
  start: ['waiting', 'queued', 'running', 'reviewing', 'held', 'paused'],
  pause: ['queued', 'running', 'reviewing', 'held', 'paused'],
  resume: ['paused'],
  cancel: ['waiting', 'queued', 'running', 'reviewing', 'paused', 'held', 'rolling_back'],
  retry: ['held', 'paused', 'running', 'failed', 'errored', 'timed_out', 'cancelled'],
  modify: ['waiting', 'queued', 'running', 'reviewing', 'paused', 'held'],
} as const satisfies Record<RunAction, readonly RunStatus[]>

/**
 * Of a node; what is `queued` is retried only while it waits for its next try. `retry` and `skip` of a node also reopen a
 * run that ended unsuccessfully; nothing reopens a success but a rollback. Of what has succeeded or was skipped only a
 * stage is begun anew.
 */
export const nodeAdmits = {
  retry: [
    'queued',
    'held',
    'succeeded',
    'skipped',
    'failed',
    'errored',
    'timed_out',
    'cancelled',
    'rolled_back',
    'rollback_failed',
    'rollback_errored',
  ],
  skip: ['pending', 'waiting', 'queued', 'failed', 'errored', 'timed_out', 'cancelled'],
  approve: ['reviewing'],
  reject: ['reviewing'],
  pause: ['pending', 'queued', 'running', 'reviewing'],
  resume: ['pending', 'paused'],
  fail: ['queued', 'running', 'reviewing'],
  callback: ['running', 'paused'],
  choose: ['failed'],
  rollback: ['held', 'succeeded', 'failed', 'errored', 'timed_out', 'cancelled', 'rollback_failed', 'rollback_errored'],
  delay: ['queued', 'running', 'reviewing', 'failed', 'errored', 'timed_out'],
  expire: ['queued', 'running', 'reviewing', 'failed', 'errored', 'timed_out'],
} as const satisfies Record<NodeAction, readonly NodeStatus[]>

const REOPENABLE: readonly RunStatus[] = ['failed', 'errored', 'timed_out', 'cancelled']

const admitted = <Status extends string>(statuses: readonly Status[], status: string): boolean =>
  (statuses as readonly string[]).includes(status)

export function allowedOnRun(run: Run): readonly RunAction[] {
  const status = runStatus(run)
  return RUN_ACTIONS.filter((action) => {
    if (!admitted(runAdmits[action], status)) return false
    // A cancel is under way: it may be forced, nothing else changes its course.
    if (run.cancelling !== null && run.phase === 'live') return action === 'cancel'
    if (action === 'start') return isStartable(run)
    // What waits for its turn has nothing to pause yet.
    if (action === 'pause') return run.phase === 'live' && run.pausedAt === null
    // A paused node is resumed by itself.
    if (action === 'resume') return run.pausedAt !== null
    return action !== 'retry' || isRetryable(run)
  })
}

/** A run that waits, or stages of one under way that do, be it beside others that are at work. */
const isStartable = (run: Run): boolean =>
  run.phase === 'waiting' ? run.queuedAt === null : run.pausedAt === null && startableStages(run).length > 0

export function allowedOnNode(run: Run, index: number): readonly NodeAction[] {
  return run.nodes.at(index).kind === 'stage' ? allowedOnStage(run, index) : allowedOnTask(run, index)
}

function allowedOnStage(run: Run, index: number): readonly NodeAction[] {
  const status = stageStatus(run, index)
  return STAGE_ACTIONS.filter((action) => admitted(nodeAdmits[action], status) && isStageOpenTo(run, index, action))
}

const STAGE_ACTIONS = ['retry', 'skip', 'rollback'] as const

function isStageOpenTo(run: Run, index: number, action: (typeof STAGE_ACTIONS)[number]): boolean {
  if (run.phase === 'live' && (run.cancelling !== null || run.rollback !== null)) return false
  switch (action) {
    case 'skip':
      // One that was begun and taken up again holds tasks that are over: of those that are not, each can be skipped.
      return run.phase === 'live' && stageAt(run, index).startedAt === null
    case 'retry':
      if (run.phase === 'live') return !isActive(run.counts) && hasItsTurn(run, index)
      return run.outcome !== 'succeeded' && index <= (takenBack(run) ?? index) && hasItsTurn(run, index)
    case 'rollback':
      return !isActive(run.counts) && hasWayBack(run, index)
  }
}

/** Nothing before it is left to be done, or it does not ask. */
function hasItsTurn({ plan, nodes }: Run, index: number): boolean {
  const { row, spec } = stagePlan(plan, index)
  const before = plan.rows.slice(0, row).flat()
  return spec.always || before.every((stage) => ['succeeded', 'skipped'].includes(nodes.at(stage).status))
}

const hasWayBack = (run: Run, index: number): boolean =>
  stagePlan(run.plan, index).tasks.some((task) => isToTakeBack(run, task))

function allowedOnTask(run: Run, index: number): readonly NodeAction[] {
  const { status } = taskAt(run, index)
  let bits = 0
  for (const action of TASK_ACTIONS.get(status === 'open' ? 'running' : status) ?? []) {
    if (isOpenTo(run, index, action)) bits |= 1 << NODE_ACTIONS.indexOf(action)
  }
  return chosen(bits)
}

const choices = new Map<number, readonly NodeAction[]>()

/** By the places of the actions. One list for all tasks that the same is allowed on: it is compared, and written, once. */
function chosen(bits: number): readonly NodeAction[] {
  let some = choices.get(bits)
  if (some === undefined) choices.set(bits, (some = NODE_ACTIONS.filter((_, place) => (bits & (1 << place)) !== 0)))
  return some
}

/** Of tasks in a status. Looked up, as of a large run it is asked for every node. */
const TASK_ACTIONS: ReadonlyMap<NodeStatus, readonly NodeAction[]> = new Map(
  NODE_STATUSES.map((status) => [
    status,
    // Whatever it was at when it was paused, and however that has ended since.
    NODE_ACTIONS.filter((action) => admitted(nodeAdmits[action], action === 'resume' ? 'paused' : status)),
  ]),
)

function isOpenTo(run: Run, index: number, action: NodeAction): boolean {
  const { spec } = taskPlan(run.plan, index)
  const state = taskAt(run, index)
  const going = run.phase === 'live' && run.cancelling === null && run.rollback === null
  switch (action) {
    case 'retry':
      return isMendable(run, index) && isToRetry(run, index) && spec.retryable && !state.rollingBack
    case 'skip':
      return isMendable(run, index) && isSkippable(run, index)
    case 'choose':
      return isMendable(run, index) && isChoice(spec.work)
    case 'approve':
    case 'reject':
      return going
    case 'pause':
      return going && state.pausedAt === null && state.stopping === null
    case 'resume':
      return going && state.pausedAt !== null && !isOver(state)
    case 'fail':
      return going && state.stopping === null && spec.work.kind !== 'subflow'
    case 'callback':
      return going && spec.work.kind === 'callback'
    case 'rollback':
      return false
    case 'delay':
    case 'expire': {
      // The time of what is queued stands still with its run.
      const stands = state.status === 'queued' && (run.pausedAt !== null || standsStill(run, index))
      return going && !stands && state.deadlineAt !== null && state.stopping === null && isUnderWay(run, index)
    }
  }
}

/** What is over has nothing to go on with, unless its end is kept until it is resumed. */
const isOver = ({ status, withheld }: TaskState): boolean => !withheld && status !== 'open' && isEnded(status)

/** Whether a person may still change how it ended, or that it begins. */
function isMendable(run: Run, index: number): boolean {
  if (isPassedOver(run, index)) return false
  if (run.phase === 'live') return run.cancelling === null && run.rollback === null
  return admitted(REOPENABLE, runStatus(run)) && takenBack(run) === undefined
}

/**
 * The first stage of a run that has ended, of which something was taken back, be it that the rollback was cancelled.
 * What came after it rests on what is not there any more: the run goes on from this stage or not at all.
 */
export function takenBack(run: Run): number | undefined {
  // Asked for each node of an ended run, and the same for all.
  if (!takenBacks.has(run)) takenBacks.set(run, firstTakenBack(run))
  return takenBacks.get(run)
}

const takenBacks = new WeakMap<Run, number | undefined>()

function firstTakenBack(run: Run): number | undefined {
  return run.plan.stages.find((stage) => stagePlan(run.plan, stage).tasks.some((task) => taskAt(run, task).rollingBack))
}

export const isChoice = (work: Work): boolean =>
  work.kind === 'gateway' && (work.gateway === 'exclusive' || work.gateway === 'conditional')

/** What only passes a token on cannot be skipped, and in a flow nothing that no token has come to. */
function isSkippable(run: Run, index: number): boolean {
  const { spec, flow } = taskPlan(run.plan, index)
  const { status, unmet } = taskAt(run, index)
  const { kind } = spec.work
  if (!spec.skippable || kind === 'start' || kind === 'end' || kind === 'gateway' || kind === 'subflow') return false
  if (status !== 'pending') return true
  return isStillToCome(run, index) && (flow === null || unmet === 0)
}

/** What was never reached in a run or a stage that is over has nothing to mend: what failed before it has. */
function isStillToCome(run: Run, index: number): boolean {
  const { status } = stageAt(run, taskPlan(run.plan, index).stage)
  return run.phase === 'live' && (status === 'pending' || status === 'running')
}

/** Held in a stage that has ended: its time is looked at again when a person takes the stage up. */
const isUnderWay = (run: Run, index: number): boolean =>
  stageAt(run, taskPlan(run.plan, index).stage).status === 'running'

/** Its failure was passed over: what comes after it has gone on, so it cannot be taken up again. */
const isPassedOver = (run: Run, index: number): boolean => taskAt(run, index).policy === 'continue'

/** A run that was cancelled between two nodes has none to retry and goes on; one that never began begins. */
function isRetryable(run: Run): boolean {
  const { phase, counts } = run
  const some = phase === 'ended' || isFailing(counts) || counts.held > 0
  return some && !isRuledOut(run)
}

/** All that failed is not to be retried, says the definition, and nothing was cancelled. */
function isRuledOut(run: Run): boolean {
  const unsuccessful = run.plan.nodes.filter(({ kind, index }) => kind === 'task' && isUnsuccessful(run, index))
  return unsuccessful.length > 0 && !unsuccessful.some(({ index }) => isTakenUp(run, index))
}

/** Whether a retry of the whole run does it again. What was cancelled has not failed, so nothing speaks against it. */
export const isTakenUp = (run: Run, index: number): boolean =>
  isUnsuccessful(run, index) && (taskPlan(run.plan, index).spec.retryable || taskAt(run, index).status === 'cancelled')

/** It has failed, be it that it will be tried again by itself. */
const isToRetry = (run: Run, index: number): boolean =>
  isUnsuccessful(run, index) || taskAt(run, index).retryAt !== null

function isUnsuccessful(run: Run, index: number): boolean {
  const { status } = taskAt(run, index)
  const failed = status === 'failed' || status === 'errored' || status === 'timed_out'
  return !isPassedOver(run, index) && (failed || status === 'cancelled')
}
