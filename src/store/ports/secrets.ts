import type { PipelineId, ProjectId } from '../../model/id.ts'
import type { Instant } from '../../model/time.ts'
import type { UserRef } from '../../model/view.ts'
import type { KeyKind } from './keys.ts'

/** Secrets of projects and pipelines, sealed before they come here. */
export interface Secrets {
  /** In the order they were first put. */
  secrets(): Promise<readonly SecretRecord[]>
  /**
   * Makes or replaces it; when it was made, by whom, and when it was used stay. Rejects as `missing` when the project, or
   * the pipeline in it, does not exist or is deleted.
   */
  putSecret(secret: NewSecret): Promise<SecretRecord>
  /** Rejects as `missing` when there is none. */
  removeSecret(place: SecretPlace): Promise<void>
  /** Those that are not there any more are passed over. */
  usedSecrets(places: readonly SecretPlace[], at: Instant): Promise<void>
  /**
   * Everything sealed again, under another key: atomic, all or nothing, with the settings that say so. Rejects as
   * `conflict` when one of them is not as it `was`.
   */
  reseal(change: Resealed): Promise<void>
}

/** Where a secret is; the name is unique there. */
export interface SecretPlace {
  readonly projectId: ProjectId
  /** null: of the project. */
  readonly pipelineId: PipelineId | null
  readonly name: string
}
export interface NewSecret extends SecretPlace {
  readonly sealed: string
  readonly at: Instant
  readonly by: UserRef
}
export interface SecretRecord extends SecretPlace {
  readonly sealed: string
  readonly createdAt: Instant
  readonly createdBy: UserRef
  readonly updatedAt: Instant
  readonly updatedBy: UserRef
  /** When a task was last given it; null: never. */
  readonly lastUsedAt: Instant | null
}
export interface Resealed {
  readonly secrets: readonly { readonly place: SecretPlace; readonly was: string; readonly sealed: string }[]
  readonly keys: readonly {
    readonly kind: KeyKind
    readonly name: string
    readonly was: string
    readonly secret: string
  }[]
  readonly settings: readonly { readonly name: string; readonly value: string }[]
}
