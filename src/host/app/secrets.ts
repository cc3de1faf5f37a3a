import type { PipelineId, ProjectId } from '../../model/id.ts'
import type { Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { UserRef } from '../../model/view.ts'
import type { Caller } from './access.ts'
import type { PipelineRef, ProjectRef } from './pipelines.ts'

/**
 * Secrets of projects and pipelines. Whoever sees the owner may list their names; admins set and remove them, and nobody
 * reads a value: it is given to tasks alone, that of the pipeline before that of its project.
 */
export interface Secrets {
  /** In order of their names. */
  list(caller: Caller, owner: SecretOwner): Promise<Result<readonly SecretView[]>>
  /** Makes or replaces it. Refused when name or value are not as model/secret.ts says. */
  set(caller: Caller, owner: SecretOwner, name: string, value: string): Promise<Result<SecretView>>
  remove(caller: Caller, owner: SecretOwner, name: string): Promise<Result<null>>
  /**
   * A text that stands for `value` in definitions of the project, or as a param that a run of a pipeline is started with
   * and no other. Everybody may see it; it is opened for tasks alone, which mask it in what they say. One that is sealed
   * already stays as it is.
   */
  sealText(place: SealedPlace, value: string): string
}
export interface SealedPlace {
  readonly project: ProjectId
  readonly param?: { readonly pipeline: PipelineId; readonly name: string }
}
export type SecretOwner = { readonly project: ProjectRef } | { readonly pipeline: PipelineRef }
export interface SecretView {
  readonly name: string
  readonly createdAt: Instant
  readonly createdBy: UserRef
  readonly updatedAt: Instant
  readonly updatedBy: UserRef
  /** When a task was last given it, to the minute; null: never. */
  readonly lastUsedAt: Instant | null
}
