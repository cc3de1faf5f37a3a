import type { Dialect } from '../dialect.ts'
import { followCallbacks } from './callbacks.ts'
import { endpoints } from './endpoints.ts'
import { createRoutes } from './routes.ts'

/** Tencent BlueKing standard-OPS (bk-sops): task status and control, by the ESB's paths and the gateway's. */
export const blueking: Dialect = {
  name: 'blueking',
  prefixes: ['/api/c/compapi', '/api/bk-sops', '/apigw'],
  endpoints,
  create: createRoutes,
  background: (app, { onDefect }, until) => followCallbacks(app, onDefect ?? (() => undefined), until),
}
