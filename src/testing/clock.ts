import type { Clock } from '../host/clock.ts'
import type { Instant } from '../model/time.ts'

/** A clock that stands still until it is moved. */
export class FakeClock implements Clock {
  #now: Instant
  readonly #waiting = new Set<{ at: Instant; readonly callback: () => void }>()

  constructor(now: Instant = Date.UTC(2026, 0, 2, 3, 4, 5)) {
    this.#now = now
  }

  now(): Instant {
    return this.#now
  }

  at(instant: Instant, callback: () => void): () => void {
    const entry = { at: instant, callback }
    this.#waiting.add(entry)
    return () => this.#waiting.delete(entry)
  }

  /** Moves on, calling what comes due in its order, each at its own instant. */
  advance(durationMs: number): void {
    const end = this.#now + durationMs
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#waiting.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = end
  }

  /** Somebody sets it ahead, or back (below 0): who waits, waits as long as before. */
  set(byMs: number): void {
    this.#now += byMs
    for (const entry of this.#waiting) entry.at += byMs
  }

  /** When the next callback comes due; undefined: none waits. */
  next(): Instant | undefined {
    return this.#next(Number.POSITIVE_INFINITY)?.at
  }

  #next(end: Instant): { readonly at: Instant; readonly callback: () => void } | undefined {
    let first: { readonly at: Instant; readonly callback: () => void } | undefined
    for (const entry of this.#waiting)
      if (entry.at <= end && (first === undefined || entry.at < first.at)) first = entry
    return first
  }
}
