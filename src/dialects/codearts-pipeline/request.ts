import type { Json } from '../../model/json.ts'
import type { Instant } from '../../model/time.ts'
import { quote } from '../kit/query.ts'
import { parsePlain } from '../kit/time.ts'
import {
  BadValue,
  fields,
  integer,
  oneOf,
  optionalText,
  queryInteger,
  read,
  type Read,
  readObject,
  VALUE_MAX,
} from './read.ts'
import type { OutcomeWord, StatusWord } from './wire.ts'

/** What the v3 calls ask, checked. */

const PARAMS_MAX = 1_000
const IDS_MAX = 100
const DAY_MS = 86_400_000
/** "at most one month apart": from a day to the same day of the next month, of the longest month, both days included. */
const PERIOD_MAX_MS = 32 * DAY_MS

/** `{"build_params": [{"name", "value"}]}`, or nothing. */
export const readStart = (bytes: Uint8Array): Read<Readonly<Record<string, string>>> =>
  readObject(bytes, (body) => {
    const given = fields(body, 'the body', ['build_params'])['build_params'] ?? []
    if (!Array.isArray(given)) throw new BadValue('build_params: expected an array of name and value')
    if (given.length > PARAMS_MAX)
      throw new BadValue(`build_params: expected at most ${PARAMS_MAX}, found ${given.length}`)
    const params = new Map<string, string>()
    for (const [index, item] of (given as readonly Json[]).entries()) {
      const at = `build_params[${index}]`
      const { name, value } = fields(item, at, ['name', 'value'])
      if (typeof name !== 'string' || name === '') throw new BadValue(`${at}.name: expected text`)
      if (typeof value !== 'string' || value.length > VALUE_MAX) {
        throw new BadValue(`${at}.value: expected text of at most ${VALUE_MAX} characters`)
      }
      if (params.has(name)) throw new BadValue(`${at}.name: ${quote(name)} is given twice`)
      params.set(name, value)
    }
    return Object.fromEntries(params)
  })

export interface ListQuery {
  readonly text: string | null
  /** Empty: of any. */
  readonly projectIds: readonly string[]
  readonly creatorIds: readonly string[]
  readonly executorIds: readonly string[]
  /** Empty: of any. */
  readonly statuses: readonly StatusWord[]
  readonly outcomes: readonly OutcomeWord[]
  readonly gitUrl: string | null
  readonly sort: { readonly key: SortKey; readonly descending: boolean } | null
  readonly offset: number
  readonly limit: number
}

/** The vendor names none; these are the fields of the answer that have an order. */
const SORT_KEYS = ['pipeline_name', 'create_time', 'start_time'] as const
export type SortKey = (typeof SORT_KEYS)[number]

const STATUS_WORDS = ['waiting', 'running', 'verifying', 'suspending', 'completed'] as const satisfies StatusWord[]
const OUTCOME_WORDS = ['success', 'error', 'aborted'] as const satisfies OutcomeWord[]
/** Unknown keys are passed over: the vendor's own sample has one that no table names. */
export const readList = (bytes: Uint8Array): Read<ListQuery> =>
  readObject(bytes, (body) => {
    const key = oneOf(optionalText(body, 'sort_key'), 'sort_key', SORT_KEYS)
    // The SDK's sample says `sort_type`.
    const direction = oneOf(optionalText(body, body['sort_dir'] === undefined ? 'sort_type' : 'sort_dir'), 'sort_dir', [
      'asc',
      'desc',
    ])
    return {
      text: optionalText(body, 'pipeline_name'),
      projectIds: ids(optionalText(body, 'project_ids'), 'project_ids', 10),
      creatorIds: ids(optionalText(body, 'creator_ids'), 'creator_ids', 10),
      executorIds: ids(optionalText(body, 'executor_ids'), 'executor_ids', 10),
      statuses: words(optionalText(body, 'status'), 'status', STATUS_WORDS),
      outcomes: words(optionalText(body, 'outcome'), 'outcome', OUTCOME_WORDS),
      gitUrl: optionalText(body, 'git_url'),
      sort: key === null && direction === null ? null : { key: key ?? 'create_time', descending: direction === 'desc' },
      offset: integer(body['offset'], 'offset', { min: 0, max: 1_000_000, fallback: 0 }),
      limit: integer(body['limit'], 'limit', { min: 10, max: 50, fallback: 10 }),
    }
  })

/** `pipeline_ids=a,b`, or the name again for each: each once, in the order given. */
export const readPipelineIds = (query: URLSearchParams): Read<readonly string[]> =>
  read(() => {
    const found = ids(query.getAll('pipeline_ids').join(','), 'pipeline_ids', IDS_MAX)
    if (found.length === 0) throw new BadValue('pipeline_ids: expected ids joined with ","')
    return found
  })

/** A parameter that the call cannot do without. */
export const readText = (query: URLSearchParams, name: string): Read<string> =>
  read(() => {
    const value = query.get(name)
    if (value === null || value === '') throw new BadValue(`${name}: expected a value, found none`)
    return value
  })

export interface RecordsQuery {
  /** First and last instant, both included; null: no bound. */
  readonly from: Instant | null
  readonly to: Instant | null
  readonly status: StatusWord | null
  readonly outcome: OutcomeWord | null
  readonly offset: number
  readonly limit: number
}

/** `needsPeriod`: both dates must be there. */
export const readRecords = (
  query: URLSearchParams,
  needsPeriod: boolean,
  zoneOffsetMinutes: number,
): Read<RecordsQuery> =>
  read(() => {
    const from = date(query, 'start_date', needsPeriod, zoneOffsetMinutes)
    const lastDay = date(query, 'end_date', needsPeriod, zoneOffsetMinutes)
    const to = lastDay === null ? null : lastDay + (hasTime(query.get('end_date')) ? 999 : DAY_MS - 1)
    if (from !== null && to !== null && (to < from || to - from > PERIOD_MAX_MS)) {
      throw new BadValue('start_date and end_date: expected a period of at most one month, from the first to the last')
    }
    return {
      from,
      to,
      status: oneOf(query.get('status') || null, 'status', STATUS_WORDS),
      outcome: oneOf(query.get('outcome') || null, 'outcome', OUTCOME_WORDS),
      offset: queryInteger(query, 'offset', { min: 0, max: 100_000, fallback: 0 }),
      limit: queryInteger(query, 'limit', { min: 1, max: 100, fallback: 10 }),
    }
  })

const hasTime = (text: string | null): boolean => text !== null && text.length > 'yyyy-MM-dd'.length

function date(query: URLSearchParams, name: string, required: boolean, zoneOffsetMinutes: number): Instant | null {
  const text = query.get(name) ?? ''
  if (text === '' && !required) return null
  const at = parsePlain(text, zoneOffsetMinutes)
  if (at === undefined) throw new BadValue(`${name}: expected yyyy-MM-dd or yyyy-MM-dd HH:mm:ss, found ${quote(text)}`)
  return at
}

/** Joined with `,`, as the SDK's sample has it. */
const words = <Word extends string>(text: string | null, name: string, known: readonly Word[]): readonly Word[] =>
  ids(text, name, 10).flatMap((word) => oneOf(word, name, known) ?? [])

function ids(text: string | null, name: string, max: number): readonly string[] {
  const parts = (text ?? '').split(',', max + 1)
  const found = parts.map((id) => id.trim()).filter((id) => id !== '')
  if (found.length > max) throw new BadValue(`${name}: expected at most ${max} ids, found more`)
  return [...new Set(found)]
}
