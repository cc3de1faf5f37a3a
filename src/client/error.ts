import type { LocatedError, ProblemBody } from './wire.ts'

/** Besides the server's codes: it could not be reached, or what answered is no Millrace. */
export type ClientErrorCode = 'unreachable' | 'not_millrace' | (string & {})

/** What every method of the client throws, and nothing else but the `AbortError` of a signal that was given. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  /** Stable; what programs should look at. */
  readonly code: ClientErrorCode
  /** null: there was no answer. */
  readonly status: number | null
  /** With `not_allowed`: what would be accepted now. */
  readonly allowed: readonly string[]
  /** With `invalid_request` and `invalid_definition`: everything that is wrong. */
  readonly errors: readonly LocatedError[]
  readonly requestId: string | null

  constructor(code: ClientErrorCode, message: string, problem: Partial<ProblemBody> = {}, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.status = problem.status ?? null
    this.allowed = problem.allowed ?? []
    this.errors = problem.errors ?? []
    this.requestId = problem.request_id ?? null
  }
}
