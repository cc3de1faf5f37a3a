import type { Actor, EventRecord, LogEntry } from '../model/event.ts'
import type { PipelineId, ProjectId, RunId, UserId } from '../model/id.ts'
import type { RunStatus } from '../model/status.ts'
import type { ProjectView, RunSummary, UserRef } from '../model/view.ts'
import type { DurationMs, Instant } from '../model/time.ts'

/**
 * What the host asks of a store. Adapters keep and find; they decide nothing. store/conformance/ holds the
 * suite that every adapter passes. Every promise that writes resolves only when the write is durable: it
 * survives `kill -9` and power loss. Every method may reject with {@link StoreError} and nothing else.
 */
export interface Store {
  readonly runs: RunLog
  readonly catalog: Catalog
  readonly keys: Keys
  readonly documents: Documents
  readonly outbox: Outbox
  readonly secrets: Secrets
  /**
   * The same, and whatever is changed by it is one with this entry of the audit record: both are there, or neither. A
   * change that is refused leaves no entry.
   */
  audited(entry: AuditEntry): Audited
  /** There when other servers may work on the same store at the same time. */
  readonly shared?: Shared
  /** Waits for what is under way, then closes. A second call does nothing. Calls after it reject as `closed`. */
  close(): Promise<void>
}

/** What people change outside of runs. */
export interface Audited {
  readonly catalog: Pick<
    Catalog,
    'addProject' | 'changeProject' | 'deleteProject' | 'addPipeline' | 'addVersion' | 'deletePipeline'
  >
  readonly keys: Pick<Keys, 'addUser' | 'changeUser' | 'addKey' | 'revokeKey' | 'putSetting'>
  readonly secrets: Pick<Secrets, 'putSecret' | 'removeSecret'>
}

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
/**
 * - `conflict`: the run is not at `expectedSeq`, or a unique name is taken; nothing was written
 * - `missing`: a thing that was named does not exist
 * - `full`: no room or no right to write; nothing was written
 * - `corrupt`: the store breaks its own rules
 * - `closed`
 */
export type StoreErrorCode = 'conflict' | 'missing' | 'full' | 'corrupt' | 'closed'

/** Runs and their events. The log is the truth; `RunSummary` rows and snapshots can be made from it again. */
export interface RunLog {
  /**
   * The number (per pipeline, from 1) and serial (per server, from 1) of the next run. Never given twice, also
   * after a restart; a run that is then not committed leaves a gap. Rejects as `missing` when there is no such pipeline.
   */
  reserve(pipelineId: PipelineId): Promise<{ readonly number: number; readonly serial: number }>
  /**
   * The only write path of a run. Atomic: entries appended, index row replaced, snapshot and idempotency key
   * stored, or nothing. Rejects as `conflict` when the run is not at `expectedSeq` (0: does not exist).
   * Commits of one run must be awaited one by one; commits of different runs that are waiting in the same turn
   * go into one transaction, but each fails alone. A commit that is malformed (no events, a seq that does not
   * follow, no summary with the first one) also rejects as `conflict`, and so does a first one whose serial or number
   * another run has; one whose pipeline does not exist rejects as `missing`.
   */
  commit(commit: RunCommit): Promise<CommitReceipt>
  /**
   * Takes runs away whole: entries, index row, snapshot and idempotency keys, all in one. Left alone are those that have
   * not ended, are not there, or have the newest event of the server: so no number, serial or number of a run is ever
   * given again, and `feed` goes on over the numbers of what is gone. Resolves to those that have gone, in the order asked.
   */
  remove(ids: readonly RunId[]): Promise<readonly RunId[]>
  /** A run's entries with seq > afterSeq, in order. At most `limit` entries. Empty when there are none. */
  entries(runId: RunId, afterSeq: number, limit: number): Promise<readonly LogEntry[]>
  /** As {@link entries}, as single events with their global numbers. `limit` counts events. */
  events(runId: RunId, afterSeq: number, limit: number): Promise<readonly EventRecord[]>
  /** All runs' events with number > after, in order; `limit` counts events. */
  feed(after: number, filter: FeedFilter, limit: number): Promise<readonly EventRecord[]>
  /** Number of the newest event, 0 when there is none. */
  lastNumber(): Promise<number>
  /** What {@link RunCommit.snapshot} stored last, with the seq it was taken at. */
  snapshot(runId: RunId): Promise<{ readonly seq: number; readonly data: string } | undefined>
  /** Its `seq` and `updatedAt` are those of the newest entry, also when the commit came with `summary: null`. So everywhere. */
  summary(ref: RunRef): Promise<RunSummary | undefined>
  /** In the order asked; unknown ones are left out. */
  summaries(ids: readonly RunId[]): Promise<readonly RunSummary[]>
  /** Newest first (by serial). Keyset paging: `before` is the serial of the last one seen. */
  list(filter: RunFilter, before: number | null, limit: number): Promise<readonly RunSummary[]>
  count(filter: RunFilter): Promise<number>
  /** Every run that has not ended, oldest first: what the host takes up again after a restart. */
  live(): Promise<readonly RunId[]>
  /** The run that an idempotency key leads to, while it stands. */
  idempotent(key: string, now: Instant): Promise<{ readonly runId: RunId; readonly fingerprint: string } | undefined>
}

/** How long an idempotency key stands for the run that it made: 24 h. */
export const IDEMPOTENCY_MS: DurationMs = 24 * 3_600_000

export type RunRef =
  | { readonly by: 'id'; readonly id: RunId }
  | { readonly by: 'serial'; readonly serial: number }
  | { readonly by: 'number'; readonly pipelineId: PipelineId; readonly number: number }
  | { readonly by: 'latest'; readonly pipelineId: PipelineId }

export interface RunCommit {
  readonly runId: RunId
  readonly expectedSeq: number
  /** In order, without gaps: the first event's seq is expectedSeq + 1. */
  readonly entries: readonly LogEntry[]
  /** The index row after these entries, or null when nothing in it but seq and updatedAt changed. */
  readonly summary: RunSummary | null
  /** JSON of the whole run, given when it has ended. */
  readonly snapshot: string | null
  /**
   * A key that stands already at `at` rejects as `conflict`. It stands for `standsMs`, {@link IDEMPOTENCY_MS} when that
   * is not given, and then leads to the run of this commit.
   */
  readonly idempotency: {
    readonly key: string
    readonly fingerprint: string
    readonly at: Instant
    readonly standsMs?: DurationMs
  } | null
  /** Only the server that has the duties ({@link Shared.takeDuties}) may commit it: else it rejects as `conflict`. */
  readonly onDuty?: true
}
export interface CommitReceipt {
  /** Global number of the last of these events. Numbers of one commit follow each other. */
  readonly lastNumber: number
}

/** An entry as it lies in the log. */
export interface NumberedEntry {
  readonly runId: RunId
  /** Global number of the last of its events. */
  readonly lastNumber: number
  readonly entry: LogEntry
}

/**
 * What servers that work on one store at the same time must know of each other. Nothing here is the truth: that is in
 * the log, which every one of them follows.
 */
export interface Shared {
  /** Of this server, and of this start of it: 8 hex digits. */
  readonly serverId: string
  /** Entries of all runs whose events have numbers > after, in their order; also our own. */
  entriesAfter(after: number, limit: number): Promise<readonly NumberedEntry[]>
  /** As {@link RunLog.lastNumber}, after waiting for every commit that is under way on any server. */
  settledNumber(): Promise<number>
  /** Tells of what other servers do, from now on. @returns stops that */
  listen(listener: SharedListener): () => void
  /**
   * This server is there, and so are the runners that speak to it. A server that has said nothing for `silentMs` is given
   * up, and so is a runner. @returns undefined when that has happened to this one: it must end.
   */
  beat(beat: Beat): Promise<Attendance | undefined>
  /** One after the other on all servers, for the same name. What is done by one that dies is given up. @throws StoreError */
  exclusively<Value>(name: string, work: () => Promise<Value>): Promise<Value>
  /** Of all servers one has the duties, until its connection to the store breaks. @returns whether this one has them */
  takeDuties(): Promise<boolean>
}
export interface SharedListener {
  /** There are commits of others, up to this number. */
  onCommits(lastNumber: number): void
  /**
   * Others have changed what is kept in memory. `what` names it: `users`, `keys`, `projects`, `secrets`, `pipelines <id>`,
   * `settings <name>`, `documents <project> <kind>`.
   */
  onChange(what: string): void
  /** The connection was broken and is there again: anything may have been missed. */
  onReconnected(): void
  onDutiesLost(): void
}
export interface Beat {
  /** The first one of this server. */
  readonly fresh: boolean
  readonly attending: readonly Attending[]
  /** Runners that speak to this server no more. */
  readonly leaving: readonly string[]
  readonly silentMs: DurationMs
}
export interface Attending {
  readonly runner: string
  /** JSON that the host reads again. */
  readonly facts: string
  /** Since its last word. */
  readonly ageMs: DurationMs
  /** It has come to this server, wherever it was before. Without: only what is known of it is renewed. */
  readonly claims: boolean
}
export interface Attendance {
  /** Of the newest event. */
  readonly number: number
  /** That are there, this one counted. */
  readonly servers: number
  readonly attendance: readonly {
    readonly runner: string
    readonly server: string
    readonly facts: string
    readonly seenMs: DurationMs
  }[]
}

export interface RunFilter {
  readonly projectIds?: readonly ProjectId[]
  readonly pipelineId?: PipelineId
  readonly statuses?: readonly RunStatus[]
  readonly needsPerson?: boolean
  /** Inclusive. */
  readonly createdFrom?: Instant
  /** Exclusive. */
  readonly createdTo?: Instant
  /** Substring of the pipeline's name, ignoring case. */
  readonly text?: string
}
export interface FeedFilter {
  readonly projectIds?: readonly ProjectId[]
  readonly pipelineId?: PipelineId
  readonly runId?: RunId
}

/** Projects, pipelines and their versions. Names are unique: projects in the server, pipelines in their project. */
export interface Catalog {
  /** Rejects as `conflict` when the name is taken. The serial is given by the store, from 1. */
  addProject(project: Omit<ProjectView, 'serial'>): Promise<ProjectView>
  /** Of those that are not deleted, in order of serial. */
  projects(): Promise<readonly ProjectView[]>
  /** What runs and pipelines that stay readable may still name, in order of serial. */
  deletedProjects(): Promise<readonly ProjectView[]>
  /** Rejects as `conflict` when the name is taken, as `missing` when there is no such project or it is deleted. */
  changeProject(id: ProjectId, change: Pick<ProjectView, 'name' | 'description'>): Promise<ProjectView>
  /**
   * Not among {@link projects} from then on; its name is free, it takes no more pipelines. Rejects as `conflict` while
   * it has pipelines that are not deleted, as `missing` when there is no such project. A second call changes nothing.
   */
  deleteProject(id: ProjectId, at: Instant): Promise<void>
  /** Rejects as `conflict` when the name is taken, as `missing` when there is no such project. Version 1 is stored with it. */
  addPipeline(
    pipeline: Omit<PipelineRecord, 'serial' | 'version' | 'deletedAt'>,
    version: Omit<VersionRecord, 'version'>,
  ): Promise<PipelineRecord>
  /**
   * The next version, with the name and webhooks that the pipeline has from then on. Rejects as `conflict` when
   * `expectedVersion` is given and not the newest, or the new name is taken.
   */
  addVersion(
    pipelineId: PipelineId,
    version: Omit<VersionRecord, 'version'>,
    change: Pick<PipelineRecord, 'name' | 'webhooks'>,
    expectedVersion: number | null,
  ): Promise<PipelineRecord>
  /**
   * A version beside the newest one: the pipeline stays what it is. Numbers of versions are counted together. Rejects as
   * `missing` when there is no such pipeline or it is deleted. @returns its number
   */
  addSideVersion(pipelineId: PipelineId, version: Omit<VersionRecord, 'version'>): Promise<number>
  /**
   * Hidden from then on: lists, names and webhooks do not find it, its name is free, it takes no more versions. By id
   * and serial it stays readable, with `deletedAt`, and so do its runs and versions. A second call changes nothing.
   */
  deletePipeline(id: PipelineId, at: Instant): Promise<void>
  pipeline(ref: PipelineRef): Promise<PipelineRecord | undefined>
  /** In order of serial; `after` is the serial of the last one seen. */
  pipelines(filter: PipelineFilter, after: number | null, limit: number): Promise<readonly PipelineRecord[]>
  countPipelines(filter: PipelineFilter): Promise<number>
  version(pipelineId: PipelineId, version: number): Promise<VersionRecord | undefined>
  /** Newest first, without text and plan. */
  versions(pipelineId: PipelineId): Promise<readonly Omit<VersionRecord, 'text' | 'plan'>[]>
  /** The pipeline whose webhook this is, and the name of its trigger. */
  webhook(id: string): Promise<{ readonly pipelineId: PipelineId; readonly name: string } | undefined>
  /** Append-only record of who did what outside of runs. */
  audit(entry: AuditEntry): Promise<void>
  /** Newest first (by number); `before` is the number of the last one seen. */
  audits(filter: AuditFilter, before: number | null, limit: number): Promise<readonly AuditRecord[]>
}

export type PipelineRef =
  | { readonly by: 'id'; readonly id: PipelineId }
  | { readonly by: 'serial'; readonly serial: number }
  | { readonly by: 'name'; readonly projectId: ProjectId; readonly name: string }
export interface PipelineFilter {
  readonly projectIds?: readonly ProjectId[]
  /** Substring of the name, ignoring case. */
  readonly text?: string
  readonly name?: string
}
export interface PipelineRecord {
  readonly id: PipelineId
  readonly serial: number
  readonly projectId: ProjectId
  readonly name: string
  readonly version: number
  readonly createdAt: Instant
  readonly createdBy: UserRef
  readonly updatedAt: Instant
  readonly deletedAt: Instant | null
  /** One id per trigger, in order; the host keeps an id while the trigger's name stays. */
  readonly webhooks: readonly { readonly id: string; readonly name: string }[]
}
export interface VersionRecord {
  readonly version: number
  readonly createdAt: Instant
  readonly createdBy: UserRef
  /** The text as it was given. */
  readonly text: string
  /** JSON of the compiled plan (model/plan.ts), its definition in it. */
  readonly plan: string
}
export interface AuditEntry {
  readonly at: Instant
  readonly actor: Actor
  readonly action: string
  readonly target: string
  readonly detail: string
}
export interface AuditRecord extends AuditEntry {
  /** Given by the store, from 1. */
  readonly number: number
}
export interface AuditFilter {
  /** The actor's name. */
  readonly actor?: string
  /** What the action begins with: `secret.` is every action of secrets. */
  readonly action?: string
  readonly target?: string
  /** Inclusive. */
  readonly from?: Instant
  /** Exclusive. */
  readonly to?: Instant
}

/** Users and credentials. What can be hashed is hashed, what must be read again is sealed, before it comes here. */
export interface Keys {
  /** Rejects as `conflict` when the id or the name is taken. */
  addUser(user: UserRecord): Promise<void>
  user(
    ref: { readonly by: 'id'; readonly id: UserId } | { readonly by: 'name'; readonly name: string },
  ): Promise<UserRecord | undefined>
  /** In the order they were added. */
  users(): Promise<readonly UserRecord[]>
  /** What is left out stays. Rejects as `missing` when there is no such user. */
  changeUser(
    id: UserId,
    change: Partial<Pick<UserRecord, 'passwordHash' | 'role' | 'projectIds' | 'disabledAt'>>,
  ): Promise<UserRecord>
  /** Rejects as `conflict` when the kind has this name already, as `missing` when there is no such user. */
  addKey(key: KeyRecord): Promise<void>
  /** By kind and public part; also a revoked or expired one. */
  key(kind: KeyKind, name: string): Promise<KeyRecord | undefined>
  /** In the order they were added. */
  keys(): Promise<readonly KeyRecord[]>
  /** Rejects as `missing` when there is none. A second call changes nothing. */
  revokeKey(kind: KeyKind, name: string, at: Instant): Promise<void>
  /** Settings of the server, e.g. that the first start has been done. */
  setting(name: string): Promise<string | undefined>
  putSetting(name: string, value: string): Promise<void>
}
export interface UserRecord {
  readonly id: UserId
  readonly name: string
  /** Huawei IAM's account name. */
  readonly domain: string
  /** `scrypt:N:r:p:salt:hash`, or null: no password. */
  readonly passwordHash: string | null
  readonly role: Role
  /** null: all projects. */
  readonly projectIds: readonly ProjectId[] | null
  readonly createdAt: Instant
  /** Since then none of its credentials is good. */
  readonly disabledAt: Instant | null
}
/** `viewer` reads, `operator` also starts, controls and reviews runs, `admin` also changes projects, pipelines, keys. */
export type Role = 'viewer' | 'operator' | 'admin'
export type KeyKind = 'token' | 'aksk' | 'bk-app' | 'runner'
export interface KeyRecord {
  readonly kind: KeyKind
  /** The public part: a token's id, the AK, the bk_app_code. */
  readonly name: string
  /** SHA-256 (hex) of the secret part; for `aksk` the sealed secret (AES-256-GCM), as signatures must be made again. */
  readonly secret: string
  readonly userId: UserId
  readonly label: string
  readonly createdAt: Instant
  readonly expiresAt: Instant | null
  readonly revokedAt: Instant | null
}

/**
 * JSON documents of a project that are neither pipeline nor run: what a dialect must keep, e.g. groups or rule sets.
 * Each is found by its kind and key. A revision is a number that the server gives to one write only, so a document
 * that was removed and made again never has a revision that it had before.
 */
export interface Documents {
  document(ref: DocumentRef): Promise<DocumentRecord | undefined>
  /**
   * Makes or replaces it. `expectedRevision`: rejects as `conflict` when the document has another one (0: when it is
   * there); null: whatever it has. Rejects as `missing` when there is no such project.
   */
  putDocument(
    ref: DocumentRef,
    value: string,
    at: Instant,
    expectedRevision: number | null,
  ): Promise<{ readonly revision: number }>
  /** Rejects as `missing` when there is none, as `conflict` when it has another revision than the one given. */
  removeDocument(ref: DocumentRef, expectedRevision: number | null): Promise<void>
  /**
   * Those of one kind whose keys begin with `prefix` (empty: all), in order of the keys' code points; `after` is the
   * key of the last one seen.
   */
  documents(
    filter: Pick<DocumentRef, 'projectId' | 'kind'> & { readonly prefix: string },
    after: string | null,
    limit: number,
  ): Promise<readonly DocumentRecord[]>
}
export interface DocumentRef {
  readonly projectId: ProjectId
  readonly kind: string
  /** Not empty. */
  readonly key: string
}
export interface DocumentRecord {
  readonly key: string
  /** JSON. */
  readonly value: string
  readonly revision: number
  readonly updatedAt: Instant
}

/**
 * What is to be told to the world outside, kept until it has arrived or was given up. A message is sent at least once:
 * a server that is killed between sending and {@link Outbox.markMessage} sends it again, under the same id.
 */
export interface Outbox {
  /**
   * Atomic, all or none. A message whose id is there already is passed over, whatever became of it, so that what was
   * derived twice is sent once. One with a lane takes the place of those of its lane that still wait: they are
   * `superseded`. Rejects as `missing` when there is no such project.
   */
  putMessages(messages: readonly NewMessage[]): Promise<void>
  /** Those that wait and whose `nextAt` has come, by `nextAt`, then serial. */
  dueMessages(now: Instant, limit: number): Promise<readonly MessageRecord[]>
  /** The earliest `nextAt` of all that wait; undefined: none waits. */
  nextDue(): Promise<Instant | undefined>
  message(id: string): Promise<MessageRecord | undefined>
  /** The one that was put into the lane last, whatever its state. */
  newestOf(lane: string): Promise<MessageRecord | undefined>
  /** Newest first (by serial); `before` is the serial of the last one seen. */
  messages(filter: MessageFilter, before: number | null, limit: number): Promise<readonly MessageRecord[]>
  /**
   * What a try came to. False, and nothing is changed, when the message does not wait any more: a newer one has taken
   * its place meanwhile. Rejects as `missing` when there is none.
   */
  markMessage(id: string, mark: MessageMark): Promise<boolean>
  /**
   * It waits again, due at `at`, its tries counted from 0. Rejects as `missing` when there is none, as `conflict` when it
   * is `superseded` or its lane has a newer one: what is old by now must not come after what is new.
   */
  replayMessage(id: string, at: Instant): Promise<MessageRecord>
  /** Drops those that do not wait any more and were last changed before this. @returns how many */
  pruneMessages(before: Instant): Promise<number>
}

/** `dead`: given up. `superseded`: a newer message of its lane took its place before it had arrived. */
export const MESSAGE_STATES = ['waiting', 'delivered', 'dead', 'superseded'] as const
export type MessageState = (typeof MESSAGE_STATES)[number]

export interface NewMessage {
  /** Made by the host of what it tells and whom: the same again is the same message. */
  readonly id: string
  readonly projectId: ProjectId
  readonly runId: RunId | null
  /** How it is sent; the store does not read it. */
  readonly kind: string
  /** Whom it is for, as its kind names them. */
  readonly target: string
  /** Of the messages of a lane only the newest counts; null: each counts. */
  readonly lane: string | null
  /** JSON. */
  readonly body: string
  /** Also the instant at which it is first due. */
  readonly createdAt: Instant
}
export interface MessageRecord extends NewMessage, Omit<MessageMark, 'at'> {
  /** Given by the store, from 1. */
  readonly serial: number
  readonly updatedAt: Instant
}
export interface MessageMark {
  readonly state: MessageState
  /** How often it was tried. */
  readonly tries: number
  /** null unless it waits. */
  readonly nextAt: Instant | null
  /** What the last try came to, when that was not its delivery. */
  readonly error: string | null
  readonly at: Instant
}
export interface MessageFilter {
  readonly projectIds?: readonly ProjectId[]
  readonly runId?: RunId
  readonly kind?: string
  readonly target?: string
  readonly state?: MessageState
}

/** Secrets of projects and pipelines, sealed before they come here. */
export interface Secrets {
  /** In the order they were first put. */
  secrets(): Promise<readonly SecretRecord[]>
  /**
   * Makes or replaces it; when it was made, by whom, and when it was used stay. Rejects as `missing` when the project, or
   * the pipeline in it, does not exist or is deleted.
   */
  putSecret(secret: NewSecret): Promise<SecretRecord>
  /** Rejects as `missing` when there is none. */
  removeSecret(place: SecretPlace): Promise<void>
  /** Those that are not there any more are passed over. */
  usedSecrets(places: readonly SecretPlace[], at: Instant): Promise<void>
  /**
   * Everything sealed again, under another key: atomic, all or nothing, with the settings that say so. Rejects as
   * `conflict` when one of them is not as it `was`.
   */
  reseal(change: Resealed): Promise<void>
}

/** Where a secret is; the name is unique there. */
export interface SecretPlace {
  readonly projectId: ProjectId
  /** null: of the project. */
  readonly pipelineId: PipelineId | null
  readonly name: string
}
export interface NewSecret extends SecretPlace {
  readonly sealed: string
  readonly at: Instant
  readonly by: UserRef
}
export interface SecretRecord extends SecretPlace {
  readonly sealed: string
  readonly createdAt: Instant
  readonly createdBy: UserRef
  readonly updatedAt: Instant
  readonly updatedBy: UserRef
  /** When a task was last given it; null: never. */
  readonly lastUsedAt: Instant | null
}
export interface Resealed {
  readonly secrets: readonly { readonly place: SecretPlace; readonly was: string; readonly sealed: string }[]
  readonly keys: readonly {
    readonly kind: KeyKind
    readonly name: string
    readonly was: string
    readonly secret: string
  }[]
  readonly settings: readonly { readonly name: string; readonly value: string }[]
}
