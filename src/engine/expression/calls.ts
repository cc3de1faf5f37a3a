import type { CallName } from '../../model/expression.ts'
import type { Json } from '../../model/json.ts'
import { holds, NUMBER_TEXT } from './values.ts'

/** The calls of the native expression language. Values that a call is not meant for give false, or null for a value. */
export function callExpression(name: CallName, args: readonly Json[]): Json {
  const [subject = null, other = null] = args
  switch (name) {
    case 'contains':
      return holds(subject, other)
    case 'contains_all':
      return areLists(subject, other) && allIn(subject, other)
    case 'contains_any':
      return areLists(subject, other) && anyIn(subject, other)
    case 'starts_with':
      return typeof subject === 'string' && typeof other === 'string' && subject.startsWith(other)
    case 'ends_with':
      return typeof subject === 'string' && typeof other === 'string' && subject.endsWith(other)
    case 'length':
      return lengthOf(subject)
    case 'lower':
      return typeof subject === 'string' ? subject.toLowerCase() : null
    case 'upper':
      return typeof subject === 'string' ? subject.toUpperCase() : null
  }
}

function areLists(...values: readonly Json[]): boolean {
  return values.every((value) => Array.isArray(value))
}

const itemsOf = (value: Json): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : [])

function allIn(whole: Json, parts: Json): boolean {
  const known = new Known(itemsOf(whole))
  return itemsOf(parts).every((part) => known.has(part))
}

function anyIn(whole: Json, parts: Json): boolean {
  const known = new Known(itemsOf(whole))
  return itemsOf(parts).some((part) => known.has(part))
}

/**
 * The items of a list to ask for, each in one step, so that two long lists cost what they are long. Only texts, numbers,
 * true, false and null can be found: lists and mappings are in nothing.
 */
class Known {
  readonly #items: ReadonlySet<Json>
  /** Numbers, and what texts are as numbers: `'3.0'` is the number 3, but not the text `'3'`. */
  readonly #numbers: ReadonlySet<number>

  constructor(items: readonly Json[]) {
    this.#items = new Set(items)
    this.#numbers = new Set(items.flatMap((item) => asNumber(item) ?? []))
  }

  has(part: Json): boolean {
    if (typeof part === 'object' && part !== null) return false
    if (this.#items.has(part)) return true
    if (typeof part === 'number') return this.#numbers.has(part)
    const number = asNumber(part)
    return number !== undefined && this.#items.has(number)
  }
}

function asNumber(value: Json): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' && NUMBER_TEXT.test(value) ? Number(value) : undefined
}

/** Characters of a text, items of a list, names of a mapping. */
function lengthOf(value: Json): number | null {
  if (typeof value === 'string') return Array.from(value).length
  return typeof value === 'object' && value !== null ? Object.keys(value).length : null
}
