import type { App } from '../../host/app.ts'
import type { Dialect, DialectOptions } from '../dialect.ts'
import { serve } from '../kit/serve.ts'
import { endpoints } from './endpoints.ts'
import { errorResponse } from './errors.ts'
import { createRoutes } from './routes.ts'

/**
 * HUAWEI CLOUD IAM, as far as the clients of the three Huawei dialects need it: tokens, and who is where. It shows no
 * runs. `/v3` and `/v3.0` are its prefixes as a whole, since whatever else begins so is the gateway's to turn away. The one call
 * under `/v5` is of STS, which newer SDKs ask for their account.
 */
export const huaweiIam: Dialect = {
  name: 'huawei-iam',
  prefixes: ['/v5/caller-identity', '/v3/projects', '/v3/regions', '/v3/auth', '/v3-ext', '/v3.0', '/v3'],
  endpoints,
  create: (app: App, options: DialectOptions) => {
    const routes = createRoutes(app, options)
    return serve(
      app,
      options,
      (request, requestId) => routes.fetch(request, { requestId }),
      () => errorResponse(500, 'Internal server error.'),
    )
  },
}
