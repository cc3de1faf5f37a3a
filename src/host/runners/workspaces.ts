import type { WorkspacePolicy } from '../../model/cache.ts'
import { isEnded } from '../../model/status.ts'
import type { RunId } from '../../model/id.ts'
import type { Plan } from '../../model/plan.ts'
import type { RunStatus } from '../../model/status.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { Clock } from '../clock.ts'
import { Timers } from '../runs/timers.ts'

/** How long the files of a run that did not succeed wait for somebody to retry it or to look at them. */
export const WORKSPACE_KEPT_MS: DurationMs = 24 * 3_600_000

/** Whether its runs may have a workspace anywhere. */
export const usesRunners = (plan: Plan): boolean =>
  plan.nodes.some((node) => node.kind === 'task' && (node.spec.work.kind === 'runner' || node.spec.rollback !== null))

const STANDARD: WorkspacePolicy = { keep: 'on-failure', forMs: WORKSPACE_KEPT_MS }

/** Says when a run's workspace may go: at once, or when its time is over and the run has not been reopened. */
export class Workspaces {
  readonly #clean: (runId: RunId) => void
  /** One timer of the clock for all: on a bad day, a hundred thousand runs fail. */
  readonly #kept: Timers

  /** `isEnded`: whether the run is not live now. */
  constructor(clock: Clock, clean: (runId: RunId) => void, isEnded: (runId: RunId) => boolean) {
    this.#clean = clean
    this.#kept = new Timers(clock, (runId) => {
      if (isEnded(runId)) clean(runId)
    })
  }

  /** Once for every end of a run, and after a restart for every ended run that still has a workspace. */
  ended(runId: RunId, status: RunStatus, endedAt: Instant, policy: WorkspacePolicy = STANDARD): void {
    if (!isEnded(status)) return
    if (policy.keep === 'never' || (policy.keep === 'on-failure' && status === 'succeeded')) {
      this.#kept.forget(runId)
      this.#clean(runId)
    } else {
      this.#kept.arm(runId, null, endedAt + policy.forMs)
    }
  }

  /** The run is gone, and its workspace with it. */
  forget(runId: RunId): void {
    this.#kept.forget(runId)
  }

  close(): void {
    this.#kept.close()
  }
}
