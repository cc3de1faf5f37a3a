import type { Rejection, RunCommand } from '../model/command.ts'
import type { RunEffect } from '../model/effect.ts'
import type { Actor, RunEvent } from '../model/event.ts'
import type { Instant } from '../model/time.ts'
import { decideOnNode } from './on-node.ts'
import { decideOnRun } from './on-run.ts'
import { decideAdmission, decideReport } from './report.ts'
import type { Run } from './run.ts'
import { Transition } from './transition.ts'

export interface Input {
  readonly command: RunCommand
  readonly actor: Actor
  /** The host's clock; never before the run's last event. */
  readonly at: Instant
  /** Numbers in [0, 1), drawn by the host. */
  readonly entropy: () => number
}
export type Outcome =
  | {
      readonly ok: true
      readonly run: Run
      readonly events: readonly RunEvent[]
      readonly effects: readonly RunEffect[]
    }
  | { readonly ok: false; readonly rejection: Rejection }

/**
 * The engine: a run, a command and an instant give what happened, the run after it, and what the host must do now;
 * or a rejection that names what would be allowed. Pure; cost does not grow with the run but for commands of people.
 */
export function advance(run: Run, { command, actor, at, entropy }: Input): Outcome {
  const transition = new Transition(run, Math.max(at, run.updatedAt), actor, entropy)
  const rejection = decide(transition, command)
  if (rejection !== null) return { ok: false, rejection }
  transition.settle()
  return { ok: true, run: transition.run, events: transition.events, effects: transition.effects }
}

function decide(transition: Transition, command: RunCommand): Rejection | null {
  switch (command.type) {
    case 'lease-attempt':
    case 'report-attempt':
    case 'lose-attempt':
    case 'link-child':
    case 'check-deadline':
      return decideReport(transition, command)
    case 'admit':
      return decideAdmission(transition)
    case 'start':
    case 'fire-trigger':
    case 'pause':
    case 'resume':
    case 'cancel':
    case 'retry':
    case 'modify':
      return decideOnRun(transition, command)
    case 'retry-node':
    case 'skip-node':
    case 'approve':
    case 'reject':
    case 'pause-node':
    case 'resume-node':
    case 'fail-node':
    case 'callback':
    case 'choose':
    case 'rollback':
    case 'delay-node':
    case 'expire-node':
      return decideOnNode(transition, command)
  }
}
