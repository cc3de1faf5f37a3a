import type { Context } from 'hono'
import { accountId } from '../kit/derived-id.ts'
import { formatPlain } from '../kit/time.ts'
import type { JsonObject } from '../../model/json.ts'
import type { ProjectView } from '../../model/view.ts'
import type { Env } from '../kit/receive.ts'
import type { Desk, Found } from './desk.ts'
import { variablesOf, withSecretsOf } from './dto.ts'
import { errorResponse, errors } from './errors.ts'
import { favouritesOf, setFavourite } from './favourites.ts'
import { bodyOfFlow, flowOf } from './flow.ts'
import { pipelineUrl } from './present.ts'
import {
  objectsAt,
  oneOf,
  optionalFlag,
  optionalText,
  queryInteger,
  read,
  type Read,
  readBodyObject,
  requiredText,
} from './read.ts'
import { DEFINITION_MAX, readStages } from './stages.ts'
import {
  definitionIn,
  createTemplate,
  everyTemplate,
  removeTemplate,
  shownDefinition,
  shownVariables,
  type Template,
  templateBy,
  type TemplateInput,
  updateTemplate,
  variablesIn,
} from './templates.ts'
import type { PipelineCalls } from './v5-pipelines.ts'
import { REGION } from './v5-present.ts'
import { pageOf } from './v5-request.ts'

/** Templates, of v3 and of v5, and pipelines made of them. */
export class TemplateCalls {
  readonly #desk: Desk
  readonly #pipelines: PipelineCalls

  constructor(desk: Desk, pipelines: PipelineCalls) {
    this.#desk = desk
    this.#pipelines = pipelines
  }

  // --- v3 ------------------------------------------------------------------------------------------------------------

  /**
   * The vendor makes the pipeline later and gives a task to ask about; here it is there already, and the task's id is
   * the pipeline's.
   */
  async createTask(c: Context<Env>): Promise<Response> {
    const body = readBodyObject(this.#desk.bodyOf(c), bodyOfFlow)
    if (!body.ok) return this.#desk.unreadable(c, body)
    const id = body.value.projectId ?? c.req.header('x-project-id') ?? ''
    const project = await this.#desk.app.projects.get(this.#desk.callerOf(c), { id })
    if (!project.ok) return this.#desk.refused(c, project.problem, errors.noProject)
    const made = await this.#pipelines.make(c, project.value.id, { ok: true, value: body.value.dto })
    return made.ok ? Response.json({ task_id: made.value.id }) : made.response
  }

  async taskStatus(c: Context<Env>): Promise<Response> {
    const id = c.req.param('id') ?? ''
    const pipeline = await this.#desk.app.pipelines.get(this.#desk.callerOf(c), { id })
    if (!pipeline.ok) return this.#desk.refused(c, pipeline.problem, errors.noPipeline)
    return Response.json({
      task_id: pipeline.value.id,
      task_status: 'succeeded',
      pipeline_id: pipeline.value.id,
      pipeline_name: pipeline.value.name,
      pipeline_url: pipelineUrl(pipeline.value, this.#desk.frame()),
    })
  }

  /** `offset` counts rows; `is_build_in` says which kind. */
  async listV3(c: Context<Env>): Promise<Response> {
    const query = readTemplateQuery(new URL(c.req.url).searchParams)
    if (!query.ok) return this.#desk.unreadable(c, query)
    const all = await everyTemplate(this.#desk.app, this.#desk.callerOf(c))
    if (!all.ok) return this.#desk.refused(c, all.problem, errors.noTemplate)
    const { offset, limit } = query.value
    const found = sorted(
      all.value.filter((template) => isMeant(template, query.value)),
      query.value,
    )
    const favourites = await favouritesOf(this.#desk.app, this.#desk.callerOf(c))
    return Response.json({
      total: found.length,
      page_number: Math.floor(offset / limit) + 1,
      page_size: limit,
      content: found.slice(offset, offset + limit).map((template) => this.#presentV3(c, template, favourites)),
    })
  }

  async showV3(c: Context<Env>): Promise<Response> {
    const template = await this.#template(c)
    if (!template.ok) return template.response
    const favourites = await favouritesOf(this.#desk.app, this.#desk.callerOf(c))
    return Response.json(this.#presentV3(c, template.value, favourites))
  }

  /** The SDKs have a list's element with all that one template by itself has, and four things more. */
  #presentV3(c: Context<Env>, template: Template, favourites: ReadonlySet<string>): JsonObject {
    const { domain, role } = this.#desk.callerOf(c)
    const isChangeable = template.project !== null && role !== 'viewer'
    const { zoneOffsetMinutes } = this.#desk.options
    return {
      template_id: template.id,
      template_name: template.name,
      template_type: template.language,
      user_id: template.creatorId,
      user_name: template.creatorName,
      domain_id: accountId(domain),
      domain_name: domain,
      is_build_in: template.project === null,
      region: REGION,
      project_id: template.project?.id ?? '',
      project_name: template.project?.name ?? '',
      create_time: formatPlain(template.createdAt, zoneOffsetMinutes),
      last_modify_time: formatPlain(template.updatedAt, zoneOffsetMinutes),
      is_watch: favourites.has(template.id),
      description: template.description,
      parameter: shownVariables(template).map(parameterOf),
      ...flowOf(readStages(shownDefinition(template))),
      // Templates have no page of their own here.
      template_url: '',
      can_update: isChangeable,
      can_delete: isChangeable,
      need_hub: template.isShowSource,
    }
  }

  // --- v5 ------------------------------------------------------------------------------------------------------------

  async create(c: Context<Env>): Promise<Response> {
    const input = readTemplate(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    const project = await this.#home(c)
    if (project === undefined) return errorResponse(errors.noProject, 'there is no project to keep the template in')
    const id = await createTemplate(this.#desk.app, this.#desk.callerOf(c), project, input.value)
    return id.ok ? Response.json({ templateId: id.value }) : this.#desk.refused(c, id.problem, errors.noTemplate)
  }

  async edit(c: Context<Env>): Promise<Response> {
    const template = await this.#template(c)
    if (!template.ok) return template.response
    const input = readTemplate(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    const id = await updateTemplate(this.#desk.app, this.#desk.callerOf(c), template.value, input.value)
    return id.ok ? Response.json({ templateId: id.value }) : this.#desk.refused(c, id.problem, errors.noTemplate)
  }

  async remove(c: Context<Env>): Promise<Response> {
    const template = await this.#template(c)
    if (!template.ok) return template.response
    const id = await removeTemplate(this.#desk.app, this.#desk.callerOf(c), template.value)
    return id.ok ? Response.json({ templateId: id.value }) : this.#desk.refused(c, id.problem, errors.noTemplate)
  }

  async list(c: Context<Env>): Promise<Response> {
    const query = readTemplateList(this.#desk.bodyOf(c))
    if (!query.ok) return this.#desk.unreadable(c, query)
    const all = await everyTemplate(this.#desk.app, this.#desk.callerOf(c))
    if (!all.ok) return this.#desk.refused(c, all.problem, errors.noTemplate)
    const { offset, limit } = query.value
    const found = sorted(
      all.value.filter((template) => isMeant(template, query.value)),
      query.value,
    )
    const favourites = await favouritesOf(this.#desk.app, this.#desk.callerOf(c))
    const templates = found.slice(offset, offset + limit).map((template) => ({
      ...this.#present(c, template),
      is_collect: favourites.has(template.id),
      stages: readStages(template.definition).map(({ name }, sequence) => ({ name, sequence })),
    }))
    return Response.json({ offset, limit, total: found.length, templates })
  }

  async show(c: Context<Env>): Promise<Response> {
    const template = await this.#template(c)
    if (!template.ok) return template.response
    return Response.json({
      ...this.#present(c, template.value),
      // Text in one release of Go's SDK, true or false in another.
      is_collect: null,
      variables: shownVariables(template.value),
      definition: shownDefinition(template.value),
    })
  }

  /** Of the caller alone; `flag` false: no more. */
  async favour(c: Context<Env>): Promise<Response> {
    const template = await this.#template(c)
    if (!template.ok) return template.response
    const flag = read(() => optionalFlag({ flag: new URL(c.req.url).searchParams.get('flag') }, 'flag'))
    if (!flag.ok) return this.#desk.unreadable(c, flag)
    const project = template.value.project ?? (await this.#home(c))
    if (project === undefined) return errorResponse(errors.noProject, 'there is no project to keep favourites in')
    const { id } = template.value
    const done = await setFavourite(this.#desk.app, this.#desk.callerOf(c), project.id, id, flag.value ?? true)
    return done.ok ? Response.json({ templateId: id }) : this.#desk.refused(c, done.problem, errors.noTemplate)
  }

  /** A pipeline of the template's stages; what the request says of it wins. */
  async createPipeline(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const template = await this.#template(c)
    if (!template.ok) return template.response
    const definition = definitionIn(template.value, project.value)
    const variables = variablesIn(template.value, project.value)
    const body = readBodyObject(this.#desk.bodyOf(c), (sent): JsonObject => {
      const own = new Set(objectsAt(sent['variables'], 'variables', 150).map(({ name }) => name))
      const others = variables.filter(({ name }) => !own.has(name))
      const given = withSecretsOf(sent, { variables })
      return { is_publish: false, ...given, definition, variables: [...others, ...((given['variables'] ?? []) as [])] }
    })
    const made = await this.#pipelines.make(c, project.value.id, body)
    return made.ok ? Response.json({ pipeline_id: made.value.id }) : made.response
  }

  #present(c: Context<Env>, template: Template): JsonObject {
    return {
      id: template.id,
      name: template.name,
      icon: '',
      manifest_version: '3.0',
      language: template.language,
      description: template.description,
      is_system: template.project === null,
      region: REGION,
      domain_id: accountId(this.#desk.callerOf(c).domain),
      creator_id: template.creatorId,
      creator_name: template.creatorName,
      updater_id: template.updaterId,
      create_time: template.createdAt,
      update_time: template.updatedAt,
      is_show_source: template.isShowSource,
    }
  }

  async #template(c: Context<Env>): Promise<Found<Template>> {
    const template = await templateBy(this.#desk.app, this.#desk.callerOf(c), c.req.param('id') ?? '')
    return template.ok ? template : this.#desk.refusal(c, template.problem, errors.noTemplate)
  }

  /** Where a template is kept: the project that the client works in, which SDKs name in a header, or the first one. */
  async #home(c: Context<Env>): Promise<ProjectView | undefined> {
    const projects = await this.#desk.app.projects.list(this.#desk.callerOf(c))
    const named = [c.req.header('x-project-id'), c.req.param('project')]
    return projects.find(({ id }) => named.includes(id)) ?? projects[0]
  }
}

const parameterOf = (variable: JsonObject): JsonObject => ({
  name: variable['name'] ?? '',
  value: variable['value'] ?? '',
  description: variable['description'] ?? '',
  paramtype: 'normalparam',
  display_type: 'text',
  display_name: variable['name'] ?? '',
  required: 'false',
  visible: 'true',
  is_static: false,
  is_default: false,
  limits: [],
  constraints: [],
})

const SORT_KEYS = ['name', 'create_time', 'update_time'] as const

interface TemplateQuery {
  readonly name: string | null
  readonly language: string | null
  readonly isSystem: boolean | null
  readonly sort: { readonly key: (typeof SORT_KEYS)[number]; readonly descending: boolean } | null
  readonly offset: number
  readonly limit: number
}

const isMeant = (template: Template, { name, language, isSystem }: TemplateQuery): boolean =>
  (name === null || template.name.toLowerCase().includes(name.toLowerCase())) &&
  (language === null || template.language.toLowerCase() === language.toLowerCase()) &&
  (isSystem === null || (template.project === null) === isSystem)

function sorted(templates: readonly Template[], { sort }: TemplateQuery): readonly Template[] {
  if (sort === null) return templates
  const sign = sort.descending ? -1 : 1
  const compare = (a: Template, b: Template): number =>
    sort.key === 'create_time'
      ? a.createdAt - b.createdAt
      : sort.key === 'update_time'
        ? a.updatedAt - b.updatedAt
        : a.name < b.name
          ? -1
          : Number(a.name > b.name)
  return templates.toSorted((a, b) => sign * compare(a, b))
}

const ROWS = { min: 1, max: 100, fallback: 10 } as const
const START = { min: 0, max: 1_000_000, fallback: 0 } as const

/** `template_type` names no kind that ours have, so that it sorts nothing out. */
const readTemplateQuery = (query: URLSearchParams): Read<TemplateQuery> =>
  read(() => {
    const texts = Object.fromEntries(query)
    const key = oneOf(optionalText(texts, 'sort'), 'sort', SORT_KEYS)
    const isAscending = optionalFlag({ asc: texts['asc'] === '' ? null : (texts['asc'] ?? null) }, 'asc')
    return {
      name: optionalText(texts, 'name'),
      language: null,
      isSystem: optionalFlag({ is_build_in: texts['is_build_in'] || null }, 'is_build_in'),
      sort: key === null ? null : { key, descending: isAscending === false },
      offset: queryInteger(query, 'offset', START),
      limit: queryInteger(query, 'limit', ROWS),
    }
  })

const readTemplateList = (bytes: Uint8Array): Read<TemplateQuery> =>
  readBodyObject(bytes, (body) => {
    const key = oneOf(optionalText(body, 'sort_key'), 'sort_key', SORT_KEYS)
    const direction = oneOf(optionalText(body, 'sort_dir'), 'sort_dir', ['asc', 'desc'])
    return {
      // The older of the two calls has a name of its own for it.
      name: optionalText(body, 'name') ?? optionalText(body, 'template_name'),
      language: optionalText(body, 'language'),
      isSystem: optionalFlag(body, 'is_system'),
      sort: key === null ? null : { key, descending: direction === 'desc' },
      ...pageOf(body),
    }
  })

/** Its plugins are looked at when a pipeline is made of it. */
const readTemplate = (bytes: Uint8Array): Read<TemplateInput> =>
  readBodyObject(bytes, (body) => {
    const definition = requiredText(body, 'definition', DEFINITION_MAX)
    readStages(definition)
    variablesOf(body)
    return {
      name: requiredText(body, 'name', 128),
      language: optionalText(body, 'language', 64) ?? 'none',
      description: optionalText(body, 'description', 1_024) ?? '',
      definition,
      variables: objectsAt(body['variables'], 'variables', 150),
      isShowSource: optionalFlag(body, 'is_show_source') ?? false,
    }
  })
