import { Hono, type Context } from 'hono'
import type { App } from '../../host/app.ts'
import type { DialectOptions } from '../dialect.ts'
import { gatewayErrors, gatewayResponse } from '../kit/gateway.ts'
import { admitting, type Env } from '../kit/receive.ts'
import { rethrow } from '../kit/serve.ts'
import { Refusal, type Call } from './call.ts'
import { served } from './endpoints.ts'
import { notReceived } from './errors.ts'
import { PipelinesApart } from './apart.ts'

/** The endpoints of the list, in its order. Everything else is the gateway's 404. */
export function createRoutes(app: App, options: DialectOptions): Hono<Env> {
  const routes = new Hono<Env>()
  const who = admitting(app, options.bodyMaxBytes, notReceived)
  const apart = new PipelinesApart()
  const starting = new Set<string>()
  routes.notFound((c) => {
    options.onUnrouted?.(c.req.raw)
    return gatewayResponse(gatewayErrors.noApi, c.env.requestId)
  })
  routes.onError((error) => (error instanceof Refusal ? error.response : rethrow(error)))
  for (const { row, handler } of served) {
    routes.on(row.method, row.path, who, (c) => handler(callOf(app, { apart, starting }, c)))
  }
  return routes
}

function callOf(app: App, shared: Pick<Call, 'apart' | 'starting'>, c: Context<Env>): Call {
  const { caller, body } = c.var.received
  return {
    app,
    caller,
    ...shared,
    body,
    query: new URL(c.req.url).searchParams,
    param: (name) => c.req.param(name) ?? '',
  }
}
