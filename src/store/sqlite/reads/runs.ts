import { asId, type PipelineId, type RunId } from '../../../model/id.ts'
import { isEnded } from '../../../model/status.ts'
import type { Instant } from '../../../model/time.ts'
import type { RunSummary } from '../../../model/view.ts'
import { spanConditions } from '../../kit/creation-spans.ts'
import { countedPartsOf, countsOf, PIPELINES_MAX, partsNamed, partsOf } from '../../kit/run-filter.ts'
import { foldCase } from '../../kit/text.ts'
import { IDEMPOTENCY_MS, type RunFilter, type RunRef } from '../../store.ts'
import type { Connection } from '../connection.ts'
import { runSummary, type RunRow, selectRuns } from '../rows.ts'
import { bounded, conditions, type Condition } from './conditions.ts'

export function summary(connection: Connection, ref: RunRef): RunSummary | undefined {
  const row = findRow(connection, ref)
  return row === undefined ? undefined : runSummary(row)
}

function findRow(connection: Connection, ref: RunRef): RunRow | undefined {
  switch (ref.by) {
    case 'id':
      return connection.get<RunRow>(`${selectRuns('runs r')} where r.id = ?`, ref.id)
    case 'serial':
      return connection.get<RunRow>(`${selectRuns('runs r')} where r.serial = ?`, ref.serial)
    case 'number':
      return connection.get<RunRow>(
        `${selectRuns('runs r')} where r.pipeline = ? and r.number = ?`,
        ref.pipelineId,
        ref.number,
      )
    case 'latest':
      return connection.get<RunRow>(
        `${selectRuns('runs r')} where r.serial = (select max(serial) from runs where pipeline = ?)`,
        ref.pipelineId,
      )
  }
}

export function summaries(connection: Connection, ids: readonly RunId[]): RunSummary[] {
  const rows = connection.all<RunRow>(
    `${selectRuns('runs r')} join json_each(?) asked on asked.value = r.id order by asked.key`,
    JSON.stringify(ids),
  )
  return rows.map(runSummary)
}

export function list(connection: Connection, filter: RunFilter, before: number | null, limit: number): RunSummary[] {
  const older: Condition = before !== null && ['r.serial < ?', before]
  const filters = filter.text === undefined ? partsOf(filter) : partsNamed(filter, pipelinesNamed(connection, filter))
  if (filters.length === 0) return []
  const parts = filters.map((part) => ({
    ...conditions([older, ...filterConditions(part, 'list')]),
    by: orderOf(part),
  }))
  const pages = parts.map(
    ({ where, by }) => `select * from (select * from runs r ${by} ${where} order by r.serial desc limit ?)`,
  )
  const values = parts.flatMap((part) => [...part.values, bounded(limit)])
  // The page first, so that the log is looked at for its rows only.
  const page = `(select * from (${pages.join(' union all ')}) order by serial desc limit ?) r`
  return connection.all<RunRow>(`${selectRuns(page)} order by r.serial desc`, ...values, bounded(limit)).map(runSummary)
}

/**
 * The index that has the runs of a part of a filter in the order of a list. SQLite knows nothing of how many rows one leads
 * to, and takes the wrong one by itself: it fails where it cannot go by this one.
 */
function orderOf({ projectIds, pipelineId, statuses, needsPerson, causeBy }: RunFilter): string {
  if (needsPerson === true) return 'indexed by runs_needing_person'
  const [only] = statuses ?? []
  const isOfOne = projectIds?.length === 1
  if (only !== undefined && statuses?.length === 1 && isEnded(only)) {
    const last = causeBy?.length === 1 ? 'cause' : 'end'
    if (pipelineId !== undefined) return `indexed by runs_by_pipeline_${last}`
    return `indexed by ${isOfOne ? 'runs_by_project' : 'runs_by'}_${last}`
  }
  if (statuses !== undefined && !statuses.some(isEnded)) return 'indexed by runs_live'
  if (pipelineId !== undefined) return 'indexed by runs_by_pipeline'
  return isOfOne ? 'indexed by runs_by_project' : 'not indexed'
}

/** Pipelines of which any run was named so, as far as {@link partsNamed} wants them. */
function pipelinesNamed(connection: Connection, filter: RunFilter): readonly PipelineId[] {
  const { statuses: _, needsPerson: _needs, createdFrom: _from, createdTo: _to, ...named } = filter
  const ended = conditions(endedConditions(named))
  const live = conditions([['r.live = 1'], ...filterConditions(named, 'list')])
  const rows = connection.all<{ pipeline: PipelineId }>(
    `select c.pipeline from ended_counts c ${ended.where}
     union select r.pipeline from runs r indexed by runs_live ${live.where} limit ?`,
    ...ended.values,
    ...live.values,
    PIPELINES_MAX + 1,
  )
  return rows.map(({ pipeline }) => pipeline)
}

export function count(connection: Connection, filter: RunFilter): number {
  const { ended, underWay } = countsOf(filter) ?? { ended: null, underWay: filter }
  const sums = (underWay === null ? [] : countedPartsOf(underWay)).map((part) => {
    const isByCause = part.causeBy !== undefined
    const { where, values } = conditions(filterConditions(part, isByCause ? 'list' : 'count'))
    return { sql: `(select count(*) from runs r ${isByCause ? orderOf(part) : ''} ${where})`, values }
  })
  if (ended !== null) {
    const { where, values } = conditions(endedConditions(ended))
    sums.push({ sql: `(select coalesce(sum(c.runs), 0) from ended_counts c ${where})`, values })
  }
  if (sums.length === 0) return 0
  const sql = `select ${sums.map((sum) => sum.sql).join(' + ')} as count`
  return connection.get<{ count: number }>(sql, ...sums.flatMap(({ values }) => values))?.count ?? 0
}

/** @param filter one that the counts tell about */
const endedConditions = ({ projectIds, pipelineId, statuses, text }: RunFilter): Condition[] => [
  projectIds !== undefined && ['c.project in (select value from json_each(?))', JSON.stringify(projectIds)],
  pipelineId !== undefined && ['c.pipeline = ?', pipelineId],
  statuses !== undefined && ['c.status in (select value from json_each(?))', JSON.stringify(statuses)],
  text !== undefined && ['instr(c.pipeline_name_folded, ?) > 0', foldCase(text)],
]

/**
 * SQLite knows nothing of how many rows an index leads to, so a plus keeps it from those that are not to be used: a list
 * goes in order of serial and stops, a count since an instant looks at what was created since.
 */
function filterConditions(filter: RunFilter, purpose: 'list' | 'count'): Condition[] {
  const { projectIds, pipelineId, statuses, needsPerson, createdFrom, createdTo, text } = filter
  const { causeBy, causeKinds, isStarted } = filter
  const byCreation = purpose === 'count' && createdFrom !== undefined
  const created = byCreation ? 'r.created_at' : '+r.created_at'
  const column = (name: string): string => (byCreation ? `+r.${name}` : `r.${name}`)
  const [only] = statuses ?? []
  return [
    projectIds !== undefined && oneOf(pipelineId === undefined && !byCreation ? 'r.project' : '+r.project', projectIds),
    pipelineId !== undefined && [`${column('pipeline')} = ?`, pipelineId],
    statuses !== undefined && oneOf(column('status'), statuses),
    // Said again, and with a literal, so that the small indexes of such runs are found.
    statuses !== undefined && !statuses.some(isEnded) && [`${column('live')} = 1`],
    only !== undefined && statuses?.length === 1 && isEnded(only) && [`${column('live')} = 0`],
    needsPerson !== undefined && [needsPerson ? 'r.needs_person = 1' : 'r.needs_person = 0'],
    createdFrom !== undefined && [`${created} >= ?`, createdFrom],
    createdTo !== undefined && [`${created} < ?`, createdTo],
    ...(byCreation ? [] : spanConditions(filter)),
    text !== undefined && ['instr(r.pipeline_name_folded, ?) > 0', foldCase(text)],
    causeBy !== undefined && oneOf(column('cause_by'), causeBy),
    causeKinds !== undefined && oneOf('r.cause_kind', causeKinds),
    isStarted !== undefined && [`r.started_at is ${isStarted ? 'not null' : 'null'}`],
  ]
}

/**
 * The runs of one value are in order in its index; those of several are found faster by going through all.
 * @param column with a plus where its index is not to be used
 */
function oneOf(column: string, values: readonly string[]): Condition {
  const [only] = values
  if (only !== undefined && values.length === 1) return [`${column} = ?`, only]
  return [`+${column.replace('+', '')} in (select value from json_each(?))`, JSON.stringify(values)]
}

export function live(connection: Connection): RunId[] {
  const rows = connection.all<{ id: string }>('select id from runs where live = 1 order by serial')
  return rows.map(({ id }) => asId<RunId>(id))
}

export function snapshot(
  connection: Connection,
  runId: RunId,
): { readonly seq: number; readonly data: string } | undefined {
  return connection.get<{ seq: number; data: string }>(
    'select s.seq, s.data from snapshots s join runs r on r.serial = s.run where r.id = ?',
    runId,
  )
}

export function idempotent(
  connection: Connection,
  key: string,
  now: Instant,
): { readonly runId: RunId; readonly fingerprint: string } | undefined {
  const row = connection.get<{ id: string; fingerprint: string }>(
    'select r.id, i.fingerprint from idempotency i join runs r on r.serial = i.run where i.key = ? and i.at > ?',
    key,
    now - IDEMPOTENCY_MS,
  )
  return row === undefined ? undefined : { runId: asId<RunId>(row.id), fingerprint: row.fingerprint }
}
