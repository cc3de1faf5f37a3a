import { operatorsGuard } from '../kit/exchange.ts'
import { withinTime } from '../kit/deadline.ts'
import { CannotStart, parseWith, type StepRun } from '../step.ts'
import { sendEmail } from './email.ts'
import { notify } from './spec.ts'
import { sendWebhook } from './webhook.ts'

const TIMEOUT_MAX_MS = 600_000

export const run: StepRun = async (job, context) => {
  const { url, email, timeout, ...message } = parseWith(notify, job)
  const allowed = operatorsGuard()
  return withinTime(context, timeout, TIMEOUT_MAX_MS, (signal, timeoutMs) => {
    if (email !== undefined) return sendEmail(email, context, allowed, signal, timeoutMs)
    if (url === undefined) throw new CannotStart('with.url: expected either url or email')
    return sendWebhook({ ...message, url }, job, context, allowed, signal)
  })
}
