import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { Caller } from '../../host/app.ts'
import { asId, type UserId } from '../../model/id.ts'
import { accept } from '../../model/problem.ts'
import { chunksResponse } from '../chunks.ts'
import { DEPENDS_HEADER } from '../fast-lane.ts'
import { errorText } from '../logger.ts'
import { type HttpProblem, problemResponse, securityHeaders } from '../problem.ts'
import { readQuery } from './query.ts'
import { check, type HttpResult, isJson, parseJson, readText } from './request.ts'
import { isSameOrigin, sessionToken } from './session-cookie.ts'
import type { ByteReply, Call, NativeContext, Reply, Route } from './route.ts'

/** The routes as one fetch-shaped function. Every path that is not there, and every method, is a problem of ours. */
export function nativeRouter(
  routes: readonly Route[],
  context: NativeContext,
): (request: Request) => Promise<Response> {
  const hono = new Hono()
  for (const route of routes) {
    hono.on(route.method, pattern(route.path), (c) => serve(route, c, context))
  }
  for (const [path, methods] of methodsByPath(routes)) {
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ')
    hono.all(pattern(path), (c) =>
      refuse(
        c.req.raw,
        { code: 'method_not_allowed', message: `${path} takes ${allow}, found ${c.req.method}` },
        { allow },
      ),
    )
  }
  hono.notFound((c) =>
    refuse(c.req.raw, { code: 'not_found', message: `Nothing is at ${new URL(c.req.url).pathname}` }),
  )
  hono.onError((error, c) => {
    context.logger.error(
      { error: errorText(error), request_id: requestId(c.req.raw), method: c.req.method },
      'a native request failed',
    )
    return refuse(c.req.raw, { code: 'internal', message: 'The server failed to answer; its log says why' })
  })
  return async (request) => hono.fetch(request)
}

const pattern = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1')

function methodsByPath(routes: readonly Route[]): Map<string, string[]> {
  const methods = new Map<string, string[]>()
  for (const { path, method } of routes) methods.set(path, [...(methods.get(path) ?? []), method])
  return methods
}

export const requestId = (request: Request): string => request.headers.get('x-request-id') ?? ''

const refuse = (request: Request, problem: HttpProblem, headers: Readonly<Record<string, string>> = {}): Response =>
  problemResponse(problem, requestId(request), headers)

async function serve(route: Route, c: Context, context: NativeContext): Promise<Response> {
  const request = c.req.raw
  const caller = route.open === true ? accept(NOBODY) : await authenticate(request, context)
  if (!caller.ok) {
    const given = request.headers.has('authorization')
    if (caller.problem.code !== 'unauthenticated') return refuse(request, caller.problem)
    return refuse(request, caller.problem, {
      'www-authenticate': `Bearer realm="millrace"${given ? ', error="invalid_token"' : ''}`,
    })
  }
  const url = new URL(request.url)
  const query = check(route.query ?? NOTHING, readQuery(url.searchParams), 'query')
  if (!query.ok) return refuse(request, query.problem)
  const body = await readBody(route, request, url, context)
  if (!body.ok) return refuse(request, body.problem)
  const params = c.req.param() as Readonly<Record<string, string | undefined>>
  const call: Call<unknown, unknown> = {
    app: context.app,
    caller: caller.value,
    param: (name) => params[name] ?? '',
    query: query.value,
    body: body.value,
    header: (name) => request.headers.get(name) ?? undefined,
    url,
    // Hono makes HEAD of GET and drops the body: nobody would ever end a stream that was opened for it.
    signal: request.method === 'HEAD' ? AbortSignal.abort() : request.signal,
    context,
  }
  const result = await route.handle(call)
  return result.ok ? respond(route, result.value) : refuse(request, result.problem)
}

/** Who calls an open route: sees no project and may do nothing, should a handler ask in their name. */
const NOBODY: Caller = {
  user: { id: asId<UserId>('0'.repeat(32)), name: '' },
  role: 'viewer',
  domain: '',
  projectIds: [],
  expiresAt: null,
}

const NOTHING = z.object({})

const SAFE: readonly string[] = ['GET', 'HEAD']

async function authenticate(request: Request, { app, baseUrl }: NativeContext): Promise<HttpResult<Caller>> {
  const header = (name: string): string | undefined => request.headers.get(name) ?? undefined
  const authorization = header('authorization')
  const session = authorization === undefined ? sessionToken(header, baseUrl) : undefined
  // A browser sends the cookie by itself, also when another site's page has asked it to.
  if (session !== undefined && !SAFE.includes(request.method) && isSameOrigin(header, baseUrl) !== true) {
    const message = 'With a session cookie only a page of this server may change something; send a token instead'
    return { ok: false, problem: { code: 'forbidden', message } }
  }
  const token = session ?? /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization ?? '')?.[1]
  const caller = token === undefined ? undefined : await app.access.byToken(token)
  if (caller !== undefined) return accept(caller)
  return { ok: false, problem: { code: 'unauthenticated', message: unknownToken(token) } }
}

/** Tokens of another kind are told by their first letters, which say nothing of the rest. */
function unknownToken(token: string | undefined): string {
  if (token === undefined) return 'This needs `Authorization: Bearer <token>`'
  if (token.startsWith('mrr_')) return 'This is the token of a runner, for `millrace runner` alone: use one of a user'
  return token.startsWith('mr_')
    ? 'The token is not known, or no longer valid'
    : 'The token is not known: those of Millrace begin with mr_'
}

async function readBody(
  route: Route,
  request: Request,
  url: URL,
  context: NativeContext,
): Promise<HttpResult<unknown>> {
  if (route.body === undefined) return accept(undefined)
  const text = await readText(request, context.bodyMaxBytes)
  if (!text.ok) return text
  if (route.rawBody === true) return accept(text.value)
  if (route.textBody !== undefined && !isJson(request.headers.get('content-type'), text.value)) {
    return check(route.body, route.textBody(text.value, url), 'query')
  }
  const json = parseJson(text.value)
  return json.ok ? check(route.body, json.value, 'body') : json
}

function respond(route: Route, reply: Reply<unknown> | ByteReply): Response {
  if ('bytes' in reply) {
    return new Response(reply.bytes, {
      status: reply.status ?? 200,
      headers: { ...securityHeaders, 'cache-control': 'no-store', ...reply.headers },
    })
  }
  const status = reply.status ?? route.status
  const headers: Record<string, string> = {
    ...securityHeaders,
    'cache-control': reply.etag === undefined ? 'no-store' : 'private, no-cache',
    ...(reply.etag === undefined ? {} : { etag: `"${reply.etag}"` }),
    ...(reply.depends === undefined ? {} : { [DEPENDS_HEADER]: reply.depends.join(',') }),
    ...reply.headers,
  }
  if (status === 204) return new Response(null, { status, headers })
  const body = 'json' in reply ? reply.json : JSON.stringify(reply.body)
  const init = { status, headers: { ...headers, 'content-type': 'application/json' } }
  return typeof body === 'string' ? new Response(body, init) : chunksResponse(body, init)
}
