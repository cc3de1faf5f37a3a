import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Dialect, FRAMES_HEADER } from '../dialects/dialect.ts'
import { koderover } from '../dialects/koderover/index.ts'
import { succeeded } from '../testing/scripted-runner.ts'
import { need, openWorld, type World } from '../testing/world.ts'
import { silent } from './logger.ts'
import { type RunningServer, type ServerTimeouts, startServer } from './server.ts'

/** Says lines, of any length, and then waits until its client goes. */
const talker: Dialect = {
  name: 'talker',
  prefixes: ['/talk'],
  create:
    (_, { streams }) =>
    async (request) => {
      const url = new URL(request.url)
      if (url.pathname === '/talk/never') return Response.json({ no: 'WebSocket' }, { status: 403 })
      const lengths = (url.searchParams.get('lengths') ?? '').split(',').map(Number)
      const body = streams?.open(request, async function* (until) {
        for (const length of lengths) yield new TextEncoder().encode(`${'é'.repeat(length)}\n`)
        if (url.pathname === '/talk/on') await streams.wait(3_600_000, until)
        left.resolve(null)
      })
      return new Response(body ?? null, { headers: { [FRAMES_HEADER]: 'lines' } })
    },
}
let left = Promise.withResolvers<null>()

const TIMEOUTS = { headersMs: 20_000, requestMs: 20_000, keepAliveMs: 20_000, stalledMs: 60_000, closeMs: 5_000 }
const talkServer = (timeouts: ServerTimeouts): Promise<RunningServer> =>
  startServer({
    app: world.app,
    dialects: [talker, koderover],
    mounts: () => [],
    config: { host: '127.0.0.1', port: 0, baseUrl: null, zoneOffsetMinutes: 480, bodyMaxBytes: 100_000, timeouts },
    logger: silent,
  })

let world: World
let server: RunningServer
beforeAll(async () => {
  world = await openWorld()
  server = await talkServer(TIMEOUTS)
})
afterAll(() => server.close())

/** All messages until the server ends it, or until there are so many. */
async function messages(
  path: string,
  atMost = Infinity,
  headers: Record<string, string> = {},
  onFirst = (): void => undefined,
): Promise<string[]> {
  const found: string[] = []
  // Node's own client takes headers, which those of browsers do not.
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}`, { headers })
  const { promise, resolve, reject } = Promise.withResolvers<string[]>()
  socket.addEventListener('message', ({ data }) => {
    found.push(String(data))
    if (found.length === 1) onFirst()
    if (found.length === atMost) resolve(found)
  })
  socket.addEventListener('close', ({ code }) =>
    found.length <= atMost && code === 1_000 ? resolve(found) : reject(new Error(`closed ${code}`)),
  )
  socket.addEventListener('error', () => reject(new Error('refused')))
  try {
    return await promise
  } finally {
    socket.close()
  }
}

/** Bytes as they are, and all that comes back. */
async function exchange(path: string, headers: string, more: Uint8Array = Buffer.alloc(0)): Promise<Buffer> {
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(Buffer.concat([Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`), more]))
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  await once(socket, 'close')
  return Buffer.concat(chunks)
}

/** A client that never lets go of its connection by itself, once the first bytes of the answer are there. */
async function stubborn(target: string, headers: string, port = server.port): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  socket.write(`${target} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`)
  await once(socket, 'readable')
  return socket
}

// The key and what answers it: RFC 6455, section 1.3.
const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

describe('a WebSocket', () => {
  test('has a message for every line, of whatever length', async () => {
    const lengths = [1, 62, 63, 125, 32_767, 32_768, 200_000]
    const found = await messages(`/talk?lengths=${lengths.join()}`)
    expect(found.map(({ length }) => length)).toEqual(lengths)
  })

  test('begins with the handshake of the standard', async () => {
    const answer = (await exchange('/talk?lengths=1', HANDSHAKE)).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/)
    expect(answer).toContain('sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n')
    expect(answer).toMatch(/x-request-id: [0-9a-f]{32}\r\n/)
  })

  test('ends for its maker when the client goes', async () => {
    left = Promise.withResolvers<null>()
    expect(await messages('/talk/on?lengths=3,4', 2)).toEqual(['ééé', 'éééé'])
    await left.promise
  })

  test.each([
    ['a frame that is not masked', [0x81, 0x01, 0x61], 1_002],
    ['a frame beyond all measure', [0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0], 1_009],
    ['a farewell', [0x88, 0x80, 0, 0, 0, 0], 1_000],
  ])('is ended by %s', async (_, bytes, code) => {
    const answer = await exchange('/talk/on?lengths=1', HANDSHAKE, Buffer.from(bytes))
    const [opcode, length, high = 0, low = 0] = answer.subarray(-4)
    expect([opcode, length, high * 256 + low]).toEqual([0x88, 2, code])
  })

  test('ends for its maker when the client is killed, which says no farewell', async () => {
    left = Promise.withResolvers<null>()
    const socket = await stubborn('GET /talk/on?lengths=3', HANDSHAKE)
    // As the kernel ends what a dead process had open. Nothing is said to the client that could fail.
    socket.resume().end()
    await Promise.all([left.promise, once(socket, 'close')])
  })

  test('answers a ping with what it said', async () => {
    const ping = [0x89, 0x82, 1, 2, 3, 4, 0x68 ^ 1, 0x69 ^ 2]
    const answer = await exchange('/talk/on?lengths=1', HANDSHAKE, Buffer.from([...ping, 0x88, 0x80, 0, 0, 0, 0]))
    expect(answer.includes(Buffer.from([0x8a, 2, 0x68, 0x69]))).toBe(true)
  })
})

test.each([
  ['a WebSocket', 'GET /talk/never', HANDSHAKE],
  ['a tunnel', 'CONNECT a:1', ''],
])('the connection of %s that was refused goes although its client never lets go of it', async (_, target, headers) => {
  const socket = await stubborn(target, headers)
  await once(socket.resume(), 'end')
  await vi.waitFor(() => expect(socket.destroyed || !socket.write('?')).toBe(true), { timeout: 10_000 })
})

test('closing does not wait for a WebSocket whose client takes nothing', async () => {
  const closing = await talkServer({ ...TIMEOUTS, closeMs: 100 })
  await stubborn('GET /talk/on?lengths=10000000', HANDSHAKE, closing.port)
  await closing.close()
})

test('where there is none, the answer is that of GET', async () => {
  const answer = (await exchange('/talk/never', HANDSHAKE)).toString()
  expect(answer).toMatch(/^HTTP\/1\.1 403 /)
  expect(answer).toContain('{"no":"WebSocket"}')
  expect((await exchange('/nothing', HANDSHAKE)).toString()).toMatch(/^HTTP\/1\.1 404 /)
})

test.each([
  ['another protocol', HANDSHAKE.replace('websocket', 'h2c')],
  ['another version', HANDSHAKE.replace('13', '8')],
  ['a key that is none', HANDSHAKE.replace('dGhl', '')],
])('%s is no handshake', async (_, headers) => {
  const answer = (await exchange('/talk/never', headers.replace('Upgrade\r\n', 'close\r\n'))).toString()
  expect(answer).toMatch(/^HTTP\/1\.1 403 /)
})

test('KodeRover’s tell of a task as it changes, of the queue, and the log of a build a line a message', async () => {
  const text = 'name: live\ntasks: [{key: build, role: build, script: make}]\n'
  const pipeline = need(await world.app.pipelines.create(world.admin, { project: { id: world.project.id }, text }))
  const run = await world.start(pipeline)
  await world.settled()
  const headers = { Authorization: `X-API-KEY ${world.credentials.token}` }
  const [task] = await messages('/api/tasks/ws/id/1/pipeline/live', 1, headers)
  expect(JSON.parse(task ?? '')).toMatchObject({ id: 1, pipeline_name: 'live', status: 'running' })
  const [running] = await messages('/api/tasks/running/realtime', 1, headers)
  expect(JSON.parse(running ?? '')).toMatchObject([{ id: 1 }])
  const [queue] = await messages('/api/queue/ws', 1, headers)
  expect(JSON.parse(queue ?? '')).toEqual([])
  const { index } = (await world.run(run.id)).stages[0]!.tasks[0]!
  world.logs.set(`${run.id}/${index}/1`, new TextEncoder().encode('one\ntwo\n'))
  const lines = await messages(`/api/builds/any/any/ws/logs/${run.serial}/1`, 2, headers)
  expect(lines.map((line) => JSON.parse(line).out)).toEqual(['one\n', 'two\n'])
  const states = await messages('/api/tasks/ws/id/1/pipeline/live', 2, headers, () =>
    world.runner.endTask('build', succeeded()),
  )
  expect(states.map((state) => JSON.parse(state).status)).toEqual(['running', 'passed'])
  await expect(messages('/api/tasks/ws/id/1/pipeline/live', 1)).rejects.toThrow('refused')
})
