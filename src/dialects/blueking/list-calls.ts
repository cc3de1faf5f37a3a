import type { RunSummary, PipelineView } from '../../model/view.ts'
import { fail, findBusiness, refusedReply, succeed, type Call, type Operation } from './call.ts'
import { CODES } from './codes.ts'
import { DoorRefusal } from './errors.ts'
import { parseSerial } from './ids.ts'
import { pageOf } from './page.ts'
import { isTruthy, optionalText, readTime, requiredText, type Params } from './params.ts'
import { presentTask, presentTemplate } from './present-rows.ts'
import { countTasks, slice, taskQuery, type TaskCriteria } from './task-query.ts'
import { isHidden, templateName } from './templates.ts'
import type { Failure } from './wire.ts'

const PAGE = 100
/** A business with more than this many templates gets the first ones only. */
const TEMPLATES_MAX = 10_000

export const getTemplateList: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  first: true,
  zoned: true,
  about: 'the templates of a project, newest first; `id_in`, `name_keyword`; `template_source=common` gives none',
  async run(call) {
    const bizId = requiredText(call.params, 'bk_biz_id')
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    // Every template here belongs to a project: there are no common ones.
    if (optionalText(call.params, 'template_source') === 'common') return succeed([])
    const wanted = serialsIn(optionalText(call.params, 'id_in'))
    const word = optionalText(call.params, 'name_keyword')?.toLowerCase() ?? ''
    const pipelines: PipelineView[] = []
    let after: number | null = null
    do {
      const page = await call.app.pipelines.list(
        call.caller,
        { project: { id: business.project.id } },
        { after, limit: PAGE },
      )
      if (!page.ok) return refusedReply(call, page.problem, bizId)
      pipelines.push(...page.value.items.filter((pipeline) => !isHidden(pipeline)))
      after = page.value.next
    } while (after !== null && pipelines.length < TEMPLATES_MAX)
    const shown = pipelines.filter(
      (pipeline) =>
        (wanted === undefined || wanted.has(pipeline.serial)) && templateName(pipeline).toLowerCase().includes(word),
    )
    return succeed(shown.toReversed().map((pipeline) => presentTemplate(pipeline, call)))
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
  zoned: true,
  about: 'the tasks of a project, newest first, with `count` beside `data`',
  async run(call) {
    const bizId = requiredText(call.params, 'bk_biz_id')
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    const read = readCriteria(call)
    if (!read.ok) return { envelope: read.failure }
    const page = pageOf(call.params)
    if (!page.ok) return { envelope: page.failure }
    const query = await taskQuery(call, business.project, read.criteria)
    const isCounted = !isTruthy(call.params, 'without_count')
    const found = await slice(call, query, page.offset, page.limit, isCounted)
    if (!found.ok) return refusedReply(call, found.problem, bizId)
    const pipelines = await pipelinesOf(call, found.rows)
    const zone = optionalText(call.params, 'expected_timezone') !== undefined
    const rows = found.rows.map((run) =>
      presentTask(run, business.project, pipelines.get(run.pipelineId) ?? null, call, zone),
    )
    if (!isCounted) return { envelope: { result: true, data: rows, count: -1 } }
    if (found.passed !== null) return { envelope: { result: true, data: rows, count: found.passed } }
    const count = await countTasks(call, query)
    if (!count.ok) return refusedReply(call, count.problem, bizId)
    return { envelope: { result: true, data: rows, count: count.value } }
  },
}

export const getTaskCount: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  about: 'how many tasks get_task_list has by the same criteria',
  async run(call) {
    const bizId = requiredText(call.params, 'bk_biz_id')
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    const read = readCriteria(call)
    if (!read.ok) return { envelope: read.failure }
    const count = await countTasks(call, await taskQuery(call, business.project, read.criteria))
    return count.ok ? succeed({ count: count.value }) : refusedReply(call, count.problem, bizId)
  },
}

type ReadCriteria =
  | { readonly ok: true; readonly criteria: TaskCriteria }
  | { readonly ok: false; readonly failure: Failure }

/** As bk-sops' form of the list reads them: `apigw/forms/get_task_list.py`. */
function readCriteria({ params, zoneOffsetMinutes }: Call): ReadCriteria {
  const bounds = new Map<string, number>()
  for (const [name, of] of [
    ['create_time_start', 'first'],
    ['create_time_end', 'last'],
  ] as const) {
    const text = optionalText(params, name)
    const at = text === undefined ? undefined : readTime(text, zoneOffsetMinutes, of)
    if (text !== undefined && at === undefined) return { ok: false, failure: strangeTime(name, text) }
    if (at !== undefined) bounds.set(name, at)
  }
  const one = optionalText(params, 'template_id')
  const several = optionalText(params, 'template_ids')
    ?.split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')
  const templates = one === undefined ? several : [one].filter((id) => several?.includes(id) ?? true)
  const criteria: TaskCriteria = {
    keyword: optionalText(params, 'keyword'),
    templates: several?.length === 0 && one === undefined ? undefined : templates,
    method: optionalText(params, 'create_method'),
    executor: optionalText(params, 'executor'),
    isChild: flagParam(params, 'is_child_taskflow'),
    isStarted: flagParam(params, 'is_started'),
    isFinished: flagParam(params, 'is_finished'),
    createdFrom: bounds.get('create_time_start'),
    createdTo: bounds.get('create_time_end'),
  }
  return { ok: true, criteria }
}

const FORMATS =
  'YYYY-MM-DD HH:MM:SS、YYYY-MM-DD HH:MM:SS +HHMM、YYYY-MM-DD HH:MM:SS+HHMM、YYYY-MM-DDTHH:MM:SSZ 或 YYYY-MM-DD'

const strangeTime = (name: string, text: string): Failure => ({
  ...fail(`${name}: 无法解析日期格式: ${text.slice(0, 64)}，支持的格式：${FORMATS}`, CODES.validation),
  data: '',
})

/** As a BooleanField of Django's forms reads a query: every text is true but `false`. */
function flagParam(params: Params, name: string): boolean | undefined {
  const value = params[name]
  if (typeof value === 'boolean') return value
  const text = optionalText(params, name)?.toLowerCase()
  return text === undefined ? undefined : text !== 'false'
}

/** Pipelines of these rows by their ids, of those that are still there. */
async function pipelinesOf(call: Call, rows: readonly RunSummary[]): Promise<ReadonlyMap<string, PipelineView>> {
  const ids = [...new Set(rows.map(({ pipelineId }) => pipelineId))]
  const found = await Promise.all(ids.map((id) => call.app.pipelines.get(call.caller, { id })))
  return new Map(found.flatMap((result) => (result.ok ? [[result.value.id, result.value] as const] : [])))
}
