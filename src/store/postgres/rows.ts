import { asId, type ProjectId } from '../../model/id.ts'
import type { ProjectView, RunSummary } from '../../model/view.ts'
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

export interface ProjectRow {
  readonly serial: number
  readonly id: string
  readonly name: string
  readonly description: string
  readonly created_at: number
}
export const PROJECT_COLUMNS = 'serial, id, name, description, created_at'

export const projectView = ({ serial, id, name, description, created_at }: ProjectRow): ProjectView => ({
  id: asId<ProjectId>(id),
  serial,
  name,
  description,
  createdAt: created_at,
})

export interface PipelineRow extends PipelineColumns {
  readonly webhook_ids: readonly string[]
  readonly webhook_names: readonly string[]
}

export const SELECT_PIPELINE = `
  select p.id, p.serial, p.project, p.name, p.version, p.created_at, p.created_by_id, p.created_by_name, p.updated_at,
    p.deleted_at,
    array(select w.id from webhooks w where w.pipeline = p.serial order by w.place) as webhook_ids,
    array(select w.name from webhooks w where w.pipeline = p.serial order by w.place) as webhook_names
  from pipelines p`

export const pipelineRecord = (row: PipelineRow): PipelineRecord =>
  pipelineOf(
    row,
    row.webhook_ids.map((id, place) => ({ id, name: row.webhook_names[place] ?? '' })),
  )

export interface RunRow extends RunColumns {
  readonly needs_person: boolean
}

export const SELECT_RUN = `
  select r.id, r.number, r.serial, r.project, r.pipeline, r.pipeline_name, r.version, r.status, r.cause_kind, r.cause_by,
    r.needs_person, r.annotations, r.created_at, r.started_at, r.ended_at, r.seq, r.updated_at
  from runs r`

export const runSummary = (row: RunRow): RunSummary => summaryOfRow(row, row.needs_person)

export interface UserRow extends UserColumns {
  readonly project_ids: readonly string[] | null
}

export const userRecord = (row: UserRow): UserRecord => userOf(row, row.project_ids)
