import type { EventRecord } from '../../model/event.ts'
import type { PipelineId, RunId } from '../../model/id.ts'
import type { Result } from '../../model/problem.ts'
import type { Caller } from './access.ts'
import type { ProjectRef } from './pipelines.ts'

/** The server-wide ordered stream of events. */
export interface Feed {
  /** Number of the newest event. */
  last(): number
  /** Stored events with number > after that the caller may see, in order, at most `limit`; does not wait for more. */
  read(caller: Caller, after: number, filter: FeedSelection, limit: number): Promise<Result<readonly EventRecord[]>>
  /**
   * Every event with number > after that the caller may see, exactly once and in order: stored ones first, then
   * live ones, until `signal` is aborted. `undefined` = nothing for 15 s (send a heartbeat).
   */
  follow(
    caller: Caller,
    after: number,
    filter: FeedSelection,
    signal: AbortSignal,
  ): Promise<Result<AsyncIterable<EventRecord | undefined>>>
  /**
   * Calls back after every commit with the topics that changed: `run:` and its id; `pipeline:` and `project:` and
   * theirs when a run's status (not just a step of it), the pipeline or the project changed; `keys` when a
   * credential or a right did): for caches. By then every read of this server gives the new state, and no writer has
   * had its answer yet. Returns the way to stop.
   */
  onChange(listener: (topics: readonly string[]) => void): () => void
  /** Whether what is in memory was the newest a moment ago, where other servers may have gone on without this one. */
  isCurrent(): boolean
  /** It is the newest when this resolves. Rejects when the store cannot be reached. */
  catchUp(): Promise<void>
}

export interface FeedSelection {
  readonly project?: ProjectRef
  readonly pipelineId?: PipelineId
  readonly runId?: RunId
}
