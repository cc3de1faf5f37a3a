/** Where a run or a node is. Closed unions: a new word stops every table from compiling until it is placed there. */

export const RUN_STATUSES = [
  'waiting',
  'queued',
  'running',
  'reviewing',
  'paused',
  'held',
  'succeeded',
  'failed',
  'errored',
  'timed_out',
  'cancelled',
  'rolling_back',
  'rolled_back',
  'rollback_failed',
  'rollback_errored',
] as const
/**
 * - `waiting`: triggers or a person must start it, or its next stage
 * - `queued`: started, nothing of it has begun yet
 * - `running`: something of it is at work, or waits for a runner after something has begun
 * - `reviewing`: nothing is at work, a person must approve or reject
 * - `paused`: a person paused it, or the one node that is left of it; what runs ends, nothing new begins
 * - `held`: a node failed under the policy `hold`: a person must retry, skip or cancel
 * - `succeeded`, `failed` (the user's work said no), `errored` (the system could not do it), `timed_out`, `cancelled`
 * - `rolling_back`: a stage of it is taken back; and its three ends
 */
export type RunStatus = (typeof RUN_STATUSES)[number]

export const NODE_STATUSES = [...RUN_STATUSES, 'pending', 'skipped'] as const
/** A node adds `pending` (not reached yet; in an ended run: never reached) and `skipped`. */
export type NodeStatus = (typeof NODE_STATUSES)[number]

export const END_STATUSES = [
  'succeeded',
  'failed',
  'errored',
  'timed_out',
  'cancelled',
  'rolled_back',
  'rollback_failed',
  'rollback_errored',
] as const
export type EndStatus = (typeof END_STATUSES)[number]

const ENDED = {
  waiting: false,
  queued: false,
  running: false,
  reviewing: false,
  paused: false,
  held: false,
  succeeded: true,
  failed: true,
  errored: true,
  timed_out: true,
  cancelled: true,
  rolling_back: false,
  rolled_back: true,
  rollback_failed: true,
  rollback_errored: true,
  pending: false,
  skipped: true,
} as const satisfies Record<NodeStatus, boolean>

/** Whether nothing more happens by itself. A task that failed under `hold` is ended; its run is not. */
export const isEnded = (status: NodeStatus): boolean => ENDED[status]
