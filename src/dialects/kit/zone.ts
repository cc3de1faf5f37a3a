import type { Instant } from '../../model/time.ts'

/** Longest names of the tz database are half of it. */
const NAME_MAX = 64

/**
 * Minutes east of UTC that a zone of the tz database (`Asia/Shanghai`) has at an instant; undefined: there is no zone
 * of that name.
 */
export function offsetsOf(name: string): ((at: Instant) => number) | undefined {
  if (name.length > NAME_MAX) return undefined
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  } catch {
    return undefined
  }
  return (at) => minutesIn(format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT')
}

/** A zone of the tz database that is always so many minutes east of UTC; what is no whole hour has no name but its offset. */
export function zoneOf(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'UTC'
  const [sign, minutes] = [offsetMinutes < 0 ? '-' : '+', Math.abs(offsetMinutes)]
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60]
  // Its signs are those of POSIX: west is plus.
  if (rest === 0) return `Etc/GMT${sign === '+' ? '-' : '+'}${hours}`
  return `${sign}${String(hours).padStart(2, '0')}:${String(rest).padStart(2, '0')}`
}

/** `GMT`, `GMT+08:00`, `GMT-03:30`; before there were zones also with seconds, which nobody writes any more. */
function minutesIn(text: string): number {
  const [, sign = '+', hours = '0', minutes = '0'] = /^GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(text) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
}
