import { createServer } from 'node:http'

/** The yardstick: `node:http` that sends the bytes it was told, and does nothing else. */
let answer = { headers: {} as Record<string, string>, body: Buffer.alloc(0) }

const server = createServer((_, response) => {
  response.writeHead(200, answer.headers)
  response.end(answer.body)
})
process.on('message', (message: { readonly headers: Record<string, string>; readonly body: string }) => {
  answer = { headers: message.headers, body: Buffer.from(message.body, 'base64') }
  process.send?.({ set: true })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})
