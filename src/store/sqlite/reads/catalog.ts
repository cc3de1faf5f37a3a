import { asId, type PipelineId, type ProjectId, type UserId } from '../../../model/id.ts'
import type { ProjectView } from '../../../model/view.ts'
import { auditRecord, type AuditRow } from '../../kit/rows.ts'
import { foldCase } from '../../kit/text.ts'
import type {
  AuditFilter,
  AuditRecord,
  PipelineFilter,
  PipelineRecord,
  PipelineRef,
  VersionRecord,
} from '../../store.ts'
import type { Connection } from '../connection.ts'
import { pipelineRecord, type PipelineRow, SELECT_PIPELINE } from '../rows.ts'
import { bounded, conditions, type Condition } from './conditions.ts'

export const projects = (connection: Connection): ProjectView[] =>
  connection
    .all<ProjectRow>(
      'select serial, id, name, description, created_at from projects where deleted_at is null order by serial',
    )
    .map(projectView)

export const deletedProjects = (connection: Connection): ProjectView[] =>
  connection
    .all<ProjectRow>(
      `select serial, id, deleted_name as name, description, created_at from projects
       where deleted_at is not null order by serial`,
    )
    .map(projectView)

interface ProjectRow {
  readonly serial: number
  readonly id: string
  readonly name: string
  readonly description: string
  readonly created_at: number
}
const projectView = ({ serial, id, name, description, created_at }: ProjectRow): ProjectView => ({
  id: asId<ProjectId>(id),
  serial,
  name,
  description,
  createdAt: created_at,
})

export function pipeline(connection: Connection, ref: PipelineRef): PipelineRecord | undefined {
  const row = findRow(connection, ref)
  return row === undefined ? undefined : pipelineRecord(row)
}

function findRow(connection: Connection, ref: PipelineRef): PipelineRow | undefined {
  switch (ref.by) {
    case 'id':
      return connection.get<PipelineRow>(`${SELECT_PIPELINE} where p.id = ?`, ref.id)
    case 'serial':
      return connection.get<PipelineRow>(`${SELECT_PIPELINE} where p.serial = ?`, ref.serial)
    case 'name':
      return connection.get<PipelineRow>(
        `${SELECT_PIPELINE} where p.project = ? and p.name = ? and p.deleted_at is null`,
        ref.projectId,
        ref.name,
      )
  }
}

export function pipelines(
  connection: Connection,
  filter: PipelineFilter,
  after: number | null,
  limit: number,
): PipelineRecord[] {
  const newer: Condition = after !== null && ['p.serial > ?', after]
  const { where, values } = conditions([newer, ...filterConditions(filter)])
  const rows = connection.all<PipelineRow>(
    `${SELECT_PIPELINE} ${where} order by p.serial limit ?`,
    ...values,
    bounded(limit),
  )
  return rows.map(pipelineRecord)
}

export function countPipelines(connection: Connection, filter: PipelineFilter): number {
  const { where, values } = conditions(filterConditions(filter))
  return connection.get<{ count: number }>(`select count(*) as count from pipelines p ${where}`, ...values)?.count ?? 0
}

function filterConditions({ projectIds, text, name }: PipelineFilter): Condition[] {
  return [
    ['p.deleted_at is null'],
    projectIds !== undefined && ['p.project in (select value from json_each(?))', JSON.stringify(projectIds)],
    text !== undefined && ['instr(p.name_folded, ?) > 0', foldCase(text)],
    name !== undefined && ['p.name = ?', name],
  ]
}

interface VersionRow {
  readonly version: number
  readonly created_at: number
  readonly created_by_id: string
  readonly created_by_name: string
}
const versionHead = (row: VersionRow): Omit<VersionRecord, 'text' | 'plan'> => ({
  version: row.version,
  createdAt: row.created_at,
  createdBy: { id: asId<UserId>(row.created_by_id), name: row.created_by_name },
})

export function version(
  connection: Connection,
  pipelineId: PipelineId,
  versionNumber: number,
): VersionRecord | undefined {
  const row = connection.get<VersionRow & { text: string; plan: string }>(
    `select v.version, v.created_at, v.created_by_id, v.created_by_name, v.text, v.plan
     from versions v join pipelines p on p.serial = v.pipeline where p.id = ? and v.version = ?`,
    pipelineId,
    versionNumber,
  )
  return row === undefined ? undefined : { ...versionHead(row), text: row.text, plan: row.plan }
}

export function versions(connection: Connection, pipelineId: PipelineId): Omit<VersionRecord, 'text' | 'plan'>[] {
  const rows = connection.all<VersionRow>(
    `select v.version, v.created_at, v.created_by_id, v.created_by_name
     from versions v join pipelines p on p.serial = v.pipeline where p.id = ? order by v.version desc`,
    pipelineId,
  )
  return rows.map(versionHead)
}

export function webhook(
  connection: Connection,
  id: string,
): { readonly pipelineId: PipelineId; readonly name: string } | undefined {
  const row = connection.get<{ pipeline: string; name: string }>(
    `select p.id as pipeline, w.name from webhooks w join pipelines p on p.serial = w.pipeline
     where w.id = ? and p.deleted_at is null`,
    id,
  )
  return row === undefined ? undefined : { pipelineId: asId<PipelineId>(row.pipeline), name: row.name }
}

export function audits(
  connection: Connection,
  { actor, action, target, from, to }: AuditFilter,
  before: number | null,
  limit: number,
): AuditRecord[] {
  const { where, values } = conditions([
    before !== null && ['number < ?', before],
    actor !== undefined && ['actor_name = ?', actor],
    // A range and no pattern: what is asked for may hold any character.
    action !== undefined && ['action >= ? and substr(action, 1, ?) = ?', action, Array.from(action).length, action],
    target !== undefined && ['target = ?', target],
    from !== undefined && ['at >= ?', from],
    to !== undefined && ['at < ?', to],
  ])
  const sql = `select number, at, actor_kind, actor_name, action, target, detail from audit ${where}
    order by number desc limit ?`
  return connection.all<AuditRow>(sql, ...values, bounded(limit)).map(auditRecord)
}
