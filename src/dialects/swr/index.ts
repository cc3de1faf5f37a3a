import type { App } from '../../host/app.ts'
import type { Dialect, DialectOptions } from '../dialect.ts'
import { errorResponse, errors } from './errors.ts'
import { createRoutes } from './routes.ts'

/** HUAWEI CLOUD SWR container pipelines (later ContainerOps), as of seed 004. */
export const swr: Dialect = {
  name: 'swr',
  prefixes: ['/v2/manage', '/v3/manage'],
  create: (app: App, options: DialectOptions) => {
    const routes = createRoutes(app, options)
    return async (request) => {
      const response = await answer(() => routes.fetch(request))
      response.headers.set('X-Request-Id', app.freshId())
      return response
    }
  },
}

/** Whatever breaks, the client gets its vendor's error. */
async function answer(handle: () => Response | Promise<Response>): Promise<Response> {
  try {
    return await handle()
  } catch {
    return errorResponse(errors.internal)
  }
}
