import type { App, Caller } from '../../host/app.ts'
import type { DurationMs } from '../../model/time.ts'

const COOKIE = 'spock_session'
const SESSION_MS: DurationMs = 24 * 3_600_000

/** What a key may be announced with. All three carry a token of ours. */
const SCHEMES = ['x-api-key', 'x-root-api-key', 'bearer'] as const

/** The caller, by the Authorization header or, without one, by the session's cookie; undefined: nobody we know. */
export async function authenticate(app: App, headers: Headers): Promise<Caller | undefined> {
  const header = headers.get('Authorization')
  if (header === null) {
    const token = sessionToken(headers)
    return token === undefined ? undefined : await app.access.byToken(token)
  }
  const [, scheme = '', key = ''] = /^\s*([A-Za-z-]+)\s+(\S+)\s*$/.exec(header) ?? []
  const known = SCHEMES.find((name) => name === scheme.toLowerCase())
  if (known === undefined) return undefined
  const caller = await app.access.byToken(key)
  // A root key is one that may do everything: another one in its place is none.
  return known === 'x-root-api-key' && caller?.role !== 'admin' ? undefined : caller
}

/** Signs in: the session is a token of 24 h in a cookie. undefined: unknown name or wrong password. */
export async function openSession(
  app: App,
  name: string,
  password: string,
  secure: boolean,
): Promise<string | undefined> {
  const caller = await app.access.byPassword(name, password, null)
  if (caller === undefined) return undefined
  const { token } = await app.access.issueToken(caller, 'koderover session', app.now() + SESSION_MS)
  return cookie(token, SESSION_MS / 1_000, secure)
}

const PORTAL = 'zadig portal'

/** Signs in as Zadig's portal does: a token of 24 h. undefined: unknown name or wrong password. */
export async function portalToken(
  app: App,
  name: string,
  password: string,
): Promise<{ readonly caller: Caller; readonly token: string } | undefined> {
  const caller = await app.access.byPassword(name, password, null)
  if (caller === undefined) return undefined
  const { token } = await app.access.issueToken(caller, PORTAL, app.now() + SESSION_MS)
  return { caller, token }
}

/** The token of the request is worth nothing from now on, when it is one that signing in gave. */
export async function endPortalToken(app: App, headers: Headers): Promise<void> {
  const caller = await authenticate(app, headers)
  const id = /\bmr_([^_]+)_/.exec(headers.get('Authorization') ?? '')?.[1]
  if (caller === undefined || id === undefined) return
  const own = await app.access.tokens(caller)
  if (own.some((token) => token.id === id && token.label === PORTAL)) await app.access.revokeToken(caller, id)
}

/** Signs out: the token is worth nothing from now on. */
export async function closeSession(app: App, headers: Headers, secure: boolean): Promise<string> {
  const token = sessionToken(headers)
  const caller = token === undefined ? undefined : await app.access.byToken(token)
  const id = /^mr_([^_]+)_/.exec(token ?? '')?.[1]
  if (caller !== undefined && id !== undefined) await app.access.revokeToken(caller, id)
  return cookie('', 0, secure)
}

/**
 * Strict: this generation restarts tasks by GET, so a link on a foreign page must not carry the session along.
 */
const cookie = (token: string, maxAgeS: number, secure: boolean): string =>
  `${COOKIE}=${token}; Path=/api; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`

function sessionToken(headers: Headers): string | undefined {
  for (const pair of (headers.get('Cookie') ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2)
    if (name === COOKIE && value !== undefined && value !== '') return value
  }
  return undefined
}
