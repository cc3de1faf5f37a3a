import type { RunId } from '../../../model/id.ts'
import type { FeedFilter } from '../../store.ts'
import type { Connection } from '../connection.ts'
import { bounded, conditions, type Condition } from './conditions.ts'

/** An entry as it lies in the log; the main thread parses the body. */
export interface EntryRow {
  readonly number: number
  readonly runId: string
  readonly body: string
}

/** So many entries are looked at in one go, so that a feed whose filter lets little through delays no other read. */
const FEED_WINDOW = 20_000

export function entries(connection: Connection, runId: RunId, afterSeq: number, limit: number): string[] {
  const rows = connection.all<{ body: string }>(
    `select body from entries where run = (select serial from runs where id = ?) and seq > ? order by seq limit ?`,
    runId,
    afterSeq,
    bounded(limit),
  )
  return rows.map(({ body }) => body)
}

/** Entries that hold the first `limit` events with seq > afterSeq, the outermost ones perhaps by a part only. */
export function eventEntries(connection: Connection, runId: RunId, afterSeq: number, limit: number): EntryRow[] {
  const rows = connection.iterate<CountedRow>(
    `select number, ? as runId, seq as last, event_count as eventCount, body from entries
     where run = (select serial from runs where id = ?) and seq > ? order by seq`,
    runId,
    runId,
    afterSeq,
  )
  return take(rows, afterSeq, limit).rows
}

/**
 * The same of all runs, by number. It looks at a window of the log at a time: `next` is where the following one
 * begins, null at the end of the log or of the page.
 */
export function feedEntries(
  connection: Connection,
  after: number,
  filter: FeedFilter,
  limit: number,
): { readonly rows: readonly EntryRow[]; readonly taken: number; readonly next: number | null } {
  const newest = lastNumber(connection)
  // All entries of one run are found by its index, so its window is the whole log.
  const until = filter.runId === undefined ? Math.min(newest, after + FEED_WINDOW) : newest
  const wanted: Condition[] = [
    ['e.number > ?', after],
    ['e.number <= ?', until],
    filter.runId !== undefined && ['e.run = (select serial from runs where id = ?)', filter.runId],
    filter.pipelineId !== undefined && ['r.pipeline = ?', filter.pipelineId],
    filter.projectIds !== undefined && [
      'r.project in (select value from json_each(?))',
      JSON.stringify(filter.projectIds),
    ],
  ]
  const { where, values } = conditions(wanted)
  // A cross join keeps the order: the log first, then the run of each entry.
  const rows = connection.iterate<CountedRow>(
    `select e.number, r.id as runId, e.number as last, e.event_count as eventCount, e.body
     from entries e cross join runs r on r.serial = e.run ${where} order by e.number`,
    ...values,
  )
  const page = take(rows, after, limit)
  return { ...page, next: page.taken >= limit || until >= newest ? null : until }
}

export function lastNumber(connection: Connection): number {
  return connection.get<{ number: number }>('select coalesce(max(number), 0) as number from entries')?.number ?? 0
}

interface CountedRow extends EntryRow {
  /** Position of its last event, in what `after` counts. */
  readonly last: number
  readonly eventCount: number
}

function take(
  rows: Iterable<CountedRow>,
  after: number,
  limit: number,
): { readonly rows: EntryRow[]; readonly taken: number } {
  const page: EntryRow[] = []
  let taken = 0
  for (const { number, runId, last, eventCount, body } of rows) {
    if (taken >= limit) break
    page.push({ number, runId, body })
    taken += Math.min(eventCount, last - after)
  }
  return { rows: page, taken: Math.min(taken, limit) }
}
