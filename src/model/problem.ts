/**
 * Why a use case was refused, as a value. The codes are part of the API's contract: stable, never reused.
 * http/problem.ts maps them to a status and RFC 9457 bodies, each dialect's errors.ts to its vendor's.
 */
export const PROBLEM_CODES = [
  'invalid_request',
  'invalid_definition',
  'unauthenticated',
  'forbidden',
  'not_found',
  'not_allowed',
  'conflict',
  'stale_version',
  'idempotency_reused',
  'too_large',
  'too_many_requests',
  'unavailable',
  'internal',
] as const
export type ProblemCode = (typeof PROBLEM_CODES)[number]

export interface Problem {
  readonly code: ProblemCode
  /** One sentence: the thing, what was expected, what was found. */
  readonly message: string
  /** With `not_allowed`: the commands that would be accepted now. */
  readonly allowed?: readonly string[]
  /** With `invalid_request` and `invalid_definition`: every error found. */
  readonly errors?: readonly LocatedError[]
}

export interface LocatedError {
  /** File name and place of the text, `1:1` is its start; null where there is no text. */
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  /** Where in the document: `stages[0].tasks[1].timeout`. */
  readonly path: string
  /** What was expected and what was found. */
  readonly message: string
}

export type Result<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: Problem }

export const accept = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value })

export const refuse = (
  code: ProblemCode,
  message: string,
  more: Pick<Problem, 'allowed' | 'errors'> = {},
): { readonly ok: false; readonly problem: Problem } => ({ ok: false, problem: { code, message, ...more } })
