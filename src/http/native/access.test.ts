import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'
import { createClient } from '../../client/client.ts'
import { routes } from './routes.ts'

let native: NativeServer
beforeAll(async () => {
  native = await openNative()
})
afterAll(() => native.server.close())

const pathOf = (path: string): string => path.replaceAll(/\{\w+\}/g, '1')

test.each([
  [`mrr_${'0'.repeat(16)}_${'0'.repeat(64)}`, 'This is the token of a runner'],
  [`mr_${'0'.repeat(16)}_${'0'.repeat(64)}`, 'The token is not known, or no longer valid'],
  ['ghp_0123456789', 'those of Millrace begin with mr_'],
])('what is wrong with %s is said', async (token, sentence) => {
  const response = await native.send('GET', '/api/v1/runs', { token })
  expect([response.status, await response.json()]).toMatchObject([401, { detail: expect.stringContaining(sentence) }])
})

describe('every route', () => {
  test.each(routes.filter(({ open }) => open !== true).map(({ method, path }) => [method, path] as const))(
    '%s %s needs a token that is known',
    async (method, path) => {
      const { token } = native.world.credentials
      const answers = [
        await native.send(method, pathOf(path), { token: null }),
        await native.send(method, pathOf(path), { token: `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}` }),
        await native.send(method, pathOf(path), { token: null, headers: { authorization: `Basic ${btoa('a:b')}` } }),
        await native.send(method, pathOf(path), { token: null, headers: { 'x-auth-token': token } }),
        await native.send(method, `${pathOf(path)}?token=${token}`, { token: null, headers: { cookie: `t=${token}` } }),
      ]
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401])
      expect(answers.map(({ headers }) => headers.get('www-authenticate'))).toEqual([
        'Bearer realm="millrace"',
        'Bearer realm="millrace", error="invalid_token"',
        'Bearer realm="millrace", error="invalid_token"',
        'Bearer realm="millrace"',
        'Bearer realm="millrace"',
      ])
      expect(answers.map(({ headers }) => headers.get('cache-control'))).toEqual(answers.map(() => 'no-store'))
    },
  )

  test.each([...new Set(routes.map(({ path }) => path))])(
    '%s refuses other methods, with the ones it takes',
    async (path) => {
      const taken = routes.filter((route) => route.path === path).map(({ method }) => method as string)
      const response = await native.send('PATCH', pathOf(path), { body: {} })
      expect(response.status).toBe(405)
      expect(
        response.headers
          .get('allow')
          ?.split(', ')
          .filter((method) => method !== 'HEAD'),
      ).toEqual(taken)
    },
  )

  test.each(
    routes
      .filter(({ body, rawBody }) => body !== undefined && rawBody !== true)
      .map(({ method, path }) => [method, path] as const),
  )(
    '%s %s refuses bodies that are no JSON objects, with unknown fields, in odd encodings or of odd types',
    async (method, path) => {
      const json = { 'content-type': 'application/json' }
      const send = (
        body: string | Uint8Array<ArrayBuffer>,
        headers: Record<string, string> = json,
      ): Promise<Response> => native.send(method, pathOf(path), { body, headers })
      const answers = [
        await send('{"a":'),
        await send('[]'),
        await send('null'),
        await send('"text"'),
        await send('{"no_such_field":1}'),
        await send('{"__proto__":{"polluted":true}}'),
        await send('['.repeat(100_000)),
        await send('{"a":"\\ud800"}'),
        await send(new Uint8Array([0x7b, 0xff, 0x7d])),
        await send(Buffer.from('{}', 'utf16le')),
      ]
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 400))
      const encoded = [
        await send('{}', { ...json, 'content-encoding': 'gzip' }),
        await send('{}', { 'content-type': 'application/json; charset=gbk' }),
      ]
      expect(encoded.map(({ status }) => status)).toEqual([415, 415])
      expect((await send(`{"a":"${'x'.repeat(1_048_576)}"}`)).status).toBe(413)
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
    },
  )
})

test('what needs no token is written here, too', () => {
  expect(routes.filter(({ open }) => open === true).map(({ id }) => id)).toEqual([
    'createSession',
    'deleteSession',
    'fireWebhook',
  ])
})

describe('tokens', () => {
  test('a token is shown once, works, is listed without its secret, and is gone when it is revoked', async () => {
    const { client, server, world } = native
    const expiresAt = new Date(world.clock.now() + 60_000)
    const made = await client.tokens.create('deploy bot', expiresAt)
    expect(made).toMatchObject({ label: 'deploy bot', expires_at: expiresAt.toISOString() })
    const bot = createClient({ baseUrl: server.url, token: made.token })
    expect(await bot.me()).toMatchObject({ user: { name: 'ci' }, role: 'admin', expires_at: expiresAt.toISOString() })
    const { items } = await client.tokens.list()
    expect(items.find(({ id }) => id === made.id)).toMatchObject({ label: 'deploy bot', user: { name: 'ci' } })
    expect(JSON.stringify(items)).not.toContain(made.token.split('_')[2])
    await client.tokens.revoke(made.id)
    await expect(bot.me()).rejects.toMatchObject({ code: 'unauthenticated', status: 401 })
    await expect(client.tokens.revoke('nothing')).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a token with an end makes none that outlives it', async () => {
    const { client, server, world } = native
    const expiresAt = new Date(world.clock.now() + 60_000)
    const { token } = await client.tokens.create('short', expiresAt)
    const short = createClient({ baseUrl: server.url, token })
    expect((await short.tokens.create('for ever')).expires_at).toBe(expiresAt.toISOString())
    const later = await short.tokens.create('longer', new Date(world.clock.now() + 120_000))
    expect(later.expires_at).toBe(expiresAt.toISOString())
  })

  test('an end in the past is refused', async () => {
    const { client, world } = native
    await expect(client.tokens.create('old', new Date(world.clock.now()))).rejects.toMatchObject({ status: 400 })
  })
})

test('an internal error says nothing of itself but its request id', async () => {
  const { world } = native
  const projects = { ...world.app.projects, list: () => Promise.reject(new Error('the password is x')) }
  await using broken = await openNative({ world: { ...world, app: { ...world.app, projects } } })
  const response = await fetch(`${broken.server.url}/api/v1/projects`, {
    headers: { authorization: `Bearer ${world.credentials.token}`, 'x-request-id': 'seen-1' },
  })
  const body = await response.text()
  expect([response.status, body.includes('password'), JSON.parse(body).request_id]).toEqual([500, false, 'seen-1'])
})
