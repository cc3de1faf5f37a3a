import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openNative, type NativeServer } from '../../test/support/native-server.ts'
import { definition } from '../testing/views.ts'
import { startServer } from './server.ts'
import { silent } from './logger.ts'

/** Sends bytes as they are and gives all that comes back until the server ends the connection. */
async function exchange({ server }: NativeServer, ...parts: readonly string[]): Promise<string> {
  const socket = connect(server.port, server.host)
  await once(socket, 'connect')
  for (const part of parts) socket.write(part)
  return received(socket)
}

async function received(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

/** For tests that leave nothing behind. */
let shared: NativeServer
beforeAll(async () => {
  shared = await openNative()
})
afterAll(() => shared.server.close())

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1])
const close = 'Connection: close\r\n'

test('health needs no credential; the server says when it is ready, and describes itself', async () => {
  const get = (path: string): Promise<Response> => fetch(shared.server.url + path)
  expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' })
  expect(await (await get('/readyz')).json()).toEqual({ status: 'ready' })
  expect(await (await get('/openapi.json')).json()).toMatchObject({ openapi: '3.1.0' })
  expect(await (await get('/schema/pipeline.json')).json()).toEqual({ type: 'object' })
  expect(await (await get('/')).json()).toMatchObject({ name: 'Millrace', api: `${shared.server.url}/api/v1` })
  const head = await fetch(`${shared.server.url}/healthz`, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
})

test.each(['/nothing', '/api', '/healthz/more', '/constructor', '/%2e%2e/etc/passwd'])(
  'nothing is at %s, which is a problem of ours with security headers',
  async (path) => {
    const response = await shared.send('GET', path)
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  },
)

test('another method than the page takes is 405, with the ones it takes', async () => {
  const response = await shared.send('DELETE', '/healthz')
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400],
  ['a method that does not exist', `BREW / HTTP/1.1\r\nHost: a\r\n\r\n`, 400],
  ['a header with a line feed in it', `GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n`, 400],
  ['two lengths', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400],
  ['a length and chunks', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  ['a chunk that is none', `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, 400],
  ['no Host', `GET /healthz HTTP/1.1\r\n${close}\r\n`, 400],
  ['a Host that is none', `GET /healthz HTTP/1.1\r\nHost: a b\r\n${close}\r\n`, 400],
  ['a target that is no path', `GET healthz HTTP/1.1\r\nHost: a\r\n${close}\r\n`, 400],
  ['headers of 300 KiB', `GET / HTTP/1.1\r\nHost: a\r\nX-Auth-Token: ${'x'.repeat(300_000)}\r\n\r\n`, 431],
  ['HTTP/1.0', `GET /healthz HTTP/1.0\r\n\r\n`, 200],
  ['an absolute target', `GET http://a/healthz HTTP/1.1\r\nHost: a\r\n${close}\r\n`, 200],
])('%s is answered %#', async (_name, request, status) => {
  const answer = await exchange(shared, request)
  expect([statusOf(answer), /\r\nx-request-id: \S+/i.test(answer)]).toEqual([status, true])
  if (status >= 400) expect(answer).toContain('application/problem+json')
})

test('a token of 100,000 characters is read, and refused as one that nobody knows', async () => {
  const response = await shared.send('GET', '/api/v1/me', { token: 'x'.repeat(100_000) })
  expect(response.status).toBe(401)
})

test('a broken request behind a good one does not write into the answer of the first', async () => {
  const answer = await exchange(shared, `GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n`, 'nonsense\r\n\r\n')
  expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400'])
  expect(answer.indexOf('{"status":"ok"}')).toBeLessThan(answer.indexOf('HTTP/1.1 400'))
})

test('headers that come too slowly are 408, and so is a body', async () => {
  const timeouts = { headersMs: 50, requestMs: 100, keepAliveMs: 1_000, stalledMs: 60_000, closeMs: 1_000 }
  await using native = await openNative({ config: { timeouts } })
  const [headers, body] = await Promise.all([
    exchange(native, 'GET / HTTP/1.1\r\nHost: a\r\n'),
    exchange(native, `POST /api/v1/validate HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc`),
  ])
  expect([statusOf(headers), body === '' || statusOf(body) === 408]).toEqual([408, true])
})

test('a body over the limit is refused as soon as it is, by length or by chunks, and the server lives on', async () => {
  await using native = await openNative({ config: { bodyMaxBytes: 1_000 } })
  const { token } = native.world.credentials
  const head = `POST /api/v1/validate HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n`
  const answers = await Promise.all([
    exchange(native, `${head}Content-Length: 100000000\r\n\r\n`, 'x'.repeat(5_000)),
    exchange(native, `${head}Transfer-Encoding: chunked\r\n\r\n`, `1388\r\n${'x'.repeat(5_000)}\r\n`),
  ])
  expect(answers.map(statusOf)).toEqual([413, 413])
  const project = (bytes: number): string => '{"name":"p"}'.padEnd(bytes)
  expect((await native.send('POST', '/api/v1/projects', { body: project(1_001) })).status).toBe(413)
  expect((await native.send('POST', '/api/v1/projects', { body: project(1_000) })).status).toBe(201)
})

test('a client that goes away in the middle of a body leaves nothing behind', async () => {
  const { port, host } = shared.server
  const socket = connect(port, host)
  await once(socket, 'connect')
  socket.write('POST /api/v1/validate HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
  socket.destroy()
  await once(socket, 'close')
  expect((await shared.send('GET', '/healthz')).status).toBe(200)
})

test('a mount that throws is an internal problem, and the next request is answered', async () => {
  await using native = await openNative({
    dialects: [{ name: 'broken', prefixes: ['/broken'], create: () => () => Promise.reject(new Error('no')) }],
  })
  const response = await native.send('GET', '/broken')
  expect([response.status, JSON.stringify(await response.json()).includes('Error: no')]).toEqual([500, false])
  expect((await native.send('GET', '/healthz')).status).toBe(200)
})

test('an escaped letter of a path is that letter, for whoever owns the path', async () => {
  const owner = { name: 'owner', prefixes: ['/owned'], create: () => () => Promise.resolve(new Response('owned')) }
  await using native = await openNative({ dialects: [owner] })
  expect(await (await native.send('GET', '/%6fwned/%74hing')).text()).toBe('owned')
  expect((await native.send('GET', '/%6fwnedx')).status).toBe(404)
  expect((await native.send('GET', '/%E0%A4%A')).status).toBe(404)
})

test('links begin with the address that the operator gave', async () => {
  await using native = await openNative({ config: { baseUrl: 'https://ci.example.com' } })
  expect(await (await native.send('GET', '/')).json()).toMatchObject({ openapi: 'https://ci.example.com/openapi.json' })
})

test.each([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '[::1]'],
])('links of a server that listens on %s can be followed on its machine', async (host, linked) => {
  await using native = await openNative({ config: { host } })
  expect(native.server.url).toBe(`http://${linked}:${native.server.port}`)
  expect(await (await fetch(`${native.server.url}/`)).json()).toMatchObject({ api: `${native.server.url}/api/v1` })
})

test('closing ends streams, refuses new connections and can be asked for twice', async () => {
  const native = await openNative()
  const { client, server, world } = native
  await world.start(await world.pipeline(definition()))
  const followed = (async (): Promise<number> => {
    const response = await native.send('GET', '/api/v1/events/stream?after=0')
    return (await response.text()).split('\n\n').length
  })()
  await client.me()
  await Promise.all([server.close(), server.close()])
  expect(await followed).toBeGreaterThan(0)
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')
  await expect(client.me()).rejects.toMatchObject({ code: 'unreachable', status: null })
})

test('a port that is taken is an error of the start', async () => {
  await using native = await openNative()
  const { app } = native.world
  const config = { host: '127.0.0.1', port: native.server.port, baseUrl: null, zoneOffsetMinutes: 0, bodyMaxBytes: 1 }
  const second = startServer({ app, dialects: [], mounts: () => [], config, logger: silent })
  await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('two parts that claim one prefix are an error of the start, which leaves no socket behind', async () => {
  const { app } = shared.world
  const config = { host: '127.0.0.1', port: 0, baseUrl: null, zoneOffsetMinutes: 0, bodyMaxBytes: 1 }
  const handle = (): Promise<Response> => Promise.resolve(new Response())
  const taken: number[] = []
  const clash = startServer({
    app,
    dialects: [],
    mounts: ({ baseUrl }) => {
      taken.push(Number(new URL(baseUrl).port))
      return ['a', 'b'].map((name) => ({ name, prefixes: ['/v2'], handle }))
    },
    config,
    logger: silent,
  })
  await expect(clash).rejects.toThrow('both claim')
  const again = await startServer({
    app,
    dialects: [],
    mounts: () => [],
    config: { ...config, port: taken[0] ?? 0 },
    logger: silent,
  })
  expect(again.port).toBe(taken[0])
  await again.close()
})
