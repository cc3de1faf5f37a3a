import { Hono } from 'hono'
import { getPath } from 'hono/utils/url'
import type { App } from '../../host/app.ts'
import type { DialectOptions } from '../dialect.ts'
import { methodsAt } from '../kit/endpoints.ts'
import { authenticate } from './auth.ts'
import { errorAnswer, unauthorized } from './errors.ts'
import { type Env, mountRoutes, type Route } from './route.ts'
import { sessionRoutes, sessionRows } from './session.ts'
import { v1Routes, webSockets } from './v1.ts'
import { v2Routes, v2WebSockets } from './v2.ts'
import { zadigRoutes } from './zadig.ts'
import { framed, wantsWebSocket } from './web-socket.ts'
import { directoryRoutes } from './zadig/directory.ts'
import { directoryFace, type Face, v2Face, zadigFace } from './zadig/face.ts'

/** What a generation says when there is nothing to say. */
interface Generation {
  readonly routes: readonly Route[]
  notFound(description: string): Response
  notAllowed(description: string): Response
  unauthorized(): Response
  broken(): Response
}

const v1: Generation = {
  routes: v1Routes,
  notFound: (description) => errorAnswer(404, 'Not Found', description),
  notAllowed: (description) => errorAnswer(405, 'Method Not Allowed', description),
  unauthorized,
  broken: () => errorAnswer(500, 'Internal Error', 'the server failed to answer; its log says why'),
}

const later = (routes: readonly Route[], face: Face): Generation => ({
  routes,
  notFound: (description) => face.notFound(description),
  notAllowed: (description) => face.notAllowed(description),
  unauthorized: () => face.unauthorized(),
  broken: () => face.broken(),
})

/** Which generation a path belongs to, by what it begins with; what is none of these is the first one's. */
const LATER_PREFIXES = [
  { generation: later(v2Routes, v2Face), prefixes: ['/api/v2'] },
  { generation: later(directoryRoutes, directoryFace), prefixes: ['/api/directory'] },
  {
    generation: later(zadigRoutes, zadigFace),
    prefixes: [
      '/api/githubWebHook',
      '/api/gitlabhook',
      '/api/gerritHook',
      '/api/ci/webhook',
      '/api/workflow',
      '/api/webhook',
      '/api/health',
      '/api/v1/login',
      '/api/v1/login-enabled',
      '/api/v1/logout',
      '/api/v1/userbindings',
      '/api/v1/picket',
      '/api/aslan',
      '/api/logs',
      '/openapi',
    ],
  },
] as const satisfies readonly { readonly generation: Generation; readonly prefixes: readonly string[] }[]

export const laterPrefixes: readonly string[] = LATER_PREFIXES.flatMap(({ prefixes }) => prefixes)

/** As the table of endpoints has them: GET is answered on the same paths. */
const WEB_SOCKETS = [...webSockets, ...v2WebSockets].map(
  ({ path }) => new RegExp(`^${path.replaceAll(/:[A-Za-z]+/g, '[^/]+')}/?$`),
)
const isWebSocket = (path: string): boolean => WEB_SOCKETS.some((pattern) => pattern.test(path))

export function createRoutes(app: App, options: DialectOptions): (request: Request) => Promise<Response> {
  const first = generationRouter(v1, app, options)
  const others = LATER_PREFIXES.flatMap(({ generation, prefixes }) => {
    const router = generationRouter(generation, app, options)
    return prefixes.map((prefix) => ({ prefix, router }))
  })
  return async (request) => {
    const pathname = getPath(request)
    const other = others.find(({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`))
    const router = other?.router ?? first
    const ask = async (one: Request): Promise<Response> => await router.fetch(one)
    return wantsWebSocket(request) && isWebSocket(pathname) ? await framed(request, options, ask) : await ask(request)
  }
}

function generationRouter(generation: Generation, app: App, options: DialectOptions): Hono<Env> {
  const router = new Hono<Env>({ strict: false })
  const allowedAt = methodsAt([...generation.routes.map(({ row }) => row), ...(generation === v1 ? sessionRows : [])])
  router.notFound(({ req }) => {
    options.onUnrouted?.(req.raw)
    const path = req.path.slice(0, 200)
    const allowed = allowedAt(req.path).join(', ')
    if (allowed === '') return generation.notFound(`there is no ${req.method} ${path} here`)
    // As aslan's gin does it (server/rest/server.go: HandleMethodNotAllowed), for who is known.
    const response = generation.notAllowed(`${path} takes ${allowed}, found ${req.method}`)
    response.headers.set('Allow', allowed)
    return response
  })
  router.onError((error) => {
    options.onDefect?.(error)
    return generation.broken()
  })
  if (generation === v1) sessionRoutes(router, app, options)
  mountRoutes(router, generation.routes, app, options, ({ open }) => open === true)
  router.use('*', async (context, next) => {
    const caller = await authenticate(app, context.req.raw.headers)
    if (caller === undefined) return generation.unauthorized()
    context.set('caller', caller)
    return await next()
  })
  mountRoutes(router, generation.routes, app, options, ({ open }) => open !== true)
  return router
}
