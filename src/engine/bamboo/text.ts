import { BAMBOO_DEPTH_MAX, BambooError, type Meter } from './meter.ts'
import { momentRepr, momentText, spanRepr, spanText } from './time.ts'
import { typeName, type Value } from './value.ts'

/** How values look as text, and which texts are numbers: Python's `str`, `repr`, `int` and `float`. */

/** Python's `str(value)`. Text is itself. */
export function textOf(value: Value, meter: Meter): string {
  const text = typeof value === 'string' ? value : reprOf(value, meter)
  meter.spend(text.length)
  return text
}

/** Python's `repr(value)`. @throws BambooError for what has no text that is the same on every machine. */
export function reprOf(value: Value, meter: Meter, depth = 0): string {
  meter.spend(4)
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'bigint') return intText(value, meter)
  if (typeof value === 'number') return floatText(value)
  if (typeof value === 'string') return quoted(value, meter)
  if (depth > BAMBOO_DEPTH_MAX) throw new BambooError('a value nests too deep')
  switch (value.kind) {
    case 'list':
      if (value.lazy?.startsWith('range(') === true) return value.lazy
      if (value.lazy !== undefined)
        return `${value.lazy}(${reprOf({ kind: 'list', items: value.items }, meter, depth)})`
      return `[${value.items.map((item) => reprOf(item, meter, depth + 1)).join(', ')}]`
    case 'tuple': {
      const { named } = value
      const items = value.items.map((item) => reprOf(item, meter, depth + 1))
      if (named !== undefined)
        return `${named.type}(${items.map((item, at) => `${named.fields[at]}=${item}`).join(', ')})`
      return items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`
    }
    case 'dict': {
      const pairs = [...value.entries.values()].map(
        ([key, item]) => `${reprOf(key, meter, depth + 1)}: ${reprOf(item, meter, depth + 1)}`,
      )
      return `{${pairs.join(', ')}}`
    }
    case 'set':
      return setText([...value.entries.values()], meter, depth)
    case 'bytes':
      return bytesText(value.bytes, meter)
    case 'datetime':
    case 'date':
      return depth === 0 ? momentText(value) : momentRepr(value)
    case 'timedelta':
      return depth === 0 ? spanText(value.ms) : spanRepr(value.ms)
    case 'unknown':
      throw new BambooError(`name '${value.name}' is not defined`)
    case 'function':
      return functionText(value)
    case 'module':
    case 'digest':
    case 'pattern':
    case 'match':
      return refuse(value)
  }
}

/** Whole numbers stand in their order, as small ones do in Python; the order of all else is nobody's promise. */
function setText(items: readonly Value[], meter: Meter, depth: number): string {
  if (items.length === 0) return 'set()'
  const ints = items.filter((item) => typeof item === 'bigint')
  const shown = ints.length === items.length ? ints.toSorted((one, other) => (one < other ? -1 : 1)) : items
  return `{${shown.map((item) => reprOf(item, meter, depth + 1)).join(', ')}}`
}

function bytesText(bytes: readonly number[], meter: Meter): string {
  meter.spend(bytes.length * 4)
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'"
  const written = bytes.map((byte) => {
    const character = String.fromCharCode(byte)
    if (character === quote) return `\\${quote}`
    const plain = ESCAPES[character]
    if (plain !== undefined) return plain
    return byte < 0x20 || byte > 0x7e ? `\\x${byte.toString(16).padStart(2, '0')}` : character
  })
  return `b${quote}${written.join('')}${quote}`
}

/** Of a function or type that is named and not called; a method or lambda shows its place in memory there. */
function functionText(value: Extract<Value, { kind: 'function' }>): string {
  if (!FUNCTIONS_SHOWN.has(value.name)) return refuse(value)
  return TYPES_SHOWN.has(value.name) ? `<class '${value.name}'>` : `<built-in function ${value.name}>`
}
const TYPES_SHOWN: ReadonlySet<string> = new Set([
  'bool', 'dict', 'enumerate', 'float', 'int', 'list', 'range', 'reversed', 'set', 'str', 'tuple', 'zip',
]) // prettier-ignore
const FUNCTIONS_SHOWN: ReadonlySet<string> = new Set([
  ...TYPES_SHOWN, 'abs', 'all', 'any', 'bin', 'format', 'hex', 'len', 'max', 'min', 'oct', 'ord', 'pow', 'round', 'sorted', 'sum',
]) // prettier-ignore

/** Digits of an int have to be paid for each time: a list may hold one large int very often. */
function intText(value: bigint, meter: Meter): string {
  const text = String(value)
  meter.spend(text.length)
  return text
}

function refuse(value: Value): never {
  throw new BambooError(`'${typeName(value)}' object has no text here`)
}

/** The shortest digits that give the number back, as JavaScript has them, in Python's form: `1.0`, `1e-05`, `1e+16`. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  if (Object.is(value, -0)) return '-0.0'
  const [digits = '0', power = '0'] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent < -4 || exponent >= 16) {
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
  }
  // toExponential() without an argument has as many digits as needed, and so has toFixed of as many places.
  const places = Math.max(0, digits.replace(/^-?\d\.?/, '').length - exponent)
  return places === 0 ? `${value.toFixed(0)}.0` : value.toFixed(places)
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
/** What Python does not print as it is: other, unassigned and separators but the plain space. */
const UNPRINTABLE = /[\p{C}\p{Z}\\]/gu

function quoted(text: string, meter: Meter): string {
  meter.spend(text.length)
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(UNPRINTABLE, (character) => ESCAPES[character] ?? escapeOf(character))
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`
}

/** A character by its code, as it stands in a text of Python: `\\xe9`, `\\u4e2d`. */
export function escapeOf(character: string): string {
  if (character === ' ') return character
  const code = character.codePointAt(0)!
  const hex = code.toString(16)
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}

const WHOLE = /^\s*([+-]?\d+(?:_\d+)*)\s*$/
const DECIMAL = /^\s*([+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+(?:_\d+)*)?)\s*$/
const NAMED = /^\s*([+-]?)(inf|infinity|nan)\s*$/i
/** Digits that a text may have to be read as a number (Python refuses more than 4,300, too). */
const DIGITS_MAX = 4_300

/** Digits of every script, which stand in rows of ten, as ASCII ones. */
function withAsciiDigits(text: string): string {
  return text.replace(/[^\P{Nd}0-9]/gu, (digit) => {
    const code = digit.codePointAt(0)!
    let first = code
    while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1
    return String((code - first) % 10)
  })
}

/** Python's `int(text)`. @throws BambooError. */
export function wholeFromText(text: string, meter: Meter): bigint {
  meter.spend(text.length)
  const digits = text.length <= DIGITS_MAX ? WHOLE.exec(withAsciiDigits(text))?.[1] : undefined
  if (digits === undefined) {
    throw new BambooError(`invalid literal for int() with base 10: ${quoted(text.slice(0, 100), meter)}`)
  }
  return BigInt(digits.replaceAll('_', '').replace(/^\+/, ''))
}

/** Python's `float(text)`. @throws BambooError. */
export function decimalFromText(text: string, meter: Meter): number {
  meter.spend(text.length)
  if (text.length <= DIGITS_MAX) {
    const number = DECIMAL.exec(withAsciiDigits(text))?.[1]
    if (number !== undefined) return Number(number.replaceAll('_', ''))
    const named = NAMED.exec(text)
    if (named !== null) return (named[1] === '-' ? -1 : 1) * (named[2]!.toLowerCase() === 'nan' ? NaN : Infinity)
  }
  throw new BambooError(`could not convert string to float: ${quoted(text.slice(0, 100), meter)}`)
}

/** Python's `int(value)`. @throws BambooError for what has no whole number. */
export function wholeOf(value: Value, meter: Meter): bigint {
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'bigint') return value
  if (typeof value === 'string') return wholeFromText(value, meter)
  if (typeof value !== 'number') {
    throw new BambooError(
      `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`,
    )
  }
  if (Number.isNaN(value)) throw new BambooError('cannot convert float NaN to integer')
  if (!Number.isFinite(value)) throw new BambooError('cannot convert float infinity to integer')
  return BigInt(Math.trunc(value))
}
