import type { NotifySpec } from './notification.ts'
import type { CacheSpec, WorkspacePolicy } from './cache.ts'
import type { Executor } from './executor.ts'
import type { ChangeAction, ChangeKind, ForgeName } from './change.ts'
import type { Expression } from './expression.ts'
import type { Json, JsonObject } from './json.ts'
import type { Priority } from './priority.ts'
import type { SecretUse } from './secret.ts'
import type { Retention } from './retention.ts'
import type { EndStatus } from './status.ts'
import type { DurationMs } from './time.ts'

/** A checked pipeline definition: what definition/ makes of YAML and dialects make of their vendor's documents. */
export interface PipelineDefinition {
  /** 1 to 128 characters; unique in its project. */
  readonly name: string
  readonly description: string
  /** How texts and conditions are read. */
  readonly language: Language
  readonly params: readonly ParamSpec[]
  /** Values that nobody is asked for. */
  readonly variables: readonly VariableSpec[]
  /** Names of params and variables that are what the run has made. */
  readonly outputs: readonly string[]
  /** Given to every task; a value may hold `${{ ... }}`. */
  readonly env: Readonly<Record<string, string>>
  /** null: a run starts when it is asked for. */
  readonly triggers: Triggers | null
  /** null: as many runs at once as are asked for. */
  readonly concurrency: Concurrency | null
  /** Of its runs, unless a start says otherwise. Left out: normal. */
  readonly priority?: Priority
  readonly stages: readonly StageSpec[]
  /** Of the whole run, from its start; the clock stands still while it is paused. null: none. */
  readonly timeoutMs: DurationMs | null
  /** How often the policy `restart` may take a run back to its first node before it counts as `stop`. 0 to 100. */
  readonly restartsMax: number
  /** What is left out of it is as for all pipelines. */
  readonly retention?: Partial<Retention>
  /** Left out: kept for a day when a run did not succeed. */
  readonly workspace?: WorkspacePolicy
  /** Who is told of its runs. */
  readonly notify?: readonly NotifySpec[]
  /** Free names for dialects and people, e.g. `koderover/stack_name: web`. Never read by the engine. */
  readonly annotations: Readonly<Record<string, string>>
}

export const LANGUAGES = ['native', 'bamboo'] as const
/**
 * `native`: `${{ ... }}` and conditions of engine/expression/expression.ts. `bamboo`: `${...}` and BoolRule, as BlueKing reads
 * them: engine/bamboo/template.ts, engine/bamboo/bool-rule.ts.
 */
export type Language = (typeof LANGUAGES)[number]

export interface VariableSpec {
  readonly name: string
  /** May hold templates; null where `from` says what it is. */
  readonly value: Json
  /** An output of a task, once it has ended; of a sub-flow: a variable in it. */
  readonly from: { readonly task: string; readonly output: string } | null
  /** Key of the sub-flow in which it is seen; null: everywhere. */
  readonly scope: string | null
  /** With a scope: its value is read as what is around the sub-flow sees it. */
  readonly outer: boolean
  /** It stays what it was when the run, or the sub-flow that it is seen in, began. Left out: it does not. */
  readonly fixed?: boolean
}

export type ParamType = 'string' | 'number' | 'boolean' | 'choice' | 'json'
export interface ParamSpec {
  /** `[A-Za-z_][A-Za-z0-9_]*`, at most 64 characters; given to tasks as an environment variable of this name. */
  readonly name: string
  readonly type: ParamType
  readonly description: string
  readonly required: boolean
  /** null: none given. */
  readonly default: Json
  /** The allowed values of a `choice`; empty otherwise. */
  readonly options: readonly string[]
}

/**
 * Webhooks and channels fire runs: one that they make is `waiting` until enough of them have fired. Schedules, upstreams
 * and forges start runs, which wait for no trigger.
 */
export interface Triggers {
  /** Of those that fire. */
  readonly operator: 'and' | 'or'
  /** 1 to 20, each with a name of its own. */
  readonly list: readonly TriggerSpec[]
}
export const TRIGGER_KINDS = ['webhook', 'schedule', 'channel', 'upstream', 'forge'] as const
export type TriggerSpec = {
  readonly kind: (typeof TRIGGER_KINDS)[number]
  /** 1 to 128 characters. */
  readonly name: string
  /** Trigger parameter -> pipeline param; of a schedule, which has no parameters, pipeline param -> its value. */
  readonly params: Readonly<Record<string, string>>
} & (
  | {
      readonly kind: 'webhook'
      /**
       * Not the secret, but which one: the server makes one for every pipeline, webhook and text here (host/triggers/webhook-secret.ts),
       * so that a definition can be shown. Of sealed texts it is what is sealed in any of them, which somebody chose elsewhere.
       * null, as in definitions of before there were any: calls need not be signed.
       */
      readonly secret?: string | null
    }
  | {
      readonly kind: 'schedule'
      /** As definition/schedule.ts reads it. */
      readonly cron: string
      readonly timezone: string
      /** What came due while no server ran: left out, or made up for by one run. */
      readonly missed: 'skip' | 'once'
    }
  | { readonly kind: 'channel'; readonly channel: string }
  | {
      readonly kind: 'upstream'
      /** Name of a pipeline of the same project. */
      readonly pipeline: string
      /** How its run must have ended. */
      readonly statuses: readonly EndStatus[]
    }
  | ForgeTrigger
)

export const FORK_POLICIES = ['approve', 'ignore', 'run'] as const
/** A change of a repository, as the webhook of its forge tells it (src/forge/). */
export interface ForgeTrigger {
  readonly kind: 'forge'
  readonly forge: ForgeName
  /** As that of a webhook; calls are always signed. */
  readonly secret: string
  readonly events: readonly ChangeKind[]
  /** Of merge requests. */
  readonly actions: readonly ChangeAction[]
  /** Globs (engine/glob.ts); one that begins with `!` takes away again. Empty: all. */
  readonly branches: readonly string[]
  readonly tags: readonly string[]
  readonly paths: readonly string[]
  /** Whether `[skip ci]` in the message is heeded. */
  readonly skipCi: boolean
  /** `owner/name`; null: any. */
  readonly repository: string | null
  /** A change from a fork waits for a person, is left out, or is taken as any other. */
  readonly forks: (typeof FORK_POLICIES)[number]
  /** How the forge is told what became of the commit; null: it is not. */
  readonly status: ForgeStatus | null
  /** Where the definition is read, at the commit; null: it is that of the server. */
  readonly definition: RepositoryFile | null
}
export interface ForgeStatus {
  /** Name of a secret: the token of the forge's API. */
  readonly token: string
  /** Address of the forge's API; null: the forge's own. */
  readonly api: string | null
  /** Name of the status; null: `millrace/<pipeline>`. */
  readonly context: string | null
}
export interface RepositoryFile {
  readonly url: string
  readonly path: string
  /** Name of a secret: a token, or `user:password`, or a private key for ssh; null: none is needed. */
  readonly credentials: string | null
  /** Host keys of its ssh server, as lines of known_hosts; left out: those of the server's user. */
  readonly knownHosts?: string
}

/** Whether a run may wait for triggers of this kind; the others start one. */
export const isAwaited = ({ kind }: TriggerSpec): boolean => AWAITED[kind]
const AWAITED = {
  webhook: true,
  channel: true,
  schedule: false,
  upstream: false,
  forge: false,
} as const satisfies Record<TriggerSpec['kind'], boolean>

export const WHEN_FULL = ['queue', 'abort', 'supersede'] as const
/** How many runs may be under way at once. */
export interface Concurrency {
  /** 1 to 1,000. */
  readonly limit: number
  /** Runs of all pipelines of the project with this group count together; null: those of this pipeline. */
  readonly group: string | null
  /** A run that finds no room waits for its turn, is refused, or has the oldest one cancelled. */
  readonly whenFull: (typeof WHEN_FULL)[number]
}

export interface StageSpec {
  /** Unique among the stages of the pipeline, `[A-Za-z0-9_-]+`. A task may have the same. */
  readonly key: string
  readonly name: string
  readonly description: string
  readonly when: Expression | null
  /** Runs also after another stage has failed (never after a cancel). */
  readonly always: boolean
  /** Runs together with the stage before it. */
  readonly parallel: boolean
  /** What must have fired before it begins. */
  readonly triggers: Triggers | null
  readonly timeoutMs: DurationMs | null
  /** Of a flow: all its nodes, those of sub-flows too. */
  readonly tasks: readonly TaskSpec[]
  /** null: its tasks begin when what they need is over. */
  readonly flow: FlowSpec | null
  readonly annotations: Readonly<Record<string, string>>
}

/** Which node follows which. A flow has one start; a token walks from there, forks and joins, until it reaches the end. */
export interface FlowSpec {
  readonly edges: readonly EdgeSpec[]
  /** How often one node may be come back to, 1 to 1,000. */
  readonly loopMax: number
}
export interface EdgeSpec {
  /** Unique in its flow. */
  readonly key: string
  readonly name: string
  /** Keys of nodes with the same parent. */
  readonly from: string
  readonly to: string
  /** Only out of exclusive and conditional gateways. */
  readonly when: Expression | null
  /** Taken when no condition holds. */
  readonly default: boolean
}

export const GATEWAYS = ['exclusive', 'parallel', 'conditional', 'converge'] as const
/** `exclusive`: one way on. `parallel`: all ways at once. `conditional`: all whose condition holds. `converge`: where those meet. */
export type GatewayKind = (typeof GATEWAYS)[number]

export const FAILURE_POLICIES = ['stop', 'hold', 'continue', 'restart'] as const
/** What a failure means for the run, after all retries: the table is in ARCHITECTURE.md. */
export type FailurePolicy = (typeof FAILURE_POLICIES)[number]

export interface OnFailure {
  readonly policy: FailurePolicy
  /** Only with `hold`: given up as timed out after this long. null: waits for ever. */
  readonly expireMs: DurationMs | null
}

export interface RetryPolicy {
  /** Further attempts after the first, 0 to 100. */
  readonly max: number
  /** First delay; doubles with every retry. */
  readonly delayMs: DurationMs
  readonly delayMaxMs: DurationMs
  /** 0: exactly the delay; 1: full jitter (anything from 0 to the delay). */
  readonly jitter: number
}

export const TASK_ROLES = [
  'build',
  'deploy',
  'test',
  'distribute',
  'check',
  'review',
  'source',
  'image',
  'other',
] as const
/** What kind of work it is in the eyes of people and dialects; the engine does not read it. */
export type TaskRole = (typeof TASK_ROLES)[number]

export interface TaskSpec {
  /** Unique among the tasks of the pipeline, `[A-Za-z0-9_-]+`. */
  readonly key: string
  readonly name: string
  readonly description: string
  readonly role: TaskRole
  /** Keys of tasks of the same stage that must be over first. */
  readonly needs: readonly string[]
  /**
   * Runs also after what it needs has failed (never after a cancel). Left out: it does not, as in definitions of before
   * there was any. Never in a flow.
   */
  readonly always?: boolean
  readonly when: Expression | null
  readonly env: Readonly<Record<string, string>>
  /** Those of its stage and pipeline too, for work of runners. Left out: none, as in definitions of before there were any. */
  readonly secrets?: readonly SecretUse[]
  readonly work: Work
  /** Key of the sub-flow that it is in. */
  readonly parent: string | null
  /** How what it did is taken back, on a runner. */
  readonly rollback: RunnerWork | null
  readonly onFailure: OnFailure
  /** What a lost runner means: `error` ends the attempt as errored (then `retry` and `onFailure` apply), `rerun` tries again, uncounted. */
  readonly onLost: 'error' | 'rerun'
  readonly retry: RetryPolicy
  /** From the start of an attempt. null: none. */
  readonly timeoutMs: DurationMs | null
  /** Whether a timeout is a failure, or is passed over. */
  readonly onTimeout: 'fail' | 'skip'
  /** Whether people may skip it, and retry it. */
  readonly skippable: boolean
  readonly retryable: boolean
  /** Whether it may be left out when a run is made. */
  readonly optional: boolean
  /** From being queued to being taken by a runner. null: none. */
  readonly notStartedMs: DurationMs | null
  /** Labels that a runner must have: those of the definition, of its executor and of what its step needs. */
  readonly labels: readonly string[]
  readonly executor?: Executor
  readonly caches?: readonly CacheSpec[]
  readonly annotations: Readonly<Record<string, string>>
}

/** What a task does. Only `runner` work leaves the server. */
export type Work =
  | RunnerWork
  /** Done at once by the server: a joining point. */
  | { readonly kind: 'noop' }
  /** `duration`: milliseconds, or text with templates that gives a duration, or an instant `YYYY-MM-DD HH:MM:SS` to sleep until. */
  | { readonly kind: 'sleep'; readonly duration: DurationMs | string }
  | {
      readonly kind: 'review'
      /** User names; empty: anyone who may operate the project. */
      readonly reviewers: readonly string[]
      /** How many approvals are needed: a number >= 1, or all reviewers. One rejection rejects. */
      readonly required: number | 'all'
      readonly expireMs: DurationMs | null
      /** What the reviewers are asked; may hold `${{ ... }}`. */
      readonly question: string
      /** `pass`: the task succeeds whatever is decided. Left out: a rejection fails it. */
      readonly onReject?: 'fail' | 'pass'
      /** What the task has made once it is decided. Left out: nothing. */
      readonly outputs?: Readonly<Record<'approved' | 'rejected', Readonly<Record<string, string>>>>
    }
  /** Waits for the command `callback`. */
  | { readonly kind: 'callback'; readonly expireMs: DurationMs | null }
  /** Fires the triggers of the project that listen to a channel. */
  | { readonly kind: 'publish'; readonly channel: string; readonly params: Readonly<Record<string, string>> }
  /** A run of another pipeline of the project, by name. `wait`: ends as it does, and is cancelled with this one. */
  | { readonly kind: 'run'; readonly pipeline: string; readonly params: JsonObject; readonly wait: boolean }
  /** Only in flows. */
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'gateway'; readonly gateway: GatewayKind }
  | { readonly kind: 'subflow' }

export interface RunnerWork {
  readonly kind: 'runner'
  readonly uses: string
  readonly with: JsonObject
  /** Names of secrets that the step itself reads. Left out: none. */
  readonly secrets?: readonly string[]
}
