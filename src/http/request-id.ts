import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

const ACCEPTABLE = /^[A-Za-z0-9._-]{1,128}$/

/**
 * Gives every request a name: the caller's own `X-Request-Id` when it is harmless to log, else a fresh one.
 * Fresh ones are the server's random part and a count, because drawing 16 random bytes per cached answer would
 * cost more than finding the answer.
 * @param seed 32 hex digits, fresh for this server.
 */
export function requestIds(seed: string): (headers: IncomingHttpHeaders) => string {
  const prefix = seed.slice(-20)
  let count = 0
  return (headers) => {
    const given = headers['x-request-id']
    if (typeof given === 'string' && ACCEPTABLE.test(given)) return given
    count += 1
    return prefix + count.toString(16).padStart(12, '0')
  }
}

/** Puts the id where handlers look for it, in place of what the caller sent: a Request reads both forms. */
export function stampRequestId({ headers, rawHeaders }: IncomingMessage, id: string): void {
  headers['x-request-id'] = id
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) {
    if (rawHeaders[at]?.toLowerCase() === 'x-request-id') rawHeaders.splice(at, 2)
  }
  rawHeaders.push('x-request-id', id)
}
