import type { MiddlewareHandler } from 'hono'
import type { App } from '../../host/app.ts'
import { receive, type Received } from '../kit/receive.ts'
import { authErrors, bodyErrors, errorResponse } from './errors.ts'

export interface Env {
  Bindings: { readonly requestId: string }
  Variables: { readonly received: Received }
}

/** X-Auth-Token (seed 003), or a signature with AK/SK, which is all that the official SDKs send. */
export const known =
  (app: App, bodyMaxBytes: number): MiddlewareHandler<Env> =>
  async (c, next) => {
    const receipt = await receive(app, c.req.raw, { bodyMaxBytes })
    if (!receipt.ok) {
      if (receipt.kind === 'body') return errorResponse(bodyErrors[receipt.refused.why], receipt.refused.message)
      return errorResponse(authErrors[receipt.refused.why])
    }
    c.set('received', receipt.value)
    return next()
  }
