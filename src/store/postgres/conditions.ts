import type { Value } from './database.ts'

/** SQL with `?` where its values go, or false where a filter asks for nothing. The SQL is ours; what users give is in the values. */
export type Condition = readonly [sql: string, ...values: Value[]] | false

/** A limit as PostgreSQL takes it. */
export const bounded = (limit: number): number => Math.max(0, Math.min(Math.floor(limit), 2 ** 31 - 1))

/** `where a and b`, or nothing, with its values behind those that are there already. */
export function conditions(
  all: readonly Condition[],
  values: Value[] = [],
): { readonly where: string; readonly values: Value[] } {
  const wanted = all
    .filter((condition) => condition !== false)
    .map(([sql, ...own]) => {
      let next = 0
      return sql.replaceAll('?', () => `$${values.push(own[next++] ?? null)}`)
    })
  return { where: wanted.length === 0 ? '' : `where ${wanted.join(' and ')}`, values }
}
