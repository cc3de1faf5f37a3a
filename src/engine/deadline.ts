import type { RetryPolicy, TaskSpec } from '../model/definition.ts'
import type { DurationMs, Instant } from '../model/time.ts'
import { parseDuration } from '../model/time.ts'
import { DAY_MS, daysOf } from './bamboo/time.ts'
import { textOf } from './render.ts'
import { taskAt, type Run } from './run.ts'

/**
 * Delay before the next attempt after `retries` counted ones: `delay * 2^retries`, at most `delayMax`, of which the
 * part `jitter` is drawn anew. With jitter 1: full jitter.
 * @param draw in [0, 1), drawn by the host; the engine rolls no dice.
 * @returns milliseconds in [0, delayMaxMs].
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function retryDelayMs(policy: RetryPolicy, retries: number, draw: number): DurationMs {
  const ceiling = Math.min(policy.delayMaxMs, policy.delayMs * 2 ** Math.min(retries, 40))
  return Math.round(ceiling * (1 - policy.jitter) + ceiling * policy.jitter * draw)
}

const INSTANT =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[ T]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:Z|([+-])([01]\d):?([0-5]\d))?$/

/** `YYYY-MM-DD HH:MM:SS`, in UTC unless an offset follows; undefined: the text is none. */
function instantOf(text: string): Instant | undefined {
  const parts = INSTANT.exec(text)
  if (parts === null) return undefined
  const [, year, month, day, hour, minute, second, sign, zoneHour = 0, zoneMinute = 0] = parts
  const wallMs =
    daysOf(Number(year), Number(month), Number(day)) * DAY_MS +
    ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000
  const zoneMs = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000
  return wallMs - (sign === '-' ? -zoneMs : zoneMs)
}

/**
 * When a sleep task that begins now ends, or why that cannot be said. An instant is `YYYY-MM-DD HH:MM:SS`, in UTC
 * unless it says otherwise; one that has passed is over at once.
 */
export function sleepEnd(
  run: Run,
  index: number,
  work: Extract<TaskSpec['work'], { kind: 'sleep' }>,
  at: Instant,
): Instant | { readonly invalid: string } {
  const asked = taskAt(run, index).inputs?.['duration'] ?? work.duration
  if (typeof asked === 'number') return at + asked
  const text = textOf(run, index, asked)
  const durationMs = parseDuration(text)
  if (durationMs !== undefined) return at + durationMs
  const until = instantOf(text.trim())
  if (until !== undefined) return Math.max(at, until)
  const found = JSON.stringify(text.slice(0, 80))
  return {
    invalid: `expected a duration such as 30s or 1h30m, or an instant such as 2030-01-31 08:00:00, found ${found}`,
  }
}

/** How many approvals a review takes. */
export function approvalsNeeded(work: Extract<TaskSpec['work'], { kind: 'review' }>): number {
  return work.required === 'all' ? Math.max(1, new Set(work.reviewers).size) : work.required
}
