import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'

/** Anything that carries annotations: a pipeline's definition, a stage, a task. */
export interface Annotated {
  readonly annotations: Readonly<Record<string, string>>
}

/** A value of an annotation has at most 8,192 characters (docs/reference/definition.md); half a pair more may move on. */
const PIECE = 8_191
/** Levels that an annotation's JSON may have: what follows it down (YAML) does so on the stack. */
const DEPTH_MAX = 32

/** What the vendor said, to be given back as it was: JSON under `name`, and what does not fit in under `name.2`, `name.3`... */
export function jsonAnnotation(name: string, value: Json | undefined): Readonly<Record<string, string>> {
  if (value === undefined) return {}
  const text = JSON.stringify(value)
  const pieces: [string, string][] = []
  for (let from = 0; from < text.length;) {
    const end = isHighSurrogate(text.charCodeAt(from + PIECE - 1)) ? from + PIECE + 1 : from + PIECE
    pieces.push([pieces.length === 0 ? name : `${name}.${pieces.length + 1}`, text.slice(from, end)])
    from = end
  }
  return Object.fromEntries(pieces)
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd8_00 && unit <= 0xdb_ff

/** One that is not there, or does not parse, counts as not given. */
export function annotation(of: Annotated, name: string): Json | undefined {
  let text = of.annotations[name]
  if (text === undefined) return undefined
  for (let piece = 2; of.annotations[`${name}.${piece}`] !== undefined; piece += 1) {
    text += of.annotations[`${name}.${piece}`]
  }
  try {
    const value = JSON.parse(text) as Json
    return isWithin(value, DEPTH_MAX) ? value : undefined
  } catch {
    return undefined
  }
}

const isWithin = (value: unknown, levels: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (levels > 0 && Object.values(value).every((one) => isWithin(one, levels - 1)))

export function annotatedList(of: Annotated, name: string): readonly Json[] | undefined {
  const value = annotation(of, name)
  return Array.isArray(value) ? (value as readonly Json[]) : undefined
}

export function annotatedObject(of: Annotated, name: string): JsonObject | undefined {
  const value = annotation(of, name)
  return isJsonObject(value) ? value : undefined
}
