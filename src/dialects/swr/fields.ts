import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { errors, type VendorError } from './errors.ts'
import type { Read } from './request.ts'

/** Fields of a client's document, read one by one; the first that is wrong ends it. */

/** Where in the document: what a message begins with. */
export interface Place {
  readonly path: string
}

class Refusal extends Error {
  readonly error: VendorError
  constructor(error: VendorError, detail: string) {
    super(detail)
    this.error = error
  }
}

/** Ends the reading: the document is refused with this error of the vendor's. */
export function wrong(detail: string, error: VendorError = errors.badParameter): never {
  throw new Refusal(error, detail)
}

/** What `read` makes of the document, or how {@link wrong} refused it. */
export function refusing<Value>(read: () => Value): Read<Value> {
  try {
    return { ok: true, value: read() }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, error: error.error, detail: error.message }
    throw error
  }
}

export const object = (value: Json | undefined, { path }: Place): JsonObject =>
  isJsonObject(value) ? value : wrong(`${path}: expected a mapping, found ${kindOf(value)}`)

/** Missing and null are no items. */
export function list(
  owner: JsonObject,
  key: string,
  options: Partial<Place> & { readonly max: number; readonly required?: boolean },
): readonly Json[] {
  const value = owner[key] ?? null
  const at = pathOf(key, options)
  if (value === null && options.required !== true) return []
  if (!Array.isArray(value)) return wrong(`${at}: expected a list, found ${kindOf(value)}`)
  if (value.length > options.max) wrong(`${at}: expected at most ${options.max}, found ${value.length}`)
  return value as readonly Json[]
}

/**
 * Text; a number or a boolean counts as the text of it, as YAML writes `tag: 5` where JSON has quotes. What is not
 * there is the empty text, which does not do for what is `required`.
 */
export function text(
  owner: JsonObject,
  key: string,
  options: Partial<Place> & { readonly max: number; readonly required?: boolean; readonly error?: VendorError },
): string {
  const value = owner[key] ?? ''
  const at = pathOf(key, options)
  if (typeof value === 'object') return wrong(`${at}: expected text, found ${kindOf(value)}`, options.error)
  const read = String(value)
  if (read === '' && options.required === true) wrong(`${at}: expected text, found nothing`, options.error)
  if (read.length > options.max) {
    wrong(`${at}: expected at most ${options.max} characters, found ${read.length}`, options.error)
  }
  if (read.includes('\0')) wrong(`${at}: expected text without NUL characters`, options.error)
  return read
}

/** A whole number, or the digits of one as text. */
export function number(
  owner: JsonObject,
  key: string,
  options: Partial<Place> & { readonly min: number; readonly max: number },
): number {
  const value = owner[key] ?? null
  const read = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
  const good = Number.isSafeInteger(read) && Number(read) >= options.min && Number(read) <= options.max
  const expected = `expected a whole number from ${options.min} to ${options.max}`
  return good ? Number(read) : wrong(`${pathOf(key, options)}: ${expected}, found ${kindOf(value)}`)
}

/** A scalar as the text of it; nothing else has one. */
export const plain = (value: Json | undefined): string =>
  value === null || typeof value === 'object' ? '' : String(value ?? '')

const pathOf = (key: string, { path }: Partial<Place>): string => (path === undefined ? key : `${path}.${key}`)

function kindOf(value: Json | undefined): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a mapping' : `${JSON.stringify(value).slice(0, 64)}`
}
