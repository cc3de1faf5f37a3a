import { isJsonObject, type Json } from '../../model/json.ts'
import type { Params } from './params.ts'

/** A number is the most characters of a text that has to be there. */
type Rule = number | 'object' | 'required object'

/** What is wrong with parameters, as jsonschema says it of bk-sops' `apigw/schemas.py`; undefined: nothing. */
export function schemaProblem(params: Params, rules: Readonly<Record<string, Rule>>): string | undefined {
  for (const [name, rule] of Object.entries(rules)) {
    const value = Object.hasOwn(params, name) ? params[name] : undefined
    if (value === undefined) {
      if (rule !== 'object') return `'${name}' is a required property`
      continue
    }
    const problem = typeof rule === 'number' ? textProblem(value, rule) : objectProblem(value)
    if (problem !== undefined) return problem
  }
  return undefined
}

function textProblem(value: Json, max: number): string | undefined {
  if (typeof value !== 'string') return `${shownValue(value)} is not of type 'string'`
  if (value === '') return "'' is too short"
  return value.length > max ? `${shownValue(value)} is too long` : undefined
}

/** JSON text of one is one, as forms carry it. */
function objectProblem(value: Json): string | undefined {
  return isJsonObject(typeof value === 'string' ? parsed(value) : value)
    ? undefined
    : `${shownValue(value)} is not of type 'object'`
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return null
  }
}

/** About as Python writes it. */
export const shownValue = (value: Json): string =>
  (typeof value === 'string' ? `'${value.slice(0, 200)}'` : (WORDS.get(value) ?? JSON.stringify(value))).slice(0, 300)

const WORDS: ReadonlyMap<Json, string> = new Map<Json, string>([
  [null, 'None'],
  [true, 'True'],
  [false, 'False'],
])
