import type { RunFilter } from '../store.ts'

/** SQL with a `?` for each value behind it. */
type Sql = readonly [sql: string, ...values: number[]]

/** Serials of a span; so in the migrations. */
const WIDTH = 1_024

/**
 * Which serials runs of these times can have, by the table `creation_spans` that both databases keep: a list in order of
 * serial then begins, and ends, where there are such runs. Without it, a list of what is old looks at all that is newer.
 * `from` is the first serial and `to` the one behind the last; each is null where no span has any.
 */
export function spanOf({ createdFrom, createdTo }: RunFilter): { readonly from: Sql | null; readonly to: Sql | null } {
  const may: string[] = []
  const values: number[] = []
  if (createdFrom !== undefined) {
    may.push('latest >= ?')
    values.push(createdFrom)
  }
  if (createdTo !== undefined) {
    may.push('earliest < ?')
    values.push(createdTo)
  }
  const spans = `from creation_spans where ${may.join(' and ')}`
  return {
    from: createdFrom === undefined ? null : [`(select min(place) * ${WIDTH} ${spans})`, ...values],
    to: createdTo === undefined ? null : [`(select (max(place) + 1) * ${WIDTH} ${spans})`, ...values],
  }
}

/** {@link spanOf} as conditions on `runs r`: a serial that is compared with null is nobody's. */
export function spanConditions(filter: RunFilter): readonly Sql[] {
  const { from, to } = spanOf(filter)
  const found: Sql[] = []
  if (from !== null) found.push([`r.serial >= ${from[0]}`, ...from.slice(1).map(Number)])
  if (to !== null) found.push([`r.serial < ${to[0]}`, ...to.slice(1).map(Number)])
  return found
}
