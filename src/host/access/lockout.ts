import type { Instant } from '../../model/time.ts'
import type { Clock } from '../clock.ts'
import { Lru } from '../lru.ts'

/** Huawei's gateway: more than 5 failures lock a key for 5 minutes (contract: APIGW.0301, "AK access failed to reach the limit"). */
const FAILURES_MAX = 5
const WINDOW_MS = 5 * 60_000
const NAMES_MAX = 10_000

/** Counts failures per name, so that secrets cannot be guessed by trying. */
export class Lockout {
  readonly #clock: Clock
  readonly #failuresMax: number
  readonly #failures = new Lru<string, { readonly count: number; readonly since: Instant }>(NAMES_MAX)

  constructor(clock: Clock, failuresMax: number = FAILURES_MAX) {
    this.#clock = clock
    this.#failuresMax = failuresMax
  }

  failed(name: string): void {
    const now = this.#clock.now()
    const before = this.#failures.get(name)
    const open = before !== undefined && now - before.since < WINDOW_MS
    const count = open ? before.count + 1 : 1
    // The lock counts from the failure that was one too many.
    this.#failures.set(name, { count, since: open && count <= this.#failuresMax ? before.since : now })
  }

  isLocked(name: string): boolean {
    const found = this.#failures.get(name)
    return found !== undefined && found.count > this.#failuresMax && this.#clock.now() - found.since < WINDOW_MS
  }
}
