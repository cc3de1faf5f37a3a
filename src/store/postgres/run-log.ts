import type { EventRecord, LogEntry } from '../../model/event.ts'
import { asId, type PipelineId, type RunId } from '../../model/id.ts'
import { checkCommit } from '../kit/commit.ts'
import { spanConditions } from '../kit/creation-spans.ts'
import { pageOf, type StoredEntry } from '../kit/flatten.ts'
import { countedPartsOf, countsOf, PIPELINES_MAX, partsNamed, partsOf } from '../kit/run-filter.ts'
import type { FeedFilter, NumberedEntry, RunFilter, RunLog, RunRef } from '../store.ts'
import { Commits } from './commits.ts'
import { bounded, conditions } from './conditions.ts'
import type { Database, Value } from './database.ts'
import { Reserves } from './reserves.ts'
import { endedConditions, filterConditions, newestOf } from './run-filters.ts'
import { runSummary, type RunRow, SELECT_RUN } from './rows.ts'

/** So many entries of a page are asked for at once: those of a filter that lets little through lie far apart. */
const PAGE_MAX = 5_000

/** @param onLost see {@link Commits} */
export function postgresRunLog(
  database: Database,
  onLost: (error: Error) => void,
  dutyPid?: () => number | null,
): RunLog {
  const commits = new Commits(database, onLost, dutyPid)
  const reserves = new Reserves()
  const lastNumber = async (): Promise<number> => {
    const sql = `select value from counters where name = 'event'`
    return (await database.rows<{ readonly value: number }>(sql))[0]?.value ?? 0
  }
  return {
    reserve: (pipelineId) => database.track((session) => reserves.reserve(session, pipelineId)),
    commit: (commit) =>
      database.track(async () => {
        checkCommit(commit)
        return commits.commit(commit)
      }),
    remove: async (ids) => {
      const gone = await database.rows<{ readonly id: string }>('select id from remove_runs($1)', [ids])
      return gone.map(({ id }) => asId<RunId>(id))
    },
    entries: async (runId, afterSeq, limit) => {
      const rows = await database.rows<{ readonly body: string }>(
        `select body from entries where run = (select serial from runs where id = $1) and seq > $2
         order by seq limit $3`,
        [runId, afterSeq, bounded(limit)],
      )
      return rows.map(({ body }) => parseEntry(body))
    },
    events: async (runId, afterSeq, limit) => {
      // An entry has one event at least, so as many entries as events are asked for will do.
      const rows = await database.rows<EntryRow>(
        `select e.number, r.id as run_id, e.body from entries e join runs r on r.serial = e.run
         where r.id = $1 and e.seq > $2 order by e.seq limit $3`,
        [runId, afterSeq, bounded(limit)],
      )
      return pageOf(rows.map(storedEntry), ({ seq }) => seq > afterSeq, limit)
    },
    feed: async (after, filter, limit) => {
      const page: EventRecord[] = []
      for (let from = after; page.length < limit;) {
        const asked = Math.min(bounded(limit - page.length), PAGE_MAX)
        const rows = await feedEntries(database, from, filter, asked)
        page.push(...pageOf(rows.map(storedEntry), ({ number }) => number > after, limit - page.length))
        const last = rows.at(-1)
        if (last === undefined || rows.length < asked) break
        from = last.number
      }
      return page
    },
    lastNumber,
    snapshot: async (runId) => {
      const [row] = await database.rows<{ readonly seq: number; readonly data: string }>(
        'select s.seq, s.data from snapshots s join runs r on r.serial = s.run where r.id = $1',
        [runId],
      )
      return row
    },
    summary: async (ref) => {
      const [row] = await findRow(database, ref)
      return row === undefined ? undefined : runSummary(row)
    },
    summaries: async (ids) => {
      const rows = await database.rows<RunRow>(
        `${SELECT_RUN} join unnest($1::text[]) with ordinality as asked (id, place) on asked.id = r.id
         order by asked.place`,
        [ids],
      )
      return rows.map(runSummary)
    },
    list: async (filter, before, limit) => {
      const values: Value[] = [bounded(limit)]
      const parts =
        filter.text === undefined ? partsOf(filter) : partsNamed(filter, await pipelinesNamed(database, filter))
      if (parts.length === 0) return []
      const pages = parts.map((part) => `(${newestOf(part, before, values)})`)
      const sql = `select * from (${pages.join(' union all ')}) page order by serial desc limit $1`
      return (await database.planned<RunRow>(sql, values)).map(runSummary)
    },
    count: async (filter) => {
      const values: Value[] = []
      const { ended, underWay } = countsOf(filter) ?? { ended: null, underWay: filter }
      const rows = underWay === null ? [] : countedPartsOf(underWay)
      const sums = rows.map((part) => {
        const { where } = conditions([...filterConditions(part), ...spanConditions(part)], values)
        return `select count(*) from runs r ${where}`
      })
      if (ended !== null) {
        const { where } = conditions(endedConditions(ended), values)
        sums.push(`select coalesce(sum(c.runs), 0) from ended_counts c ${where}`)
      }
      if (sums.length === 0) return 0
      const sql = `select sum(s.sum)::bigint as count from (${sums.join(' union all ')}) s (sum)`
      return (await database.planned<{ readonly count: number }>(sql, values))[0]?.count ?? 0
    },
    live: async () => {
      const rows = await database.rows<{ readonly id: string }>('select id from runs where live order by serial')
      return rows.map(({ id }) => asId<RunId>(id))
    },
    idempotent: async (key, now) => {
      const [row] = await database.rows<{ readonly id: string; readonly fingerprint: string }>(
        'select r.id, i.fingerprint from idempotency i join runs r on r.serial = i.run where i.key = $1 and i.until > $2',
        [key, now],
      )
      return row === undefined ? undefined : { runId: asId<RunId>(row.id), fingerprint: row.fingerprint }
    },
  }
}

/** An entry as it lies in the log. */
interface EntryRow {
  readonly number: number
  readonly run_id: string
  readonly body: string
}

/** @see Shared.entriesAfter in the port. */
export async function entriesAfter(
  database: Pick<Database, 'rows'>,
  after: number,
  limit: number,
): Promise<readonly NumberedEntry[]> {
  const rows = await database.rows<EntryRow>(
    `select e.number, r.id as run_id, e.body from entries e join runs r on r.serial = e.run
     where e.number > $1 order by e.number limit $2`,
    [after, bounded(limit)],
  )
  return rows.map(storedEntry)
}

const parseEntry = (body: string): LogEntry => JSON.parse(body) as LogEntry

const storedEntry = ({ number, run_id: runId, body }: EntryRow): StoredEntry => ({
  runId: asId<RunId>(runId),
  lastNumber: number,
  entry: parseEntry(body),
})

function feedEntries(database: Database, after: number, filter: FeedFilter, limit: number): Promise<EntryRow[]> {
  const { where, values } = conditions([
    ['e.number > ?', after],
    filter.runId !== undefined && ['e.run = (select serial from runs where id = ?)', filter.runId],
    filter.pipelineId !== undefined && ['r.pipeline = ?', filter.pipelineId],
    filter.projectIds !== undefined && ['r.project = any(?)', filter.projectIds],
  ])
  const sql = `select e.number, r.id as run_id, e.body from entries e join runs r on r.serial = e.run ${where}
    order by e.number limit $${values.length + 1}`
  // Of a pipeline or a project, a plan for any limit would sort all that is newer.
  const isOfAll = filter.pipelineId === undefined && filter.projectIds === undefined
  return isOfAll ? database.rows(sql, [...values, limit]) : database.planned(sql, [...values, limit])
}

function findRow(database: Database, ref: RunRef): Promise<RunRow[]> {
  switch (ref.by) {
    case 'id':
      return database.rows(`${SELECT_RUN} where r.id = $1`, [ref.id])
    case 'serial':
      return database.rows(`${SELECT_RUN} where r.serial = $1`, [ref.serial])
    case 'number':
      return database.rows(`${SELECT_RUN} where r.pipeline = $1 and r.number = $2`, [ref.pipelineId, ref.number])
    case 'latest': {
      const values: Value[] = [1]
      return database.rows(newestOf({ pipelineId: ref.pipelineId }, null, values), values)
    }
  }
}

/** Pipelines of which any run was named so, as far as {@link partsNamed} wants them. */
async function pipelinesNamed(database: Database, filter: RunFilter): Promise<readonly PipelineId[]> {
  const { statuses: _, needsPerson: _needs, createdFrom: _from, createdTo: _to, ...named } = filter
  const values: Value[] = [PIPELINES_MAX + 1]
  const ended = conditions(endedConditions(named), values)
  const live = conditions([['r.live'], ...filterConditions(named)], values)
  const rows = await database.rows<{ readonly pipeline: PipelineId }>(
    `select c.pipeline from ended_counts c ${ended.where} union select r.pipeline from runs r ${live.where} limit $1`,
    values,
  )
  return rows.map(({ pipeline }) => pipeline)
}
