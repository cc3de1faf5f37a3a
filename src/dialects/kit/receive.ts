import type { MiddlewareHandler } from 'hono'
import type { App, Caller } from '../../host/app.ts'
import { authenticate, type Authentication } from './auth.ts'
import { readBody, type Refused } from './body.ts'

/** A request whose body is whole and whose caller is known. */
interface Received {
  readonly caller: Caller
  readonly body: Uint8Array
}
export type NotReceived =
  | { readonly kind: 'body'; readonly refused: Refused }
  | { readonly kind: 'credential'; readonly refused: Extract<Authentication, { ok: false }> }

/** What a router knows of every request: its id, and of one that {@link admitting} let in who sent it, and its body. */
export interface Env {
  Bindings: { readonly requestId: string }
  Variables: { readonly received: Received }
}

/**
 * Lets in who is known, with a body that is whole: by X-Auth-Token, or by a signature with AK/SK, which is all that
 * the official SDKs send. The body is read first, as a signature covers it.
 * @param refuse the vendor's words for the rest.
 */
export const admitting =
  (app: App, bodyMaxBytes: number, refuse: (not: NotReceived, requestId: string) => Response): MiddlewareHandler<Env> =>
  async (c, next) => {
    const { requestId } = c.env
    const body = await readBody(c.req.raw, bodyMaxBytes)
    if (!body.ok) return refuse({ kind: 'body', refused: body }, requestId)
    const known = await authenticate(app, c.req.raw, body.value)
    if (!known.ok) return refuse({ kind: 'credential', refused: known }, requestId)
    c.set('received', { caller: known.caller, body: body.value })
    return next()
  }
