import type { NodeStatus, RunStatus } from '../../model/status.ts'
import type { State } from './wire.ts'

/** Which of BlueKing's two engines an answer speaks as; README.md says who gets which. */
export type Engine = 1 | 2

/** What a node, or a task, is by itself, before its children have their say. */
export type OwnState = Exclude<State, 'NODE_SUSPENDED'>

/**
 * A task's own state.
 * - `waiting` is CREATED before the start; later it is a stage whose triggers have not fired, and the task runs.
 * - `queued` is RUNNING: their engines run the start event at once and know no queue for runners, and the seed's table
 *   has no word READY; CREATED would invite a client to start it a second time.
 * - `reviewing` is RUNNING: an approval there is a plugin that waits for its callback.
 * - `held` is RUNNING: what failed in it has its say in {@link reportedState}.
 * - an end that is not the user's wish is FAILED, whoever's fault it was, and a rollback that ended is still the
 *   failure that began it: there is one word for all of them.
 */
export const runState = {
  waiting: 'CREATED',
  queued: 'RUNNING',
  running: 'RUNNING',
  reviewing: 'RUNNING',
  paused: 'SUSPENDED',
  held: 'RUNNING',
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
 * - `queued` is RUNNING once a token has come to it: there is no queue there.
 * - `held` is a stage in which something failed.
 * - `skipped` is FINISHED with `skip` true, for want of another word, also when a condition passed it over: then nobody
 *   could tell it from one that is still to come.
 */
export const nodeState = {
  ...runState,
  waiting: null,
  pending: null,
  skipped: 'FINISHED',
} as const satisfies Record<NodeStatus, OwnState | null>

/**
 * What is reported of something with children, from the bottom up.
 * - engine 1 (pipeline.engine, all of bk-sops up to V3.6.x): it is BLOCKED as soon as one branch stops; a branch at work
 *   hides one that failed.
 * - engine 2 (bamboo-engine): it stays RUNNING, and a failure hides what is at work.
 */
export function reportedState(own: OwnState, children: readonly State[], engine: Engine): State {
  if (own !== 'RUNNING') return own
  if (engine === 1 && children.includes('RUNNING')) return 'RUNNING'
  if (children.includes('FAILED')) return 'FAILED'
  if (children.includes('SUSPENDED') || children.includes('NODE_SUSPENDED')) return 'NODE_SUSPENDED'
  return 'RUNNING'
}
