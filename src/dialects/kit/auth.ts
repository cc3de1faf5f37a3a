import type { App, Caller } from '../../host/app.ts'
import { isSdkHmac, isSignedWith, isSkewed, parseSdkHmac } from './auth-sdk-hmac.ts'

/**
 * A caller by token (header `X-Auth-Token`) or by a signature made with a key pair. A token, where there is one,
 * decides: a request does not get a second try with its other credential.
 */
export type Authentication =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly why: AuthenticationFailure; readonly accessKey: string | null }

export type AuthenticationFailure =
  /** Neither a token nor a signature. */
  | 'missing'
  | 'bad-token'
  /** The token's time is over. */
  | 'expired'
  /** An `Authorization` that is of no scheme known here, or broken, or without its date. */
  | 'malformed'
  | 'unknown-key'
  /** Too many wrong signatures with this key lately. */
  | 'locked'
  /** Signed more than 15 minutes ago, or in the future. */
  | 'clock-skew'
  | 'bad-signature'

/** The longest token that is looked at, in characters. */
const TOKEN_MAX = 100_000

/**
 * @param body the raw bytes, as a signature covers them.
 * @param options `unsignedPayload`: a body may be left out of the signature (YAML, files).
 */
export async function authenticate(
  app: App,
  request: Request,
  body: Uint8Array,
  options: { readonly unsignedPayload?: boolean } = {},
): Promise<Authentication> {
  const token = request.headers.get('x-auth-token')?.trim() ?? ''
  if (token !== '') return byToken(app, token)
  const authorization = request.headers.get('authorization')?.trim() ?? ''
  if (authorization === '') return fail('missing')
  if (!isSdkHmac(authorization)) return fail('malformed')
  return bySignature(app, request, body, options.unsignedPayload ?? false)
}

async function byToken(app: App, token: string): Promise<Authentication> {
  const caller = token.length > TOKEN_MAX ? undefined : await app.access.byToken(token)
  if (caller === undefined) return fail('bad-token')
  if (caller.expiresAt !== null && caller.expiresAt <= app.now()) return fail('expired')
  return { ok: true, caller }
}

async function bySignature(
  app: App,
  request: Request,
  body: Uint8Array,
  unsignedPayload: boolean,
): Promise<Authentication> {
  const credential = parseSdkHmac(request.headers)
  if (credential === undefined) return fail('malformed')
  const { accessKey } = credential
  if (isSkewed(credential, app.now())) return fail('clock-skew', accessKey)
  const key = await app.access.byAccessKey(accessKey, request.headers.get('x-security-token'))
  if (key === 'unknown') return fail('unknown-key', accessKey)
  if (key === 'locked') return fail('locked', accessKey)
  const { pathname, search, host } = new URL(request.url)
  const headers = new Headers(request.headers)
  // HTTP/2 and requests made by hand carry the host in the URL only.
  if (!headers.has('host')) headers.set('host', host)
  const signed = { method: request.method, path: pathname, query: search.slice(1), headers, body }
  if (isSignedWith(key.secret, credential, signed, { unsignedPayload })) {
    return { ok: true, caller: key.caller }
  }
  app.access.failedSignature(accessKey)
  return fail('bad-signature', accessKey)
}

const fail = (why: AuthenticationFailure, accessKey: string | null = null): Authentication => ({
  ok: false,
  why,
  accessKey,
})
