import type { App } from '../../host/app.ts'
import type { Dialect, DialectOptions } from '../dialect.ts'
import { serve } from '../kit/serve.ts'
import { endpoints } from './endpoints.ts'
import { errorResponse, errors } from './errors.ts'
import { createRoutes } from './routes.ts'

/** HUAWEI CLOUD CodeArts Pipeline: the v3 calls of seed 001, and the v5 family that its clients use today. */
export const codeartsPipeline: Dialect = {
  name: 'codearts-pipeline',
  // The last two have nothing that is served: their clients are told so in the vendor's words.
  prefixes: ['/v3/pipeline/templates', '/agentregister', '/v3/pipelines', '/v3/templates', '/v5', '/v1', '/v6'],
  endpoints,
  asks: ({ number, pipeline }, token) => ({
    system: 'CodeArts Pipeline',
    path: `/v3/pipelines/${pipeline.id}/status?build_id=${number}`,
    headers: { 'X-Auth-Token': token },
    about: 'run',
  }),
  create: (app: App, options: DialectOptions) => {
    const routes = createRoutes(app, options)
    return serve(
      app,
      options,
      (request, requestId) => routes.fetch(request, { requestId }),
      () => errorResponse(errors.internal, 'Internal server error'),
    )
  },
}
