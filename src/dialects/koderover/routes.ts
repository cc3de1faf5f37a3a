import { Hono } from 'hono'
import type { App } from '../../host/app.ts'
import type { DialectOptions } from '../dialect.ts'
import { authenticate } from './auth.ts'
import { errorAnswer, unauthorized } from './errors.ts'
import { type Env, mountRoutes, type Route } from './route.ts'
import { sessionRoutes } from './session.ts'
import { v1Routes } from './v1.ts'

/** What a generation says when there is nothing to say. */
interface Generation {
  readonly routes: readonly Route[]
  notFound(method: string, path: string): Response
  unauthorized(): Response
  broken(): Response
}

const v1: Generation = {
  routes: v1Routes,
  notFound: (method, path) => errorAnswer(404, 'Not Found', `there is no ${method} ${path.slice(0, 200)} here`),
  unauthorized,
  broken: () => errorAnswer(500, 'Internal Error', 'the server failed to answer; its log says why'),
}

export function createRoutes(app: App, options: DialectOptions): (request: Request) => Promise<Response> {
  const first = generationRouter(v1, app, options)
  return async (request) => await first.fetch(request)
}

function generationRouter(generation: Generation, app: App, options: DialectOptions): Hono<Env> {
  const router = new Hono<Env>({ strict: false })
  router.notFound(({ req }) => {
    options.onUnrouted?.(req.raw)
    return generation.notFound(req.method, req.path)
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
