import { formatDuration, type DurationMs } from './time.ts'

/** Why an attempt did not succeed. The kind decides between `failed`, `errored` and `timed_out`. */
export type Failure =
  /** The process ended with this code, 1 to 255. */
  | { readonly kind: 'exit-code'; readonly code: number }
  /** The process was ended by a signal that we did not send, e.g. `SIGSEGV`. */
  | { readonly kind: 'signal'; readonly signal: string }
  /** The work was done and its answer is no: an HTTP status, a threshold, an output that breaks its rules. */
  | { readonly kind: 'said-no'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly by: string; readonly comment: string }
  /** A person said that it has failed. */
  | { readonly kind: 'forced'; readonly by: string; readonly reason: string }
  /** A gateway had no branch to go on by, or more than it may have; or a condition of it could not be read. */
  | { readonly kind: 'no-branch'; readonly reason: string }
  | { readonly kind: 'many-branches'; readonly names: readonly string[] }
  | { readonly kind: 'condition'; readonly reason: string }
  /** A loop came back to it more often than its flow allows. */
  | { readonly kind: 'loop-limit'; readonly limit: number }
  /** The step could not begin: repository not found, shell missing, bad input after rendering. */
  | { readonly kind: 'cannot-start'; readonly reason: string }
  /** The step's system refused our credentials or rights. */
  | { readonly kind: 'unauthorized'; readonly reason: string }
  /** The runner or the server died or went silent while the attempt ran. */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'internal'; readonly reason: string }
  | { readonly kind: 'timeout'; readonly afterMs: DurationMs }
  /** No runner took it in time. */
  | { readonly kind: 'not-started'; readonly afterMs: DurationMs }
  /** Nobody decided a review, or mended a held node, in time. */
  | { readonly kind: 'expired'; readonly afterMs: DurationMs }

export type FailureKind = Failure['kind']
export type FailureStatus = 'failed' | 'errored' | 'timed_out'

export const failureStatus = {
  'exit-code': 'failed',
  signal: 'failed',
  'said-no': 'failed',
  rejected: 'failed',
  forced: 'failed',
  'no-branch': 'failed',
  'many-branches': 'failed',
  condition: 'failed',
  'loop-limit': 'failed',
  'cannot-start': 'errored',
  unauthorized: 'errored',
  lost: 'errored',
  internal: 'errored',
  timeout: 'timed_out',
  'not-started': 'timed_out',
  expired: 'timed_out',
} as const satisfies Record<FailureKind, FailureStatus>

/** Whether another attempt may say something else; a person's no and a bad input would only say the same again. */
export const isRetryable = {
  'exit-code': true,
  signal: true,
  'said-no': true,
  rejected: false,
  forced: false,
  'no-branch': false,
  'many-branches': false,
  condition: false,
  'loop-limit': false,
  'cannot-start': true,
  unauthorized: false,
  lost: true,
  internal: true,
  timeout: true,
  'not-started': false,
  expired: false,
} as const satisfies Record<FailureKind, boolean>

/** One sentence for people, without a full stop. */
export function failureSentence(failure: Failure): string {
  switch (failure.kind) {
    case 'exit-code':
      return `the process exited with code ${failure.code}`
    case 'signal':
      return `the process was ended by ${failure.signal}`
    case 'said-no':
      return failure.reason
    case 'rejected':
      return `rejected by ${failure.by}${failure.comment === '' ? '' : `: ${failure.comment}`}`
    case 'forced':
      return `failed by ${failure.by}${failure.reason === '' ? '' : `: ${failure.reason}`}`
    case 'no-branch':
    case 'condition':
      return failure.reason
    case 'many-branches':
      return `several branches are open: ${failure.names.join(', ')}`
    case 'loop-limit':
      return `it was to run more than ${failure.limit} times`
    case 'cannot-start':
      return `could not start: ${failure.reason}`
    case 'unauthorized':
      return `not authorized: ${failure.reason}`
    case 'lost':
      return `lost: ${failure.reason}`
    case 'internal':
      return `internal error: ${failure.reason}`
    case 'timeout':
      return `timed out after ${formatDuration(failure.afterMs)}`
    case 'not-started':
      return `no runner took it within ${formatDuration(failure.afterMs)}`
    case 'expired':
      return `nobody decided within ${formatDuration(failure.afterMs)}`
  }
}
