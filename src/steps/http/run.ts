import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { evaluateBoolRule } from '../../engine/bool-rule.ts'
import type { Json } from '../../model/json.ts'
import { parseDuration } from '../../model/time.ts'
import { CannotStart, parseWith, wholeNumber, type StepRun } from '../step.ts'
import { guard, Refused, type Guard } from '../kit/guard.ts'
import { http, isHttpUrl } from './spec.ts'

/** How much of the body becomes an output. */
const OUTPUT_MAX_BYTES = 8 * 1024
/** Longest answer that is read as JSON: all outputs of a task have as much room (model/limits.ts). */
const JSON_MAX_BYTES = 60 * 1024
/** How much of the body is read; what comes after is not waited for. */
const BODY_MAX_BYTES = 64 * 1024 * 1024
const TIMEOUT_MAX_MS = 3_600_000

interface Exchange {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

interface Answer {
  readonly status: number
  readonly location: string | undefined
  /** The first {@link JSON_MAX_BYTES}. */
  readonly start: Buffer
  readonly sizeBytes: number
}

export const run: StepRun = async (job, context) => {
  const input = parseWith(http, job)
  if (!isHttpUrl(input.url)) throw new CannotStart('url is no http or https URL')
  const timeoutMs = parseDuration(input.timeout)
  if (timeoutMs === undefined || timeoutMs > TIMEOUT_MAX_MS)
    throw new CannotStart('timeout is no duration of at most 1h')
  const allowed = guard(process.env['MILLRACE_HTTP_ALLOW'] ?? '')
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([context.signal, deadline])

  let exchange: Exchange = { method: input.method, url: new URL(input.url), headers: input.headers, body: input.body }
  let left = wholeNumber(input.redirects)
  while (true) {
    context.log(`${exchange.method} ${shown(exchange.url)}\n`)
    let answer: Answer
    try {
      answer = await send(exchange, allowed, signal)
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

const saidNo = (reason: string): Awaited<ReturnType<StepRun>> => ({
  kind: 'failed',
  failure: { kind: 'said-no', reason },
  outputs: null,
})

async function send(exchange: Exchange, allowed: Guard, signal: AbortSignal): Promise<Answer> {
  const { url } = exchange
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // An address is not looked up, so it is checked here; URL has made one form of all its spellings.
  const refusal = isIP(host) === 0 ? undefined : allowed.refusal(host, port, url.hostname)
  if (refusal !== undefined) throw new Refused(refusal)
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sender: typeof httpRequest = url.protocol === 'https:' ? httpsRequest : httpRequest
  const request: ClientRequest = sender(url, {
    method: exchange.method,
    headers: { 'user-agent': 'millrace', ...exchange.headers },
    lookup: allowed.lookup(port),
    // A connection of its own: none that was made for another name is used again.
    agent: false,
    signal,
  })
  request.once('response', resolve).once('error', reject)
  // Else Node leaves the length out and says `transfer-encoding: chunked` for methods with a body.
  if (exchange.body !== undefined) request.setHeader('content-length', Buffer.byteLength(exchange.body))
  request.end(exchange.body)
  const response = await promise
  return { ...(await readBody(response)), status: response.statusCode ?? 0, location: response.headers.location }
}

async function readBody(response: IncomingMessage): Promise<Pick<Answer, 'start' | 'sizeBytes'>> {
  const parts: Buffer[] = []
  let kept = 0
  let sizeBytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    sizeBytes += part.length
    if (kept < JSON_MAX_BYTES) parts.push(part.subarray(0, JSON_MAX_BYTES - kept))
    kept += part.length
    if (sizeBytes > BODY_MAX_BYTES) break
  }
  return { start: Buffer.concat(parts), sizeBytes }
}

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

/** Without user, password and query, which may hold secrets. */
const shown = (url: URL): string => `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`

/** Cut at the limit between two characters, without NUL. */
function text(bytes: Buffer): string {
  return new TextDecoder().decode(bytes, { stream: true }).replaceAll('\0', '\uFFFD')
}

/** A name with several addresses fails with one error for each. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(messageOf))].join('; ')
  return error instanceof Error ? error.message : String(error)
}
