const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const

type Unit = (typeof UNITS)[number][0] | 'millisecond'

const formats = new Map<string, Intl.NumberFormat>()

function part(value: number, unit: Unit, locale: string): string {
  const key = `${locale} ${unit}`
  const format =
    formats.get(key) ??
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 })
  formats.set(key, format)
  return format.format(value)
}

/** A duration in its two largest units: "2 min 5 sec", "1 day 3 hr"; "1.9 sec" below ten, "320 ms" below one. */
export function durationText(ms: number, locale: string): string {
  if (ms < 1_000) return part(Math.floor(ms), 'millisecond', locale)
  // Never more than has passed, as with the larger ones.
  if (ms < 10_000) return part(Math.floor(ms / 100) / 10, 'second', locale)
  const first = UNITS.findIndex(([, size]) => ms >= size)
  const [unit, size] = UNITS[first] ?? UNITS[3]
  const count = Math.floor(ms / size)
  const next = UNITS[first + 1]
  const rest = next === undefined ? 0 : Math.floor((ms - count * size) / next[1])
  const whole = part(count, unit, locale)
  return next === undefined || rest === 0 ? whole : `${whole} ${part(rest, next[0], locale)}`
}

/** For what is counted on while one looks: without the tenths, which would only flicker. */
export const steadyDurationText = (ms: number, locale: string): string =>
  durationText(ms < 1_000 ? ms : Math.floor(ms / 1_000) * 1_000, locale)
