import type { Cause, EventRecord, LogEntry } from '../../model/event.ts'
import type { PipelineId, ProjectId, RunId } from '../../model/id.ts'
import type { RunStatus } from '../../model/status.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { RunSummary } from '../../model/view.ts'

/** Runs and their events. The log is the truth; `RunSummary` rows and snapshots can be made from it again. */
export interface RunLog {
  /**
   * The number (per pipeline, from 1) and serial (per server, from 1) of the next run. Never given twice, also
   * after a restart; a run that is then not committed leaves a gap. Rejects as `missing` when there is no such pipeline.
   */
  reserve(pipelineId: PipelineId): Promise<{ readonly number: number; readonly serial: number }>
  /**
   * The only write path of a run. Atomic: entries appended, index row replaced, snapshot and idempotency key
   * stored, or nothing. Rejects as `conflict` when the run is not at `expectedSeq` (0: does not exist).
   * Commits of one run must be awaited one by one; commits of different runs that are waiting in the same turn
   * go into one transaction, but each fails alone. A commit that is malformed (no events, a seq that does not
   * follow, no summary with the first one) also rejects as `conflict`, and so does a first one whose serial or number
   * another run has; one whose pipeline does not exist rejects as `missing`.
   */
  commit(commit: RunCommit): Promise<CommitReceipt>
  /**
   * Takes runs away whole: entries, index row, snapshot and idempotency keys, all in one. Left alone are those that have
   * not ended, are not there, or have the newest event of the server: so no number, serial or number of a run is ever
   * given again, and `feed` goes on over the numbers of what is gone. Resolves to those that have gone, in the order asked.
   */
  remove(ids: readonly RunId[]): Promise<readonly RunId[]>
  /** A run's entries with seq > afterSeq, in order. At most `limit` entries. Empty when there are none. */
  entries(runId: RunId, afterSeq: number, limit: number): Promise<readonly LogEntry[]>
  /** As {@link entries}, as single events with their global numbers. `limit` counts events. */
  events(runId: RunId, afterSeq: number, limit: number): Promise<readonly EventRecord[]>
  /** All runs' events with number > after, in order; `limit` counts events. */
  feed(after: number, filter: FeedFilter, limit: number): Promise<readonly EventRecord[]>
  /** Number of the newest event, 0 when there is none. */
  lastNumber(): Promise<number>
  /** What {@link RunCommit.snapshot} stored last, with the seq it was taken at. */
  snapshot(runId: RunId): Promise<{ readonly seq: number; readonly data: string } | undefined>
  /** Its `seq` and `updatedAt` are those of the newest entry, also when the commit came with `summary: null`. So everywhere. */
  summary(ref: RunRef): Promise<RunSummary | undefined>
  /** In the order asked; unknown ones are left out. */
  summaries(ids: readonly RunId[]): Promise<readonly RunSummary[]>
  /** Newest first (by serial). Keyset paging: `before` is the serial of the last one seen. */
  list(filter: RunFilter, before: number | null, limit: number): Promise<readonly RunSummary[]>
  count(filter: RunFilter): Promise<number>
  /** Every run that has not ended, oldest first: what the host takes up again after a restart. */
  live(): Promise<readonly RunId[]>
  /** The run that an idempotency key leads to, while it stands. */
  idempotent(key: string, now: Instant): Promise<{ readonly runId: RunId; readonly fingerprint: string } | undefined>
}

/** How long an idempotency key stands for the run that it made: 24 h. */
export const IDEMPOTENCY_MS: DurationMs = 24 * 3_600_000

export type RunRef =
  | { readonly by: 'id'; readonly id: RunId }
  | { readonly by: 'serial'; readonly serial: number }
  | { readonly by: 'number'; readonly pipelineId: PipelineId; readonly number: number }
  | { readonly by: 'latest'; readonly pipelineId: PipelineId }

export interface RunCommit {
  readonly runId: RunId
  readonly expectedSeq: number
  /** In order, without gaps: the first event's seq is expectedSeq + 1. */
  readonly entries: readonly LogEntry[]
  /** The index row after these entries, or null when nothing in it but seq and updatedAt changed. */
  readonly summary: RunSummary | null
  /** JSON of the whole run, given when it has ended. */
  readonly snapshot: string | null
  /**
   * A key that stands already at `at` rejects as `conflict`. It stands for `standsMs`, {@link IDEMPOTENCY_MS} when that
   * is not given, and then leads to the run of this commit.
   */
  readonly idempotency: {
    readonly key: string
    readonly fingerprint: string
    readonly at: Instant
    readonly standsMs?: DurationMs
  } | null
  /** Only the server that has the duties ({@link Shared.takeDuties}) may commit it: else it rejects as `conflict`. */
  readonly onDuty?: true
}
export interface CommitReceipt {
  /** Global number of the last of these events. Numbers of one commit follow each other. */
  readonly lastNumber: number
}

export interface RunFilter {
  readonly projectIds?: readonly ProjectId[]
  readonly pipelineId?: PipelineId
  readonly statuses?: readonly RunStatus[]
  readonly needsPerson?: boolean
  /** Inclusive. */
  readonly createdFrom?: Instant
  /** Exclusive. */
  readonly createdTo?: Instant
  /** Substring of the pipeline's name, ignoring case. */
  readonly text?: string
  /** Who or what made them: any of these, as `cause.by` has it. */
  readonly causeBy?: readonly string[]
  readonly causeKinds?: readonly Cause['kind'][]
  /** Whether it has begun. */
  readonly isStarted?: boolean
}
export interface FeedFilter {
  readonly projectIds?: readonly ProjectId[]
  readonly pipelineId?: PipelineId
  readonly runId?: RunId
}
