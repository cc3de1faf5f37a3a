import { type Arguments, functionOf } from './arguments.ts'
import { strftime } from './calendar.ts'
import { codecOf, decoded } from './encoding.ts'
import { formatValue } from './format.ts'
import { BambooError, type Meter } from './meter.ts'
import { calculate, rounded } from './number.ts'
import { charactersOf, itemsOf, operate, spanOf } from './operator.ts'
import { decimalFromText, textOf, wholeOf } from './text.ts'
import {
  asNumber,
  type Callable,
  dictOf,
  isBytes,
  isDict,
  isInOrder,
  isItems,
  isSet,
  isTruthy,
  listOf,
  setOf,
  tupleOf,
  typeName,
  type Value,
} from './value.ts'

/**
 * The functions that an expression may call by their bare names. What Python makes lazily is a list here. Those that
 * bk-sops shields (`MAKO_SANDBOX_SHIELD_WORDS` of its config/default.py: chr, map, filter, isinstance and more) are not here.
 */
interface Function_ {
  /** Most arguments without a name. */
  readonly most: number
  readonly names?: readonly string[]
  readonly body: (args: Arguments) => Value
}

const MANY = 1_000

const FUNCTIONS: ReadonlyMap<string, Function_> = new Map<string, Function_>([
  ['abs', { most: 1, body: (args) => absolute(args.required(0)) }],
  ['all', { most: 1, body: (args) => itemsOf(args.required(0), args.meter).every(isTruthy) }],
  ['any', { most: 1, body: (args) => itemsOf(args.required(0), args.meter).some(isTruthy) }],
  ['bool', { most: 1, body: (args) => isTruthy(args.or(0, false)) }],
  ['bin', { most: 1, body: (args) => withBase(args, '0b', 2) }],
  ['dict', { most: 1, names: ['*'], body: dict }],
  ['enumerate', { most: 2, names: ['start'], body: enumerate }],
  ['float', { most: 1, body: (args) => float(args.or(0, 0n), args.meter) }],
  ['format', { most: 2, body: format }],
  ['hex', { most: 1, body: (args) => withBase(args, '0x', 16) }],
  ['int', { most: 2, names: ['base'], body: int }],
  ['len', { most: 1, body: length }],
  ['list', { most: 1, body: (args) => listOf(itemsOf(args.or(0, listOf([])), args.meter)) }],
  ['max', { most: MANY, names: ['key', 'default'], body: (args) => extreme('>', args) }],
  ['min', { most: MANY, names: ['key', 'default'], body: (args) => extreme('<', args) }],
  ['oct', { most: 1, body: (args) => withBase(args, '0o', 8) }],
  ['ord', { most: 1, body: ord }],
  ['pow', { most: 3, names: ['base', 'exp', 'mod'], body: power }],
  ['range', { most: 3, body: range }],
  ['reversed', { most: 1, body: reversed }],
  ['round', { most: 2, names: ['ndigits'], body: round }],
  ['set', { most: 1, body: (args) => setOf(itemsOf(args.or(0, listOf([])), args.meter), args.meter) }],
  ['sorted', { most: 1, names: ['key', 'reverse'], body: sorted }],
  ['str', { most: 3, names: ['encoding', 'errors'], body: str }],
  ['sum', { most: 2, names: ['start'], body: sum }],
  ['tuple', { most: 1, body: (args) => tupleOf(itemsOf(args.or(0, listOf([])), args.meter)) }],
  ['zip', { most: MANY, body: zip }],
])

export const FUNCTION_NAMES: readonly string[] = [...FUNCTIONS.keys()]

/** The function of that name; undefined when there is none. */
export function functionNamed(name: string, meter: Meter): Callable | undefined {
  const found = FUNCTIONS.get(name)
  return found && functionOf(name, found.most, found.names ?? [], meter, found.body)
}

function absolute(value: Value): Value {
  if (typeof value === 'object' && value?.kind === 'timedelta') return spanOf(Math.abs(value.ms))
  const number = asNumber(value)
  if (typeof number === 'bigint') return number < 0n ? -number : number
  if (number !== undefined) return Math.abs(number)
  throw new BambooError(`bad operand type for abs(): '${typeName(value)}'`)
}

function dict({ or, named, meter }: Arguments): Value {
  const from = or(0, listOf([]))
  const pairs = isDict(from)
    ? [...from.entries.values()]
    : itemsOf(from, meter).map((item) => {
        const pair = itemsOf(item, meter)
        if (pair.length !== 2) throw new BambooError('dictionary update sequence element has not the length 2')
        return [pair[0]!, pair[1]!] as const
      })
  meter.spend(pairs.length)
  return dictOf([...pairs, ...named], meter)
}

function enumerate({ required, optionalInt, meter }: Arguments): Value {
  const start = optionalInt(1, 'start') ?? 0n
  return listOf(itemsOf(required(0), meter).map((item, at) => tupleOf([start + BigInt(at), item])))
}

function reversed({ required, meter }: Arguments): Value {
  const value = required(0)
  if (isSet(value)) throw new BambooError("'set' object is not reversible")
  return listOf(itemsOf(value, meter).toReversed())
}

function float(value: Value, meter: Meter): number {
  if (typeof value === 'string') return decimalFromText(value, meter)
  const number = asNumber(value)
  if (number === undefined) {
    throw new BambooError(`float() argument must be a string or a real number, not '${typeName(value)}'`)
  }
  return calculate('+', number, 0) as number
}

/** Of bytes with their encoding what `decode` makes of them. */
function str(args: Arguments): Value {
  const value = args.or(0, '')
  const isDecoded = args.optional(1, 'encoding') !== undefined || args.optional(2, 'errors') !== undefined
  if (!isDecoded) return textOf(value, args.meter)
  if (!isBytes(value)) throw new BambooError(`decoding to str: need a bytes-like object, ${typeName(value)} found`)
  return decoded(value.bytes, codecOf(args, 1), args.meter)
}

/** With a third argument, of ints alone: the rest that it leaves, step by step. */
function power({ required, optional, meter }: Arguments): Value {
  const [base, exponent, mod] = [required(0, 'base'), required(1, 'exp'), optional(2, 'mod') ?? null]
  if (mod === null) return operate('**', base, exponent, meter)
  if (typeof base !== 'bigint' || typeof exponent !== 'bigint' || typeof mod !== 'bigint') {
    throw new BambooError('pow() 3rd argument not allowed unless all arguments are integers')
  }
  if (mod === 0n) throw new BambooError('pow() 3rd argument cannot be 0')
  if (exponent < 0n) throw new BambooError('an inverse is not looked for')
  let [done, square] = [1n, base]
  for (let left = exponent; left > 0n; left /= 2n) {
    meter.spend(200)
    if (left % 2n === 1n) done = (done * square) % mod
    square = (square * square) % mod
  }
  return operate('%', done, mod, meter)
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'
const PREFIXES: ReadonlyMap<bigint, string> = new Map([
  [2n, '0b'],
  [8n, '0o'],
  [16n, '0x'],
])

/** The base of a number as a program writes it, where only zero may begin with a zero; 0: it is none. */
function writtenBase(body: string): bigint {
  for (const [base, prefix] of PREFIXES) if (body.startsWith(prefix)) return base
  return /^0_?[0_]*[1-9]/.test(body) ? 0n : 10n
}

function int({ or, optionalInt, text, meter }: Arguments): Value {
  const asked = optionalInt(1, 'base')
  if (asked === undefined) return wholeOf(or(0, 0n), meter)
  if (asked === 10n) return wholeOf(text(0), meter)
  const written = text(0).trim().toLowerCase()
  meter.spend(written.length)
  const sign = /^[+-]/.exec(written)?.[0] ?? ''
  const body = written.slice(sign.length)
  const base = asked === 0n ? writtenBase(body) : asked
  const prefix = PREFIXES.get(base) ?? 'none'
  // Single underscores may stand between digits, and after a prefix.
  const parted = body.startsWith(prefix) ? body.slice(prefix.length).replace(/^_/, '') : body
  const digits = /^[0-9a-z]+(?:_[0-9a-z]+)*$/.test(parted) && parted.length <= 100 ? parted.replaceAll('_', '') : ''
  const worths = Array.from(digits, (digit) => BigInt(DIGITS.indexOf(digit)))
  if (base < 2n || base > 36n || digits === '' || worths.some((worth) => worth >= base)) {
    throw new BambooError(`invalid literal for int() with base ${base}`)
  }
  const whole = worths.reduce((total, worth) => total * base + worth, 0n)
  return sign === '-' ? -whole : whole
}

function format({ required, optionalText, meter }: Arguments): Value {
  const [value, spec] = [required(0), optionalText(1) ?? '']
  const isMoment = typeof value === 'object' && (value?.kind === 'datetime' || value?.kind === 'date')
  return isMoment && spec !== '' ? strftime(value.wallMs, spec, meter) : formatValue(value, spec, meter)
}

function length({ required, meter }: Arguments): Value {
  const value = required(0)
  if (typeof value === 'string') return BigInt(charactersOf(value, meter).length)
  if (isItems(value)) return BigInt(value.items.length)
  if (isDict(value) || isSet(value)) return BigInt(value.entries.size)
  if (typeof value === 'object' && value?.kind === 'bytes') return BigInt(value.bytes.length)
  throw new BambooError(`object of type '${typeName(value)}' has no len()`)
}

function callable(value: Value): Callable {
  if (typeof value === 'object' && value?.kind === 'function') return value
  throw new BambooError(`'${typeName(value)}' object is not callable`)
}

/** @param key a function of one argument, or nothing for the items themselves. */
function keysOf(items: readonly Value[], key: Value | undefined): readonly Value[] {
  if (key === undefined || key === null) return items
  const made = callable(key)
  return items.map((item) => made.call([item], new Map()))
}

function extreme(order: '<' | '>', { all, named, meter }: Arguments): Value {
  const items = all.length === 1 ? itemsOf(all[0]!, meter) : all
  const keys = keysOf(items, named.get('key'))
  if (items.length === 0) {
    const fallback = named.get('default')
    if (fallback === undefined || all.length === 0) throw new BambooError('arg is an empty sequence')
    return fallback
  }
  let best = 0
  for (let at = 1; at < keys.length; at += 1) {
    meter.spend(4)
    if (isInOrder(order, keys[at]!, keys[best]!, meter)) best = at
  }
  return items[best]!
}

function range({ required, optionalInt, optional, meter }: Arguments): Value {
  const first = optionalInt(0)
  if (first === undefined)
    throw new BambooError(`'${typeName(required(0))}' object cannot be interpreted as an integer`)
  const [start, stop] = optional(1) === undefined ? [0n, first] : [first, optionalInt(1) ?? 0n]
  const step = optionalInt(2) ?? 1n
  if (step === 0n) throw new BambooError('range() arg 3 must not be zero')
  const count = step > 0n ? (stop - start + step - 1n) / step : (stop - start + step + 1n) / step
  meter.spend(Math.max(0, Number(count)) * 4)
  const items = Array.from({ length: Math.max(0, Number(count)) }, (_, at) => start + BigInt(at) * step)
  return { kind: 'list', items, lazy: `range(${start}, ${stop}${step === 1n ? '' : `, ${step}`})` }
}

function round({ required, optional, optionalInt }: Arguments): Value {
  const number = asNumber(required(0))
  if (number === undefined) throw new BambooError(`type ${typeName(required(0))} doesn't define __round__ method`)
  const places = optional(1, 'ndigits')
  return rounded(number, places === undefined || places === null ? undefined : optionalInt(1, 'ndigits'))
}

function sorted({ required, named, meter }: Arguments): Value {
  const items = itemsOf(required(0), meter)
  const keys = keysOf(items, named.get('key'))
  const order = items.map((_, at) => at)
  const direction = isTruthy(named.get('reverse') ?? null) ? -1 : 1
  order.sort((left, right) => {
    meter.spend(8)
    if (isInOrder('<', keys[left]!, keys[right]!, meter)) return -direction
    return isInOrder('<', keys[right]!, keys[left]!, meter) ? direction : 0
  })
  return listOf(order.map((at) => items[at]!))
}

function sum({ required, or, meter }: Arguments): Value {
  let total = or(1, 0n, 'start')
  if (typeof total === 'string') throw new BambooError("sum() can't sum strings [use ''.join(seq) instead]")
  for (const item of itemsOf(required(0), meter)) total = operate('+', total, item, meter)
  return total
}

function zip({ all, meter }: Arguments): Value {
  const columns = all.map((value) => itemsOf(value, meter))
  const rows = columns.length === 0 ? 0 : Math.min(...columns.map((column) => column.length))
  return listOf(Array.from({ length: rows }, (_, at) => tupleOf(columns.map((column) => column[at]!))))
}

function withBase({ optionalInt }: Arguments, prefix: string, base: number): string {
  const whole = optionalInt(0)
  if (whole === undefined) throw new BambooError('an integer is needed')
  return `${whole < 0n ? '-' : ''}${prefix}${(whole < 0n ? -whole : whole).toString(base)}`
}

function ord({ text, meter }: Arguments): Value {
  const characters = charactersOf(text(0), meter)
  if (characters.length !== 1) throw new BambooError('ord() expected a character')
  return BigInt(characters[0]!.codePointAt(0)!)
}
