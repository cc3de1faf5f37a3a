import type { Page } from '../page/page.ts'
import { problemResponse, securityHeaders } from '../problem.ts'
import type { Mount } from '../mounts.ts'
import type { MountContext } from '../server.ts'
import { LogIndexes } from './log-index.ts'
import { openApiDocument } from './openapi.ts'
import type { ShownSetting } from './route.ts'
import { nativeRouter, requestId } from './router.ts'
import { routes } from './routes.ts'
import { CredentialWatch } from '../credential-watch.ts'
import { StreamSlots } from '../streams.ts'

export interface NativeOptions {
  /** Of Millrace. */
  readonly version: string
  /** JSON Schema of a pipeline definition, for editors. */
  readonly pipelineSchema: unknown
  /** What people see in a browser; without it, no page. */
  readonly page?: Page
  readonly settings?: readonly ShownSetting[]
  /** Event and log streams open at once. */
  readonly streamsMax?: number
}

const STREAMS_MAX = 1_000

/** What of HTTP is our own: the API, health, and the documents that describe it. */
export function nativeMounts(options: NativeOptions): (context: MountContext) => readonly Mount[] {
  return (context) => {
    const streams = new StreamSlots(options.streamsMax ?? STREAMS_MAX, new CredentialWatch(context.app))
    const api = nativeRouter(routes, {
      ...context,
      streams,
      logs: new LogIndexes(),
      server: { version: options.version, settings: options.settings ?? [] },
    })
    return [{ name: 'native', prefixes: ['/api/v1'], handle: api, compresses: true }, documents(options, context)]
  }
}

/** Without a credential: they say nothing about what is in this server. Editors and probes could not send one. */
function documents(options: NativeOptions, { app, closing, baseUrl }: MountContext): Mount {
  const openapi = JSON.stringify(openApiDocument(routes))
  const schema = JSON.stringify(options.pipelineSchema)
  const page = options.page ?? (async () => undefined)
  const landing = JSON.stringify({
    name: 'Millrace',
    version: options.version,
    api: `${baseUrl}/api/v1`,
    openapi: `${baseUrl}/openapi.json`,
    pipeline_schema: `${baseUrl}/schema/pipeline.json`,
  })
  const texts: Readonly<Record<string, () => Response>> = {
    '/': () => json(landing, 200),
    '/healthz': () => json('{"status":"ok"}', 200),
    '/readyz': () => {
      if (closing.aborted) return json('{"status":"closing"}', 503)
      if (!app.feed.isCurrent()) return json('{"status":"not current","reason":"the store is not heard of"}', 503)
      return json('{"status":"ready"}', 200)
    },
    '/openapi.json': () => json(openapi, 200),
    '/schema/pipeline.json': () => json(schema, 200, 'application/schema+json'),
  }
  return {
    name: 'documents',
    prefixes: ['/'],
    compresses: true,
    handle: async (request) => {
      const { pathname } = new URL(request.url)
      const shown = await page(request)
      if (shown !== undefined) return shown
      const document = Object.hasOwn(texts, pathname) ? texts[pathname] : undefined
      if (document === undefined) {
        return problemResponse({ code: 'not_found', message: `Nothing is at ${pathname}` }, requestId(request))
      }
      if (request.method === 'GET') return document()
      if (request.method === 'HEAD') return new Response(null, document())
      const message = `${pathname} takes GET, HEAD, found ${request.method}`
      return problemResponse({ code: 'method_not_allowed', message }, requestId(request), { allow: 'GET, HEAD' })
    },
  }
}

const json = (body: string, status: number, type = 'application/json'): Response =>
  new Response(body, { status, headers: { ...securityHeaders, 'content-type': type, 'cache-control': 'no-cache' } })
