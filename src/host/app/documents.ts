import type { Json } from '../../model/json.ts'
import type { Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { Caller } from './access.ts'
import type { ProjectRef } from './pipelines.ts'

/**
 * JSON documents of a project: what a dialect must keep that is neither pipeline nor run, e.g. groups, rule sets, the
 * state of a finding. Every viewer of the project reads them. Writing takes the role `admin`, as pipelines do; a kind
 * whose thing begins with `run-` (`blueking/run-notes`) is about work under way and takes `operator`, as runs do.
 * A change is told of as `project:` and its id ({@link Feed.onChange}).
 */
export interface Documents {
  get(caller: Caller, ref: DocumentRef): Promise<Result<DocumentView>>
  /**
   * Makes or replaces it. `expectedRevision`: refused as `conflict` when the document has another one; 0: when it is
   * there already; left out: whatever it has. `invalid_request` when kind or key are not as {@link DocumentRef} says,
   * `too_large` when the value is more than {@link DOCUMENT_BYTES_MAX} of JSON.
   */
  put(
    caller: Caller,
    input: DocumentRef & { readonly value: Json; readonly expectedRevision?: number },
  ): Promise<Result<DocumentView>>
  remove(caller: Caller, ref: DocumentRef & { readonly expectedRevision?: number }): Promise<Result<null>>
  /** Those of one kind in order of their keys' code points; `prefix`: only keys that begin with it. `limit` is 1 to 1000. */
  list(
    caller: Caller,
    query: {
      readonly project: ProjectRef
      readonly kind: string
      readonly prefix?: string
      /** Key of the last one seen. */
      readonly after?: string
      readonly limit: number
    },
  ): Promise<
    Result<{
      readonly items: readonly DocumentView[]
      /** Give it as `after` to get what follows; null: that was all. */
      readonly next: string | null
    }>
  >
}
export interface DocumentRef {
  readonly project: ProjectRef
  /** `<dialect>/<thing>`, both of small letters, digits and dashes, at most 64 characters in all. */
  readonly kind: string
  /** 1 to 256 characters, no control characters. */
  readonly key: string
}
export interface DocumentView {
  readonly key: string
  readonly value: Json
  /** Drawn for each write, never given twice: it says what was read, not how often it was written. */
  readonly revision: number
  readonly updatedAt: Instant
}
/** The most that one document may hold, as bytes of JSON in UTF-8. */
export const DOCUMENT_BYTES_MAX = 256 * 1024
