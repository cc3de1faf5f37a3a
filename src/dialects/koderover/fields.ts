import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'

/** Fields of a body, as Go reads them where it may: what is missing or null is the type's zero. */
const own = (value: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(value, name) ? value[name] : undefined

/** '' also for what is no text. */
export function textOf(value: JsonObject, name: string): string {
  const found = own(value, name)
  return typeof found === 'string' ? found : ''
}

/** 0 also for what is no integer. */
export function integerOf(value: JsonObject, name: string): number {
  const found = own(value, name)
  return typeof found === 'number' && Number.isSafeInteger(found) ? found : 0
}

/** undefined: not said, or not as true or false. */
export function flagOf(value: JsonObject, name: string): boolean | undefined {
  const found = own(value, name)
  return typeof found === 'boolean' ? found : undefined
}

/** {} also for what is no object. */
export function objectOf(value: JsonObject, name: string): JsonObject {
  const found = own(value, name)
  return isJsonObject(found) ? found : {}
}

/** The objects of a list; [] also for what is no list. */
export function objectsOf(value: JsonObject, name: string): readonly JsonObject[] {
  const found = own(value, name)
  return Array.isArray(found) ? found.filter(isJsonObject) : []
}

type Kind = 'string' | 'boolean' | 'integer' | 'object' | 'list'
const isKind = {
  string: (value: Json) => typeof value === 'string',
  boolean: (value: Json) => typeof value === 'boolean',
  integer: (value: Json) => Number.isSafeInteger(value),
  object: isJsonObject,
  list: Array.isArray,
} as const satisfies Record<Kind, (value: Json) => boolean>

/** What is of another type than Go would take; undefined: nothing is. */
export function misfit(value: JsonObject, kinds: Readonly<Record<string, Kind>>): string | undefined {
  for (const [name, kind] of Object.entries(kinds)) {
    const found = own(value, name) ?? null
    if (found !== null && !isKind[kind](found)) return `${name}: expected ${kind === 'list' ? 'a list' : `a ${kind}`}`
  }
  return undefined
}
