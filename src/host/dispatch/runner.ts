import type { RunId } from '../../model/id.ts'
import type { Job } from '../../model/job.ts'
import type { Instant } from '../../model/time.ts'

/** A runner as the dispatcher sees it. `start` and `cancel` do not wait; reports come back through {@link Dispatcher}. */
export interface Runner {
  readonly name: string
  readonly labels: readonly string[]
  /** Attempts it does at once. */
  readonly slots: number
  start(job: Job): void
  cancel(attempt: {
    readonly runId: RunId
    readonly node: number
    readonly attempt: number
    readonly fence: number
  }): void
  /** The run has ended: its workspace may go. */
  clean(runId: RunId): void
  /** Since when nothing was heard of it, once that is longer than it should be; without it: it never is silent. */
  silence?(): Silence | null
  /** Whether what it sends waits for room on the disk of this server; without it: it sends nothing. */
  isHeldUp?(): boolean
}

/** Of a runner that may be gone. */
export interface Silence {
  readonly since: Instant
  /** When what it holds is given up as lost. */
  readonly lostAt: Instant
}

export type Attempt = Pick<Job, 'runId' | 'node' | 'attempt' | 'fence'>

/** `paused` by a person: it gets nothing until it is resumed. `draining`: it goes away when it has ended what it has. */
export type Taking = 'all' | 'paused' | 'draining'

/** A runner that speaks to another server. */
export interface OtherRunner {
  readonly name: string
  readonly labels: readonly string[]
  readonly taking: Taking
}

export const hasLabels = (runner: { readonly labels: readonly string[] }, labels: readonly string[]): boolean =>
  labels.every((label) => runner.labels.includes(label))
