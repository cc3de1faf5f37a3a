import type { Cause } from '../../model/event.ts'
import type { FailureKind } from '../../model/failure.ts'
import { RUN_STATUSES, type NodeStatus, type RunStatus } from '../../model/status.ts'
import type { ExecuteType, OutcomeWord, Standing, StatusWord } from './wire.ts'

/**
 * Seed 001, table 4. status: waiting, running, verifying (waits for a review), suspending (suspended), completed;
 * outcome: success, error, aborted, and null until the end. The page gives no more meaning than these words.
 */
export const runWords = {
  waiting: { status: 'waiting', outcome: null },
  queued: { status: 'waiting', outcome: null },
  running: { status: 'running', outcome: null },
  reviewing: { status: 'verifying', outcome: null },
  paused: { status: 'suspending', outcome: null },
  // It goes on once a person has mended it, so it is not completed; that it waits for a person is what suspended says.
  held: { status: 'suspending', outcome: null },
  succeeded: { status: 'completed', outcome: 'success' },
  failed: { status: 'completed', outcome: 'error' },
  // One word for all that is not well: `error_msg` of the task says whose fault it was.
  errored: { status: 'completed', outcome: 'error' },
  timed_out: { status: 'completed', outcome: 'error' },
  cancelled: { status: 'completed', outcome: 'aborted' },
  rolling_back: { status: 'running', outcome: null },
  // What was to be delivered was not, also when taking it back went well.
  rolled_back: { status: 'completed', outcome: 'error' },
  rollback_failed: { status: 'completed', outcome: 'error' },
  rollback_errored: { status: 'completed', outcome: 'error' },
} as const satisfies Record<RunStatus, Standing>

/** Stages and tasks. A task that failed under `hold` has the status `failed` itself, hence completed and error. */
export const nodeWords = {
  ...runWords,
  // The seed's sample: null and null for what was not reached.
  pending: { status: null, outcome: null },
  // Over, and neither good nor bad: an outcome would claim that it did something.
  skipped: { status: 'completed', outcome: null },
} as const satisfies Record<NodeStatus, Standing>

/** Which of our statuses a filter by the vendor's words means. */
export const statusesOf = (statuses: readonly StatusWord[], outcomes: readonly OutcomeWord[]): readonly RunStatus[] =>
  RUN_STATUSES.filter((word) => {
    const { status, outcome } = runWords[word]
    return (
      (statuses.length === 0 || statuses.includes(status)) &&
      (outcomes.length === 0 || (outcome !== null && outcomes.includes(outcome)))
    )
  })

/** Of the vendor's MR, Push, CreateTag, Issue, Note, Manual, Scheduler, RollBack, Unsuspended. */
export const executeTypes = {
  manual: 'Manual',
  schedule: 'Scheduler',
  push: 'Push',
  merge_request: 'MR',
  // A call from another system: the vendor knows those of code hosts only, and this is the plainest of them.
  webhook: 'Push',
  // So is what is published to a channel.
  channel: 'Push',
  // Another pipeline started it; no word of the vendor's names that.
  upstream: 'Manual',
} as const satisfies Record<Cause['kind'], ExecuteType>

/** `error_code` of a task. The vendor's list of codes for failed tasks is not public, so these are ours. */
export const errorCodes = {
  'exit-code': 'MILLRACE.EXIT_CODE',
  signal: 'MILLRACE.SIGNAL',
  'out-of-memory': 'MILLRACE.OUT_OF_MEMORY',
  'output-limit': 'MILLRACE.OUTPUT_LIMIT',
  'said-no': 'MILLRACE.SAID_NO',
  rejected: 'MILLRACE.REJECTED',
  forced: 'MILLRACE.FORCED',
  'no-branch': 'MILLRACE.NO_BRANCH',
  'many-branches': 'MILLRACE.MANY_BRANCHES',
  condition: 'MILLRACE.CONDITION',
  'loop-limit': 'MILLRACE.LOOP_LIMIT',
  'cannot-start': 'MILLRACE.CANNOT_START',
  'missing-tool': 'MILLRACE.MISSING_TOOL',
  'disk-full': 'MILLRACE.DISK_FULL',
  unauthorized: 'MILLRACE.UNAUTHORIZED',
  lost: 'MILLRACE.LOST',
  internal: 'MILLRACE.INTERNAL',
  timeout: 'MILLRACE.TIMEOUT',
  'not-started': 'MILLRACE.NOT_STARTED',
  expired: 'MILLRACE.EXPIRED',
} as const satisfies Record<FailureKind, string>
