import { type Arithmetic, type Bitwise, calculate, calculateBits } from './number.ts'
import { formatted } from './format.ts'
import { BambooError, type Meter } from './meter.ts'
import type { BinaryOperator, Comparison } from './parse.ts'
import { WALL_MAX_MS, WALL_MIN_MS } from './time.ts'
import {
  asNumber,
  isBytes,
  isDict,
  isEqual,
  isInOrder,
  isItems,
  isSet,
  type Items,
  type Moment,
  keyOf,
  listOf,
  setOf,
  tupleOf,
  typeName,
  type Value,
} from './value.ts'

/** What the operators do with two values. Whatever they make is paid for before it is made. */

/** Longest span, in milliseconds: that of the calendar. */
const SPAN_MAX_MS = WALL_MAX_MS - WALL_MIN_MS

export function operate(sign: BinaryOperator, left: Value, right: Value, meter: Meter): Value {
  const numbers = [asNumber(left), asNumber(right)] as const
  if (numbers[0] !== undefined && numbers[1] !== undefined) {
    return operateNumbers(sign, numbers[0], numbers[1], left, right, meter)
  }
  return (
    (sign === '+' && joined(left, right, meter)) ||
    (sign === '*' && repeated(left, right, meter)) ||
    (sign === '%' && typeof left === 'string' && { text: formatted(left, right, meter) }) ||
    setOperated(sign, left, right, meter) ||
    ((sign === '+' || sign === '-') && moved(sign, left, right)) ||
    stretched(sign, left, right) ||
    unsupported(sign, left, right)
  ).text
}

/** A result in a box, so that an empty text is no refusal. */
type Made = { readonly text: Value } | undefined

function operateNumbers(
  sign: BinaryOperator,
  left: bigint | number,
  right: bigint | number,
  leftValue: Value,
  rightValue: Value,
  meter: Meter,
): Value {
  meter.spend(16)
  switch (sign) {
    case '+':
    case '-':
    case '*':
    case '/':
    case '//':
    case '%':
    case '**':
      return paid(calculate(sign satisfies Arithmetic, left, right), meter)
    case '<<':
    case '>>':
    case '&':
    case '^':
    case '|': {
      if (typeof left !== 'bigint' || typeof right !== 'bigint') unsupported(sign, leftValue, rightValue)
      const bits = calculateBits(sign satisfies Bitwise, left, right)
      const stays =
        typeof leftValue === 'boolean' && typeof rightValue === 'boolean' && !sign.includes('<') && !sign.includes('>')
      return stays ? bits !== 0n : paid(bits, meter)
    }
  }
}

/** Arithmetic with large ints is slower than with small ones. */
function paid(number: bigint | number, meter: Meter): bigint | number {
  if (typeof number === 'bigint' && (number > 0xffff_ffff_ffffn || number < -0xffff_ffff_ffffn)) meter.spend(2_000)
  return number
}

function unsupported(sign: string, left: Value, right: Value): never {
  throw new BambooError(`unsupported operand type(s) for ${sign}: '${typeName(left)}' and '${typeName(right)}'`)
}

function joined(left: Value, right: Value, meter: Meter): Made {
  if (typeof left === 'string' && typeof right === 'string') {
    meter.spend(left.length + right.length)
    return { text: left + right }
  }
  if (isBytes(left) && isBytes(right)) {
    meter.spend(left.bytes.length + right.bytes.length)
    return { text: { kind: 'bytes', bytes: [...left.bytes, ...right.bytes] } }
  }
  if (!isItems(left) || !isItems(right) || left.kind !== right.kind) return undefined
  if (left.lazy !== undefined || right.lazy !== undefined) return undefined
  meter.spend(left.items.length + right.items.length)
  return { text: sameKind(left, [...left.items, ...right.items]) }
}

function repeated(left: Value, right: Value, meter: Meter): Made {
  const [subject, times] = typeof left === 'string' || isItems(left) ? [left, right] : [right, left]
  const count = typeof times === 'boolean' ? BigInt(times) : times
  if (typeof count !== 'bigint' || (typeof subject !== 'string' && !isItems(subject))) return undefined
  if (typeof subject !== 'string' && subject.lazy !== undefined) return undefined
  const length = typeof subject === 'string' ? subject.length : subject.items.length
  if (count <= 0n || length === 0) return { text: typeof subject === 'string' ? '' : sameKind(subject, []) }
  meter.spend(Number(count) * length)
  if (typeof subject === 'string') return { text: subject.repeat(Number(count)) }
  const items = Array.from({ length: Number(count) }, () => subject.items).flat()
  return { text: sameKind(subject, items) }
}

const sameKind = (like: Items, items: readonly Value[]): Items =>
  like.kind === 'list' ? listOf(items) : tupleOf(items)

function setOperated(sign: BinaryOperator, left: Value, right: Value, meter: Meter): Made {
  if (!isSet(left) || !isSet(right)) return undefined
  meter.spend(left.entries.size + right.entries.size)
  const [one, other] = [[...left.entries], [...right.entries]]
  const made = (entries: readonly (readonly [string, Value])[]): Made => ({
    text: setOf(
      entries.map(([, value]) => value),
      meter,
    ),
  })
  const onlyOne = one.filter(([key]) => !right.entries.has(key))
  if (sign === '|') return made([...one, ...other])
  if (sign === '&') return made(one.filter(([key]) => right.entries.has(key)))
  if (sign === '-') return made(onlyOne)
  return sign === '^' ? made([...onlyOne, ...other.filter(([key]) => !left.entries.has(key))]) : undefined
}

/** Dates and spans of time. */
function moved(sign: '+' | '-', left: Value, right: Value): Made {
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return undefined
  const direction = sign === '+' ? 1 : -1
  if (left.kind === 'timedelta' && right.kind === 'timedelta') return { text: spanOf(left.ms + direction * right.ms) }
  if (sign === '+' && left.kind === 'timedelta') return moved(sign, right, left)
  if (left.kind !== 'datetime' && left.kind !== 'date') return undefined
  if (sign === '-' && right.kind === left.kind) return { text: spanOf(left.wallMs - right.wallMs) }
  if (right.kind !== 'timedelta') return undefined
  const days = Math.floor(right.ms / 86_400_000) * 86_400_000
  return { text: momentOf(left.kind, left.wallMs + direction * (left.kind === 'date' ? days : right.ms)) }
}

/** A span times a number, or by one or by another span. */
function stretched(sign: BinaryOperator, left: Value, right: Value): Made {
  if (sign === '*' && asNumber(left) !== undefined) return stretched(sign, right, left)
  if (left === null || typeof left !== 'object' || left.kind !== 'timedelta') return undefined
  const by = asNumber(right)
  if (sign === '*' && by !== undefined) return { text: spanOf(left.ms * Number(by)) }
  const other = right !== null && typeof right === 'object' && right.kind === 'timedelta' ? right.ms : undefined
  const divisor = by ?? other
  if (divisor === undefined || !(sign === '/' || sign === '//' || sign === '%')) return undefined
  if (Number(divisor) === 0) throw new BambooError('division by zero')
  if (sign === '%') return other === undefined ? undefined : { text: spanOf(((left.ms % other) + other) % other) }
  if (sign === '//') {
    if (other !== undefined) return { text: BigInt(Math.floor(left.ms / other)) }
    return typeof by === 'bigint' ? { text: spanOf(Math.floor(left.ms / Number(by))) } : undefined
  }
  return { text: other === undefined ? spanOf(left.ms / Number(divisor)) : left.ms / other }
}

/** @throws BambooError outside of the years 1 to 9999. */
export function momentOf(kind: 'datetime' | 'date', wallMs: number): Moment {
  if (!(wallMs >= WALL_MIN_MS && wallMs <= WALL_MAX_MS)) throw new BambooError('date value out of range')
  return { kind, wallMs }
}

export function spanOf(ms: number): Value {
  if (!(Math.abs(ms) <= SPAN_MAX_MS)) throw new BambooError('days out of range')
  return { kind: 'timedelta', ms: Math.round(ms) }
}

export function compare(sign: Comparison, left: Value, right: Value, meter: Meter): boolean {
  meter.spend(1)
  switch (sign) {
    case '==':
      return isEqual(left, right, meter)
    case '!=':
      return !isEqual(left, right, meter)
    case '<':
    case '<=':
    case '>':
    case '>=':
      return isInOrder(sign, left, right, meter)
    case 'in':
      return isIn(left, right, meter)
    case 'not in':
      return !isIn(left, right, meter)
    case 'is':
      return isOne(left, right)
    case 'is not':
      return !isOne(left, right)
  }
}

/** The same thing. Small values that are equal are one here; in Python that is so for most of them. */
const isOne = (left: Value, right: Value): boolean => left === right

export function isIn(part: Value, whole: Value, meter: Meter): boolean {
  if (typeof whole === 'string') {
    if (typeof part !== 'string') {
      throw new BambooError(`'in <string>' requires string as left operand, not ${typeName(part)}`)
    }
    meter.spend(whole.length)
    return whole.includes(part)
  }
  if (isBytes(whole) && isBytes(part)) {
    meter.spend(whole.bytes.length * (part.bytes.length + 1))
    return [...whole.bytes, 0].some((_, at) => part.bytes.every((byte, place) => whole.bytes[at + place] === byte))
  }
  if (isBytes(whole) && asNumber(part) === undefined) {
    throw new BambooError(`a bytes-like object is required, not '${typeName(part)}'`)
  }
  if (isDict(whole) || isSet(whole)) return whole.entries.has(keyOf(part, meter))
  return itemsOf(whole, meter).some((item) => isEqual(item, part, meter))
}

/** What a loop over a value sees. @throws BambooError. */
export function itemsOf(value: Value, meter: Meter): readonly Value[] {
  if (isItems(value)) {
    meter.spend(value.items.length)
    return value.items
  }
  if (typeof value === 'string') return charactersOf(value, meter)
  if (isSet(value)) {
    meter.spend(value.entries.size)
    return [...value.entries.values()]
  }
  if (isBytes(value)) {
    meter.spend(value.bytes.length)
    return value.bytes.map(BigInt)
  }
  if (!isDict(value)) throw new BambooError(`'${typeName(value)}' object is not iterable`)
  meter.spend(value.entries.size)
  return Array.from(value.entries.values(), ([key]) => key)
}

/** Python counts code points. */
export function charactersOf(text: string, meter: Meter): readonly string[] {
  meter.spend(text.length)
  return Array.from(text)
}
