import type { Context, MiddlewareHandler } from 'hono'
import type { App, Caller, Page, PipelineListFilter } from '../../host/app.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { PipelineView, RunView } from '../../model/view.ts'
import type { DialectOptions } from '../dialect.ts'
import { knowCaller } from './auth.ts'
import { readBody } from './body.ts'
import { errorResponse, problemResponse } from './errors.ts'
import { readInteger, wantsJson, type Read } from './request.ts'
import { toYaml } from './yaml.ts'

export interface Env {
  Variables: { readonly caller: Caller; readonly body: Uint8Array }
}
export type Call<Path extends string = string> = Context<Env, Path>

/**
 * Asks who calls. Reads the body too, as a signature covers it.
 * @param unsignedPayload whether the body may be left out of the signature: the signers do so for all that is not JSON.
 */
export const admit =
  (app: App, options: DialectOptions, unsignedPayload: boolean): MiddlewareHandler<Env> =>
  async (c, next) => {
    const body = await readBody(c.req.raw, options.bodyMaxBytes)
    if (!body.ok) return unreadable(body)
    const isJson = /\bjson\b/i.test(c.req.header('Content-Type') ?? '')
    const known = await knowCaller(app, c.req.raw, body.value, { unsignedPayload: unsignedPayload && !isJson })
    if (!known.ok) return unreadable(known)
    c.set('caller', known.caller)
    c.set('body', body.value)
    return next()
  }

export const queryOf = (c: Context): URLSearchParams => new URL(c.req.url).searchParams

export const unreadable = (failed: Extract<Read<unknown>, { ok: false }>): Response =>
  errorResponse(failed.error, failed.detail)

/** YAML unless JSON is asked for by name. */
export function documentResponse(c: Context, status: 200 | 201, body: unknown): Response {
  const json = wantsJson(c.req.header('Accept') ?? null)
  const headers = { 'Content-Type': json ? 'application/json;charset=utf8' : 'application/yaml;charset=utf8' }
  return new Response(json ? JSON.stringify(body) : toYaml(body), { status, headers })
}

export const created = (): Response => Response.json({}, { status: 201 })
export const removed = (): Response => new Response(null, { status: 204 })

export async function findPipeline(app: App, caller: Caller, id: string): Promise<PipelineView | Response> {
  const serial = readInteger(id, 'pipeline_id')
  if (!serial.ok) return unreadable(serial)
  const found = await app.pipelines.get(caller, { serial: serial.value })
  return found.ok ? found.value : problemResponse(found.problem)
}

const CHUNK = 500

/**
 * Every pipeline that is to be listed, in order of its id. Those that another system of ours made for one run only
 * (annotation `hidden`) are none of the vendor's.
 */
export async function listedPipelines(
  app: App,
  caller: Caller,
  filter: PipelineListFilter,
): Promise<Result<readonly PipelineView[]>> {
  const listed: PipelineView[] = []
  for (let after: number | null = null; ;) {
    const page: Result<Page<PipelineView>> = await app.pipelines.list(caller, filter, { after, limit: CHUNK })
    if (!page.ok) return page
    listed.push(...page.value.items.filter(({ definition }) => definition.annotations['hidden'] !== 'true'))
    after = page.value.next
    if (after === null) return accept(listed)
  }
}

export const latestRun = (app: App, caller: Caller, pipeline: PipelineView): Promise<Result<RunView | null>> =>
  pipeline.latestRun === null ? Promise.resolve(accept(null)) : app.runs.get(caller, { id: pipeline.latestRun.id })

/** So many are given at once. */
const RUNS_MAX = 100

/** Runs by their ids, in that order. */
export async function runsOf(
  app: App,
  caller: Caller,
  refs: readonly { readonly id: string }[],
): Promise<Result<readonly RunView[]>> {
  const runs: RunView[] = []
  for (let at = 0; at < refs.length; at += RUNS_MAX) {
    const some = await app.runs.batch(
      caller,
      refs.slice(at, at + RUNS_MAX).map(({ id }) => ({ id })),
    )
    if (!some.ok) return some
    runs.push(...some.value)
  }
  return accept(runs)
}

/** `12-6/208`: 6 records from the 12th (from 0) of 208. Not the form of RFC 9110. */
export const contentRange = (offset: number, count: number, total: number): string => `${offset}-${count}/${total}`

/** Only when a page was asked for ("获取流水线组列表", note). */
export const rangeWhenPaged = (query: URLSearchParams, range: string): Record<string, string> =>
  query.has('limit') || query.has('offset') ? { 'Content-Range': range } : {}
