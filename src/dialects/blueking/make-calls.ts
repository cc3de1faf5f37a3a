import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { PipelineView, ProjectView, RunView } from '../../model/view.ts'
import { sealParams } from '../kit/credentials.ts'
import { fail, findBusiness, refused, succeed, type Call, type Operation } from './call.ts'
import { CALLBACK_ANNOTATION, CALLBACK_VERSION_ANNOTATION, watchCallbacks } from './callbacks.ts'
import { CATEGORIES, categoryAnnotation, categoryOf } from './category.ts'
import { excludedBy } from './chosen-nodes.ts'
import { CODES } from './codes.ts'
import { FUNCTION_KIND, functionalAnnotation, isFunctional } from './functional.ts'
import { isTruthy, jsonParam, objectParam, optionalText, ownBusiness, requiredText } from './params.ts'
import { schemaProblem } from './schema-problem.ts'
import { systemAnnotation } from './system-facts.ts'
import { NAME_ANNOTATION } from './task-name.ts'
import { EXCLUDED_ANNOTATION, taskTree, TEMPLATE_ANNOTATION } from './task-tree.ts'
import { locateTemplate, storeTree, templateTree } from './templates.ts'
import { excludeNodes, hasEmptyBranch } from './tree/exclude.ts'
import { hasTemplate, paramOf } from './tree/params.ts'
import { sealGiven } from './tree/passwords.ts'
import { assignKeys } from './tree/keys.ts'
import { constantNamed, rawConstant, type StoredTree } from './tree/stored-tree.ts'
import { ringOfConstants } from './tree/rings.ts'
import { shapingConstants } from './tree/shaping.ts'
import { withConstants } from './tree/unfold.ts'
import { isMadeOfChoice } from './tree/variable-types.ts'
import type { Failure } from './wire.ts'

const NAME_MAX = 100

/** What a task is made with, whatever of. */
interface Wanted {
  readonly name: string
  readonly constants: JsonObject
  readonly annotations: Readonly<Record<string, string>>
}

type ReadWanted = { readonly ok: true; readonly wanted: Wanted } | { readonly ok: false; readonly failure: Failure }

function readWanted(call: Call): ReadWanted {
  const wrong = schemaProblem(call.params, { name: NAME_MAX, constants: 'object' })
  const invalid = (detail: string): ReadWanted => ({
    ok: false,
    failure: fail(`task params is invalid: ${detail}`, CODES.badParameter),
  })
  if (wrong !== undefined) return invalid(wrong)
  const name = requiredText(call.params, 'name')
  const flowType = optionalText(call.params, 'flow_type') ?? 'common'
  if (flowType !== 'common' && flowType !== 'common_func') {
    return invalid(`'${flowType.slice(0, 64)}' is not one of ['common', 'common_func']`)
  }
  const url = optionalText(call.params, 'callback_url')
  // Their pattern, and what can be asked at all.
  if (url !== undefined && (!/^https?:\/\/\w.+$/.test(url) || URL.parse(url) === null || url.length > 2_048)) {
    const failure = fail('callback_url format error, must match ^https?://\\w.+$', CODES.badParameter)
    return { ok: false, failure }
  }
  const version = optionalText(call.params, 'callback_version')
  const annotations = {
    [NAME_ANNOTATION]: name,
    ...(flowType === 'common' ? {} : functionalAnnotation),
    ...(call.appCode === '' ? {} : { 'blueking/app': call.appCode.slice(0, 128) }),
    ...(url === undefined ? {} : { [CALLBACK_ANNOTATION]: url }),
    ...(url === undefined || version === undefined ? {} : { [CALLBACK_VERSION_ANNOTATION]: version.slice(0, 16) }),
  }
  return { ok: true, wanted: { name, constants: objectParam(call.params, 'constants'), annotations } }
}

export const createTask: Operation = {
  method: 'POST',
  path: ['template_id', 'bk_biz_id'],
  first: true,
  about: 'a task of a template; also of a tree of its own (`pipeline_tree`), without some nodes, with a `callback_url`',
  async run(call) {
    const made = await makeTask(call, '[API] create_task create pipeline without tree error: ')
    return made.ok ? succeed(presentMade(made.run, call)) : { envelope: made.failure }
  },
}

export const createAndStartTask: Operation = {
  method: 'POST',
  path: ['template_id', 'bk_biz_id'],
  about: 'the same, started at once; never of a tree of its own',
  async run(call) {
    if (isTruthy(call.params, 'pipeline_tree')) {
      return { envelope: fail('task params is invalid: pipeline_tree is not taken here', CODES.badParameter) }
    }
    if (optionalText(call.params, 'flow_type') === 'common_func') {
      return { envelope: fail('task with current_flow:func_claim cannot be started', CODES.invalidOperation) }
    }
    const made = await makeTask(call, '')
    if (!made.ok) return { envelope: made.failure }
    const started = await call.app.runs.act(call.caller, { id: made.run.id }, { action: 'start' })
    if (started.ok) return succeed(presentMade(started.value, call))
    const words = { missing: started.problem.message, refused: started.problem.message }
    return { envelope: refused(call, started.problem, requiredText(call.params, 'bk_biz_id'), words) }
  },
}

type Made = { readonly ok: true; readonly run: RunView } | { readonly ok: false; readonly failure: Failure }

/** @param prefix of what is said of nodes that cannot be left out. */
async function makeTask(call: Call, prefix: string): Promise<Made> {
  const templateId = requiredText(call.params, 'template_id')
  const bizId = requiredText(call.params, 'bk_biz_id')
  const read = readWanted(call)
  if (!read.ok) return read
  const found = await locateTemplate(call, templateId, bizId)
  if (!found.ok) return found
  const { wanted } = read
  const { pipeline } = found
  if (isTruthy(call.params, 'pipeline_tree')) {
    return makeOwn(call, pipeline.project, jsonParam(call.params, 'pipeline_tree'), wanted, pipeline)
  }
  const source = templateTree(pipeline)
  const excluded = await excludedBy(call, pipeline, source, call.params)
  if (!excluded.ok) {
    const { failure } = excluded
    const told = failure.code === CODES.unknown ? { ...failure, message: `${prefix}${failure.message}` } : failure
    return { ok: false, failure: told }
  }
  // What params cannot carry, a tree of its own can.
  const shaping = shapingConstants(source.tree)
  const overrides = Object.entries(wanted.constants).some(([key, value]) => {
    const constant = constantNamed(source, key)
    if (constant === undefined) return false
    const isOwn = (): boolean =>
      hasTemplate(value) || isMadeOfChoice(rawConstant(source, constant.key), value) || shaping.has(constant.key)
    return paramOf(constant) === null || isOwn()
  })
  if (overrides) return makeOwn(call, pipeline.project, withoutNodes(source, excluded.ids), wanted, pipeline)
  const annotations =
    excluded.ids.length === 0 && !hasEmptyBranch(source.raw)
      ? wanted.annotations
      : { ...wanted.annotations, [EXCLUDED_ANNOTATION]: JSON.stringify(excluded.ids) }
  const keys = assignKeys(source.tree)
  const exclude = excluded.ids.flatMap((id) => keys.nodes.get(id) ?? [])
  const constants = sealGiven(wanted.constants, source, sealParams(call.app, pipeline.project.id, pipeline.id))
  return start(call, pipeline, { ...wanted, annotations }, paramsOf(source, pipeline, constants), exclude)
}

function withoutNodes(source: StoredTree, ids: readonly string[]): Json {
  const left = excludeNodes(source.raw, ids)
  return left.ok ? left.tree : source.raw
}

export const fastCreateTask: Operation = {
  method: 'POST',
  path: ['bk_biz_id'],
  byProject: true,
  about: 'a task of a tree that is no template',
  async run(call) {
    const bizId = ownBusiness(call.params)
    const read = readWanted(call)
    if (!read.ok) return { envelope: read.failure }
    const business = await findBusiness(call, bizId)
    if (!business.ok) return { envelope: business.failure }
    const json = jsonParam(call.params, 'pipeline_tree')
    // As its `apigw/validators/fast_create_task.py` fills them in.
    const tree = isJsonObject(json) ? { gateways: {}, constants: {}, outputs: [], ...json } : json
    const made = await makeOwn(call, business.project, tree, read.wanted, null)
    return made.ok ? succeed(presentMade(made.run, call)) : { envelope: made.failure }
  },
}

/** A task of a tree of its own: a pipeline that no list shows. */
async function makeOwn(
  call: Call,
  project: ProjectView,
  json: Json | undefined,
  wanted: Wanted,
  template: PipelineView | null,
): Promise<Made> {
  if (!isJsonObject(json)) return { ok: false, failure: fail('pipeline_tree is required', CODES.badParameter) }
  const tree = isJsonObject(json['constants'])
    ? { ...json, constants: withConstants(json['constants'], wanted.constants) }
    : json
  const ring = ringOfConstants(tree)
  if (ring !== undefined) return { ok: false, failure: invalidTree(template, ring) }
  const stored = await storeTree(call, project, tree, {
    name: wanted.name,
    description: optionalText(call.params, 'description') ?? '',
    hidden: true,
    annotations:
      template === null
        ? categoryAnnotation(knownCategory(call))
        : { [TEMPLATE_ANNOTATION]: String(template.serial), ...categoryAnnotation(categoryOf(template)) },
  })
  if (!stored.ok) {
    const { message, code } = stored.failure
    return code === CODES.validation ? { ok: false, failure: invalidTree(template, message) } : stored
  }
  const annotations = { ...wanted.annotations, [TEMPLATE_ANNOTATION]: template === null ? '' : String(template.serial) }
  return start(call, stored.pipeline, { ...wanted, annotations }, {}, [])
}

const invalidTree = (template: PipelineView | null, message: string): Failure =>
  template === null
    ? fail(`[API] fast_create_task get invalid pipeline_tree: ${message}`, CODES.badParameter)
    : fail(`[API] create_task get invalid pipeline_tree: ${message}`)

/** One that they do not know is none. */
function knownCategory(call: Call): string | undefined {
  const category = optionalText(call.params, 'category')
  return category === undefined || !CATEGORIES.has(category) ? undefined : category
}

async function start(
  call: Call,
  pipeline: PipelineView,
  wanted: Wanted,
  params: JsonObject,
  exclude: readonly string[],
): Promise<Made> {
  const made = await call.app.runs.start(call.caller, {
    pipeline: { id: pipeline.id },
    params,
    wait: true,
    annotations: { ...wanted.annotations, ...systemAnnotation(pipeline.project, call) },
    ...(exclude.length === 0 ? {} : { exclude }),
  })
  if (made.ok) {
    const refusal = (await watched(call, pipeline, wanted, made.value)) ?? (await handedOver(call, made.value))
    return refusal === undefined ? { ok: true, run: made.value } : { ok: false, failure: fail(refusal) }
  }
  const words = { missing: made.problem.message, refused: made.problem.message }
  return { ok: false, failure: refused(call, made.problem, String(pipeline.project.serial), words) }
}

async function watched(call: Call, { project }: PipelineView, { annotations }: Wanted, run: RunView) {
  if (annotations[CALLBACK_ANNOTATION] === undefined) return undefined
  return await watchCallbacks(call.app, call.caller, project, run.id)
}

/** What others are to claim is listed from now on. */
async function handedOver(call: Call, run: RunView): Promise<string | undefined> {
  if (!isFunctional(run)) return undefined
  const document = { project: { id: run.project.id }, kind: FUNCTION_KIND, key: run.id, value: {} }
  const done = await call.app.documents.put(call.caller, document)
  return done.ok ? undefined : done.problem.message
}

/** Constants that the tree has not do nothing, as in bk-sops; those of a pipeline made elsewhere are its params. */
function paramsOf(source: StoredTree, pipeline: PipelineView, constants: JsonObject): JsonObject {
  const entries = Object.entries(constants).flatMap(([key, value]) => {
    const constant = constantNamed(source, key)
    const name = constant === undefined ? undefined : (paramOf(constant) ?? undefined)
    if (name === undefined) return []
    const spec = pipeline.definition.params.find((param) => param.name === name)
    return spec === undefined ? [] : [[name, typedValue(spec.type, value)] as const]
  })
  return Object.fromEntries(entries)
}

/** Constants are texts to most BlueKing clients, params of pipelines made elsewhere have types. */
function typedValue(type: string, value: Json): Json {
  if (typeof value === 'number' && type === 'string') return String(value)
  if (typeof value !== 'string') return value
  if (type === 'number' && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value)) return Number(value)
  if (type === 'boolean' && /^(?:true|false)$/i.test(value)) return value.toLowerCase() === 'true'
  return value
}

const presentMade = (run: RunView, call: Call): JsonObject => ({
  task_id: run.serial,
  task_url: taskUrl(run, call),
  pipeline_tree: taskTree(run),
  ...(isFunctional(run) ? { function_task_claim_url: taskUrl(run, call) } : {}),
})

export const taskUrl = (run: { readonly id: string }, call: Call): string => `${call.baseUrl}/runs/${run.id}`
