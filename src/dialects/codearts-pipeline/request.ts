import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { Instant } from '../../model/time.ts'
import { parseJsonObject, type Refused } from '../kit/body.ts'
import { quote, readInteger } from '../kit/query.ts'
import { parsePlain } from '../kit/time.ts'
import type { OutcomeWord, StatusWord } from './wire.ts'

/** What requests of this vendor say, checked. */
export type Read<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly kind: 'body'; readonly refused: Refused }
  | { readonly ok: false; readonly kind: 'value'; readonly message: string }

/** "at most 8192 characters". */
const VALUE_MAX = 8_192
const PARAMS_MAX = 1_000
const IDS_MAX = 100
const DAY_MS = 86_400_000
/** "at most one month apart", of the longest month, both days included. */
const PERIOD_MAX_MS = 31 * DAY_MS

class BadValue extends Error {}

function read<Value>(reader: () => Value): Read<Value> {
  try {
    return { ok: true, value: reader() }
  } catch (error) {
    if (error instanceof BadValue) return { ok: false, kind: 'value', message: error.message }
    throw error
  }
}

function readObject<Value>(
  bytes: Uint8Array,
  known: readonly string[],
  reader: (body: JsonObject) => Value,
): Read<Value> {
  const body = parseJsonObject(bytes)
  if (!body.ok) return { ok: false, kind: 'body', refused: body }
  return read(() => reader(fields(body.value, 'the body', known)))
}

/** `{"build_params": [{"name", "value"}]}`, or nothing. */
export const readStart = (bytes: Uint8Array): Read<Readonly<Record<string, string>>> =>
  readObject(bytes, ['build_params'], (body) => {
    const given = body['build_params'] ?? []
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
  readonly status: StatusWord | null
  readonly outcome: OutcomeWord | null
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
const LIST_FIELDS = [
  'pipeline_name',
  'project_ids',
  'creator_ids',
  'executor_ids',
  'status',
  'outcome',
  'sort_key',
  'sort_dir',
  'git_url',
  'offset',
  'limit',
]

export const readList = (bytes: Uint8Array): Read<ListQuery> =>
  readObject(bytes, LIST_FIELDS, (body) => {
    const key = oneOf(optionalText(body, 'sort_key'), 'sort_key', SORT_KEYS)
    const direction = oneOf(optionalText(body, 'sort_dir'), 'sort_dir', ['asc', 'desc'])
    return {
      text: optionalText(body, 'pipeline_name'),
      projectIds: ids(optionalText(body, 'project_ids'), 'project_ids', 10),
      creatorIds: ids(optionalText(body, 'creator_ids'), 'creator_ids', 10),
      executorIds: ids(optionalText(body, 'executor_ids'), 'executor_ids', 10),
      status: oneOf(optionalText(body, 'status'), 'status', STATUS_WORDS),
      outcome: oneOf(optionalText(body, 'outcome'), 'outcome', OUTCOME_WORDS),
      gitUrl: optionalText(body, 'git_url'),
      sort: key === null && direction === null ? null : { key: key ?? 'create_time', descending: direction === 'desc' },
      offset: integer(body['offset'], 'offset', { min: 0, max: 1_000_000, fallback: 0 }),
      limit: integer(body['limit'], 'limit', { min: 10, max: 50, fallback: 10 }),
    }
  })

/** `pipeline_ids=a,b`: each once, in the order given. */
export const readPipelineIds = (query: URLSearchParams): Read<readonly string[]> =>
  read(() => {
    const found = ids(query.get('pipeline_ids'), 'pipeline_ids', IDS_MAX)
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

interface Range {
  readonly min: number
  readonly max: number
  readonly fallback: number
}

function queryInteger(query: URLSearchParams, name: string, range: Range): number {
  const found = readInteger(query, name, range)
  if (!found.ok) throw new BadValue(found.message)
  return found.value
}

function integer(value: Json | undefined, name: string, { min, max, fallback }: Range): number {
  if (value === undefined || value === null) return fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw new BadValue(`${name}: expected an integer from ${min} to ${max}, found ${quote(JSON.stringify(value))}`)
}

function optionalText(body: JsonObject, name: string): string | null {
  const value = body[name] ?? ''
  if (typeof value !== 'string' || value.length > VALUE_MAX) throw new BadValue(`${name}: expected text`)
  return value === '' ? null : value
}

function oneOf<Word extends string>(text: string | null, name: string, words: readonly Word[]): Word | null {
  if (text === null) return null
  const word = words.find((candidate) => candidate === text)
  if (word === undefined) throw new BadValue(`${name}: expected one of ${words.join(', ')}, found ${quote(text)}`)
  return word
}

function ids(text: string | null, name: string, max: number): readonly string[] {
  const found = (text ?? '').split(',', max + 1).filter((id) => id !== '')
  if (found.length > max) throw new BadValue(`${name}: expected at most ${max} ids, found more`)
  return [...new Set(found)]
}

function fields(value: Json, at: string, known: readonly string[]): JsonObject {
  if (!isJsonObject(value)) throw new BadValue(`${at}: expected an object with ${known.join(', ')}`)
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown === undefined) return value
  throw new BadValue(`${at}: expected ${known.join(', ')}, found ${quote(unknown)}`)
}
