/**
 * Time is passed in: this folder and engine/ read no clock.
 * An instant is milliseconds since 1970-01-01T00:00:00Z (integer); a duration is milliseconds (integer >= 0).
 */
export type Instant = number
export type DurationMs = number

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const DURATION = /^(?:\d+(?:ms|s|m|h|d))+$/
const DURATION_PART = /(?<!\d)(\d+)(ms|s|m|h|d)/g

/** The longest duration that a definition may ask for: 366 days. */
export const DURATION_MAX_MS: DurationMs = 366 * 86_400_000

/**
 * `90` (seconds), `"90"`, `"500ms"`, `"1h30m"`, `"2d"` -> milliseconds.
 * @returns undefined when the text is no duration, is negative or is longer than {@link DURATION_MAX_MS}.
 */
export function parseDuration(value: string | number): DurationMs | undefined {
  const total = typeof value === 'number' ? Math.round(value * 1_000) : parseDurationText(value.trim())
  return total !== undefined && Number.isFinite(total) && total >= 0 && total <= DURATION_MAX_MS ? total : undefined
}

function parseDurationText(text: string): DurationMs | undefined {
  if (text.length > 40) return undefined
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.round(Number(text) * 1_000)
  if (!DURATION.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(DURATION_PART)) total += Number(amount) * (UNIT_MS[unit ?? ''] ?? NaN)
  return total
}

/** 5_400_000 -> `1h30m`; 0 -> `0s`; below a second in `ms`. The inverse of {@link parseDuration}. */
export function formatDuration(durationMs: DurationMs): string {
  if (durationMs < 1_000) return durationMs === 0 ? '0s' : `${durationMs}ms`
  let rest = Math.floor(durationMs / 1_000)
  const parts: string[] = []
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    if (rest >= seconds) parts.push(`${Math.floor(rest / seconds)}${unit}`)
    rest %= seconds
  }
  return parts.join('')
}

const KEPT = 256

/**
 * As `write`, and keeps its last texts, by the instant's last bits: nodes of a run that changed one after the other have
 * few instants among them, and each is written several times.
 */
export function keepingTexts(write: (at: Instant) => string): (at: Instant) => string {
  const instants: Instant[] = Array.from({ length: KEPT }, () => Number.NaN)
  const texts: string[] = Array.from({ length: KEPT }, () => '')
  return (at) => {
    const place = at & (KEPT - 1)
    if (instants[place] !== at) {
      texts[place] = write(at)
      instants[place] = at
    }
    return texts[place] as string
  }
}
