import type { MiddlewareHandler } from 'hono'
import type { App } from '../../host/app.ts'
import { receive, type Received } from '../kit/receive.ts'
import { bodyRefusal, signatureRefusal } from '../kit/gateway.ts'
import { errorResponse, errors } from './errors.ts'

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
      const { requestId } = c.env
      if (receipt.kind === 'body') {
        const { why, message } = receipt.refused
        return bodyRefusal(why, requestId) ?? errorResponse(errors.badParameter, message)
      }
      // Of every token that is missing or wrong; the seed has one text for all.
      return signatureRefusal(receipt.refused, requestId) ?? errorResponse(errors.unauthenticated)
    }
    c.set('received', receipt.value)
    return next()
  }
