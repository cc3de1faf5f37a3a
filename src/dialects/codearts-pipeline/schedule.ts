import type { Json, JsonObject } from '../../model/json.ts'
import { quote } from '../kit/query.ts'
import { BadValue, optionalFlag, optionalText } from './read.ts'

/** A cron line of five fields, in a zone of the IANA database. */
export interface CronLine {
  readonly cron: string
  readonly timezone: string
}

/** Lines that one schedule may become. */
const LINES_MAX = 10
const DAY_MINUTES = 24 * 60

/**
 * A schedule of the vendor: `fixed` once a day at `start_time`, `periodic` from `start_time` to `end_time` every
 * `interval_time`, on `days_of_week` with Sunday = 1. Nothing when it is not enabled.
 */
export function cronLines(schedule: JsonObject, at: string): readonly CronLine[] {
  if (optionalFlag(schedule, 'enable') !== true) return []
  const timezone = zoneOf(optionalText(schedule, 'time_zone'), at)
  const days = daysOf(schedule['days_of_week'], at)
  const start = minuteOf(optionalText(schedule, 'start_time') ?? '00:00', `${at}.start_time`)
  const isFixed = (optionalText(schedule, 'type') ?? 'fixed') === 'fixed'
  const end = isFixed ? start : minuteOf(optionalText(schedule, 'end_time') ?? '23:59', `${at}.end_time`)
  const step = isFixed ? DAY_MINUTES : stepOf(schedule, at)
  const hoursOf = new Map<number, number[]>()
  for (let minute = start; minute <= end; minute += step) {
    hoursOf.set(minute % 60, [...(hoursOf.get(minute % 60) ?? []), Math.floor(minute / 60)])
  }
  // Minutes that come in the same hours share a line.
  const minutesOf = new Map<string, number[]>()
  for (const [minute, hours] of hoursOf) {
    minutesOf.set(hours.join(','), [...(minutesOf.get(hours.join(',')) ?? []), minute])
  }
  if (minutesOf.size > LINES_MAX) {
    throw new BadValue(`${at}: expected times of day that ${LINES_MAX} cron lines can say, found more`)
  }
  return [...minutesOf].map(([hours, minutes]) => ({
    cron: `${minutes.toSorted((a, b) => a - b).join(',')} ${hours} * * ${days}`,
    timezone,
  }))
}

/** An array of numbers, or text with commas as Go's SDK sends it. All seven, or none, is every day. */
function daysOf(value: Json | undefined, at: string): string {
  const given = typeof value === 'string' ? value.split(/[\s,[\]]+/).filter((day) => day !== '') : (value ?? [])
  if (!Array.isArray(given)) throw new BadValue(`${at}.days_of_week: expected numbers from 1 (Sunday) to 7`)
  const days = [...new Set(given.map(Number))]
  if (days.some((day) => !Number.isInteger(day) || day < 1 || day > 7)) {
    throw new BadValue(
      `${at}.days_of_week: expected numbers from 1 (Sunday) to 7, found ${quote(JSON.stringify(value))}`,
    )
  }
  return days.length % 7 === 0
    ? '*'
    : days
        .map((day) => day - 1)
        .toSorted((a, b) => a - b)
        .join(',')
}

/** `18:51`, or with seconds. */
function minuteOf(text: string, at: string): number {
  const parts = /^([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?$/.exec(text)
  if (parts === null) throw new BadValue(`${at}: expected a time of day such as 18:51, found ${quote(text)}`)
  return Number(parts[1]) * 60 + Number(parts[2])
}

const UNIT_MINUTES: Readonly<Record<string, number>> = { s: 1 / 60, m: 1, min: 1, minute: 1, h: 60, hour: 60 }

function stepOf(schedule: JsonObject, at: string): number {
  const amount = Number(schedule['interval_time'] ?? 3_600)
  const unit = optionalText(schedule, 'interval_unit') ?? 's'
  const minutes = amount * (UNIT_MINUTES[unit] ?? Number.NaN)
  if (Number.isInteger(minutes) && minutes >= 1) return minutes
  throw new BadValue(`${at}.interval_time: expected whole minutes, at least one, found ${amount} ${quote(unit)}`)
}

/** The vendor names zones as Windows does; the names of its page, and whatever the IANA database has. */
const ZONES: Readonly<Record<string, string>> = {
  'China Standard Time': 'Asia/Shanghai',
  'GMT Standard Time': 'Europe/London',
  'Greenwich Standard Time': 'Africa/Abidjan',
  'Egypt Standard Time': 'Africa/Cairo',
  'South Africa Standard Time': 'Africa/Johannesburg',
  'Russian Standard Time': 'Europe/Moscow',
  'SE Asia Standard Time': 'Asia/Bangkok',
  'Singapore Standard Time': 'Asia/Singapore',
  'Tokyo Standard Time': 'Asia/Tokyo',
  'India Standard Time': 'Asia/Kolkata',
  'Saudi Arabia Standard Time': 'Asia/Riyadh',
  'Arab Standard Time': 'Asia/Riyadh',
  'Arabian Standard Time': 'Asia/Dubai',
  'Turkey Standard Time': 'Europe/Istanbul',
  'W. Europe Standard Time': 'Europe/Berlin',
  'Romance Standard Time': 'Europe/Paris',
  'Central Standard Time (Mexico)': 'America/Mexico_City',
  'Pacific SA Standard Time': 'America/Santiago',
  'SA Pacific Standard Time': 'America/Bogota',
  'E. South America Standard Time': 'America/Sao_Paulo',
  'Argentina Standard Time': 'America/Argentina/Buenos_Aires',
  'Eastern Standard Time': 'America/New_York',
  'Central Standard Time': 'America/Chicago',
  'Mountain Standard Time': 'America/Denver',
  'Pacific Standard Time': 'America/Los_Angeles',
  UTC: 'UTC',
}

function zoneOf(name: string | null, at: string): string {
  const zone = name === null ? 'Asia/Shanghai' : Object.hasOwn(ZONES, name) ? ZONES[name] : name
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone
  } catch {
    throw new BadValue(`${at}.time_zone: expected the name of a time zone, found ${quote(name ?? '')}`)
  }
}
