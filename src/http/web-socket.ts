import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { FRAMES_HEADER } from '../dialects/dialect.ts'
import { sayLast } from './last-words.ts'

/**
 * RFC 6455, as much as answers without an end need that a client wants as WebSocket frames: each line of the answer's
 * body is a text message. Nothing is read of what clients send but that they go, or ask whether anybody is there.
 */

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** Longest frame of a client; what is longer ends the connection (1009). */
const FRAME_MAX_BYTES = 65_536

const OPCODES = { text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const

/** Whether a request asks for a WebSocket: others that would upgrade (`h2c`) are answered as if they had not asked. */
export const isHandshake = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' &&
  headers.upgrade?.toLowerCase() === 'websocket' &&
  headers['sec-websocket-version'] === '13' &&
  /^[A-Za-z0-9+/]{22}==$/.test(headers['sec-websocket-key'] ?? '')

/** @returns undefined: the Host or the path is none. */
export function handshakeRequest(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const url = `http://${incoming.headers.host ?? ''}${incoming.url ?? ''}`
  if (!URL.canParse(url)) return undefined
  const headers = new Headers()
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  return new Request(url, { headers, signal })
}

/** Sends the answer: as frames, when its owner made it of lines, else as what it is, and ends the connection. */
export async function sendFrames(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
  response: Response,
  gone: AbortSignal,
): Promise<void> {
  const isFramed = response.headers.get(FRAMES_HEADER) !== null && response.body !== null
  response.headers.delete(FRAMES_HEADER)
  if (!isFramed) {
    const body = Buffer.from(await response.arrayBuffer())
    response.headers.set('content-length', String(body.length))
    sayLast(socket, Buffer.concat([headOf(`${response.status} Answer`, response.headers), body]))
    return
  }
  const key = incoming.headers['sec-websocket-key'] ?? ''
  const accept = createHash('sha1')
    .update(key + MAGIC)
    .digest('base64')
  const headers = new Headers({ upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-accept': accept })
  const requestId = response.headers.get('x-request-id')
  if (requestId !== null) headers.set('x-request-id', requestId)
  socket.write(headOf('101 Switching Protocols', headers))
  const reader = response.body.getReader()
  const leave = (code: number): void => {
    sayLast(socket, frame(OPCODES.close, Buffer.from([code >> 8, code & 0xff])))
    void reader.cancel().catch(() => undefined)
  }
  listen(socket, head, leave)
  gone.addEventListener('abort', () => void reader.cancel().catch(() => undefined), { once: true })
  for await (const line of linesOf(reader)) {
    if (!socket.writable) return
    if (!socket.write(frame(OPCODES.text, Buffer.from(line)))) await drained(socket)
  }
  if (socket.writable) leave(1_000)
}

const headOf = (status: string, headers: Headers): Buffer =>
  Buffer.from(
    `HTTP/1.1 ${status}\r\n${[...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    'latin1',
  )

/** Final, and not masked, as a server's are. */
function frame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode
  if (length < 126) head[1] = length
  else if (length < 65_536) {
    head[1] = 126
    head.writeUInt16BE(length, 2)
  } else {
    head[1] = 127
    head.writeBigUInt64BE(BigInt(length), 2)
  }
  return Buffer.concat([head, payload])
}

async function* linesOf(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    const lines = (rest + (done ? decoder.decode() : decoder.decode(value, { stream: true }))).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line !== '')
    if (done) break
  }
  if (rest !== '') yield rest
}

const drained = (socket: Duplex): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })

/** Answers pings and farewells; @param leave with the reason why the connection ends. */
function listen(socket: Duplex, head: Uint8Array, leave: (code: number) => void): void {
  // Who says nothing more, and no farewell either, was killed: nothing that is written would tell, as long as nothing is.
  socket.once('end', () => socket.destroy())
  let held: Buffer = Buffer.from(head)
  const look = (): void => {
    for (let found = firstFrame(held); found !== undefined; found = firstFrame(held)) {
      if ('wrong' in found) return leave(found.wrong)
      held = held.subarray(found.end)
      if (found.opcode === OPCODES.close) return leave(1_000)
      if (found.opcode === OPCODES.ping) socket.write(frame(OPCODES.pong, found.payload))
    }
  }
  socket.on('data', (bytes: Buffer) => {
    held = Buffer.concat([held, bytes])
    look()
  })
  look()
}

type Found = { readonly opcode: number; readonly payload: Buffer; readonly end: number } | { readonly wrong: number }

/** undefined: not all of it is there. Those of clients are masked (section 5.1). */
function firstFrame(bytes: Buffer): Found | undefined {
  if (bytes.length < 2) return undefined
  const [first = 0, second = 0] = bytes
  if ((second & 0x80) === 0) return { wrong: 1_002 }
  const short = second & 0x7f
  const start = short === 126 ? 4 : short === 127 ? 10 : 2
  if (bytes.length < start) return undefined
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short
  if (length > FRAME_MAX_BYTES) return { wrong: 1_009 }
  const end = start + 4 + length
  if (bytes.length < end) return undefined
  const mask = bytes.subarray(start, start + 4)
  const payload = Buffer.from(bytes.subarray(start + 4, end))
  for (let at = 0; at < payload.length; at += 1) payload[at] = payload[at]! ^ mask[at % 4]!
  return { opcode: first & 0x0f, payload, end }
}
