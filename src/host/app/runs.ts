import type { CancelMode, NodeAction, RunAction } from '../../model/command.ts'
import type { Cause, EventRecord, Outputs } from '../../model/event.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import type { Priority } from '../../model/priority.ts'
import type { Result } from '../../model/problem.ts'
import type { RunStatus } from '../../model/status.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { RunSummary, RunView } from '../../model/view.ts'
import type { Caller } from './access.ts'
import type { LogSource } from './logs.ts'
import type { Page, PipelineRef, ProjectRef } from './pipelines.ts'
import type { Estimate, Explanation, QueueView, TimelineView } from './run-insight.ts'

/** What a run is started with. */
export interface StartInput {
  readonly pipeline: PipelineRef
  /** Values by name; checked against the pipeline's params, unknown names refused. */
  readonly params: Readonly<Record<string, Json>>
  readonly cause?: Cause
  readonly wait?: boolean
  readonly idempotencyKey?: string
  /** Free names for dialects and people; the engine reads `title`, which is what people call this run. */
  readonly annotations?: Readonly<Record<string, string>>
  /** Keys of stages and tasks: the others are left out of this run. A stage stands for all in it. */
  readonly only?: readonly string[]
  /** Keys of stages and tasks that are left out of this run. */
  readonly exclude?: readonly string[]
  /** In place of its definition's. */
  readonly priority?: Priority
  /**
   * What this run runs in place of the pipeline's definition, as text. Name, triggers, concurrency and priority stay the
   * pipeline's. For dialects, which take no more from a caller here than whoever starts may say: it is not theirs to
   * change what the pipeline does.
   */
  readonly definition?: string
}

export interface Runs {
  /**
   * Makes a run of the newest version. `wait`: it stays `waiting` until it is started or its triggers fire.
   * `idempotencyKey`: the same key and input within 24 h give the same run; another input is `idempotency_reused`.
   */
  start(caller: Caller, input: StartInput): Promise<Result<RunView>>
  /**
   * A new run of the version that this one was of, with its params and annotations, some of them replaced. Triggers are
   * not waited for. What the run left out is left out again, unless `only` or `exclude` say what is.
   * `idempotencyKey`: as {@link start}.
   */
  rerun(caller: Caller, ref: RunRef, input: RerunInput): Promise<Result<RunView>>
  get(caller: Caller, ref: RunRef): Promise<Result<RunView>>
  /** In the order asked; unknown ones and those of other projects are left out. At most 100. */
  batch(caller: Caller, refs: readonly RunRef[]): Promise<Result<readonly RunView[]>>
  /** Newest first. */
  list(
    caller: Caller,
    filter: RunListFilter,
    page: { readonly before: number | null; readonly limit: number },
  ): Promise<Result<Page<RunSummary>>>
  count(caller: Caller, filter: RunListFilter): Promise<Result<number>>
  act(caller: Caller, ref: RunRef, action: RunActionInput): Promise<Result<RunView>>
  /** `node`: 32-hex id, key, or index in the plan. */
  actOnNode(caller: Caller, ref: RunRef, node: NodeRef, action: NodeActionInput): Promise<Result<RunView>>
  /**
   * What an anonymous webhook call does: fires the trigger of the waiting run, or of a new one. The same delivery
   * (`call` names it) within 24 h fires once. One whose signature does not fit, or that is not signed where it must
   * be, is `unauthenticated`.
   */
  fireWebhook(id: string, params: Readonly<Record<string, string>>, call?: WebhookCall): Promise<Result<Fired>>
  /**
   * As {@link fireWebhook}; that of a forge starts a run of the change that it tells of, once for each delivery, or none
   * when the trigger is not about it. (By the other way such a one is `not_allowed`.)
   */
  deliver(id: string, params: Readonly<Record<string, string>>, call: WebhookCall): Promise<Result<Fired | Ignored>>
  /**
   * Fires every run of the project that waits for the channel, and a new one of each pipeline that listens to it and
   * has none waiting. The same `idempotencyKey` within 24 h fires once.
   */
  publish(
    caller: Caller,
    input: {
      readonly project: ProjectRef
      /** 1 to 128 characters. */
      readonly channel: string
      readonly params: Readonly<Record<string, string>>
      readonly idempotencyKey?: string
    },
  ): Promise<Result<readonly Fired[]>>
  /** Why it, or one of its nodes, is not running, and what would change that. */
  explain(caller: Caller, ref: RunRef): Promise<Result<readonly Explanation[]>>
  /** Of the concurrency group that runs of this pipeline count in. */
  queue(caller: Caller, ref: PipelineRef): Promise<Result<QueueView>>
  events(caller: Caller, ref: RunRef, afterSeq: number, limit: number): Promise<Result<readonly EventRecord[]>>
  /** The run as it was when its seq was this, or at an instant. */
  asOf(caller: Caller, ref: RunRef, moment: number | { readonly at: Instant }): Promise<Result<RunView>>
  /** Where its time went: of every task and attempt how long it waited, ran, was reviewed. */
  timeline(caller: Caller, ref: RunRef): Promise<Result<TimelineView>>
  /** How long it will take yet, as the last runs of its pipeline that succeeded tell. */
  estimate(caller: Caller, ref: RunRef): Promise<Result<Estimate>>
  /**
   * What the templates in a value come to for this node: as things stood when this attempt of it began; left out, or
   * when it has not begun, as they stand.
   */
  rendered(caller: Caller, ref: RunRef, node: NodeRef, value: Json, attempt?: number): Promise<Result<Json>>
  log(caller: Caller, ref: RunRef, node: NodeRef, attempt: number | null): Promise<Result<LogSource>>
}
export interface RerunInput {
  readonly params?: Readonly<Record<string, Json>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly only?: readonly string[]
  readonly exclude?: readonly string[]
  /** In place of the run's. */
  readonly priority?: Priority
  readonly idempotencyKey?: string
}
/** What a trigger has fired. */
export interface Fired {
  readonly run: RunView
  /** Key of the stage whose trigger it was; null: the run's. */
  readonly stage: string | null
  /** false: other triggers must fire first. */
  readonly started: boolean
}
/** A forge has told of what the trigger is not about. */
export interface Ignored {
  /** Why, as a sentence. */
  readonly ignored: string
}
/** A webhook's call as it came, for its signature and its name. */
export interface WebhookCall {
  /** By its name in lower case. */
  header(name: string): string | undefined
  readonly body: string
}
export type RunRef =
  | { readonly id: string }
  | { readonly serial: number }
  | { readonly pipeline: PipelineRef; readonly number: number }
  /** The newest run of the pipeline. */
  | { readonly pipeline: PipelineRef; readonly latest: true }
export type NodeRef = { readonly id: string } | { readonly key: string } | { readonly index: number }
export interface RunListFilter {
  readonly project?: ProjectRef
  readonly pipeline?: PipelineRef
  readonly statuses?: readonly RunStatus[]
  readonly needsPerson?: boolean
  readonly createdFrom?: Instant
  readonly createdTo?: Instant
  readonly text?: string
  /** Who or what made them: any of these, as `cause.by` has it. */
  readonly causeBy?: readonly string[]
  readonly causeKinds?: readonly Cause['kind'][]
  /** Whether it has begun. */
  readonly isStarted?: boolean
}
export type RunActionInput =
  | { readonly action: Exclude<RunAction, 'cancel' | 'modify'> }
  /** `force: true` is the mode `force`. */
  | { readonly action: 'cancel'; readonly reason?: string; readonly mode?: CancelMode; readonly force?: boolean }
  /** Other values for params, seen by what has not begun. */
  | { readonly action: 'modify'; readonly params: JsonObject }
/** `comment` is the reason of a skip, a forced fail, a choice or a callback that says no. */
export type NodeActionInput = {
  readonly action: NodeAction
  readonly comment?: string
  /** Another user's name, for admins. */
  readonly as?: string
} & (
  | { readonly action: Exclude<NodeAction, 'retry' | 'callback' | 'choose' | 'delay'> }
  /**
   * `inputs` take the place of the definition's, whole; `given` are the same in the words of who asks, where those are not
   * the step type's. Of a stage: it and all that follows begin anew.
   */
  | { readonly action: 'retry'; readonly inputs?: JsonObject; readonly given?: JsonObject }
  | {
      readonly action: 'callback'
      readonly outputs?: Outputs
      /** Default true. */
      readonly succeeded?: boolean
      /** Refused as a conflict when the node has another by now. */
      readonly version?: string
    }
  /** Keys of edges out of a failed gateway. */
  | { readonly action: 'choose'; readonly edges: readonly string[] }
  | { readonly action: 'delay'; readonly byMs: DurationMs }
)
