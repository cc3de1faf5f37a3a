import type { Context } from 'hono'
import type { Caller } from '../../host/app.ts'
import type { Problem, Result } from '../../model/problem.ts'
import { accept } from '../../model/problem.ts'
import type { ProjectView } from '../../model/view.ts'
import type { Env } from '../kit/receive.ts'
import type { Desk } from './desk.ts'
import { errorResponse, errors } from './errors.ts'
import { everyPipeline } from './find.ts'
import { statesOf } from './state.ts'
import type { PipelineCalls } from './v5-pipelines.ts'
import { readBinding, readVariableGroup, readVariableGroupChange, readVariableGroups } from './v5-request.ts'
import {
  createVariableGroup,
  everyVariableGroup,
  presentVariableGroup,
  removeVariableGroup,
  updateVariableGroup,
  type VariableGroup,
  variableGroup,
} from './variable-groups.ts'

type Related = readonly { readonly id: string; readonly name: string }[]

/** Parameter groups, and which pipelines have them. */
export class VariableGroupCalls {
  readonly #desk: Desk
  readonly #pipelines: PipelineCalls

  constructor(desk: Desk, pipelines: PipelineCalls) {
    this.#desk = desk
    this.#pipelines = pipelines
  }

  async create(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const input = readVariableGroup(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    const id = await createVariableGroup(this.#desk.app, this.#desk.callerOf(c), project.value.id, input.value)
    return id.ok ? Response.json({ pipeline_variable_group_id: id.value }) : this.#refused(c, id.problem)
  }

  /** Pipelines that have it get the new variables at once; runs that were started keep theirs. */
  async update(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const input = readVariableGroupChange(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    const caller = this.#desk.callerOf(c)
    const done = await updateVariableGroup(this.#desk.app, caller, project.value.id, input.value)
    if (!done.ok) return this.#refused(c, done.problem)
    return this.#rebound(c, caller, project.value, input.value.id, (ids) => ids)
  }

  /** Pipelines that had it lose its variables. */
  async remove(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const id = new URL(c.req.url).searchParams.get('id') ?? ''
    if (id === '') return errorResponse(errors.badParameter, 'id: expected a value, found none')
    const caller = this.#desk.callerOf(c)
    const done = await removeVariableGroup(this.#desk.app, caller, project.value.id, id)
    if (!done.ok) return this.#refused(c, done.problem)
    return this.#rebound(c, caller, project.value, id, (ids) => ids.filter((other) => other !== id))
  }

  async show(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const caller = this.#desk.callerOf(c)
    const group = await variableGroup(this.#desk.app, caller, project.value.id, c.req.param('id') ?? '')
    if (!group.ok) return this.#refused(c, group.problem)
    const related = await this.#related(caller, project.value)
    if (!related.ok) return this.#refused(c, related.problem)
    return Response.json(this.#present(caller, project.value, group.value, related.value))
  }

  async list(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const query = readVariableGroups(this.#desk.bodyOf(c))
    if (!query.ok) return this.#desk.unreadable(c, query)
    const caller = this.#desk.callerOf(c)
    const groups = await everyVariableGroup(this.#desk.app, caller, project.value.id)
    if (!groups.ok) return this.#refused(c, groups.problem)
    const related = await this.#related(caller, project.value)
    if (!related.ok) return this.#refused(c, related.problem)
    const { name, offset, limit } = query.value
    const found = groups.value.filter((group) => group.name.toLowerCase().includes(name.toLowerCase()))
    const shown = found.slice(offset, offset + limit)
    return Response.json({
      pipeline_variable_groups: shown.map((group) => this.#present(caller, project.value, group, related.value)),
      offset,
      limit,
      total: found.length,
    })
  }

  /** Each of a pipeline. The vendor's page shows one of them alone; its Terraform provider reads a list. */
  async ofPipeline(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c, new URL(c.req.url).searchParams.get('pipelineId') ?? '')
    if (!pipeline.ok) return pipeline.response
    const caller = this.#desk.callerOf(c)
    const { project } = pipeline.value
    const states = await statesOf(this.#desk.app, caller, project.id)
    if (!states.ok) return this.#refused(c, states.problem)
    const groups: VariableGroup[] = []
    for (const id of states.value.get(pipeline.value.id)?.variableGroupIds ?? []) {
      const group = await variableGroup(this.#desk.app, caller, project.id, id)
      if (group.ok) groups.push(group.value)
    }
    const { domain } = caller
    return Response.json(
      groups.map((group) => ({ ...presentVariableGroup(group, project.id, domain, []), related_pipelines: null })),
    )
  }

  /** The pipeline has these groups then, and no others. */
  async bind(c: Context<Env>): Promise<Response> {
    const input = readBinding(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    const pipeline = await this.#desk.pipeline(c, input.value.pipelineId)
    if (!pipeline.ok) return pipeline.response
    const caller = this.#desk.callerOf(c)
    for (const id of input.value.groupIds) {
      const group = await variableGroup(this.#desk.app, caller, pipeline.value.project.id, id)
      if (!group.ok) return this.#refused(c, group.problem)
    }
    const bound = await this.#pipelines.bind(c, pipeline.value.id, () => input.value.groupIds)
    return bound.ok ? Response.json({ success: true }) : bound.response
  }

  /** Makes the pipelines that have a group of the groups that `change` leaves them. */
  async #rebound(
    c: Context<Env>,
    caller: Caller,
    project: ProjectView,
    groupId: string,
    change: (ids: readonly string[]) => readonly string[],
  ): Promise<Response> {
    const states = await statesOf(this.#desk.app, caller, project.id)
    if (!states.ok) return this.#refused(c, states.problem)
    for (const [pipelineId, { variableGroupIds }] of states.value) {
      if (!variableGroupIds.includes(groupId)) continue
      const pipeline = await this.#desk.app.pipelines.get(caller, { id: pipelineId })
      if (!pipeline.ok) continue
      const bound = await this.#pipelines.bind(c, pipelineId, change)
      if (!bound.ok) return bound.response
    }
    return Response.json({ success: true })
  }

  /** Pipelines by the id of each group that they have. */
  async #related(caller: Caller, project: ProjectView): Promise<Result<ReadonlyMap<string, Related>>> {
    const states = await statesOf(this.#desk.app, caller, project.id)
    if (!states.ok) return states
    const pipelines = await everyPipeline(this.#desk.app, caller, { project: { id: project.id } })
    if (!pipelines.ok) return pipelines
    const related = new Map<string, { readonly id: string; readonly name: string }[]>()
    for (const { id, name } of pipelines.value) {
      for (const groupId of states.value.get(id)?.variableGroupIds ?? []) {
        related.set(groupId, [...(related.get(groupId) ?? []), { id, name }])
      }
    }
    return accept(related)
  }

  #present(caller: Caller, project: ProjectView, group: VariableGroup, related: ReadonlyMap<string, Related>) {
    return presentVariableGroup(group, project.id, caller.domain, related.get(group.id) ?? [])
  }

  #refused(c: Context<Env>, problem: Problem): Response {
    return this.#desk.refused(c, problem, errors.noVariableGroup)
  }
}
