import { uptime } from 'node:os'
import type { DurationMs, Instant } from '../model/time.ts'

/** The one place that reads the clock and waits. Tests put testing/clock.ts here. */
export interface Clock {
  now(): Instant
  /** Calls back once at this instant or, when it has passed, in the next turn. Returns the way to stop it. */
  at(instant: Instant, callback: () => void): () => void
}

/** setTimeout takes at most 2^31 - 1 ms; a longer wait is taken in parts. */
const WAIT_MAX_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  at(instant, callback) {
    let timer: NodeJS.Timeout
    const wait = (): void => {
      const rest = instant - Date.now()
      timer = rest > WAIT_MAX_MS ? setTimeout(wait, WAIT_MAX_MS) : setTimeout(callback, Math.max(0, rest))
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
