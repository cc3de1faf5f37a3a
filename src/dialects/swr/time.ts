import type { Instant } from '../../model/time.ts'

/**
 * A time on the wire: text in JSON, a plain (unquoted) scalar in YAML, where text that merely looks like a time is
 * quoted. That is why it is not a string.
 */
export class WireTime {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toJSON(): string {
    return this.text
  }
}

/** What Go's zero time looks like: the vendor has no null for "not yet". */
export const UNSET_TIME = new WireTime('0001-01-01T00:00:00Z')

/**
 * RFC 3339 in UTC as Go prints it to the microsecond: trailing zeros of the fraction cut, no fraction when it is
 * zero. Our instants are whole milliseconds; a fraction of one is kept to the microsecond.
 */
export function wireTime(at: Instant | null): WireTime {
  if (at === null) return UNSET_TIME
  const { seconds, micros } = split(at)
  const fraction =
    micros === 0
      ? ''
      : `.${String(micros)
          .padStart(6, '0')
          .replace(/(?<!0)0+$/, '')}`
  return new WireTime(`${seconds}${fraction}Z`)
}

const CHINA_OFFSET_MS = 8 * 3_600_000

/** The value of SYS_TIMESTAMP: `yyyyMMddHHmmss` in UTC+8 and four digits of the second's fraction, 18 digits in all. */
export function systemTimestamp(at: Instant): string {
  const { seconds, micros } = split(at + CHINA_OFFSET_MS)
  return `${seconds.replace(/\D/g, '')}${String(micros).padStart(6, '0').slice(0, 4)}`
}

function split(at: Instant): { readonly seconds: string; readonly micros: number } {
  const totalMicros = Math.round(at * 1_000)
  const micros = ((totalMicros % 1_000_000) + 1_000_000) % 1_000_000
  return { seconds: new Date((totalMicros - micros) / 1_000).toISOString().slice(0, 19), micros }
}
