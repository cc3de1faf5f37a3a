import { StoreError, type StoreErrorCode } from '../store.ts'

/** A StoreError on its way between threads: errors lose their class when they are cloned. */
export interface Failure {
  readonly code: StoreErrorCode
  readonly message: string
}

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) as far as they can come from outside of our code. */
const codes: Readonly<Record<number, StoreErrorCode>> = {
  3: 'full', // PERM
  5: 'full', // BUSY: another process holds the file for longer than the busy timeout
  7: 'full', // NOMEM
  8: 'full', // READONLY
  10: 'full', // IOERR
  11: 'corrupt', // CORRUPT
  13: 'full', // FULL
  14: 'full', // CANTOPEN
  18: 'full', // TOOBIG: a text of more than 10^9 bytes
  19: 'conflict', // CONSTRAINT
  23: 'full', // AUTH
  26: 'corrupt', // NOTADB
}

/** As node:sqlite throws it. */
export const isSqliteError = (error: unknown): error is Error & { readonly errcode: number } =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'

/** What went wrong, in the port's words. What SQLite does not say is our own mistake: `corrupt`, with the message. */
export function failureOf(error: unknown): Failure {
  if (error instanceof StoreError) return { code: error.code, message: error.message }
  if (!isSqliteError(error)) return { code: 'corrupt', message: String(error) }
  // An extended code has its primary one in the low byte.
  return {
    code: codes[error.errcode & 0xff] ?? 'corrupt',
    message: `SQLite says: ${error.message} (code ${error.errcode})`,
  }
}

export const errorOf = ({ code, message }: Failure): StoreError => new StoreError(code, message)
