import { Cron } from 'croner'
import { formatDuration, parseDuration, type DurationMs, type Instant } from '../model/time.ts'

/** When a schedule comes due. */
export interface Schedule {
  /** The first instant after this one; null: never again. */
  next(after: Instant): Instant | null
  /** The last instant up to and with this one; null: there was none. */
  last(upTo: Instant): Instant | null
}

export type ScheduleResult =
  | { readonly ok: true; readonly schedule: Schedule }
  | { readonly ok: false; readonly at: 'cron' | 'timezone'; readonly expected: string }

/** Shorter ones would keep a server busy with nothing else. */
const EVERY_MIN_MS: DurationMs = 1_000
const NICKNAMES = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@hourly']
/** A schedule that does not come due within the years after this one never does: 29 February comes round within 8. */
const REFERENCE = new Date(Date.UTC(2024, 0, 1))

/**
 * `0 3 * * *` (minute, hour, day, month, weekday; a sixth field before them is the second), `@daily` and its like, or
 * `@every 15s`, or `@at 2026-11-22T15:00:00+08:00`, which comes due once. Fields are those of croner: lists, ranges, steps, names, `L`, `W` and `#`; with a day of the month and
 * a weekday either of the two is enough. `@every` counts from 1970-01-01T00:00:00Z, so that it does not depend on when
 * a server was started.
 *
 * Where clocks are changed (croner's rules, which are Vixie cron's): a time of day, `30 2 * * *`, that there is not
 * comes due at the end of the gap, and one that there is twice the first time only. What repeats within the day,
 * `*\/15 * * * *`, leaves the gap out and comes due in both of the hours that there are twice.
 */
export function readSchedule(cron: string, timezone: string): ScheduleResult {
  const text = cron.trim()
  if (text.startsWith('@every')) return every(text.slice('@every'.length))
  if (text.startsWith('@at')) return once(text.slice('@at'.length))
  const fields = text.split(/\s+/).length
  if (!NICKNAMES.includes(text) && (text.startsWith('@') || fields < 5 || fields > 6)) {
    return {
      ok: false,
      at: 'cron',
      expected: 'five fields, six with seconds, @daily or its like, @every 15s, or @at and a time',
    }
  }
  if (!isTimezone(timezone)) return { ok: false, at: 'timezone', expected: 'a time zone such as UTC or Europe/Berlin' }
  try {
    const pattern = new Cron(text, { timezone, paused: true, mode: 'auto' })
    if (pattern.nextRun(REFERENCE) === null) return { ok: false, at: 'cron', expected: 'a schedule that comes due' }
    const schedule: Schedule = {
      next: (after) => pattern.nextRun(new Date(after))?.getTime() ?? null,
      last: (upTo) => pattern.previousRuns(1, new Date(upTo + 1))[0]?.getTime() ?? null,
    }
    return { ok: true, schedule }
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : 'not read'
    return { ok: false, at: 'cron', expected: `a schedule (${why})` }
  }
}

function every(text: string): ScheduleResult {
  const ms = text.startsWith(' ') ? parseDuration(text) : undefined
  if (ms === undefined || ms < EVERY_MIN_MS) {
    const expected = `@every and a duration of at least ${formatDuration(EVERY_MIN_MS)} and at most 366d`
    return { ok: false, at: 'cron', expected }
  }
  const last = (upTo: Instant): Instant => Math.floor(upTo / ms) * ms
  return { ok: true, schedule: { last, next: (after) => last(after) + ms } }
}

/** RFC 3339 with its offset, so that no time zone has a say. */
const INSTANT = /^ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?(?:Z|[+-]\d\d:\d\d)$/

function once(text: string): ScheduleResult {
  const at = INSTANT.test(text) ? Date.parse(text.slice(1)) : NaN
  if (Number.isNaN(at)) {
    return { ok: false, at: 'cron', expected: '@at and a time with its offset, such as 2026-11-22T15:00:00+08:00' }
  }
  const schedule: Schedule = { next: (after) => (after < at ? at : null), last: (upTo) => (at <= upTo ? at : null) }
  return { ok: true, schedule }
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== ''
  } catch {
    return false
  }
}
