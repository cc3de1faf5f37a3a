import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { guard, Refused, type Guard } from './guard.ts'

export interface Exchange {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | { readonly stream: Readable; readonly sizeBytes: number } | undefined
}

export interface Answer {
  readonly status: number
  readonly location: string | undefined
  /** As much of the body as was asked for. */
  readonly start: Buffer
  /** Of all of the body that was read. */
  readonly sizeBytes: number
}

/** How much of the body is read; what comes after is not waited for. */
export const BODY_MAX_BYTES = 64 * 1024 * 1024

/** What the server's operator lets steps reach besides public addresses. */
export const operatorsGuard = (): Guard => guard(process.env['MILLRACE_HTTP_ALLOW'] ?? '')

/**
 * One request and its answer, redirects not followed.
 * @param keptMax how many bytes of the body are wanted
 * @throws Refused when the address may not be connected to.
 */
export async function exchange(
  { method, url, headers, body }: Exchange,
  allowed: Guard,
  signal: AbortSignal,
  keptMax: number,
): Promise<Answer> {
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // An address is not looked up, so it is checked here; URL has made one form of all its spellings.
  const refusal = isIP(host) === 0 ? undefined : allowed.refusal(host, port, url.hostname)
  if (refusal !== undefined) throw new Refused(refusal)
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sender: typeof httpRequest = url.protocol === 'https:' ? httpsRequest : httpRequest
  const request: ClientRequest = sender(url, {
    method,
    headers: { 'user-agent': 'millrace', ...headers },
    lookup: allowed.lookup(port),
    // A connection of its own: none that was made for another name is used again.
    agent: false,
    signal,
  })
  request.once('response', resolve).once('error', reject)
  if (typeof body === 'object') {
    request.setHeader('content-length', body.sizeBytes)
    // A server may answer and close before it has read all: then its answer counts, not the broken pipe.
    pipeline(body.stream, request, { signal }).catch(reject)
  } else {
    // Else Node leaves the length out and says `transfer-encoding: chunked` for methods with a body.
    if (body !== undefined) request.setHeader('content-length', Buffer.byteLength(body))
    request.end(body)
  }
  const response = await promise
  return {
    ...(await readBody(response, keptMax)),
    status: response.statusCode ?? 0,
    location: response.headers.location,
  }
}

async function readBody(response: IncomingMessage, keptMax: number): Promise<Pick<Answer, 'start' | 'sizeBytes'>> {
  const parts: Buffer[] = []
  let kept = 0
  let sizeBytes = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    sizeBytes += part.length
    if (kept < keptMax) parts.push(part.subarray(0, keptMax - kept))
    kept += part.length
    if (sizeBytes > BODY_MAX_BYTES) break
  }
  return { start: Buffer.concat(parts), sizeBytes }
}

/** Without user, password and query, which may hold secrets. */
export const shownUrl = (url: URL): string => `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`

/** A name with several addresses fails with one error for each. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(messageOf))].join('; ')
  return error instanceof Error ? error.message : String(error)
}
