import { Hono, type Context } from 'hono'
import type { App } from '../../host/app.ts'
import type { DialectOptions } from '../dialect.ts'
import { withDepends } from '../kit/cache.ts'
import { formatPlainWithOffset } from '../kit/time.ts'
import { offsetsOf } from '../kit/zone.ts'
import { authenticate } from './auth.ts'
import type { Call, Operation, Reply } from './call.ts'
import { CODES } from './codes.ts'
import { answer, DoorRefusal, refusal, type Door } from './errors.ts'
import { operations } from './operations.ts'
import { optionalText, ownBusiness, readParams, requiredText, type Params } from './params.ts'
import type { Engine } from './status.ts'
import type { Envelope, Failure } from './wire.ts'

export function createRoutes(app: App, options: DialectOptions): (request: Request) => Promise<Response> {
  const router = new Hono({ strict: false })

  const esb = (context: Context): Promise<Response> => {
    const named = operationNamed(context.req.param('api') ?? '')
    const operation = named?.gatewayOnly === true ? undefined : named
    // A write by GET would be one that a link can trigger.
    const wrong = operation !== undefined && operation.method === 'POST' && context.req.method !== 'POST'
    return respond(app, options, context, 'esb', operation, wrong, {})
  }
  router.on(['GET', 'POST'], '/api/c/compapi/v2/sops/:api', esb)
  // What the Python SDK sends when its API version is set to empty.
  router.on(['GET', 'POST'], '/api/c/compapi/sops/:api', esb)

  const gateway = (context: Context): Promise<Response> => {
    const operation = operationNamed(context.req.param('api') ?? '')
    const ids = operation === undefined ? undefined : pathIds(operation, context)
    const wrong = operation !== undefined && operation.method !== context.req.method
    return respond(app, options, context, 'gateway', ids === undefined ? undefined : operation, wrong, ids ?? {})
  }
  for (const base of ['/api/bk-sops/:stage', '/apigw']) {
    router.on(['GET', 'POST'], `${base}/:api`, gateway)
    router.on(['GET', 'POST'], `${base}/:api/:first`, gateway)
    router.on(['GET', 'POST'], `${base}/:api/:first/:second`, gateway)
  }

  router.notFound((context) => notFound(app, options, context))
  router.onError((error, context) => {
    options.onDefect?.(error)
    return refusal(doorOf(context), 'internal', 'Internal error', app.freshId())
  })
  return async (request) => await router.fetch(request)
}

const operationNamed = (name: string): Operation | undefined =>
  Object.hasOwn(operations, name) ? operations[name] : undefined

/** The ids of a gateway path by their names; undefined: not as many as the operation has, or no ids. */
function pathIds(operation: Operation, context: Context): Params | undefined {
  const given = ['first', 'second'].map((name) => context.req.param(name)).filter((id) => id !== undefined)
  if (given.length !== operation.path.length || !given.every((id) => /^(?:\d{1,15}|[0-9a-f]{32})$/.test(id))) {
    return undefined
  }
  return Object.fromEntries(operation.path.map((name, place) => [name, given[place] ?? '']))
}

async function respond(
  app: App,
  options: DialectOptions,
  context: Context,
  door: Door,
  operation: Operation | undefined,
  wrongMethod: boolean,
  ids: Params,
): Promise<Response> {
  if (operation === undefined) return notFound(app, options, context)
  try {
    if (wrongMethod) {
      options.onUnrouted?.(context.req.raw)
      throw new DoorRefusal('wrong-method', `method ${context.req.method} is not allowed here`)
    }
    const params = { ...(await readParams(context.req.raw, options.bodyMaxBytes)), ...ids }
    const { caller, appCode } = await authenticate(app, context.req.raw.headers, params)
    const engine = engineOf(options, appCode, params)
    const { zoneOffsetMinutes, baseUrl } = options
    const zone = operation.zoned === true ? zoneParam(params) : undefined
    if (zone?.ok === false) return answer(door, zone.failure, app.freshId())
    const offset = (at: number): number => (zone === undefined ? zoneOffsetMinutes : zone.offset(at))
    const time = (at: number | null): string => (at === null ? '' : formatPlainWithOffset(at, offset(at)))
    // The gateway is younger than bk-sops without codes, and its clients look at them.
    const isLater = engine === 2 || operation.first !== true || door === 'gateway'
    const call: Call = { app, caller, appCode, params, time, engine, isLater, zoneOffsetMinutes, baseUrl }
    const { envelope, of: run, children } = await runOperation(operation, call, door)
    const kept = run !== undefined && context.req.method === 'GET'
    const response = answer(door, withCode(envelope, isLater), kept ? null : app.freshId(), children, options.inChunks)
    if (!kept) return response
    response.headers.set('ETag', `"${run.id}.${run.seq}"`)
    return withDepends(response, [`run:${run.id}`])
  } catch (error) {
    if (error instanceof DoorRefusal) return refusal(door, error.error, error.message, app.freshId())
    throw error
  }
}

/** The ESB looks at the ids alone that it puts into the path; of all else bk-sops speaks, as it says everything. */
async function runOperation(operation: Operation, call: Call, door: Door): Promise<Reply> {
  if (door === 'esb') checkIds(operation, call.params)
  try {
    return await operation.run(call)
  } catch (error) {
    if (!(error instanceof DoorRefusal) || error.error !== 'bad-parameter') throw error
    return { envelope: { result: false, message: error.message, code: CODES.badParameter } }
  }
}

/** @throws DoorRefusal when one is not there. */
function checkIds({ path, byProject }: Operation, params: Params): void {
  for (const name of path) {
    if (name === 'bk_biz_id' && byProject === true) ownBusiness(params)
    else requiredText(params, name)
  }
}

/** The seed's version gives no code to the ESB, which puts its own where there is none. */
function withCode(envelope: Envelope, coded: boolean): Envelope {
  if (!coded) {
    if (envelope.result) return envelope
    const { code: _code, ...rest } = envelope
    return rest
  }
  return envelope.result ? { ...envelope, code: CODES.success } : envelope
}

type Zone =
  | { readonly ok: true; readonly offset: (at: number) => number }
  | { readonly ok: false; readonly failure: Failure }

/** Source: `timezone_inject` of bk-sops' apigw/decorators.py. */
function zoneParam(params: Params): Zone | undefined {
  const name = optionalText(params, 'expected_timezone')
  if (name === undefined) return undefined
  const offset = offsetsOf(name)
  if (offset !== undefined) return { ok: true, offset }
  const message = `expected_timezone ${name.slice(0, 64)} is unknown.`
  return { ok: false, failure: { result: false, data: '', message, code: CODES.validation } }
}

/** What the request asks for, else what its app was given, else the seed's. */
function engineOf(options: DialectOptions, appCode: string, params: Params): Engine {
  const asked = optionalText(params, 'engine_ver')
  if (asked === '1' || asked === '2') return asked === '2' ? 2 : 1
  const { laterApps = [] } = options
  return laterApps.includes(appCode) || laterApps.includes('*') ? 2 : 1
}

function notFound(app: App, options: DialectOptions, context: Context): Response {
  options.onUnrouted?.(context.req.raw)
  const { method, path } = context.req
  const door = doorOf(context)
  const message =
    door === 'esb' ? 'The content does not exist' : `API not found [method="${method}", path="${path.slice(0, 200)}"]`
  return refusal(door, 'not-found', message, app.freshId())
}

const doorOf = (context: Context): Door => (context.req.path.startsWith('/api/c/') ? 'esb' : 'gateway')
