import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { signed } from '../../testing/sign.ts'
import { need, openWorld, type World } from '../../testing/world.ts'
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
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
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
    expect((await ask(user(), 'unscoped')).body.token.domain).toEqual(body.token.domain)
    const { id } = body.token.domain
    for (const domain of [{ id }, { name: 'example' }]) {
      expect((await ask(user(), { domain })).body.token.domain.id).toBe(id)
      expect((await ask(user({ domain }), { domain })).status).toBe(201)
    }
  })

  test('takes who it is by id, too, as Keystone does', async () => {
    const { id } = world.admin.user
    const { password } = world.credentials
    expect((await ask({ id, password }, { project: { name: 'default' } })).body.token.user.id).toBe(id)
    expect((await ask({ id, password, domain: { name: 'another' } })).status).toBe(401)
    expect((await ask({ id, password: 'wrong' })).status).toBe(401)
    for (const unknown of [ABSENT, 'ci', '../a']) expect((await ask({ id: unknown, password })).status).toBe(401)
  })

  test('a project of an account is one of the caller’s', async () => {
    const project = { name: 'default' }
    expect((await ask(user(), { project: { ...project, domain: { name: 'example' } } })).status).toBe(201)
    expect((await ask(user(), { project: { ...project, domain: { name: 'another' } } })).status).toBe(401)
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
    '{"auth":{"identity":{"methods":["token"]}}}',
    '{"auth":{"identity":{"methods":["token"],"token":{"id":""}}}}',
    '{"auth":{"identity":{"methods":["password","totp"],"password":{"user":{"name":"ci","password":"x","domain":{"name":"e"}}}}}}',
    '{"auth":{"identity":{"methods":["assume_role"],"assume_role":{"domain_name":"e","agency_name":"a"}}}}',
    '{"auth":{"identity":{"methods":["password"],"token":{"id":"x"}}}}',
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

  const rescope = (id: string, scope?: unknown) =>
    call('POST', '/v3/auth/tokens', {
      body: JSON.stringify({ auth: { identity: { methods: ['token'], token: { id } }, scope } }),
    })

  test('brings another of another scope, that does not outlive it', async () => {
    const first = (await ask(user())).headers.get('x-subject-token') ?? ''
    world.clock.advance(3_600_000)
    const { status, headers, body } = await rescope(first, { project: { name: 'default' } })
    expect(status).toBe(201)
    expect(body.token).toMatchObject({
      methods: ['token'],
      project: { id: world.project.id },
      user: { name: 'ci' },
      expires_at: '2026-01-03T03:04:05.000000Z',
      issued_at: '2026-01-02T04:04:05.000000Z',
    })
    const second = headers.get('x-subject-token') ?? ''
    expect((await validate(second, second)).body).toEqual(body)
    const third = await rescope(second)
    expect(third.body.token).toMatchObject({ domain: { name: 'example' }, expires_at: body.token.expires_at })
    expect((await rescope(world.credentials.token)).body.token.expires_at).toBe('2026-01-03T04:04:05.000000Z')
    const nowhere = await rescope(first, { project: { id: ABSENT } })
    expect(nowhere.status).toBe(401)
    world.clock.advance(-3_600_000)
  })

  test.each(['x', 'mr_0000000000000000_00', 'é'])('%s brings none', async (id) => {
    const { status, body } = await rescope(id)
    expect([status, body.error.message]).toEqual([401, 'The token is invalid.'])
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

describe('the other verbs of a token', () => {
  test('HEAD tells whether it is one, and DELETE ends it', async () => {
    const token = (await ask(user())).headers.get('x-subject-token') ?? ''
    const headers = { 'X-Auth-Token': world.credentials.token, 'X-Subject-Token': token }
    const head = await call('HEAD', '/v3/auth/tokens', { headers })
    expect([head.status, head.body, head.headers.get('x-subject-token')]).toEqual([200, null, token])
    expect(await call('DELETE', '/v3/auth/tokens', { headers })).toMatchObject({ status: 204, body: null })
    expect((await call('HEAD', '/v3/auth/tokens', { headers })).status).toBe(404)
    expect((await call('DELETE', '/v3/auth/tokens', { headers })).status).toBe(404)
    expect((await call('GET', '/v3/projects', { headers: { 'X-Auth-Token': token } })).status).toBe(401)
  })

  test('nobody ends another’s token', async () => {
    const guest = { name: 'passer-by', domain: 'example', password: null, role: 'operator' } as const
    const { token } = await world.app.access.issueToken(await world.host.credentials.addUser(guest), 'test', null)
    const headers = { 'X-Auth-Token': token, 'X-Subject-Token': world.credentials.token }
    expect((await call('DELETE', '/v3/auth/tokens', { headers })).status).toBe(403)
    expect((await get('/v3/projects')).status).toBe(200)
  })
})

describe('POST /v3.0/OS-CREDENTIAL/securitytokens', () => {
  const request = (token?: object) => JSON.stringify({ auth: { identity: { methods: ['token'], token } } })
  const temporary = (body: string, headers: Record<string, string> = { 'X-Auth-Token': world.credentials.token }) =>
    call('POST', '/v3.0/OS-CREDENTIAL/securitytokens', { body, headers })
  const projectsBy = (keys: { ak: string; sk: string }, more: Record<string, string>) => {
    const url = `${BASE}/v3/projects`
    const headers = { ...signed(keys, world.clock.now(), { method: 'GET', url }), ...more }
    return call('GET', '/v3/projects', { headers })
  }

  test('gives a pair that is good with its security token, for as long as was asked', async () => {
    const { status, body } = await temporary(request({ duration_seconds: 1_000 }))
    expect(status).toBe(201)
    const { access: ak, secret: sk, securitytoken, expires_at } = body.credential
    expect(Object.keys(body.credential).toSorted()).toEqual(['access', 'expires_at', 'secret', 'securitytoken'])
    expect(ak).toMatch(/^[A-Z0-9]{20}$/)
    expect(sk).toHaveLength(40)
    expect(Date.parse(expires_at)).toBe(world.clock.now() + 1_000_000)
    expect((await projectsBy({ ak, sk }, { 'X-Security-Token': securitytoken })).status).toBe(200)
    for (const more of [{}, { 'X-Security-Token': 'x' }, { 'X-Security-Token': `${securitytoken}x` }]) {
      expect((await projectsBy({ ak, sk }, more)).body).toMatchObject({
        error_code: 'APIGW.0301',
        error_msg: `Incorrect IAM authentication information: Get secretKey failed,ak:${ak},err:ak not exist`,
      })
    }
    world.clock.advance(1_000_000)
    expect((await projectsBy({ ak, sk }, { 'X-Security-Token': securitytoken })).status).toBe(401)
  })

  test('takes the token from the body, too, and lasts 15 minutes when nothing is said', async () => {
    const { credential } = (await temporary(request({ id: world.credentials.token }), {})).body
    expect(Date.parse(credential.expires_at)).toBe(world.clock.now() + 900_000)
    expect((await temporary(request())).status).toBe(201)
    expect((await temporary(request({ duration_seconds: '86400' }))).status).toBe(201)
  })

  test('does not outlive its token', async () => {
    const { app, admin, clock } = world
    const { token } = await app.access.issueToken(admin, 'short', clock.now() + 60_000)
    const { credential } = (await temporary(request(), { 'X-Auth-Token': token })).body
    expect(Date.parse(credential.expires_at)).toBe(clock.now() + 60_000)
  })

  test('a signature brings none, so that one pair does not bring the next', async () => {
    const [url, body] = [`${BASE}/v3.0/OS-CREDENTIAL/securitytokens`, request()]
    const headers = signed(world.credentials, world.clock.now(), { method: 'POST', url, body })
    expect((await temporary(body, headers)).status).toBe(401)
    expect((await temporary(request(), { 'X-Auth-Token': 'mr_x_y' })).status).toBe(401)
  })

  test.each([
    '',
    '{}',
    '{"auth":{"identity":{"methods":["password"]}}}',
    '{"auth":{"identity":{"methods":["token"],"policy":{}}}}',
    request({ duration_seconds: 899 }),
    request({ duration_seconds: 86_401 }),
    request({ duration_seconds: 1_000.5 }),
    request({ duration_seconds: 'soon' }),
    request({ id: 7 }),
  ])('the body %s is refused', async (body) => {
    expect((await temporary(body)).body.error).toMatchObject({ code: 400, title: 'Bad Request' })
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
    const shown = { project: { ...body.projects[0], status: 'normal' } }
    expect((await get(`/v3-ext/projects/${world.project.id}`)).body).toEqual(shown)
    expect((await get(`/v3-ext/projects/${ABSENT}`)).status).toBe(404)
    // By the page of KeystoneListProjects; whoever asks page by page until there is no more comes to an end.
    const { domain_id: account } = body.projects[0]
    for (const query of [
      'page=1&per_page=1',
      'page=1',
      'per_page=1',
      'enabled=True',
      'is_domain=false',
      `parent_id=${account}&domain_id=${account}`,
      'name=&domain_id=&enabled=&page=&per_page=',
    ]) {
      expect((await get(`/v3/projects?${query}`)).body.projects, query).toEqual(body.projects)
    }
    for (const query of ['page=2&per_page=1', 'enabled=false', 'is_domain=true', `parent_id=${world.project.id}`]) {
      expect((await get(`/v3/projects?${query}`)).body.projects, query).toEqual([])
    }
    for (const query of ['page=0&per_page=1', 'page=1&per_page=5001', 'enabled=1', 'page=x']) {
      expect((await get(`/v3/projects?${query}`)).body.error, query).toMatchObject({ code: 400, title: 'Bad Request' })
    }
    const users = async (query: string) => (await get(`/v3/users?${query}`)).body.users.length
    expect(await users(`domain_id=${account}&enabled=true&name=ci`)).toBe(1)
    expect([await users(`domain_id=${ABSENT}`), await users('enabled=false'), await users('name=li')]).toEqual([
      0, 0, 0,
    ])
    expect((await get(`/v3/projects/${ABSENT}`)).body.error).toMatchObject({ code: 404, title: 'Not Found' })
  })

  test('the region has a project, as clients expect that know nothing but its name', async () => {
    const first = (await get('/v3/projects')).body.projects[0]
    expect((await get('/v3/projects?name=millrace')).body.projects).toEqual([first])
    expect((await get('/v3/projects?name=millrace&enabled=false')).body.projects).toEqual([])
    const { status, body } = await ask(user(), { project: { name: 'millrace' } })
    expect([status, body.token.project.id]).toEqual([201, first.id])
    expect((await ask(user(), { project: { name: 'cn-south-1' } })).status).toBe(401)
  })

  test('the region’s project is that of its name where there is one', async () => {
    const other = await openWorld()
    const named = need(await other.app.projects.create(other.admin, { name: 'millrace', description: '' }))
    const options = { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 100_000 }
    const headers = { 'X-Auth-Token': other.credentials.token }
    const asked = new Request(`${BASE}/v3/projects?name=millrace`, { headers })
    const answer = await huaweiIam.create(other.app, options)(asked)
    expect(await answer.json()).toMatchObject({ projects: [{ id: named.id, name: 'millrace' }] })
  })

  test('accounts and regions are one each', async () => {
    expect((await get('/v3/auth/domains')).body.domains).toMatchObject([{ name: 'example', enabled: true }])
    expect((await get('/v3/regions')).body.regions).toMatchObject([{ id: 'millrace', type: 'public' }])
  })

  test('a signature is told whose it is, as SDKs ask that know no account', async () => {
    const url = `${BASE}/v5/caller-identity`
    const headers = signed(world.credentials, world.clock.now(), { method: 'GET', url })
    const { status, body } = await call('GET', '/v5/caller-identity', { headers })
    const account = (await get('/v3/auth/domains')).body.domains[0].id
    // https://support.huaweicloud.com/intl/en-us/api-iam5/GetCallerIdentity.html
    expect([status, body]).toEqual([
      200,
      { account_id: account, principal_urn: `iam::${account}:user:ci`, principal_id: world.admin.user.id },
    ])
  })

  test('the catalog and the region are found by themselves', async () => {
    expect((await get('/v3/auth/catalog')).body.catalog.map(({ type }: { type: string }) => type)).toContain(
      'codecheck',
    )
    expect((await get('/v3/regions/millrace')).body.region).toMatchObject({ id: 'millrace' })
    expect((await get('/v3/regions/mars')).body.error).toMatchObject({ code: 404 })
  })

  test('a project is made once, and not of anything', async () => {
    const make = (project: unknown) =>
      call('POST', '/v3/projects', {
        headers: { 'X-Auth-Token': world.credentials.token },
        body: JSON.stringify({ project }),
      })
    const made = await make({ name: 'cn-north-4', domain_id: 'x', description: '' })
    expect([made.status, made.body.project]).toMatchObject([201, { name: 'cn-north-4', enabled: true }])
    expect((await get('/v3/projects?name=cn-north-4')).body.projects).toEqual([made.body.project])
    expect((await make({ name: 'cn-north-4' })).status).toBe(409)
    for (const project of [undefined, {}, { name: '' }, { name: 7 }, { name: '../x' }, { name: 'a', more: 1 }]) {
      expect((await make(project)).status).toBe(400)
    }
  })

  test.each([
    ['a wrong one', { sk: 'wrong' }, 0, 'APIGW.0301', 'verify aksk signature fail'],
    ['one of nobody’s', { ak: 'NOSUCHKEY' }, 0, 'APIGW.0301', 'Get secretKey failed,ak:NOSUCHKEY,err:ak not exist'],
    ['an old one', {}, -15 * 60_000 - 1_000, 'APIGW.0303', 'signature expired'],
    ['one of tomorrow', {}, 15 * 60_000 + 1_000, 'APIGW.0303', 'signature expired'],
  ])('of signatures %s is refused by the gateway', async (_, keys, offset, code, reason) => {
    const url = `${BASE}/v3/projects`
    const headers = signed({ ...world.credentials, ...keys }, world.clock.now() + offset, { method: 'GET', url })
    const answer = await call('GET', '/v3/projects', { headers })
    expect(answer).toMatchObject({ status: 401, body: { error_code: code } })
    expect(answer.body.error_msg).toContain(reason)
    expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'))
  })

  test('a key is locked by its own failures, and no other with it', async () => {
    const { admin, clock, host } = world
    const [keys, other] = [
      await host.credentials.addAccessKey(admin, 'a'),
      await host.credentials.addAccessKey(admin, 'b'),
    ]
    const url = `${BASE}/v3/projects`
    const send = async (pair: { ak: string; sk: string }) =>
      (await call('GET', '/v3/projects', { headers: signed(pair, clock.now(), { method: 'GET', url }) })).body
    for (let count = 0; count < 6; count += 1) await send({ ...keys, sk: 'wrong' })
    expect((await send(keys)).error_msg).toContain('AK access failed to reach the limit,forbidden')
    expect((await send(other)).projects).toBeDefined()
    clock.advance(5 * 60_000)
    expect((await send(keys)).projects).toBeDefined()
  })

  test('a signature opens, nothing does not', async () => {
    const url = `${BASE}/v3/projects?name=a%20b`
    const headers = signed(world.credentials, world.clock.now(), { method: 'GET', url })
    expect((await call('GET', url.slice(BASE.length), { headers })).status).toBe(200)
    expect((await call('GET', '/v3/projects')).body.error).toMatchObject({ code: 401, title: 'Unauthorized' })
  })
})

test.each([
  ['GET', '/v3/nothing'],
  ['PUT', '/v3/auth/tokens'],
  ['GET', '/v3.0/OS-USER/users'],
  ['GET', '/v3.0/OS-AGENCY/agencies'],
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

test('the version is told to everybody, also under the address that it tells', async () => {
  const { status, body } = await call('GET', '/v3')
  expect([status, body.version.id]).toEqual([200, 'v3.6'])
  const [{ href }] = body.version.links
  expect(await call('GET', href.replace(BASE, ''))).toMatchObject({ status: 200, body })
})
