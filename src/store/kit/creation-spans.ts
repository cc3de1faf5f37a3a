import type { RunFilter } from '../store.ts'

/** SQL about `runs r` with a `?` for each value behind it. */
type SpanCondition = readonly [sql: string, ...values: number[]]

/** Serials of a span; so in the migrations. */
const WIDTH = 1_024

/**
 * Which serials runs of these times can have, by the table `creation_spans` that both databases keep: a list in order of
 * serial then begins, and ends, where there are such runs. Without it, a list of what is old looks at all that is newer.
 * Where no span has any, the serial is compared with null, and nothing is found.
 */
export function spanConditions({ createdFrom, createdTo }: RunFilter): readonly SpanCondition[] {
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
  const found: SpanCondition[] = []
  if (createdFrom !== undefined) found.push([`r.serial >= (select min(place) * ${WIDTH} ${spans})`, ...values])
  if (createdTo !== undefined) found.push([`r.serial < (select (max(place) + 1) * ${WIDTH} ${spans})`, ...values])
  return found
}
