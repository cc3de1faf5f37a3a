import type { LogEntry } from '../../model/event.ts'
import type { RunId } from '../../model/id.ts'
import type { DurationMs } from '../../model/time.ts'

/** An entry as it lies in the log. */
export interface NumberedEntry {
  readonly runId: RunId
  /** Global number of the last of its events. */
  readonly lastNumber: number
  readonly entry: LogEntry
}

/**
 * What servers that work on one store at the same time must know of each other. Nothing here is the truth: that is in
 * the log, which every one of them follows.
 */
export interface Shared {
  /** Of this server, and of this start of it: 8 hex digits. */
  readonly serverId: string
  /** Entries of all runs whose events have numbers > after, in their order; also our own. */
  entriesAfter(after: number, limit: number): Promise<readonly NumberedEntry[]>
  /** As {@link RunLog.lastNumber}, after waiting for every commit that is under way on any server. */
  settledNumber(): Promise<number>
  /** Tells of what other servers do, from now on. @returns stops that */
  listen(listener: SharedListener): () => void
  /**
   * This server is there, and so are the runners that speak to it. A server that has said nothing for `silentMs` is given
   * up, and so is a runner. @returns undefined when that has happened to this one: it must end.
   */
  beat(beat: Beat): Promise<Attendance | undefined>
  /** One after the other on all servers, for the same name. What is done by one that dies is given up. @throws StoreError */
  exclusively<Value>(name: string, work: () => Promise<Value>): Promise<Value>
  /** Of all servers one has the duties, until its connection to the store breaks. @returns whether this one has them */
  takeDuties(): Promise<boolean>
}
export interface SharedListener {
  /** There are commits of others, up to this number. */
  onCommits(lastNumber: number): void
  /**
   * Others have changed what is kept in memory. `what` names it: `users`, `keys`, `projects`, `secrets`, `pipelines <id>`,
   * `settings <name>`, `documents <project> <kind>`.
   */
  onChange(what: string): void
  /** The connection was broken and is there again: anything may have been missed. */
  onReconnected(): void
  onDutiesLost(): void
}
export interface Beat {
  /** The first one of this server. */
  readonly fresh: boolean
  readonly attending: readonly Attending[]
  /** Runners that speak to this server no more. */
  readonly leaving: readonly string[]
  readonly silentMs: DurationMs
}
export interface Attending {
  readonly runner: string
  /** JSON that the host reads again. */
  readonly facts: string
  /** Since its last word. */
  readonly ageMs: DurationMs
  /** It has come to this server, wherever it was before. Without: only what is known of it is renewed. */
  readonly claims: boolean
}
export interface Attendance {
  /** Of the newest event. */
  readonly number: number
  /** That are there, this one counted. */
  readonly servers: number
  readonly attendance: readonly {
    readonly runner: string
    readonly server: string
    readonly facts: string
    readonly seenMs: DurationMs
  }[]
}
