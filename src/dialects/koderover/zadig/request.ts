import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { RUN_STATUSES } from '../../../model/status.ts'
import { accept, type Result } from '../../../model/problem.ts'
import type { PipelineView, RunView } from '../../../model/view.ts'
import type { RunListFilter } from '../../../host/app.ts'
import { parseJson, readBody } from '../../kit/body.ts'
import { rowsBeforePage } from '../../kit/paging.ts'
import { readInteger } from '../../kit/query.ts'
import { type Call, pipelineRef, runRef } from '../route.ts'
import { newestRows, wholeRuns } from '../run-rows.ts'
import type { Face, Operation } from './face.ts'
import { runWord } from './status.ts'

/** What later generations read of a request, and the answers when it is not as it should be. */

type Asked = Pick<Call, 'request' | 'options'>

export async function jsonBody({ request, options }: Asked, face: Face): Promise<Json | undefined | Response> {
  const bytes = await readBody(request, options.bodyMaxBytes)
  const parsed = bytes.ok ? parseJson(bytes.value) : bytes
  return parsed.ok ? parsed.value : face.bodyRefused(parsed)
}

export async function objectBody(call: Asked, face: Face): Promise<JsonObject | Response> {
  const body = await jsonBody(call, face)
  if (body instanceof Response) return body
  return isJsonObject(body) ? body : face.badRequest('expected a JSON object')
}

/** `GetPipelineTaskV2` and its like: by the number in its pipeline. */
export async function runOf(
  call: Call,
  face: Face,
  operation: Operation,
  id: string,
  name: string,
): Promise<RunView | Response> {
  const ref = runRef(call, id, name)
  if (ref === undefined) return face.badRequest('invalid task id')
  const run = await call.app.runs.get(call.caller, ref)
  return run.ok ? run.value : face.problem(operation, run.problem)
}

export async function pipelineOf(
  call: Call,
  face: Face,
  operation: Operation,
  name: string,
): Promise<PipelineView | Response> {
  const found = await call.app.pipelines.get(call.caller, pipelineRef(call, name))
  return found.ok ? found.value : face.problem(operation, found.problem)
}

/** Rows that a list may begin after, and have at most. */
export const START_MAX = 10_000
export const MAX_MAX = 500
const SIZE_MAX = 1_000_000_000

/** Names of a page's size and number in a query, and how many rows it has when nobody says. */
export interface PageNames {
  readonly size: string
  readonly page: string
  readonly rows: number
}

/** What is wrong with it as text. */
function readPage(
  call: Pick<Call, 'request'>,
  names: PageNames,
): { readonly size: number; readonly page: number } | string {
  const query = new URL(call.request.url).searchParams
  const size = readInteger(query, names.size, { min: 0, max: SIZE_MAX, fallback: names.rows })
  if (!size.ok) return size.message
  const page = readInteger(query, names.page, { min: 0, max: SIZE_MAX, fallback: 1 })
  return page.ok ? { size: size.value, page: page.value } : page.message
}

/** The rows of a list that a query asks for, or what is wrong with it as text; no size is no limit. */
export function pageIn<Row>(
  call: Pick<Call, 'request'>,
  all: readonly Row[],
  names: PageNames,
): readonly Row[] | string {
  const asked = readPage(call, names)
  if (typeof asked === 'string' || asked.size === 0) return typeof asked === 'string' ? asked : all
  const start = rowsBeforePage(asked.page, asked.size)
  return all.slice(start, start + asked.size)
}

/** Which rows of a list of tasks a query asks for; what is wrong with it as text. */
export function rowsAsked(
  call: Pick<Call, 'request'>,
  names: PageNames,
): { readonly start: number; readonly rows: number } | string {
  const asked = readPage(call, names)
  if (typeof asked === 'string') return asked
  // No size is no limit, as their store takes it; of more than we give at once the first come.
  const rows = asked.size === 0 ? MAX_MAX : Math.min(asked.size, MAX_MAX)
  return { rows, start: rowsBeforePage(asked.page, rows) }
}

/** A page of a list as its query asks for it, and how many rows there are in all. */
export async function pagedRuns(
  call: Call,
  face: Face,
  filter: RunListFilter,
  names: PageNames,
): Promise<{ readonly runs: readonly RunView[]; readonly total: number } | Response> {
  const asked = rowsAsked(call, names)
  if (typeof asked === 'string') return face.badRequest(asked)
  const { start, rows } = asked
  const runs = start > START_MAX ? accept([]) : await runsFrom(call, filter, start, rows)
  if (!runs.ok) return face.problem('listTasks', runs.problem)
  const total = await call.app.runs.count(call.caller, filter)
  return total.ok ? { runs: runs.value, total: total.value } : face.problem('listTasks', total.problem)
}

/** Newest first, `start` rows passed over. */
export async function runsFrom(
  call: Call,
  filter: RunListFilter,
  start: number,
  max: number,
): Promise<Result<readonly RunView[]>> {
  const rows = await newestRows(call, filter, start + max)
  return rows.ok ? await wholeRuns(call, rows.value.slice(start, start + max)) : rows
}

/** Under way: handed to a worker, and not over. */
export const RUNNING = RUN_STATUSES.filter((status) => runWord[status] === 'running')
/** In the queue. */
export const PENDING = RUN_STATUSES.filter((status) => runWord[status] === 'waiting' || runWord[status] === 'queued')
