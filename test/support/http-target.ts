import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** A real HTTP server on loopback that remembers what it was asked. */
export class HttpTarget {
  readonly #server: Server
  readonly seen: SeenRequest[] = []
  /** How it answers; 200 and nothing without it. */
  answer: (request: SeenRequest, response: ServerResponse) => void = (_, response) => void response.end()

  constructor() {
    this.#server = createServer((request, response) => {
      void buffer(request).then((body) => {
        const { method = '', url = '', headers } = request
        const seen = { method, path: url, headers, body }
        this.seen.push(seen)
        this.answer(seen, response)
      })
    })
  }

  static async open(): Promise<HttpTarget> {
    const target = new HttpTarget()
    await new Promise<void>((resolve) => target.#server.listen(0, '127.0.0.1', resolve))
    return target
  }

  /** `127.0.0.1:<port>`, as MILLRACE_HTTP_ALLOW takes it. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  url(path = '/'): string {
    return `http://${this.host}${path}`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

/** Lets steps of this process reach these hosts until the returned word is called. */
export function allowHosts(...hosts: readonly string[]): () => void {
  const before = process.env['MILLRACE_HTTP_ALLOW']
  process.env['MILLRACE_HTTP_ALLOW'] = hosts.join(',')
  return () => {
    if (before === undefined) delete process.env['MILLRACE_HTTP_ALLOW']
    else process.env['MILLRACE_HTTP_ALLOW'] = before
  }
}
