import type { AttemptBar } from '../graph/timeline.ts'
import type { ArtifactView } from '../model/artifact.ts'
import type { CancelMode, NodeAction, RunAction } from '../model/command.ts'
import type { Actor, Cause, EventRecord, Outputs } from '../model/event.ts'
import type { Concurrency } from '../model/definition.ts'
import type { ExplanationCode } from '../model/explanation.ts'
import type { CodeMetrics, Finding, LintRule, Severity, SeverityCounts } from '../model/finding.ts'
import type { NodeId, PipelineId, ProjectId, RunId, UserId } from '../model/id.ts'
import type { Json, JsonObject } from '../model/json.ts'
import type { NotificationEvent } from '../model/notification.ts'
import type { Priority } from '../model/priority.ts'
import type { LocatedError, Result } from '../model/problem.ts'
import type { ReportKind } from '../model/report.ts'
import type {
  AttemptRef,
  Received,
  RunnerAnswer,
  RunnerHello,
  RunnerOrder,
  RunnerPoll,
  RunnerReport,
  RunnerView,
  RunnerWelcome,
} from '../model/runner.ts'
import type { RunStatus } from '../model/status.ts'
import type { TestCase, TestCounts, TestStatus } from '../model/test-report.ts'
import type { DurationMs, Instant } from '../model/time.ts'
import type { PipelineView, ProjectView, RunSummary, RunView, UserRef } from '../model/view.ts'

/**
 * The use cases. Native API, dialects and page see these and the model's views, nothing else of the server.
 * Every call takes the caller and refuses what the caller may not see as `not_found`, may not do as `forbidden`.
 * Expected refusals are values ({@link Result}); a throw is a defect or a dead disk.
 */
export interface App {
  readonly access: Access
  readonly projects: Projects
  readonly pipelines: Pipelines
  readonly runs: Runs
  readonly documents: Documents
  readonly findings: Findings
  readonly tests: TestResults
  readonly artifacts: Artifacts
  readonly secrets: Secrets
  readonly users: Users
  readonly audit: Audit
  readonly notifications: Notifications
  readonly feed: Feed
  readonly runners: Runners
  /** What runners on other machines say: they are no callers. */
  readonly runnerWire: RunnerWire
  /** Present instant; handlers take time from here, never from the clock. */
  now(): Instant
  /** Fresh 32-hex id, e.g. for a request id. */
  freshId(): string
}

/** Who calls, after a credential was checked. */
export interface Caller {
  readonly user: UserRef
  readonly role: 'viewer' | 'operator' | 'admin'
  /** Account name for Huawei IAM. */
  readonly domain: string
  /** null: all projects. */
  readonly projectIds: readonly ProjectId[] | null
  /** The credential's end; null: none. */
  readonly expiresAt: Instant | null
}

/** Credentials. All comparisons take constant time; failures say nothing about which part was wrong but where a vendor's wire does. */
export interface Access {
  /** A native token `mr_<id>_<secret>`, as given in `Authorization: Bearer`, `X-Auth-Token` or a KodeRover API key. */
  byToken(token: string): Promise<Caller | undefined>
  /**
   * A Huawei key pair: the secret key (to check a signature with) and the caller it stands for.
   * `locked` after more than 5 failures within 5 minutes; tell failures with {@link failedSignature}. A temporary pair
   * is `unknown` without its security token.
   */
  byAccessKey(
    ak: string,
    securityToken?: string | null,
  ): Promise<{ readonly secret: string; readonly caller: Caller } | 'unknown' | 'locked'>
  failedSignature(ak: string): void
  /** A BlueKing app. `unknown` code, `wrong` secret, or the app's caller. */
  byApp(code: string, secret: string): Promise<Caller | 'unknown' | 'wrong'>
  /**
   * undefined: wrong, or too many were wrong lately. `source`: where the guess comes from, e.g. an address. One source is
   * locked out of one name after more than 5 failures within 5 minutes, and all sources together after 100, so that
   * nobody locks somebody else out by guessing alone.
   */
  byPassword(name: string, password: string, domain: string | null, source?: string | null): Promise<Caller | undefined>
  /** A new token for this caller, e.g. Huawei IAM's of 24 h. Gives the plain text, once. */
  issueToken(
    caller: Caller,
    label: string,
    expiresAt: Instant | null,
  ): Promise<{ readonly token: string; readonly issuedAt: Instant }>
  /** A key pair for this caller that ends by itself, and is good only with its security token. Gives the texts, once. */
  issueAccessKey(
    caller: Caller,
    label: string,
    expiresAt: Instant,
  ): Promise<{ readonly ak: string; readonly sk: string; readonly securityToken: string }>
  /**
   * Whether the credential that this caller was found by is still good, and means the same: not removed, not over, its
   * user not disabled, with the same rights. Reads no disk. A caller that was not found here is judged by its user alone.
   */
  isValid(caller: Caller): boolean
  revokeToken(caller: Caller, id: string): Promise<Result<null>>
  tokens(caller: Caller): Promise<
    readonly {
      readonly id: string
      readonly label: string
      readonly user: UserRef
      readonly createdAt: Instant
      readonly expiresAt: Instant | null
    }[]
  >
  user(name: string): Promise<UserRef | undefined>
  userById(id: UserId): Promise<UserRef | undefined>
}

/** The runners of the server: for all to see, for admins of all projects to change. By id or name; `embedded` is the server's own. */
export interface Runners {
  list(caller: Caller): Promise<readonly RunnerView[]>
  get(caller: Caller, ref: string): Promise<Result<RunnerView>>
  /** The token is given this once. */
  create(
    caller: Caller,
    input: { readonly name: string },
  ): Promise<Result<{ readonly runner: RunnerView; readonly token: string }>>
  /** It gets nothing more; what it has it does. */
  pause(caller: Caller, ref: string): Promise<Result<RunnerView>>
  resume(caller: Caller, ref: string): Promise<Result<RunnerView>>
  /** What it has is lost, its token is worth nothing any more. */
  remove(caller: Caller, ref: string): Promise<Result<null>>
}

/**
 * The server's side of docs/reference/runner-protocol.md. A runner sees and touches only the attempts that it has been
 * given, by their fence; all else is refused as `stale`. Every call is a word that renews its lease.
 */
export interface RunnerWire {
  /** Id of the runner with this token. */
  byToken(token: string): string | undefined
  hello(id: string, hello: RunnerHello, chunkBytes: number): Promise<RunnerAnswer<RunnerWelcome>>
  /** Waits for orders, at most until the heartbeat is due or `signal` is aborted. */
  poll(
    from: RunnerName,
    poll: RunnerPoll,
    signal: AbortSignal,
  ): Promise<RunnerAnswer<{ readonly orders: readonly RunnerOrder[] }>>
  log(from: RunnerName, ref: AttemptRef, offset: number, bytes: Uint8Array): Promise<RunnerAnswer<Received>>
  artifact(from: RunnerName, ref: AttemptRef, sha256: string, piece: Piece): Promise<RunnerAnswer<Received>>
  report(from: RunnerName, ref: AttemptRef, kind: ReportKind, piece: Piece): Promise<RunnerAnswer<Received>>
  /** How much there is of a log (`sha256` null) or an artifact. */
  received(from: RunnerName, ref: AttemptRef, sha256: string | null): Promise<RunnerAnswer<Received>>
  /** Resolves when it is durable. */
  ended(from: RunnerName, ref: AttemptRef, report: RunnerReport): Promise<RunnerAnswer<null>>
  /** It has ended in good order. */
  leave(from: RunnerName): Promise<RunnerAnswer<null>>
}
/** A runner, and which process of it. */
export interface RunnerName {
  readonly id: string
  readonly incarnation: string
}
/** One piece of a file. */
export interface Piece {
  /** Where it begins in the file. */
  readonly offset: number
  /** How long the file is, all pieces together. */
  readonly total: number
  readonly bytes: Uint8Array
}

export interface Projects {
  list(caller: Caller): Promise<readonly ProjectView[]>
  /** By id, serial or name. */
  get(caller: Caller, ref: ProjectRef): Promise<Result<ProjectView>>
  create(caller: Caller, input: { readonly name: string; readonly description: string }): Promise<Result<ProjectView>>
  /** What is left out stays as it is. */
  update(
    caller: Caller,
    ref: ProjectRef,
    change: { readonly name?: string; readonly description?: string },
  ): Promise<Result<ProjectView>>
  /** Refused as `conflict` while it has pipelines. Its name is free afterwards. */
  remove(caller: Caller, ref: ProjectRef): Promise<Result<ProjectView>>
}
export type ProjectRef = { readonly id: string } | { readonly serial: number } | { readonly name: string }

export interface Pipelines {
  /** Checks a text without storing it; the value lists the errors, empty when it is good. */
  validate(text: string, file: string): Promise<readonly LocatedError[]>
  create(
    caller: Caller,
    input: { readonly project: ProjectRef; readonly text: string; readonly file?: string },
  ): Promise<Result<PipelineView>>
  /** Stores a new version. `expectedVersion`: refused as `stale_version` when it is not the newest (If-Match). */
  update(
    caller: Caller,
    ref: PipelineRef,
    input: { readonly text: string; readonly file?: string; readonly expectedVersion: number | null },
  ): Promise<Result<PipelineView>>
  get(caller: Caller, ref: PipelineRef): Promise<Result<PipelineView>>
  list(
    caller: Caller,
    filter: PipelineListFilter,
    page: { readonly after: number | null; readonly limit: number },
  ): Promise<Result<Page<PipelineView>>>
  /** In order of serial, `skip` rows passed over: for vendors that page by row number. */
  slice(
    caller: Caller,
    filter: PipelineListFilter,
    skip: number,
    limit: number,
  ): Promise<Result<{ readonly items: readonly PipelineView[]; readonly total: number }>>
  remove(caller: Caller, ref: PipelineRef): Promise<Result<PipelineView>>
  versions(
    caller: Caller,
    ref: PipelineRef,
  ): Promise<Result<readonly { readonly version: number; readonly createdAt: Instant; readonly createdBy: UserRef }[]>>
  /** What calls of a signed webhook are signed with, `whsec_...`; for admins. That of a stage is called `stage/webhook`. */
  webhookSecret(caller: Caller, ref: PipelineRef, name: string): Promise<Result<string>>
  /** When its schedules come due next, the first first, and what triggers were last refused. `count`: 1 to 100. */
  nextFires(caller: Caller, ref: PipelineRef, count: number): Promise<Result<NextFires>>
  /** The text of one version as it was given. */
  text(caller: Caller, ref: PipelineRef, version: number): Promise<Result<string>>
}
/** A name without a project is looked for in all projects of the caller; two of them with it are a `conflict`. */
export type PipelineRef =
  | { readonly id: string }
  | { readonly serial: number }
  | { readonly name: string; readonly project?: ProjectRef }
export interface PipelineListFilter {
  readonly project?: ProjectRef
  readonly text?: string
}
export interface NextFires {
  readonly fires: readonly { readonly trigger: string; readonly at: Instant }[]
  /** The last start of each trigger that was refused since the server began, or since the pipeline was changed. */
  readonly refusals: readonly { readonly trigger: string; readonly at: Instant; readonly message: string }[]
}
export interface Page<Item> {
  readonly items: readonly Item[]
  /** Give it as `after` to get what follows; null: that was all. */
  readonly next: number | null
}

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
  /** `inputs` take the place of the definition's, whole. Of a stage: it and all that follows begin anew. */
  | { readonly action: 'retry'; readonly inputs?: JsonObject }
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

/** Who is under way in a concurrency group, and who waits for it. */
export interface QueueView {
  /** Of the newest version of the pipeline that was asked for; null: it has no limit, and nobody waits. */
  readonly concurrency: Concurrency | null
  /** The first 100. */
  readonly running: readonly QueuedRun[]
  readonly runningCount: number
  /** Whose turn is next first; the first 100. */
  readonly queue: readonly (QueuedRun & { readonly position: number; readonly since: Instant })[]
  readonly queuedCount: number
}

export interface QueuedRun {
  readonly id: RunId
  readonly number: number
  readonly pipelineId: PipelineId
  readonly pipelineName: string
  readonly status: RunStatus
  readonly priority: Priority
}

/** Why something is where it is. */
export interface Explanation {
  /** null: the run as a whole. */
  readonly node: { readonly id: string; readonly key: string; readonly name: string } | null
  readonly code: ExplanationCode
  /** One sentence: "Waiting for review by li or chen (1 of 2 approvals)". */
  readonly sentence: string
  readonly since: Instant
  /** What or who would unblock it, each a thing that can be done. */
  readonly unblocks: readonly string[]
  /** Place in the queue from 1; only with `waiting-for-runner` and `waiting-for-turn`. */
  readonly position: number | null
  /** When it ends by itself at the latest. */
  readonly deadline: Instant | null
}

export interface TimelineView {
  /** When it was made: what has no end goes on until then. */
  readonly at: Instant
  /** Of the newest event that it tells of. */
  readonly seq: number
  readonly stages: readonly {
    readonly id: NodeId
    readonly spans: readonly { readonly from: Instant; readonly to: Instant | null }[]
  }[]
  /** Tasks that nothing has happened to are left out. */
  readonly tasks: readonly { readonly id: NodeId; readonly attempts: readonly AttemptBar[] }[]
  /** The tasks that made it as long as it is, in their order. */
  readonly critical: readonly NodeId[]
}

/** A quarter of what was seen took less than `p25`, half of it less than `p50`, three quarters less than `p75`. */
export interface Quartiles {
  readonly p25: DurationMs
  readonly p50: DurationMs
  readonly p75: DurationMs
}
export interface Estimate {
  /** How many runs it rests on, at most 20; 0: nothing is known. */
  readonly samples: number
  /** From start to end, without pauses. */
  readonly usualMs: Quartiles | null
  /** From now on, if it need not wait for anybody; null of a run that has ended. */
  readonly remainingMs: Quartiles | null
}

/** An attempt's log: bytes numbered by offset from 0. */
export interface LogSource {
  /** Names the log, for what is kept of it; the same for every caller. */
  readonly key: string
  readonly attempt: number
  /** Bytes stored so far. */
  size(): Promise<number>
  /** True once the last byte is stored: nothing more will come. */
  ended(): boolean
  read(offset: number, length: number): Promise<Uint8Array>
  /**
   * When the bytes at these offsets were written, to a quarter of a second; from a runner on another machine: when the
   * server got them. null: nobody noted it. `offsets` are ascending and within what is stored.
   */
  times(offsets: readonly number[]): Promise<readonly (Instant | null)[]>
  /**
   * Everything from `offset`, then what comes, until the attempt has ended and its last byte was given,
   * or `signal` is aborted.
   */
  follow(offset: number, signal: AbortSignal): AsyncIterable<Uint8Array>
}

/**
 * JSON documents of a project: what a dialect must keep that is neither pipeline nor run, e.g. groups, rule sets, the
 * state of a finding. Every viewer of the project reads them. Writing takes the role `admin`, as pipelines do; a kind
 * whose thing begins with `run-` (`blueking/run-notes`) is about work under way and takes `operator`, as runs do.
 * A change is told of as `project:` and its id ({@link Feed.onChange}).
 */
export interface Documents {
  get(caller: Caller, ref: DocumentRef): Promise<Result<DocumentView>>
  /**
   * Makes or replaces it. `expectedRevision`: refused as `conflict` when the document has another one; 0: when it is
   * there already; left out: whatever it has. `invalid_request` when kind or key are not as {@link DocumentRef} says,
   * `too_large` when the value is more than {@link DOCUMENT_BYTES_MAX} of JSON.
   */
  put(
    caller: Caller,
    input: DocumentRef & { readonly value: Json; readonly expectedRevision?: number },
  ): Promise<Result<DocumentView>>
  remove(caller: Caller, ref: DocumentRef & { readonly expectedRevision?: number }): Promise<Result<null>>
  /** Those of one kind in order of their keys' code points; `prefix`: only keys that begin with it. `limit` is 1 to 1000. */
  list(
    caller: Caller,
    query: {
      readonly project: ProjectRef
      readonly kind: string
      readonly prefix?: string
      /** Key of the last one seen. */
      readonly after?: string
      readonly limit: number
    },
  ): Promise<
    Result<{
      readonly items: readonly DocumentView[]
      /** Give it as `after` to get what follows; null: that was all. */
      readonly next: string | null
    }>
  >
}
export interface DocumentRef {
  readonly project: ProjectRef
  /** `<dialect>/<thing>`, both of small letters, digits and dashes, at most 64 characters in all. */
  readonly kind: string
  /** 1 to 256 characters, no control characters. */
  readonly key: string
}
export interface DocumentView {
  readonly key: string
  readonly value: Json
  /** Drawn for each write, never given twice: it says what was read, not how often it was written. */
  readonly revision: number
  readonly updatedAt: Instant
}
/** The most that one document may hold, as bytes of JSON in UTF-8. */
export const DOCUMENT_BYTES_MAX = 256 * 1024

/** What the `check` tasks of runs found. It is there from the end of an attempt on. */
export interface Findings {
  /** Of the newest attempt of one `check` task, or of all of the run; worst first. `limit` is 1 to 10,000. */
  list(
    caller: Caller,
    run: RunRef,
    filter: { readonly node?: NodeRef; readonly severities?: readonly Severity[] },
    page: { readonly skip: number; readonly limit: number },
  ): Promise<Result<FindingsPage>>
  /** What the built-in linter looks for. */
  rules(): readonly LintRule[]
}
export interface FindingsPage {
  readonly items: readonly Finding[]
  /** Of what the filter lets through and is kept: of one attempt at most 10,000. */
  readonly total: number
  /** Of all that was found, whatever the filter, also of what was not kept. */
  readonly counts: SeverityCounts
  readonly tools: readonly string[]
  /** null: not measured. */
  readonly metrics: CodeMetrics | null
  /** Paths that the built-in linter looked at, in order. */
  readonly files: readonly string[]
  /** False: no check of this run has come to its end yet. */
  readonly checked: boolean
}

/** What the tests of runs said. It is there from the end of an attempt on. */
export interface TestResults {
  /** Of the newest attempt of one task, or of all of the run; worst first. `limit` is 1 to 10,000. */
  list(
    caller: Caller,
    run: RunRef,
    /** `text`: a part of the suite's and the test's name, whatever its case. */
    filter: { readonly node?: NodeRef; readonly statuses?: readonly TestStatus[]; readonly text?: string },
    page: { readonly skip: number; readonly limit: number },
  ): Promise<Result<TestResultsPage>>
}
export interface TestResultsPage {
  readonly items: readonly (TestCase & { readonly node: NodeId; readonly nodeKey: string; readonly attempt: number })[]
  /** Of what the filter lets through and is kept: of one attempt at most 10,000. */
  readonly total: number
  /** Of all tests, whatever the filter, also of those that were not kept. */
  readonly counts: TestCounts
  /** Sum of the tests' own. */
  readonly durationMs: number
  /** Report files that were read. */
  readonly files: readonly string[]
  /** False: no test of this run has come to its end yet. */
  readonly tested: boolean
}

/**
 * Secrets of projects and pipelines. Whoever sees the owner may list their names; admins set and remove them, and nobody
 * reads a value: it is given to tasks alone, that of the pipeline before that of its project.
 */
export interface Secrets {
  /** In order of their names. */
  list(caller: Caller, owner: SecretOwner): Promise<Result<readonly SecretView[]>>
  /** Makes or replaces it. Refused when name or value are not as model/secret.ts says. */
  set(caller: Caller, owner: SecretOwner, name: string, value: string): Promise<Result<SecretView>>
  remove(caller: Caller, owner: SecretOwner, name: string): Promise<Result<null>>
  /**
   * A text that stands for `value` in definitions of the project, or as a param that a run of a pipeline is started with
   * and no other. Everybody may see it; it is opened for tasks alone, which mask it in what they say. One that is sealed
   * already stays as it is.
   */
  sealText(place: SealedPlace, value: string): string
}
export interface SealedPlace {
  readonly project: ProjectId
  readonly param?: { readonly pipeline: PipelineId; readonly name: string }
}
export type SecretOwner = { readonly project: ProjectRef } | { readonly pipeline: PipelineRef }
export interface SecretView {
  readonly name: string
  readonly createdAt: Instant
  readonly createdBy: UserRef
  readonly updatedAt: Instant
  readonly updatedBy: UserRef
  /** When a task was last given it, to the minute; null: never. */
  readonly lastUsedAt: Instant | null
}

/**
 * Users and their keys, for admins of all projects; everyone changes their own password and sees their own keys. What is
 * changed counts at once: the next request of a disabled user is refused.
 */
export interface Users {
  /** In the order they were added. */
  list(caller: Caller): Promise<Result<readonly UserView[]>>
  create(caller: Caller, input: NewUserInput): Promise<Result<UserView>>
  /**
   * What is left out stays. By id or name. Refused as `conflict` when nobody would be left who is an admin of all
   * projects and enabled.
   */
  change(caller: Caller, ref: string, change: UserChange): Promise<Result<UserView>>
  /** Wrong guesses count as those of signing in. */
  changeOwnPassword(caller: Caller, old: string, fresh: string): Promise<Result<null>>
  /** Those that are good now; an admin of all projects sees those of everybody. */
  keys(caller: Caller): Promise<readonly KeyView[]>
  /** A Huawei key pair for the caller, without an end. Gives the secret, once. */
  createAccessKey(caller: Caller, label: string): Promise<Result<{ readonly ak: string; readonly sk: string }>>
  /** A BlueKing app for the caller. Gives the secret, once. `code`: 1 to 64 letters, digits, `_`, `-` and `.` */
  createApp(caller: Caller, code: string, label: string): Promise<Result<{ readonly secret: string }>>
  /** At once. One's own, or anybody's for an admin of all projects. */
  revokeKey(caller: Caller, kind: KeyView['kind'], name: string): Promise<Result<null>>
}
export interface NewUserInput {
  /** 1 to 64 characters, unique in the server. */
  readonly name: string
  /** Huawei IAM's account name. Without it: the caller's. */
  readonly domain?: string
  /** 8 to 1,024 characters; null: signs in by keys only. */
  readonly password: string | null
  readonly role: Caller['role']
  /** null: all projects. */
  readonly projects: readonly ProjectRef[] | null
}
export interface UserChange {
  readonly role?: Caller['role']
  readonly projects?: readonly ProjectRef[] | null
  readonly disabled?: boolean
  readonly password?: string | null
}
export interface UserView {
  readonly id: UserId
  readonly name: string
  readonly domain: string
  readonly role: Caller['role']
  readonly projectIds: readonly ProjectId[] | null
  readonly createdAt: Instant
  /** null: enabled. */
  readonly disabledAt: Instant | null
  readonly hasPassword: boolean
}
export interface KeyView {
  readonly kind: 'token' | 'aksk' | 'bk-app'
  /** The public part. */
  readonly name: string
  readonly label: string
  readonly user: UserRef
  readonly createdAt: Instant
  readonly expiresAt: Instant | null
}

/** Who changed what outside of runs. For admins of all projects. */
export interface Audit {
  /** Newest first. */
  list(
    caller: Caller,
    filter: AuditFilter,
    page: { readonly before: number | null; readonly limit: number },
  ): Promise<Result<Page<AuditEntry>>>
}
export interface AuditFilter {
  readonly actor?: string
  /** What the action begins with: `secret.` is every action of secrets. */
  readonly action?: string
  readonly target?: string
  /** Inclusive. */
  readonly from?: Instant
  /** Exclusive. */
  readonly to?: Instant
}
export interface AuditEntry {
  readonly number: number
  readonly at: Instant
  readonly actor: Actor
  readonly action: string
  readonly target: string
  readonly detail: string
}

/** Files that tasks have made and that outlive their workspaces. */
export interface Artifacts {
  /** Of the newest attempt of each task; of two with one name the later task's. */
  list(caller: Caller, run: RunRef): Promise<Result<readonly ArtifactView[]>>
  open(
    caller: Caller,
    run: RunRef,
    name: string,
  ): Promise<Result<{ readonly artifact: ArtifactView; readonly file: ArtifactFile }>>
}
/** Bytes that never change. */
export interface ArtifactFile {
  readonly sizeBytes: number
  /** At most `length` bytes from `offset`, in pieces; ends early when `signal` is aborted. */
  read(offset: number, length: number, signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** Who is told of what, and what became of it. Changes take the role `admin`, looks and replays `operator`. */
export interface Notifications {
  list(caller: Caller, project: ProjectRef): Promise<Result<readonly NotificationView[]>>
  /** `secret`: what the receiver checks signatures with, given once; null for e-mail. */
  create(
    caller: Caller,
    input: NewNotification,
  ): Promise<Result<{ readonly notification: NotificationView; readonly secret: string | null }>>
  /** A new secret; that of before signs beside it for 24 hours. */
  rotate(caller: Caller, id: string): Promise<Result<{ readonly secret: string }>>
  /** Puts a message that tells of no run into the outbox, to see whether it comes through; one in ten seconds. */
  test(caller: Caller, id: string): Promise<Result<Delivery>>
  /** One that its receiver has had disabled (410). */
  enable(caller: Caller, id: string): Promise<Result<NotificationView>>
  remove(caller: Caller, id: string): Promise<Result<null>>
  /** What was sent or is to be, commit statuses too, newest first. */
  deliveries(
    caller: Caller,
    filter: { readonly project?: ProjectRef; readonly notification?: string; readonly state?: Delivery['state'] },
    page: { readonly before: number | null; readonly limit: number },
  ): Promise<Result<Page<Delivery>>>
  /** Sends it again, from its first try. `not_allowed` when something newer was said since. */
  replay(caller: Caller, id: string): Promise<Result<Delivery>>
}
export interface NewNotification {
  /** Unique in its project, 1 to 128 characters. */
  readonly name: string
  readonly project: ProjectRef
  /** null: all of the project. */
  readonly pipeline: PipelineRef | null
  readonly events: readonly NotificationEvent[]
  readonly to:
    | { readonly kind: 'webhook'; readonly url: string }
    | { readonly kind: 'email'; readonly addresses: readonly string[] }
}
export interface NotificationView {
  readonly id: string
  readonly name: string
  readonly projectId: ProjectId
  readonly pipelineId: PipelineId | null
  readonly events: readonly NotificationEvent[]
  readonly to: NewNotification['to']
  /** null: it is not. */
  readonly disabled: { readonly at: Instant; readonly reason: string } | null
  readonly createdAt: Instant
  readonly createdBy: UserRef
}
export interface Delivery {
  readonly id: string
  readonly serial: number
  readonly projectId: ProjectId
  readonly runId: RunId | null
  /** `webhook`, `email` or `status`. */
  readonly kind: string
  /** Id of the notification; of a commit status, the address of the forge. */
  readonly target: string
  readonly state: 'waiting' | 'delivered' | 'dead' | 'superseded'
  readonly tries: number
  readonly createdAt: Instant
  readonly updatedAt: Instant
  readonly nextAt: Instant | null
  readonly error: string | null
}

/** The server-wide ordered stream of events. */
export interface Feed {
  /** Number of the newest event. */
  last(): number
  /** Stored events with number > after that the caller may see, in order, at most `limit`; does not wait for more. */
  read(caller: Caller, after: number, filter: FeedSelection, limit: number): Promise<Result<readonly EventRecord[]>>
  /**
   * Every event with number > after that the caller may see, exactly once and in order: stored ones first, then
   * live ones, until `signal` is aborted. `undefined` = nothing for 15 s (send a heartbeat).
   */
  follow(
    caller: Caller,
    after: number,
    filter: FeedSelection,
    signal: AbortSignal,
  ): Promise<Result<AsyncIterable<EventRecord | undefined>>>
  /**
   * Calls back after every commit with the topics that changed: `run:` and its id; `pipeline:` and `project:` and
   * theirs when a run's status (not just a step of it), the pipeline or the project changed; `keys` when a
   * credential or a right did): for caches. By then every read of this server gives the new state, and no writer has
   * had its answer yet. Returns the way to stop.
   */
  onChange(listener: (topics: readonly string[]) => void): () => void
  /** Whether what is in memory was the newest a moment ago, where other servers may have gone on without this one. */
  isCurrent(): boolean
  /** It is the newest when this resolves. Rejects when the store cannot be reached. */
  catchUp(): Promise<void>
}

export interface FeedSelection {
  readonly project?: ProjectRef
  readonly pipelineId?: PipelineId
  readonly runId?: RunId
}

export type { NodeAction, RunAction }
