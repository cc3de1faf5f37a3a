import { type Arguments, functionOf } from './bamboo-arguments.ts'
import { BambooError, type Meter } from './bamboo-meter.ts'
import { floatOf } from './bamboo-number.ts'
import { momentOf, spanOf } from './bamboo-operator.ts'
import { DAY_MS, daysOf, momentText, padded, type Wall, wallOf } from './bamboo-time.ts'
import { asNumber, type Moment, type Span, typeName, type Value } from './bamboo-value.ts'

/** Dates and times. "Now" is given by whoever renders; there is one zone, that of the wall. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly at: number
  /** Of the wall that `now()` shows, east of Greenwich. */
  readonly zoneOffsetMinutes: number
}

export const wallNow = ({ at, zoneOffsetMinutes }: Clock): number => at + zoneOffsetMinutes * 60_000

const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const
const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December',
] as const // prettier-ignore

const hour12 = ({ hour }: Wall): number => (hour % 12 === 0 ? 12 : hour % 12)

const DIRECTIVES: Readonly<Record<string, (wall: Wall) => string>> = {
  Y: ({ year }) => String(year),
  y: ({ year }) => padded(year % 100, 2),
  m: ({ month }) => padded(month, 2),
  d: ({ day }) => padded(day, 2),
  H: ({ hour }) => padded(hour, 2),
  I: (wall) => padded(hour12(wall), 2),
  M: ({ minute }) => padded(minute, 2),
  S: ({ second }) => padded(second, 2),
  f: ({ ms }) => `${padded(ms, 3)}000`,
  j: ({ dayOfYear }) => padded(dayOfYear, 3),
  p: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  a: ({ weekday }) => DAYS[weekday]!.slice(0, 3),
  A: ({ weekday }) => DAYS[weekday]!,
  b: ({ month }) => MONTHS[month - 1]!.slice(0, 3),
  B: ({ month }) => MONTHS[month - 1]!,
  w: ({ weekday }) => String((weekday + 1) % 7),
  u: ({ weekday }) => String(weekday + 1),
  z: () => '',
  Z: () => '',
  '%': () => '%',
  F: (wall) => timeText('%Y-%m-%d', wall),
  T: (wall) => timeText('%H:%M:%S', wall),
  D: (wall) => timeText('%m/%d/%y', wall),
  R: (wall) => timeText('%H:%M', wall),
}

/** Python's `strftime`. */
function timeText(format: string, wall: Wall): string {
  return format.replace(/%([^])/gu, (_, letter: string) => {
    const directive = Object.hasOwn(DIRECTIVES, letter) ? DIRECTIVES[letter] : undefined
    if (directive === undefined) throw new BambooError(`%${letter} is not read`)
    return directive(wall)
  })
}

export function strftime(wallMs: number, format: string, meter: Meter): string {
  meter.spend(format.length * 10)
  return timeText(format, wallOf(wallMs))
}

/** Directives that a time can be read with: which part it is, and how many digits it has, at least and at most. */
const READ: Readonly<Record<string, readonly [part: string, least: number, most: number]>> = {
  Y: ['year', 4, 4], y: ['short', 2, 2], m: ['month', 1, 2], d: ['day', 1, 2],
  H: ['hour', 1, 2], M: ['minute', 1, 2], S: ['second', 1, 2], f: ['fraction', 1, 6],
} // prettier-ignore

/** Python's `strptime`, for the directives that are numbers. */
export function strptime(text: string, format: string, meter: Meter): Value {
  meter.spend(text.length + format.length)
  const parts: Record<string, number> = { year: 1900, month: 1, day: 1, hour: 0, minute: 0, second: 0, fraction: 0 }
  let at = 0
  for (let next = 0; next < format.length; next += 1) {
    const character = format[next]!
    const letter = character === '%' ? (format[(next += 1)] ?? '') : ''
    const read = Object.hasOwn(READ, letter) ? READ[letter] : undefined
    if (read === undefined && character === '%' && letter !== '%') throw new BambooError(`%${letter} is not read`)
    const written = read === undefined ? (letter === '%' ? '%' : character) : digitsAt(text, at, read[2])
    if (!text.startsWith(written, at) || written.length < (read?.[1] ?? 1)) throw noMatch()
    at += written.length
    if (read === undefined) continue
    parts[read[0]] = Number(read[0] === 'fraction' ? written.padEnd(6, '0') : written)
  }
  if (at !== text.length) throw noMatch()
  const { short } = parts
  const year = short === undefined ? parts['year']! : short < 69 ? 2000 + short : 1900 + short
  const { month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = 0 } = parts
  return datetimeOf([year, month, day, hour, minute, second], Math.floor(fraction / 1000))
}

const noMatch = (): BambooError => new BambooError('time data does not match format')

function digitsAt(text: string, at: number, most: number): string {
  let end = at
  while (end < at + most && text[end] !== undefined && text[end]! >= '0' && text[end]! <= '9') end += 1
  return text.slice(at, end)
}

const RANGES = [
  [1, 9999],
  [1, 12],
  [1, 31],
  [0, 23],
  [0, 59],
  [0, 59],
] as const

/** @throws BambooError for a date that there is not. */
function datetimeOf(parts: readonly number[], ms: number, kind: 'datetime' | 'date' = 'datetime'): Value {
  for (const [at, [least, most]] of RANGES.entries()) {
    const part = parts[at] ?? 0
    if (!(part >= least && part <= most)) throw new BambooError('a part of the date is out of range')
  }
  const [year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
  const days = daysOf(year, month, day)
  if (wallOf(days * DAY_MS).month !== month) throw new BambooError('day is out of range for month')
  return momentOf(kind, days * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1_000 + ms)
}

/** `datetime.datetime(2026, 11, 22, 1, 2, 3, 4000)` and `datetime.date(2026, 11, 22)`. */
export function makeMoment(kind: 'datetime' | 'date'): (args: Arguments) => Value {
  const names = ['year', 'month', 'day', 'hour', 'minute', 'second', 'microsecond'].slice(0, kind === 'date' ? 3 : 7)
  return ({ optionalInt }) => {
    const given = names.map((name, at) => optionalInt(at, name))
    if (given.slice(0, 3).includes(undefined)) throw new BambooError('a date needs year, month and day')
    const parts = given.map((part) => Number(part ?? 0n))
    const microseconds = parts[6] ?? 0
    if (!(microseconds >= 0 && microseconds < 1_000_000)) throw new BambooError('microsecond must be in 0..999999')
    return datetimeOf(parts.slice(0, 6), Math.floor(microseconds / 1000), kind)
  }
}

const SPAN_UNITS: readonly (readonly [string, number])[] = [
  ['days', DAY_MS],
  ['seconds', 1_000],
  ['microseconds', 0.001],
  ['milliseconds', 1],
  ['minutes', 60_000],
  ['hours', 3_600_000],
  ['weeks', 7 * DAY_MS],
]
export const SPAN_NAMES = SPAN_UNITS.map(([name]) => name)

/** `datetime.timedelta(days=1, hours=2)`. */
export function makeSpan({ optional }: Arguments): Value {
  let total = 0
  for (const [at, [name, unitMs]] of SPAN_UNITS.entries()) {
    const value = optional(at, name) ?? 0n
    const number = asNumber(value)
    if (number === undefined) throw new BambooError(`unsupported type for timedelta component: ${typeName(value)}`)
    total += floatOf(number) * unitMs
  }
  return spanOf(total)
}

/** An attribute or a method of a date, a datetime or a timedelta; undefined when there is none. */
export function timeAttribute(value: Moment | Span, name: string, clock: Clock, meter: Meter): Value | undefined {
  return value.kind === 'timedelta' ? spanAttribute(value, name, meter) : momentAttribute(value, name, clock, meter)
}

function spanAttribute({ ms }: Span, name: string, meter: Meter): Value | undefined {
  const days = Math.floor(ms / DAY_MS)
  switch (name) {
    case 'days':
      return BigInt(days)
    case 'seconds':
      return BigInt(Math.floor((ms - days * DAY_MS) / 1000))
    case 'microseconds':
      return BigInt((((ms % 1000) + 1000) % 1000) * 1000)
    case 'total_seconds':
      return functionOf(name, 0, [], meter, () => ms / 1000)
    default:
      return undefined
  }
}

function momentAttribute(moment: Moment, name: string, clock: Clock, meter: Meter): Value | undefined {
  const { kind, wallMs } = moment
  const wall = wallOf(wallMs)
  const isTime = kind === 'datetime'
  switch (name) {
    case 'year':
    case 'month':
    case 'day':
      return BigInt(wall[name])
    case 'hour':
    case 'minute':
    case 'second':
      return isTime ? BigInt(wall[name]) : undefined
    case 'microsecond':
      return isTime ? BigInt(wall.ms * 1000) : undefined
    case 'strftime':
      return functionOf(name, 1, ['format'], meter, ({ text }) => strftime(wallMs, text(0, 'format'), meter))
    case 'isoformat':
      return functionOf(name, Number(isTime), isTime ? ['sep'] : [], meter, ({ optionalText }) =>
        momentText(moment).replace(' ', () => optionalText(0, 'sep') ?? 'T'),
      )
    case 'weekday':
      return functionOf(name, 0, [], meter, () => BigInt(wall.weekday))
    case 'isoweekday':
      return functionOf(name, 0, [], meter, () => BigInt(wall.weekday + 1))
    case 'date':
      return isTime
        ? functionOf(name, 0, [], meter, () => momentOf('date', wallMs - (((wallMs % DAY_MS) + DAY_MS) % DAY_MS)))
        : undefined
    case 'timestamp':
      return isTime
        ? functionOf(name, 0, [], meter, () => (wallMs - clock.zoneOffsetMinutes * 60_000) / 1000)
        : undefined
    case 'replace':
      return functionOf(name, 0, REPLACEABLE.slice(0, isTime ? 7 : 3), meter, (args) => replaced(moment, wall, args))
    default:
      return undefined
  }
}

const REPLACEABLE = ['year', 'month', 'day', 'hour', 'minute', 'second', 'microsecond']

function replaced({ kind }: Moment, wall: Wall, { optionalInt }: Arguments): Value {
  const current = [wall.year, wall.month, wall.day, wall.hour, wall.minute, wall.second, wall.ms * 1000]
  const parts = REPLACEABLE.map((name, at) => Number(optionalInt(MISSING, name) ?? current[at]!))
  return datetimeOf(parts.slice(0, 6), Math.floor(Math.min(999_999, Math.max(0, parts[6]!)) / 1000), kind)
}
/** A place that no argument has: only its name counts. */
const MISSING = 100
