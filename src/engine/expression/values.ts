import type { Json } from '../../model/json.ts'

/** How two values of the native expression language compare. Nothing is converted but text beside a number. */

/** Deepest nesting of parentheses, lists, calls and `not`, and of values that are compared. */
export const EXPRESSION_DEPTH_MAX = 64

export const NUMBER_TEXT = /^-?\d{1,20}(?:\.\d{1,20})?$/

/** Text that is a number counts as that number beside a number (outputs are always text). Nothing else is converted. */
export function asNumbers(left: Json, right: Json): readonly [number, number] | undefined {
  if (typeof left === 'number') {
    if (typeof right === 'number') return [left, right]
    if (typeof right === 'string' && NUMBER_TEXT.test(right)) return [left, Number(right)]
  }
  if (typeof right === 'number' && typeof left === 'string' && NUMBER_TEXT.test(left)) return [Number(left), right]
  return undefined
}

/** Texts, numbers, true, false and null by what they are, lists and mappings by what is in them. */
export function isSame(left: Json, right: Json, depth: number): boolean {
  if (left === right) return true
  const numbers = asNumbers(left, right)
  if (numbers !== undefined) return numbers[0] === numbers[1]
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (depth > EXPRESSION_DEPTH_MAX || Array.isArray(left) !== Array.isArray(right)) return false
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isSame(itemOf(left, name), itemOf(right, name), depth + 1))
  )
}

/** Of a list, too: its places are keys like others. */
const itemOf = (value: object, name: string): Json => (value as Readonly<Record<string, Json>>)[name] ?? null

/** Below, at or above 0; undefined: the two have no order. */
export function orderOf(left: Json, right: Json): number | undefined {
  const numbers = asNumbers(left, right)
  if (numbers !== undefined) return Math.sign(numbers[0] - numbers[1])
  if (typeof left !== 'string' || typeof right !== 'string') return undefined
  return left === right ? 0 : left < right ? -1 : 1
}

/** An item of a list, or a piece of a text. */
export function holds(whole: Json, part: Json): boolean {
  if (typeof whole === 'string') return typeof part === 'string' && whole.includes(part)
  return Array.isArray(whole) && (whole as readonly Json[]).some((item) => isSame(item, part, 0))
}
