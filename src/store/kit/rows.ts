import type { Actor, Cause } from '../../model/event.ts'
import { asId, type PipelineId, type ProjectId, type RunId, type UserId } from '../../model/id.ts'
import type { RunStatus } from '../../model/status.ts'
import type { RunSummary } from '../../model/view.ts'
import type {
  AuditRecord,
  KeyKind,
  KeyRecord,
  MessageRecord,
  MessageState,
  PipelineRecord,
  Role,
  SecretRecord,
  UserRecord,
} from '../store.ts'

/**
 * Rows that SQL databases give alike, and what they mean; each adapter has its own of what differs. What is read here was
 * checked before it was written.
 */

export interface PipelineColumns {
  readonly id: string
  readonly serial: number
  readonly project: string
  readonly name: string
  readonly version: number
  readonly created_at: number
  readonly created_by_id: string
  readonly created_by_name: string
  readonly updated_at: number
  readonly deleted_at: number | null
}

export const pipelineOf = (row: PipelineColumns, webhooks: PipelineRecord['webhooks']): PipelineRecord => ({
  id: asId<PipelineId>(row.id),
  serial: row.serial,
  projectId: asId<ProjectId>(row.project),
  name: row.name,
  version: row.version,
  createdAt: row.created_at,
  createdBy: { id: asId<UserId>(row.created_by_id), name: row.created_by_name },
  updatedAt: row.updated_at,
  deletedAt: row.deleted_at,
  webhooks,
})

export interface RunColumns {
  readonly id: string
  readonly number: number
  readonly serial: number
  readonly project: string
  readonly pipeline: string
  readonly pipeline_name: string
  readonly version: number
  readonly status: RunStatus
  readonly cause_kind: Cause['kind']
  readonly cause_by: string
  /** JSON, or null: none. */
  readonly annotations: string | null
  readonly created_at: number
  readonly started_at: number | null
  readonly ended_at: number | null
  readonly seq: number
  readonly updated_at: number
}

export const summaryOfRow = (row: RunColumns, needsPerson: boolean): RunSummary => ({
  id: asId<RunId>(row.id),
  number: row.number,
  serial: row.serial,
  projectId: asId<ProjectId>(row.project),
  pipelineId: asId<PipelineId>(row.pipeline),
  pipelineName: row.pipeline_name,
  version: row.version,
  status: row.status,
  seq: row.seq,
  cause: { kind: row.cause_kind, by: row.cause_by },
  needsPerson,
  annotations: row.annotations === null ? {} : (JSON.parse(row.annotations) as RunSummary['annotations']),
  createdAt: row.created_at,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  updatedAt: row.updated_at,
})

export interface UserColumns {
  readonly id: string
  readonly name: string
  readonly domain: string
  readonly password_hash: string | null
  readonly role: Role
  readonly created_at: number
  readonly disabled_at: number | null
}

export const userOf = (row: UserColumns, projectIds: readonly string[] | null): UserRecord => ({
  id: asId<UserId>(row.id),
  name: row.name,
  domain: row.domain,
  passwordHash: row.password_hash,
  role: row.role,
  projectIds: projectIds === null ? null : projectIds.map((id) => asId<ProjectId>(id)),
  createdAt: row.created_at,
  disabledAt: row.disabled_at,
})

export interface KeyRow {
  readonly kind: KeyKind
  readonly name: string
  readonly secret: string
  readonly user: string
  readonly label: string
  readonly created_at: number
  readonly expires_at: number | null
  readonly revoked_at: number | null
}

export const SELECT_KEY = 'select kind, name, secret, "user", label, created_at, expires_at, revoked_at from keys'

export const keyRecord = (row: KeyRow): KeyRecord => ({
  kind: row.kind,
  name: row.name,
  secret: row.secret,
  userId: asId<UserId>(row.user),
  label: row.label,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
})

export interface MessageRow {
  readonly serial: number
  readonly id: string
  readonly project: string
  readonly run: string | null
  readonly kind: string
  readonly target: string
  readonly lane: string | null
  readonly body: string
  readonly created_at: number
  readonly state: MessageState
  readonly tries: number
  readonly next_at: number | null
  readonly error: string | null
  readonly updated_at: number
}

export const SELECT_MESSAGE = `
  select serial, id, project, run, kind, target, lane, body, created_at, state, tries, next_at, error, updated_at
  from outbox`

export const messageRecord = (row: MessageRow): MessageRecord => ({
  serial: row.serial,
  id: row.id,
  projectId: asId<ProjectId>(row.project),
  runId: row.run === null ? null : asId<RunId>(row.run),
  kind: row.kind,
  target: row.target,
  lane: row.lane,
  body: row.body,
  createdAt: row.created_at,
  state: row.state,
  tries: row.tries,
  nextAt: row.next_at,
  error: row.error,
  updatedAt: row.updated_at,
})

export interface SecretRow {
  readonly project: string
  readonly pipeline: string
  readonly name: string
  readonly sealed: string
  readonly created_at: number
  readonly created_by_id: string
  readonly created_by_name: string
  readonly updated_at: number
  readonly updated_by_id: string
  readonly updated_by_name: string
  readonly last_used_at: number | null
}

export const SELECT_SECRET = `
  select project, pipeline, name, sealed, created_at, created_by_id, created_by_name, updated_at, updated_by_id,
    updated_by_name, last_used_at
  from secrets`

export const secretRecord = (row: SecretRow): SecretRecord => ({
  projectId: asId<ProjectId>(row.project),
  pipelineId: row.pipeline === '' ? null : asId<PipelineId>(row.pipeline),
  name: row.name,
  sealed: row.sealed,
  createdAt: row.created_at,
  createdBy: { id: asId<UserId>(row.created_by_id), name: row.created_by_name },
  updatedAt: row.updated_at,
  updatedBy: { id: asId<UserId>(row.updated_by_id), name: row.updated_by_name },
  lastUsedAt: row.last_used_at,
})

export interface AuditRow {
  readonly number: number
  readonly at: number
  readonly actor_kind: Actor['kind']
  readonly actor_name: string
  readonly action: string
  readonly target: string
  readonly detail: string
}

export const auditRecord = (row: AuditRow): AuditRecord => ({
  number: row.number,
  at: row.at,
  actor: { kind: row.actor_kind, name: row.actor_name },
  action: row.action,
  target: row.target,
  detail: row.detail,
})
