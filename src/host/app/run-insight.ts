import type { AttemptBar } from '../../graph/timeline.ts'
import type { Concurrency } from '../../model/definition.ts'
import type { ExplanationCode } from '../../model/explanation.ts'
import type { NodeId, PipelineId, RunId } from '../../model/id.ts'
import type { Priority } from '../../model/priority.ts'
import type { RunStatus } from '../../model/status.ts'
import type { DurationMs, Instant } from '../../model/time.ts'

/** Who is under way in a concurrency group, and who waits for it. */
export interface QueueView {
  /** Of the newest version of the pipeline that was asked for; null: it has no limit, and nobody waits. */
  readonly concurrency: Concurrency | null
  /** The first 100. */
  readonly running: readonly QueuedRun[]
  readonly runningCount: number
  /** Whose turn is next first; the first 100. */
  readonly queue: readonly (QueuedRun & { readonly position: number; readonly since: Instant })[]
  readonly queuedCount: number
}

export interface QueuedRun {
  readonly id: RunId
  readonly number: number
  readonly pipelineId: PipelineId
  readonly pipelineName: string
  readonly status: RunStatus
  readonly priority: Priority
}

/** Why something is where it is. */
export interface Explanation {
  /** null: the run as a whole. */
  readonly node: { readonly id: string; readonly key: string; readonly name: string } | null
  readonly code: ExplanationCode
  /** One sentence: "Waiting for review by li or chen (1 of 2 approvals)". */
  readonly sentence: string
  readonly since: Instant
  /** What or who would unblock it, each a thing that can be done. */
  readonly unblocks: readonly string[]
  /** Place in the queue from 1; only with `waiting-for-runner` and `waiting-for-turn`. */
  readonly position: number | null
  /** When it ends by itself at the latest. */
  readonly deadline: Instant | null
}

export interface TimelineView {
  /** When it was made: what has no end goes on until then. */
  readonly at: Instant
  /** Of the newest event that it tells of. */
  readonly seq: number
  readonly stages: readonly {
    readonly id: NodeId
    readonly spans: readonly { readonly from: Instant; readonly to: Instant | null }[]
  }[]
  /** Tasks that nothing has happened to are left out. */
  readonly tasks: readonly { readonly id: NodeId; readonly attempts: readonly AttemptBar[] }[]
  /** The tasks that made it as long as it is, in their order. */
  readonly critical: readonly NodeId[]
}

/** A quarter of what was seen took less than `p25`, half of it less than `p50`, three quarters less than `p75`. */
export interface Quartiles {
  readonly p25: DurationMs
  readonly p50: DurationMs
  readonly p75: DurationMs
}
export interface Estimate {
  /** How many runs it rests on, at most 20; 0: nothing is known. */
  readonly samples: number
  /** From start to end, without pauses. */
  readonly usualMs: Quartiles | null
  /** From now on, if it need not wait for anybody; null of a run that has ended. */
  readonly remainingMs: Quartiles | null
}
