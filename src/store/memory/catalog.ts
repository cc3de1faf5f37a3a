import type { PipelineId, ProjectId } from '../../model/id.ts'
import type { ProjectView } from '../../model/view.ts'
import { foldCase } from '../kit/text.ts'
import {
  type AuditRecord,
  type Catalog,
  type PipelineFilter,
  type PipelineRecord,
  type PipelineRef,
  StoreError,
  type VersionRecord,
} from '../store.ts'

interface Row {
  record: PipelineRecord
  /** From version 1. */
  readonly versions: VersionRecord[]
}

export function memoryCatalog(open: () => void): {
  readonly port: Catalog
  readonly has: (id: PipelineId, projectId?: ProjectId) => boolean
  readonly hasProject: (id: ProjectId) => boolean
  /** One that is not deleted. */
  readonly hasPipeline: (projectId: ProjectId, id: PipelineId) => boolean
} {
  let projects: readonly ProjectView[] = []
  let deleted: readonly ProjectView[] = []
  /** In order of serial. */
  const rows: Row[] = []
  const audits: AuditRecord[] = []

  const get = (id: PipelineId): Row => {
    const row = rows.find(({ record }) => record.id === id)
    if (row === undefined) throw new StoreError('missing', `there is no pipeline ${id}`)
    return row
  }
  const checkName = ({ id, projectId, name }: Pick<PipelineRecord, 'id' | 'projectId' | 'name'>): void => {
    const other = rows.find(({ record }) => isCalled(record, projectId, name))
    if (other !== undefined && other.record.id !== id) {
      throw new StoreError('conflict', `project ${projectId} has a pipeline named ${JSON.stringify(name)} already`)
    }
  }
  const checkWebhooks = ({ id, webhooks }: Pick<PipelineRecord, 'id' | 'webhooks'>): void => {
    const given = new Set(webhooks.map((webhook) => webhook.id))
    const taken = rows.some(
      ({ record }) => record.id !== id && record.webhooks.some((webhook) => given.has(webhook.id)),
    )
    if (taken || given.size < webhooks.length) throw new StoreError('conflict', `pipeline ${id}: a webhook id is taken`)
  }
  const find = (ref: PipelineRef): PipelineRecord | undefined =>
    rows.find(({ record }) => {
      switch (ref.by) {
        case 'id':
          return record.id === ref.id
        case 'serial':
          return record.serial === ref.serial
        case 'name':
          return isCalled(record, ref.projectId, ref.name)
      }
    })?.record

  const port: Catalog = {
    addProject: async (project) => {
      open()
      if (projects.some(({ id, name }) => id === project.id || name === project.name)) {
        throw new StoreError('conflict', `there is a project ${project.id} or ${JSON.stringify(project.name)} already`)
      }
      if (deleted.some(({ id }) => id === project.id)) {
        throw new StoreError('conflict', `there was a project ${project.id} already`)
      }
      const view = { ...project, serial: projects.length + deleted.length + 1 }
      projects = [...projects, view]
      return view
    },
    projects: async () => {
      open()
      return projects
    },
    deletedProjects: async () => {
      open()
      return deleted
    },
    changeProject: async (id, { name, description }) => {
      open()
      const project = projects.find((one) => one.id === id)
      if (project === undefined) throw new StoreError('missing', `there is no project ${id}`)
      if (projects.some((one) => one.name === name && one.id !== id)) {
        throw new StoreError('conflict', `there is a project ${JSON.stringify(name)} already`)
      }
      const changed = { ...project, name, description }
      projects = projects.map((one) => (one.id === id ? changed : one))
      return changed
    },
    deleteProject: async (id) => {
      open()
      if (deleted.some((one) => one.id === id)) return
      const project = projects.find((one) => one.id === id)
      if (project === undefined) throw new StoreError('missing', `there is no project ${id}`)
      if (rows.some(({ record }) => record.projectId === id && record.deletedAt === null)) {
        throw new StoreError('conflict', `project ${id} has pipelines`)
      }
      projects = projects.filter((one) => one.id !== id)
      deleted = [...deleted, project].toSorted((a, b) => a.serial - b.serial)
    },
    addPipeline: async (pipeline, version) => {
      open()
      if (!projects.some(({ id }) => id === pipeline.projectId)) {
        throw new StoreError('missing', `there is no project ${pipeline.projectId}`)
      }
      if (rows.some(({ record }) => record.id === pipeline.id)) {
        throw new StoreError('conflict', `there is a pipeline ${pipeline.id} already`)
      }
      checkName(pipeline)
      checkWebhooks(pipeline)
      const record = { ...pipeline, serial: rows.length + 1, version: 1, deletedAt: null }
      rows.push({ record, versions: [{ ...version, version: 1 }] })
      return record
    },
    addVersion: async (id, version, { name, webhooks }, expectedVersion) => {
      open()
      const row = get(id)
      const { record } = row
      if (record.deletedAt !== null) throw new StoreError('missing', `pipeline ${id} is deleted`)
      if (expectedVersion !== null && expectedVersion !== record.version) {
        throw new StoreError('conflict', `pipeline ${id} is at version ${record.version}, not ${expectedVersion}`)
      }
      checkName({ ...record, name })
      checkWebhooks({ id, webhooks })
      row.record = { ...record, name, webhooks, version: row.versions.length + 1, updatedAt: version.createdAt }
      row.versions.push({ ...version, version: row.record.version })
      return row.record
    },
    addSideVersion: async (id, version) => {
      open()
      const row = get(id)
      if (row.record.deletedAt !== null) throw new StoreError('missing', `pipeline ${id} is deleted`)
      row.versions.push({ ...version, version: row.versions.length + 1 })
      return row.versions.length
    },
    deletePipeline: async (id, at) => {
      open()
      const row = get(id)
      if (row.record.deletedAt === null) row.record = { ...row.record, deletedAt: at }
    },
    pipeline: async (ref) => {
      open()
      return find(ref)
    },
    pipelines: async (filter, after, limit) => {
      open()
      return rows
        .map(({ record }) => record)
        .filter((record) => (after === null || record.serial > after) && matches(record, filter))
        .slice(0, Math.max(0, limit))
    },
    countPipelines: async (filter) => {
      open()
      return rows.filter(({ record }) => matches(record, filter)).length
    },
    version: async (id, version) => {
      open()
      return rows.find(({ record }) => record.id === id)?.versions.find((candidate) => candidate.version === version)
    },
    versions: async (id) => {
      open()
      const versions = rows.find(({ record }) => record.id === id)?.versions ?? []
      return versions.map(({ version, createdAt, createdBy }) => ({ version, createdAt, createdBy })).toReversed()
    },
    webhook: async (id) => {
      open()
      for (const { record } of rows) {
        const found = record.webhooks.find((webhook) => webhook.id === id)
        if (found !== undefined && record.deletedAt === null) return { pipelineId: record.id, name: found.name }
      }
      return undefined
    },
    audit: async (entry) => {
      open()
      audits.push({ ...entry, number: audits.length + 1 })
    },
    audits: async ({ actor, action, target, from, to }, before, limit) => {
      open()
      return audits
        .filter(
          (entry) =>
            (before === null || entry.number < before) &&
            (actor === undefined || entry.actor.name === actor) &&
            (action === undefined || entry.action.startsWith(action)) &&
            (target === undefined || entry.target === target) &&
            (from === undefined || entry.at >= from) &&
            (to === undefined || entry.at < to),
        )
        .toReversed()
        .slice(0, Math.max(0, limit))
    },
  }
  const hasPipeline = (projectId: ProjectId, id: PipelineId): boolean =>
    rows.some(({ record }) => record.id === id && record.projectId === projectId && record.deletedAt === null)
  const has = (id: PipelineId, projectId?: ProjectId): boolean =>
    rows.some(({ record }) => record.id === id && (projectId === undefined || record.projectId === projectId))
  const hasProject = (projectId: ProjectId): boolean => projects.some(({ id }) => id === projectId)
  return { port, has, hasProject, hasPipeline }
}

const isCalled = (record: PipelineRecord, projectId: string, name: string): boolean =>
  record.deletedAt === null && record.projectId === projectId && record.name === name

const matches = (record: PipelineRecord, { projectIds, text, name }: PipelineFilter): boolean =>
  record.deletedAt === null &&
  (projectIds === undefined || projectIds.includes(record.projectId)) &&
  (text === undefined || foldCase(record.name).includes(foldCase(text))) &&
  (name === undefined || record.name === name)
