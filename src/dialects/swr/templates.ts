import type { App, Caller, DocumentView } from '../../host/app.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { Instant } from '../../model/time.ts'
import type { ProjectView } from '../../model/view.ts'
import { mapTexts, sealQuery } from '../kit/credentials.ts'
import { parseDocument } from './body.ts'
import { contentRange, documentResponse, queryOf, rangeWhenPaged, removed, unreadable, type Call } from './call.ts'
import { withoutUserInfo } from './compile-stage.ts'
import { errorResponse, errors, problemResponse } from './errors.ts'
import { list, object, plain, refusing, text } from './fields.ts'
import { readPipelineBody } from './pipeline-body.ts'
import { readInteger, readParts, readSlice, type Read } from './request.ts'
import { sampleTemplates, type Template } from './template-samples.ts'
import { wireTime } from './time.ts'
import type { PipelineTemplate, PipelineTemplateItem } from './wire.ts'

/** Templates of a project are documents of it. */
const KIND = 'swr/template'
/** Our samples have the integers below; a project's templates follow on `project serial * this`. */
const PLACES = 1_000

interface Kept {
  readonly id: number
  readonly category: 'sample_template' | 'my_template'
  readonly template: Template
  readonly at: Instant
}

export async function listTemplates(app: App, c: Call): Promise<Response> {
  const query = queryOf(c)
  const filter = readParts(query, ['template_category', 'pipeline_label'])
  if (!filter.ok) return unreadable(filter)
  const page = readSlice(query)
  if (!page.ok) return unreadable(page)
  const all = await templatesOf(app, c.var.caller)
  if (!all.ok) return problemResponse(all.problem)
  const { template_category: category, pipeline_label: label } = filter.value
  const chosen = all.value.filter(
    (one) =>
      (category === undefined || one.category === category) &&
      (label === undefined || one.template.labels.includes(label)),
  )
  const { offset, limit } = page.value
  const shown = chosen.slice(offset, offset + limit)
  const headers = rangeWhenPaged(query, contentRange(offset, shown.length, chosen.length))
  return Response.json(shown.map(presentItem), { headers })
}

export async function showTemplate(app: App, c: Call<'/:template'>): Promise<Response> {
  const found = await findTemplate(app, c)
  return found instanceof Response ? found : documentResponse(c, 200, presentTemplate(found))
}

async function findTemplate(app: App, c: Call<'/:template'>): Promise<Kept | Response> {
  const id = readInteger(c.req.param('template'), 'template_id')
  if (!id.ok) return unreadable(id)
  const all = await templatesOf(app, c.var.caller)
  if (!all.ok) return problemResponse(all.problem)
  const found = all.value.find((one) => one.id === id.value)
  return found ?? errorResponse(errors.noTemplate, `there is no template ${id.value}`)
}

/** The vendor's console has a button for it, and its documents no call: this one is ours. */
export async function createTemplate(app: App, c: Call): Promise<Response> {
  const { caller } = c.var
  const document = parseDocument(c.var.body)
  if (!document.ok) return unreadable(document)
  const read = readTemplate(document.value)
  if (!read.ok) return unreadable(read)
  const { group, template } = read.value
  const project = await projectFor(app, caller, group)
  if (project instanceof Response) return project
  const before = await ownTemplates(app, caller, project)
  if (!before.ok) return problemResponse(before.problem)
  const id = Math.max(project.serial * PLACES, ...before.value.map((one) => one.id)) + 1
  if (id >= (project.serial + 1) * PLACES) {
    return errorResponse(errors.badParameter, `the group ${project.name} has ${PLACES - 1} templates already`)
  }
  const kept = await app.documents.put(caller, {
    project: { id: project.id },
    kind: KIND,
    key: String(id),
    // Whoever makes a pipeline of it has a password and tokens of their own.
    value: mapTexts({ ...template }, (text, field) =>
      field === 'url' ? sealQuery(withoutUserInfo(text), () => '') : text,
    ),
    expectedRevision: 0,
  })
  return kept.ok ? documentResponse(c, 201, presentTemplate(keptOf(kept.value))) : problemResponse(kept.problem)
}

export async function deleteTemplate(app: App, c: Call<'/:template'>): Promise<Response> {
  const found = await findTemplate(app, c)
  if (found instanceof Response) return found
  if (found.category === 'sample_template') return errorResponse(errors.forbidden, 'a sample template stays')
  const project = { serial: Math.floor(found.id / PLACES) }
  const gone = await app.documents.remove(c.var.caller, { project, kind: KIND, key: String(found.id) })
  return gone.ok ? removed() : problemResponse(gone.problem, errors.noTemplate)
}

async function projectFor(app: App, caller: Caller, group: string): Promise<ProjectView | Response> {
  if (group !== '') {
    const found = await app.projects.get(caller, { name: group })
    return found.ok ? found.value : problemResponse(found.problem, errors.noGroup)
  }
  const [first] = await app.projects.list(caller)
  return first ?? errorResponse(errors.noGroup, 'there is no group to keep it in')
}

const LABELS_MAX = 20

/**
 * As the body that makes a pipeline, with `pipeline_labels` (texts, or as a template's detail gives them) and `group_name`
 * (where it is kept).
 */
function readTemplate(value: Json | undefined): Read<{ readonly group: string; readonly template: Template }> {
  const head = refusing(() => {
    const body = object(value, { path: 'the body' })
    const labels = list(body, 'pipeline_labels', { max: LABELS_MAX }).map((label) =>
      text(isJsonObject(label) ? label : { name: label }, 'name', { path: 'pipeline_labels', required: true, max: 64 }),
    )
    const name = text(body, 'name', { required: true, max: 128 })
    return { body, labels, name, group: text(body, 'group_name', { max: 128 }) }
  })
  if (!head.ok) return head
  const { body, labels, name, group } = head.value
  // A template's name is shown to people: it keeps no rule of the pipelines'.
  const checked = readPipelineBody(body, { name, stages: [] })
  if (!checked.ok) return checked
  const { description, params, stages } = checked.value
  const preOperation = body['pre_operation'] ?? null
  return {
    ok: true,
    value: {
      group,
      template: {
        name,
        description,
        labels,
        params: params.map((param) => ({ ...param })),
        stages: (Array.isArray(body['stages']) ? body['stages'] : []).slice(0, stages.length).filter(isJsonObject),
        preOperation: isJsonObject(preOperation) ? preOperation : null,
      },
    },
  }
}

async function templatesOf(app: App, caller: Caller): Promise<Result<readonly Kept[]>> {
  const samples = sampleTemplates.map((template, index): Kept => ({
    id: index + 1,
    category: 'sample_template',
    template,
    at: SAMPLES_AT,
  }))
  const own: Kept[] = []
  for (const project of await app.projects.list(caller)) {
    const kept = await ownTemplates(app, caller, project)
    if (!kept.ok) return kept
    own.push(...kept.value)
  }
  return accept([...samples, ...own])
}

/** When the samples were written. */
const SAMPLES_AT: Instant = Date.UTC(2026, 10, 22)

async function ownTemplates(app: App, caller: Caller, project: ProjectView): Promise<Result<readonly Kept[]>> {
  const found = await app.documents.list(caller, { project: { id: project.id }, kind: KIND, limit: PLACES })
  return found.ok ? accept(found.value.items.map(keptOf)) : found
}

/** Nobody else writes this kind. */
const keptOf = ({ key, value, updatedAt }: DocumentView): Kept => ({
  id: Number(key),
  category: 'my_template',
  template: value as unknown as Template,
  at: updatedAt,
})

const presentItem = ({ id, category, template, at }: Kept): PipelineTemplateItem => ({
  id,
  name: template.name,
  description: template.description,
  template_type_ch: '',
  template_type_en: '',
  template_category: category,
  created_at: wireTime(at),
  updated_at: wireTime(at),
  stages: template.stages.map((stage) => ({
    name: plain(stage['name']),
    service_name: plain(stage['service_name']),
    is_task: false,
  })),
  pipeline_labels: template.labels.map((name, index) => ({ id: id * PLACES + index + 1, name, describe: '' })),
})

function presentTemplate(kept: Kept): PipelineTemplate {
  const { stages: _, pipeline_labels, ...item } = presentItem(kept)
  const { params, stages, preOperation } = kept.template
  return {
    ...item,
    ...(preOperation === null ? {} : { pre_operation: preOperation }),
    params: params.map((param, index) => ({ ...param, id: kept.id * PLACES + index + 1, is_template: true })),
    stages: stages.map((stage, index): JsonObject => ({ id: kept.id * PLACES + index + 1, ...stage, is_task: false })),
    pipeline_labels,
  }
}
