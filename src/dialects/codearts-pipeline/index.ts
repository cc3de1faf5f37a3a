import type { App } from '../../host/app.ts'
import type { Dialect, DialectOptions } from '../dialect.ts'
import { serve } from '../kit/serve.ts'
import { errorResponse, errors } from './errors.ts'
import { createRoutes } from './routes.ts'

/** HUAWEI CLOUD CodeArts Pipeline, its v3 calls, as of seed 001. */
export const codeartsPipeline: Dialect = {
  name: 'codearts-pipeline',
  prefixes: ['/v3/pipelines', '/v3/templates'],
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
