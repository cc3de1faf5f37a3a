import type { Json, JsonObject } from '../../model/json.ts'
import { BAMBOO_DEPTH_MAX, BambooError, type Meter } from './meter.ts'

/**
 * Values as BlueKing's language has them, which is Python's: whole numbers of any size apart from floats, lists apart
 * from tuples. A float is a JavaScript number, an int a bigint. Nothing is ever changed in place.
 */
export type Value =
  | Scalar
  | Items
  | Dict
  | Set_
  | Bytes
  | Digest
  | Compiled
  | Match
  | Moment
  | Span
  | Callable
  | Module
  | Unknown
export type Scalar = null | boolean | bigint | number | string
export interface Items {
  readonly kind: 'list' | 'tuple'
  readonly items: readonly Value[]
  /** What Python makes lazily shows so: the name of a dict's view, or the whole text of a range. */
  readonly lazy?: string
  /** A tuple whose places have names: what its type is called, and the names of the first of them. */
  readonly named?: { readonly type: string; readonly fields: readonly string[] }
}
export interface Dict {
  readonly kind: 'dict'
  /** By {@link keyOf}, in the order of insertion. */
  readonly entries: ReadonlyMap<string, readonly [key: Value, value: Value]>
  /** It is an object in Python, which has its keys as attributes: `_system` alone is one. */
  readonly isObject?: true
}
/** A set: by {@link keyOf}, in the order of insertion. */
export interface Set_ {
  readonly kind: 'set'
  readonly entries: ReadonlyMap<string, Value>
}
/** What a text is when it is encoded, byte by byte. */
export interface Bytes {
  readonly kind: 'bytes'
  readonly bytes: readonly number[]
}
/** A checksum, before it is asked for its text. */
export interface Digest {
  readonly kind: 'digest'
  readonly name: string
  readonly bytes: readonly number[]
}
/** A regular expression that was compiled. */
export interface Compiled {
  readonly kind: 'pattern'
  readonly source: string
  /** As Python counts them: `re.I` is 2, `re.M` 8, `re.S` 16, `re.X` 64. */
  readonly flags: number
}
/** Where a pattern was found. */
export interface Match {
  readonly kind: 'match'
  readonly characters: readonly string[]
  /** Of the whole and of each group, in code points; null: the group took no part. */
  readonly spans: readonly (readonly [number, number] | null)[]
  readonly names: ReadonlyMap<string, number>
}
/** A datetime or date without a zone: milliseconds of the wall clock, as if it were UTC. */
export interface Moment {
  readonly kind: 'datetime' | 'date'
  readonly wallMs: number
}
/** A timedelta. */
export interface Span {
  readonly kind: 'timedelta'
  readonly ms: number
}
/** A function: of the language's own list, a method bound to its value, or a lambda. */
export interface Callable {
  readonly kind: 'function'
  readonly name: string
  readonly call: (args: readonly Value[], named: ReadonlyMap<string, Value>) => Value
}
export interface Module {
  readonly kind: 'module'
  readonly name: string
}
/** A name that means nothing: false, equal to nothing else, and without a text. */
export interface Unknown {
  readonly kind: 'unknown'
  readonly name: string
}

export type Kind = 'none' | 'bool' | 'int' | 'float' | 'str' | Exclude<Value, Scalar>['kind']

export function kindOf(value: Value): Kind {
  if (value === null) return 'none'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return 'float'
  return typeof value === 'string' ? 'str' : value.kind
}

const TYPE_NAMES = {
  none: 'NoneType',
  bool: 'bool',
  int: 'int',
  float: 'float',
  str: 'str',
  list: 'list',
  tuple: 'tuple',
  dict: 'dict',
  set: 'set',
  bytes: 'bytes',
  digest: '_hashlib.HASH',
  pattern: 're.Pattern',
  match: 're.Match',
  datetime: 'datetime.datetime',
  date: 'datetime.date',
  timedelta: 'datetime.timedelta',
  function: 'builtin_function_or_method',
  module: 'module',
  unknown: 'Undefined',
} as const satisfies Record<Kind, string>

/** The name of a value's type, as Python's messages have it. */
export const typeName = (value: Value): string => TYPE_NAMES[kindOf(value)]

export const isItems = (value: Value): value is Items =>
  typeof value === 'object' && value !== null && (value.kind === 'list' || value.kind === 'tuple')
export const isDict = (value: Value): value is Dict =>
  typeof value === 'object' && value !== null && value.kind === 'dict'

export const isBytes = (value: Value): value is Bytes =>
  typeof value === 'object' && value !== null && value.kind === 'bytes'

export const isSet = (value: Value): value is Set_ =>
  typeof value === 'object' && value !== null && value.kind === 'set'

export const listOf = (items: readonly Value[]): Items => ({ kind: 'list', items })
export const setOf = (items: Iterable<Value>, meter: Meter): Set_ => {
  const entries = new Map<string, Value>()
  for (const item of items) {
    const key = keyOf(item, meter)
    if (!entries.has(key)) entries.set(key, item)
  }
  return { kind: 'set', entries }
}
export const tupleOf = (items: readonly Value[]): Items => ({ kind: 'tuple', items })
export const dictOf = (pairs: Iterable<readonly [Value, Value]>, meter: Meter): Dict => {
  const entries = new Map<string, readonly [Value, Value]>()
  for (const [key, value] of pairs) {
    const name = keyOf(key, meter)
    entries.set(name, [entries.get(name)?.[0] ?? key, value])
  }
  return { kind: 'dict', entries }
}
/** The value of a key that is text; undefined when there is none. */
export const textKey = (dict: Dict, key: string): Value | undefined => dict.entries.get(`s${key}`)?.[1]

/** Whether a JSON number is an int or a float is not kept: what is whole and safe counts as an int. */
export const numberValue = (value: number): bigint | number =>
  Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value

/** @throws BambooError when it nests too deep. */
export function fromJson(json: Json, meter: Meter, depth = 0): Value {
  meter.spend(1)
  if (typeof json === 'number') return numberValue(json)
  if (typeof json !== 'object' || json === null) return json
  if (depth > BAMBOO_DEPTH_MAX) throw new BambooError('a value nests too deep')
  if (Array.isArray(json)) return listOf((json as readonly Json[]).map((item) => fromJson(item, meter, depth + 1)))
  const entries = Object.entries(json as JsonObject)
  return dictOf(
    entries.map(([key, item]) => [key, fromJson(item, meter, depth + 1)] as const),
    meter,
  )
}

/** What holds in an `if`: all but false, None, zero and what is empty. */
export function isTruthy(value: Value): boolean {
  // JavaScript takes NaN for false.
  if (typeof value === 'number') return value !== 0
  if (value === null || typeof value !== 'object') return Boolean(value)
  switch (value.kind) {
    case 'list':
    case 'tuple':
      return value.items.length > 0
    case 'dict':
    case 'set':
      return value.entries.size > 0
    case 'bytes':
      return value.bytes.length > 0
    case 'timedelta':
      return value.ms !== 0
    case 'unknown':
      return false
    case 'datetime':
    case 'date':
    case 'function':
    case 'module':
    case 'digest':
    case 'pattern':
    case 'match':
      return true
  }
}

/** The number that a value counts as; undefined when it is none. True counts as 1. */
export function asNumber(value: Value): bigint | number | undefined {
  if (typeof value === 'boolean') return value ? 1n : 0n
  return typeof value === 'bigint' || typeof value === 'number' ? value : undefined
}

/** One text for all keys that are equal: `1`, `1.0` and `True` are the same one. */
export function keyOf(value: Value, meter: Meter, depth = 0): string {
  meter.spend(4 + (typeof value === 'string' ? value.length : 0))
  if (typeof value === 'string') return `s${value}`
  if (value === null) return 'N'
  const number = asNumber(value)
  if (number !== undefined) return `n${numberKey(number)}`
  const of = value as Exclude<Value, Scalar>
  if (of.kind === 'tuple' && depth <= BAMBOO_DEPTH_MAX) {
    const keys = of.items.map((item) => keyOf(item, meter, depth + 1))
    const key = `t${keys.map((each) => `${each.length}:${each}`).join('')}`
    meter.spend(key.length)
    return key
  }
  if (of.kind === 'datetime' || of.kind === 'date') return `${of.kind}${of.wallMs}`
  if (of.kind === 'timedelta') return `d${of.ms}`
  if (of.kind === 'bytes') return `b${of.bytes.join()}`
  throw new BambooError(`unhashable type: '${typeName(value)}'`)
}

const numberKey = (number: bigint | number): string =>
  typeof number === 'number' && Number.isInteger(number) ? String(BigInt(number)) : String(number)

/** `==`: numbers by their value, lists item by item; two values of different types are just not equal. */
export function isEqual(left: Value, right: Value, meter: Meter, depth = 0): boolean {
  meter.spend(1)
  if (left === right) return true
  const numbers = [asNumber(left), asNumber(right)] as const
  if (numbers[0] !== undefined && numbers[1] !== undefined) return isSameNumber(numbers[0], numbers[1])
  if (typeof left === 'string' && typeof right === 'string') return false // they were compared above
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return false
  if (depth > BAMBOO_DEPTH_MAX) throw new BambooError('maximum recursion depth exceeded in comparison')
  if (isItems(left) && isItems(right)) {
    const others = right.items
    if (left.kind !== right.kind || left.items.length !== others.length) return false
    return left.items.every((item, at) => isEqual(item, others[at]!, meter, depth + 1))
  }
  if (isDict(left) && isDict(right)) {
    if (left.entries.size !== right.entries.size) return false
    for (const [key, [, value]] of left.entries) {
      const other = right.entries.get(key)
      if (other === undefined || !isEqual(value, other[1], meter, depth + 1)) return false
    }
    return true
  }
  if (isSet(left) && isSet(right)) return left.entries.size === right.entries.size && isSubset(left, right, meter)
  if (left.kind === 'bytes' && right.kind === 'bytes') return keyOf(left, meter) === keyOf(right, meter)
  if ((left.kind === 'datetime' || left.kind === 'date') && left.kind === right.kind) {
    return left.wallMs === right.wallMs
  }
  return left.kind === 'timedelta' && right.kind === 'timedelta' && left.ms === right.ms
}

export function isSubset(left: Set_, right: Set_, meter: Meter): boolean {
  meter.spend(left.entries.size)
  return [...left.entries.keys()].every((key) => right.entries.has(key))
}

function isSameNumber(left: bigint | number, right: bigint | number): boolean {
  if (typeof left === typeof right) return left === right
  const [float, int] = typeof left === 'number' ? [left, right] : [right, left]
  return Number.isInteger(float) && BigInt(float) === int
}

export type Order = '<' | '<=' | '>' | '>='

/** @throws BambooError when the two have no order, with Python's words. */
export function isInOrder(op: Order, left: Value, right: Value, meter: Meter, depth = 0): boolean {
  const numbers = [asNumber(left), asNumber(right)] as const
  if (numbers[0] !== undefined && numbers[1] !== undefined) return holds(op, numbers[0], numbers[1])
  if (typeof left === 'string' && typeof right === 'string') {
    meter.spend(Math.min(left.length, right.length))
    return holds(op, orderOfText(left, right), 0)
  }
  if (isItems(left) && isItems(right) && left.kind === right.kind && depth <= BAMBOO_DEPTH_MAX) {
    const length = Math.min(left.items.length, right.items.length)
    for (let at = 0; at < length; at += 1) {
      const pair = [left.items[at]!, right.items[at]!] as const
      if (!isEqual(...pair, meter)) return isInOrder(op, ...pair, meter, depth + 1)
    }
    return holds(op, left.items.length, right.items.length)
  }
  if (isBytes(left) && isBytes(right)) {
    meter.spend(Math.min(left.bytes.length, right.bytes.length))
    return holds(op, orderOfBytes(left.bytes, right.bytes), 0)
  }
  if (isSet(left) && isSet(right)) {
    const [small, large] = op === '<' || op === '<=' ? [left, right] : [right, left]
    const isStrict = op === '<' || op === '>'
    return isSubset(small, large, meter) && !(isStrict && small.entries.size === large.entries.size)
  }
  const moments = momentOf(left, right)
  if (moments !== undefined) return holds(op, ...moments)
  throw new BambooError(`'${op}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`)
}

function momentOf(left: Value, right: Value): readonly [number, number] | undefined {
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return undefined
  if (left.kind === 'timedelta' && right.kind === 'timedelta') return [left.ms, right.ms]
  if ((left.kind === 'datetime' || left.kind === 'date') && left.kind === right.kind) {
    return [left.wallMs, right.wallMs]
  }
  return undefined
}

function holds(op: Order, left: bigint | number, right: bigint | number): boolean {
  switch (op) {
    case '<':
      return left < right
    case '<=':
      return left <= right
    case '>':
      return left > right
    case '>=':
      return left >= right
  }
}

function orderOfBytes(left: readonly number[], right: readonly number[]): number {
  const other = left.findIndex((byte, at) => byte !== right[at])
  return other === -1 || other >= right.length ? left.length - right.length : left[other]! - right[other]!
}

/** By code points: JavaScript's `<` goes by UTF-16 units, which puts an emoji before U+E000. */
function orderOfText(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at += 1) {
    if (left.charCodeAt(at) === right.charCodeAt(at)) continue
    return left.codePointAt(at)! - right.codePointAt(at)!
  }
  return left.length - right.length
}
