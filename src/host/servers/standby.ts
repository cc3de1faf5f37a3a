import type { RunId } from '../../model/id.ts'
import type { DurationMs } from '../../model/time.ts'
import type { Clock } from '../clock.ts'

/** So long a run that another server has moved is left to that server, and at most twice as long. */
export const STANDBY_MS: DurationMs = 2_000

/**
 * Runs that other servers have moved: what follows from that is theirs to do. A moment later this server, and every other,
 * looks at whatever is still due of them, so that nothing waits for a server that is gone. What is done twice does no
 * harm: the engine takes a report, a lease or a deadline once, and what goes to the world outside has a key.
 */
export class Standby {
  readonly #clock: Clock
  readonly #look: (runId: RunId) => void
  #young = new Set<RunId>()
  #old = new Set<RunId>()
  #stop: (() => void) | undefined

  constructor(clock: Clock, look: (runId: RunId) => void) {
    this.#clock = clock
    this.#look = look
  }

  moved(runId: RunId): void {
    if (this.#old.has(runId)) return
    this.#young.add(runId)
    this.#arm()
  }

  close(): void {
    this.#stop?.()
    this.#young.clear()
    this.#old.clear()
  }

  #arm(): void {
    if (this.#stop !== undefined || this.#young.size + this.#old.size === 0) return
    this.#stop = this.#clock.at(this.#clock.now() + STANDBY_MS, () => {
      this.#stop = undefined
      const due = this.#old
      this.#old = this.#young
      this.#young = new Set()
      for (const runId of due) this.#look(runId)
      this.#arm()
    })
  }
}
