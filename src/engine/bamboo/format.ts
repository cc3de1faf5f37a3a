import { BambooError, type Meter } from './meter.ts'
import { fixed, floatOf, PLACES_MAX } from './number.ts'
import { escapeOf, floatText, reprOf, textOf, wholeOf } from './text.ts'
import { asNumber, isDict, isItems, textKey, typeName, type Value } from './value.ts'

/** Python's `text % values`, `format(value, spec)` and `text.format(...)`. */

/** Widest field. */
const WIDTH_MAX = 1_000

interface Spec {
  readonly fill: string
  /** Where the text stands: `<`, `>`, `^` or, between sign and digits, `=`. */
  readonly align: string
  readonly sign: string
  readonly alternate: boolean
  readonly width: number
  /** What stands between groups of digits: `,`, `_` or nothing. */
  readonly comma: string
  readonly precision: number | undefined
  readonly type: string
}

const PERCENT = /%%|%(?:\(([^()]{0,100})\))?([-+ 0#]{0,5})(\d{0,4})(?:\.(\d{0,3}))?[hlL]?([diuoxXeEfFgGcrsa])/y

/** @throws BambooError when the values do not fit. */
export function formatted(text: string, values: Value, meter: Meter): string {
  meter.spend(text.length)
  const given = isItems(values) && values.kind === 'tuple' ? values.items : [values]
  const parts: string[] = []
  let used = 0
  let done = 0
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', done)) {
    parts.push(text.slice(done, at))
    PERCENT.lastIndex = at
    const found = PERCENT.exec(text)
    if (found === null) throw new BambooError('unsupported format')
    const [written, key, flags = '', width = '', precision, type = ''] = found
    done = at + written.length
    if (written === '%%') {
      parts.push('%')
      continue
    }
    const value = key === undefined ? given[used] : isDict(values) ? textKey(values, key) : undefined
    if (value === undefined)
      throw new BambooError(key === undefined ? 'not enough arguments for format string' : `'${key}'`)
    used = key === undefined ? used + 1 : 1
    parts.push(
      percentField(value, flags, bounded(width), precision === undefined ? undefined : Number(precision), type, meter),
    )
  }
  if (
    used < given.length &&
    !(
      used === 0 &&
      given.length === 1 &&
      (isDict(values) || (isItems(values) && values.lazy?.startsWith('dict') !== true))
    )
  ) {
    throw new BambooError('not all arguments converted during string formatting')
  }
  parts.push(text.slice(done))
  return parts.join('')
}

function bounded(width: string): number {
  if (Number(width) > WIDTH_MAX) throw new BambooError('width too big')
  return Number(width)
}

function percentField(
  value: Value,
  flags: string,
  width: number,
  precision: number | undefined,
  type: string,
  meter: Meter,
): string {
  const number = asNumber(value)
  const spec: Spec = {
    fill:
      flags.includes('0') && !flags.includes('-') && number !== undefined && 'diuxXofFeEgG'.includes(type) ? '0' : ' ',
    align: flags.includes('-') ? '<' : flags.includes('0') && number !== undefined && !'sra'.includes(type) ? '=' : '>',
    sign: flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '-',
    alternate: flags.includes('#'),
    width,
    comma: '',
    precision,
    type: 'iu'.includes(type) ? 'd' : type,
  }
  switch (spec.type) {
    case 's':
      return cut(textOf(value, meter), spec, meter)
    case 'a':
      return cut(asciiOf(reprOf(value, meter, 1)), { ...spec, type: 's' }, meter)
    case 'r':
      return cut(reprOf(value, meter, 1), { ...spec, type: 's' }, meter)
    case 'c':
      return cut(characterOf(value), { ...spec, precision: undefined }, meter)
    default: {
      if (number === undefined) {
        throw new BambooError(`%${type} format: a real number is required, not ${typeName(value)}`)
      }
      const whole = 'dxXo'.includes(spec.type)
      if (whole && spec.type !== 'd' && typeof number !== 'bigint') {
        throw new BambooError(`%${type} format: an integer is required, not ${typeName(value)}`)
      }
      const digits = whole ? spec.precision : undefined
      const text = numberField(
        whole ? wholeOf(number, meter) : number,
        whole ? { ...spec, precision: undefined } : spec,
        meter,
      )
      return digits === undefined || digits <= 1 ? text : refuse('a precision of whole digits is not read')
    }
  }
}

/** Python's `ascii`, of what `repr` has made. */
const asciiOf = (text: string): string => text.replace(/[^\0-\x7f]/gu, escapeOf)

function characterOf(value: Value): string {
  if (typeof value === 'string' && Array.from(value).length === 1) return value
  const code = asNumber(value)
  if (typeof code === 'bigint' && code >= 0n && code <= 0x10ffffn) return String.fromCodePoint(Number(code))
  throw new BambooError('%c requires int or char')
}

const SPEC = /^(?:([^])?([<>=^]))?([-+ ])?(#)?(0)?(\d{1,4})?([,_])?(?:\.(\d{1,3}))?([a-zA-Z%])?$/u

/** Python's `format(value, spec)`. */
export function formatValue(value: Value, spec: string, meter: Meter): string {
  const found = spec.length > 40 ? null : SPEC.exec(spec)
  if (found === null) throw new BambooError('Invalid format specifier')
  const [, fill, align, sign, alternate, zero, width, comma, precision, type] = found
  const number = asNumber(value)
  const read: Spec = {
    fill: fill ?? (zero === undefined ? ' ' : '0'),
    align: align ?? (number === undefined ? '<' : zero === undefined ? '>' : '='),
    sign: sign ?? '-',
    alternate: alternate !== undefined,
    width: bounded(width ?? '0'),
    comma: comma ?? '',
    precision: precision === undefined ? undefined : Number(precision),
    type: type ?? '',
  }
  // True is 1 when anything is said of how it is to look.
  if (number === undefined || (typeof value === 'boolean' && spec === '')) {
    if (spec !== '' && typeof value !== 'string')
      throw new BambooError(`unsupported format string passed to ${typeName(value)}`)
    if (read.type !== '' && read.type !== 's') throw new BambooError(`Unknown format code '${read.type}'`)
    if (spec !== '') refuseNumberSpec(read, sign)
    return cut(textOf(value, meter), { ...read, type: 's' }, meter)
  }
  if (read.precision !== undefined && typeof number === 'bigint' && INT_TYPES.includes(read.type)) {
    throw new BambooError('Precision not allowed in integer format specifier')
  }
  if (read.type === 'c') return character(number, read, sign, meter)
  return numberField(number, read, meter)
}

const BASED_TYPES: readonly string[] = ['x', 'X', 'o', 'b']
const INT_TYPES: readonly string[] = ['', 'd', 'c', ...BASED_TYPES]

/** What is said of numbers alone. */
function refuseNumberSpec({ align, alternate, comma }: Spec, sign: string | undefined): void {
  if (sign !== undefined) refuse('Sign not allowed in string format specifier')
  if (alternate) refuse('Alternate form (#) not allowed in string format specifier')
  if (comma !== '') refuse(`Cannot specify '${comma}' with 's'.`)
  if (align === '=') refuse("'=' alignment not allowed in string format specifier")
}

function character(number: bigint | number, spec: Spec, sign: string | undefined, meter: Meter): string {
  if (typeof number !== 'bigint' || sign !== undefined || spec.alternate || spec.comma !== '') {
    return refuse("this is not allowed with integer format specifier 'c'")
  }
  return aligned('', characterOf(number), spec, meter)
}

function cut(text: string, spec: Spec, meter: Meter): string {
  const characters = spec.precision === undefined ? text : Array.from(text).slice(0, spec.precision).join('')
  return aligned('', characters, spec, meter)
}

function numberField(number: bigint | number, spec: Spec, meter: Meter): string {
  meter.spend(100)
  const negative = number < 0 || Object.is(number, -0)
  const sign = negative ? '-' : spec.sign === '-' ? '' : spec.sign
  const digits = digitsOf(typeof number === 'bigint' ? (negative ? -number : number) : Math.abs(number), spec)
  if (spec.alternate && !INT_TYPES.includes(spec.type)) refuse('the alternate form of floats is not read')
  const prefix = spec.alternate && BASED_TYPES.includes(spec.type) ? `0${spec.type}` : ''
  const zeros = spec.fill === '0' && spec.align === '=' ? spec.width - (sign + prefix).length : 0
  return aligned(sign + prefix, spec.comma === '' ? digits : grouped(digits, spec, zeros), spec, meter)
}

function digitsOf(number: bigint | number, spec: Spec): string {
  switch (spec.type) {
    case '':
      if (typeof number === 'bigint') return String(number)
      return spec.precision === undefined ? floatText(number) : general(number, spec)
    case 'd':
      return typeof number === 'bigint' ? String(number) : refuse()
    case 'x':
      return typeof number === 'bigint' ? number.toString(16) : refuse()
    case 'X':
      return typeof number === 'bigint' ? number.toString(16).toUpperCase() : refuse()
    case 'o':
      return typeof number === 'bigint' ? number.toString(8) : refuse()
    case 'b':
      return typeof number === 'bigint' ? number.toString(2) : refuse()
    case 'f':
    case 'F':
      return cased(fixedDigits(floatOf(number), spec), spec)
    case '%':
      return `${fixedDigits(floatOf(number) * 100, spec)}%`
    case 'e':
    case 'E':
    case 'g':
    case 'G':
      return cased(
        spec.type.toLowerCase() === 'e' ? exponential(floatOf(number), placesOf(spec)) : general(floatOf(number), spec),
        spec,
      )
    default:
      return refuse(`Unknown format code '${spec.type}'`)
  }
}

function refuse(message = 'Unknown format code'): never {
  throw new BambooError(message)
}

const cased = (text: string, spec: Spec): string => (spec.type === spec.type.toUpperCase() ? text.toUpperCase() : text)

function placesOf(spec: Spec): number {
  const places = spec.precision ?? 6
  if (places > PLACES_MAX) throw new BambooError('precision too big')
  return places
}

const fixedDigits = (number: number, spec: Spec): string =>
  Number.isFinite(number) ? fixed(number, placesOf(spec)) : Number.isNaN(number) ? 'nan' : 'inf'

function exponential(number: number, places: number): string {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? 'nan' : 'inf'
  const [digits = '', exponent = '0'] = number.toExponential(places).split('e')
  return `${digits}e${Number(exponent) < 0 ? '-' : '+'}${String(Math.abs(Number(exponent))).padStart(2, '0')}`
}

function general(number: number, spec: Spec): string {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? 'nan' : 'inf'
  const precision = Math.max(1, placesOf(spec))
  const exponent = Number(number.toExponential(precision - 1).split('e')[1])
  // Without a type it is told from a whole number by one place at the least.
  const isPlain = spec.type === ''
  if (exponent < -4 || exponent >= (isPlain ? precision - 1 : precision)) {
    const [digits = '', power = ''] = exponential(number, precision - 1).split('e')
    return `${trimmed(digits)}e${power}`
  }
  const digits = trimmed(fixed(number, Math.min(PLACES_MAX, precision - 1 - exponent)))
  return isPlain && !digits.includes('.') ? `${digits}.0` : digits
}

const trimmed = (digits: string): string => (digits.includes('.') ? digits.replace(/\.?(?<!0)0+$/, '') : digits)

/**
 * By three, those of other bases than ten by four; a fraction or power has no groups.
 * @param width zeros before it are grouped, too, and no group is left empty.
 */
function grouped(digits: string, { comma, type }: Spec, width: number): string {
  const isBased = BASED_TYPES.includes(type)
  if (isBased && comma === ',') refuse(`Cannot specify ',' with '${type}'.`)
  const [whole = ''] = (isBased ? /^[0-9a-fA-F]*/ : /^[0-9]*/).exec(digits) ?? []
  const size = isBased ? 4 : 3
  const rest = digits.slice(whole.length)
  const room = width - rest.length
  const places = Math.max(whole.length, whole === '' ? 0 : room - Math.floor((room - 1) / (size + 1)))
  const filled = whole.padStart(places, '0')
  const groups: string[] = []
  for (let end = filled.length; end > 0; end -= size) groups.push(filled.slice(Math.max(0, end - size), end))
  return groups.reverse().join(comma) + rest
}

function aligned(sign: string, text: string, spec: Spec, meter: Meter): string {
  const missing = spec.width - Array.from(sign + text).length
  meter.spend(text.length + Math.max(0, missing))
  if (missing <= 0) return sign + text
  const left = Math.floor(missing / 2)
  switch (spec.align) {
    case '<':
      return sign + text + spec.fill.repeat(missing)
    case '^':
      return spec.fill.repeat(left) + sign + text + spec.fill.repeat(missing - left)
    case '=':
      return sign + spec.fill.repeat(missing) + text
    default:
      return spec.fill.repeat(missing) + sign + text
  }
}

/** `{}`, `{0}` and `{name}` with a conversion or a spec. Attributes and keys in a field are refused. */
const FIELD = /\{\{|\}\}|\{([A-Za-z0-9_]{0,64})(?:!([rs]))?(?::([^{}]{0,40}))?\}|[{}]/g

export function formatFields(
  text: string,
  args: readonly Value[],
  named: ReadonlyMap<string, Value>,
  meter: Meter,
): string {
  meter.spend(text.length)
  let next = 0
  const numbered = new Set<boolean>()
  return text.replace(FIELD, (written, name?: string, conversion?: string, spec?: string) => {
    if (written === '{{' || written === '}}') return written.slice(1)
    if (name === undefined) throw new BambooError('this format is not read')
    if (/^\d*$/.test(name)) numbered.add(name !== '')
    if (numbered.size === 2) throw new BambooError('cannot switch between manual field specification and automatic')
    const value = name === '' ? args[next++] : /^\d+$/.test(name) ? args[Number(name)] : named.get(name)
    if (value === undefined) throw new BambooError('Replacement index out of range')
    const shown = conversion === 'r' ? reprOf(value, meter, 1) : conversion === 's' ? textOf(value, meter) : value
    return formatValue(shown, spec ?? '', meter)
  })
}
