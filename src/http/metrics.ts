import type { App } from '../host/app.ts'
import type { Mount } from './mounts.ts'
import { problemResponse, securityHeaders } from './problem.ts'

/** Who may read it: whoever has a token of a user of all projects, everybody, or nobody. */
type MetricsChoice = 'token' | 'open' | 'off'

export interface MetricsPage {
  readonly contentType: string
  text(): Promise<string>
}

/** For a Prometheus. */
export function metricsMount(app: Pick<App, 'access'>, choice: MetricsChoice, page: MetricsPage): Mount {
  return {
    name: 'metrics',
    prefixes: ['/metrics'],
    handle: async (request) => {
      const id = request.headers.get('x-request-id') ?? ''
      if (new URL(request.url).pathname !== '/metrics' || choice === 'off') {
        return problemResponse({ code: 'not_found', message: 'There are no metrics here' }, id)
      }
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        const message = `/metrics takes GET, HEAD, found ${request.method}`
        return problemResponse({ code: 'method_not_allowed', message }, id, { allow: 'GET, HEAD' })
      }
      if (choice === 'token') {
        const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(request.headers.get('authorization') ?? '')?.[1]
        const caller = token === undefined ? undefined : await app.access.byToken(token)
        if (caller === undefined) {
          const message = 'This needs `Authorization: Bearer <token>`'
          return problemResponse({ code: 'unauthenticated', message }, id, {
            'www-authenticate': 'Bearer realm="millrace"',
          })
        }
        if (caller.projectIds !== null) {
          return problemResponse({ code: 'forbidden', message: 'Metrics are of all projects: so must the user be' }, id)
        }
      }
      const headers = { ...securityHeaders, 'content-type': page.contentType, 'cache-control': 'no-store' }
      return new Response(request.method === 'HEAD' ? null : await page.text(), { headers })
    },
  }
}
