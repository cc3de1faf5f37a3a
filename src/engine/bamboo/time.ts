import type { Moment } from './value.ts'

/** Days and hours without a zone, counted by hand: this folder has no clock. */

export const DAY_MS = 86_400_000
/** 0001-01-01 and the last millisecond of 9999-12-31, the range that Python has. */
export const WALL_MIN_MS = -62_135_596_800_000
export const WALL_MAX_MS = 253_402_300_799_999

export interface Wall {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly ms: number
  /** 0 is Monday. */
  readonly weekday: number
  /** 1 to 366. */
  readonly dayOfYear: number
}

/** Days since 1970-01-01 of a date. Source: "chrono-Compatible Low-Level Date Algorithms", H. Hinnant, 2021. */
export function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** What the wall shows at a number of milliseconds since 1970-01-01 00:00. */
export function wallOf(wallMs: number): Wall {
  const days = Math.floor(wallMs / DAY_MS)
  const rest = wallMs - days * DAY_MS
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfShifted = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfShifted + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return {
    year,
    month,
    day: dayOfShifted - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
    hour: Math.floor(rest / 3_600_000),
    minute: Math.floor(rest / 60_000) % 60,
    second: Math.floor(rest / 1000) % 60,
    ms: rest % 1000,
    weekday: (((days + 3) % 7) + 7) % 7,
    dayOfYear: days - daysOf(year, 1, 1) + 1,
  }
}

export const padded = (count: number, width: number): string => String(count).padStart(width, '0')

/** `2026-11-22 00:10:00`, with microseconds only when there are any; a date without its time. */
export function momentText({ kind, wallMs }: Moment): string {
  const wall = wallOf(wallMs)
  const date = `${padded(wall.year, 4)}-${padded(wall.month, 2)}-${padded(wall.day, 2)}`
  if (kind === 'date') return date
  const fraction = wall.ms === 0 ? '' : `.${padded(wall.ms, 3)}000`
  return `${date} ${padded(wall.hour, 2)}:${padded(wall.minute, 2)}:${padded(wall.second, 2)}${fraction}`
}

/** `1 day, 2:03:04`. */
export function spanText(ms: number): string {
  const days = Math.floor(ms / DAY_MS)
  const { hour, minute, second, ms: rest } = wallOf(ms - days * DAY_MS)
  const fraction = rest === 0 ? '' : `.${padded(rest, 3)}000`
  const time = `${hour}:${padded(minute, 2)}:${padded(second, 2)}${fraction}`
  return days === 0 ? time : `${days} day${Math.abs(days) === 1 ? '' : 's'}, ${time}`
}

/** As it stands within a list: `datetime.datetime(2026, 11, 22, 8, 30)`. Seconds are named when there are any, or less. */
export function momentRepr({ kind, wallMs }: Moment): string {
  const { year, month, day, hour, minute, second, ms } = wallOf(wallMs)
  const less = ms === 0 ? (second === 0 ? [] : [second]) : [second, ms * 1000]
  const parts = kind === 'date' ? [year, month, day] : [year, month, day, hour, minute, ...less]
  return `datetime.${kind}(${parts.join(', ')})`
}

/** `datetime.timedelta(days=1, seconds=5)`. */
export function spanRepr(ms: number): string {
  const days = Math.floor(ms / DAY_MS)
  const rest = ms - days * DAY_MS
  const parts = { days, seconds: Math.floor(rest / 1000), microseconds: (rest % 1000) * 1000 }
  const shown = Object.entries(parts).filter(([, count]) => count !== 0)
  return `datetime.timedelta(${shown.length === 0 ? '0' : shown.map(([name, count]) => `${name}=${count}`).join(', ')})`
}

/** Week of the year by ISO 8601, and the year that it is of. */
export function isoWeekOf(wallMs: number): { readonly year: number; readonly week: number; readonly weekday: number } {
  const { weekday } = wallOf(wallMs)
  // The week belongs to the year of its Thursday.
  const thursday = wallOf(wallMs + (3 - weekday) * DAY_MS)
  return { year: thursday.year, week: Math.floor((thursday.dayOfYear - 1) / 7) + 1, weekday: weekday + 1 }
}
