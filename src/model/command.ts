import type { Outputs } from './event.ts'
import type { Failure } from './failure.ts'

/** What someone or something wants of a run. All of them enter by the same door: engine/advance.ts. */
export type RunCommand = OperatorCommand | SystemCommand

/** What people and their tools may ask for; refused by the table in engine/admits.ts. */
export type OperatorCommand =
  | { readonly type: 'start' }
  | { readonly type: 'fire-trigger'; readonly trigger: number; readonly params: Readonly<Record<string, string>> }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** `force`: end now, do not wait for processes to be gone. */
  | { readonly type: 'cancel'; readonly reason: string; readonly force: boolean }
  /** All failed and cancelled nodes of the run again; an ended run goes on from there. */
  | { readonly type: 'retry' }
  | { readonly type: 'retry-node'; readonly node: number }
  | { readonly type: 'skip-node'; readonly node: number; readonly reason: string }
  | { readonly type: 'approve'; readonly node: number; readonly by: string; readonly comment: string }
  | { readonly type: 'reject'; readonly node: number; readonly by: string; readonly comment: string }

/** What the host reports. A report that comes late or twice is refused as `stale` and changes nothing. */
export type SystemCommand =
  | { readonly type: 'lease-attempt'; readonly node: number; readonly attempt: number; readonly runner: string }
  | { readonly type: 'report-attempt'; readonly node: number; readonly fence: number; readonly result: AttemptResult }
  | { readonly type: 'lose-attempt'; readonly node: number; readonly fence: number; readonly reason: string }
  /** The turn of a run that waits for it has come. */
  | { readonly type: 'admit' }
  /** A deadline of a node, or of the run (null), may have passed; the engine looks which. */
  | { readonly type: 'check-deadline'; readonly node: number | null }

export type AttemptResult =
  | { readonly kind: 'succeeded'; readonly outputs: Outputs | null }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly outputs: Outputs | null }
  | { readonly kind: 'cancelled' }

/** Names of operator commands as API, page, CLI and dialects use them. */
export const RUN_ACTIONS = ['start', 'pause', 'resume', 'cancel', 'retry'] as const
export const NODE_ACTIONS = ['retry', 'skip', 'approve', 'reject'] as const
export type RunAction = (typeof RUN_ACTIONS)[number]
export type NodeAction = (typeof NODE_ACTIONS)[number]

/** Why a command was refused. `allowed` names what would be accepted now, on the same thing. */
export interface Rejection {
  readonly code:
    | 'not-allowed'
    | 'no-such-node'
    | 'no-such-trigger'
    | 'invalid-params'
    | 'not-a-reviewer'
    | 'already-decided'
    | 'stale'
  /** One sentence that names the thing, what was expected and what was found. */
  readonly message: string
  readonly allowed: readonly string[]
}
