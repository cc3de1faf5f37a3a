import type { DurationMs, Instant } from '../../model/time.ts'
import { type MessageRecord, type Outbox, StoreError } from '../../store/store.ts'
import type { Clock } from '../clock.ts'

/** What became of one try. */
export type Sent =
  | { readonly kind: 'delivered' }
  /** `notBefore`: what the receiver asked for; it is then left in peace altogether until that time. */
  | { readonly kind: 'again'; readonly error: string; readonly notBefore?: Instant; readonly isOpen?: boolean }
  /** Trying again would come to the same. */
  | { readonly kind: 'never'; readonly error: string }

interface Dependencies {
  readonly outbox: Outbox
  readonly clock: Clock
  /** In [0, 1). */
  readonly draw: () => number
  readonly send: (message: MessageRecord) => Promise<Sent>
  readonly onDefect: (error: unknown) => void
}

const SECOND: DurationMs = 1_000
const MINUTE: DurationMs = 60 * SECOND
const HOUR: DurationMs = 60 * MINUTE
/** After each failed try, three days in all. Source: the retry schedule of the Standard Webhooks specification. */
const PLAN: readonly DurationMs[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
]
/** Of a lane, where only the newest counts and somebody waits for it. */
const LANE_PLAN: readonly DurationMs[] = [5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, ...PLAN.slice(3)]
const JITTER = 0.2
const IN_FLIGHT_MAX = 16
/** One receiver that hangs holds up none of the others. */
const PER_TARGET_MAX = 2
/** More than can be under way, and than lanes can hold up by these: where all of a page must wait, it is their targets'. */
const PAGE = 64
const RETRY_MS: DurationMs = SECOND
/** What an answer that never came may still do at the receiver is over by then. */
const SETTLE_MS: DurationMs = MINUTE
const KEEP_MS: DurationMs = 30 * 24 * HOUR
const PRUNE_EVERY_MS: DurationMs = 24 * HOUR
/** A receiver does not make us wait for longer than this. */
const PAUSE_MAX_MS: DurationMs = 6 * HOUR

/**
 * Sends what is in the outbox, beside everything else and holding up nothing. At least once: what was sent and not noted is
 * sent again. Of a lane one message is under way at a time, so that none overtakes another; and when an answer stayed
 * out, what is newest is said once more later, as nobody knows when the receiver does what it was told before.
 */
export class OutboxSender {
  readonly #deps: Dependencies
  readonly #inFlight = new Map<string, MessageRecord>()
  /** What was sent since the outbox was last asked for what is due: its answer may not know of it yet. */
  readonly #over = new Set<string>()
  /** Lanes in which an answer stayed out. */
  readonly #doubtful = new Set<string>()
  readonly #pausedUntil = new Map<string, Instant>()
  #isLooking = false
  #lookAgain = false
  #isClosed = false
  #stopTimer: () => void = () => undefined
  #stopPrune: () => void = () => undefined
  #idle: (() => void)[] = []

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** From now on. */
  open(): void {
    this.#prune()
    this.wake()
  }

  /** There may be something to send. */
  wake(): void {
    this.#lookAgain = true
    if (!this.#isLooking && !this.#isClosed) void this.#look()
  }

  /** Resolves when nothing is under way and nothing is due: for tests. */
  async settled(): Promise<void> {
    if (!this.#isLooking && this.#inFlight.size === 0 && !this.#lookAgain) return
    await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  close(): void {
    this.#isClosed = true
    this.#stopTimer()
    this.#stopPrune()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    try {
      while (this.#lookAgain && !this.#isClosed) {
        this.#lookAgain = false
        await this.#begin()
      }
    } catch (error) {
      if (!(error instanceof StoreError)) this.#deps.onDefect(error)
      this.#wakeAt(this.#deps.clock.now() + RETRY_MS)
    } finally {
      this.#isLooking = false
      this.#tellIdle()
    }
  }

  async #begin(): Promise<void> {
    const { clock, outbox } = this.#deps
    const now = clock.now()
    for (const [target, until] of this.#pausedUntil) if (until <= now) this.#pausedUntil.delete(target)
    for (let isMore = true; isMore && !this.#isClosed && this.#inFlight.size < IN_FLIGHT_MAX;) {
      this.#over.clear()
      const without = this.#unavailable()
      const due = await outbox.dueMessages(now, PAGE, without)
      for (const message of due) {
        if (!this.#mayBegin(message)) continue
        this.#inFlight.set(message.id, message)
        void this.#try(message)
      }
      // Behind those of a target that has its share by now there may be others.
      isMore = due.length === PAGE && this.#unavailable().some((target) => !without.includes(target))
    }
    // What is due and waits for others is looked at when those have ended.
    const next = await outbox.nextDue(now)
    const times = [...(next === undefined ? [] : [next]), ...this.#pausedUntil.values()]
    if (times.length > 0) this.#wakeAt(Math.min(...times))
  }

  /** Those who get nothing now: they have asked for a pause, or have as much under way as they may. */
  #unavailable(): readonly string[] {
    const targets = [...this.#inFlight.values()].map(({ target }) => target)
    const busy = targets.filter((target) => targets.filter((other) => other === target).length >= PER_TARGET_MAX)
    return [...new Set([...this.#pausedUntil.keys(), ...busy])]
  }

  #mayBegin({ id, lane, target }: MessageRecord): boolean {
    if (this.#isClosed || this.#inFlight.size >= IN_FLIGHT_MAX) return false
    if (this.#inFlight.has(id) || this.#over.has(id)) return false
    if (lane !== null && [...this.#inFlight.values()].some((other) => other.lane === lane)) return false
    return !this.#unavailable().includes(target)
  }

  async #try(message: MessageRecord): Promise<void> {
    const { clock, onDefect, outbox, send } = this.#deps
    try {
      const sent = await send(message)
      if (this.#isClosed) return
      const at = clock.now()
      const tries = message.tries + 1
      if (sent.kind === 'delivered') {
        const again = message.lane !== null && this.#doubtful.delete(message.lane)
        const error = again ? 'said once more, as an earlier answer stayed out' : null
        const state = again ? 'waiting' : 'delivered'
        await outbox.markMessage(message.id, { state, tries, nextAt: again ? at + SETTLE_MS : null, error, at })
      } else if (sent.kind === 'never') {
        await outbox.markMessage(message.id, { state: 'dead', tries, nextAt: null, error: sent.error, at })
      } else {
        if (sent.isOpen === true && message.lane !== null) this.#doubtful.add(message.lane)
        const nextAt = this.#nextTry(message, sent.notBefore ?? at, at)
        const state = nextAt === null ? 'dead' : 'waiting'
        await outbox.markMessage(message.id, { state, tries, nextAt, error: sent.error, at })
      }
    } catch (error) {
      // A store that is full or closed: the message still waits, and is sent again.
      if (!(error instanceof StoreError)) onDefect(error)
      this.#pausedUntil.set(message.target, clock.now() + RETRY_MS)
    } finally {
      this.#inFlight.delete(message.id)
      this.#over.add(message.id)
      this.wake()
      this.#tellIdle()
    }
  }

  #nextTry({ lane, target, tries }: MessageRecord, notBefore: Instant, at: Instant): Instant | null {
    const delay = (lane === null ? PLAN : LANE_PLAN)[tries]
    const pause = Math.min(notBefore, at + PAUSE_MAX_MS)
    if (pause > at) this.#pausedUntil.set(target, pause)
    if (delay === undefined) return null
    const jitter = 1 + JITTER * (2 * this.#deps.draw() - 1)
    return Math.max(pause, at + Math.round(delay * jitter))
  }

  #wakeAt(at: Instant): void {
    if (this.#isClosed) return
    this.#stopTimer()
    this.#stopTimer = this.#deps.clock.at(at, () => this.wake())
  }

  #prune(): void {
    const { clock, onDefect, outbox } = this.#deps
    outbox.pruneMessages(clock.now() - KEEP_MS).catch((error: unknown) => {
      if (!(error instanceof StoreError)) onDefect(error)
    })
    this.#stopPrune = clock.at(clock.now() + PRUNE_EVERY_MS, () => this.#prune())
  }

  #tellIdle(): void {
    if (this.#isLooking || this.#inFlight.size > 0 || this.#lookAgain) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}
