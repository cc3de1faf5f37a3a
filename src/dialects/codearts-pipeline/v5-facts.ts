import type { Context } from 'hono'
import type { ProjectView } from '../../model/view.ts'
import { rowsBeforePage } from '../kit/paging.ts'
import type { Env } from '../kit/receive.ts'
import type { Desk } from './desk.ts'
import { errors } from './errors.ts'
import { everyPipeline } from './find.ts'
import { presentSystemVariables, runtimeVariables } from './system-variables.ts'
import { presentVariables } from './v5-present.ts'
import { readCounts, readPage } from './v5-request.ts'

/** What else is asked of a pipeline: its variables, who has edited it, which of its triggers were refused. */
export class FactCalls {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  async runtimeVariables(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const page = readPage(new URL(c.req.url).searchParams)
    if (!page.ok) return this.#desk.unreadable(c, page)
    const { offset, limit } = page.value
    const all = runtimeVariables(pipeline.value, presentVariables(pipeline.value))
    return Response.json({ offset, limit, total: all.length, variables: all.slice(offset, offset + limit) })
  }

  async systemVariables(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    return pipeline.ok ? Response.json(presentSystemVariables(pipeline.value)) : pipeline.response
  }

  /** The newest first; the first version is the making of it. */
  async history(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const page = readPage(new URL(c.req.url).searchParams)
    if (!page.ok) return this.#desk.unreadable(c, page)
    const versions = await this.#desk.app.pipelines.versions(this.#desk.callerOf(c), { id: pipeline.value.id })
    if (!versions.ok) return this.#desk.refused(c, versions.problem, errors.noPipeline)
    const { offset, limit } = page.value
    const newest = versions.value.toSorted((a, b) => b.version - a.version)
    const data = newest.slice(offset, offset + limit).map(({ version, createdAt, createdBy: { name } }) => ({
      creator_name: name,
      creator_nick_name: name,
      create_time: createdAt,
      modify_type: version === 1 ? 'create' : 'edit',
    }))
    return Response.json({ data, count: newest.length })
  }

  /** How many pipelines each project of the caller has; in the order of the projects when none is asked for. */
  async counts(c: Context<Env>): Promise<Response> {
    const query = readCounts(new URL(c.req.url).searchParams)
    if (!query.ok) return this.#desk.unreadable(c, query)
    const { order, pageNo, pageSize } = query.value
    const { app } = this.#desk
    const caller = this.#desk.callerOf(c)
    const counts: { readonly project: ProjectView; readonly count: number }[] = []
    for (const project of await app.projects.list(caller)) {
      const all = await everyPipeline(app, caller, { project: { id: project.id } })
      if (!all.ok) return this.#desk.refused(c, all.problem, errors.noProject)
      const shown = all.value.filter(({ definition }) => definition.annotations['hidden'] !== 'true')
      counts.push({ project, count: shown.length })
    }
    if (order !== null) counts.sort((a, b) => (order === 'asc' ? 1 : -1) * (a.count - b.count))
    const from = rowsBeforePage(pageNo, pageSize)
    return Response.json({
      total: counts.length,
      pageSize,
      pageNo,
      projectCountList: counts.slice(from, from + pageSize).map(({ project: { id, name }, count }) => ({
        projectName: name,
        projectId: id,
        pipelineCount: String(count),
        deleted: false,
      })),
      allCount: counts.reduce((sum, { count }) => sum + count, 0),
    })
  }

  /** Automatic starts that were refused, as far as they are remembered: the newest. */
  async refusals(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const page = readPage(new URL(c.req.url).searchParams)
    if (!page.ok) return this.#desk.unreadable(c, page)
    const { id, definition } = pipeline.value
    const fires = await this.#desk.app.pipelines.nextFires(this.#desk.callerOf(c), { id }, 1)
    if (!fires.ok) return this.#desk.refused(c, fires.problem, errors.noPipeline)
    const { offset, limit } = page.value
    const all = fires.value.refusals.toSorted((a, b) => b.at - a.at)
    const records = all.slice(offset, offset + limit).map(({ trigger, at, message }) => {
      const spec = definition.triggers?.list.find(({ name }) => name === trigger)
      return {
        pipeline_id: id,
        trigger_time: at,
        trigger_type: spec?.kind === 'schedule' ? 'Scheduler' : 'Push',
        executor_id: null,
        executor_name: trigger,
        reason: message,
      }
    })
    return Response.json({ offset, limit, total: all.length, triggerFailedRecordVOS: records })
  }
}
