/** Secrets by their names: no value is ever in a definition, a plan, a run or an event. */

/** How a task is given a secret. */
export type SecretUse =
  /** The value in an environment variable. */
  | { readonly name: string; readonly as: 'env'; readonly env: string }
  /** The value in a file of mode 0600 that goes with the attempt; its path in an environment variable. */
  | { readonly name: string; readonly as: 'file'; readonly env: string }
  /** Only the step itself can read it: `context.secret(name)`. */
  | { readonly name: string; readonly as: 'step' }

/** In the hands of a runner. Never logged and never kept. */
export type JobSecret = SecretUse & { readonly value: string }

/** A text of a job that has secrets in it, as its parts in order. */
export interface Splice {
  /** From the job: `['env', 'TOKEN']`, `['with', 'headers', 'Authorization']`. */
  readonly path: readonly (string | number)[]
  readonly parts: readonly (string | { readonly secret: string })[]
}

/** What is shown where a secret stands. */
export const SECRET_MASK = '***'

/**
 * A text that stands for a credential (host/secrets/sealed-text.ts), wherever it stands in another: of letters that need no
 * escaping in a URL or in JSON, with an end of its own, as anything may follow.
 */
export const SEALED_TEXT = /sealed\.v1\.([A-Za-z0-9_-]{38,60000})\./g

/** One or more of them, and nothing else. */
export const isSealedText = (text: string): boolean => text !== '' && text.replaceAll(SEALED_TEXT, '') === ''

/**
 * Of a value, as UTF-8. Below it a secret could not be masked without masking words that are none, and it would be guessed:
 * it is refused.
 */
export const SECRET_MIN_BYTES = 8
export const SECRET_MAX_BYTES = 32_768
/** All values that one task is given together. */
export const SECRETS_OF_TASK_MAX_BYTES = 131_072
export const SECRET_NAME_MAX = 64
const NAME = /^[A-Z_][A-Z0-9_]*$/

/** Capital letters, digits and _, no digit first, at most 64; names that begin with MILLRACE_ are the server's own. */
export const isSecretName = (name: string): boolean =>
  NAME.test(name) && name.length <= SECRET_NAME_MAX && !name.startsWith('MILLRACE_')
