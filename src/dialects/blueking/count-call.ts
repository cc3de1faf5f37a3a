import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { ProjectView } from '../../model/view.ts'
import { fail, findBusiness, refusedReply, succeed, type Call, type Operation } from './call.ts'
import { CATEGORIES, categoryOf, DEFAULT_CATEGORY } from './category.ts'
import { CODES } from './codes.ts'
import { isFunctional } from './functional.ts'
import { allPipelines } from './hidden-pipelines.ts'
import { objectParam, readTime, requiredText, textOrNone } from './params.ts'
import { countTasks, taskQuery, type TaskCriteria } from './task-query.ts'
import type { Failure } from './wire.ts'

/** Each code with its name, in their order. Source: `gcloud/constants.py` and `taskflow3/models.py` of bk-sops. */
const GROUPS = {
  status: new Map([
    ['CREATED', '未执行'],
    ['EXECUTING', '执行中'],
    ['FINISHED', '已完成'],
  ]),
  category: CATEGORIES,
  create_method: new Map([
    ['app', '手动'],
    ['api', 'API网关'],
    ['app_maker', '轻应用'],
    ['periodic', '周期任务'],
    ['clocked', '计划任务'],
    ['mobile', '移动端'],
  ]),
  flow_type: new Map([
    ['common', '默认任务流程'],
    ['common_func', '职能化任务流程'],
  ]),
} as const satisfies Record<string, ReadonlyMap<string, string>>
type GroupBy = keyof typeof GROUPS

const isGroupBy = (name: string): name is GroupBy => Object.hasOwn(GROUPS, name)

export const queryTaskCount: Operation = {
  method: 'POST',
  path: ['bk_biz_id'],
  first: true,
  about: 'how many tasks there are, by category, create_method, flow_type or status',
  async run(call) {
    const bizId = requiredText(call.params, 'bk_biz_id')
    const groupBy = textOrNone(call.params, 'group_by')
    const given = call.params['conditions'] ?? {}
    if (!isJsonObject(given) && typeof given !== 'string') {
      const message = `[API] query_task_list params conditions[${shown(given)}] are invalid dict data`
      return { envelope: fail(message, CODES.badParameter) }
    }
    if (!isGroupBy(groupBy)) {
      const message = `[API] query_task_list params group_by[${groupBy.slice(0, 64)}] is invalid`
      return { envelope: fail(message, CODES.badParameter) }
    }
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    const read = readConditions(call, objectParam(call.params, 'conditions'))
    if (!read.ok) return { envelope: read.failure }
    const counts = await countGroups(call, business.project, groupBy, read.criteria)
    if (!counts.ok) return refusedReply(call, counts.problem, bizId)
    const groups = [...GROUPS[groupBy]].map(([code, name]) => ({ code, name, value: counts.value.get(code) ?? 0 }))
    return succeed({ total: groups.reduce((sum, { value }) => sum + value, 0), groups })
  },
}

async function countGroups(
  call: Call,
  project: ProjectView,
  groupBy: GroupBy,
  criteria: TaskCriteria,
): Promise<Result<ReadonlyMap<string, number>>> {
  const parts = groupBy === 'category' ? await byCategory(call, project) : PARTS[groupBy]
  const counts = new Map<string, number>()
  for (const [code, part] of parts) {
    const both = joined(criteria, part)
    const count = both === undefined ? undefined : await countTasks(call, await taskQuery(call, project, both))
    if (count !== undefined && !count.ok) return count
    counts.set(code, count?.value ?? 0)
  }
  const rest = REST[groupBy]
  if (rest !== undefined) {
    const others = [...counts].filter(([code]) => code !== rest)
    counts.set(
      rest,
      others.reduce((left, [, count]) => left - count, counts.get(rest) ?? 0),
    )
  }
  return { ok: true, value: counts }
}

/** Nearly all tasks are in it: it is counted as all, less the others. */
const REST: Readonly<Partial<Record<GroupBy, string>>> = { flow_type: 'common', category: DEFAULT_CATEGORY }

type Parts = readonly (readonly [code: string, part: TaskCriteria])[]

const PARTS: Readonly<Record<Exclude<GroupBy, 'category'>, Parts>> = {
  status: [
    ['CREATED', { isStarted: false }],
    ['EXECUTING', { isStarted: true, isFinished: false }],
    ['FINISHED', { isFinished: true }],
  ],
  create_method: [
    ['api', { method: 'api' }],
    ['periodic', { method: 'periodic' }],
    ['clocked', { method: 'clocked' }],
  ],
  flow_type: [
    ['common', {}],
    ['common_func', { picks: isFunctional }],
  ],
}

/** A task is of the category of its pipeline; one that they have no name for is counted with the rest. */
async function byCategory(call: Call, project: ProjectView): Promise<Parts> {
  const pipelines = await allPipelines(call, project.id)
  const categories = new Map(pipelines.map((pipeline) => [pipeline.id, categoryOf(pipeline)]))
  const codes = new Set([...categories.values()].filter((code) => code !== DEFAULT_CATEGORY && CATEGORIES.has(code)))
  const others = [...codes].map((code): Parts[number] => [
    code,
    { picks: ({ pipelineId }) => categories.get(pipelineId) === code },
  ])
  return [[DEFAULT_CATEGORY, {}], ...others]
}

/** undefined: nothing is both. */
function joined(one: TaskCriteria, other: TaskCriteria): TaskCriteria | undefined {
  for (const name of ['isStarted', 'isFinished', 'method'] as const) {
    if (one[name] !== undefined && other[name] !== undefined && one[name] !== other[name]) return undefined
  }
  const picks = [one.picks, other.picks].filter((test) => test !== undefined)
  return {
    ...one,
    ...other,
    ...(picks.length === 0 ? {} : { picks: (run) => picks.every((test) => test(run)) }),
  }
}

type ReadConditions =
  | { readonly ok: true; readonly criteria: TaskCriteria }
  | { readonly ok: false; readonly failure: Failure }

/** What a condition asks; undefined: its value is none. */
type ReadCondition = (value: string, zoneOffsetMinutes: number) => TaskCriteria | undefined

const instant =
  (part: (at: Instant) => TaskCriteria): ReadCondition =>
  (value, zoneOffsetMinutes) => {
    const at = readTime(value, zoneOffsetMinutes)
    return at === undefined ? undefined : part(at)
  }

const flag =
  (part: (is: boolean) => TaskCriteria): ReadCondition =>
  (value) => {
    if (!/^(?:true|false|[tf01])$/i.test(value)) return undefined
    return part(/^(?:t|1)/i.test(value))
  }

/** Names of fields as their database has them. Source: its document of query_task_count. */
const CONDITIONS: ReadonlyMap<string, ReadCondition> = new Map([
  ['template_id', (id: string) => ({ templates: [id] })],
  ['name', (name: string) => ({ name })],
  ['name__contains', (keyword: string) => ({ keyword })],
  ['creator', (creator: string) => ({ creator })],
  ['executor', (executor: string) => ({ executor })],
  ['create_method', (method: string) => ({ method })],
  ['create_time__gte', instant((createdFrom) => ({ createdFrom }))],
  ['create_time__lte', instant((createdTo) => ({ createdTo }))],
  ['start_time__gte', instant((startedFrom) => ({ startedFrom }))],
  ['start_time__lte', instant((startedTo) => ({ startedTo }))],
  ['is_started', flag((isStarted) => ({ isStarted }))],
  ['is_finished', flag((isFinished) => ({ isFinished }))],
])

/**
 * What is empty is no condition, and the project is always that of the call.
 * Source: `contrib/analysis/analyse_items/task_flow_instance.py` of bk-sops.
 */
function readConditions({ zoneOffsetMinutes }: Call, conditions: JsonObject): ReadConditions {
  let criteria: TaskCriteria = {}
  for (const [name, value] of Object.entries(conditions)) {
    if (value === '' || value === 'None' || name === 'project_id') continue
    const text = typeof value === 'object' ? undefined : String(value)
    const part = text === undefined ? undefined : CONDITIONS.get(name)?.(text, zoneOffsetMinutes)
    if (part === undefined) {
      const message = `query taskflow params conditions[${shown(conditions)}] have invalid key or value: ${name.slice(0, 64)}`
      return { ok: false, failure: fail(message) }
    }
    criteria = { ...criteria, ...part }
  }
  return { ok: true, criteria }
}

const shown = (json: Json): string => JSON.stringify(json).slice(0, 500)
