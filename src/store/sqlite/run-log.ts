import type { EventRecord, LogEntry } from '../../model/event.ts'
import { asId, type RunId } from '../../model/id.ts'
import { checkCommit } from '../kit/commit.ts'
import { pageOf, type StoredEntry } from '../kit/flatten.ts'
import type { RunLog } from '../store.ts'
import type { WorkerLink } from './link.ts'
import type { Reads, Writes } from './protocol.ts'
import type { EntryRow as LoggedRow } from './reads/log.ts'
import type { EntryRow } from './writes/commit.ts'

export function sqliteRunLog(writer: WorkerLink<Writes>, reader: WorkerLink<Reads>): RunLog {
  return {
    reserve: (pipelineId) => writer.call('reserve', pipelineId),
    commit: async (commit) => {
      checkCommit(commit)
      const { runId, expectedSeq, entries, summary, snapshot, idempotency } = commit
      const rows = entries.map(entryRow)
      const lastNumber = await writer.call('commit', runId, expectedSeq, rows, summary, snapshot, idempotency)
      return { lastNumber }
    },
    entries: async (runId, afterSeq, limit) => {
      const bodies = await reader.call('entries', runId, afterSeq, limit)
      return bodies.map(parseEntry)
    },
    events: async (runId, afterSeq, limit) => {
      const rows = await reader.call('eventEntries', runId, afterSeq, limit)
      return pageOf(rows.map(storedEntry), ({ seq }) => seq > afterSeq, limit)
    },
    feed: async (after, filter, limit) => {
      const page: EventRecord[] = []
      for (let from: number | null = after; from !== null;) {
        const found: { readonly rows: readonly LoggedRow[]; readonly next: number | null } = await reader.call(
          'feedEntries',
          from,
          filter,
          limit - page.length,
        )
        page.push(...pageOf(found.rows.map(storedEntry), ({ number }) => number > after, limit - page.length))
        from = found.next
      }
      return page
    },
    remove: (ids) => writer.call('removeRuns', ids),
    lastNumber: () => reader.call('lastNumber'),
    snapshot: (runId) => reader.call('snapshot', runId),
    summary: (ref) => reader.call('summary', ref),
    summaries: (ids) => reader.call('summaries', ids),
    list: (filter, before, limit) => reader.call('list', filter, before, limit),
    count: (filter) => reader.call('count', filter),
    live: () => reader.call('live'),
    idempotent: (key, now) => reader.call('idempotent', key, now),
  }
}

const entryRow = (entry: LogEntry): EntryRow => [entry.seq, entry.at, entry.events.length, JSON.stringify(entry)]

const parseEntry = (body: string): LogEntry => JSON.parse(body) as LogEntry

const storedEntry = ({ number, runId, body }: LoggedRow): StoredEntry => ({
  runId: asId<RunId>(runId),
  lastNumber: number,
  entry: parseEntry(body),
})
