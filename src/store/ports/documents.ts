import type { ProjectId } from '../../model/id.ts'
import type { Instant } from '../../model/time.ts'

/**
 * JSON documents of a project that are neither pipeline nor run: what a dialect must keep, e.g. groups or rule sets.
 * Each is found by its kind and key. A revision is a number that the server gives to one write only, so a document
 * that was removed and made again never has a revision that it had before.
 */
export interface Documents {
  document(ref: DocumentRef): Promise<DocumentRecord | undefined>
  /**
   * Makes or replaces it. `expectedRevision`: rejects as `conflict` when the document has another one (0: when it is
   * there); null: whatever it has. Rejects as `missing` when there is no such project.
   */
  putDocument(
    ref: DocumentRef,
    value: string,
    at: Instant,
    expectedRevision: number | null,
  ): Promise<{ readonly revision: number }>
  /** Rejects as `missing` when there is none, as `conflict` when it has another revision than the one given. */
  removeDocument(ref: DocumentRef, expectedRevision: number | null): Promise<void>
  /**
   * Those of one kind whose keys begin with `prefix` (empty: all), in order of the keys' code points; `after` is the
   * key of the last one seen.
   */
  documents(
    filter: Pick<DocumentRef, 'projectId' | 'kind'> & { readonly prefix: string },
    after: string | null,
    limit: number,
  ): Promise<readonly DocumentRecord[]>
}
export interface DocumentRef {
  readonly projectId: ProjectId
  readonly kind: string
  /** Not empty. */
  readonly key: string
}
export interface DocumentRecord {
  readonly key: string
  /** JSON. */
  readonly value: string
  readonly revision: number
  readonly updatedAt: Instant
}
