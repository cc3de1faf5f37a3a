import pg from 'pg'
import { StoreError, type StoreErrorCode } from '../store.ts'

/**
 * SQLSTATE codes (https://www.postgresql.org/docs/current/errcodes-appendix.html), or their classes of two characters, as
 * far as they can come from outside of our code.
 */
const codes: Readonly<Record<string, StoreErrorCode>> = {
  '08': 'full', // connection exception
  '22001': 'full', // string too long
  '23503': 'missing', // foreign key: what was named does not exist
  '23505': 'conflict', // unique: the name is taken
  '25006': 'full', // read-only transaction: a standby
  '28': 'full', // invalid authorization: no right
  '40': 'full', // rolled back: deadlock, serialization
  '42501': 'full', // insufficient privilege
  '53': 'full', // insufficient resources: disk full, out of memory, too many connections
  '54': 'full', // program limit exceeded: a text of more than 1 GB
  '55P03': 'full', // lock not available
  '57': 'full', // operator intervention: statement timeout, shutdown
  '58': 'full', // system error: I/O
  XX001: 'corrupt',
  XX002: 'corrupt',
}

/** What went wrong, in the port's words. Nothing was written, or it is not known: then the connection broke, and it is `full`. */
export function failureOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    const code = codes[error.code] ?? codes[error.code.slice(0, 2)] ?? 'corrupt'
    return new StoreError(code, `PostgreSQL says: ${message} (${error.code})`, { cause: error })
  }
  return new StoreError('full', `PostgreSQL does not answer: ${message}`, { cause: error })
}

/** Whether a statement may have been done although it failed: its connection broke before the answer came. */
export function isFateUnknown(error: unknown): boolean {
  const { cause } = error as { readonly cause?: unknown }
  // 57P01 to 57P03: the database ends the connection, by an operator or because it stops.
  return cause instanceof pg.DatabaseError ? cause.code?.startsWith('57P') === true : cause !== undefined
}
