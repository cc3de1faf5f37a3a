import type { NodeStatus, RunStatus } from '../../../model/status.ts'
import type { RunView } from '../../../model/view.ts'
import { runWord as firstWord } from '../status.ts'

/** All words that the code of V2 and Zadig has for where something is. */
export type ZadigStatus =
  | 'disabled'
  | 'created'
  | 'running'
  | 'passed'
  | 'skipped'
  | 'failed'
  | 'timeout'
  | 'cancelled'
  | 'waiting'
  | 'queued'
  | 'blocked'

/**
 * As the first generation's words, but for what has not begun: there is a queue here with words of its own. `waiting` is
 * in the queue, `queued` was handed to a worker.
 */
export const runWord = {
  ...firstWord,
  waiting: 'waiting',
  queued: 'queued',
} as const satisfies Record<RunStatus, ZadigStatus>

/** A task that waits for another one of its pipeline to end is `blocked`: none of its sub-tasks has its turn yet. */
export function taskWord({ status, definition, stages }: RunView): ZadigStatus {
  const isBlocked =
    status === 'queued' &&
    definition.concurrency !== null &&
    stages.every(({ tasks }) => tasks.every((task) => task.status === 'pending'))
  return isBlocked ? 'blocked' : runWord[status]
}

/** What has not begun is `created` in a sub-task: only whole tasks stand in the queue. */
export const nodeWord = {
  ...runWord,
  waiting: 'created',
  queued: 'created',
  pending: 'created',
  skipped: 'skipped',
} as const satisfies Record<NodeStatus, ZadigStatus>
