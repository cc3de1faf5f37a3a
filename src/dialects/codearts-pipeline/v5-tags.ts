import type { Context } from 'hono'
import type { Result } from '../../model/problem.ts'
import type { ProjectView } from '../../model/view.ts'
import type { Env } from '../kit/receive.ts'
import type { Desk } from './desk.ts'
import { errorResponse, errors } from './errors.ts'
import type { Read } from './read.ts'
import { createTag, everyTag, presentTag, removeTag, setTags, updateTag } from './tags.ts'
import { readTag, readTagChange, readTagging } from './v5-request.ts'

/** Tags of pipelines. */
export class TagCalls {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  async create(c: Context<Env>): Promise<Response> {
    return this.#change(c, readTag(this.#desk.bodyOf(c)), (project, input) =>
      createTag(this.#desk.app, this.#desk.callerOf(c), project.id, input),
    )
  }

  async update(c: Context<Env>): Promise<Response> {
    return this.#change(c, readTagChange(this.#desk.bodyOf(c)), (project, input) =>
      updateTag(this.#desk.app, this.#desk.callerOf(c), project.id, input),
    )
  }

  async set(c: Context<Env>): Promise<Response> {
    return this.#change(c, readTagging(this.#desk.bodyOf(c)), (project, input) =>
      setTags(this.#desk.app, this.#desk.callerOf(c), project.id, input),
    )
  }

  async remove(c: Context<Env>): Promise<Response> {
    const id = new URL(c.req.url).searchParams.get('tagId') ?? ''
    if (id === '') return errorResponse(errors.badParameter, 'tagId: expected a value, found none')
    return this.#change(c, { ok: true, value: id }, (project) =>
      removeTag(this.#desk.app, this.#desk.callerOf(c), project.id, id),
    )
  }

  /** Of `proj_id`, or of the project of the path: clients send both. */
  async list(c: Context<Env>): Promise<Response> {
    const here = await this.#desk.project(c)
    if (!here.ok) return here.response
    const id = new URL(c.req.url).searchParams.get('proj_id') || here.value.id
    const caller = this.#desk.callerOf(c)
    const project = await this.#desk.app.projects.get(caller, { id })
    if (!project.ok) return this.#desk.refused(c, project.problem, errors.noProject)
    const tags = await everyTag(this.#desk.app, caller, project.value.id)
    if (!tags.ok) return this.#desk.refused(c, tags.problem, errors.noProject)
    return Response.json(tags.value.map((tag) => presentTag(tag, project.value)))
  }

  async #change<Input>(
    c: Context<Env>,
    input: Read<Input>,
    change: (project: ProjectView, input: Input) => Promise<Result<null>>,
  ): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    if (!input.ok) return this.#desk.unreadable(c, input)
    const done = await change(project.value, input.value)
    return done.ok ? Response.json({ success: true }) : this.#desk.refused(c, done.problem, errors.noTag)
  }
}
