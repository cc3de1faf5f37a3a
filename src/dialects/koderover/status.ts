import type { NodeStatus, RunStatus } from '../../model/status.ts'
import type { RunView } from '../../model/view.ts'
import type { JobStatus, Status } from './wire.ts'

/**
 * - A task of theirs is made and queued at once: whatever has not begun is `created`.
 * - They know no pause and no review: both are `running`, since the task is not over.
 * - `held` is `failed`: that is the word their clients stop and call a person at, and a restart mends it, as here.
 * - `errored` is `failed`: there is no word for whose fault it was. `deploy_task.error` tells.
 * - A rollback that ended is still the failure that began it.
 */
export const runWord = {
  waiting: 'created',
  queued: 'created',
  running: 'running',
  reviewing: 'running',
  paused: 'running',
  held: 'failed',
  succeeded: 'passed',
  failed: 'failed',
  errored: 'failed',
  timed_out: 'timeout',
  cancelled: 'cancelled',
  rolling_back: 'running',
  rolled_back: 'failed',
  rollback_failed: 'failed',
  rollback_errored: 'failed',
} as const satisfies Record<RunStatus, Status>

/** null: passed over, which this generation has no word for; it counts as if the pipeline lacked it. */
export const nodeWord = {
  ...runWord,
  pending: 'created',
  skipped: null,
} as const satisfies Record<NodeStatus, Status | null>

/** Drone's words. `blocked` is its own for a build that waits for an approval, `killed` also its end by timeout. */
export const jobWord = {
  waiting: 'pending',
  queued: 'pending',
  pending: 'pending',
  running: 'running',
  reviewing: 'blocked',
  paused: 'running',
  held: 'failure',
  succeeded: 'success',
  failed: 'failure',
  errored: 'error',
  timed_out: 'killed',
  cancelled: 'killed',
  skipped: 'skipped',
  rolling_back: 'running',
  rolled_back: 'failure',
  rollback_failed: 'failure',
  rollback_errored: 'error',
} as const satisfies Record<NodeStatus, JobStatus>

/** From the worst on, as their scheduler orders the ends of what belongs together. */
const WORST_FIRST = ['cancelled', 'timeout', 'failed'] as const satisfies readonly Status[]

/**
 * The word of a sub-task that several of our tasks make up; undefined when none of them took part.
 * @param runEnded whether nothing more can come: what was begun and is not finished then was given up.
 */
export function joinedWord(statuses: readonly NodeStatus[], runEnded: boolean): Status | undefined {
  const words = new Set(statuses.map((status) => nodeWord[status]).filter((word) => word !== null))
  if (words.size === 0) return undefined
  if (words.has('running')) return 'running'
  const worst = WORST_FIRST.find((word) => words.has(word))
  if (worst !== undefined) return worst
  if (words.size > 1) return runEnded ? 'cancelled' : 'running'
  return words.has('passed') ? 'passed' : 'created'
}

/**
 * Who has made a task that no person made: `setting.CronTaskCreator` and `WebhookTaskCreator`; null: whoever is named.
 * Their portals tell timers and code hosts by these words; what a trigger is called here is nobody's name.
 */
const CREATORS = {
  manual: null,
  webhook: 'webhook',
  channel: null,
  schedule: 'timer',
  upstream: null,
  push: 'webhook',
  merge_request: 'webhook',
} as const satisfies Record<RunView['cause']['kind'], string | null>

export const creatorOf = ({ cause }: Pick<RunView, 'cause'>): string => CREATORS[cause.kind] ?? cause.by
