import type { Outputs } from '../../model/event.ts'
import type { Job } from '../../model/job.ts'
import { withinTime } from '../kit/deadline.ts'
import { exchange, operatorsGuard, shownUrl } from '../kit/exchange.ts'
import { ProgramFailed } from '../kit/programs.ts'
import { isRefusal, saidNo, unauthorized } from '../kit/said-no.ts'
import { CannotStart, isHttpUrl, type StepContext } from '../step.ts'
import type { DeployInput } from './spec.ts'

const TIMEOUT_MAX_MS = 3_600_000
/** How much of an answer is an output. */
const ANSWER_MAX_BYTES = 8 * 1_024

export async function byHttp(
  { request, rollback }: NonNullable<DeployInput['http']>,
  { takesBack }: Job,
  context: StepContext,
): Promise<Outputs> {
  const wanted = takesBack === undefined ? request : rollback
  if (wanted === undefined) throw new CannotStart('there is no request that takes it back')
  if (!isHttpUrl(wanted.url)) throw new CannotStart('url is no http or https URL')
  const { method, headers, body } = wanted
  const url = new URL(wanted.url)
  const result = await withinTime(context, wanted.timeout, TIMEOUT_MAX_MS, async (signal) => {
    context.log(`${method} ${shownUrl(url)}\n`)
    const answer = await exchange({ method, url, headers, body }, operatorsGuard(), signal, ANSWER_MAX_BYTES)
    context.log(`${answer.status} with ${answer.sizeBytes} bytes\n`)
    const outputs = { status: answer.status, answer: new TextDecoder().decode(answer.start).replaceAll('\0', '\uFFFD') }
    if (answer.status >= 200 && answer.status < 300) return { kind: 'succeeded', outputs }
    if (isRefusal(answer.status)) return unauthorized(`${url.host} answered with status ${answer.status}`, outputs)
    return saidNo(`the answer has status ${answer.status}, expected 2xx`, outputs)
  })
  if (result.kind === 'failed') throw new ProgramFailed(result)
  return result.kind === 'succeeded' ? (result.outputs ?? {}) : {}
}
