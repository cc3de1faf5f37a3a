import type { MiddlewareHandler } from 'hono'
import type { App } from '../../host/app.ts'
import { receive, type Received } from '../kit/receive.ts'
import { authErrors, badBody, gatewayResponse } from './errors.ts'

export interface Env {
  Bindings: { readonly requestId: string }
  Variables: { readonly received: Received }
}

/** X-Auth-Token (seed 001, table 3), or a signature with AK/SK, which is all that the official SDKs send. */
export const known =
  (app: App, bodyMaxBytes: number): MiddlewareHandler<Env> =>
  async (c, next) => {
    const receipt = await receive(app, c.req.raw, { bodyMaxBytes })
    const { requestId } = c.env
    if (!receipt.ok) {
      if (receipt.kind === 'body') return badBody(receipt.refused, requestId)
      return gatewayResponse(authErrors[receipt.refused.why], requestId)
    }
    c.set('received', receipt.value)
    return next()
  }
