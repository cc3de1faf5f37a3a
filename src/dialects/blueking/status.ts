import type { NodeStatus, RunStatus } from '../../model/status.ts'
import type { State } from './wire.ts'

/** What the engine of bk-sops 3.1 holds. BLOCKED never leaves it: {@link reportedState} says what becomes of it. */
type OwnState = Exclude<State, 'NODE_SUSPENDED'> | 'BLOCKED'

/**
 * A task's own state, before its children have their say.
 * - `queued` is RUNNING: v1 runs the start event at once and knows no queue for runners, and the seed's table has no
 *   word READY; CREATED would invite a client to start it a second time.
 * - `reviewing` is RUNNING: an approval there is a plugin that waits for its callback.
 * - `held` is BLOCKED: v1 sleeps so on a failed node.
 * - an end that is not the user's wish is FAILED, whoever's fault it was, and a rollback that ended is still the
 *   failure that began it: there is one word for all of them.
 */
export const runState = {
  waiting: 'CREATED',
  queued: 'RUNNING',
  running: 'RUNNING',
  reviewing: 'RUNNING',
  paused: 'SUSPENDED',
  held: 'BLOCKED',
  succeeded: 'FINISHED',
  failed: 'FAILED',
  errored: 'FAILED',
  timed_out: 'FAILED',
  cancelled: 'REVOKED',
  rolling_back: 'RUNNING',
  rolled_back: 'FAILED',
  rollback_failed: 'FAILED',
  rollback_errored: 'FAILED',
} as const satisfies Record<RunStatus, OwnState>

/**
 * A node's own state; null: not entered, so not shown.
 * - `queued` is READY where it has been at work before (a retry), else it counts as not entered: present.ts decides.
 * - `skipped` is FINISHED with `skip` true, for want of another word, also when a condition passed it over: v1 would
 *   not show a branch that was not taken, but then nobody could tell it from one that is still to come.
 */
export const nodeState = {
  ...runState,
  waiting: null,
  queued: 'READY',
  pending: null,
  skipped: 'FINISHED',
} as const satisfies Record<NodeStatus, OwnState | null>

/**
 * What is reported of something with children: the rule of v1 (pipeline.engine, all of bk-sops up to V3.6.x), from
 * the bottom up. Only BLOCKED looks at the children; a branch at work hides a failed one. The newer engine (V3.6.46)
 * reports FAILED then: the seed is older.
 */
export function reportedState(own: OwnState, children: readonly State[]): State {
  if (own !== 'BLOCKED') return own
  if (children.includes('RUNNING')) return 'RUNNING'
  if (children.includes('FAILED')) return 'FAILED'
  if (children.includes('SUSPENDED') || children.includes('NODE_SUSPENDED')) return 'NODE_SUSPENDED'
  return 'FAILED'
}
