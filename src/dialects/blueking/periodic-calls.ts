import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { PipelineView, ProjectView } from '../../model/view.ts'
import { fail, findBusiness, succeed, type Call, type Operation } from './call.ts'
import { categoryAnnotation, categoryOf } from './category.ts'
import { excludedBy } from './chosen-nodes.ts'
import { CODES } from './codes.ts'
import { CRON_FIELDS, readCron, type CronField } from './cron.ts'
import { DoorRefusal } from './errors.ts'
import { parseSerial } from './ids.ts'
import { annotated, hiddenPipelines } from './hidden-pipelines.ts'
import { TEMPLATE_ANNOTATION } from './task-tree.ts'
import { isTruthy, objectParam, requiredText } from './params.ts'
import { schemaProblem } from './schema-problem.ts'
import { systemAnnotation } from './system-facts.ts'
import { locateTemplate, storeTree, templateTree } from './templates.ts'
import { excludeNodes } from './tree/exclude.ts'
import { givenConstants } from './tree/unfold.ts'
import type { RawTree } from './tree/web-tree.ts'
import type { Failure } from './wire.ts'

/**
 * A periodic task is a pipeline that no list shows, with the tree of its template as it was then and a trigger of the
 * kind `schedule`; its serial is the task's id. What only bk-sops knows of it is an annotation.
 */
const PERIODIC_ANNOTATION = 'blueking/periodic'

interface Periodic {
  readonly name: string
  readonly templateId: string
  readonly creator: string
  /** Five fields as they were given: minute, hour, day of month, month, day of week. */
  readonly cron: string
  /** The same as our schedules have it. */
  readonly schedule: string
  readonly enabled: boolean
}

type CronParam =
  | { readonly ok: true; readonly cron: string; readonly schedule: string }
  | { readonly ok: false; readonly failure: Failure }

/** @throws DoorRefusal when a field is no text of cron. */
function cronParam(call: Call): CronParam {
  const cron = objectParam(call.params, 'cron')
  const field = (name: CronField): string => {
    const given = cron[name] ?? '*'
    const text = (typeof given === 'string' || typeof given === 'number' ? String(given).trim() : ' ') || '*'
    if (!/^\S{1,64}$/.test(text)) throw new DoorRefusal('bad-parameter', `param cron.${name} is no field of a crontab`)
    return text
  }
  const read = readCron(field)
  if (!read.ok) return { ok: false, failure: fail(read.message) }
  return { ok: true, cron: CRON_FIELDS.map(field).join(' '), schedule: read.schedule }
}

/** `PERIOD_TASK_NAME_MAX_LENGTH` of bk-sops. */
const NAME_MAX = 64

export const createPeriodicTask: Operation = {
  method: 'POST',
  path: ['template_id', 'bk_biz_id'],
  about:
    'a task of a template by a clock: `cron` with minute, hour, day_of_week, day_of_month, month_of_year; it starts nothing before it is enabled',
  async run(call) {
    const wrong = schemaProblem(call.params, { name: NAME_MAX, cron: 'required object', constants: 'object' })
    if (wrong !== undefined) return { envelope: fail(`task params is invalid: ${wrong}`, CODES.badParameter) }
    const name = requiredText(call.params, 'name')
    const found = await locateTemplate(
      call,
      requiredText(call.params, 'template_id'),
      requiredText(call.params, 'bk_biz_id'),
    )
    if (!found.ok) return { envelope: found.failure }
    const source = templateTree(found.pipeline)
    const excluded = await excludedBy(call, found.pipeline, source, call.params)
    if (!excluded.ok) return { envelope: excluded.failure }
    const left = excludeNodes(source.raw, excluded.ids)
    if (!left.ok) return { envelope: fail(left.message) }
    const tree = givenConstants(left.tree, objectParam(call.params, 'constants'))
    const given = cronParam(call)
    if (!given.ok) return { envelope: given.failure }
    const { cron, schedule } = given
    const templateId = String(found.pipeline.serial)
    // Nothing starts before it is enabled: `create_task` of pipeline's contrib/periodic_task/models.py.
    const periodic = { name, templateId, creator: call.caller.user.name, cron, schedule, enabled: false }
    const stored = await storePeriodic(call, found.pipeline.project, tree, periodic, categoryOf(found.pipeline), null)
    return stored.ok ? succeed(present(stored.pipeline, stored.periodic, call, true)) : { envelope: stored.failure }
  },
}

type Stored =
  | { readonly ok: true; readonly pipeline: PipelineView; readonly periodic: Periodic }
  | { readonly ok: false; readonly failure: Failure }

async function storePeriodic(
  call: Call,
  project: ProjectView,
  tree: RawTree,
  periodic: Periodic,
  category: string,
  existing: PipelineView | null,
): Promise<Stored> {
  const timezone = zoneName(call.zoneOffsetMinutes)
  // Its runs are of whoever has made it.
  const trigger = { schedule: periodic.schedule, name: periodic.creator, timezone, missed: 'skip' }
  const stored = await storeTree(
    call,
    project,
    tree,
    {
      name: periodic.name,
      description: '',
      hidden: true,
      annotations: {
        [PERIODIC_ANNOTATION]: JSON.stringify(periodic),
        [TEMPLATE_ANNOTATION]: periodic.templateId,
        ...categoryAnnotation(category),
        ...systemAnnotation(project, call),
      },
      ...(periodic.enabled ? { more: { triggers: [trigger] } } : {}),
    },
    existing,
  )
  return stored.ok ? { ok: true, pipeline: stored.pipeline, periodic } : stored
}

/** The server's zone as the tz database calls it; only whole hours have such a name. */
function zoneName(offsetMinutes: number): string {
  if (offsetMinutes === 0 || offsetMinutes % 60 !== 0) return 'UTC'
  const hours = offsetMinutes / 60
  // POSIX counts the other way round.
  return hours > 0 ? `Etc/GMT-${hours}` : `Etc/GMT+${-hours}`
}

function periodicOf({ definition }: PipelineView): Periodic | undefined {
  const value = annotated(definition, PERIODIC_ANNOTATION)
  if (value === undefined) return undefined
  const part = (name: string): string => (typeof value[name] === 'string' ? value[name] : '')
  const enabled = value['enabled'] === true
  const cron = part('cron')
  // Those that were stored before had none: it was the same.
  const schedule = part('schedule') === '' ? cron : part('schedule')
  return { name: part('name'), templateId: part('templateId'), creator: part('creator'), cron, schedule, enabled }
}

function present(pipeline: PipelineView, periodic: Periodic, call: Call, detail: boolean): JsonObject {
  const tree = templateTree(pipeline).raw
  return {
    id: pipeline.serial,
    name: periodic.name,
    template_id: periodic.templateId,
    template_source: 'project',
    creator: periodic.creator,
    cron: `${periodic.cron} (m/h/dM/MY/d) ${zoneName(call.zoneOffsetMinutes)}`,
    enabled: periodic.enabled,
    last_run_at: call.time(pipeline.lastStartedAt),
    total_run_count: pipeline.runCount,
    ...(detail ? { form: shownConstants(tree), pipeline_tree: tree } : {}),
  }
}

const constantsOf = ({ constants }: RawTree): JsonObject => (isJsonObject(constants) ? constants : {})

const shownConstants = (tree: RawTree): JsonObject =>
  Object.fromEntries(
    Object.entries(constantsOf(tree)).filter(([, value]) => isJsonObject(value) && value['show_type'] === 'show'),
  )

const PERIODIC_VIEWED = ['periodic_task_view']
/** What their permission system calls what a caller may do here. */
const PERIODIC_ACTIONS = {
  viewer: PERIODIC_VIEWED,
  operator: PERIODIC_VIEWED,
  admin: [...PERIODIC_VIEWED, 'periodic_task_edit'],
} as const

export const getPeriodicTaskList: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  zoned: true,
  about: 'the periodic tasks of a project, newest first',
  async run(call) {
    const business = await findBusiness(call, requiredText(call.params, 'bk_biz_id'))
    if (!business.ok) return { envelope: business.failure }
    const rows = (await hiddenPipelines(call, business.project.id)).flatMap((pipeline) => {
      const periodic = periodicOf(pipeline)
      if (periodic === undefined) return []
      return [{ ...present(pipeline, periodic, call, false), auth_actions: PERIODIC_ACTIONS[call.caller.role] }]
    })
    // Pipelines come in the order in which they were made.
    return succeed(rows.toReversed())
  },
}

async function locatePeriodic(call: Call): Promise<Stored> {
  const id = requiredText(call.params, 'task_id')
  const business = await findBusiness(call, requiredText(call.params, 'bk_biz_id'))
  if (!business.ok) return business
  const failure = fail(`task(${id}) does not exist`, CODES.notFound)
  const serial = parseSerial(id)
  const found = serial === undefined ? undefined : await call.app.pipelines.get(call.caller, { serial })
  if (found?.ok !== true || found.value.project.id !== business.project.id) return { ok: false, failure }
  const periodic = periodicOf(found.value)
  return periodic === undefined ? { ok: false, failure } : { ok: true, pipeline: found.value, periodic }
}

export const getPeriodicTaskInfo: Operation = {
  method: 'GET',
  path: ['task_id', 'bk_biz_id'],
  zoned: true,
  about: 'one of them, with its tree',
  async run(call) {
    const found = await locatePeriodic(call)
    return found.ok ? succeed(present(found.pipeline, found.periodic, call, true)) : { envelope: found.failure }
  },
}

export const setPeriodicTaskEnabled: Operation = {
  method: 'POST',
  path: ['task_id', 'bk_biz_id'],
  about: 'on or off: `enabled`',
  async run(call) {
    const enabled = isTruthy(call.params, 'enabled') && call.params['enabled'] !== 'false'
    const found = await locatePeriodic(call)
    if (!found.ok) return { envelope: found.failure }
    const { pipeline, periodic } = found
    return await change(call, pipeline, { ...periodic, enabled }, templateTree(pipeline).raw, () => ({ enabled }))
  },
}

/** One that could come due at any moment is not changed: `modify_cron` of pipeline's contrib/periodic_task/models.py. */
async function locateDisabled(call: Call, what: 'cron' | 'constants'): Promise<Stored> {
  const found = await locatePeriodic(call)
  if (!found.ok || !found.periodic.enabled) return found
  return { ok: false, failure: fail(`can not modify ${what} when task is enabled`) }
}

export const modifyCronForPeriodicTask: Operation = {
  method: 'POST',
  path: ['task_id', 'bk_biz_id'],
  about: 'another `cron`, while it is not enabled',
  async run(call) {
    const found = await locateDisabled(call, 'cron')
    if (!found.ok) return { envelope: found.failure }
    const given = cronParam(call)
    if (!given.ok) return { envelope: given.failure }
    const { cron, schedule } = given
    const { pipeline, periodic } = found
    const answer: Answer = (stored, changed) => ({ cron: present(stored, changed, call, false)['cron'] ?? '' })
    return await change(call, pipeline, { ...periodic, cron, schedule }, templateTree(pipeline).raw, answer)
  },
}

export const modifyConstantsForPeriodicTask: Operation = {
  method: 'POST',
  path: ['task_id', 'bk_biz_id'],
  about: 'other values for its `constants`, while it is not enabled',
  async run(call) {
    const values = objectParam(call.params, 'constants')
    const found = await locateDisabled(call, 'constants')
    if (!found.ok) return { envelope: found.failure }
    const { pipeline, periodic } = found
    const tree = givenConstants(templateTree(pipeline).raw, values)
    return await change(call, pipeline, periodic, tree, (stored) => constantsOf(templateTree(stored).raw))
  },
}

type Answer = (pipeline: PipelineView, periodic: Periodic) => JsonObject

async function change(call: Call, pipeline: PipelineView, periodic: Periodic, tree: RawTree, answer: Answer) {
  const stored = await storePeriodic(call, pipeline.project, tree, periodic, categoryOf(pipeline), pipeline)
  return stored.ok ? succeed(answer(stored.pipeline, stored.periodic)) : { envelope: stored.failure }
}
