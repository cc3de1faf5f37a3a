import { isJsonObject, type Json } from '../../model/json.ts'
import type { Instant } from '../../model/time.ts'
import { decodeUtf8, parseForm, parseJsonObject, readBody, type BodyRefusal, type Parsed } from '../kit/body.ts'
import { parsePlain } from '../kit/time.ts'
import { DoorRefusal, type DoorError } from './errors.ts'

/** A request's parameters, all in one bag: the query's, over them the body's, over them those of the path. */
export type Params = Readonly<Record<string, Json>>

/** How the door calls a body that cannot be read. */
const DOOR_ERROR = {
  'too-large': 'too-large',
  unreadable: 'bad-parameter',
  encoded: 'bad-parameter',
  'not-utf8': 'bad-parameter',
  malformed: 'bad-parameter',
  'too-deep': 'bad-parameter',
} as const satisfies Record<BodyRefusal, DoorError>

/** Longest query string: a GET carries all its parameters there. */
const QUERY_MAX = 16_384

/** @throws DoorRefusal when the body, or the query, cannot be read. */
export async function readParams(request: Request, bodyMaxBytes: number): Promise<Params> {
  const { search, searchParams } = new URL(request.url)
  if (search.length > QUERY_MAX) {
    throw new DoorRefusal('bad-parameter', `the query is longer than ${QUERY_MAX} characters`)
  }
  const query = fromForm(searchParams)
  if (request.method !== 'POST') return query
  const bytes = unwrap(await readBody(request, bodyMaxBytes))
  return { ...query, ...parseBody(bytes) }
}

/**
 * A body is JSON when it begins with `{` and a form otherwise: Content-Type is never looked at, as at the real ESB,
 * because its generated clients send none.
 */
function parseBody(bytes: Uint8Array): Params {
  if (!unwrap(decodeUtf8(bytes)).trimStart().startsWith('{')) return fromForm(unwrap(parseForm(bytes)))
  return unwrap(parseJsonObject(bytes))
}

function unwrap<Value>(parsed: Parsed<Value>): Value {
  if (parsed.ok) return parsed.value
  const message =
    parsed.why === 'malformed' ? 'Request JSON string is wrong in format, which cannot be analyzed.' : parsed.message
  throw new DoorRefusal(DOOR_ERROR[parsed.why], message)
}

/** The last of several values with one name counts, as in Django. */
function fromForm(form: URLSearchParams): Params {
  const params: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, value] of form) params[name] = value
  return params
}

/** A text or number as text; undefined where it is missing, null or empty. @throws DoorRefusal on any other type. */
export function optionalText(params: Params, name: string): string | undefined {
  const value = Object.hasOwn(params, name) ? params[name] : undefined
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw new DoorRefusal('bad-parameter', `param ${name} must be a string`)
}

/** @throws DoorRefusal when it is missing, or of a wrong type. */
export function requiredText(params: Params, name: string): string {
  const value = optionalText(params, name)
  if (value === undefined) throw new DoorRefusal('bad-parameter', `param ${name} is required`)
  return value
}

/** Of what bk-sops looks up without asking whether it is there: its refusals say `None`, as Python writes nothing. */
export const textOrNone = (params: Params, name: string): string => optionalText(params, name) ?? 'None'

/** The business as the documents of fast_create_task and import_project_template call it, too. @throws DoorRefusal */
export const ownBusiness = (params: Params): string =>
  optionalText(params, 'bk_biz_id') ?? optionalText(params, 'project_id') ?? requiredText(params, 'bk_biz_id')

/** Booleans of a query are texts: any but the empty one counts as true there, even `false`, as in bk-sops. */
export function isTruthy(params: Params, name: string): boolean {
  const value = Object.hasOwn(params, name) ? params[name] : undefined
  return value !== undefined && value !== null && value !== '' && value !== false && value !== 0
}

/** An object, or JSON text of one, as forms carry it; empty when it is missing. @throws DoorRefusal otherwise. */
export function objectParam(params: Params, name: string): Readonly<Record<string, Json>> {
  const value = structured(params, name)
  if (value === undefined) return {}
  if (!isJsonObject(value)) throw new DoorRefusal('bad-parameter', `param ${name} must be an object`)
  return value
}

/** An array, or JSON text of one; undefined when it is missing. @throws DoorRefusal otherwise. */
export function arrayParam(params: Params, name: string): readonly Json[] | undefined {
  const value = structured(params, name)
  if (value === undefined) return undefined
  if (!Array.isArray(value)) throw new DoorRefusal('bad-parameter', `param ${name} must be an array`)
  return value as readonly Json[]
}

/** Any JSON, or JSON text; undefined when it is missing. @throws DoorRefusal otherwise, in the words of `message`. */
export const jsonParam = (params: Params, name: string, message?: string): Json | undefined =>
  structured(params, name, message)

/** A whole number within bounds, or `fallback` when it is missing. @throws DoorRefusal otherwise. */
export function integerParam(params: Params, name: string, fallback: number, range: readonly [number, number]): number {
  const text = optionalText(params, name)
  if (text === undefined) return fallback
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN
  if (!(value >= range[0] && value <= range[1])) {
    throw new DoorRefusal('bad-parameter', `param ${name} must be an integer from ${range[0]} to ${range[1]}`)
  }
  return value
}

function structured(params: Params, name: string, message = `param ${name} is not valid JSON`): Json | undefined {
  const value = Object.hasOwn(params, name) ? params[name] : undefined
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value) as Json
  } catch {
    throw new DoorRefusal('bad-parameter', message)
  }
}

const DAY_MS = 86_400_000
const TIME = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d)?(\.\d{1,6})? ?(?:(Z)|([+-])(\d\d):?(\d\d))?)?$/

/**
 * An instant as bk-sops' forms take it: `2018-04-26 16:08:34 +0800`, ISO 8601, or either without a zone, which is the
 * server's then. A day alone is its first moment, or its last. Source: its `apigw/forms/get_task_list.py`.
 */
export function readTime(text: string, zoneOffsetMinutes: number, of: 'first' | 'last' = 'first'): Instant | undefined {
  const parts = TIME.exec(text.trim())
  if (parts === null) return undefined
  const [, day = '', time, seconds = ':00', fraction = '', utc, sign, hours, minutes] = parts
  const named = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1)
  const zone = utc === undefined ? (sign === undefined ? zoneOffsetMinutes : named) : 0
  const at = parsePlain(time === undefined ? day : `${day} ${time}${seconds}`, zone)
  if (at === undefined) return undefined
  return time === undefined && of === 'last' ? at + DAY_MS - 1 : at + Math.trunc(Number(`0${fraction}`) * 1_000)
}
