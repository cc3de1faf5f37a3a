import type { Actor } from '../../model/event.ts'
import type { PipelineId, ProjectId } from '../../model/id.ts'
import type { Instant } from '../../model/time.ts'
import type { ProjectView, UserRef } from '../../model/view.ts'

/** Projects, pipelines and their versions. Names are unique: projects in the server, pipelines in their project. */
export interface Catalog {
  /** Rejects as `conflict` when the name is taken. The serial is given by the store, from 1. */
  addProject(project: Omit<ProjectView, 'serial'>): Promise<ProjectView>
  /** Of those that are not deleted, in order of serial. */
  projects(): Promise<readonly ProjectView[]>
  /** What runs and pipelines that stay readable may still name, in order of serial. */
  deletedProjects(): Promise<readonly ProjectView[]>
  /** Rejects as `conflict` when the name is taken, as `missing` when there is no such project or it is deleted. */
  changeProject(id: ProjectId, change: Pick<ProjectView, 'name' | 'description'>): Promise<ProjectView>
  /**
   * Not among {@link projects} from then on; its name is free, it takes no more pipelines. Rejects as `conflict` while
   * it has pipelines that are not deleted, as `missing` when there is no such project. A second call changes nothing.
   */
  deleteProject(id: ProjectId, at: Instant): Promise<void>
  /** Rejects as `conflict` when the name is taken, as `missing` when there is no such project. Version 1 is stored with it. */
  addPipeline(
    pipeline: Omit<PipelineRecord, 'serial' | 'version' | 'deletedAt'>,
    version: Omit<VersionRecord, 'version'>,
  ): Promise<PipelineRecord>
  /**
   * The next version, with the name and webhooks that the pipeline has from then on. Rejects as `conflict` when
   * `expectedVersion` is given and not the newest, or the new name is taken.
   */
  addVersion(
    pipelineId: PipelineId,
    version: Omit<VersionRecord, 'version'>,
    change: Pick<PipelineRecord, 'name' | 'webhooks'>,
    expectedVersion: number | null,
  ): Promise<PipelineRecord>
  /**
   * A version beside the newest one: the pipeline stays what it is. Numbers of versions are counted together. Rejects as
   * `missing` when there is no such pipeline or it is deleted. @returns its number
   */
  addSideVersion(pipelineId: PipelineId, version: Omit<VersionRecord, 'version'>): Promise<number>
  /**
   * Hidden from then on: lists, names and webhooks do not find it, its name is free, it takes no more versions. By id
   * and serial it stays readable, with `deletedAt`, and so do its runs and versions. A second call changes nothing.
   */
  deletePipeline(id: PipelineId, at: Instant): Promise<void>
  pipeline(ref: PipelineRef): Promise<PipelineRecord | undefined>
  /** In order of serial; `after` is the serial of the last one seen. */
  pipelines(filter: PipelineFilter, after: number | null, limit: number): Promise<readonly PipelineRecord[]>
  countPipelines(filter: PipelineFilter): Promise<number>
  version(pipelineId: PipelineId, version: number): Promise<VersionRecord | undefined>
  /** Newest first, without text and plan. */
  versions(pipelineId: PipelineId): Promise<readonly Omit<VersionRecord, 'text' | 'plan'>[]>
  /** The pipeline whose webhook this is, and the name of its trigger. */
  webhook(id: string): Promise<{ readonly pipelineId: PipelineId; readonly name: string } | undefined>
  /** Append-only record of who did what outside of runs. */
  audit(entry: AuditEntry): Promise<void>
  /** Newest first (by number); `before` is the number of the last one seen. */
  audits(filter: AuditFilter, before: number | null, limit: number): Promise<readonly AuditRecord[]>
}

export type PipelineRef =
  | { readonly by: 'id'; readonly id: PipelineId }
  | { readonly by: 'serial'; readonly serial: number }
  | { readonly by: 'name'; readonly projectId: ProjectId; readonly name: string }
export interface PipelineFilter {
  readonly projectIds?: readonly ProjectId[]
  /** Substring of the name, ignoring case. */
  readonly text?: string
  readonly name?: string
}
export interface PipelineRecord {
  readonly id: PipelineId
  readonly serial: number
  readonly projectId: ProjectId
  readonly name: string
  readonly version: number
  readonly createdAt: Instant
  readonly createdBy: UserRef
  readonly updatedAt: Instant
  readonly deletedAt: Instant | null
  /** One id per trigger, in order; the host keeps an id while the trigger's name stays. */
  readonly webhooks: readonly { readonly id: string; readonly name: string }[]
}
export interface VersionRecord {
  readonly version: number
  readonly createdAt: Instant
  readonly createdBy: UserRef
  /** The text as it was given. */
  readonly text: string
  /** JSON of the compiled plan (model/plan.ts), its definition in it. */
  readonly plan: string
}
export interface AuditEntry {
  readonly at: Instant
  readonly actor: Actor
  readonly action: string
  readonly target: string
  readonly detail: string
}
export interface AuditRecord extends AuditEntry {
  /** Given by the store, from 1. */
  readonly number: number
}
export interface AuditFilter {
  /** The actor's name. */
  readonly actor?: string
  /** What the action begins with: `secret.` is every action of secrets. */
  readonly action?: string
  readonly target?: string
  /** Inclusive. */
  readonly from?: Instant
  /** Exclusive. */
  readonly to?: Instant
}
