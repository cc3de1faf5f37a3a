import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NativeServer, openNative } from '../../../test/support/native-server.ts'

let native: NativeServer
beforeAll(async () => {
  native = await openNative()
})
afterAll(() => native.server.close())

const anonymous = { token: null }

async function signIn(headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return native.send('POST', '/api/v1/session', {
    ...anonymous,
    body: { token: native.world.credentials.token },
    headers,
  })
}

/** `name=value`, as a browser sends it back. */
const cookieOf = (response: Response): string => response.headers.get('set-cookie')?.split(';', 1)[0] ?? ''

describe('a session', () => {
  test('stands for whoever signed in, in a cookie that scripts and other sites do not get', async () => {
    const signedIn = await signIn()
    expect(signedIn.status).toBe(201)
    const name = `millrace_${new URL(native.server.url).port}`
    expect(signedIn.headers.get('set-cookie')).toMatch(
      new RegExp(`^${name}=mr_[0-9a-f_]+; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict$`),
    )
    const me = await native.send('GET', '/api/v1/me', {
      ...anonymous,
      headers: { cookie: `a=b; ${cookieOf(signedIn)}` },
    })
    expect(await me.json()).toMatchObject({ user: ((await signedIn.json()) as { user: object }).user })
  })

  test('is not begun with a token that is not known, nor with a wrong password', async () => {
    for (const body of [{ token: 'mr_1_2' }, { user: 'admin', password: 'wrong' }]) {
      const refused = await native.send('POST', '/api/v1/session', { ...anonymous, body })
      expect(refused.status).toBe(401)
      expect(refused.headers.get('set-cookie')).toBeNull()
    }
  })

  test('ends when it is ended, and its cookie goes', async () => {
    const cookie = cookieOf(await signIn())
    const headers = { cookie, 'sec-fetch-site': 'same-origin' }
    const ended = await native.send('DELETE', '/api/v1/session', { ...anonymous, headers })
    expect(ended.status).toBe(204)
    expect(ended.headers.get('set-cookie')).toContain('Max-Age=0')
    expect((await native.send('GET', '/api/v1/me', { ...anonymous, headers })).status).toBe(401)
    expect((await native.send('DELETE', '/api/v1/session', { ...anonymous, headers })).status).toBe(204)
  })

  test('goes over TLS only where the server is reached by it', async () => {
    const behind = await openNative({ world: native.world, config: { baseUrl: 'https://ci.example.com' } })
    const body = { token: native.world.credentials.token }
    const signedIn = await behind.send('POST', '/api/v1/session', { ...anonymous, body })
    expect(signedIn.headers.get('set-cookie')).toMatch(/^millrace_443=.*; Secure$/)
    await behind.server.close()
  })
})

describe('what changes something with a session', () => {
  const change = async (headers: Readonly<Record<string, string>>): Promise<number> => {
    const cookie = cookieOf(await signIn())
    const sent = await native.send('POST', '/api/v1/runs/batch', {
      ...anonymous,
      body: { ids: ['1'] },
      headers: { cookie, ...headers },
    })
    return sent.status
  }
  const own = (): string => native.server.url

  test('is taken from our own page', async () => {
    expect(await change({ 'sec-fetch-site': 'same-origin' })).toBe(200)
    expect(await change({ 'sec-fetch-site': 'same-origin', origin: own() })).toBe(200)
    // Plain HTTP of another machine: browsers leave Sec-Fetch-Site out.
    expect(await change({ origin: own() })).toBe(200)
  })

  test.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    {},
  ])('is refused from elsewhere: %o', async (headers) => {
    expect(await change(headers)).toBe(403)
  })

  test('needs no such thing with a token', async () => {
    const sent = await native.send('POST', '/api/v1/runs/batch', { body: { ids: ['1'] }, headers: { origin: 'null' } })
    expect(sent.status).toBe(200)
  })

  test('nor does another site sign its visitors in', async () => {
    expect((await signIn({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await signIn({ origin: 'https://evil.example' })).status).toBe(403)
  })
})
