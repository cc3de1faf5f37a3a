import type { MiddlewareHandler } from 'hono'
import type { App } from '../../host/app.ts'
import { receive, type Received } from '../kit/receive.ts'
import { badBody, unauthenticated } from './errors.ts'

export interface Env {
  Bindings: { readonly requestId: string }
  Variables: { readonly received: Received }
}

/** X-Auth-Token, or a signature with AK/SK. */
export const known =
  (app: App, bodyMaxBytes: number): MiddlewareHandler<Env> =>
  async (c, next) => {
    const receipt = await receive(app, c.req.raw, { bodyMaxBytes })
    if (!receipt.ok) {
      const { requestId } = c.env
      return receipt.kind === 'body' ? badBody(receipt.refused, requestId) : unauthenticated(receipt.refused, requestId)
    }
    c.set('received', receipt.value)
    return next()
  }
