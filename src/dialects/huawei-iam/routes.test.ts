import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { signed } from '../../testing/sign.ts'
import { openWorld, type World } from '../../testing/world.ts'
import { huaweiIam } from './index.ts'

const BASE = 'http://127.0.0.1:8080'
const ABSENT = 'f'.repeat(32)
/** IAM API reference, "获取IAM用户Token（使用密码）": request, answer (catalog left out there too) and 401. */
const fixture = JSON.parse(readFileSync(`${import.meta.dirname}/fixtures/token.json`, 'utf8'))

let world: World
let handle: (request: Request) => Promise<Response>
// One for all: checking a password takes its time on purpose, and no test here changes what another sees.
beforeAll(async () => {
  world = await openWorld()
  handle = huaweiIam.create(world.app, { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 100_000 })
})

async function call(method: string, path: string, init: { headers?: Record<string, string>; body?: string } = {}) {
  const response = await handle(new Request(`${BASE}${path}`, { method, ...init }))
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) }
}
const get = (path: string) => call('GET', path, { headers: { 'X-Auth-Token': world.credentials.token } })

const user = (changes: object = {}) => {
  const { user: name, password, domain } = world.credentials
  return { name, password, domain: { name: domain }, ...changes }
}
const ask = (given: object, scope?: unknown, query = '') =>
  call('POST', `/v3/auth/tokens${query}`, {
    body: JSON.stringify({ auth: { identity: { methods: ['password'], password: { user: given } }, scope } }),
    headers: { 'Content-Type': 'application/json;charset=utf8' },
  })

const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]))
}

describe('POST /v3/auth/tokens', () => {
  test('gives a token for a project, in the header, that opens for 24 hours', async () => {
    const { status, headers, body } = await ask(user(), { project: { name: 'default' } })
    expect(status).toBe(201)
    const token = headers.get('x-subject-token') ?? ''
    const caller = await world.app.access.byToken(token)
    expect(caller).toMatchObject({ user: { name: 'ci' }, expiresAt: world.clock.now() + 86_400_000 })
    expect(body.token).toMatchObject({
      project: { id: world.project.id, name: 'default', domain: { name: 'example' } },
      issued_at: '2026-01-02T03:04:05.000000Z',
      expires_at: '2026-01-03T03:04:05.000000Z',
      roles: [{ name: 'te_admin' }],
    })
    expect(JSON.stringify(body)).not.toContain(token)
  })

  test('has the shape of the vendor’s sample', async () => {
    const { body } = await ask(user(), { project: { id: world.project.id } })
    expect(shapeOf({ token: { ...body.token, catalog: [] } })).toEqual(shapeOf(fixture.response))
  })

  test('without a scope, or for the account, is the account’s', async () => {
    const { body } = await ask(user())
    expect(body.token.domain).toEqual({ id: expect.stringMatching(/^[0-9a-f]{32}$/), name: 'example' })
    expect(body.token.project).toBeUndefined()
    const { id } = body.token.domain
    for (const domain of [{ id }, { name: 'example' }]) {
      expect((await ask(user(), { domain })).body.token.domain.id).toBe(id)
      expect((await ask(user({ domain }), { domain })).status).toBe(201)
    }
  })

  test('a project wins over the account', async () => {
    const scope = { project: { id: world.project.id }, domain: { name: 'example' } }
    expect((await ask(user(), scope)).body.token.project.id).toBe(world.project.id)
  })

  test('lists the services unless asked not to', async () => {
    const { body } = await ask(user())
    expect(body.token.catalog.map(({ type }: { type: string }) => type)).toEqual([
      'identity',
      'cloudpipeline',
      'codecheck',
      'swr',
    ])
    for (const query of ['?nocatalog', '?nocatalog=true', '?nocatalog=0']) {
      expect((await ask(user(), undefined, query)).body.token.catalog).toBeUndefined()
    }
  })

  test.each([
    ['password', { password: 'wrong' }],
    ['name', { name: 'nobody' }],
    ['account', { domain: { name: 'other' } }],
    ['account id', { domain: { id: ABSENT } }],
  ])('a wrong %s is the vendor’s 401, which does not say what was wrong', async (_, changes) => {
    const { status, headers, body } = await ask(user(changes))
    expect([status, body]).toEqual([401, fixture.wrong])
    expect(headers.has('x-subject-token')).toBe(false)
  })

  test.each([
    { project: { name: 'none' } },
    { project: { id: ABSENT } },
    { project: { id: 'no-id' } },
    { domain: { name: 'other' } },
  ])('the scope %j may not be had', async (scope) => {
    expect((await ask(user(), scope)).status).toBe(401)
  })

  test.each([
    '',
    'null',
    '[]',
    '{',
    'name=ci',
    '{}',
    '{"auth":null}',
    '{"auth":[]}',
    '{"auth":{"identity":{"methods":["password"]}}}',
    '{"auth":{"identity":{"methods":"password","password":{"user":{}}}}}',
    '{"auth":{"identity":{"methods":["token"],"token":{"id":"x"}}}}',
    '{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"ci","password":7,"domain":{"name":"example"}}}}}}',
    '{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"ci","password":"x"}}}}}',
    '{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"","password":"x","domain":{"name":"example"}}}}}}',
    '{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"ci","password":"x","domain":{"name":"e"},"more":1}}}}}',
    '{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"ci","password":"x","domain":{"name":"e"}}}},"scope":{}}}',
    `{"auth":${'['.repeat(10_000)}`,
  ])('the body %.60s is refused', async (body) => {
    const answer = await call('POST', '/v3/auth/tokens', { body })
    expect(answer.status).toBe(400)
    expect(answer.body).toEqual({ error: { code: 400, message: expect.any(String), title: 'Bad Request' } })
  })

  test('a body that is too long, or packed, is refused', async () => {
    expect((await call('POST', '/v3/auth/tokens', { body: 'x'.repeat(100_001) })).status).toBe(413)
    expect((await call('POST', '/v3/auth/tokens', { body: '{}', headers: { 'Content-Encoding': 'br' } })).status).toBe(
      415,
    )
  })
})

describe('GET /v3/auth/tokens', () => {
  const validate = (token: string, subject?: string) =>
    call('GET', '/v3/auth/tokens', {
      headers: { 'X-Auth-Token': token, ...(subject === undefined ? {} : { 'X-Subject-Token': subject }) },
    })

  test('tells whose a token is and what it was asked for', async () => {
    const issued = await ask(user(), { project: { id: world.project.id } })
    const token = issued.headers.get('x-subject-token') ?? ''
    const { status, headers, body } = await validate(token, token)
    expect(status).toBe(200)
    expect(headers.get('x-subject-token')).toBe(token)
    expect(body).toEqual(issued.body)
  })

  test('a token of our own without an end is the account’s and has none', async () => {
    const { token } = world.credentials
    expect((await validate(token, token)).body.token).toMatchObject({ domain: { name: 'example' }, expires_at: null })
  })

  test('needs both tokens, good ones', async () => {
    const { token } = world.credentials
    expect((await validate(token)).status).toBe(400)
    expect((await validate(token, 'mr_x_y')).status).toBe(404)
    expect((await validate('mr_x_y', token)).status).toBe(401)
  })

  test('does not tell one user of another’s', async () => {
    const viewer = await world.host.credentials.addUser({
      name: 'guest',
      domain: 'example',
      password: null,
      role: 'viewer',
    })
    const { token } = await world.app.access.issueToken(viewer, 'test', null)
    expect((await validate(token, world.credentials.token)).status).toBe(403)
    expect((await validate(world.credentials.token, token)).body.token).toMatchObject({
      user: { name: 'guest' },
      roles: [{ name: 'readonly' }],
    })
  })

  test('a token that has ended is 401', async () => {
    const { token } = await world.app.access.issueToken(world.admin, 'test', world.clock.now() + 1_000)
    expect((await validate(token, token)).status).toBe(200)
    world.clock.advance(1_000)
    expect((await validate(token, token)).status).toBe(401)
  })
})

describe('who is where', () => {
  test('projects are found by their name', async () => {
    const { body } = await get('/v3/projects?name=default')
    expect(body).toEqual({
      links: { self: `${BASE}/v3/projects`, previous: null, next: null },
      projects: [
        {
          id: world.project.id,
          name: 'default',
          domain_id: expect.stringMatching(/^[0-9a-f]{32}$/),
          parent_id: body.projects[0].domain_id,
          is_domain: false,
          description: '',
          enabled: true,
          links: { self: `${BASE}/v3/projects/${world.project.id}` },
        },
      ],
    })
    expect((await get('/v3/projects?name=cn-north-4')).body.projects).toEqual([])
    expect((await get(`/v3/projects?domain_id=${ABSENT}`)).body.projects).toEqual([])
    expect((await get('/v3/auth/projects')).body.projects).toEqual(body.projects)
    expect((await get(`/v3/projects/${world.project.id}`)).body).toEqual({ project: body.projects[0] })
    expect((await get(`/v3/projects/${ABSENT}`)).body.error).toMatchObject({ code: 404, title: 'Not Found' })
  })

  test('accounts and regions are one each', async () => {
    expect((await get('/v3/auth/domains')).body.domains).toMatchObject([{ name: 'example', enabled: true }])
    expect((await get('/v3/regions')).body.regions).toMatchObject([{ id: 'millrace', type: 'public' }])
  })

  test('a signature opens, nothing does not', async () => {
    const url = `${BASE}/v3/projects?name=a%20b`
    const headers = signed(world.credentials, world.clock.now(), { method: 'GET', url })
    expect((await call('GET', url.slice(BASE.length), { headers })).status).toBe(200)
    expect((await call('GET', '/v3/projects')).body.error).toMatchObject({ code: 401, title: 'Unauthorized' })
  })
})

test.each([
  ['GET', '/v3'],
  ['GET', '/v3/nothing'],
  ['DELETE', '/v3/auth/tokens'],
  ['PUT', '/v3/projects'],
])('%s %s is the gateway’s 404', async (method, path) => {
  const answer = await call(method, path)
  expect(answer.status).toBe(404)
  expect(answer.body).toEqual({
    error_code: 'APIGW.0101',
    error_msg: expect.any(String),
    request_id: answer.headers.get('x-request-id'),
  })
})
