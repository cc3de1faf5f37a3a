import { Agent, get } from 'node:http'

/**
 * A client of its own process, as clients are: what it does with 8 MB takes nothing from the server's time. It reads
 * a URL once for each message and sends how long that took, milliseconds, and the bytes that came.
 */
const agent = new Agent({ keepAlive: true })

process.on(
  'message',
  ({ url, headers }: { readonly url: string; readonly headers: Readonly<Record<string, string>> }) => {
    const before = performance.now()
    get(url, { agent, headers }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => (bytes += chunk.length))
      response.on('end', () =>
        process.send?.({ status: response.statusCode, tookMs: performance.now() - before, bytes }),
      )
    })
  },
)
