import { expect, test } from 'vitest'
import { openNative } from '../../test/support/native-server.ts'
import { type Dialect, type DialectOptions, DEPENDS_HEADER, FRESH_HEADER } from '../dialects/dialect.ts'
import type { App } from '../host/app.ts'
import { definition } from '../testing/views.ts'
import { openWorld, type World } from '../testing/world.ts'

/** A dialect that counts how often it is asked, and answers what a test says. */
type Answering = (request: Request, app: App, count: number, options: DialectOptions) => Response | Promise<Response>

function counting(answer: Answering) {
  const asked: string[] = []
  const dialect: Dialect = {
    name: 'counting',
    prefixes: ['/counting'],
    create: (app: App, options: DialectOptions) => async (request) => {
      asked.push(request.url)
      return answer(request, app, asked.length, options)
    },
  }
  return { asked, dialect }
}

const hinted = (count: number, hints: Readonly<Record<string, string>> = { [DEPENDS_HEADER]: 'run:1' }): Response =>
  new Response(`answer ${count} 流水线`, { headers: { etag: `"${count}"`, 'x-vendor': 'kept', ...hints } })

/** A run that waits, and the way to change it. */
async function changing(world: World): Promise<{ readonly topic: string; readonly change: () => Promise<void> }> {
  const pipeline = await world.pipeline(definition({ name: `pipeline ${world.clock.now()}` }))
  const { id } = await world.start(pipeline)
  await world.settled()
  let paused = false
  return {
    topic: `run:${id}`,
    change: async () => {
      await world.app.runs.act(world.admin, { id }, { action: paused ? 'resume' : 'pause' })
      paused = !paused
    },
  }
}

test('an answer with the hint is given again, byte for byte, with a request id of its own and without the hint', async () => {
  const { asked, dialect } = counting((_request, _app, count) => hinted(count))
  await using native = await openNative({ dialects: [dialect] })
  const url = `${native.server.url}/counting/a?b=1`
  const [first, second] = [await fetch(url), await fetch(url)]
  expect([await first.text(), await second.text(), asked.length]).toEqual(['answer 1 流水线', 'answer 1 流水线', 1])
  const ids = [first, second].map(({ headers }) => headers.get('x-request-id'))
  expect(new Set(ids).size).toBe(2)
  for (const { headers } of [first, second]) {
    expect([headers.get('x-vendor'), headers.get('etag'), headers.has(DEPENDS_HEADER)]).toEqual(['kept', '"1"', false])
  }
  const own = await fetch(url, { headers: { 'x-request-id': 'mine-1' } })
  expect([own.headers.get('x-request-id'), asked.length]).toEqual(['mine-1', 1])
})

test('a change of the topic is seen by the next reader, a change of another one is not', async () => {
  const world = await openWorld()
  const run = await changing(world)
  world.clock.advance(1)
  const other = await changing(world)
  const { asked, dialect } = counting((_request, _app, count) => hinted(count, { [DEPENDS_HEADER]: run.topic }))
  await using native = await openNative({ world, dialects: [dialect] })
  const read = async (): Promise<string> => (await fetch(`${native.server.url}/counting`)).text()
  await read()
  await other.change()
  expect([await read(), asked.length]).toEqual(['answer 1 流水线', 1])
  await run.change()
  expect([await read(), asked.length]).toEqual(['answer 2 流水线', 2])
})

test('an answer that was made while its topic changed is given once and not kept', async () => {
  const world = await openWorld()
  const run = await changing(world)
  const { asked, dialect } = counting(async (_request, _app, count) => {
    if (count === 1) await run.change()
    return hinted(count, { [DEPENDS_HEADER]: run.topic })
  })
  await using native = await openNative({ world, dialects: [dialect] })
  const read = async (): Promise<string> => (await fetch(`${native.server.url}/counting`)).text()
  expect([await read(), await read(), await read()]).toEqual(['answer 1 流水线', 'answer 2 流水线', 'answer 2 流水线'])
  expect(asked).toHaveLength(2)
})

test.each([
  ['another query', '/counting?a=2', {}],
  ['another credential', '/counting?a=1', { authorization: 'Bearer other' }],
  ['another token header', '/counting?a=1', { 'x-auth-token': 't' }],
  ['a cookie', '/counting?a=1', { cookie: 'bk_token=t' }],
  ['a header that nobody has heard of', '/counting?a=1', { 'x-some-vendor-user': 'li' }],
  ['another type', '/counting?a=1', { accept: 'application/yaml' }],
  ['another language', '/counting?a=1', { 'accept-language': 'zh-cn' }],
])('%s is another question', async (_name, path, headers) => {
  const { asked, dialect } = counting((_request, _app, count) => hinted(count))
  await using native = await openNative({ dialects: [dialect] })
  await (await fetch(`${native.server.url}/counting?a=1`)).text()
  await (await fetch(native.server.url + path, { headers })).text()
  expect(asked).toHaveLength(2)
  await (await fetch(native.server.url + path, { headers })).text()
  expect(asked).toHaveLength(2)
})

test('what changes nothing in an answer does not make it another question', async () => {
  const { asked, dialect } = counting((_request, _app, count) => hinted(count))
  await using native = await openNative({ dialects: [dialect] })
  const headers = { 'user-agent': 'sdk', traceparent: '00-1-2-03', 'cache-control': 'no-cache', 'x-request-id': 'r' }
  await (await fetch(`${native.server.url}/counting`, { headers })).text()
  await (await fetch(`${native.server.url}/counting`, { headers: { ...headers, traceparent: '00-3-4-05' } })).text()
  expect(asked).toHaveLength(1)
})

test.each([
  ['without the hint', 'GET', (count: number) => hinted(count, {})],
  [
    'of another status',
    'GET',
    (count: number) => new Response(`${count}`, { status: 404, headers: { [DEPENDS_HEADER]: 'run:1' } }),
  ],
  ['to POST', 'POST', (count: number) => hinted(count)],
  ['with no time to live', 'GET', (count: number) => hinted(count, { [DEPENDS_HEADER]: 'run:1', [FRESH_HEADER]: '0' })],
  [
    'with a broken time to live',
    'GET',
    (count: number) => hinted(count, { [DEPENDS_HEADER]: 'run:1', [FRESH_HEADER]: 'soon' }),
  ],
])('an answer %s is not kept, and no hint gets out', async (_name, method, answer) => {
  const { asked, dialect } = counting((_request, _app, count) => answer(count))
  await using native = await openNative({ dialects: [dialect] })
  for (let count = 0; count < 2; count += 1) {
    const response = await fetch(`${native.server.url}/counting`, { method })
    await response.text()
    expect([response.headers.has(DEPENDS_HEADER), response.headers.has(FRESH_HEADER)]).toEqual([false, false])
  }
  expect(asked).toHaveLength(2)
})

test('an answer with elapsed time is given for as long as it is true', async () => {
  const { asked, dialect } = counting((_request, _app, count) =>
    hinted(count, { [DEPENDS_HEADER]: 'run:1', [FRESH_HEADER]: '250' }),
  )
  await using native = await openNative({ dialects: [dialect] })
  const read = async (): Promise<string> => (await fetch(`${native.server.url}/counting`)).text()
  await read()
  native.world.clock.advance(249)
  await read()
  expect(asked).toHaveLength(1)
  native.world.clock.advance(1)
  expect(await read()).toBe('answer 2 流水线')
})

test('an answer does not outlive the credential it was made for', async () => {
  const { asked, dialect } = counting(async (request, app, count) => {
    const caller = await app.access.byToken(request.headers.get('x-auth-token') ?? '')
    return caller === undefined ? new Response('no', { status: 401 }) : hinted(count)
  })
  await using native = await openNative({ dialects: [dialect] })
  const { app, admin, clock } = native.world
  const { token } = await app.access.issueToken(admin, 'short', clock.now() + 1_000)
  const read = (): Promise<Response> => fetch(`${native.server.url}/counting`, { headers: { 'x-auth-token': token } })
  expect([(await read()).status, (await read()).status, asked.length]).toEqual([200, 200, 1])
  clock.advance(1_000)
  expect([(await read()).status, asked.length]).toEqual([401, 2])
})

test('a revoked token gets nothing from that moment on', async () => {
  await using native = await openNative()
  const { client, server, world } = native
  const { id } = await world.start(await world.pipeline(definition()))
  await world.settled()
  const { id: tokenId, token } = await client.tokens.create('short')
  const read = (): Promise<Response> =>
    fetch(`${server.url}/api/v1/runs/${id}`, { headers: { authorization: `Bearer ${token}` } })
  expect([(await read()).status, (await read()).status]).toEqual([200, 200])
  await client.tokens.revoke(tokenId)
  expect((await read()).status).toBe(401)
})

test('an answer to a signed request is for that request only', async () => {
  const { asked, dialect } = counting(async (_request, app, count) => {
    await app.access.byAccessKey('AK')
    return hinted(count)
  })
  await using native = await openNative({ dialects: [dialect] })
  for (let count = 0; count < 2; count += 1) await (await fetch(`${native.server.url}/counting`)).text()
  expect(asked).toHaveLength(2)
})

test('a kept answer is 304 for who has it', async () => {
  const { asked, dialect } = counting((_request, _app, count) => hinted(count))
  await using native = await openNative({ dialects: [dialect] })
  for (let count = 0; count < 3; count += 1) {
    const response = await fetch(`${native.server.url}/counting`, { headers: { 'if-none-match': '"1"' } })
    expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([304, '', '"1"'])
  }
  expect(asked).toHaveLength(1)
})

test('answers of all sizes go out whole', async () => {
  const bodies = [0, 1, 65_535, 65_536, 65_537, 3_000_000].map((size) =>
    Uint8Array.from({ length: size }, (_, at) => at),
  )
  const { dialect } = counting(
    (request) =>
      new Response(bodies[Number(new URL(request.url).searchParams.get('body'))], {
        headers: { [DEPENDS_HEADER]: 'a' },
      }),
  )
  await using native = await openNative({ dialects: [dialect] })
  for (const [index, body] of bodies.entries()) {
    for (let count = 0; count < 2; count += 1) {
      const got = await (await fetch(`${native.server.url}/counting?body=${index}`)).bytes()
      expect(Buffer.compare(got, body)).toBe(0)
    }
  }
})

test('an answer in chunks goes out whole, whether it is kept or made for one', async () => {
  const chunks = ['流水线', '', 'x'.repeat(100_000), '-'].map((text) => Buffer.from(text))
  const whole = Buffer.concat(chunks)
  const { asked, dialect } = counting((request, _app, _count, { inChunks }) => {
    const headers = { etag: '"7"', ...(request.url.endsWith('kept') ? { [DEPENDS_HEADER]: 'a' } : {}) }
    return inChunks?.(chunks, { status: request.method === 'POST' ? 201 : 200, headers }) ?? Response.error()
  })
  await using native = await openNative({ dialects: [dialect] })
  const url = `${native.server.url}/counting/`
  for (const path of ['kept', 'kept', 'once']) {
    const response = await fetch(url + path)
    expect([response.status, response.headers.get('content-length')]).toEqual([200, String(whole.length)])
    expect(response.headers.get('x-request-id')).toMatch(/./)
    expect(Buffer.compare(await response.bytes(), whole)).toBe(0)
    expect((await fetch(url + path, { headers: { 'if-none-match': '"7"' } })).status).toBe(304)
  }
  expect(asked).toHaveLength(3)
  const posted = await fetch(`${url}kept`, { method: 'POST', body: '{}' })
  expect([posted.status, (await posted.bytes()).length]).toEqual([201, whole.length])
})

test('a reader sees what a writer was told, however often it is read in between', async () => {
  await using native = await openNative()
  const { client, world } = native
  const { id } = await world.start(await world.pipeline(definition()))
  await world.settled()
  for (let round = 0; round < 20; round += 1) {
    const action = round % 2 === 0 ? 'pause' : 'resume'
    const reads = Promise.all([1, 2, 3].map(() => client.runs.get(id)))
    const { seq } = await client.runs.act(id, action)
    expect((await client.runs.get(id)).seq).toBeGreaterThanOrEqual(seq)
    await reads
  }
})
