import type { RunId } from '../../model/id.ts'
import type { Job } from '../../model/job.ts'
import { refText, type RunnerOrder } from '../../model/runner.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { Clock } from '../clock.ts'
import type { Attempt, Runner, Silence } from '../dispatch/runner.ts'

/** Times of a lease. A runner stops what it has `leaseMs` after its last word; `slackMs` later it is given up. */
export interface LeaseTimes {
  readonly leaseMs: DurationMs
  readonly slackMs: DurationMs
  /** How long a poll waits for orders. */
  readonly pollMs: DurationMs
}

/** A third of the lease for a heartbeat: two may be missed. For what it holds to end, at most 4 s. */
export const leaseTimes = (leaseMs: DurationMs): LeaseTimes => ({
  leaseMs,
  slackMs: Math.min(4_000, Math.ceil(leaseMs / 2)),
  pollMs: Math.ceil(leaseMs / 3),
})

/** A timer that comes later than this means that it was us who slept, and nobody could be heard. */
const OVERSLEPT_MS: DurationMs = 1_000

/** An order as it is given; its number comes with the answer. */
type Order = RunnerOrder extends infer One ? (One extends RunnerOrder ? Omit<One, 'number'> : never) : never

interface Dependencies {
  readonly clock: Clock
  readonly times: LeaseTimes
  /** Its lease has passed. */
  readonly onLost: () => void
  /** It was silent and has said something. */
  readonly onHeard: () => void
  /** Whether what it sends finds no room here. */
  readonly isFull: () => boolean
}

/** A runner on another machine as the dispatcher sees it: orders wait here until the runner has taken them. */
export class RunnerLink implements Runner {
  readonly name: string
  readonly #deps: Dependencies
  labels: readonly string[]
  slots: number
  /** Of the process that said hello last; null: none has, since this server began. */
  session: string | null = null
  #orders: RunnerOrder[] = []
  #number = 0
  /** What runs this runner has files of, as far as is known. */
  readonly #runs = new Set<RunId>()
  /** What it must stop; said again in the next hello. */
  readonly #cancelled = new Map<string, Attempt>()
  #answer: (() => void) | undefined
  #seenAt: Instant
  #stopTimer: () => void = () => undefined
  #closed = false

  constructor(name: string, labels: readonly string[], slots: number, deps: Dependencies) {
    this.name = name
    this.labels = labels
    this.slots = slots
    this.#deps = deps
    this.#seenAt = deps.clock.now()
    this.watch()
  }

  get seenAt(): Instant {
    return this.#seenAt
  }

  start(job: Job): void {
    this.#runs.add(job.runId)
    this.#give({ type: 'start', job })
  }

  cancel(attempt: Attempt): void {
    const { runId, node, attempt: count, fence } = attempt
    this.#cancelled.set(refText(attempt), attempt)
    this.#give({ type: 'cancel', runId, node, attempt: count, fence })
  }

  clean(runId: RunId): void {
    if (this.#runs.delete(runId)) this.#give({ type: 'clean', runId })
  }

  /** Silent: two heartbeats were missed, or nobody has come yet since this server began. */
  silence(): Silence | null {
    const { clock, times } = this.#deps
    const isLate = clock.now() - this.#seenAt > times.pollMs * 2
    if (this.session !== null && !isLate) return null
    return { since: this.#seenAt, lostAt: this.#seenAt + times.leaseMs + times.slackMs }
  }

  isHeldUp(): boolean {
    return this.#deps.isFull()
  }

  /** Its process is there: what was said to it before is forgotten. */
  greet(session: string, runs: readonly RunId[]): void {
    this.session = session
    this.#answer?.()
    this.#orders = []
    this.#number = 0
    for (const runId of runs) this.#runs.add(runId)
    this.#seenAt = this.#deps.clock.now()
    // What waited while it was not there may be for it.
    this.#deps.onHeard()
  }

  /** Says again what it must stop, of what it still has. */
  cancelAgain(held: readonly Attempt[]): void {
    const names = new Set(held.map(refText))
    for (const [name, attempt] of this.#cancelled) {
      if (names.has(name)) this.cancel(attempt)
      else this.#cancelled.delete(name)
    }
  }

  heard(): void {
    const wasSilent = this.silence() !== null
    this.#seenAt = this.#deps.clock.now()
    if (wasSilent) this.#deps.onHeard()
  }

  /** The runner has ended it. */
  over(attempt: Attempt): void {
    this.#cancelled.delete(refText(attempt))
  }

  /** Orders after the one that was taken last; waits for the first, at most until the heartbeat is due. */
  async take(ack: number, signal: AbortSignal): Promise<readonly RunnerOrder[]> {
    this.#orders = this.#orders.filter(({ number }) => number > ack)
    // One poll at a time: the runner does not wait for the older any more.
    this.#answer?.()
    if (this.#orders.length > 0 || this.#closed) return this.#orders
    const { clock, times } = this.#deps
    await new Promise<void>((resolve) => {
      const stop = clock.at(clock.now() + times.pollMs, resolve)
      const over = (): void => {
        stop()
        resolve()
      }
      signal.addEventListener('abort', over, { once: true })
      if (signal.aborted) over()
      this.#answer = over
    })
    return signal.aborted ? [] : this.#orders
  }

  /** Nothing more comes of it. */
  close(): void {
    this.#closed = true
    this.#stopTimer()
    this.#answer?.()
  }

  #give(order: Order): void {
    this.#number += 1
    this.#orders.push({ ...order, number: this.#number })
    this.#answer?.()
    this.#answer = undefined
  }

  /** Its lease, and the time that it gets to end what it has, have passed. */
  isOverdue(): boolean {
    const { clock, times } = this.#deps
    return clock.now() >= this.#seenAt + times.leaseMs + times.slackMs
  }

  /** Until its lease has passed. */
  watch(): void {
    const { clock, times, onLost } = this.#deps
    const due = this.#seenAt + times.leaseMs + times.slackMs
    this.#stopTimer = clock.at(due, () => {
      if (this.#closed) return
      const now = clock.now()
      if (now - due > OVERSLEPT_MS) this.#seenAt = now
      if (this.isOverdue()) onLost()
      else this.watch()
    })
  }
}
