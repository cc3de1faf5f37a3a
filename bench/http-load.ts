import { connect, type Socket } from 'node:net'

export interface HttpFigures {
  readonly rps: number
  /** Milliseconds of every request. */
  readonly times: readonly number[]
}

const HEADER_END = Buffer.from('\r\n\r\n')
const LENGTH = /content-length: (\d+)/i

/**
 * Sends one request again and again over `connections` kept-alive connections, one at a time on each, for this long.
 * Plain sockets: a client library would be the bottleneck before the server is.
 * @throws Error for an answer that is not 200 or has no Content-Length.
 */
export async function load(
  port: number,
  request: string,
  connections: number,
  durationMs: number,
): Promise<HttpFigures> {
  const bytes = Buffer.from(request)
  const times: number[] = []
  const end = performance.now() + durationMs
  const start = performance.now()
  await Promise.all(Array.from({ length: connections }, () => one(port, bytes, end, times)))
  return { rps: times.length / ((performance.now() - start) / 1_000), times }
}

function one(port: number, request: Buffer, end: number, times: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    let sentAt = 0
    let missing = -1
    let head = Buffer.alloc(0)
    const send = (): void => {
      sentAt = performance.now()
      missing = -1
      socket.write(request)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('data', (piece) => {
      if (missing < 0) {
        head = head.length === 0 ? piece : Buffer.concat([head, piece])
        const split = head.indexOf(HEADER_END)
        if (split < 0) return
        const text = head.toString('latin1', 0, split)
        const length = LENGTH.exec(text)?.[1]
        if (!text.startsWith('HTTP/1.1 200') || length === undefined) {
          socket.destroy()
          reject(new Error(`expected a 200 with a length, found: ${text.slice(0, 200)}`))
          return
        }
        missing = Number(length) - (head.length - split - HEADER_END.length)
        head = Buffer.alloc(0)
      } else {
        missing -= piece.length
      }
      if (missing > 0) return
      const now = performance.now()
      times.push(now - sentAt)
      if (now < end) send()
      else {
        socket.end()
        resolve()
      }
    })
  })
}
