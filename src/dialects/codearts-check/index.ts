import type { App } from '../../host/app.ts'
import type { Dialect, DialectOptions } from '../dialect.ts'
import { serve } from '../kit/serve.ts'
import { endpoints } from './endpoints.ts'
import { errorResponse, errors } from './errors.ts'
import { createRoutes } from './routes.ts'

/** What of `/v1` is its own; the rest is of other services. */
const V1 = (
  'jobs tasks task defect defects criterionset criterionsets criterion-filters rule relations config config-items ' +
  'simple-query measure history console-log log-file vpcep-authorization'
).split(' ')

/** HUAWEI CLOUD CodeArts Check, as of seed 003. All of `/v2` that no other service has is its own, and the tasks and rule sets of `/v3`. */
export const codeartsCheck: Dialect = {
  name: 'codearts-check',
  prefixes: [
    '/v3/:project/rulesets',
    '/v3/:project/tasks',
    '/v3/task',
    ...V1.map((name) => `/v1/${name}`),
    ...['tasks', 'task', 'codehub', 'projects', 'tenant', 'template-tasks'].map((name) => `/v4/${name}`),
    '/v2',
  ].toSorted((a, b) => b.length - a.length),
  endpoints,
  asks: ({ id, pipeline }, token) => ({
    system: 'CodeArts Check',
    path: `/v2/tasks/${pipeline.id}/progress?job_id=${id}`,
    headers: { 'X-Auth-Token': token },
    about: 'run',
  }),
  create: (app: App, options: DialectOptions) => {
    const routes = createRoutes(app, options)
    return serve(
      app,
      options,
      (request, requestId) => routes.fetch(request, { requestId }),
      () => errorResponse(errors.internal),
    )
  },
}
