import { once } from 'node:events'
import { get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../test/support/native-server.ts'
import { definition, stageSpec, taskSpec } from '../testing/views.ts'
import { takesGzip } from './compressed.ts'

let native: NativeServer
let run: string
let small: string
beforeAll(async () => {
  native = await openNative()
  const { world } = native
  const tasks = Array.from({ length: 200 }, (_, at) => taskSpec({ key: `task-${at}`, name: `流水线 ${at}` }))
  run = (await world.start(await world.pipeline(definition({ name: 'large', stages: [stageSpec({ tasks })] })))).id
  small = (await world.start(await world.pipeline(definition({ name: 'small' })))).id
  await world.settled()
})
afterAll(() => native.server.close())

interface Raw {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** As it comes: `fetch` would undo what is to be seen. */
async function raw(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Raw> {
  const authorization = `Bearer ${native.world.credentials.token}`
  const asked = get(native.server.url + path, { headers: { authorization, ...headers } })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }
}

const GZIP = { 'accept-encoding': 'gzip, deflate, br, zstd' }

test('a long answer is compressed for whoever takes that, made or kept, and is the same when it is unpacked', async () => {
  const path = `/api/v1/runs/${run}`
  const plain = await raw(path)
  expect([plain.status, plain.headers['content-encoding']]).toEqual([200, undefined])
  expect(plain.body.length).toBeGreaterThan(16_384)
  for (const _ of ['made', 'kept', 'kept again']) {
    const packed = await raw(path, GZIP)
    expect(packed.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-type': 'application/json',
      'content-length': String(packed.body.length),
      vary: 'accept-encoding',
    })
    expect(packed.body.length).toBeLessThan(plain.body.length / 5)
    expect(gunzipSync(packed.body).equals(plain.body)).toBe(true)
    // And the other one is not taken for it.
    expect((await raw(path)).body.equals(plain.body)).toBe(true)
    expect((await raw(path, { 'accept-encoding': 'gzip;q=0' })).body.equals(plain.body)).toBe(true)
  }
})

test('its ETag, and that of the plain one, is known again in either form', async () => {
  const path = `/api/v1/runs/${run}`
  const tags = [(await raw(path)).headers.etag ?? '', (await raw(path, GZIP)).headers.etag ?? '']
  expect(tags[1]).toBe(`W/${tags[0]}`)
  for (const tag of tags) {
    for (const headers of [{}, GZIP]) {
      const { status, body } = await raw(path, { ...headers, 'if-none-match': tag })
      expect([status, body.length]).toEqual([304, 0])
    }
  }
})

test('what is short, no JSON or no success goes as it is', async () => {
  for (const [path, status] of [
    [`/api/v1/runs/${small}`, 200],
    [`/api/v1/runs/${run}/graph.svg`, 200],
    ['/api/v1/runs/nothing', 404],
    ['/healthz', 200],
  ] as const) {
    const answer = await raw(path, GZIP)
    expect([path, answer.status, answer.headers['content-encoding']]).toEqual([path, status, undefined])
  }
  const { headers } = await raw('/openapi.json', GZIP)
  expect(headers['content-encoding']).toBe('gzip')
})

test.each([
  ['gzip', true],
  ['GZIP', true],
  ['deflate, gzip;q=1.0, *;q=0.5', true],
  ['*', true],
  ['br;q=1, gzip; q=0.2', true],
  ['gzip;q=0', false],
  ['gzip ; q=0.000', false],
  ['*;q=0', false],
  ['*, gzip;q=0', false],
  ['br, zstd', false],
  ['x-gzip-like', false],
  ['', false],
  [`gzip${','.repeat(2_000)}`, false],
])('Accept-Encoding: %s takes gzip: %s', (accepted, expected) => {
  expect(takesGzip({ headers: { 'accept-encoding': accepted } })).toBe(expected)
})

test('without Accept-Encoding nothing is compressed', () => {
  expect(takesGzip({ headers: {} })).toBe(false)
})
