import type { SQLInputValue } from 'node:sqlite'

/** SQL with its values, or false where a filter asks for nothing. The SQL is ours; what users give is in the values. */
export type Condition = readonly [sql: string, ...values: SQLInputValue[]] | false

/** A limit as SQLite takes it: an integer, and none below 0, which would mean all. */
export const bounded = (limit: number): number => Math.max(0, Math.min(Math.floor(limit), 2 ** 31 - 1))

/** `where a and b`, or nothing. */
export function conditions(all: readonly Condition[]): { readonly where: string; readonly values: SQLInputValue[] } {
  const wanted = all.filter((condition) => condition !== false)
  const where = wanted.map(([sql]) => sql).join(' and ')
  return { where: where === '' ? '' : `where ${where}`, values: wanted.flatMap(([, ...values]) => values) }
}
