import { dueEffects } from '../engine/effects.ts'
import type { Run } from '../engine/run.ts'
import type { RunEffect } from '../model/effect.ts'
import type { RunId } from '../model/id.ts'
import type { DurationMs } from '../model/time.ts'
import type { Clock } from './clock.ts'
import type { Dispatcher } from './dispatch/dispatcher.ts'
import type { ConcurrencyGroups } from './runs/concurrency.ts'
import type { InlineWork } from './runs/inline-work.ts'
import type { LiveRuns } from './runs/live.ts'
import type { Timers } from './runs/timers.ts'

interface Dependencies {
  readonly live: LiveRuns
  readonly dispatcher: Dispatcher
  readonly inlineWork: InlineWork
  readonly concurrency: ConcurrencyGroups
  readonly timers: Timers
  readonly clock: Clock
  /** So much later than the server that has moved a run this one looks at its deadlines. */
  readonly behindMs: DurationMs
}

/** What must happen after a commit, and who does it. */
export class Effects {
  readonly #deps: Dependencies

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  perform(run: Run, effect: RunEffect): void {
    const { dispatcher, inlineWork, concurrency, timers, clock } = this.#deps
    if (effect.type === 'cancel-attempt') {
      if (!inlineWork.cancel(run, effect.node, effect.fence)) dispatcher.cancel(run, effect.node, effect.fence)
      return
    }
    if (effect.type === 'take-turn') {
      concurrency.enqueue(run)
      return
    }
    // The same commit has ended it: of what went before, only what a runner holds is left to do.
    if (run.phase !== 'live') return
    switch (effect.type) {
      case 'offer-attempt':
        dispatcher.offer(run, effect.node, effect.attempt, clock.now())
        return
      case 'run-inline':
        inlineWork.begin(run, effect.node, effect.fence)
        return
      case 'arm-timer':
        timers.arm(run.id, effect.node, effect.at)
    }
  }

  /** What is still due of a run that another server has moved. */
  takeUp(id: RunId): void {
    const { live, timers, behindMs } = this.#deps
    const run = live.peek(id)
    if (run === undefined || run.phase === 'ended') return
    for (const effect of dueEffects(run)) {
      if (effect.type !== 'arm-timer') this.perform(run, effect)
      else if (!timers.isArmed(id, effect.node, effect.at, effect.at + behindMs)) {
        timers.arm(id, effect.node, effect.at + behindMs)
      }
    }
  }
}
