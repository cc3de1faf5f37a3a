import { isEnded } from '../../model/status.ts'
import { spanConditions, spanOf } from '../kit/creation-spans.ts'
import { foldCase } from '../kit/text.ts'
import type { RunFilter } from '../store.ts'
import { type Condition, conditions } from './conditions.ts'
import type { Value } from './database.ts'
import { SELECT_RUN } from './rows.ts'

/** Filters of `runs r` as SQL. */

export function filterConditions(filter: RunFilter): Condition[] {
  const { projectIds, pipelineId, statuses, causeBy } = filter
  const [only] = statuses ?? []
  return [
    projectIds !== undefined && oneOf('r.project', projectIds),
    pipelineId !== undefined && ['r.pipeline = ?', pipelineId],
    statuses !== undefined && oneOf('r.status', statuses),
    // Said again, and without a value, so that the small indexes of such runs are found.
    statuses !== undefined && !statuses.some(isEnded) && ['r.live'],
    only !== undefined && statuses?.length === 1 && isEnded(only) && ['not r.live'],
    causeBy !== undefined && oneOf('r.cause_by', causeBy),
    ...otherConditions(filter),
  ]
}

/** Of what stands in no index beside the serial. */
function otherConditions(filter: RunFilter): Condition[] {
  const { needsPerson, createdFrom, createdTo, text, causeKinds, isStarted } = filter
  return [
    needsPerson !== undefined && [needsPerson ? 'r.needs_person' : 'not r.needs_person'],
    createdFrom !== undefined && ['r.created_at >= ?', createdFrom],
    createdTo !== undefined && ['r.created_at < ?', createdTo],
    text !== undefined && ['strpos(r.pipeline_name_folded, ?) > 0', foldCase(text)],
    causeKinds !== undefined && oneOf('r.cause_kind', causeKinds),
    isStarted !== undefined && [`r.started_at is ${isStarted ? 'not null' : 'null'}`],
  ]
}

/** Of the counts of what has ended. @param filter one that they tell about */
export const endedConditions = ({ projectIds, pipelineId, statuses, text }: RunFilter): Condition[] => [
  projectIds !== undefined && ['c.project = any(?)', projectIds],
  pipelineId !== undefined && ['c.pipeline = ?', pipelineId],
  statuses !== undefined && ['c.status = any(?)', statuses],
  text !== undefined && ['strpos(c.pipeline_name_folded, ?) > 0', foldCase(text)],
]

function oneOf(column: string, values: readonly string[]): Condition {
  const [only] = values
  return only !== undefined && values.length === 1 ? [`${column} = ?`, only] : [`${column} = any(?)`, values]
}

/** Behind every serial. */
const LAST = '9223372036854775807'

/**
 * The newest runs of a part of a filter, as many as its `$1` says.
 *
 * PostgreSQL knows how many runs a project, pipeline or person has, and not where they lie: of a pipeline that had many it
 * expects one among the next few, goes through all runs from the newest on, and through a million when the pipeline has
 * rested for a year. So we say the bounds of the index that has them in order as rows, and the order by all of its columns,
 * which no other index gives.
 */
export function newestOf(part: RunFilter, before: number | null, values: Value[]): string {
  const prefix = prefixOf(part)
  if (prefix === undefined) {
    const older: Condition = before !== null && ['r.serial < ?', before]
    const { where } = conditions([older, ...filterConditions(part), ...spanConditions(part)], values)
    return `${SELECT_RUN} ${where} order by r.serial desc limit $1`
  }
  const { columns, rest } = prefix
  const row = (serial: string): string => `(${[...columns.map(() => '?'), serial].join(', ')})`
  const names = `(${[...columns.map(([name]) => name), 'r.serial'].join(', ')})`
  const own = columns.map(([, value]) => value)
  const { from, to } = spanOf(part)
  const [end, ...endValues] = to ?? [LAST]
  const [begin, ...beginValues] = from ?? ['0']
  const { where } = conditions(
    [
      [`${names} < ${row(`least(?::bigint, coalesce(${end}, 0))`)}`, ...own, before, ...endValues],
      [`${names} >= ${row(`coalesce(${begin}, ${LAST})`)}`, ...own, ...beginValues],
      ...rest,
    ],
    values,
  )
  const order = [...columns.map(([name]) => name), 'r.serial'].map((name) => `${name} desc`)
  return `${SELECT_RUN} ${where} order by ${order.join(', ')} limit $1`
}

interface Prefix {
  /** Of the index, before the serial. */
  readonly columns: readonly (readonly [name: string, value: string])[]
  /** What it does not tell. */
  readonly rest: readonly Condition[]
}

/** How the index begins that has the runs of a part in order; undefined: that of all, or a small one, which have the serial only. */
function prefixOf(part: RunFilter): Prefix | undefined {
  const { projectIds = [], pipelineId, statuses, needsPerson, causeBy = [] } = part
  if (needsPerson === true || (statuses !== undefined && !statuses.some(isEnded))) return undefined
  const columns: [name: string, value: string][] = []
  const told = new Set<string>()
  const tell = (field: keyof RunFilter, name: string, [value, ...more]: readonly string[]): void => {
    if (value === undefined || more.length > 0) return
    columns.push([name, value])
    told.add(field)
  }
  if (pipelineId !== undefined) tell('pipelineId', 'r.pipeline', [pipelineId])
  else tell('projectIds', 'r.project', projectIds)
  const isOfEnd = statuses?.length === 1
  if (isOfEnd) {
    tell('causeBy', 'r.cause_by', causeBy)
    tell('statuses', 'r.status', statuses)
  }
  if (columns.length === 0) return undefined
  const left: RunFilter = Object.fromEntries(Object.entries(part).filter(([field]) => !told.has(field)))
  return { columns, rest: [isOfEnd && ['not r.live'], ...filterConditions(left)] }
}
