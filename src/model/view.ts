import type { NodeAction, RunAction } from './command.ts'
import type { EdgeSpec, PipelineDefinition, TaskRole, TriggerSpec, Work } from './definition.ts'
import type { Actor, Cause, Outputs } from './event.ts'
import type { Failure } from './failure.ts'
import type { NodeId, PipelineId, ProjectId, RunId, UserId } from './id.ts'
import type { Json, JsonObject } from './json.ts'
import type { Priority } from './priority.ts'
import type { NodeStatus, RunStatus } from './status.ts'
import type { Instant } from './time.ts'

/**
 * What readers see. The native API, the page, the CLI and every dialect present these and nothing else.
 * An unset instant is null. Views are read-only and may be shared between readers.
 */

export interface ProjectView {
  readonly id: ProjectId
  /** Integer name of the project: BlueKing's bk_biz_id, SWR's group_id. */
  readonly serial: number
  readonly name: string
  readonly description: string
  readonly createdAt: Instant
}

export interface UserRef {
  readonly id: UserId
  readonly name: string
}

export interface PipelineView {
  readonly id: PipelineId
  readonly serial: number
  readonly project: ProjectView
  readonly name: string
  /** The newest version, from 1. */
  readonly version: number
  readonly createdAt: Instant
  readonly createdBy: UserRef
  readonly updatedAt: Instant
  readonly definition: PipelineDefinition
  /**
   * One for each trigger, in the order of `definition.triggers.list`; that of a webhook is the end of its path. Then one
   * for each webhook of a stage, named `<stage>/<trigger>`.
   */
  readonly webhooks: readonly { readonly id: string; readonly name: string }[]
  readonly latestRun: RunSummary | null
  /** Runs so far. */
  readonly runCount: number
  /** When a run of it last began; null before the first. */
  readonly lastStartedAt: Instant | null
}

/** The index row of a run: what lists show, without its tree. */
export interface RunSummary {
  readonly id: RunId
  readonly number: number
  readonly serial: number
  readonly projectId: ProjectId
  readonly pipelineId: PipelineId
  readonly pipelineName: string
  readonly version: number
  readonly status: RunStatus
  readonly seq: number
  readonly cause: Cause
  /** Whether a person must do something before it goes on: a review, a held node, a start. */
  readonly needsPerson: boolean
  readonly annotations: Readonly<Record<string, string>>
  readonly createdAt: Instant
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
  readonly updatedAt: Instant
}

export interface RunView {
  readonly id: RunId
  readonly number: number
  readonly serial: number
  readonly seq: number
  readonly project: ProjectView
  readonly pipeline: {
    readonly id: PipelineId
    readonly serial: number
    readonly name: string
    readonly version: number
    readonly createdAt: Instant
    readonly createdBy: UserRef
    readonly updatedAt: Instant
    readonly webhooks: readonly { readonly id: string; readonly name: string }[]
  }
  /** The definition of the version that this run runs. */
  readonly definition: PipelineDefinition
  readonly status: RunStatus
  readonly cause: Cause
  readonly params: readonly ParamView[]
  /** The definition's variables outside of sub-flows, as they are now; what cannot be told yet is null. */
  readonly variables: Readonly<Record<string, Json>>
  /** What the run has made so far: the definition's `outputs`. */
  readonly outputs: Readonly<Record<string, Json>>
  readonly annotations: Readonly<Record<string, string>>
  readonly priority: Priority
  /** The run whose task started this one. */
  readonly parent: { readonly runId: RunId; readonly node: NodeId } | null
  readonly triggers: TriggersView | null
  readonly createdAt: Instant
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
  readonly updatedAt: Instant
  /** Milliseconds of pause so far, the present one not counted; pausedAt tells when that began. */
  readonly pausedMs: number
  readonly pausedAt: Instant | null
  readonly cancelling: {
    readonly at: Instant
    readonly by: Actor
    readonly reason: string
    readonly deadline: Instant | null
  } | null
  /** Who cancelled it, also after its end; null again when it is taken up. */
  readonly cancelledBy: Actor | null
  /** From 1; one more for every time the policy `restart` took it back to its first node. */
  readonly pass: number
  /** It had ended, and was taken up again. */
  readonly reopened: boolean
  readonly stages: readonly StageView[]
  /** Why it failed, or would fail: the first failure that is neither ignored nor mended. */
  readonly failure: { readonly node: NodeId; readonly nodeName: string; readonly failure: Failure } | null
  /** What waits for a person, in the order of the plan. */
  readonly attention: readonly Attention[]
  readonly allowed: readonly RunAction[]
}

export interface ParamView {
  readonly name: string
  readonly value: Json
  readonly description: string
  /** Given by the server itself: SYS_TIMESTAMP, SYS_INCREMENT. */
  readonly system: boolean
}

export interface TriggersView {
  readonly operator: 'and' | 'or'
  readonly list: readonly {
    readonly kind: TriggerSpec['kind']
    readonly name: string
    readonly firedAt: Instant | null
    readonly params: Readonly<Record<string, string>>
  }[]
}

export type Attention =
  | { readonly kind: 'start'; readonly since: Instant }
  | {
      readonly kind: 'review'
      readonly node: NodeId
      readonly nodeName: string
      readonly since: Instant
      readonly reviewers: readonly string[]
    }
  | {
      readonly kind: 'held'
      readonly node: NodeId
      readonly nodeName: string
      readonly since: Instant
      readonly until: Instant | null
    }
  | { readonly kind: 'paused'; readonly since: Instant }
  | { readonly kind: 'paused-node'; readonly node: NodeId; readonly nodeName: string; readonly since: Instant }
  | { readonly kind: 'callback'; readonly node: NodeId; readonly nodeName: string; readonly since: Instant }
  | { readonly kind: 'trigger'; readonly node: NodeId; readonly nodeName: string; readonly since: Instant }

export interface SkippedView {
  readonly because: 'condition' | 'operator' | 'excluded' | 'timeout'
  readonly reason: string
}

interface NodeFields {
  readonly id: NodeId
  /** Place in the plan. */
  readonly index: number
  readonly key: string
  readonly name: string
  readonly description: string
  readonly status: NodeStatus
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
  readonly skipped: SkippedView | null
  /** Left out when the run was made, by itself or with its stage: it will be skipped. */
  readonly excluded: boolean
  readonly annotations: Readonly<Record<string, string>>
}

export interface StageView extends NodeFields {
  readonly kind: 'stage'
  readonly always: boolean
  readonly parallel: boolean
  readonly triggers: TriggersView | null
  readonly tasks: readonly TaskView[]
  /**
   * The same tasks, in parts. Of a large run a part in which nothing has changed is the same object as in the view
   * before, so what a presenter has made of it is still true.
   */
  readonly parts: readonly (readonly TaskView[])[]
  readonly flow: FlowView | null
  readonly allowed: readonly NodeAction[]
}

export interface FlowView {
  readonly edges: readonly EdgeView[]
  /** The same edges, in parts as those of {@link StageView.parts}. */
  readonly parts: readonly (readonly EdgeView[])[]
}

export type EdgeView = EdgeSpec & { readonly taken: boolean }

export interface TaskView extends NodeFields {
  readonly kind: 'task'
  readonly role: TaskRole
  readonly work: Work
  /** Keys of the tasks it needs. */
  readonly needs: readonly string[]
  /** Key of the sub-flow that it is in. */
  readonly parent: string | null
  readonly skippable: boolean
  readonly retryable: boolean
  readonly optional: boolean
  /** How often a token has come to it; 0: never. Of a task outside of flows: 1 once it was reached. */
  readonly loop: number
  /** As `loop`, counted anew whenever the sub-flow that it is in begins. */
  readonly innerLoop: number
  /** 32 hex digits; another one for each attempt. Callbacks may show it. */
  readonly version: string
  /** A person paused it. */
  readonly paused: boolean
  /** What a retry gave in place of the definition's inputs. */
  readonly inputs: JsonObject | null
  /** The same in the words of who gave them, where those are not the step type's. */
  readonly given: JsonObject | null
  /** The run that it started. */
  readonly childRun: RunId | null
  readonly labels: readonly string[]
  /** The present attempt, from 1; 0: none yet. */
  readonly attempt: number
  /** Attempts before the present one in this pass of its loop, whoever asked for them. */
  readonly retry: number
  /** Of them those that its definition asked for, since it was last taken up; of a `bamboo` definition, in all its passes. */
  readonly retries: number
  readonly queuedAt: Instant | null
  /** Waiting out a retry's delay until then. */
  readonly retryAt: Instant | null
  readonly deadlineAt: Instant | null
  readonly runner: string | null
  readonly failure: Failure | null
  /** It failed and the run passed over it (`continue`). */
  readonly ignored: boolean
  /** It failed under `hold` and waits for a person. */
  readonly held: boolean
  /** What it made last, be it in an attempt before: others read that until there is something else. */
  readonly outputs: Outputs
  /** What the present attempt has made itself. */
  readonly made: Outputs
  readonly review: ReviewView | null
  /** The attempts before the present one, oldest first. */
  readonly earlier: readonly AttemptView[]
  readonly allowed: readonly NodeAction[]
}

/** What one person has said of a review. */
export interface DecisionView {
  readonly by: string
  readonly decision: 'approve' | 'reject'
  readonly comment: string
  readonly at: Instant
}
export interface ReviewView {
  readonly question: string
  readonly reviewers: readonly string[]
  /** How many approvals it takes. */
  readonly required: number
  /** Of the present attempt; those of the attempts before it stand with them. */
  readonly decisions: readonly DecisionView[]
}

export interface AttemptView {
  readonly attempt: number
  /** Which pass of a loop it was in, from 1. */
  readonly loop: number
  /** The same, counted from when the sub-flow that it is in last began. */
  readonly innerLoop: number
  /** Which try of its loop it was, from 0. */
  readonly retry: number
  readonly version: string
  readonly status: NodeStatus
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
  readonly runner: string | null
  readonly failure: Failure | null
  readonly skipped: boolean
  readonly inputs: JsonObject | null
  readonly given: JsonObject | null
  readonly outputs: Outputs
  /** Of a review: who has said what of it. */
  readonly decisions: readonly DecisionView[]
}
