import { type Instant, keepingTexts } from '../../model/time.ts'

/**
 * The ways in which foreign wires write an instant. All pure; `offsetMinutes` is minutes east of UTC
 * (480: China). Our instants are whole milliseconds, so nothing here rounds but by cutting.
 */

/** `2022-04-01 19:44:16`, with no word about its zone. */
export const formatPlain = (at: Instant, offsetMinutes: number): string => {
  const iso = shifted(at, offsetMinutes)
  return `${iso.slice(0, -14)} ${iso.slice(-13, -5)}`
}

/** `2022-04-01T19:44:16.007+08:00`; offset 0 is written `Z`, as Go and RFC 3339 section 4.3 would. */
export const formatRfc3339 = (at: Instant, offsetMinutes: number): string =>
  shifted(at, offsetMinutes).slice(0, -1) + (offsetMinutes === 0 ? 'Z' : offset(offsetMinutes, ':'))

/** `2022-04-01 19:44:16 +0800`, as Python's `%Y-%m-%d %H:%M:%S %z`. */
export const formatPlainWithOffset = (at: Instant, offsetMinutes: number): string =>
  `${formatPlain(at, offsetMinutes)} ${offset(offsetMinutes, '')}`

const PLAIN = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2}):(\d{2}))?$/

/**
 * `2022-04-01` (its first millisecond) or `2022-04-01 19:44:16`, read as a time of the zone.
 * @returns undefined when it is neither, or names a day that does not exist.
 */
export function parsePlain(text: string, offsetMinutes: number): Instant | undefined {
  const parts = PLAIN.exec(text)
  if (parts === null) return undefined
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = parts
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const utc = Date.parse(iso)
  // Date.parse takes 31 February for 3 March.
  if (Number.isNaN(utc) || new Date(utc).toISOString() !== iso) return undefined
  return utc - offsetMinutes * 60_000
}

const iso = keepingTexts((at) => new Date(at).toISOString())
const shifted = (at: Instant, offsetMinutes: number): string => iso(at + offsetMinutes * 60_000)

function offset(offsetMinutes: number, colon: string): string {
  const minutes = Math.abs(offsetMinutes)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${colon}${two(minutes % 60)}`
}
