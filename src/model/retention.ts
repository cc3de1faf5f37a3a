import type { DurationMs } from './time.ts'

/** How long runs are kept, with their logs, reports and artifacts. A run goes when either says so. */
export interface Retention {
  /** So many of each pipeline, newest first; null: any number. */
  readonly runs: number | null
  /** From their end; null: for ever. */
  readonly forMs: DurationMs | null
}

/** Within a day of their end, runs stay whatever is said: people look at them, and triggers must not start them again. */
export const KEPT_AT_LEAST_MS: DurationMs = 24 * 3_600_000
