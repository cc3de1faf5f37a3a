import type { IncomingMessage, ServerResponse } from 'node:http'
import { DEPENDS_HEADER, FRESH_HEADER } from '../dialects/dialect.ts'
import type { Instant } from '../model/time.ts'
import type { Answer, Chunks } from './answer-cache.ts'
import { chunksOf } from './chunks.ts'
import { takesGzip } from './compressed.ts'
import { isNotModified, KEPT_ON_304 } from './conditional.ts'
import type { CredentialNote } from './credentials.ts'

export { DEPENDS_HEADER }

/**
 * Request headers that change nothing in an answer. Every other header is part of the key, so that whatever a
 * dialect reads its caller or its language from, nobody gets an answer that was made for someone else.
 */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'accept-encoding',
  'cache-control',
  'connection',
  'date',
  'dnt',
  'forwarded',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'keep-alive',
  'origin',
  'pragma',
  'priority',
  'range',
  'referer',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'te',
  'traceparent',
  'tracestate',
  'upgrade-insecure-requests',
  'user-agent',
  'via',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
  'x-request-id',
])

/** Bytes; above it copying the body behind the head costs more than it saves. */
const ONE_WRITE_MAX = 65_536

/** Characters; a longer one (tokens reach 100,000) is not worth its place. */
const KEY_MAX = 32_768

/** Under which name the answer to a request is kept; undefined when it cannot be. */
export function answerKey(incoming: IncomingMessage): string | undefined {
  if (incoming.method !== 'GET' || incoming.url === undefined || !incoming.url.startsWith('/')) return undefined
  const { headers } = incoming
  // Neither a URL nor a header value can hold a line feed, so no two requests share a key by their wording.
  let key = incoming.url
  // Where answers may be compressed, there are two of each.
  if (key.startsWith('/api/v1/') && takesGzip(incoming)) key += '\n:gzip'
  for (const name in headers) {
    if (WITHOUT_EFFECT.has(name)) continue
    // A body could hold a credential.
    if (name === 'content-length' || name === 'transfer-encoding') return undefined
    key += `\n${name}:${String(headers[name])}`
  }
  return key.length <= KEY_MAX ? key : undefined
}

/** Sends a kept answer. No Request, no Response, no router: this is what makes status reads as cheap as a bare server. */
export function sendAnswer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: Answer,
  requestId: string,
): void {
  const ifNoneMatch = incoming.headers['if-none-match']
  const headers =
    ifNoneMatch !== undefined && isNotModified(ifNoneMatch, answer.etag) ? answer.notModifiedHeaders : answer.headers
  // Written to the socket before this function returns, so one array serves all.
  headers[headers.length - 1] = requestId
  if (headers === answer.headers) {
    outgoing.writeHead(200, headers)
    sendBody(outgoing, answer.body)
  } else {
    outgoing.writeHead(304, headers)
    outgoing.end()
  }
}

function sendBody(outgoing: ServerResponse, body: Answer['body']): void {
  if (typeof body !== 'string' && 'chunks' in body) {
    // All of them in one system call.
    outgoing.cork()
    for (const chunk of body.chunks) outgoing.write(chunk)
    outgoing.end()
  } else outgoing.end(body, 'latin1')
}

/**
 * What a response says about being kept; both headers are taken off it. So is a request id of its own: a request has
 * one name, the one in the server's log.
 */
export function takeHints(response: Response): {
  readonly topics: readonly string[] | null
  readonly freshMs: number | null
} {
  const { headers } = response
  const depends = headers.get(DEPENDS_HEADER)
  const fresh = headers.get(FRESH_HEADER)
  if (depends !== null) headers.delete(DEPENDS_HEADER)
  if (fresh !== null) headers.delete(FRESH_HEADER)
  if (headers.has('x-request-id')) headers.delete('x-request-id')
  const topics = depends?.split(',').map((topic) => topic.trim()) ?? null
  return { topics, freshMs: fresh === null ? null : Number(fresh) }
}

/** The end of an answer's life besides its topics; undefined: it must not be kept at all. */
export function keptUntil(freshMs: number | null, note: CredentialNote, now: Instant): Instant | null | undefined {
  if (note.once) return undefined
  if (freshMs === null) return note.expiresAt
  if (!(freshMs > 0)) return undefined
  return Math.min(now + freshMs, note.expiresAt ?? Infinity)
}

function answerOf(response: Response, body: Buffer | Chunks): Answer {
  const headers: string[] = []
  const notModifiedHeaders: string[] = []
  for (const [name, value] of response.headers) {
    if (name === 'content-length' || name === 'x-request-id') continue
    headers.push(name, value)
    if (KEPT_ON_304.includes(name)) notModifiedHeaders.push(name, value)
  }
  headers.push('content-length', String(body.length), 'x-request-id', '')
  notModifiedHeaders.push('x-request-id', '')
  return {
    headers,
    notModifiedHeaders,
    etag: response.headers.get('etag'),
    body: body instanceof Buffer && body.length <= ONE_WRITE_MAX ? body.toString('latin1') : body,
  }
}

/** Sends a response that was made of chunks. @returns whether it is one. */
export function sendChunks(outgoing: ServerResponse, response: Response): boolean {
  const body = chunksOf(response)
  if (body === undefined) return false
  outgoing.writeHead(response.status, [...response.headers, ['content-length', String(body.length)]].flat())
  sendBody(outgoing, body)
  return true
}

/** The answer that a 200 is, and the same as a response again: what was read out of the first is gone from there. */
export async function taken(response: Response): Promise<{ readonly answer: Answer; readonly response: Response }> {
  const chunks = chunksOf(response)
  if (chunks !== undefined) return { answer: answerOf(response, chunks), response }
  const body = Buffer.from(await response.arrayBuffer())
  const { status, headers } = response
  return { answer: answerOf(response, body), response: new Response(body, { status, headers }) }
}
