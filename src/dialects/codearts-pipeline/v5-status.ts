import type { StageView, TaskView } from '../../model/view.ts'
import { RUN_STATUSES, type NodeStatus, type RunStatus } from '../../model/status.ts'
import type { NodeWord, RunWord } from './v5-wire.ts'

/** v5 has words of its own: those of a run are fewer than those of its stages, jobs and steps. */
export const v5RunWords = {
  // It waits for something outside; a run that is not begun has no word.
  waiting: 'SUSPEND',
  // The list has no word for a run in a queue; QUEUED is for stages and jobs.
  queued: 'RUNNING',
  running: 'RUNNING',
  // A review suspends.
  reviewing: 'SUSPEND',
  paused: 'PAUSED',
  // It goes on once a person has mended it (`resume`, `retry`).
  held: 'PAUSED',
  succeeded: 'COMPLETED',
  failed: 'FAILED',
  errored: 'FAILED',
  timed_out: 'FAILED',
  cancelled: 'CANCELED',
  rolling_back: 'RUNNING',
  rolled_back: 'FAILED',
  rollback_failed: 'FAILED',
  rollback_errored: 'FAILED',
} as const satisfies Record<RunStatus, RunWord>

export const v5NodeWords = {
  ...v5RunWords,
  queued: 'QUEUED',
  pending: 'INIT',
  skipped: 'SKIPPED',
} as const satisfies Record<NodeStatus, NodeWord>

/** IGNORED is the vendor's for runs whose failure does not count; ours have no such end, so that nothing is found. */
export const RUN_WORDS = ['COMPLETED', 'RUNNING', 'FAILED', 'CANCELED', 'PAUSED', 'SUSPEND', 'IGNORED'] as const

export const v5StatusesOf = (words: readonly RunWord[]): readonly RunStatus[] =>
  RUN_STATUSES.filter((status) => words.includes(v5RunWords[status]))

export const stageWord = (stage: StageView): NodeWord =>
  isUnselected(stage) ? 'UNSELECTED' : v5NodeWords[stage.status]

export const stepWord = (task: TaskView): NodeWord => {
  if (task.ignored) return 'IGNORED'
  // It has failed, and waits for a person; the run says that it is paused.
  return isUnselected(task) ? 'UNSELECTED' : v5NodeWords[task.status]
}

/** Left out when the run was made, be it that the run has not come there, or never will. */
const isUnselected = ({ skipped, excluded, status }: StageView | TaskView): boolean =>
  skipped?.because === 'excluded' || (excluded && status === 'pending')

/** What outweighs what in a job: the first of these that one of its steps has. */
const WEIGHT: readonly NodeWord[] = ['FAILED', 'SUSPEND', 'PAUSED', 'RUNNING', 'QUEUED', 'CANCELED']
const OVER: readonly NodeWord[] = ['COMPLETED', 'SKIPPED', 'UNSELECTED', 'IGNORED']

/** A job has no state of its own with us: it is where its steps are. @param isOver its stage is: nothing of it is to come */
export function jobWord(steps: readonly TaskView[], isOver: boolean): NodeWord {
  const words = steps.map(stepWord)
  const heavy = WEIGHT.find((word) => words.includes(word))
  if (heavy !== undefined) return heavy
  if (words.every((word) => OVER.includes(word)))
    return words.find((word) => word === 'COMPLETED') ?? words[0] ?? 'COMPLETED'
  if (!words.includes('COMPLETED')) return 'INIT'
  // Some are over and the next has not begun: between two steps, or given up when another job had failed.
  return isOver ? 'CANCELED' : 'RUNNING'
}
