import type { EndStatus, RunStatus } from '../model/status.ts'
import { stageAt, type Counts, type Run } from './run.ts'

/** What a status is made of; a run and each of its stages have it. */
interface Standing {
  readonly phase: 'waiting' | 'live' | 'ended'
  readonly outcome: EndStatus | null
  readonly paused: boolean
  /** Whether it waits for its turn among other runs. */
  readonly inLine: boolean
  /** Whether any attempt has begun. */
  readonly begun: boolean
  readonly counts: Counts
}

/**
 * The one function that says where a run or a stage is. What is at work hides what waits: a run with a held node
 * and a running one is `running` (its `attention` tells of the held one), as in BlueKing's first engine.
 */
export function statusOf(standing: Standing): RunStatus {
  const { phase, outcome, paused, inLine, begun, counts } = standing
  if (outcome !== null) return outcome
  if (phase === 'waiting') return inLine ? 'queued' : 'waiting'
  if (paused) return 'paused'
  if (counts.running > 0) return 'running'
  if (counts.queued > 0) return begun ? 'running' : 'queued'
  if (counts.reviewing > 0) return 'reviewing'
  if (counts.held > 0) return 'held'
  return 'running'
}

/** A cancel shows before a pause: the run is ending. */
export const runStatus = (run: Run): RunStatus =>
  statusOf({
    phase: run.phase,
    outcome: run.outcome,
    inLine: run.queuedAt !== null,
    paused: run.pausedAt !== null && run.cancelling === null,
    begun: run.begun,
    counts: run.counts,
  })

export function stageStatus(run: Run, index: number): RunStatus | 'pending' | 'skipped' {
  const stage = stageAt(run, index)
  if (stage.status !== 'running' || run.open?.index !== index) return stage.status
  return statusOf({
    phase: 'live',
    outcome: null,
    inLine: false,
    paused: run.pausedAt !== null && run.cancelling === null,
    begun: stage.begun,
    counts: run.open.counts,
  })
}

/** Whether something that ended unsuccessfully keeps the run from going on. */
export const isFailing = (counts: Counts): boolean =>
  counts.failed + counts.errored + counts.timed_out + counts.restarting + counts.cancelled > 0

/** Whether something is at work or waits for somebody to decide. */
export const isActive = (counts: Counts): boolean => counts.queued + counts.running + counts.reviewing > 0

/** How tasks that are all over end what holds them. The user's own no outweighs the system's trouble: a red build is red. */
export function outcomeOf(counts: Counts): EndStatus {
  if (counts.failed + counts.restarting > 0) return 'failed'
  if (counts.errored > 0) return 'errored'
  if (counts.timed_out > 0) return 'timed_out'
  if (counts.held > 0) return 'failed'
  return counts.cancelled > 0 ? 'cancelled' : 'succeeded'
}
