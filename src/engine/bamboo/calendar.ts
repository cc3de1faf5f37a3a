import { type Arguments, functionOf } from './arguments.ts'
import { BambooError, type Meter } from './meter.ts'
import { floatOf } from './number.ts'
import { momentOf, spanOf } from './operator.ts'
import { DAY_MS, daysOf, isoWeekOf, momentText, padded, type Wall, wallOf } from './time.ts'
import { asNumber, isItems, type Items, type Moment, type Span, tupleOf, typeName, type Value } from './value.ts'

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
  X: (wall) => timeText('%H:%M:%S', wall),
  x: (wall) => timeText('%m/%d/%y', wall),
  c: (wall) => timeText('%a %b %e %H:%M:%S %Y', wall),
  h: (wall) => timeText('%b', wall),
  e: ({ day }) => String(day).padStart(2),
  k: ({ hour }) => String(hour).padStart(2),
  l: (wall) => String(hour12(wall)).padStart(2),
  C: ({ year }) => padded(Math.floor(year / 100), 2),
  // Weeks begin with a Sunday, or with a Monday; what is before the first one is week 0.
  U: ({ dayOfYear, weekday }) => padded(Math.floor((dayOfYear + 6 - ((weekday + 1) % 7)) / 7), 2),
  W: ({ dayOfYear, weekday }) => padded(Math.floor((dayOfYear + 6 - weekday) / 7), 2),
  G: (wall) => String(isoWeekOf(dayOf(wall)).year),
  V: (wall) => padded(isoWeekOf(dayOf(wall)).week, 2),
  n: () => '\n',
  t: () => '\t',
}

const dayOf = ({ year, month, day }: Wall): number => daysOf(year, month, day) * DAY_MS

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
  I: ['hour12', 1, 2], j: ['dayOfYear', 1, 3],
} // prettier-ignore

/** Those that are words, in any case: the part, and the words in order. */
const WORDS: Readonly<Record<string, readonly [part: string, words: readonly string[]]>> = {
  B: ['month', MONTHS],
  b: ['month', MONTHS.map((month) => month.slice(0, 3))],
  A: ['weekday', DAYS],
  a: ['weekday', DAYS.map((day) => day.slice(0, 3))],
  p: ['half', ['AM', 'PM']],
}

/** Python's `strptime`, without zones and weeks. */
export function strptime(text: string, format: string, meter: Meter): Moment {
  meter.spend(text.length + format.length)
  const parts: Record<string, number> = { year: 1900, month: 1, day: 1, hour: 0, minute: 0, second: 0, fraction: 0 }
  let at = 0
  for (let next = 0; next < format.length; next += 1) {
    const character = format[next]!
    const letter = character === '%' ? (format[(next += 1)] ?? '') : ''
    const read = Object.hasOwn(READ, letter) ? READ[letter] : undefined
    const word = Object.hasOwn(WORDS, letter) ? WORDS[letter] : undefined
    if (word !== undefined) {
      const [part, words] = word
      const rest = text.slice(at).toLowerCase()
      const found = words.findIndex((one) => rest.startsWith(one.toLowerCase()))
      if (found === -1) throw noMatch()
      parts[part] = found + 1
      at += words[found]!.length
      continue
    }
    if (read === undefined && character === '%' && letter !== '%') throw new BambooError(`%${letter} is not read`)
    const written = read === undefined ? (letter === '%' ? '%' : character) : digitsAt(text, at, read[2])
    if (!text.startsWith(written, at) || written.length < (read?.[1] ?? 1)) throw noMatch()
    at += written.length
    if (read === undefined) continue
    parts[read[0]] = Number(read[0] === 'fraction' ? written.padEnd(6, '0') : written)
  }
  if (at !== text.length) throw noMatch()
  const { short, hour12, half, dayOfYear } = parts
  const year = short === undefined ? parts['year']! : short < 69 ? 2000 + short : 1900 + short
  if (hour12 !== undefined && !(hour12 >= 1 && hour12 <= 12)) throw noMatch()
  const { month = 1, day = 1, minute = 0, second = 0, fraction = 0 } = parts
  const hour = hour12 === undefined ? parts['hour']! : (hour12 % 12) + (half === 2 ? 12 : 0)
  const read = datetimeOf([year, month, day, hour, minute, second], Math.floor(fraction / 1000))
  return dayOfYear === undefined ? read : onDay(read, year, dayOfYear)
}

/** Day 366 of a year without it is the first of the next, as in Python. */
function onDay({ wallMs }: Moment, year: number, dayOfYear: number): Moment {
  const day = daysOf(year, 1, 1) + dayOfYear - 1
  if (!(dayOfYear >= 1 && dayOfYear <= 366)) throw noMatch()
  return momentOf('datetime', day * DAY_MS + (((wallMs % DAY_MS) + DAY_MS) % DAY_MS))
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
function datetimeOf(parts: readonly number[], ms: number, kind: 'datetime' | 'date' = 'datetime'): Moment {
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
export function makeSpan({ or }: Arguments): Value {
  let total = 0
  for (const [at, [name, unitMs]] of SPAN_UNITS.entries()) {
    const value = or(at, 0n, name)
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
      return functionOf(name, Number(isTime), isTime ? ['sep'] : [], meter, ({ optionalText }) => {
        const between = optionalText(0, 'sep') ?? 'T'
        if (Array.from(between).length !== 1) throw new BambooError('sep must be one character')
        return momentText(moment).replace(' ', () => between)
      })
    case 'weekday':
      return functionOf(name, 0, [], meter, () => BigInt(wall.weekday))
    case 'toordinal':
      return functionOf(name, 0, [], meter, () => BigInt(Math.floor(wallMs / DAY_MS) + ORDINAL_OF_1970))
    case 'ctime':
      return functionOf(name, 0, [], meter, () => strftime(wallMs, '%c', meter))
    case 'timetuple':
      return functionOf(name, 0, [], meter, () => structTime(wallMs, -1n))
    case 'isocalendar':
      return functionOf(name, 0, [], meter, () => {
        const { year, week, weekday } = isoWeekOf(wallMs)
        const fields = ['year', 'week', 'weekday']
        return { ...tupleOf([year, week, weekday].map(BigInt)), named: { type: 'datetime.IsoCalendarDate', fields } }
      })
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

/** What 1970-01-01 is to `toordinal`, where 0001-01-01 is 1. */
export const ORDINAL_OF_1970 = 719_163

const STRUCT_FIELDS = [
  'tm_year', 'tm_mon', 'tm_mday', 'tm_hour', 'tm_min', 'tm_sec', 'tm_wday', 'tm_yday', 'tm_isdst',
] // prettier-ignore

/** `time.struct_time`. @param isDst 0 where the zone is known, -1 where it is not. */
export function structTime(wallMs: number, isDst: bigint): Items {
  const { year, month, day, hour, minute, second, weekday, dayOfYear } = wallOf(wallMs)
  const places = [year, month, day, hour, minute, second, weekday, dayOfYear].map(BigInt)
  return { ...tupleOf([...places, isDst]), named: { type: 'time.struct_time', fields: STRUCT_FIELDS } }
}

/** What the wall shows at a `time.struct_time`, or at any tuple of nine. */
export function wallMsOf(value: Value): number {
  if (!isItems(value) || value.kind !== 'tuple' || value.items.length !== 9) {
    throw new BambooError('Tuple or struct_time argument required')
  }
  const parts = value.items.map((part) => {
    if (typeof part !== 'bigint') throw new BambooError('an integer is required')
    return Number(part)
  })
  return datetimeOf(parts.slice(0, 6), 0).wallMs
}

const REPLACEABLE = ['year', 'month', 'day', 'hour', 'minute', 'second', 'microsecond']

function replaced({ kind }: Moment, wall: Wall, { optionalInt }: Arguments): Value {
  const current = [wall.year, wall.month, wall.day, wall.hour, wall.minute, wall.second, wall.ms * 1000]
  const parts = REPLACEABLE.map((name, at) => Number(optionalInt(MISSING, name) ?? current[at]!))
  return datetimeOf(parts.slice(0, 6), Math.floor(Math.min(999_999, Math.max(0, parts[6]!)) / 1000), kind)
}
/** A place that no argument has: only its name counts. */
const MISSING = 100
