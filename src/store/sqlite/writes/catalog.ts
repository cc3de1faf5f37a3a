import type { PipelineId, ProjectId } from '../../../model/id.ts'
import type { Instant } from '../../../model/time.ts'
import type { ProjectView } from '../../../model/view.ts'
import { foldCase } from '../../kit/text.ts'
import type { AuditEntry, PipelineRecord, VersionRecord } from '../../store.ts'
import { pipelineRecord, type PipelineRow, SELECT_PIPELINE } from '../rows.ts'
import { refuse, type Writer } from './writer.ts'

export function addProject({ connection }: Writer, project: Omit<ProjectView, 'serial'>): ProjectView {
  const { id, name, description, createdAt } = project
  if (connection.get('select 1 from projects where id = ? or name = ?', id, name) !== undefined) {
    refuse('conflict', `there is a project ${id} or ${JSON.stringify(name)} already`)
  }
  const row = connection.get<{ serial: number }>(
    'insert into projects (id, name, description, created_at) values (?, ?, ?, ?) returning serial',
    id,
    name,
    description,
    createdAt,
  )
  if (row === undefined) throw new Error('an insert gave no row')
  return { id, serial: row.serial, name, description, createdAt }
}

export function changeProject(
  { connection }: Writer,
  id: ProjectId,
  { name, description }: Pick<ProjectView, 'name' | 'description'>,
): ProjectView {
  if (connection.get('select 1 from projects where name = ? and id <> ?', name, id) !== undefined) {
    refuse('conflict', `there is a project ${JSON.stringify(name)} already`)
  }
  const row = connection.get<{ serial: number; created_at: number }>(
    'update projects set name = ?, description = ? where id = ? and deleted_at is null returning serial, created_at',
    name,
    description,
    id,
  )
  if (row === undefined) return refuse('missing', `there is no project ${id}`)
  return { id, serial: row.serial, name, description, createdAt: row.created_at }
}

export function deleteProject({ connection }: Writer, id: ProjectId, at: Instant): void {
  const row = connection.get<{ deleted_at: number | null }>('select deleted_at from projects where id = ?', id)
  if (row === undefined) return refuse('missing', `there is no project ${id}`)
  if (row.deleted_at !== null) return
  if (connection.get('select 1 from pipelines where project = ? and deleted_at is null', id) !== undefined) {
    refuse('conflict', `project ${id} has pipelines`)
  }
  // No project can have this name: it begins with what no name may hold.
  connection.run('update projects set deleted_at = ?, deleted_name = name, name = char(0) || id where id = ?', at, id)
}

export function addPipeline(
  writer: Writer,
  pipeline: Omit<PipelineRecord, 'serial' | 'version' | 'deletedAt'>,
  version: Omit<VersionRecord, 'version'>,
): PipelineRecord {
  const { connection } = writer
  const { id, projectId, name, createdAt, createdBy, updatedAt, webhooks } = pipeline
  if (connection.get('select 1 from projects where id = ? and deleted_at is null', projectId) === undefined) {
    refuse('missing', `there is no project ${projectId}`)
  }
  if (connection.get('select 1 from pipelines where id = ?', id) !== undefined) {
    refuse('conflict', `there is a pipeline ${id} already`)
  }
  checkName(writer, pipeline)
  checkWebhooks(writer, pipeline)
  const row = connection.get<{ serial: number }>(
    `insert into pipelines (
       id, project, name, name_folded, version, created_at, created_by_id, created_by_name, updated_at, last_number
     ) values (?, ?, ?, ?, 1, ?, ?, ?, ?, 0) returning serial`,
    id,
    projectId,
    name,
    foldCase(name),
    createdAt,
    createdBy.id,
    createdBy.name,
    updatedAt,
  )
  if (row === undefined) throw new Error('an insert gave no row')
  insertVersion(writer, row.serial, { ...version, version: 1 })
  replaceWebhooks(writer, row.serial, webhooks)
  return { ...pipeline, serial: row.serial, version: 1, deletedAt: null }
}

export function addVersion(
  writer: Writer,
  pipelineId: PipelineId,
  version: Omit<VersionRecord, 'version'>,
  change: Pick<PipelineRecord, 'name' | 'webhooks'>,
  expectedVersion: number | null,
): PipelineRecord {
  const record = findPipeline(writer, pipelineId)
  if (record.deletedAt !== null) refuse('missing', `pipeline ${record.id} is deleted`)
  if (expectedVersion !== null && expectedVersion !== record.version) {
    refuse('conflict', `pipeline ${record.id} is at version ${record.version}, not ${expectedVersion}`)
  }
  checkName(writer, { ...record, name: change.name })
  checkWebhooks(writer, { id: record.id, webhooks: change.webhooks })
  const changed = { ...record, ...change, version: nextVersion(writer, record.serial), updatedAt: version.createdAt }
  writer.connection.run(
    'update pipelines set name = ?, name_folded = ?, version = ?, updated_at = ? where serial = ?',
    changed.name,
    foldCase(changed.name),
    changed.version,
    changed.updatedAt,
    changed.serial,
  )
  insertVersion(writer, changed.serial, { ...version, version: changed.version })
  replaceWebhooks(writer, changed.serial, changed.webhooks)
  return changed
}

export function addSideVersion(
  writer: Writer,
  pipelineId: PipelineId,
  version: Omit<VersionRecord, 'version'>,
): number {
  const record = findPipeline(writer, pipelineId)
  if (record.deletedAt !== null) refuse('missing', `pipeline ${record.id} is deleted`)
  const number = nextVersion(writer, record.serial)
  insertVersion(writer, record.serial, { ...version, version: number })
  return number
}

const nextVersion = ({ connection }: Writer, pipeline: number): number =>
  (connection.get<{ last: number }>('select max(version) as last from versions where pipeline = ?', pipeline)?.last ??
    0) + 1

export function deletePipeline(writer: Writer, id: PipelineId, at: Instant): void {
  const { serial } = findPipeline(writer, id)
  writer.connection.run('update pipelines set deleted_at = coalesce(deleted_at, ?) where serial = ?', at, serial)
}

export function audit({ connection }: Writer, { at, actor, action, target, detail }: AuditEntry): void {
  connection.run(
    'insert into audit (at, actor_kind, actor_name, action, target, detail) values (?, ?, ?, ?, ?, ?)',
    at,
    actor.kind,
    actor.name,
    action,
    target,
    detail,
  )
}

function findPipeline({ connection }: Writer, id: PipelineId): PipelineRecord {
  const row = connection.get<PipelineRow>(`${SELECT_PIPELINE} where p.id = ?`, id)
  return row === undefined ? refuse('missing', `there is no pipeline ${id}`) : pipelineRecord(row)
}

function checkName(
  { connection }: Writer,
  { id, projectId, name }: Pick<PipelineRecord, 'id' | 'projectId' | 'name'>,
): void {
  const other = 'select 1 from pipelines where project = ? and name = ? and deleted_at is null and id <> ?'
  if (connection.get(other, projectId, name, id) !== undefined) {
    refuse('conflict', `project ${projectId} has a pipeline named ${JSON.stringify(name)} already`)
  }
}

function checkWebhooks({ connection }: Writer, { id, webhooks }: Pick<PipelineRecord, 'id' | 'webhooks'>): void {
  const ids = webhooks.map((webhook) => webhook.id)
  const other = connection.get(
    `select 1 from webhooks w join pipelines p on p.serial = w.pipeline
     where w.id in (select value from json_each(?)) and p.id <> ?`,
    JSON.stringify(ids),
    id,
  )
  if (other !== undefined || new Set(ids).size < ids.length) refuse('conflict', `pipeline ${id}: a webhook id is taken`)
}

function replaceWebhooks({ connection }: Writer, pipeline: number, webhooks: PipelineRecord['webhooks']): void {
  connection.run('delete from webhooks where pipeline = ?', pipeline)
  for (const [place, { id, name }] of webhooks.entries()) {
    connection.run('insert into webhooks (id, pipeline, place, name) values (?, ?, ?, ?)', id, pipeline, place, name)
  }
}

function insertVersion({ connection }: Writer, pipeline: number, record: VersionRecord): void {
  connection.run(
    `insert into versions (pipeline, version, created_at, created_by_id, created_by_name, text, plan)
     values (?, ?, ?, ?, ?, ?, ?)`,
    pipeline,
    record.version,
    record.createdAt,
    record.createdBy.id,
    record.createdBy.name,
    record.text,
    record.plan,
  )
}
