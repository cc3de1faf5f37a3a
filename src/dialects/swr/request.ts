import type { ProjectRef } from '../../host/app.ts'
import { quote, readInteger as readQueryInteger } from '../kit/query.ts'
import { errors, type VendorError } from './errors.ts'

/** What a request says, read into our words; what cannot be read is the vendor's error. */
export type Read<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: VendorError; readonly detail: string }

const read = <Value>(value: Value): Read<Value> => ({ ok: true, value })
const unreadable = (error: VendorError, detail: string): Read<never> => ({ ok: false, error, detail })

/** An integer as a path carries it: decimal, no sign, no leading zero (but for 0), exact in a double. */
export function readInteger(text: string, name: string): Read<number> {
  if (/^(?:0|[1-9]\d{0,14})$/.test(text)) return read(Number(text))
  return unreadable(errors.badParameter, `${name} must be a decimal integer, found ${quote(text)}`)
}

export interface Slice {
  readonly offset: number
  /** Infinity: all that there are. */
  readonly limit: number
}
/** Most rows of one page. */
const LIMIT_MAX = 1_000
const OFFSET_MAX = 1_000_000_000

/**
 * `limit` 1 to 1,000; `offset` in rows, by default 0. Given empty counts as not given. Who asks for no page gets everything,
 * as nothing would tell them that there is more ("如果请求时传入offset和limit参数，则在Response Header中会增加Content-Range").
 */
export function readSlice(query: URLSearchParams): Read<Slice> {
  const limit = readQueryInteger(query, 'limit', { min: 1, max: LIMIT_MAX, fallback: Number.POSITIVE_INFINITY })
  if (!limit.ok) return unreadable(errors.badLimit, limit.message)
  const offset = readQueryInteger(query, 'offset', { min: 0, max: OFFSET_MAX, fallback: 0 })
  if (!offset.ok) return unreadable(errors.badOffset, offset.message)
  return read({ offset: offset.value, limit: limit.value })
}

export interface Filter {
  readonly text?: string
  /** All of them must name the pipeline's group. */
  readonly groups: readonly ProjectRef[]
}
const FILTER_MAX = 512

/** `name::X|group_id::N|group_name::X`, any of them; a part with an empty value is no condition. */
export function readFilter(query: URLSearchParams): Read<Filter> {
  const parts = readPairs(query, ['name', 'group_id', 'group_name'])
  if (!parts.ok) return parts
  let text: string | undefined
  const groups: ProjectRef[] = []
  for (const [name, value] of parts.value) {
    if (name === 'name') text = value
    if (name === 'group_name') groups.push({ name: value })
    if (name === 'group_id') {
      const id = readInteger(value, 'group_id')
      if (!id.ok) return id
      groups.push({ serial: id.value })
    }
  }
  return read({ ...(text === undefined ? {} : { text }), groups })
}

/** `filter=a::X|b::Y` by the names that are known; of a name given twice the last counts. */
export function readParts<Name extends string>(
  query: URLSearchParams,
  names: readonly Name[],
): Read<{ readonly [Key in Name]?: string }> {
  const pairs = readPairs(query, names)
  return pairs.ok ? read(Object.fromEntries(pairs.value) as { readonly [Key in Name]?: string }) : pairs
}

function readPairs<Name extends string>(
  query: URLSearchParams,
  names: readonly Name[],
): Read<readonly (readonly [Name, string])[]> {
  const given = query.get('filter') ?? ''
  if (given.length > FILTER_MAX) {
    return unreadable(errors.badParameter, `filter must have at most ${FILTER_MAX} characters, found ${given.length}`)
  }
  const pairs: (readonly [Name, string])[] = []
  for (const part of given.split('|').filter((one) => one !== '')) {
    const at = part.indexOf('::')
    const name = names.find((one) => one === part.slice(0, Math.max(at, 0)))
    if (name === undefined) {
      const known = names.map((one) => `${one}::`).join(', ')
      return unreadable(errors.badParameter, `filter takes ${known}, found ${quote(part)}`)
    }
    const value = part.slice(at + 2)
    if (value !== '') pairs.push([name, value])
  }
  return read(pairs)
}

const TRIGGER_PARAMS_MAX = 100
const TRIGGER_NAME = /^\P{Cc}{1,64}$/u
const TRIGGER_VALUE_MAX = 8_192

/** All of a webhook call's query is the trigger's parameters; of a name given twice the last counts. */
export function readTriggerParams(query: URLSearchParams): Read<Readonly<Record<string, string>>> {
  const pairs = [...query]
  if (pairs.length > TRIGGER_PARAMS_MAX) {
    return unreadable(errors.badParameter, `at most ${TRIGGER_PARAMS_MAX} parameters, found ${pairs.length}`)
  }
  const wrong = pairs.find(([name, value]) => !TRIGGER_NAME.test(name) || value.length > TRIGGER_VALUE_MAX)
  if (wrong !== undefined) {
    const limits = `names of 1 to 64 printable and values of at most ${TRIGGER_VALUE_MAX} characters`
    return unreadable(errors.badParameter, `parameters have ${limits}, found ${quote(wrong[0])}`)
  }
  return read(Object.fromEntries(pairs))
}

/** YAML unless JSON is asked for by name: a bare `*` + `/*` gets YAML. Where both are named, the first one counts. */
export function wantsJson(accept: string | null): boolean {
  const named = (accept ?? '')
    .toLowerCase()
    .split(',')
    .filter((part) => !/;\s*q=0(?:\.0*)?\s*$/.test(part))
    .map((part) => (part.split(';')[0] ?? '').trim())
    .find((type) => type === 'application/json' || /^(?:application|text)\/(?:x-)?yaml$/.test(type))
  return named === 'application/json'
}
