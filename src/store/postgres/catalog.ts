import { asId, type PipelineId, type UserId } from '../../model/id.ts'
import { auditRecord, type AuditRow } from '../kit/rows.ts'
import { foldCase } from '../kit/text.ts'
import {
  type Catalog,
  type PipelineFilter,
  type PipelineRecord,
  type PipelineRef,
  StoreError,
  type VersionRecord,
} from '../store.ts'
import { writeAudit } from './audit.ts'
import { bounded, type Condition, conditions } from './conditions.ts'
import type { Session, Statements } from './database.ts'
import {
  PROJECT_COLUMNS,
  type PipelineRow,
  pipelineRecord,
  type ProjectRow,
  projectView,
  SELECT_PIPELINE,
} from './rows.ts'

export function postgresCatalog(database: Statements): Catalog {
  return {
    addProject: async (project) => {
      const { id, name, description, createdAt } = project
      const [row] = await database.rows<{ readonly serial: number }>(
        `insert into projects (serial, id, name, description, created_at)
         values (next_of('project'), $1, $2, $3, $4) returning serial`,
        [id, name, description, createdAt],
      )
      return { ...project, serial: given(row).serial }
    },
    projects: async () => {
      const sql = `select ${PROJECT_COLUMNS} from projects where deleted_at is null order by serial`
      return (await database.rows<ProjectRow>(sql)).map(projectView)
    },
    deletedProjects: async () => {
      const sql = `select ${PROJECT_COLUMNS} from projects where deleted_at is not null order by serial`
      return (await database.rows<ProjectRow>(sql)).map(projectView)
    },
    changeProject: (id, { name, description }) =>
      database.transaction(async (session) => {
        const [row] = await session.rows<ProjectRow>(
          `update projects set name = $2, description = $3 where id = $1 and deleted_at is null
           returning ${PROJECT_COLUMNS}`,
          [id, name, description],
        )
        if (row === undefined) throw new StoreError('missing', `there is no project ${id}`)
        return projectView(row)
      }),
    deleteProject: (id, at) =>
      database.transaction(async (session) => {
        // Whoever adds a pipeline to it holds the row too: see addPipeline.
        const [row] = await session.rows<{ readonly deleted_at: number | null }>(
          'select deleted_at from projects where id = $1 for update',
          [id],
        )
        if (row === undefined) throw new StoreError('missing', `there is no project ${id}`)
        if (row.deleted_at !== null) return
        const left = await session.rows('select 1 from pipelines where project = $1 and deleted_at is null limit 1', [
          id,
        ])
        if (left.length > 0) throw new StoreError('conflict', `project ${id} has pipelines`)
        await session.rows('update projects set deleted_at = $2 where id = $1', [id, at])
      }),
    addPipeline: (pipeline, version) => database.transaction((session) => addPipeline(session, pipeline, version)),
    addVersion: (pipelineId, version, change, expectedVersion) =>
      database.transaction((session) => addVersion(session, pipelineId, version, change, expectedVersion)),
    addSideVersion: (pipelineId, version) =>
      database.transaction((session) => addSideVersion(session, pipelineId, version)),
    deletePipeline: (id, at) =>
      database.transaction(async (session) => {
        const sql = 'update pipelines set deleted_at = coalesce(deleted_at, $2) where id = $1 returning 1 as found'
        if ((await session.rows(sql, [id, at])).length === 0) throw noPipeline(id)
      }),
    pipeline: async (ref) => {
      const [row] = await findRow(database, ref)
      return row === undefined ? undefined : pipelineRecord(row)
    },
    pipelines: async (filter, after, limit) => {
      const newer: Condition = after !== null && ['p.serial > ?', after]
      const { where, values } = conditions([newer, ...filterConditions(filter)])
      const sql = `${SELECT_PIPELINE} ${where} order by p.serial limit ${bounded(limit)}`
      return (await database.rows<PipelineRow>(sql, values)).map(pipelineRecord)
    },
    countPipelines: async (filter) => {
      const { where, values } = conditions(filterConditions(filter))
      const sql = `select count(*) as count from pipelines p ${where}`
      return (await database.rows<{ readonly count: number }>(sql, values))[0]?.count ?? 0
    },
    version: async (pipelineId, number) => {
      const [row] = await database.rows<VersionRow & { readonly text: string; readonly plan: string }>(
        `select ${VERSION_COLUMNS}, v.text, v.plan from versions v join pipelines p on p.serial = v.pipeline
         where p.id = $1 and v.version = $2`,
        [pipelineId, number],
      )
      return row === undefined ? undefined : { ...versionHead(row), text: row.text, plan: row.plan }
    },
    versions: async (pipelineId) => {
      const rows = await database.rows<VersionRow>(
        `select ${VERSION_COLUMNS} from versions v join pipelines p on p.serial = v.pipeline
         where p.id = $1 order by v.version desc`,
        [pipelineId],
      )
      return rows.map(versionHead)
    },
    webhook: async (id) => {
      const [row] = await database.rows<{ readonly pipeline: string; readonly name: string }>(
        `select p.id as pipeline, w.name from webhooks w join pipelines p on p.serial = w.pipeline
         where w.id = $1 and p.deleted_at is null`,
        [id],
      )
      return row === undefined ? undefined : { pipelineId: asId<PipelineId>(row.pipeline), name: row.name }
    },
    audits: async ({ actor, action, target, from, to }, before, limit) => {
      const { where, values } = conditions([
        before !== null && ['number < ?', before],
        actor !== undefined && ['actor_name = ?', actor],
        action !== undefined && ['starts_with(action, ?)', action],
        target !== undefined && ['target = ?', target],
        from !== undefined && ['at >= ?', from],
        to !== undefined && ['at < ?', to],
      ])
      const sql = `select number, at, actor_kind, actor_name, action, target, detail from audit ${where}
        order by number desc limit ${bounded(limit)}`
      return (await database.planned<AuditRow>(sql, values)).map(auditRecord)
    },
    audit: (entry) => writeAudit(database, entry),
  }
}

async function addPipeline(
  session: Session,
  pipeline: Omit<PipelineRecord, 'serial' | 'version' | 'deletedAt'>,
  version: Omit<VersionRecord, 'version'>,
): Promise<PipelineRecord> {
  const { id, projectId, name, createdAt, createdBy, updatedAt, webhooks } = pipeline
  const home = 'select 1 from projects where id = $1 and deleted_at is null for share'
  if ((await session.rows(home, [projectId])).length === 0) {
    throw new StoreError('missing', `there is no project ${projectId}`)
  }
  const [row] = await session.rows<{ readonly serial: number }>(
    `insert into pipelines (
       serial, id, project, name, name_folded, version, created_at, created_by_id, created_by_name, updated_at, last_number
     ) values (next_of('pipeline'), $1, $2, $3, $4, 1, $5, $6, $7, $8, 0) returning serial`,
    [id, projectId, name, foldCase(name), createdAt, createdBy.id, createdBy.name, updatedAt],
  )
  const { serial } = given(row)
  await addVersionRow(session, serial, { ...version, version: 1 })
  await replaceWebhooks(session, serial, webhooks)
  return { ...pipeline, serial, version: 1, deletedAt: null }
}

async function addVersion(
  session: Session,
  pipelineId: PipelineId,
  version: Omit<VersionRecord, 'version'>,
  change: Pick<PipelineRecord, 'name' | 'webhooks'>,
  expectedVersion: number | null,
): Promise<PipelineRecord> {
  const [row] = await session.rows<PipelineRow>(`${SELECT_PIPELINE} where p.id = $1 for update of p`, [pipelineId])
  if (row === undefined) throw noPipeline(pipelineId)
  const record = pipelineRecord(row)
  if (record.deletedAt !== null) throw new StoreError('missing', `pipeline ${record.id} is deleted`)
  if (expectedVersion !== null && expectedVersion !== record.version) {
    throw new StoreError('conflict', `pipeline ${record.id} is at version ${record.version}, not ${expectedVersion}`)
  }
  const next = await nextVersion(session, record.serial)
  const changed = { ...record, ...change, version: next, updatedAt: version.createdAt }
  await session.rows(
    'update pipelines set name = $2, name_folded = $3, version = $4, updated_at = $5 where serial = $1',
    [changed.serial, changed.name, foldCase(changed.name), changed.version, changed.updatedAt],
  )
  await addVersionRow(session, changed.serial, { ...version, version: changed.version })
  await replaceWebhooks(session, changed.serial, changed.webhooks)
  return changed
}

async function addSideVersion(
  session: Session,
  pipelineId: PipelineId,
  version: Omit<VersionRecord, 'version'>,
): Promise<number> {
  const [row] = await session.rows<PipelineRow>(`${SELECT_PIPELINE} where p.id = $1 for update of p`, [pipelineId])
  if (row === undefined) throw noPipeline(pipelineId)
  const record = pipelineRecord(row)
  if (record.deletedAt !== null) throw new StoreError('missing', `pipeline ${record.id} is deleted`)
  const next = await nextVersion(session, record.serial)
  await addVersionRow(session, record.serial, { ...version, version: next })
  return next
}

/** The row of the pipeline is locked, so nobody else takes it. */
async function nextVersion(session: Session, pipeline: number): Promise<number> {
  const sql = 'select max(version) as last from versions where pipeline = $1'
  const [row] = await session.rows<{ readonly last: number | null }>(sql, [pipeline])
  return Number(row?.last ?? 0) + 1
}

async function addVersionRow(session: Session, pipeline: number, record: VersionRecord): Promise<void> {
  const { version, createdAt, createdBy, text, plan } = record
  await session.rows(
    `insert into versions (pipeline, version, created_at, created_by_id, created_by_name, text, plan)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [pipeline, version, createdAt, createdBy.id, createdBy.name, text, plan],
  )
}

async function replaceWebhooks(
  session: Session,
  pipeline: number,
  webhooks: PipelineRecord['webhooks'],
): Promise<void> {
  await session.rows('delete from webhooks where pipeline = $1', [pipeline])
  await session.rows(
    `insert into webhooks (id, pipeline, place, name)
     select w.id, $1, w.place - 1, w.name from unnest($2::text[], $3::text[]) with ordinality as w (id, name, place)`,
    [pipeline, webhooks.map(({ id }) => id), webhooks.map(({ name }) => name)],
  )
}

function findRow(database: Pick<Session, 'rows'>, ref: PipelineRef): Promise<PipelineRow[]> {
  switch (ref.by) {
    case 'id':
      return database.rows(`${SELECT_PIPELINE} where p.id = $1`, [ref.id])
    case 'serial':
      return database.rows(`${SELECT_PIPELINE} where p.serial = $1`, [ref.serial])
    case 'name':
      return database.rows(`${SELECT_PIPELINE} where p.project = $1 and p.name = $2 and p.deleted_at is null`, [
        ref.projectId,
        ref.name,
      ])
  }
}

const filterConditions = ({ projectIds, text, name }: PipelineFilter): Condition[] => [
  ['p.deleted_at is null'],
  projectIds !== undefined && ['p.project = any(?)', projectIds],
  text !== undefined && ['strpos(p.name_folded, ?) > 0', foldCase(text)],
  name !== undefined && ['p.name = ?', name],
]

interface VersionRow {
  readonly version: number
  readonly created_at: number
  readonly created_by_id: string
  readonly created_by_name: string
}
const VERSION_COLUMNS = 'v.version, v.created_at, v.created_by_id, v.created_by_name'

const versionHead = (row: VersionRow): Omit<VersionRecord, 'text' | 'plan'> => ({
  version: row.version,
  createdAt: row.created_at,
  createdBy: { id: asId<UserId>(row.created_by_id), name: row.created_by_name },
})

const noPipeline = (id: PipelineId): StoreError => new StoreError('missing', `there is no pipeline ${id}`)

function given<Row>(row: Row | undefined): Row {
  if (row === undefined) throw new Error('an insert gave no row')
  return row
}
