import type { LocatedError, Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { PipelineView, ProjectView, UserRef } from '../../model/view.ts'
import type { Caller } from './access.ts'

export interface Projects {
  list(caller: Caller): Promise<readonly ProjectView[]>
  /** By id, serial or name. */
  get(caller: Caller, ref: ProjectRef): Promise<Result<ProjectView>>
  create(caller: Caller, input: { readonly name: string; readonly description: string }): Promise<Result<ProjectView>>
  /** What is left out stays as it is. */
  update(
    caller: Caller,
    ref: ProjectRef,
    change: { readonly name?: string; readonly description?: string },
  ): Promise<Result<ProjectView>>
  /** Refused as `conflict` while it has pipelines. Its name is free afterwards. */
  remove(caller: Caller, ref: ProjectRef): Promise<Result<ProjectView>>
}
export type ProjectRef = { readonly id: string } | { readonly serial: number } | { readonly name: string }

export interface Pipelines {
  /** Checks a text without storing it; the value lists the errors, empty when it is good. */
  validate(text: string, file: string): Promise<readonly LocatedError[]>
  create(
    caller: Caller,
    input: { readonly project: ProjectRef; readonly text: string; readonly file?: string },
  ): Promise<Result<PipelineView>>
  /** Stores a new version. `expectedVersion`: refused as `stale_version` when it is not the newest (If-Match). */
  update(
    caller: Caller,
    ref: PipelineRef,
    input: { readonly text: string; readonly file?: string; readonly expectedVersion: number | null },
  ): Promise<Result<PipelineView>>
  get(caller: Caller, ref: PipelineRef): Promise<Result<PipelineView>>
  list(
    caller: Caller,
    filter: PipelineListFilter,
    page: { readonly after: number | null; readonly limit: number },
  ): Promise<Result<Page<PipelineView>>>
  /** In order of serial, `skip` rows passed over: for vendors that page by row number. */
  slice(
    caller: Caller,
    filter: PipelineListFilter,
    skip: number,
    limit: number,
  ): Promise<Result<{ readonly items: readonly PipelineView[]; readonly total: number }>>
  remove(caller: Caller, ref: PipelineRef): Promise<Result<PipelineView>>
  versions(
    caller: Caller,
    ref: PipelineRef,
  ): Promise<Result<readonly { readonly version: number; readonly createdAt: Instant; readonly createdBy: UserRef }[]>>
  /** What calls of a signed webhook are signed with, `whsec_...`; for admins. That of a stage is called `stage/webhook`. */
  webhookSecret(caller: Caller, ref: PipelineRef, name: string): Promise<Result<string>>
  /** When its schedules come due next, the first first, and what triggers were last refused. `count`: 1 to 100. */
  nextFires(caller: Caller, ref: PipelineRef, count: number): Promise<Result<NextFires>>
  /** The text of one version as it was given. */
  text(caller: Caller, ref: PipelineRef, version: number): Promise<Result<string>>
}
/** A name without a project is looked for in all projects of the caller; two of them with it are a `conflict`. */
export type PipelineRef =
  | { readonly id: string }
  | { readonly serial: number }
  | { readonly name: string; readonly project?: ProjectRef }
export interface PipelineListFilter {
  readonly project?: ProjectRef
  readonly text?: string
}
export interface NextFires {
  readonly fires: readonly { readonly trigger: string; readonly at: Instant }[]
  /** The last start of each trigger that was refused since the server began, or since the pipeline was changed. */
  readonly refusals: readonly { readonly trigger: string; readonly at: Instant; readonly message: string }[]
}
export interface Page<Item> {
  readonly items: readonly Item[]
  /** Give it as `after` to get what follows; null: that was all. */
  readonly next: number | null
}
