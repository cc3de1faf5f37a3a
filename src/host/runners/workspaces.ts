import type { WorkspacePolicy } from '../../model/cache.ts'
import { isEnded } from '../../model/status.ts'
import type { RunId } from '../../model/id.ts'
import type { RunStatus } from '../../model/status.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { Clock } from '../clock.ts'

/** How long the files of a run that did not succeed wait for somebody to retry it or to look at them. */
export const WORKSPACE_KEPT_MS: DurationMs = 24 * 3_600_000

const STANDARD: WorkspacePolicy = { keep: 'on-failure', forMs: WORKSPACE_KEPT_MS }

/** Says when a run's workspace may go: at once, or when its time is over and the run has not been reopened. */
export class Workspaces {
  readonly #clock: Clock
  readonly #clean: (runId: RunId) => void
  readonly #isEnded: (runId: RunId) => boolean
  /** The ways to stop what is to come, by run. */
  readonly #waiting = new Map<RunId, () => void>()

  /** `isEnded`: whether the run is not live now. */
  constructor(clock: Clock, clean: (runId: RunId) => void, isEnded: (runId: RunId) => boolean) {
    this.#clock = clock
    this.#clean = clean
    this.#isEnded = isEnded
  }

  /** Once for every end of a run, and after a restart for every ended run that still has a workspace. */
  ended(runId: RunId, status: RunStatus, endedAt: Instant, policy: WorkspacePolicy = STANDARD): void {
    if (!isEnded(status)) return
    this.#waiting.get(runId)?.()
    this.#waiting.delete(runId)
    if (policy.keep === 'never' || (policy.keep === 'on-failure' && status === 'succeeded')) {
      this.#clean(runId)
      return
    }
    const stop = this.#clock.at(endedAt + policy.forMs, () => {
      this.#waiting.delete(runId)
      if (this.#isEnded(runId)) this.#clean(runId)
    })
    this.#waiting.set(runId, stop)
  }

  close(): void {
    for (const stop of this.#waiting.values()) stop()
    this.#waiting.clear()
  }
}
