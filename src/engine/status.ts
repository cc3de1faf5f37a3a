import { isEnded, type EndStatus, type NodeStatus, type RunStatus } from '../model/status.ts'
import { openTasks, slotNow, stageAt, stagePlan, standsStill, taskAt, taskPlan, type Counts, type Run } from './run.ts'

/** What the status of something under way is made of: of a run, of a stage, of a sub-flow. */
interface UnderWay {
  readonly paused: boolean
  /** Whether any attempt has begun. */
  readonly begun: boolean
  /** Whether a stage of it waits for its triggers. */
  readonly waiting: boolean
  readonly counts: Counts
  /** How many tasks stand still that would go on: of those that `counts` has as paused, those whose turn has come. */
  readonly still: number
}

/**
 * The one function that says where something under way is. What is at work hides what waits: a run with a held node
 * and a running one is `running` (its `attention` tells of the held one), as in BlueKing's first engine.
 */
function statusOf({ paused, begun, waiting, counts, still }: UnderWay): RunStatus {
  if (paused) return 'paused'
  if (counts.running > 0) return 'running'
  if (counts.queued > 0) return begun ? 'running' : 'queued'
  if (counts.reviewing > 0) return 'reviewing'
  if (counts.held > 0) return 'held'
  if (still > 0) return 'paused'
  return waiting ? 'waiting' : 'running'
}

export function runStatus(run: Run): RunStatus {
  const { phase, outcome, begun } = run
  if (outcome !== null) return outcome
  if (phase === 'waiting') return run.queuedAt === null ? 'waiting' : 'queued'
  if (run.rollback !== null) return 'rolling_back'
  const counts = withStill(run, run.counts, openTasks)
  const still = pausedNow(run) + run.counts.queued - counts.queued
  return statusOf({ paused: isPaused(run), begun, waiting: run.waiting.length > 0, counts, still })
}

/** What is queued in a sub-flow that is paused is at no work; looked for only where that may be all there is. */
function withStill(run: Run, counts: Counts, tasksOf: (run: Run) => readonly number[]): Counts {
  if (counts.queued === 0 || counts.paused === 0 || counts.running > 0) return counts
  const queued = tasksOf(run).filter((index) => slotNow(run, index) === 'queued').length
  return { ...counts, queued, paused: counts.paused + counts.queued - queued }
}

/** A cancel shows before a pause: the run is ending. */
const isPaused = (run: Run): boolean => run.pausedAt !== null && run.cancelling === null

/** How many stand still that have their turn: in a stage that has not begun nothing does yet. */
export const pausedNow = ({ counts, open }: Run): number =>
  counts.paused === 0 ? 0 : open.reduce((sum, stage) => sum + stage.counts.paused, 0)

export function stageStatus(run: Run, index: number): RunStatus | 'pending' | 'skipped' {
  const stage = stageAt(run, index)
  const open = stage.status === 'running' ? run.open.find((one) => one.index === index) : undefined
  if (open === undefined) return stage.status
  const counts = withStill(run, open.counts, ({ plan }) => stagePlan(plan, index).tasks)
  return statusOf({ paused: isPaused(run), begun: stage.begun, waiting: false, counts, still: counts.paused })
}

/** Whether it has its turn. Who was paused ahead of time does not stand still yet. */
function hasCome(run: Run, index: number): boolean {
  const { status, unmet } = taskAt(run, index)
  // What always runs may have begun although not all that it needs went well.
  const isReached = unmet === 0 || status !== 'pending'
  return isReached && stageAt(run, taskPlan(run.plan, index).stage).startedAt !== null
}

/** What readers see of a task: `counts` are those of what is in it, when it is a sub-flow. */
export function taskStatus(run: Run, index: number, counts: Counts | undefined): NodeStatus {
  const state = taskAt(run, index)
  const { status, rollingBack, withheld, pausedAt } = state
  const live = run.phase === 'live' && run.cancelling === null
  if (rollingBack && (status === 'pending' || status === 'queued' || status === 'running')) return 'rolling_back'
  if (withheld && live) return 'paused'
  if (pausedAt !== null && live && (status === 'open' || !isEnded(status)) && hasCome(run, index)) return 'paused'
  if (status !== 'open') return status
  if (live && standsStill(run, index)) return 'paused'
  if (counts === undefined) return 'running'
  // It was under way when its run ended: as its tasks did, or else as the run.
  if (run.phase === 'ended') return isFailing(counts) ? outcomeOf(counts) : (run.outcome ?? 'cancelled')
  return statusOf({ paused: isPaused(run), begun: true, waiting: false, counts, still: counts.paused })
}

/** Whether something that ended unsuccessfully keeps the run from going on. */
export const isFailing = (counts: Counts): boolean =>
  counts.failed + counts.errored + counts.timed_out + counts.restarting + counts.cancelled > 0

/** Whether something is at work or waits for somebody to decide. */
export const isActive = (counts: Counts): boolean => counts.queued + counts.running + counts.reviewing > 0

/**
 * Stages that wait for their triggers and may begin: of a run that is failing, those that always run, and beside stages
 * under way only those of their row.
 */
export function startableStages({ plan, waiting, counts, open }: Run): readonly number[] {
  if (waiting.length === 0) return waiting
  const failing = isFailing(counts)
  const row = open[0] === undefined ? undefined : stagePlan(plan, open[0].index).row
  return waiting.filter((stage) => {
    const { spec, row: own } = stagePlan(plan, stage)
    return (row === undefined || own === row) && (!failing || spec.always)
  })
}

/** How tasks that are all over end what holds them. The user's own no outweighs the system's trouble: a red build is red. */
export function outcomeOf(counts: Counts): EndStatus {
  if (counts.failed + counts.restarting > 0) return 'failed'
  if (counts.errored > 0) return 'errored'
  if (counts.timed_out > 0) return 'timed_out'
  if (counts.held > 0) return 'failed'
  return counts.cancelled > 0 ? 'cancelled' : 'succeeded'
}

/**
 * How tasks that were taken back end what holds them; what could not be taken back weighs most. What was cancelled
 * before and has no way back was never to be taken back.
 */
export function rollbackOutcome(counts: Counts): EndStatus {
  if (counts.rollback_errored > 0) return 'rollback_errored'
  return counts.rollback_failed > 0 ? 'rollback_failed' : 'rolled_back'
}
