import type { AuditEntry, Catalog } from './ports/catalog.ts'
import type { Documents } from './ports/documents.ts'
import type { Keys } from './ports/keys.ts'
import type { Outbox } from './ports/outbox.ts'
import type { RunLog } from './ports/runs.ts'
import type { Secrets } from './ports/secrets.ts'
import type { Shared } from './ports/shared.ts'

export * from './ports/runs.ts'
export type * from './ports/shared.ts'
export type * from './ports/catalog.ts'
export type * from './ports/keys.ts'
export type * from './ports/documents.ts'
export * from './ports/outbox.ts'
export type * from './ports/secrets.ts'

/**
 * What the host asks of a store. Adapters keep and find; they decide nothing. store/conformance/ holds the
 * suite that every adapter passes. Every promise that writes resolves only when the write is durable: it
 * survives `kill -9` and power loss. Every method may reject with {@link StoreError} and nothing else.
 */
export interface Store {
  readonly runs: RunLog
  readonly catalog: Catalog
  readonly keys: Keys
  readonly documents: Documents
  readonly outbox: Outbox
  readonly secrets: Secrets
  /**
   * The same, and whatever is changed by it is one with this entry of the audit record: both are there, or neither. A
   * change that is refused leaves no entry.
   */
  audited(entry: AuditEntry): Audited
  /** There when other servers may work on the same store at the same time. */
  readonly shared?: Shared
  /** Waits for what is under way, then closes. A second call does nothing. Calls after it reject as `closed`. */
  close(): Promise<void>
}

/** What people change outside of runs. */
export interface Audited {
  readonly catalog: Pick<
    Catalog,
    'addProject' | 'changeProject' | 'deleteProject' | 'addPipeline' | 'addVersion' | 'deletePipeline'
  >
  readonly keys: Pick<Keys, 'addUser' | 'changeUser' | 'addKey' | 'revokeKey' | 'putSetting'>
  readonly secrets: Pick<Secrets, 'putSecret' | 'removeSecret'>
}

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
/**
 * - `conflict`: the run is not at `expectedSeq`, or a unique name is taken; nothing was written
 * - `missing`: a thing that was named does not exist
 * - `full`: no room or no right to write; nothing was written
 * - `corrupt`: the store breaks its own rules
 * - `closed`
 */
export type StoreErrorCode = 'conflict' | 'missing' | 'full' | 'corrupt' | 'closed'
