import { setTimeout as delay } from 'node:timers/promises'
import type { Outputs } from '../../model/event.ts'
import type { Job } from '../../model/job.ts'
import { parseDuration } from '../../model/time.ts'
import { exchange, messageOf, operatorsGuard, shownUrl } from '../kit/exchange.ts'
import { Refused } from '../kit/guard.ts'
import { answered, SaidNo } from '../kit/said-no.ts'
import { CannotStart, isHttpUrl, parseWith, wholeNumber, type StepContext, type StepRun } from '../step.ts'
import { byCommand } from './by-command.ts'
import { byCompose } from './by-compose.ts'
import { byHttp } from './by-http.ts'
import { byKubernetes } from './by-kubernetes.ts'
import { deploy, type DeployInput } from './spec.ts'

/** `takesBack` of the job tells whether it deploys, or takes back what that deployment has made. */
export const run: StepRun = async (job, context) => {
  // What the way back needs is told also by a deployment that fails half way: then above all it is taken back.
  let made: Outputs = {}
  const note = (outputs: Outputs): void => {
    made = { ...made, ...outputs }
  }
  const result = await answered(async () => {
    const input = parseWith(deploy, job)
    const where = input.environment === undefined ? '' : ` ${input.environment}`
    context.log(`${job.takesBack === undefined ? 'Deploying' : 'Taking back'}${where}\n`)
    note(await deployed(input, job, context, note))
    // A way back ends where something was healthy before, which may be another thing or nothing.
    if (input.healthy !== undefined && job.takesBack === undefined) await untilHealthy(input.healthy, context)
    if (input.environment !== undefined) note({ environment: input.environment })
    return { kind: 'succeeded', outputs: made }
  })
  if (result.kind !== 'failed' || Object.keys(made).length === 0) return result
  return { ...result, outputs: { ...made, ...result.outputs } }
}

async function deployed(
  input: DeployInput,
  job: Job,
  context: StepContext,
  note: (outputs: Outputs) => void,
): Promise<Outputs> {
  const { command, http, compose, kubernetes } = input
  if (command !== undefined) return byCommand(command, job, context)
  if (http !== undefined) return byHttp(http, job, context)
  if (compose !== undefined) return byCompose(compose, job, context, note)
  if (kubernetes !== undefined) return byKubernetes(kubernetes, input.timeout, job, context, note)
  throw new CannotStart('with: expected one of command, http, compose, kubernetes')
}

const WITHIN_MAX_MS = 3_600_000
const BETWEEN_MS = 500
const BODY_MAX_BYTES = 64 * 1_024

async function untilHealthy(
  { url: text, status: wanted, contains, within }: NonNullable<DeployInput['healthy']>,
  context: StepContext,
): Promise<void> {
  const withinMs = parseDuration(within)
  if (withinMs === undefined || withinMs > WITHIN_MAX_MS) {
    throw new CannotStart('with.healthy.within: expected a duration of at most 1h')
  }
  if (!isHttpUrl(text)) throw new CannotStart('with.healthy.url is no http or https URL')
  const url = new URL(text)
  const allowed = operatorsGuard()
  const deadline = AbortSignal.timeout(withinMs)
  const signal = AbortSignal.any([context.signal, deadline])
  let last = 'it did not answer'
  for (;;) {
    try {
      const answer = await exchange({ method: 'GET', url, headers: {} }, allowed, signal, BODY_MAX_BYTES)
      const isThere = contains === undefined || answer.start.toString().includes(contains)
      if (answer.status === wholeNumber(wanted) && isThere) {
        context.log(`${shownUrl(url)} is healthy\n`)
        return
      }
      last = `it answered with status ${answer.status}${isThere ? '' : ', without the text'}`
    } catch (error) {
      if (error instanceof Refused) throw new CannotStart(error.message)
      if (!signal.aborted) last = messageOf(error)
    }
    context.signal.throwIfAborted()
    if (deadline.aborted) throw new SaidNo(`${shownUrl(url)} was not healthy within ${String(within)}: ${last}`)
    await delay(BETWEEN_MS, undefined, { signal }).catch(() => undefined)
  }
}
