import type { Context } from 'hono'
import type { Caller } from '../../host/app.ts'
import { asId, type ProjectId, type UserId } from '../../model/id.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Result } from '../../model/problem.ts'
import type { PipelineView } from '../../model/view.ts'
import { taggedJson, withDepends } from '../kit/cache.ts'
import { sealFor } from '../kit/credentials.ts'
import { shortened } from '../kit/query.ts'
import type { Env } from '../kit/receive.ts'
import { compileDto, type Names } from './compile.ts'
import type { Desk, Found } from './desk.ts'
import { dtoOf, type PipelineDto, sealedDto, withSecretsOf } from './dto.ts'
import { errorResponse, errors } from './errors.ts'
import { groupNamed } from './groups.ts'
import { originalOf } from './original.ts'
import { namedIn } from './plugins.ts'
import { type Read, read, readBodyObject } from './read.ts'
import { changeState, removeState, stateOf } from './state.ts'
import { presentListedTag } from './tags.ts'
import { findPipelinesV5 } from './v5-find.ts'
import { presentLatest, presentListedV5, presentPipeline } from './v5-present.ts'
import { readBatch, readListV5 } from './v5-request.ts'
import type { LatestRun } from './v5-wire.ts'
import { sharedVariables } from './variable-groups.ts'

const BIND_TRIES = 5

/** Pipelines of the v5 family: made, read, edited, listed, banned. */
export class PipelineCalls {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  async create(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const body = readBodyObject(this.#desk.bodyOf(c), (given) => given)
    const made = await this.make(c, project.value.id, body)
    return made.ok ? Response.json({ pipeline_id: made.value.id }) : made.response
  }

  /** Of a body as {@link create} takes it. */
  async make(c: Context<Env>, projectId: string, body: Read<JsonObject>): Promise<Found<PipelineView>> {
    const text = await this.#compiled(c, projectId, body, null)
    if (!text.ok) return text
    const { app } = this.#desk
    const caller = this.#desk.callerOf(c)
    const created = await app.pipelines.create(caller, { project: { id: projectId }, text: text.value.text })
    if (!created.ok) return this.#desk.refusal(c, created.problem, errors.noProject)
    const { groupId } = text.value.dto
    if (groupId !== null) {
      const put = await changeState(app, caller, created.value, { groupId })
      if (!put.ok) return this.#desk.refusal(c, put.problem, errors.noPipeline)
    }
    return created
  }

  async show(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const caller = this.#desk.callerOf(c)
    const state = await stateOf(this.#desk.app, caller, pipeline.value)
    const response = taggedJson(presentPipeline(pipeline.value, state, caller.domain))
    return withDepends(response, [`pipeline:${pipeline.value.id}`, `project:${pipeline.value.project.id}`])
  }

  async edit(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const { app } = this.#desk
    const caller = this.#desk.callerOf(c)
    const state = await stateOf(app, caller, pipeline.value)
    if (state.banned) return errorResponse(errors.banned, `pipeline ${pipeline.value.name} is disabled`)
    const { id, project, version } = pipeline.value
    const body = readBodyObject(this.#desk.bodyOf(c), (given) => given)
    const text = await this.#compiled(c, project.id, body, pipeline.value)
    if (!text.ok) return text.response
    const updated = await app.pipelines.update(caller, { id }, { text: text.value.text, expectedVersion: version })
    if (!updated.ok) return this.#desk.refused(c, updated.problem, errors.noPipeline)
    // A body that does not speak of a group leaves the pipeline in its own.
    const inGroup = 'group_id' in text.value.dto.given ? { groupId: text.value.dto.groupId } : {}
    const change = { ...inGroup, updaterId: caller.user.id }
    const put = await changeState(app, caller, pipeline.value, change)
    return put.ok ? Response.json({ pipeline_id: id }) : this.#desk.refused(c, put.problem, errors.noPipeline)
  }

  /**
   * Gives a pipeline other parameter groups: its definition gets their variables as params.
   * @param change from the groups that it has to those that it shall have.
   */
  async bind(
    c: Context<Env>,
    id: string,
    change: (groupIds: readonly string[]) => readonly string[],
  ): Promise<Found<null>> {
    const { app } = this.#desk
    const caller = this.#desk.callerOf(c)
    for (let left = BIND_TRIES; ; left -= 1) {
      const found = await app.pipelines.get(caller, { id })
      if (!found.ok) return this.#desk.refusal(c, found.problem, errors.noPipeline)
      const { project, version, definition } = found.value
      const { variableGroupIds: before } = await stateOf(app, caller, found.value)
      const groupIds = change(before)
      const original = originalOf(definition)
      if (original === null && groupIds.some((one) => !before.includes(one))) {
        const message = `pipeline ${found.value.name} was made in another way: its variables are params of its definition`
        return { ok: false, response: errorResponse(errors.notAllowed, message) }
      }
      if (original === null) return this.#bound(c, found.value, groupIds)
      const text = await this.#textOf(c, project.id, dtoOf(original.dto), groupIds)
      if (!text.ok) return text
      const updated = await app.pipelines.update(caller, { id }, { text: text.value, expectedVersion: version })
      // Somebody edited it meanwhile.
      if (!updated.ok && updated.problem.code === 'stale_version' && left > 0) continue
      if (!updated.ok) return this.#desk.refusal(c, updated.problem, errors.noPipeline)
      return this.#bound(c, updated.value, groupIds)
    }
  }

  async #bound(c: Context<Env>, pipeline: PipelineView, variableGroupIds: readonly string[]): Promise<Found<null>> {
    const put = await changeState(this.#desk.app, this.#desk.callerOf(c), pipeline, { variableGroupIds })
    return put.ok ? { ok: true, value: null } : this.#desk.refusal(c, put.problem, errors.noPipeline)
  }

  async remove(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const removed = await this.removed(c, pipeline.value)
    if (!removed.ok) return this.#desk.refused(c, removed.problem, errors.noPipeline)
    return Response.json({ pipeline_id: removed.value.id })
  }

  async removed(c: Context<Env>, pipeline: PipelineView): Promise<Result<PipelineView>> {
    const { app } = this.#desk
    const caller = this.#desk.callerOf(c)
    const removed = await app.pipelines.remove(caller, { id: pipeline.id })
    // What is left of it is found by nobody.
    if (removed.ok) await removeState(app, caller, pipeline)
    return removed
  }

  async list(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const query = readListV5(this.#desk.bodyOf(c), this.#desk.options.zoneOffsetMinutes)
    if (!query.ok) return this.#desk.unreadable(c, query)
    const caller = this.#desk.callerOf(c)
    const found = await findPipelinesV5(this.#desk.app, caller, project.value.id, query.value)
    if (!found.ok) return this.#desk.refused(c, found.problem, errors.noProject)
    const { items, total } = found.value
    const latest = await this.#latest(
      caller,
      items.map(({ pipeline }) => pipeline),
    )
    return Response.json({
      offset: query.value.offset,
      limit: query.value.limit,
      total,
      pipelines: items.map(({ pipeline, state, tags }) => {
        const shown = tags.map((tag) => presentListedTag(tag, pipeline.project.id, caller.domain))
        return presentListedV5(pipeline, state, shown, latest.get(pipeline.id) ?? null)
      }),
    })
  }

  /** Newest states of pipelines by id; those that never ran, or are not there, are left out. */
  async batch(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const ids = readBatch(this.#desk.bodyOf(c))
    if (!ids.ok) return this.#desk.unreadable(c, ids)
    const caller = this.#desk.callerOf(c)
    const found = await Promise.all(ids.value.map((id) => this.#desk.app.pipelines.get(caller, { id })))
    const pipelines = found.flatMap((pipeline) =>
      pipeline.ok && pipeline.value.project.id === project.value.id ? [pipeline.value] : [],
    )
    const latest = await this.#latest(caller, pipelines)
    return Response.json(pipelines.flatMap(({ id }) => latest.get(id) ?? []))
  }

  /** A banned pipeline is neither started nor edited by this vendor's clients. "-: Boolean": the answer is that word alone. */
  async ban(c: Context<Env>, banned: boolean): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const put = await changeState(this.#desk.app, this.#desk.callerOf(c), pipeline.value, { banned })
    return put.ok ? Response.json(true) : this.#desk.refused(c, put.problem, errors.noPipeline)
  }

  /** The newest runs of those that ran, by id of the pipeline. */
  async #latest(caller: Caller, pipelines: readonly PipelineView[]): Promise<ReadonlyMap<string, LatestRun>> {
    const refs = pipelines.flatMap(({ latestRun }) => (latestRun === null ? [] : [{ id: latestRun.id }]))
    const runs = await this.#desk.app.runs.batch(caller, refs)
    const executors = this.#desk.executors()
    const frame = this.#desk.frame()
    const entries = (runs.ok ? runs.value : []).map(
      async (run) => [run.pipeline.id, presentLatest(run, await executors.named(run.cause.by), frame)] as const,
    )
    return new Map(await Promise.all(entries))
  }

  /** The body of the request as a definition of ours. */
  async #compiled(
    c: Context<Env>,
    projectId: string,
    body: Read<JsonObject>,
    former: PipelineView | null,
  ): Promise<Found<{ readonly text: string; readonly dto: PipelineDto }>> {
    if (!body.ok) return { ok: false, response: this.#desk.unreadable(c, body) }
    const formerDto = former === null ? null : (originalOf(former.definition)?.dto ?? null)
    const componentId = new URL(c.req.url).searchParams.get('component_id')
    const given = componentId === null ? body.value : { ...body.value, component_id: componentId }
    const dto = read(() =>
      dtoOf(sealedDto(withSecretsOf(given, formerDto), sealFor(this.#desk.app, asId<ProjectId>(projectId)))),
    )
    if (!dto.ok) return { ok: false, response: this.#desk.unreadable(c, dto) }
    const caller = this.#desk.callerOf(c)
    const { groupId } = dto.value
    if (groupId !== null && (await groupNamed(this.#desk.app, caller, projectId, groupId)) === null) {
      return { ok: false, response: errorResponse(errors.noGroup, `there is no group ${shortened(groupId)}`) }
    }
    const groupIds = former === null ? [] : (await stateOf(this.#desk.app, caller, former)).variableGroupIds
    const text = await this.#textOf(c, projectId, dto.value, groupIds)
    return text.ok ? { ok: true, value: { text: text.value, dto: dto.value } } : text
  }

  async #textOf(
    c: Context<Env>,
    projectId: string,
    dto: PipelineDto,
    groupIds: readonly string[],
  ): Promise<Found<string>> {
    const caller = this.#desk.callerOf(c)
    const shared = await sharedVariables(this.#desk.app, caller, projectId, groupIds)
    if (!shared.ok) return this.#desk.refusal(c, shared.problem, errors.noProject)
    const names = await this.#names(caller, projectId, dto)
    const text = read(() => compileDto(dto, names, shared.value))
    return text.ok ? text : { ok: false, response: this.#desk.unreadable(c, text) }
  }

  /** Who and what a definition names by id. */
  async #names(caller: Caller, projectId: string, { stages }: PipelineDto): Promise<Names> {
    const { app } = this.#desk
    const steps = stages.flatMap(({ pre, jobs, post }) => [...pre, ...jobs.flatMap((job) => job.steps), ...post])
    const named = namedIn(steps)
    const users = await Promise.all(
      [...new Set(named.users)].map(
        async (id) =>
          [id, /^[0-9a-f]{32}$/.test(id) ? (await app.access.userById(asId<UserId>(id)))?.name : undefined] as const,
      ),
    )
    const pipelines = await Promise.all(
      [...new Set(named.pipelines)].map(async (id) => [id, await app.pipelines.get(caller, { id })] as const),
    )
    return {
      projectId,
      userNames: new Map(users.flatMap(([id, name]) => (name === undefined ? [] : [[id, name] as const]))),
      pipelines: new Map(
        pipelines.flatMap(([id, found]) => {
          if (!found.ok || found.value.project.id !== projectId) return []
          const { name, definition } = found.value
          return [[id, { name, params: new Set(definition.params.map((param) => param.name)) }] as const]
        }),
      ),
    }
  }
}
