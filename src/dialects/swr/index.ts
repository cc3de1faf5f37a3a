import type { App } from '../../host/app.ts'
import type { Dialect, DialectOptions } from '../dialect.ts'
import { serve } from '../kit/serve.ts'
import { endpoints } from './endpoints.ts'
import { errorResponse, errors } from './errors.ts'
import { createRoutes } from './routes.ts'

/** HUAWEI CLOUD SWR container pipelines (later ContainerOps), as of seed 004. */
export const swr: Dialect = {
  name: 'swr',
  prefixes: ['/v2/manage', '/v3/manage'],
  endpoints,
  asks: ({ pipeline }, token) => ({
    system: 'SWR',
    path: `/v3/manage/pipelines/${pipeline.serial}`,
    headers: { 'X-Auth-Token': token },
    about: 'newest-run',
  }),
  create: (app: App, options: DialectOptions) => {
    const routes = createRoutes(app, options)
    // Whatever breaks, the client gets its vendor's error.
    return serve(
      app,
      options,
      (request) => routes.fetch(request),
      () => errorResponse(errors.internal),
    )
  },
}
