import type { RunEffect } from '../model/effect.ts'
import type { Actor, RunEvent } from '../model/event.ts'
import type { RunId } from '../model/id.ts'
import type { Plan } from '../model/plan.ts'
import type { Instant } from '../model/time.ts'
import { createdRun, type Run } from './run.ts'
import { Transition } from './transition.ts'

export interface Creation {
  readonly id: RunId
  readonly plan: Plan
  readonly created: Extract<RunEvent, { type: 'RunCreated' }>
  readonly actor: Actor
  readonly at: Instant
  /** false: it stays `waiting` until it is started or its triggers fire. */
  readonly start: boolean
  readonly entropy: () => number
}

/** A run's first transition: made and, if nothing has to be waited for, started in the same commit. */
export function createRun(creation: Creation): {
  readonly run: Run
  readonly events: readonly RunEvent[]
  readonly effects: readonly RunEffect[]
} {
  const { id, plan, created, actor, at, entropy } = creation
  const transition = new Transition(createdRun(id, plan, created, at), at, actor, entropy)
  if (creation.start) {
    transition.start()
    transition.settle()
  }
  return { run: transition.run, events: [created, ...transition.events], effects: transition.effects }
}
