import type { TaskSpec } from '../model/definition.ts'
import type { AfterFailure } from '../model/event.ts'
import { isRetryable, type Failure } from '../model/failure.ts'
import { ATTEMPTS_MAX } from '../model/limits.ts'
import type { Instant } from '../model/time.ts'
import { retryDelayMs } from './deadline.ts'
import { stageAt, taskAt, taskPlan, type Run } from './run.ts'

/**
 * What comes after a failure of a node that is at work: another attempt, waiting for a person, or going on without.
 * @param draw of [0, 1), for the delay before another attempt; drawn only for that
 */
export function afterFailure(run: Run, index: number, failure: Failure, at: Instant, draw: () => number): AfterFailure {
  const { spec, stage } = taskPlan(run.plan, index)
  const state = taskAt(run, index)
  if (run.cancelling !== null || stageAt(run, stage).timedOut) return { do: 'stop' }
  const isOutOfTime = failure.kind === 'timeout' || failure.kind === 'expired'
  if (isOutOfTime && spec.onTimeout === 'skip' && !state.rollingBack) return { do: 'skip' }
  if (state.attempt - state.takenUpAt < ATTEMPTS_MAX) {
    if (failure.kind === 'lost' && spec.onLost === 'rerun') return { do: 'retry', at, counted: false }
    if (state.retries < spec.retry.max && isTriedAgain(run, spec, failure)) {
      return { do: 'retry', at: at + retryDelayMs(spec.retry, state.retries, draw()), counted: true }
    }
  }
  if (state.rollingBack) return { do: 'stop' }
  const { policy, expireMs } = spec.onFailure
  switch (policy) {
    case 'hold':
      return { do: 'hold', until: expireMs === null ? null : at + expireMs }
    case 'restart':
      return { do: run.pass > run.plan.definition.restartsMax ? 'stop' : 'restart' }
    case 'stop':
      return { do: 'stop' }
    case 'continue':
      // BlueKing's engine passes over what a node says, not over what a person says of it.
      if (failure.kind === 'forced' && run.plan.definition.language === 'bamboo') return { do: 'hold', until: null }
      // A gateway that found no way has none to be passed over by; behind an end there is nothing that could go on.
      return { do: spec.work.kind === 'gateway' || spec.work.kind === 'end' ? 'stop' : 'continue' }
  }
}

/** BlueKing's engine tries again whatever has failed; what it passes over it has not, but a person's word stays one. */
function isTriedAgain(run: Run, { onFailure }: TaskSpec, { kind }: Failure): boolean {
  if (run.plan.definition.language === 'native') return isRetryable[kind]
  return onFailure.policy !== 'continue' || kind === 'forced'
}
