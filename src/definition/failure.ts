import { FAILURE_POLICIES, type OnFailure, type RetryPolicy } from '../model/definition.ts'
import { RETRIES_MAX } from './limits.ts'
import { byKind, choice, duration, mapped, number, record, type Shape } from './shape.ts'

/** What a failure means, and when it is tried again. */

const policy = choice(FAILURE_POLICIES)

export const onFailure: Shape<OnFailure> = byKind<OnFailure>({
  expected: `${FAILURE_POLICIES.join(', ')}, or a mapping with policy and expire`,
  scalar: mapped(policy, (word) => ({ policy: word, expireMs: null })),
  map: mapped(
    record('on_failure', {
      policy: { shape: policy, doc: 'What a failure means for the run.', required: true },
      expire: { shape: duration, doc: 'Only with hold: given up as timed out after this long.' },
    }),
    ({ policy: word, expire }, tree, path, reader) => {
      if (word === undefined) return undefined
      if (expire !== undefined && word !== 'hold') {
        reader.problems.add(
          tree.at,
          [...path, 'expire'],
          `expected expire only with the policy hold, found it with ${word}`,
        )
        return undefined
      }
      return { policy: word, expireMs: expire ?? null }
    },
  ),
})

const RETRY_DELAY_MS = 1_000
const RETRY_DELAY_MAX_MS = 60_000
export const NO_RETRY: RetryPolicy = { max: 0, delayMs: RETRY_DELAY_MS, delayMaxMs: RETRY_DELAY_MAX_MS, jitter: 1 }

const retries = number(0, RETRIES_MAX, { whole: true })

export const retry: Shape<RetryPolicy> = byKind<RetryPolicy>({
  expected: `a number of retries from 0 to ${RETRIES_MAX}, or a mapping with max, delay, max_delay and jitter`,
  scalar: mapped(retries, (max) => ({ ...NO_RETRY, max })),
  map: mapped(
    record('retry', {
      max: { shape: retries, doc: 'Further attempts after the first.', required: true },
      delay: { shape: duration, doc: 'Before the first retry; doubles with each. Default 1s.' },
      max_delay: { shape: duration, doc: 'The longest delay. Default 1m.' },
      jitter: {
        shape: number(0, 1, { whole: false }),
        doc: '0: exactly the delay; 1: anything from nothing to the delay. Default 1.',
      },
    }),
    ({ max, delay = RETRY_DELAY_MS, max_delay, jitter = 1 }, tree, path, reader) => {
      const delayMaxMs = max_delay ?? Math.max(RETRY_DELAY_MAX_MS, delay)
      if (delayMaxMs < delay) {
        reader.problems.add(tree.at, [...path, 'max_delay'], 'expected a max_delay that is not shorter than delay')
        return undefined
      }
      return max === undefined ? undefined : { max, delayMs: delay, delayMaxMs, jitter }
    },
  ),
})
