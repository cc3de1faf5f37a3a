import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { Instant } from '../../model/time.ts'
import type { PipelineView } from '../../model/view.ts'
import { fail, findBusiness, succeed, type Call, type Operation, type Reply } from './call.ts'
import { categoryAnnotation, categoryOf } from './category.ts'
import { excludedBy } from './chosen-nodes.ts'
import { CLOCKED_ANNOTATION } from './clocked.ts'
import { CODES } from './codes.ts'
import { annotated, hiddenPipelines } from './hidden-pipelines.ts'
import { TEMPLATE_ANNOTATION } from './task-tree.ts'
import { pageOf } from './page.ts'
import { objectParam, optionalText, readTime, requiredText } from './params.ts'
import { charProblem, presenceProblem, serializerProblem, WRONG_TIME, type FieldProblem } from './serializer-problem.ts'
import { systemAnnotation } from './system-facts.ts'
import { locateTemplate, storeTree, templateName, templateTree } from './templates.ts'
import { excludeNodes } from './tree/exclude.ts'
import { givenConstants } from './tree/unfold.ts'

/**
 * A clocked task is a pipeline that no list shows, with the tree of its template as it was then and a schedule that
 * comes due once; its serial is its id. What only bk-sops knows of it is an annotation.
 */
interface Clocked {
  readonly taskName: string
  readonly templateId: number
  readonly templateName: string
  readonly creator: string
  readonly startsAt: Instant
  readonly parameters: JsonObject
}

const NAME_MAX = 128
const PARAMETERS_MAX = 50_000
/** A server that was down until then starts it all the same, and says so at once. */
const LATE_MS = 300_000
const STATES = ['not_started', 'started', 'start_failed'] as const

export const createClockedTask: Operation = {
  method: 'POST',
  path: ['template_id', 'bk_biz_id'],
  about: 'a task of a template at one moment: `task_name`, `plan_start_time`, `task_parameters`',
  async run(call) {
    const found = await locateTemplate(
      call,
      requiredText(call.params, 'template_id'),
      requiredText(call.params, 'bk_biz_id'),
    )
    if (!found.ok) return { envelope: found.failure }
    const startsAt = momentOf(call)
    const parameters = { constants: {}, template_schemes_id: [], ...objectParam(call.params, 'task_parameters') }
    const wrong = serializerProblem([
      ['task_parameters', parametersProblem(parameters)],
      ['plan_start_time', startsAt === undefined ? timeProblem(call) : pastProblem(startsAt, call)],
      ['task_name', charProblem(call.params['task_name'], NAME_MAX)],
    ])
    if (wrong !== undefined || startsAt === undefined) return { envelope: fail(wrong ?? '', CODES.validation) }
    const taskName = requiredText(call.params, 'task_name').trim()
    const clocked = {
      taskName,
      templateId: found.pipeline.serial,
      templateName: templateName(found.pipeline),
      creator: call.caller.user.name,
      startsAt,
      parameters,
    }
    return await make(call, found.pipeline, clocked)
  },
}

const timeProblem = ({ params }: Call): FieldProblem => presenceProblem(params['plan_start_time']) ?? WRONG_TIME

const pastProblem = (startsAt: Instant, { app }: Call): FieldProblem | undefined =>
  startsAt < app.now() ? ['Plan start time should be later than the time to create the plan', 'invalid'] : undefined

function parametersProblem(parameters: JsonObject): FieldProblem | undefined {
  if (JSON.stringify(parameters).length > PARAMETERS_MAX) return ['is too long', 'invalid']
  return waysToChoose(parameters) > 1 ? ['can not use multiple method to appoint execute nodes', 'invalid'] : undefined
}

function waysToChoose(parameters: JsonObject): number {
  const ways = ['exclude_task_nodes_id', 'template_schemes_id', 'appoint_task_nodes_id']
  return ways.filter((name) => {
    const value = parameters[name]
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== ''
  }).length
}

async function make(call: Call, template: PipelineView, clocked: Clocked): Promise<Reply> {
  const source = templateTree(template)
  const excluded = await excludedBy(call, template, source, clocked.parameters)
  if (!excluded.ok) return { envelope: excluded.failure }
  const left = excludeNodes(source.raw, excluded.ids)
  if (!left.ok) return { envelope: fail(left.message) }
  const constants = clocked.parameters['constants']
  const tree = givenConstants(left.tree, isJsonObject(constants) ? constants : {})
  const schedule = `@at ${new Date(clocked.startsAt).toISOString()}`
  const stored = await storeTree(call, template.project, tree, {
    name: clocked.taskName,
    description: '',
    hidden: true,
    annotations: {
      [CLOCKED_ANNOTATION]: JSON.stringify(clocked),
      [TEMPLATE_ANNOTATION]: String(clocked.templateId),
      ...categoryAnnotation(categoryOf(template)),
      ...systemAnnotation(template.project, call),
    },
    // Its runs are of whoever has made it.
    more: { triggers: [{ schedule, name: clocked.creator, missed: 'once' }] },
  })
  return stored.ok ? succeed(present(stored.pipeline, clocked, call, compact)) : { envelope: stored.failure }
}

type Write = (call: Call, at: Instant) => string
/** As its serializer writes times, `%Y-%m-%d %H:%M:%S%z`; the list writes them as all others. */
const compact: Write = (call, at) => call.time(at).replace(/ (?=[+-]\d{4}$)/, '')
const spaced: Write = (call, at) => call.time(at)

function present(pipeline: PipelineView, clocked: Clocked, call: Call, write: Write): JsonObject {
  return {
    id: pipeline.serial,
    task_parameters: clocked.parameters,
    creator: clocked.creator,
    editor: '',
    plan_start_time: write(call, clocked.startsAt),
    create_time: write(call, pipeline.createdAt),
    edit_time: write(call, pipeline.updatedAt),
    project_id: pipeline.project.serial,
    task_id: pipeline.latestRun?.serial ?? null,
    task_name: clocked.taskName,
    template_id: clocked.templateId,
    template_name: clocked.templateName,
    template_source: 'project',
    state: stateOf(pipeline, clocked, call.app.now()),
  }
}

function stateOf(pipeline: PipelineView, { startsAt }: Clocked, now: Instant): (typeof STATES)[number] {
  if (pipeline.latestRun !== null) return 'started'
  return now > startsAt + LATE_MS ? 'start_failed' : 'not_started'
}

function clockedOf({ definition }: PipelineView): Clocked | undefined {
  const value = annotated(definition, CLOCKED_ANNOTATION)
  if (value === undefined) return undefined
  const { startsAt, templateId, parameters } = value
  const text = (name: string): string => (typeof value[name] === 'string' ? value[name] : '')
  return {
    taskName: text('taskName'),
    templateId: Number(templateId),
    templateName: text('templateName'),
    creator: text('creator'),
    startsAt: typeof startsAt === 'number' ? startsAt : 0,
    parameters: isJsonObject(parameters) ? parameters : {},
  }
}

export const getClockedTaskList: Operation = {
  method: 'GET',
  path: ['bk_biz_id'],
  zoned: true,
  about:
    'the clocked tasks of a project, newest first; `id`, `task_name`, `creator`, `editor`, `state`, `limit`, `offset`',
  async run(call) {
    const text = optionalText(call.params, 'id') ?? '0'
    const id = /^\s*[+-]?\d{1,15}\s*$/.test(text) ? Number(text) : undefined
    if (id === undefined) return { envelope: fail('参数id必须为数字', CODES.badParameter) }
    const state = optionalText(call.params, 'state')
    if (state !== undefined && !(STATES as readonly string[]).includes(state)) {
      return { envelope: fail(`参数state必须为以下值之一: ${STATES.join(', ')}`, CODES.badParameter) }
    }
    const business = await findBusiness(call, requiredText(call.params, 'bk_biz_id'))
    if (!business.ok) return { envelope: business.failure }
    const page = pageOf(call.params)
    if (!page.ok) return { envelope: page.failure }
    const has = (name: string, text: string): boolean =>
      text.toLowerCase().includes((optionalText(call.params, name) ?? '').toLowerCase())
    const rows = (await hiddenPipelines(call, business.project.id)).flatMap((pipeline) => {
      const clocked = clockedOf(pipeline)
      if (clocked === undefined || (id !== 0 && id !== pipeline.serial)) return []
      const asked = has('task_name', clocked.taskName) && has('creator', clocked.creator) && has('editor', '')
      const row = present(pipeline, clocked, call, spaced)
      return asked && (state === undefined || row['state'] === state) ? [row] : []
    })
    const newest = rows.toSorted((a, b) => Number(b['id']) - Number(a['id']))
    const auth = ['clocked_task_view', 'flow_view']
    return {
      envelope: {
        result: true,
        data: newest.slice(page.offset, page.offset + page.limit).map((row) => ({ ...row, auth_actions: auth })),
        count: newest.length,
      },
    }
  },
}

/** A day alone is no moment to its serializer. */
const momentOf = ({ params, zoneOffsetMinutes }: Call): Instant | undefined => {
  const text = params['plan_start_time']
  return typeof text === 'string' && text.includes(':') ? readTime(text, zoneOffsetMinutes) : undefined
}
