import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { sayLast } from './last-words.ts'
import { problemBody, PROBLEMS } from './problem.ts'

/**
 * What no request may look like by RFC 9112 although Node's parser lets it pass: a proxy before us may read it as another
 * request than we do. undefined: nothing of the kind.
 */
export function framingFault({ rawHeaders, headers, httpVersion }: IncomingMessage): string | undefined {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  // Section 3.2: whose request is it?
  if (hosts > 1) return 'A request has one Host header'
  // Section 6.1: what comes of HTTP/1.0 knows no such framing.
  if (httpVersion === '1.0' && headers['transfer-encoding'] !== undefined) return 'HTTP/1.0 has no Transfer-Encoding'
  return undefined
}

/** Says so, and ends the connection: where the next request would begin is anybody's guess. */
export function answerFault(outgoing: ServerResponse, message: string, requestId: string): void {
  outgoing.writeHead(400, {
    'content-type': 'application/problem+json',
    'x-request-id': requestId,
    connection: 'close',
  })
  outgoing.end(JSON.stringify(problemBody({ code: 'invalid_request', message }, requestId)))
}

/** Whether a request says by itself that its body is longer than that. */
export const declaresMore = ({ headers }: IncomingMessage, maxBytes: number): boolean =>
  Number(headers['content-length'] ?? 0) > maxBytes

/**
 * `Expect: 100-continue` (RFC 9110, section 10.1.1): who asks before sending a body that is too long is answered, and
 * not told to go on.
 */
export function heedExpectations(server: Server, bodyMaxBytes: number): void {
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (!declaresMore(incoming, bodyMaxBytes)) outgoing.writeContinue()
    server.emit('request', incoming, outgoing)
  })
}

/** CONNECT asks for a tunnel: nobody is a proxy here. Without a listener Node hangs up without a word. */
export function refuseTunnels(server: Server, nextId: () => string): void {
  server.on('connect', (_incoming: IncomingMessage, socket: Duplex) => {
    const requestId = nextId()
    const body = JSON.stringify(problemBody({ code: 'method_not_allowed', message: 'This is no proxy' }, requestId))
    const { status } = PROBLEMS.method_not_allowed
    const head = [
      `HTTP/1.1 ${status} Method Not Allowed`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Allow: GET, HEAD',
      `X-Request-Id: ${requestId}`,
      'Connection: close',
    ]
    socket.on('error', () => socket.destroy())
    sayLast(socket, `${head.join('\r\n')}\r\n\r\n${body}`)
  })
}
