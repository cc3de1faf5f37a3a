import { evaluateBoolRule } from '../../engine/bamboo/bool-rule.ts'
import type { Json } from '../../model/json.ts'
import { parseDuration } from '../../model/time.ts'
import { CannotStart, isHttpUrl, parseWith, wholeNumber, type StepRun } from '../step.ts'
import {
  BODY_MAX_BYTES,
  exchange as send,
  messageOf,
  operatorsGuard,
  shownUrl,
  type Answer,
  type Exchange,
} from '../kit/exchange.ts'
import { Refused } from '../kit/guard.ts'
import { saidNo } from '../kit/said-no.ts'
import { http } from './spec.ts'

/** How much of the body becomes an output. */
const OUTPUT_MAX_BYTES = 8 * 1024
/** Longest answer that is read as JSON: all outputs of a task have as much room (model/limits.ts). */
const JSON_MAX_BYTES = 60 * 1024
const TIMEOUT_MAX_MS = 3_600_000

export const run: StepRun = async (job, context) => {
  const input = parseWith(http, job)
  if (!isHttpUrl(input.url)) throw new CannotStart('url is no http or https URL')
  const timeoutMs = parseDuration(input.timeout)
  if (timeoutMs === undefined || timeoutMs > TIMEOUT_MAX_MS)
    throw new CannotStart('timeout is no duration of at most 1h')
  const allowed = operatorsGuard()
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([context.signal, deadline])

  let exchange: Exchange = { method: input.method, url: new URL(input.url), headers: input.headers, body: input.body }
  let left = wholeNumber(input.redirects)
  while (true) {
    context.log(`${exchange.method} ${shownUrl(exchange.url)}\n`)
    let answer: Answer
    try {
      answer = await send(exchange, allowed, signal, JSON_MAX_BYTES)
    } catch (error) {
      if (context.signal.aborted) throw error
      if (deadline.aborted) return saidNo(`no full answer within ${timeoutMs} ms`)
      if (error instanceof Refused) throw new CannotStart(error.message)
      return saidNo(`the request failed: ${messageOf(error)}`)
    }
    const more = answer.sizeBytes > BODY_MAX_BYTES ? ' or more' : ''
    context.log(`${answer.status} with ${answer.sizeBytes} bytes${more}\n`)
    const next = left > 0 ? redirected(exchange, answer) : undefined
    if (next === undefined) {
      const judged = judge(answer, [input.expect].flat(), input.output)
      return input.json === true ? judgeJson(answer, judged, input.success) : judged
    }
    exchange = next
    left -= 1
  }
}

function judge(
  answer: Answer,
  expected: readonly (number | string)[],
  output: string | undefined,
): Awaited<ReturnType<StepRun>> {
  const outputs = {
    status: String(answer.status),
    ...(output === undefined ? {} : { [output]: text(answer.start.subarray(0, OUTPUT_MAX_BYTES)) }),
  }
  if (expected.some((pattern) => fits(answer.status, String(pattern)))) return { kind: 'succeeded', outputs }
  const reason = `the answer has status ${answer.status}, expected ${expected.join(' or ')}`
  return { kind: 'failed', failure: { kind: 'said-no', reason }, outputs }
}

/** An answer that is no JSON is a no, whatever its status; so is one that the condition does not hold for. */
function judgeJson(
  answer: Answer,
  judged: Awaited<ReturnType<StepRun>>,
  success: string | undefined,
): Awaited<ReturnType<StepRun>> {
  const read = readJson(answer)
  const before = judged.kind === 'cancelled' ? {} : judged.outputs
  const outputs = { ...before, status_code: answer.status, ...(read.ok ? { data: read.value } : {}) }
  const no = (reason: string): Awaited<ReturnType<StepRun>> => ({
    kind: 'failed',
    failure: { kind: 'said-no', reason },
    outputs,
  })
  if (judged.kind === 'failed') return { ...judged, outputs }
  if (!read.ok) return no(read.reason)
  if (success === undefined) return { kind: 'succeeded', outputs }
  const holds = evaluateBoolRule(success, { resp: read.value })
  if (!holds.ok) return no(`the condition ${success} cannot be read: ${holds.message}`)
  return holds.value ? { kind: 'succeeded', outputs } : no(`the condition ${success} does not hold`)
}

function readJson(
  answer: Answer,
): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly reason: string } {
  if (answer.sizeBytes > JSON_MAX_BYTES) {
    return { ok: false, reason: `the answer has ${answer.sizeBytes} bytes, as JSON it may have ${JSON_MAX_BYTES}` }
  }
  try {
    return { ok: true, value: JSON.parse(text(answer.start)) as Json }
  } catch {
    return { ok: false, reason: 'the answer is not JSON' }
  }
}

const fits = (status: number, pattern: string): boolean =>
  pattern.endsWith('xx') ? String(status).startsWith(pattern.slice(0, 1)) : String(status) === pattern

/** RFC 9110, section 15.4. undefined: not a redirect. */
function redirected(exchange: Exchange, { status, location }: Answer): Exchange | undefined {
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return undefined
  const url = URL.parse(location, exchange.url.href)
  if (url === null || !isHttpUrl(url.href)) return undefined
  // What was meant for one server is not for another.
  const headers = Object.fromEntries(
    Object.entries(exchange.headers).filter(
      ([name]) =>
        url.origin === exchange.url.origin || !/^(?:authorization|cookie|proxy-authorization|host)$/i.test(name),
    ),
  )
  if (url.origin !== exchange.url.origin) {
    url.username = ''
    url.password = ''
  }
  const rewrites = status === 303 || (status < 303 && exchange.method === 'POST')
  if (!rewrites || exchange.method === 'HEAD') return { ...exchange, url, headers }
  return { method: 'GET', url, headers, body: undefined }
}

/** Cut at the limit between two characters, without NUL. */
function text(bytes: Buffer): string {
  return new TextDecoder().decode(bytes, { stream: true }).replaceAll('\0', '\uFFFD')
}
