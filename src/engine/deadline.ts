import type { RetryPolicy, TaskSpec } from '../model/definition.ts'
import type { DurationMs } from '../model/time.ts'
import { parseDuration } from '../model/time.ts'
import type { Run } from './run.ts'
import { scopeOf } from './scope.ts'
import { renderText } from './template.ts'

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

/** How long a sleep task sleeps, or why that cannot be said. */
export function sleepMs(
  run: Run,
  work: Extract<TaskSpec['work'], { kind: 'sleep' }>,
): DurationMs | { readonly invalid: string } {
  if (typeof work.duration === 'number') return work.duration
  const text = renderText(work.duration, scopeOf(run))
  return (
    parseDuration(text) ?? {
      invalid: `expected a duration such as 30s or 1h30m, found ${JSON.stringify(text.slice(0, 80))}`,
    }
  )
}

/** How many approvals a review takes. */
export function approvalsNeeded(work: Extract<TaskSpec['work'], { kind: 'review' }>): number {
  return work.required === 'all' ? Math.max(1, new Set(work.reviewers).size) : work.required
}
