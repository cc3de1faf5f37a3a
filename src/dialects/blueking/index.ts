import type { Dialect } from '../dialect.ts'
import { followCallbacks } from './callbacks.ts'
import { endpoints } from './endpoints.ts'
import { createRoutes } from './routes.ts'

/** Tencent BlueKing standard-OPS (bk-sops): task status and control, by the ESB's paths and the gateway's. */
export const blueking: Dialect = {
  name: 'blueking',
  prefixes: ['/api/c/compapi', '/api/bk-sops', '/apigw'],
  endpoints,
  asks: ({ serial, project }, token) => ({
    system: 'BlueKing',
    path: `/api/c/compapi/v2/sops/get_task_status/?bk_biz_id=${project.serial}&task_id=${serial}`,
    headers: { 'X-Bkapi-Authorization': JSON.stringify({ access_token: token }) },
    about: 'run',
  }),
  create: createRoutes,
  background: (app, { onDefect }, until) => followCallbacks(app, onDefect ?? (() => undefined), until),
}
