import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { parseJson, parseJsonObject, type Refused, refuseBody } from '../kit/body.ts'
import { quote, readInteger } from '../kit/query.ts'

/** What requests of this vendor say, checked. */
export type Read<Value> = { readonly ok: true; readonly value: Value } | Unreadable
export type Unreadable =
  | { readonly ok: false; readonly kind: 'body'; readonly refused: Refused }
  | { readonly ok: false; readonly kind: 'value' | 'plugin'; readonly message: string }

/** "at most 8192 characters". */
export const VALUE_MAX = 8_192

/** Thrown by readers, caught by {@link read}. */
export class BadValue extends Error {}
/** A step asks for a plugin that is not here: the vendor has a code of its own for that. */
export class UnknownPlugin extends BadValue {}

export function read<Value>(reader: () => Value): Read<Value> {
  try {
    return { ok: true, value: reader() }
  } catch (error) {
    if (!(error instanceof BadValue)) throw error
    return { ok: false, kind: error instanceof UnknownPlugin ? 'plugin' : 'value', message: error.message }
  }
}

/** An object, or no body, which is an empty one. */
export function readObject<Value>(bytes: Uint8Array, reader: (body: JsonObject) => Value): Read<Value> {
  const body = parseJsonObject(bytes)
  if (!body.ok) return { ok: false, kind: 'body', refused: body }
  return read(() => reader(body.value))
}

/** Where the vendor refuses a call without a body (`PARSE_REQUEST_DATA_EXCEPTION`), so that its clients send `{}`. */
export function readBody<Value>(bytes: Uint8Array, reader: (body: Json) => Value): Read<Value> {
  const body = parseJson(bytes)
  if (!body.ok) return { ok: false, kind: 'body', refused: body }
  const { value } = body
  if (value !== undefined) return read(() => reader(value))
  return { ok: false, kind: 'body', refused: refuseBody('malformed', 'expected a body in JSON, found none') }
}
export const readBodyObject = <Value>(bytes: Uint8Array, reader: (body: JsonObject) => Value): Read<Value> =>
  readBody(bytes, (body) => reader(objectAt(body, 'the body')))

export function objectAt(value: Json | undefined, at: string): JsonObject {
  if (value !== undefined && isJsonObject(value)) return value
  throw new BadValue(`${at}: expected an object, found ${kindOf(value)}`)
}

/** null and a missing one are an empty list. */
export function listAt(value: Json | undefined, at: string, max: number): readonly Json[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new BadValue(`${at}: expected an array, found ${kindOf(value)}`)
  if (value.length > max) throw new BadValue(`${at}: expected at most ${max}, found ${value.length}`)
  return value as readonly Json[]
}

export const objectsAt = (value: Json | undefined, at: string, max: number): readonly JsonObject[] =>
  listAt(value, at, max).map((item, index) => objectAt(item, `${at}[${index}]`))

export const textsAt = (value: Json | undefined, at: string, max: number): readonly string[] =>
  listAt(value, at, max).map((item, index) => {
    if (typeof item === 'string' && item.length <= VALUE_MAX) return item
    throw new BadValue(`${at}[${index}]: expected text, found ${kindOf(item)}`)
  })

/** Numbers and flags as they are written; nothing, for what is no scalar. */
export function plainText(value: Json | undefined): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : ''
}

/** `true`, or the same as text: of what {@link optionalFlag} has read, and was kept as it came. */
export const isTrue = (value: Json | undefined): boolean => plainText(value).toLowerCase() === 'true'

/** null: none, or empty. */
export function optionalText(body: JsonObject, name: string, max = VALUE_MAX): string | null {
  const value = body[name] ?? ''
  if (typeof value !== 'string' || value.length > max) {
    throw new BadValue(`${name}: expected text of at most ${max} characters, found ${kindOf(value)}`)
  }
  return value === '' ? null : value
}

export function requiredText(body: JsonObject, name: string, max = VALUE_MAX): string {
  const value = optionalText(body, name, max)
  if (value === null) throw new BadValue(`${name}: expected a value, found none`)
  return value
}

/** `true`, `false`, or the same as text, which some SDKs send (Python's writes a flag of a query `True`); null: not said. */
export function optionalFlag(body: JsonObject, name: string): boolean | null {
  const value = body[name] ?? null
  if (value === null || typeof value === 'boolean') return value
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  if (word === 'true' || word === 'false') return word === 'true'
  throw new BadValue(`${name}: expected true or false, found ${kindOf(value)}`)
}

export interface Range {
  readonly min: number
  readonly max: number
  readonly fallback: number
}

export function queryInteger(query: URLSearchParams, name: string, range: Range): number {
  const found = readInteger(query, name, range)
  if (!found.ok) throw new BadValue(found.message)
  return found.value
}

export function integer(value: Json | undefined, name: string, { min, max, fallback }: Range): number {
  if (value === undefined || value === null) return fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw new BadValue(`${name}: expected an integer from ${min} to ${max}, found ${kindOf(value)}`)
}

/** A number from 0, or the same as text; nothing and empty text are 0. @param of seconds, minutes */
export function amount(value: Json | undefined, name: string, of: string): number {
  const text = typeof value === 'number' || typeof value === 'string' ? String(value).trim() : null
  if ((value ?? null) === null || text === '') return 0
  if (text !== null && /^\d{1,15}(?:\.\d{1,15})?$/.test(text)) return Number(text)
  throw new BadValue(`${name}: expected how many ${of}, found ${kindOf(value)}`)
}

export function oneOf<Word extends string>(text: string | null, name: string, words: readonly Word[]): Word | null {
  if (text === null) return null
  const word = words.find((candidate) => candidate === text)
  if (word === undefined) throw new BadValue(`${name}: expected one of ${words.join(', ')}, found ${quote(text)}`)
  return word
}

/** No unknown keys. */
export function fields(value: Json, at: string, known: readonly string[]): JsonObject {
  if (!isJsonObject(value)) throw new BadValue(`${at}: expected an object with ${known.join(', ')}`)
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown === undefined) return value
  throw new BadValue(`${at}: expected ${known.join(', ')}, found ${quote(unknown)}`)
}

/** A value as a message may name it: a scalar as it is written. */
export function kindOf(value: Json | undefined): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return 'an object'
  return typeof value === 'string' ? quote(value) : String(value)
}
