import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import {
  type Outbound,
  type OutboundAnswer,
  OutboundRefused,
  type OutboundRequest,
} from '../host/notifications/outbound.ts'
import { type Guard, Refused } from '../steps/kit/guard.ts'

/** How much of an answer is read. */
const ANSWER_MAX_BYTES = 4 * 1024

/** Posts to what the guard allows: the connection goes to an address that was checked, and no redirect is followed. */
export function poster(allowed: Guard): Outbound['post'] {
  return async (request, timeoutMs) => {
    try {
      return await post(request, allowed, AbortSignal.timeout(timeoutMs))
    } catch (error) {
      if (error instanceof Refused) throw new OutboundRefused(error.message, { cause: error })
      if ((error as Error).name === 'TimeoutError' || (error as Error).name === 'AbortError') {
        throw new Error(`no answer within ${timeoutMs / 1_000} s`, { cause: error })
      }
      throw error
    }
  }
}

async function post(
  { url: text, headers, body }: OutboundRequest,
  allowed: Guard,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new Refused('it is no http address')
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  // An address is not looked up, so it is checked here.
  const refusal = isIP(host) === 0 ? undefined : allowed.refusal(host, port, url.hostname)
  if (refusal !== undefined) throw new Refused(refusal)
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sender: typeof httpRequest = url.protocol === 'https:' ? httpsRequest : httpRequest
  const request = sender(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'millrace',
      ...headers,
      'content-length': String(Buffer.byteLength(body)),
    },
    lookup: allowed.lookup(port),
    agent: false,
    signal,
  })
  request.once('response', resolve).once('error', reject)
  request.end(body)
  const response = await promise
  return {
    status: response.statusCode ?? 0,
    header: (name) => {
      const value = response.headers[name]
      return Array.isArray(value) ? value[0] : value
    },
    start: await startOf(response),
  }
}

async function startOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part)
    size += part.length
    // What follows is not waited for: a receiver that never ends its answer has answered.
    if (size >= ANSWER_MAX_BYTES) break
  }
  return Buffer.concat(parts).subarray(0, ANSWER_MAX_BYTES).toString('utf8')
}
