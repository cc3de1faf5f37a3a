import type { Outputs } from './event.ts'
import type { Failure } from './failure.ts'
import type { RunId } from './id.ts'
import type { JsonObject } from './json.ts'
import type { DurationMs } from './time.ts'

/** What someone or something wants of a run. All of them enter by the same door: engine/advance.ts. */
export type RunCommand = OperatorCommand | SystemCommand

/** What people and their tools may ask for; refused by the table in engine/admits.ts. */
export type OperatorCommand =
  | { readonly type: 'start' }
  /** `stage`: the place of the stage whose trigger it is; null: the run's own. */
  | {
      readonly type: 'fire-trigger'
      readonly stage: number | null
      readonly trigger: number
      readonly params: Readonly<Record<string, string>>
    }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'cancel'; readonly reason: string; readonly mode: CancelMode }
  /** Other values for params, seen by what has not begun. */
  | { readonly type: 'modify'; readonly params: JsonObject }
  /** All failed and cancelled nodes of the run again; an ended run goes on from there. */
  | { readonly type: 'retry' }
  /**
   * Of a task: another attempt, with these inputs in place of the definition's when they are given. Of a stage: it and
   * all that comes after it, from the beginning. `given` are the same inputs in the words of who asked, where those are
   * not the step type's: a view shows them.
   */
  | {
      readonly type: 'retry-node'
      readonly node: number
      readonly inputs: JsonObject | null
      readonly given?: JsonObject
    }
  | { readonly type: 'skip-node'; readonly node: number; readonly reason: string }
  | { readonly type: 'approve'; readonly node: number; readonly by: string; readonly comment: string }
  | { readonly type: 'reject'; readonly node: number; readonly by: string; readonly comment: string }
  /** Also ahead of time. Of a sub-flow: nothing in it begins. What it is at goes on; its end is kept until it is resumed. */
  | { readonly type: 'pause-node'; readonly node: number }
  | { readonly type: 'resume-node'; readonly node: number }
  /** Forced fail: whatever it is at ends as failed. */
  | { readonly type: 'fail-node'; readonly node: number; readonly by: string; readonly reason: string }
  /** The word that a task of kind `callback` waits for. `version`: refused as stale when the node has another by now. */
  | {
      readonly type: 'callback'
      readonly node: number
      readonly version: string | null
      readonly succeeded: boolean
      readonly outputs: Outputs
      readonly reason: string
    }
  /** A failed gateway is passed along these edges of its flow, by key. */
  | { readonly type: 'choose'; readonly node: number; readonly edges: readonly string[]; readonly reason: string }
  /** A stage that has ended is taken back by the `rollback` work of its tasks. */
  | { readonly type: 'rollback'; readonly node: number }
  /** Its deadline moves by this much, or is now. */
  | { readonly type: 'delay-node'; readonly node: number; readonly byMs: DurationMs }
  | { readonly type: 'expire-node'; readonly node: number }

/**
 * How a run is cancelled. `stop`: processes are asked to end, and ended after their grace. `force`: the run ends now,
 * processes are ended behind it. `after-current`: what runners are at ends by itself, nothing else begins.
 */
export type CancelMode = 'stop' | 'force' | 'after-current'

/** What the host reports. A report that comes late or twice is refused as `stale` and changes nothing. */
export type SystemCommand =
  | { readonly type: 'lease-attempt'; readonly node: number; readonly attempt: number; readonly runner: string }
  | { readonly type: 'report-attempt'; readonly node: number; readonly fence: number; readonly result: AttemptResult }
  | { readonly type: 'lose-attempt'; readonly node: number; readonly fence: number; readonly reason: string }
  /** The turn of a run that waits for it has come. */
  | { readonly type: 'admit' }
  /** The run that a task of kind `run` has started. */
  | { readonly type: 'link-child'; readonly node: number; readonly fence: number; readonly child: RunId }
  /** A deadline of a node, or of the run (null), may have passed; the engine looks which. */
  | { readonly type: 'check-deadline'; readonly node: number | null }

export type AttemptResult =
  | { readonly kind: 'succeeded'; readonly outputs: Outputs | null }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly outputs: Outputs | null }
  | { readonly kind: 'cancelled' }

/** Names of operator commands as API, page, CLI and dialects use them. */
export const RUN_ACTIONS = ['start', 'pause', 'resume', 'cancel', 'retry', 'modify'] as const
export const NODE_ACTIONS = [
  'retry',
  'skip',
  'approve',
  'reject',
  'pause',
  'resume',
  'fail',
  'callback',
  'choose',
  'rollback',
  'delay',
  'expire',
] as const
export type RunAction = (typeof RUN_ACTIONS)[number]
export type NodeAction = (typeof NODE_ACTIONS)[number]

/** Why a command was refused. `allowed` names what would be accepted now, on the same thing. */
export interface Rejection {
  readonly code:
    | 'not-allowed'
    | 'no-such-node'
    | 'no-such-trigger'
    | 'no-such-edge'
    | 'not-skippable'
    | 'not-retryable'
    | 'invalid-params'
    | 'not-a-reviewer'
    | 'already-decided'
    | 'stale'
  /** One sentence that names the thing, what was expected and what was found. */
  readonly message: string
  readonly allowed: readonly string[]
}
