import type { PipelineRef, RunListFilter } from '../../host/app.ts'
import { CAUSE_KINDS, type Cause } from '../../model/event.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { Problem } from '../../model/problem.ts'
import { RUN_STATUSES, type RunStatus } from '../../model/status.ts'
import type { PipelineView, ProjectView, RunSummary } from '../../model/view.ts'
import { fail, findBusiness, refused, succeed, type Call, type Operation, type Reply } from './call.ts'
import { CALLBACK_PIPELINE } from './callbacks.ts'
import { CLOCKED_ANNOTATION } from './clocked.ts'
import { CODES } from './codes.ts'
import { DoorRefusal } from './errors.ts'
import { isFunctional } from './functional.ts'
import { hiddenPipelines } from './hidden-pipelines.ts'
import { parseSerial } from './ids.ts'
import { pageOf } from './page.ts'
import { isTruthy, objectParam, optionalText, requiredText, timeParam, type Params } from './params.ts'
import { methodOf, presentTask, presentTemplate } from './present-rows.ts'
import { runState } from './status.ts'
import { taskName } from './task-name.ts'
import { TEMPLATE_ANNOTATION } from './task-tree.ts'
import { isHidden, templateName } from './templates.ts'

const PAGE = 100
/** Of runs, where many are passed over. */
const PAGE_MAX = 1_000
/** A business with more than this many templates gets the first ones only. */
const TEMPLATES_MAX = 10_000

export const getTemplateList: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  first: true,
  zoned: true,
  about: 'the templates of a project; `id_in`, `name_keyword`; `template_source=common` gives none',
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
  zoned: true,
  about: 'the tasks of a project, newest first, with `count` beside `data`',
  async run(call) {
    const bizId = requiredText(call.params, 'bk_biz_id')
    const criteria = taskCriteria(call)
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    const page = pageOf(call.params)
    if (!page.ok) return { envelope: page.failure }
    const { limit, offset } = page
    const filter = { project: { id: business.project.id }, ...criteria }
    const picks = await pickerOf(call, business.project)
    const found = await slice(call, filter, picks, offset, limit)
    if (!found.ok) return refusedReply(call, found.problem, bizId)
    const templates = await pipelinesOf(call, found.rows)
    const zone = optionalText(call.params, 'expected_timezone') !== undefined
    const rows = found.rows.map((run) =>
      presentTask(run, business.project, templates.get(run.pipelineId) ?? null, call, zone),
    )
    if (isTruthy(call.params, 'without_count')) return { envelope: { result: true, data: rows, count: -1 } }
    if (found.passed !== null) return { envelope: { result: true, data: rows, count: found.passed } }
    const count = await countTasks(call, filter)
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
    const criteria = taskCriteria(call)
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    const filter = { project: { id: business.project.id }, ...criteria }
    const picks = await pickerOf(call, business.project)
    if (picks === undefined) {
      const count = await countTasks(call, filter)
      return count.ok ? succeed({ count: count.value }) : refusedReply(call, count.problem, bizId)
    }
    const found = await slice(call, filter, picks, 0, 0)
    return found.ok ? succeed({ count: found.passed ?? 0 }) : refusedReply(call, found.problem, bizId)
  },
}

function taskCriteria(call: Call): Omit<RunListFilter, 'project'> {
  const createdFrom = timeParam(call.params, 'create_time_start')
  const createdTo = timeParam(call.params, 'create_time_end')
  const statuses = statusesOf(flagParam(call.params, 'is_started'), flagParam(call.params, 'is_finished'))
  const executor = optionalText(call.params, 'executor')
  const causeKinds = kindsOf(optionalText(call.params, 'create_method'), flagParam(call.params, 'is_child_taskflow'))
  return {
    ...templateCriterion(call.params),
    ...(statuses === undefined ? {} : { statuses }),
    ...(createdFrom === undefined ? {} : { createdFrom }),
    ...(createdTo === undefined ? {} : { createdTo }),
    // Nobody is the executor of what has not begun.
    ...(executor === undefined ? {} : { causeBy: [executor], isStarted: true }),
    ...(causeKinds === undefined ? {} : { causeKinds }),
  }
}

/** undefined: of all. */
function kindsOf(method: string | undefined, isChild: boolean | undefined): readonly Cause['kind'][] | undefined {
  // None here is the child of another in their sense: those stand below their parent's node.
  if (isChild === true) return []
  if (method === undefined) return undefined
  const named = method === 'clocked' ? 'periodic' : method
  return CAUSE_KINDS.filter((kind) => methodOf({ kind }) === named)
}

/** What our lists cannot look for by themselves: read row by row. undefined: nothing of the kind was asked. */
async function pickerOf(call: Call, project: ProjectView): Promise<((run: RunSummary) => boolean) | undefined> {
  const { params } = call
  const keyword = optionalText(params, 'keyword')
  const method = optionalText(params, 'create_method')
  const templates = serialsIn(optionalText(params, 'template_ids'))
  const byClock = method === 'clocked' || method === 'periodic'
  if (keyword === undefined && templates === undefined && !byClock) return undefined
  const hidden = templates !== undefined || byClock ? await hiddenPipelines(call, project.id) : []
  const clocked = byClock ? clockedIds(hidden) : null
  const made = templates === undefined ? null : await madeOf(call, templates, hidden)
  return (run) =>
    (keyword === undefined || taskName(run).includes(keyword)) &&
    (clocked === null || (method === 'clocked') === clocked.has(run.pipelineId)) &&
    (made === null || made.has(run.pipelineId))
}

const clockedIds = (hidden: readonly PipelineView[]): ReadonlySet<string> =>
  new Set(hidden.filter(({ definition }) => CLOCKED_ANNOTATION in definition.annotations).map(({ id }) => id))

/** Pipelines whose runs are tasks of these templates: themselves, and those that were made of them. */
async function madeOf(
  call: Call,
  templates: ReadonlySet<number>,
  hidden: readonly PipelineView[],
): Promise<ReadonlySet<string>> {
  const own = await Promise.all([...templates].map((serial) => call.app.pipelines.get(call.caller, { serial })))
  const others = hidden.filter(({ definition }) =>
    templates.has(Number(definition.annotations[TEMPLATE_ANNOTATION] ?? NaN)),
  )
  return new Set([...own.flatMap((found) => (found.ok ? [found.value.id] : [])), ...others.map(({ id }) => id)])
}

function templateCriterion(params: Params): { pipeline?: PipelineRef } {
  const text = optionalText(params, 'template_id')
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

/** As a BooleanField of Django's forms: every text is true but `false` and `0`. */
function flagParam(params: Params, name: string): boolean | undefined {
  const value = params[name]
  if (typeof value === 'boolean') return value
  const text = optionalText(params, name)?.toLowerCase()
  return text === undefined ? undefined : text !== 'false' && text !== '0'
}

type Slice =
  | { readonly ok: true; readonly rows: readonly RunSummary[]; readonly passed: number | null }
  | { readonly ok: false; readonly problem: Problem }

/** Most rows that are read for one list whose criteria our lists do not know. */
const SCANNED_MAX = 20_000

/**
 * Rows `offset` to `offset + limit`, newest first, read page by page: our lists go on from a row, theirs from a count.
 * `passed`: how many there are in all, where they had to be read to be known.
 */
async function slice(
  call: Call,
  filter: RunListFilter,
  picks: ((run: RunSummary) => boolean) | undefined,
  offset: number,
  limit: number,
): Promise<Slice> {
  const rows: RunSummary[] = []
  let passed = 0
  let scanned = 0
  let before: number | null = null
  do {
    const wanted = picks === undefined ? offset + limit - scanned : PAGE_MAX
    const size = Math.min(PAGE_MAX, Math.max(PAGE, wanted))
    const page = await call.app.runs.list(call.caller, filter, { before, limit: size })
    if (!page.ok) return page
    const items = page.value.items.filter((run) => isTask(run) && (picks === undefined || picks(run)))
    rows.push(...items.slice(Math.max(0, offset - passed)).slice(0, Math.max(0, limit - rows.length)))
    passed += items.length
    scanned += page.value.items.length
    before = page.value.next
  } while (before !== null && scanned < SCANNED_MAX && (picks !== undefined || rows.length < limit))
  return { ok: true, rows, passed: picks === undefined ? null : passed }
}

/** Runs of ours that make calls are no tasks. */
const isTask = ({ pipelineName }: RunSummary): boolean => pipelineName !== CALLBACK_PIPELINE

async function countTasks(call: Call, filter: RunListFilter & { readonly project: { readonly id: string } }) {
  const all = await call.app.runs.count(call.caller, filter)
  if (!all.ok || filter.pipeline !== undefined) return all
  const calls = { name: CALLBACK_PIPELINE, project: filter.project }
  const made = await call.app.pipelines.get(call.caller, calls)
  if (!made.ok) return all
  const others = await call.app.runs.count(call.caller, { ...filter, pipeline: calls })
  return others.ok ? { ok: true as const, value: all.value - others.value } : others
}

/** Pipelines of these rows by their ids, of those that are still there. */
async function pipelinesOf(call: Call, rows: readonly RunSummary[]): Promise<ReadonlyMap<string, PipelineView>> {
  const ids = [...new Set(rows.map(({ pipelineId }) => pipelineId))]
  const found = await Promise.all(ids.map((id) => call.app.pipelines.get(call.caller, { id })))
  return new Map(found.flatMap((result) => (result.ok ? [[result.value.id, result.value] as const] : [])))
}

const GROUPS = ['category', 'create_method', 'flow_type', 'status'] as const

/** What a task can be grouped by, with the names of its groups. */
const STATUS_GROUPS = [
  { code: 'CREATED', name: '未执行', statuses: RUN_STATUSES.filter((status) => !isStarted(status)) },
  {
    code: 'EXECUTING',
    name: '执行中',
    statuses: RUN_STATUSES.filter((status) => isStarted(status) && !isFinished(status)),
  },
  { code: 'FINISHED', name: '已完成', statuses: RUN_STATUSES.filter(isFinished) },
]

export const queryTaskCount: Operation = {
  method: 'POST',
  path: ['bk_biz_id'],
  first: true,
  about: 'how many tasks there are, by category, create_method, flow_type or status',
  async run(call) {
    const bizId = requiredText(call.params, 'bk_biz_id')
    const groupBy = optionalText(call.params, 'group_by') ?? ''
    const conditions = call.params['conditions'] ?? {}
    if (!isJsonObject(conditions) && typeof conditions !== 'string') {
      const message = '[API] query_task_list params conditions are invalid dict data'
      return { envelope: fail(message, CODES.badParameter) }
    }
    if (!(GROUPS as readonly string[]).includes(groupBy)) {
      const message = `[API] query_task_list params group_by[${groupBy}] is invalid`
      return { envelope: fail(message, CODES.badParameter) }
    }
    const criteria = countCriteria(objectParam(call.params, 'conditions'))
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    const filter = { project: { id: business.project.id }, ...criteria }
    if (groupBy === 'flow_type') {
      const all = await countTasks(call, filter)
      const handed = await slice(call, filter, isFunctional, 0, 0)
      if (!all.ok) return refusedReply(call, all.problem, bizId)
      if (!handed.ok) return refusedReply(call, handed.problem, bizId)
      return succeed({ total: all.value, groups: flowGroups(all.value, handed.passed ?? 0) })
    }
    const groups = []
    for (const { code, name, statuses } of groupBy === 'status' ? STATUS_GROUPS : [ONLY_GROUP[groupBy] ?? NO_GROUP]) {
      const own =
        statuses === undefined ? criteria.statuses : statuses.filter((one) => criteria.statuses?.includes(one) ?? true)
      const empty = own !== undefined && own.length === 0
      const count = empty
        ? undefined
        : await countTasks(call, { ...filter, ...(own === undefined ? {} : { statuses: own }) })
      if (count !== undefined && !count.ok) return refusedReply(call, count.problem, bizId)
      groups.push({ code, name, value: count?.value ?? 0 })
    }
    return succeed({ total: groups.reduce((sum, { value }) => sum + value, 0), groups })
  },
}

type Group = { readonly code: string; readonly name: string; readonly statuses?: readonly RunStatus[] }
/** All tasks here are of one category and one method. */
const ONLY_GROUP: Readonly<Record<string, Group>> = {
  category: { code: 'Default', name: '默认分类' },
  create_method: { code: 'api', name: 'API' },
}

const flowGroups = (all: number, functional: number) => [
  { code: 'common', name: '默认任务流程', value: all - functional },
  ...(functional === 0 ? [] : [{ code: 'common_func', name: '职能化任务流程', value: functional }]),
]

const NO_GROUP: Group = { code: '', name: '' }

/** Names of fields as their database has them. */
function countCriteria(conditions: JsonObject): Omit<RunListFilter, 'project'> {
  const known = ['create_time__gte', 'create_time__lte', 'template_id', 'is_started', 'is_finished']
  const unknown = Object.keys(conditions).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new DoorRefusal('bad-parameter', `param conditions.${unknown.slice(0, 64)} is not supported by this server`)
  }
  const createdFrom = timeParam(conditions, 'create_time__gte')
  const createdTo = timeParam(conditions, 'create_time__lte')
  const statuses = statusesOf(flagParam(conditions, 'is_started'), flagParam(conditions, 'is_finished'))
  return {
    ...templateCriterion(conditions),
    ...(statuses === undefined ? {} : { statuses }),
    ...(createdFrom === undefined ? {} : { createdFrom }),
    ...(createdTo === undefined ? {} : { createdTo }),
  }
}

function refusedReply(call: Call, problem: Problem, bizId: string): Reply {
  return { envelope: refused(call, problem, bizId, { missing: problem.message, refused: problem.message }) }
}
