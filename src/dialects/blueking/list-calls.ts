import type { PipelineRef, RunListFilter } from '../../host/app.ts'
import { RUN_STATUSES, type RunStatus } from '../../model/status.ts'
import type { Problem } from '../../model/problem.ts'
import type { PipelineView, RunSummary } from '../../model/view.ts'
import { findBusiness, refused, succeed, type Call, type Operation, type Reply } from './call.ts'
import { DoorRefusal } from './errors.ts'
import { parseSerial } from './ids.ts'
import { integerParam, isTruthy, optionalText, requiredText } from './params.ts'
import { presentTask, presentTemplate } from './present-rows.ts'
import { runState } from './status.ts'

const PAGE = 100
/** A business with more than this many templates gets the first ones only. */
const TEMPLATES_MAX = 10_000
const LIMIT_MAX = 200
const OFFSET_MAX = 100_000

export const getTemplateList: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  async run(call) {
    const bizId = requiredText(call.params, 'bk_biz_id')
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    // Every template here belongs to a project: there are no common ones.
    if (optionalText(call.params, 'template_source') === 'common') return succeed([])
    const text = optionalText(call.params, 'name_keyword')
    const filter = { project: { id: business.project.id }, ...(text === undefined ? {} : { text }) }
    const pipelines: PipelineView[] = []
    let after: number | null = null
    do {
      const page = await call.app.pipelines.list(call.caller, filter, { after, limit: PAGE })
      if (!page.ok) return refusedReply(call, page.problem, bizId)
      pipelines.push(...page.value.items)
      after = page.value.next
    } while (after !== null && pipelines.length < TEMPLATES_MAX)
    const wanted = serialsIn(optionalText(call.params, 'id_in'))
    const shown = wanted === undefined ? pipelines : pipelines.filter(({ serial }) => wanted.has(serial))
    return succeed(shown.map((pipeline) => presentTemplate(pipeline, call)))
  },
}

function serialsIn(list: string | undefined): Set<number> | undefined {
  if (list === undefined) return undefined
  const serials = list.split(',').map((item) => parseSerial(item.trim()))
  if (serials.includes(undefined))
    throw new DoorRefusal('bad-parameter', 'param id_in must be integers, joined with commas')
  return new Set(serials.filter((serial) => serial !== undefined))
}

export const getTaskList: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  async run(call) {
    const bizId = requiredText(call.params, 'bk_biz_id')
    const limit = Math.min(integerParam(call.params, 'limit', 100, [1, 1_000_000]), LIMIT_MAX)
    const offset = integerParam(call.params, 'offset', 0, [0, OFFSET_MAX])
    const criteria = taskCriteria(call)
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    const filter: RunListFilter = { project: { id: business.project.id }, ...criteria }
    const runs = await slice(call, filter, offset, limit)
    if (!runs.ok) return refusedReply(call, runs.problem, bizId)
    const templates = await templateSerials(call, runs.value)
    const rows = runs.value.map((run) => presentTask(run, business.project, templates.get(run.pipelineId) ?? null))
    if (isTruthy(call.params, 'without_count')) return { envelope: { result: true, data: rows, count: -1 } }
    const count = await call.app.runs.count(call.caller, filter)
    if (!count.ok) return refusedReply(call, count.problem, bizId)
    return { envelope: { result: true, data: rows, count: count.value } }
  },
}

/** What one may ask for and we cannot sort by: refused, so that no list looks like what was not asked for. */
const UNSUPPORTED = ['executor', 'create_method', 'template_ids', 'is_child_taskflow', 'expected_timezone']

function taskCriteria(call: Call): Omit<RunListFilter, 'project'> {
  const unsupported = UNSUPPORTED.find((name) => optionalText(call.params, name) !== undefined)
  if (unsupported !== undefined)
    throw new DoorRefusal('bad-parameter', `param ${unsupported} is not supported by this server`)
  const text = optionalText(call.params, 'keyword')
  const createdFrom = timeParam(call, 'create_time_start')
  const createdTo = timeParam(call, 'create_time_end')
  const statuses = statusesOf(flagParam(call, 'is_started'), flagParam(call, 'is_finished'))
  return {
    ...(text === undefined ? {} : { text }),
    ...templateCriterion(call),
    ...(statuses === undefined ? {} : { statuses }),
    ...(createdFrom === undefined ? {} : { createdFrom }),
    ...(createdTo === undefined ? {} : { createdTo }),
  }
}

function templateCriterion(call: Call): { pipeline?: PipelineRef } {
  const text = optionalText(call.params, 'template_id')
  if (text === undefined) return {}
  const serial = parseSerial(text)
  if (serial === undefined) throw new DoorRefusal('bad-parameter', 'param template_id must be an integer')
  return { pipeline: { serial } }
}

const isStarted = (status: RunStatus): boolean => runState[status] !== 'CREATED'
const isFinished = (status: RunStatus): boolean => runState[status] === 'FINISHED'

function statusesOf(started: boolean | undefined, finished: boolean | undefined): RunStatus[] | undefined {
  if (started === undefined && finished === undefined) return undefined
  return RUN_STATUSES.filter(
    (status) =>
      (started === undefined || isStarted(status) === started) &&
      (finished === undefined || isFinished(status) === finished),
  )
}

function flagParam(call: Call, name: string): boolean | undefined {
  const value = call.params[name]
  if (typeof value === 'boolean') return value
  const text = optionalText(call.params, name)?.toLowerCase()
  if (text === undefined) return undefined
  if (text === 'true' || text === '1') return true
  if (text === 'false' || text === '0') return false
  throw new DoorRefusal('bad-parameter', `param ${name} must be true or false`)
}

function timeParam(call: Call, name: string): number | undefined {
  const text = optionalText(call.params, name)
  if (text === undefined) return undefined
  // `2018-04-26 16:08:34 +0800` as bk-sops writes it, or ISO 8601.
  const parts = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:\.\d{1,6})?) ?(?:(Z)|([+-]\d\d):?(\d\d))$/.exec(text)
  const at = parts === null ? NaN : Date.parse(`${parts[1]}T${parts[2]}${parts[3] ?? `${parts[4]}:${parts[5]}`}`)
  if (Number.isNaN(at))
    throw new DoorRefusal('bad-parameter', `param ${name} must be a time like 2018-04-26 16:08:34 +0800`)
  return at
}

type Slice =
  | { readonly ok: true; readonly value: readonly RunSummary[] }
  | { readonly ok: false; readonly problem: Problem }

/** Rows `offset` to `offset + limit`, newest first, read page by page: our lists go on from a row, theirs from a count. */
async function slice(call: Call, filter: RunListFilter, offset: number, limit: number): Promise<Slice> {
  const rows: RunSummary[] = []
  let passed = 0
  let before: number | null = null
  do {
    const page = await call.app.runs.list(call.caller, filter, { before, limit: PAGE })
    if (!page.ok) return page
    const { items, next } = page.value
    rows.push(...items.slice(Math.max(0, offset - passed)))
    passed += items.length
    before = next
  } while (before !== null && rows.length < limit)
  return { ok: true, value: rows.slice(0, limit) }
}

/** Pipeline id -> serial, for the pipelines of these rows that are still there. */
async function templateSerials(call: Call, rows: readonly RunSummary[]): Promise<ReadonlyMap<string, number>> {
  const ids = [...new Set(rows.map(({ pipelineId }) => pipelineId))]
  const found = await Promise.all(ids.map((id) => call.app.pipelines.get(call.caller, { id })))
  return new Map(found.flatMap((result) => (result.ok ? [[result.value.id, result.value.serial] as const] : [])))
}

function refusedReply(call: Call, problem: Problem, bizId: string): Reply {
  return { envelope: refused(call, problem, bizId, { missing: problem.message, refused: problem.message }) }
}
