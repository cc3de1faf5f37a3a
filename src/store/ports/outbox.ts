import type { ProjectId, RunId } from '../../model/id.ts'
import type { Instant } from '../../model/time.ts'

/**
 * What is to be told to the world outside, kept until it has arrived or was given up. A message is sent at least once:
 * a server that is killed between sending and {@link Outbox.markMessage} sends it again, under the same id.
 */
export interface Outbox {
  /**
   * Atomic, all or none. A message whose id is there already is passed over, whatever became of it, so that what was
   * derived twice is sent once. One with a lane takes the place of those of its lane that still wait: they are
   * `superseded`. Rejects as `missing` when there is no such project.
   */
  putMessages(messages: readonly NewMessage[]): Promise<void>
  /** Those that wait and whose `nextAt` has come, by `nextAt`, then serial; none for the targets that are left out. */
  dueMessages(now: Instant, limit: number, without?: readonly string[]): Promise<readonly MessageRecord[]>
  /** The earliest `nextAt` of all that wait, or of those that come due after this instant; undefined: there is none. */
  nextDue(after?: Instant): Promise<Instant | undefined>
  message(id: string): Promise<MessageRecord | undefined>
  /** The one that was put into the lane last, whatever its state. */
  newestOf(lane: string): Promise<MessageRecord | undefined>
  /** Newest first (by serial); `before` is the serial of the last one seen. */
  messages(filter: MessageFilter, before: number | null, limit: number): Promise<readonly MessageRecord[]>
  /**
   * What a try came to. False, and nothing is changed, when the message does not wait any more: a newer one has taken
   * its place meanwhile. Rejects as `missing` when there is none.
   */
  markMessage(id: string, mark: MessageMark): Promise<boolean>
  /**
   * It waits again, due at `at`, its tries counted from 0. Rejects as `missing` when there is none, as `conflict` when it
   * is `superseded` or its lane has a newer one: what is old by now must not come after what is new.
   */
  replayMessage(id: string, at: Instant): Promise<MessageRecord>
  /** Drops those that do not wait any more and were last changed before this. @returns how many */
  pruneMessages(before: Instant): Promise<number>
}

/** `dead`: given up. `superseded`: a newer message of its lane took its place before it had arrived. */
export const MESSAGE_STATES = ['waiting', 'delivered', 'dead', 'superseded'] as const
export type MessageState = (typeof MESSAGE_STATES)[number]

export interface NewMessage {
  /** Made by the host of what it tells and whom: the same again is the same message. */
  readonly id: string
  readonly projectId: ProjectId
  readonly runId: RunId | null
  /** How it is sent; the store does not read it. */
  readonly kind: string
  /** Whom it is for, as its kind names them. */
  readonly target: string
  /** Of the messages of a lane only the newest counts; null: each counts. */
  readonly lane: string | null
  /** JSON. */
  readonly body: string
  /** Also the instant at which it is first due. */
  readonly createdAt: Instant
}
export interface MessageRecord extends NewMessage, Omit<MessageMark, 'at'> {
  /** Given by the store, from 1. */
  readonly serial: number
  readonly updatedAt: Instant
}
export interface MessageMark {
  readonly state: MessageState
  /** How often it was tried. */
  readonly tries: number
  /** null unless it waits. */
  readonly nextAt: Instant | null
  /** What the last try came to, when that was not its delivery. */
  readonly error: string | null
  readonly at: Instant
}
export interface MessageFilter {
  readonly projectIds?: readonly ProjectId[]
  readonly runId?: RunId
  readonly kind?: string
  readonly target?: string
  readonly state?: MessageState
}
