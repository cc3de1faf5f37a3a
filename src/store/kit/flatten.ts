import type { EventRecord, LogEntry } from '../../model/event.ts'
import type { RunId } from '../../model/id.ts'

/** An entry as stored: with its run, and the global number of the last of its events. */
export interface StoredEntry {
  readonly runId: RunId
  readonly lastNumber: number
  readonly entry: LogEntry
}

/** The single events of an entry. Numbers and seqs of one entry follow each other, so the last ones tell the rest. */
export function flatten({ runId, lastNumber, entry }: StoredEntry): EventRecord[] {
  const { at, actor, events, seq } = entry
  const number0 = lastNumber - events.length + 1
  const seq0 = seq - events.length + 1
  return events.map((event, index) => ({ number: number0 + index, runId, seq: seq0 + index, at, actor, event }))
}

/** The first `limit` events of these entries that `wanted` lets through: a page may begin and end inside an entry. */
export function pageOf(
  entries: readonly StoredEntry[],
  wanted: (record: EventRecord) => boolean,
  limit: number,
): EventRecord[] {
  const page: EventRecord[] = []
  for (const entry of entries) {
    for (const record of flatten(entry)) {
      if (page.length >= limit) return page
      if (wanted(record)) page.push(record)
    }
  }
  return page
}
