import type { Catalog } from '../store.ts'
import type { WorkerLink } from './link.ts'
import type { Reads, Writes } from './protocol.ts'

export function sqliteCatalog(writer: Pick<WorkerLink<Writes>, 'call'>, reader: WorkerLink<Reads>): Catalog {
  return {
    addProject: (project) => writer.call('addProject', project),
    projects: () => reader.call('projects'),
    deletedProjects: () => reader.call('deletedProjects'),
    changeProject: (id, change) => writer.call('changeProject', id, change),
    deleteProject: (id, at) => writer.call('deleteProject', id, at),
    addPipeline: (pipeline, version) => writer.call('addPipeline', pipeline, version),
    addSideVersion: (id, version) => writer.call('addSideVersion', id, version),
    addVersion: (pipelineId, version, change, expectedVersion) =>
      writer.call('addVersion', pipelineId, version, change, expectedVersion),
    deletePipeline: (id, at) => writer.call('deletePipeline', id, at),
    pipeline: (ref) => reader.call('pipeline', ref),
    pipelines: (filter, after, limit) => reader.call('pipelines', filter, after, limit),
    countPipelines: (filter) => reader.call('countPipelines', filter),
    version: (pipelineId, version) => reader.call('version', pipelineId, version),
    versions: (pipelineId) => reader.call('versions', pipelineId),
    webhook: (id) => reader.call('webhook', id),
    audit: (entry) => writer.call('audit', entry),
    audits: (filter, before, limit) => reader.call('audits', filter, before, limit),
  }
}
