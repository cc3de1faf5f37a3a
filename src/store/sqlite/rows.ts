import { asId, type PipelineId, type ProjectId, type RunId, type UserId } from '../../model/id.ts'
import type { Cause } from '../../model/event.ts'
import type { RunStatus } from '../../model/status.ts'
import type { RunSummary } from '../../model/view.ts'
import type { PipelineRecord, Role, UserRecord } from '../store.ts'

/** Rows as the database gives them, and what they mean. What is read here was checked before it was written. */

export interface PipelineRow {
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
  /** JSON. */
  readonly webhooks: string
}

export const SELECT_PIPELINE = `
  select p.id, p.serial, p.project, p.name, p.version, p.created_at, p.created_by_id, p.created_by_name,
    p.updated_at, p.deleted_at,
    (select json_group_array(json_object('id', w.id, 'name', w.name) order by w.place)
     from webhooks w where w.pipeline = p.serial) as webhooks
  from pipelines p`

export const pipelineRecord = (row: PipelineRow): PipelineRecord => ({
  id: asId<PipelineId>(row.id),
  serial: row.serial,
  projectId: asId<ProjectId>(row.project),
  name: row.name,
  version: row.version,
  createdAt: row.created_at,
  createdBy: { id: asId<UserId>(row.created_by_id), name: row.created_by_name },
  updatedAt: row.updated_at,
  deletedAt: row.deleted_at,
  webhooks: JSON.parse(row.webhooks) as PipelineRecord['webhooks'],
})

export interface RunRow {
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
  readonly needs_person: number
  /** JSON, or null: none. */
  readonly annotations: string | null
  readonly created_at: number
  readonly started_at: number | null
  readonly ended_at: number | null
  readonly seq: number
  readonly updated_at: number
}

/**
 * Index rows of these runs (`runs r`, or a subquery of that name), with the newest entry of each: that one knows the seq and the time
 * of the last change.
 */
export const selectRuns = (runs: string): string => `
  select r.id, r.number, r.serial, r.project, r.pipeline, r.pipeline_name, r.version, r.status, r.cause_kind,
    r.cause_by, r.needs_person, r.annotations, r.created_at, r.started_at, r.ended_at, last.seq, last.at as updated_at
  from ${runs} join entries last on last.run = r.serial
    and last.seq = (select max(seq) from entries where run = r.serial)`

export const runSummary = (row: RunRow): RunSummary => ({
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
  needsPerson: row.needs_person === 1,
  annotations: row.annotations === null ? {} : (JSON.parse(row.annotations) as RunSummary['annotations']),
  createdAt: row.created_at,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  updatedAt: row.updated_at,
})

export interface UserRow {
  readonly id: string
  readonly name: string
  readonly domain: string
  readonly password_hash: string | null
  readonly role: Role
  /** JSON. */
  readonly project_ids: string | null
  readonly created_at: number
  readonly disabled_at: number | null
}

export const userRecord = (row: UserRow): UserRecord => ({
  id: asId<UserId>(row.id),
  name: row.name,
  domain: row.domain,
  passwordHash: row.password_hash,
  role: row.role,
  projectIds: row.project_ids === null ? null : (JSON.parse(row.project_ids) as ProjectId[]),
  createdAt: row.created_at,
  disabledAt: row.disabled_at,
})
