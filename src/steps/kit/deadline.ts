import type { AttemptResult } from '../../model/command.ts'
import { parseDuration } from '../../model/time.ts'
import { CannotStart, type StepContext } from '../step.ts'
import { messageOf } from './exchange.ts'
import { Refused } from './guard.ts'
import { answered, saidNo } from './said-no.ts'

/**
 * Talks to a server for at most this long. An address that may not be reached cannot start; a talk that fails or takes
 * too long has said no.
 * @param timeout as `with` has it; above `maxMs` it is refused.
 */
export async function withinTime(
  context: StepContext,
  timeout: string | number,
  maxMs: number,
  talk: (signal: AbortSignal, timeoutMs: number) => Promise<AttemptResult>,
): Promise<AttemptResult> {
  const timeoutMs = parseDuration(timeout)
  if (timeoutMs === undefined || timeoutMs > maxMs) {
    throw new CannotStart(`with.timeout: expected a duration of at most ${maxMs / 1_000} s`)
  }
  const deadline = AbortSignal.timeout(timeoutMs)
  try {
    return await answered(() => talk(AbortSignal.any([context.signal, deadline]), timeoutMs))
  } catch (error) {
    if (context.signal.aborted || error instanceof CannotStart) throw error
    if (deadline.aborted) return saidNo(`no full answer within ${timeoutMs} ms`)
    if (error instanceof Refused) throw new CannotStart(error.message)
    return saidNo(`the exchange failed: ${messageOf(error)}`)
  }
}
