import type { Hono } from 'hono'
import type { App } from '../../host/app.ts'
import type { DialectOptions } from '../dialect.ts'
import { parseForm, readBody } from '../kit/body.ts'
import type { EndpointRow } from '../kit/endpoints.ts'
import { closeSession, openSession } from './auth.ts'
import { bodyRefused, errorAnswer, json } from './errors.ts'
import { rowOf, V1 } from './rows.ts'

/** Bytes of a name and a password, percent escapes and all. */
const FORM_MAX_BYTES = 8_192

export const sessionRows: readonly EndpointRow[] = [
  rowOf(
    V1,
    'POST',
    '/api/user/signin',
    'a form with username and password gives a session, as a cookie; errors 400, 401',
  ),
  rowOf(V1, 'GET', '/api/user/signout', 'the session ends'),
]

/** Signing in and out: the two that ask for no caller. */
export function sessionRoutes<Env extends object>(router: Hono<Env>, app: App, options: DialectOptions): void {
  const secure = options.baseUrl.startsWith('https:')

  router.post('/api/user/signin', async ({ req }) => {
    const body = await readBody(req.raw, Math.min(FORM_MAX_BYTES, options.bodyMaxBytes))
    const form = body.ok ? parseForm(body.value) : body
    if (!form.ok) return bodyRefused(form)
    const [username, password] = [form.value.get('username') ?? '', form.value.get('password') ?? '']
    if (username === '' || password === '') {
      return errorAnswer(400, 'Bad Request', 'expected a form with username and password')
    }
    const session = await openSession(app, username, password, secure)
    if (session === undefined) return errorAnswer(401, 'Unauthorized', 'no user of this name has this password')
    return json(200, { message: 'success' }, { 'Set-Cookie': session, 'Cache-Control': 'no-store' })
  })

  router.get('/api/user/signout', async ({ req }) =>
    json(200, { message: 'success' }, { 'Set-Cookie': await closeSession(app, req.raw.headers, secure) }),
  )
}
