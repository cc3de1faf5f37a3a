import type { Failure } from '../../model/failure.ts'
import { isEnded, type NodeStatus, type RunStatus } from '../../model/status.ts'
import type { RunView, StageView, TaskView } from '../../model/view.ts'
import { visibleStages } from './stage.ts'
import type { JobState, StatusWord } from './wire.ts'

/**
 * The vendor lists twelve words, the same for pipelines and stages (seed 004, tables 5 and 6), and defines none of
 * them. Readings of ours are marked.
 */
export const runStatusWord = {
  waiting: 'waiting',
  // Started, but nothing of it runs: the vendor's console shows "waiting" as "to be executed".
  queued: 'waiting',
  running: 'running',
  // The pipeline stays in the review stage; what it waits for is in `state.review_results`.
  reviewing: 'running',
  // No word for a pause; it goes on by itself once resumed, so nothing that means an end will do.
  paused: 'running',
  // `timeout_reset`: stopped at the failed stage until someone acts or the timespan is over.
  held: 'stage_exception',
  succeeded: 'success',
  failed: 'stage_exception',
  errored: 'runtime_exception',
  timed_out: 'timeout',
  cancelled: 'cancel',
  rolling_back: 'rollbacking',
  rolled_back: 'rollback_success',
  rollback_failed: 'rollback_failed',
  rollback_errored: 'rollback_exception',
} as const satisfies Record<RunStatus, StatusWord>

export const nodeStatusWord = {
  ...runStatusWord,
  pending: 'waiting',
  // Passed over and nothing is wrong: a client that waits for the end of every stage must not wait for this one.
  skipped: 'success',
} as const satisfies Record<NodeStatus, StatusWord>

/** "获取执行步骤的执行历史": Timeout, Failed, Waiting, Building, Successful, Cancel. */
export const jobState = {
  waiting: 'Waiting',
  queued: 'Waiting',
  running: 'Building',
  reviewing: 'Building',
  paused: 'Building',
  held: 'Failed',
  succeeded: 'Successful',
  failed: 'Failed',
  errored: 'Failed',
  timed_out: 'Timeout',
  cancelled: 'Cancel',
  rolling_back: 'Building',
  rolled_back: 'Successful',
  rollback_failed: 'Failed',
  rollback_errored: 'Failed',
  pending: 'Waiting',
  skipped: 'Successful',
} as const satisfies Record<NodeStatus, JobState>

export function runWord(run: RunView): StatusWord {
  return refine(run.status, runStatusWord[run.status], run.failure?.failure)
}

export function stageWord(stage: StageView): StatusWord {
  return refine(stage.status, nodeStatusWord[stage.status], stage.tasks.find(mattered)?.failure ?? undefined)
}

/** `unauthorized` is a word of its own: whoever reads it must renew a credential, not look for a bug. */
function refine(status: NodeStatus, word: StatusWord, failure: Failure | undefined): StatusWord {
  return (status === 'errored' || status === 'held') && failure?.kind === 'unauthorized' ? 'unauthorized' : word
}

const mattered = (task: TaskView): boolean => task.failure !== null && !task.ignored

const isAtWork = (status: NodeStatus): boolean => status !== 'pending' && !isEnded(status)

/** Whether a stage that is over is what the run ended on. */
const wentWrong = (status: NodeStatus): boolean => isEnded(status) && status !== 'succeeded' && status !== 'skipped'

/**
 * `stage_index`. The stage at work; else the one that stopped the run; else the first that is still to come in a
 * live run, the last that was reached in an ended one. 0 before anything ran.
 */
export function currentStageIndex(run: Pick<RunView, 'stages' | 'endedAt'>): number {
  const stages = visibleStages(run).map(({ spec }) => spec)
  const atWork = stages.findIndex((stage) => isAtWork(stage.status))
  if (atWork >= 0) return atWork
  const stopping = stages.findIndex((stage) => wentWrong(stage.status))
  if (stopping >= 0) return stopping
  const reached = stages.findLastIndex((stage) => stage.status !== 'pending')
  const next = run.endedAt === null ? reached + 1 : reached
  return Math.min(Math.max(next, 0), Math.max(stages.length - 1, 0))
}
