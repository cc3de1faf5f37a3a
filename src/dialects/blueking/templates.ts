import type { Caller } from '../../host/app.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { PipelineView, ProjectView } from '../../model/view.ts'
import { sealFor } from '../kit/credentials.ts'
import { fail, findBusiness, refused, type Call } from './call.ts'
import { CODES } from './codes.ts'
import { parseSerial } from './ids.ts'
import { optionalText } from './params.ts'
import { leftOutBy } from './schemes.ts'
import { excludeNodes } from './tree/exclude.ts'
import { sealPasswords } from './tree/passwords.ts'
import { readTree } from './tree/read-tree.ts'
import { storedTree, treeAnnotations, type StoredTree } from './tree/stored-tree.ts'
import { synthesize } from './tree/synthesize.ts'
import { toDefinition } from './tree/to-definition.ts'
import { unfold } from './tree/unfold.ts'
import { validateTree } from './tree/validate.ts'
import type { Failure } from './wire.ts'

/** What a template was called: ours have a name of their own in their project. */
export const TEMPLATE_NAME_ANNOTATION = 'blueking/name'
/** Not to be listed: a tree that was made for one task, or for a periodic one. */
const HIDDEN_ANNOTATION = 'hidden'

export const templateName = (pipeline: PipelineView): string =>
  pipeline.definition.annotations[TEMPLATE_NAME_ANNOTATION] ?? pipeline.name

export const isHidden = ({ definition }: PipelineView): boolean => definition.annotations[HIDDEN_ANNOTATION] === 'true'

/** The tree of a template, made up where it was not made here. */
export const templateTree = (pipeline: PipelineView): StoredTree =>
  storedTree(pipeline.definition) ?? synthesize(pipeline.definition, pipeline.id)

type Found = { readonly ok: true; readonly pipeline: PipelineView } | { readonly ok: false; readonly failure: Failure }

/** The template that `template_id` names, of the business that the call is about. */
export async function locateTemplate(call: Call, templateId: string, bizId: string): Promise<Found> {
  const owner = call.isLater ? `project[project_id=${bizId}, biz_id=${bizId}]` : `business[bk_biz_id=${bizId}]`
  const isCommon = optionalText(call.params, 'template_source') === 'common'
  const missing = isCommon
    ? `common template[id=${templateId}] does not exist`
    : `template[id=${templateId}] of ${owner} does not exist`
  const serial = isCommon ? undefined : parseSerial(templateId)
  const found = serial === undefined ? undefined : await call.app.pipelines.get(call.caller, { serial })
  if (found?.ok === true && found.value.project.serial === parseSerial(bizId)) {
    return { ok: true, pipeline: found.value }
  }
  if (found?.ok === false && found.problem.code !== 'not_found') {
    return { ok: false, failure: refused(call, found.problem, bizId, { missing, refused: missing }) }
  }
  // There the business is looked for first.
  const business = await findBusiness(call, bizId)
  return { ok: false, failure: business.ok ? fail(missing, CODES.notFound) : business.failure }
}

type Checked =
  | { readonly ok: true; readonly write: (head: Head) => Written }
  | { readonly ok: false; readonly failure: Failure }

type Written =
  | { readonly ok: true; readonly definition: JsonObject }
  | { readonly ok: false; readonly failure: Failure }

interface Head {
  readonly name: string
  readonly description: string
  readonly annotations: Readonly<Record<string, string>>
}

/** A tree as a client sent it, sub-processes looked up, checked in every way. */
async function checkTree(call: Call, project: ProjectView, json: Json): Promise<Checked> {
  const refuse = (errors: readonly string[]): Checked => ({
    ok: false,
    failure: fail(errors.slice(0, 50).join(','), CODES.validation),
  })
  const children = new Map<string, string>()
  const unfolded = await unfold(json, async (templateId, schemes) => {
    const pipeline = await templateOf(call.app, call.caller, project, templateId)
    if (pipeline === undefined) return undefined
    const { raw, tree } = templateTree(pipeline)
    const ids = await leftOutBy(call, pipeline, tree, schemes)
    const left = ids.length === 0 ? undefined : excludeNodes(raw, ids, 'all')
    return left?.ok === true ? left.tree : raw
  })
  if (!unfolded.ok) return refuse(unfolded.errors)
  const read = readTree(unfolded.tree)
  if (!read.ok) return refuse(read.errors)
  const wrong = validateTree(read.tree)
  if (wrong.length > 0) return refuse(wrong)
  for (const activity of read.tree.activities.values()) {
    if (activity.type !== 'ServiceActivity' || activity.code !== 'subprocess_plugin') continue
    const subprocess = activity.data.get('subprocess')
    const id = typeof subprocess === 'object' && subprocess !== null ? (subprocess as JsonObject)['template_id'] : null
    const pipeline = await templateOf(call.app, call.caller, project, String(typeof id === 'object' ? '' : id))
    if (pipeline !== undefined) children.set(activity.id, pipeline.name)
  }
  const write = (head: Head): Written => {
    const kept = treeAnnotations(unfolded.tree)
    if (kept === undefined) return { ok: false, failure: fail('pipeline_tree is too long', CODES.badParameter) }
    const annotations = { ...head.annotations, ...kept }
    const options = { zoneOffsetMinutes: call.zoneOffsetMinutes, children }
    const made = toDefinition(read.tree, { ...head, annotations }, options)
    if (made.ok) return made
    return { ok: false, failure: fail(made.errors.slice(0, 50).join(','), CODES.validation) }
  }
  return { ok: true, write }
}

async function templateOf(app: Call['app'], caller: Caller, project: ProjectView, id: string) {
  const serial = parseSerial(id)
  const found = await app.pipelines.get(caller, serial === undefined ? { id } : { serial })
  return found.ok && found.value.project.id === project.id ? found.value : undefined
}

export interface NewPipeline {
  readonly name: string
  readonly description: string
  readonly hidden: boolean
  readonly annotations: Readonly<Record<string, string>>
  /** What the definition has besides, e.g. its triggers. */
  readonly more?: JsonObject
}

/** Why a tree cannot be stored; undefined: nothing of it is wrong. */
export async function treeProblem(call: Call, project: ProjectView, json: Json): Promise<Failure | undefined> {
  const checked = await checkTree(call, project, json)
  if (!checked.ok) return checked.failure
  const written = checked.write({ name: 'x', description: '', annotations: {} })
  return written.ok ? undefined : written.failure
}

/** Stores a tree as a new pipeline, or as the next version of one. */
export async function storeTree(
  call: Call,
  project: ProjectView,
  json: Json,
  wanted: NewPipeline,
  existing: PipelineView | null = null,
): Promise<Found> {
  const sealed = isJsonObject(json) ? sealPasswords(json, sealFor(call.app, project.id)) : json
  const checked = await checkTree(call, project, sealed)
  if (!checked.ok) return checked
  const annotations = { ...wanted.annotations, ...(wanted.hidden ? { [HIDDEN_ANNOTATION]: 'true' } : {}) }
  const name = pipelineName(wanted.name)
  // What is hidden never meets another of its name.
  const first = existing?.name ?? (wanted.hidden ? `${name} ${call.app.freshId()}` : name)
  const stored = await store(call, project, checked, { ...wanted, name: first, annotations }, existing)
  if (stored.ok || stored.conflict !== true || existing !== null) return stored
  return await store(call, project, checked, { ...wanted, name: `${name} ${call.app.freshId()}`, annotations }, null)
}

async function store(
  call: Call,
  project: ProjectView,
  checked: Extract<Checked, { ok: true }>,
  wanted: NewPipeline,
  existing: PipelineView | null,
): Promise<Found & { readonly conflict?: true }> {
  const made = checked.write(wanted)
  if (!made.ok) return made
  const text = JSON.stringify({ ...made.definition, ...wanted.more })
  const file = 'pipeline_tree.json'
  const done =
    existing === null
      ? await call.app.pipelines.create(call.caller, { project: { id: project.id }, text, file })
      : await call.app.pipelines.update(
          call.caller,
          { id: existing.id },
          { text, file, expectedVersion: existing.version },
        )
  if (done.ok) return { ok: true, pipeline: done.value }
  const { problem } = done
  const words = { missing: problem.message, refused: problem.message }
  const failure =
    problem.code === 'conflict' ? fail(problem.message) : refused(call, problem, String(project.serial), words)
  return { ok: false, failure, ...(problem.code === 'conflict' ? { conflict: true } : {}) }
}

/** One line of at most 90 characters, so that an id still fits behind it. */
const pipelineName = (name: string): string =>
  name
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 90)
    .trim() || 'template'
