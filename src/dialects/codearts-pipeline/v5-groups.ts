import type { Context } from 'hono'
import type { Problem } from '../../model/problem.ts'
import type { Env } from '../kit/receive.ts'
import type { Desk } from './desk.ts'
import { errorResponse, errors } from './errors.ts'
import { createGroup, groupTree, movePipelines, removeGroup, renameGroup, swapGroups } from './groups.ts'
import { readGroupName, readMoves, readNewGroup } from './v5-request.ts'

/** Groups of pipelines. */
export class GroupCalls {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  async create(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const input = readNewGroup(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    const { app } = this.#desk
    const group = await createGroup(app, this.#desk.callerOf(c), project.value.id, input.value)
    return group.ok ? Response.json(group.value) : this.#refused(c, group.problem)
  }

  async rename(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const input = readGroupName(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    const done = await renameGroup(this.#desk.app, this.#desk.callerOf(c), project.value.id, input.value)
    return done.ok ? Response.json({ success: true }) : this.#refused(c, done.problem)
  }

  async remove(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const id = new URL(c.req.url).searchParams.get('id') ?? ''
    if (id === '') return errorResponse(errors.badParameter, 'id: expected a value, found none')
    const done = await removeGroup(this.#desk.app, this.#desk.callerOf(c), project.value.id, id)
    return done.ok ? Response.json({ success: true }) : this.#refused(c, done.problem)
  }

  async tree(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const groups = await groupTree(this.#desk.app, this.#desk.callerOf(c), project.value.id)
    return groups.ok ? Response.json(groups.value) : this.#refused(c, groups.problem)
  }

  async move(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const input = readMoves(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    const moved = await movePipelines(this.#desk.app, this.#desk.callerOf(c), project.value.id, input.value)
    return moved.ok ? Response.json(moved.value) : this.#refused(c, moved.problem)
  }

  /** They change places in the order of the tree. */
  async swap(c: Context<Env>): Promise<Response> {
    const project = await this.#desk.project(c)
    if (!project.ok) return project.response
    const query = new URL(c.req.url).searchParams
    const ids = ['groupId1', 'groupId2'].map((name) => query.get(name) ?? '')
    if (ids.includes('')) return errorResponse(errors.badParameter, 'groupId1, groupId2: expected a value for both')
    const [a = '', b = ''] = ids
    const done = await swapGroups(this.#desk.app, this.#desk.callerOf(c), project.value.id, a, b)
    return done.ok ? Response.json({ success: true }) : this.#refused(c, done.problem)
  }

  #refused(c: Context<Env>, problem: Problem): Response {
    return this.#desk.refused(c, problem, errors.noGroup)
  }
}
