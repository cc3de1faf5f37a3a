import { isEnded, type EndStatus, type NodeStatus, type RunStatus } from '../model/status.ts'
import { stageAt, stagePlan, standsStill, taskAt, taskPlan, type Counts, type Run } from './run.ts'

/** What a status is made of; a run and each of its stages have it. */
interface Standing {
  readonly phase: 'waiting' | 'live' | 'ended'
  readonly outcome: EndStatus | null
  readonly paused: boolean
  /** Whether it waits for its turn among other runs. */
  readonly inLine: boolean
  /** Whether any attempt has begun. */
  readonly begun: boolean
  /** Whether it, or what it is in, is being taken back. */
  readonly rollingBack: boolean
  /** Whether a stage of it waits for its triggers. */
  readonly waiting: boolean
  readonly counts: Counts
  /** How many tasks stand still that would go on: of those that `counts` has as paused, those whose turn has come. */
  readonly still: number
}

/**
 * The one function that says where a run or a stage is. What is at work hides what waits: a run with a held node
 * and a running one is `running` (its `attention` tells of the held one), as in BlueKing's first engine.
 */
export function statusOf(standing: Standing): RunStatus {
  const { phase, outcome, paused, begun, inLine, rollingBack, waiting, counts, still } = standing
  if (outcome !== null) return outcome
  if (phase === 'waiting') return inLine ? 'queued' : 'waiting'
  if (rollingBack) return 'rolling_back'
  if (paused) return 'paused'
  if (counts.running > 0) return 'running'
  if (counts.queued > 0) return begun ? 'running' : 'queued'
  if (counts.reviewing > 0) return 'reviewing'
  if (counts.held > 0) return 'held'
  if (still > 0) return 'paused'
  return waiting ? 'waiting' : 'running'
}

/** A cancel shows before a pause: the run is ending. */
export const runStatus = (run: Run): RunStatus =>
  statusOf({
    phase: run.phase,
    outcome: run.outcome,
    inLine: run.queuedAt !== null,
    paused: run.pausedAt !== null && run.cancelling === null,
    begun: run.begun,
    rollingBack: run.rollback !== null,
    waiting: run.waiting.length > 0,
    counts: run.counts,
    still: pausedNow(run),
  })

/** How many stand still that have their turn: in a stage that has not begun nothing does yet. */
export const pausedNow = ({ counts, open }: Run): number =>
  counts.paused === 0 ? 0 : open.reduce((sum, stage) => sum + stage.counts.paused, 0)

export function stageStatus(run: Run, index: number): RunStatus | 'pending' | 'skipped' {
  const stage = stageAt(run, index)
  const open = stage.status === 'running' ? run.open.find((one) => one.index === index) : undefined
  if (open === undefined) return stage.status
  return statusOf({
    phase: 'live',
    outcome: null,
    inLine: false,
    paused: run.pausedAt !== null && run.cancelling === null,
    begun: stage.begun,
    rollingBack: false,
    waiting: false,
    counts: open.counts,
    still: open.counts.paused,
  })
}

/** Whether it has its turn. Who was paused ahead of time does not stand still yet. */
function hasCome(run: Run, index: number): boolean {
  const { loop, unmet } = taskAt(run, index)
  return unmet === 0 && (loop > 0 || stageAt(run, taskPlan(run.plan, index).stage).startedAt !== null)
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
  return statusOf({
    phase: 'live',
    outcome: null,
    inLine: false,
    paused: run.pausedAt !== null && run.cancelling === null,
    begun: true,
    rollingBack: false,
    waiting: false,
    counts,
    still: counts.paused,
  })
}

/** Whether something that ended unsuccessfully keeps the run from going on. */
export const isFailing = (counts: Counts): boolean =>
  counts.failed + counts.errored + counts.timed_out + counts.restarting + counts.cancelled > 0

/** Whether something is at work or waits for somebody to decide. */
export const isActive = (counts: Counts): boolean => counts.queued + counts.running + counts.reviewing > 0

/** Stages that wait for their triggers and may begin: of a run that is failing, those that always run. */
export const startableStages = ({ plan, waiting, counts }: Run): readonly number[] =>
  isFailing(counts) ? waiting.filter((stage) => stagePlan(plan, stage).spec.always) : waiting

/** How tasks that are all over end what holds them. The user's own no outweighs the system's trouble: a red build is red. */
export function outcomeOf(counts: Counts): EndStatus {
  if (counts.failed + counts.restarting > 0) return 'failed'
  if (counts.errored > 0) return 'errored'
  if (counts.timed_out > 0) return 'timed_out'
  if (counts.held > 0) return 'failed'
  return counts.cancelled > 0 ? 'cancelled' : 'succeeded'
}

/** How tasks that were taken back end what holds them; what could not be taken back weighs most. */
export function rollbackOutcome(counts: Counts): EndStatus {
  if (counts.rollback_errored > 0) return 'rollback_errored'
  return counts.rollback_failed + counts.cancelled > 0 ? 'rollback_failed' : 'rolled_back'
}
