import type { Change } from './change.ts'
import type { Failure } from './failure.ts'
import type { PipelineId, ProjectId, RunId } from './id.ts'
import type { Json, JsonObject } from './json.ts'
import type { Priority } from './priority.ts'
import type { EndStatus } from './status.ts'
import type { Instant } from './time.ts'

/** Who or what wanted something. */
export interface Actor {
  readonly kind: 'user' | 'runner' | 'timer' | 'trigger' | 'server'
  readonly name: string
}

export const CAUSE_KINDS = ['manual', 'webhook', 'channel', 'schedule', 'upstream', 'push', 'merge_request'] as const

/** How a run came to be. */
export interface Cause {
  readonly kind: (typeof CAUSE_KINDS)[number]
  readonly by: string
  /** Of a schedule: the instant at which it was due. Lists of runs do not tell it. */
  readonly due?: Instant
  /** The run that it comes of. Lists of runs do not tell it. */
  readonly origin?: Origin
  /** What it is a run of, and by which trigger. Lists of runs do not tell it. */
  readonly change?: Change
  readonly trigger?: string
  /** There when a person must start it: the change is of someone whom nobody knows. */
  readonly trusted?: false
}

/** `upstream`: it ended, and this one was started; `rerun`: this one does the same again. */
export interface Origin {
  readonly as: 'upstream' | 'rerun'
  readonly runId: RunId
  /** How many runs led to this one, each the upstream of the next; 0 when a person asked for it. */
  readonly depth: number
}

/**
 * What happened to a run. Past tense, appended, never changed: the only truth. `node` is an index into the plan.
 * A change of meaning gets a new type or a higher `v` in its entry; engine/upcast.ts alone reads the old ones.
 */
export type RunEvent =
  | {
      readonly type: 'RunCreated'
      readonly projectId: ProjectId
      readonly pipelineId: PipelineId
      /** Version of the pipeline, from 1. */
      readonly version: number
      readonly number: number
      readonly serial: number
      readonly name: string
      readonly cause: Cause
      readonly params: JsonObject
      /** Free names for dialects and people. */
      readonly annotations?: Readonly<Record<string, string>>
      /** The task of another run that started this one. */
      readonly parent?: ParentRef
      /** Places of the nodes that are left out of this run. */
      readonly excluded?: readonly number[]
      /** In place of the definition's. */
      readonly priority?: Priority
    }
  /** `stage`: whose trigger it is; left out: the run's own. */
  | {
      readonly type: 'TriggerFired'
      readonly trigger: number
      readonly stage?: number
      readonly params: Readonly<Record<string, string>>
    }
  | { readonly type: 'ParamsChanged'; readonly params: JsonObject }
  /** It may begin, and waits for its turn: its definition says how many runs there may be at once. */
  | { readonly type: 'RunQueued' }
  | { readonly type: 'RunStarted' }
  | { readonly type: 'RunPaused' }
  | { readonly type: 'RunResumed' }
  | {
      readonly type: 'CancelRequested'
      readonly as: 'cancelled' | 'timed_out'
      readonly reason: string
      /** When it ends whatever the runners say; null: what is at work ends by itself. */
      readonly deadline: Instant | null
    }
  | { readonly type: 'RunRestarted'; readonly pass: number }
  | { readonly type: 'RunReopened' }
  /** Its turn has come, its triggers have not fired yet. */
  | { readonly type: 'StageWaiting'; readonly node: number }
  /** This stage and all that come after it begin anew; attempts go on counting. */
  | { readonly type: 'StageRetried'; readonly node: number }
  /** The stage is taken back: its tasks that have a way back and had begun, the last first. */
  | { readonly type: 'RollbackStarted'; readonly node: number }
  | { readonly type: 'RunEnded'; readonly status: EndStatus }
  | { readonly type: 'StageStarted'; readonly node: number }
  | { readonly type: 'StageEnded'; readonly node: number; readonly status: EndStatus }
  /** Its time ran out: what is at work in it is stopped, what fails in it is not tried again. */
  | { readonly type: 'StageTimedOut'; readonly node: number }
  | {
      readonly type: 'NodeSkipped'
      readonly node: number
      readonly because: 'condition' | 'operator' | 'excluded'
      readonly reason: string
    }
  /** A start, an end or a gateway was passed. `edges`: places of the flow's edges that were taken; null: all. */
  | {
      readonly type: 'NodePassed'
      readonly node: number
      readonly edges: readonly number[] | null
      readonly by?: { readonly reason: string }
    }
  | { readonly type: 'NodePaused'; readonly node: number }
  | { readonly type: 'NodeResumed'; readonly node: number }
  | { readonly type: 'DeadlineMoved'; readonly node: number; readonly deadline: Instant }
  | { readonly type: 'ChildStarted'; readonly node: number; readonly child: RunId }
  /** `deadline`: when it counts as not started. */
  | { readonly type: 'TaskQueued'; readonly node: number; readonly attempt: number; readonly deadline: Instant | null }
  /** It was queued and had not begun when the run began to fail, or a person paused it: back to pending. */
  | { readonly type: 'TaskWithdrawn'; readonly node: number }
  /** `runner` null: the server does it itself. `deadline`: its timeout, or the end of a sleep. */
  | {
      readonly type: 'AttemptStarted'
      readonly node: number
      readonly attempt: number
      readonly runner: string | null
      readonly deadline: Instant | null
    }
  /** The runner was told to stop it; whatever it reports but success, it failed for this reason. */
  | { readonly type: 'StopRequested'; readonly node: number; readonly failure: Failure; readonly deadline: Instant }
  | {
      readonly type: 'AttemptSucceeded'
      readonly node: number
      readonly attempt: number
      readonly outputs: Outputs | null
    }
  | {
      readonly type: 'AttemptFailed'
      readonly node: number
      readonly attempt: number
      readonly failure: Failure
      readonly outputs: Outputs | null
      readonly next: AfterFailure
    }
  | { readonly type: 'AttemptCancelled'; readonly node: number; readonly attempt: number; readonly reason: string }
  /** A held node was given up: its time ran out. */
  | { readonly type: 'HoldExpired'; readonly node: number }
  | {
      readonly type: 'ReviewOpened'
      readonly node: number
      readonly attempt: number
      readonly deadline: Instant | null
    }
  | {
      readonly type: 'ReviewDecided'
      readonly node: number
      readonly decision: 'approve' | 'reject'
      readonly by: string
      readonly comment: string
    }
  /** An operator asked for another attempt of an ended node. */
  | { readonly type: 'NodeRetried'; readonly node: number; readonly inputs?: JsonObject; readonly given?: JsonObject }

/** name -> value of a task's outputs; at most 64 KiB of JSON in all. */
export type Outputs = Readonly<Record<string, Json>>

/** The task that started a run. */
export interface ParentRef {
  readonly runId: RunId
  readonly node: number
}

/** What follows a failed attempt. `retry` waits until `at` (a rerun after a loss is not counted); the rest are the failure policies at work. */
export type AfterFailure =
  | { readonly do: 'retry'; readonly at: Instant; readonly counted: boolean }
  | { readonly do: 'hold'; readonly until: Instant | null }
  | { readonly do: 'stop' }
  | { readonly do: 'continue' }
  /** Its time ran out, and its definition says to pass over that. */
  | { readonly do: 'skip' }
  | { readonly do: 'restart' }

/** One transition in the log: the events that one command caused, at one instant, by one actor. */
export interface LogEntry {
  readonly v: 1
  /** The run's seq after the first of these events; seq counts events from 1. */
  readonly seq: number
  readonly at: Instant
  readonly actor: Actor
  readonly events: readonly RunEvent[]
}

/** One event as readers see it. `number` counts all events of the server and orders the one stream of them all. */
export interface EventRecord {
  readonly number: number
  readonly runId: RunId
  readonly seq: number
  readonly at: Instant
  readonly actor: Actor
  readonly event: RunEvent
}
