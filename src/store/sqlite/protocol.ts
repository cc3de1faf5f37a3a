import type { Failure } from './failure.ts'
import type { reads } from './reads/index.ts'
import type { writes } from './writes/index.ts'

/** What the main thread and its two workers say to each other. */

export type Reads = typeof reads
export type Writes = typeof writes

export interface WorkerStart {
  readonly role: 'writer' | 'reader'
  readonly path: string
  /** The file may not grow beyond this; null: no limit of our own. */
  readonly sizeMaxBytes: number | null
}

/** All calls of a turn; null: finish and close. */
export type Request = readonly Call[] | null
export type Call = readonly [name: string, args: readonly unknown[]]

/** Once after the start, then one answer per request. */
export type Answer = { readonly kind: 'ready' } | { readonly kind: 'refused'; readonly failure: Failure } | Answers
export interface Answers {
  readonly kind: 'answers'
  /** One per call, in order; undefined where it failed. */
  readonly values: readonly unknown[]
  /** By place in the request. */
  readonly failures: readonly (readonly [index: number, failure: Failure])[]
}
