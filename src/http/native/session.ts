import { accept } from '../../model/problem.ts'
import { presentCaller } from './present.ts'
import { route } from './route.ts'
import { Me, NewSession } from './schema.ts'
import { isSameOrigin, sessionCookie, sessionToken } from './session-cookie.ts'

const tag = 'access'

/** A week: people keep the page open. */
const SESSION_MS = 7 * 24 * 3_600_000

const LABEL = 'session'

export const createSession = route({
  method: 'POST',
  path: '/api/v1/session',
  id: 'createSession',
  tag,
  summary: 'Sign in: a cookie in place of a token, for the page',
  description:
    'By name and password, or by a token. The cookie stands for a token of its own that ends after a week, or with the token given. Requests with the cookie that change something must come from a page of this server.',
  body: NewSession,
  open: true,
  status: 201,
  answer: { json: Me },
  problems: ['unauthenticated', 'forbidden'],
  handle: async ({ app, body, header, context }) => {
    // Else another site could sign its visitors in as somebody else.
    if (isSameOrigin(header, context.baseUrl) === false) return FOREIGN
    const caller =
      'token' in body
        ? await app.access.byToken(body.token)
        : await app.access.byPassword(body.user, body.password, null)
    if (caller === undefined) {
      const message =
        'token' in body
          ? 'The token is not known, or no longer valid'
          : 'Name or password is wrong; after six wrong tries the name is locked for five minutes'
      return { ok: false, problem: { code: 'unauthenticated', message } }
    }
    const now = app.now()
    const expiresAt = Math.min(now + SESSION_MS, caller.expiresAt ?? Number.POSITIVE_INFINITY)
    const { token } = await app.access.issueToken(caller, LABEL, expiresAt)
    const seconds = Math.floor((expiresAt - now) / 1_000)
    return accept({
      body: presentCaller({ ...caller, expiresAt }),
      headers: { 'set-cookie': sessionCookie(context.baseUrl, token, seconds) },
    })
  },
})

const FOREIGN = {
  ok: false,
  problem: { code: 'forbidden', message: 'This can be asked for by a page of this server only' },
} as const

export const deleteSession = route({
  method: 'DELETE',
  path: '/api/v1/session',
  id: 'deleteSession',
  tag,
  summary: 'Sign out: the session of the cookie ends, the cookie goes',
  open: true,
  status: 204,
  answer: 'nothing',
  problems: ['forbidden'],
  handle: async ({ app, header, context }) => {
    const token = sessionToken(header, context.baseUrl)
    if (token !== undefined && isSameOrigin(header, context.baseUrl) !== true) return FOREIGN
    const caller = token === undefined ? undefined : await app.access.byToken(token)
    if (caller !== undefined) {
      const revoked = await app.access.revokeToken(caller, token?.split('_')[1] ?? '')
      if (!revoked.ok && revoked.problem.code !== 'not_found') return revoked
    }
    return accept({ body: null, headers: { 'set-cookie': sessionCookie(context.baseUrl, '', 0) } })
  },
})
