import { accept } from '../../model/problem.ts'
import { presentCaller, presentToken, time } from './present.ts'
import { route } from './route.ts'
import { IssuedToken, Me, NewToken, TokenList } from './schema.ts'

const tag = 'access'

export const getMe = route({
  method: 'GET',
  path: '/api/v1/me',
  id: 'getMe',
  tag,
  summary: 'Who the token stands for, and what it may do',
  status: 200,
  answer: { json: Me },
  problems: [],
  handle: async ({ caller }) => accept({ body: presentCaller(caller) }),
})

export const listTokens = route({
  method: 'GET',
  path: '/api/v1/tokens',
  id: 'listTokens',
  tag,
  summary: 'Tokens of the caller; an admin sees all',
  status: 200,
  answer: { json: TokenList },
  problems: [],
  handle: async ({ app, caller }) => accept({ body: { items: (await app.access.tokens(caller)).map(presentToken) } }),
})

export const createToken = route({
  method: 'POST',
  path: '/api/v1/tokens',
  id: 'createToken',
  tag,
  summary: 'A new token for the caller',
  body: NewToken,
  status: 201,
  answer: { json: IssuedToken },
  problems: [],
  handle: async ({ app, caller, body }) => {
    const wanted = body.expires_at === null ? null : Date.parse(body.expires_at)
    if (wanted !== null && wanted <= app.now()) {
      const message = `expires_at must be in the future, found ${time(wanted)}`
      return { ok: false, problem: { code: 'invalid_request', message } }
    }
    // Nobody makes a credential that outlives the one it was asked for with.
    const expiresAt =
      caller.expiresAt === null ? wanted : Math.min(wanted ?? Number.POSITIVE_INFINITY, caller.expiresAt)
    const { token, issuedAt } = await app.access.issueToken(caller, body.label, expiresAt)
    return accept({
      body: {
        id: tokenId(token),
        token,
        label: body.label,
        created_at: time(issuedAt),
        expires_at: expiresAt === null ? null : time(expiresAt),
      },
    })
  },
})

/** `mr_<id>_<secret>`: the id is the public part. */
const tokenId = (token: string): string => token.split('_')[1] ?? ''

export const deleteToken = route({
  method: 'DELETE',
  path: '/api/v1/tokens/{token}',
  id: 'deleteToken',
  tag,
  summary: 'Revoke a token by its id, at once',
  status: 204,
  answer: 'nothing',
  problems: ['not_found'],
  handle: async ({ app, caller, param }) => {
    const revoked = await app.access.revokeToken(caller, param('token'))
    return revoked.ok ? accept({ body: null }) : revoked
  },
})
