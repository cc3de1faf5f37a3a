import type { RunSummary } from '../../model/view.ts'
import {
  type PipelineColumns,
  pipelineOf,
  type RunColumns,
  summaryOfRow,
  type UserColumns,
  userOf,
} from '../kit/rows.ts'
import type { PipelineRecord, UserRecord } from '../store.ts'

/** Rows as this database gives them; what both have alike is in kit/rows.ts. */

export interface PipelineRow extends PipelineColumns {
  /** JSON. */
  readonly webhooks: string
}

export const SELECT_PIPELINE = `
  select p.id, p.serial, p.project, p.name, p.version, p.created_at, p.created_by_id, p.created_by_name,
    p.updated_at, p.deleted_at,
    (select json_group_array(json_object('id', w.id, 'name', w.name) order by w.place)
     from webhooks w where w.pipeline = p.serial) as webhooks
  from pipelines p`

export const pipelineRecord = (row: PipelineRow): PipelineRecord =>
  pipelineOf(row, JSON.parse(row.webhooks) as PipelineRecord['webhooks'])

export interface RunRow extends RunColumns {
  readonly needs_person: number
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

export const runSummary = (row: RunRow): RunSummary => summaryOfRow(row, row.needs_person === 1)

export interface UserRow extends UserColumns {
  /** JSON. */
  readonly project_ids: string | null
}

export const userRecord = (row: UserRow): UserRecord =>
  userOf(row, row.project_ids === null ? null : (JSON.parse(row.project_ids) as string[]))
