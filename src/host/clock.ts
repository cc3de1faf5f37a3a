import { uptime } from 'node:os'
import type { DurationMs, Instant } from '../model/time.ts'

/** The one place that reads the clock and waits. Tests put testing/clock.ts here. */
export interface Clock {
  now(): Instant
  /**
   * Calls back once at this instant or, when it has passed, in the next turn; when the clock is set back meanwhile, after
   * the time that it was away. Returns the way to stop it.
   */
  at(instant: Instant, callback: () => void): () => void
}

/**
 * So often it is looked whether the clock was set, or the machine slept: `setTimeout` knows of neither. Shorter than what
 * a schedule may be late (triggers/scheduler.ts).
 */
const LOOK_MS: DurationMs = 30_000

export const systemClock: Clock = {
  now: () => Date.now(),
  at(instant, callback) {
    let timer: NodeJS.Timeout
    // Where the clock was set back it is the time that has passed: else an hour's wait would become one of a day.
    const end = performance.now() + instant - Date.now()
    const wait = (): void => {
      const rest = Math.ceil(Math.min(instant - Date.now(), end - performance.now()))
      timer = rest > LOOK_MS ? setTimeout(wait, LOOK_MS) : setTimeout(callback, Math.max(0, rest))
      timer.unref()
    }
    wait()
    return () => clearTimeout(timer)
  },
}

/**
 * Milliseconds since the machine was started: nobody sets it, and unlike `performance.now()` it goes on while the machine
 * sleeps (CLOCK_BOOTTIME on Linux), so that what was promised for a time is not kept too long.
 */
export const machineUptime = (): DurationMs => uptime() * 1_000
