import type { NodeStatus, RunStatus } from '../../model/status.ts'
import type { Job, TaskStatus } from './wire.ts'

/**
 * `task_status` of `GET /v2/tasks/{task_id}/progress`: 0 under way, 1 failed, 2 succeeded, 3 stopped (SDK model
 * ShowProgressDetailResponse); null is a task that was never checked, which no run of ours is.
 */
export const runWord = {
  waiting: 0,
  queued: 0,
  running: 0,
  // The vendor has nobody to wait for; it is not over.
  reviewing: 0,
  paused: 0,
  // A check that stands still on an error is a failed one to whoever polls for its end.
  held: 1,
  succeeded: 2,
  failed: 1,
  errored: 1,
  timed_out: 1,
  cancelled: 3,
  rolling_back: 0,
  // What was to be done was not, also when taking it back went well.
  rolled_back: 1,
  rollback_failed: 1,
  rollback_errored: 1,
} as const satisfies Record<RunStatus, Exclude<TaskStatus, null>>

/** The same in words, of one execution (getJobsInfo); `quering` (sic) is one that has not begun. */
export const jobWord = {
  waiting: 'quering',
  queued: 'quering',
  running: 'running',
  reviewing: 'running',
  paused: 'running',
  held: 'failed',
  succeeded: 'success',
  failed: 'failed',
  errored: 'failed',
  timed_out: 'failed',
  cancelled: 'aborted',
  rolling_back: 'running',
  rolled_back: 'failed',
  rollback_failed: 'failed',
  rollback_errored: 'failed',
} as const satisfies Record<RunStatus, Job['status']>

/** This vendor shows no parts of a check; these are the words for the share of them that is done. */
export const nodeWord = {
  ...runWord,
  pending: null,
  // Passed over on purpose: nothing of it is left to do.
  skipped: 2,
} as const satisfies Record<NodeStatus, TaskStatus>
