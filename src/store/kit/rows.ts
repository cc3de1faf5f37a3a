import type { Actor } from '../../model/event.ts'
import { asId, type PipelineId, type ProjectId, type RunId, type UserId } from '../../model/id.ts'
import type { AuditRecord, KeyKind, KeyRecord, MessageRecord, MessageState, SecretRecord } from '../store.ts'

/**
 * Rows that SQL databases give alike, and what they mean; each adapter has its own of what differs. What is read here was
 * checked before it was written.
 */

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
