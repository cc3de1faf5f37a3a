import type { Context, Hono } from 'hono'
import type { App, Caller, PipelineRef, RunRef } from '../../host/app.ts'
import type { Instant } from '../../model/time.ts'
import type { DialectOptions } from '../dialect.ts'
import { type EndpointMethod, type EndpointRow, methodsOf, pathsOf } from '../kit/endpoints.ts'
import { formatRfc3339 } from '../kit/time.ts'

/** One request of somebody who was let in. */
export interface Call {
  readonly app: App
  readonly caller: Caller
  readonly options: DialectOptions
  readonly request: Request
  /** '' when the path has no part of this name. */
  readonly param: (name: string) => string
  /** '' when it is not there. */
  readonly query: (name: string) => string
  /** RFC 3339 with milliseconds and the server's offset. */
  readonly time: (at: Instant) => string
}

/** A row of the table of endpoints with what answers it. Open ones are answered without a caller. */
export type Route = { readonly row: EndpointRow } & (
  | { readonly open?: false; readonly handle: (call: Call) => Promise<Response> | Response }
  | { readonly open: true; readonly handle: (call: Omit<Call, 'caller'>) => Promise<Response> | Response }
)

export type Env = { Variables: { caller: Caller } }

export function mountRoutes(
  router: Hono<Env>,
  routes: readonly Route[],
  app: App,
  options: DialectOptions,
  filter: (route: Route) => boolean,
): void {
  for (const route of routes.filter(filter)) {
    const methods = methodsOf(route.row).filter((method): method is Exclude<EndpointMethod, 'WS'> => method !== 'WS')
    const paths = pathsOf(route.row).map((path) => path.split('?', 1)[0] ?? path)
    router.on([...methods], paths, async (context) => {
      const call = callOf(context, app, options)
      return route.open === true
        ? await route.handle(call)
        : await route.handle({ ...call, caller: context.var.caller })
    })
  }
}

const callOf = (context: Context<Env>, app: App, options: DialectOptions): Omit<Call, 'caller'> => ({
  app,
  options,
  request: context.req.raw,
  param: (name) => context.req.param(name) ?? '',
  query: (name) => context.req.query(name) ?? '',
  time: (at) => formatRfc3339(at, options.zoneOffsetMinutes),
})

/** A name may be that of two pipelines, in two projects: `?product_name=`, or `?projectName=` as Zadig calls it later. */
export function projectOf(call: Pick<Call, 'query'>): { readonly project?: { readonly name: string } } {
  const name = call.query('product_name') || call.query('projectName') || call.query('projectKey')
  return name === '' ? {} : { project: { name } }
}

export const pipelineRef = (call: Pick<Call, 'param' | 'query'>, name = call.param('name')): PipelineRef => ({
  name,
  ...projectOf(call),
})

/** undefined: the task's id is no number. */
export function runRef(
  call: Pick<Call, 'param' | 'query'>,
  id = call.param('id'),
  name = call.param('name'),
): RunRef | undefined {
  return /^\d{1,15}$/.test(id) ? { pipeline: pipelineRef(call, name), number: Number(id) } : undefined
}
