import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type HttpProblemCode, problemBody, PROBLEMS } from './problem.ts'

/** Codes of Node's own parser and timers: https://nodejs.org/api/errors.html, read 2026-11. */
const CODES: Readonly<Record<string, readonly [HttpProblemCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The request line and headers together are longer than this server takes'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['too_large', 'The chunk extensions are longer than this server takes'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The whole request must arrive in time'],
}

/** Answers what is no HTTP request, before there is one; nothing of the bytes is repeated. */
export function answerParserError(error: Error & { readonly code?: string }, socket: Socket, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [code, message] = CODES[error.code ?? ''] ?? ['invalid_request', 'This is not a request that HTTP/1.1 allows']
  const { status } = PROBLEMS[code]
  const body = JSON.stringify(problemBody({ code, message }, requestId))
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
