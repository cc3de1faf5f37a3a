import type { Context } from 'hono'
import type { Caller, UserView } from '../../host/app.ts'
import type { ProjectView } from '../../model/view.ts'
import type { Env } from '../kit/receive.ts'
import type { Desk } from './desk.ts'
import { errorResponse, errors } from './errors.ts'
import { optionalFlag, read } from './read.ts'
import { readPage, readResources, readRoleRights, readRolesOfMany, readUserRights, type Rights } from './v5-request.ts'

type Role = Caller['role']

/**
 * Who may do what with a pipeline. Here that follows from a user's role and projects, which administrators set: what is
 * so is shown, and who asks for what is so already gets it; any other wish is refused, rather than kept without effect.
 */
const rightsOfRole = {
  admin: rights({ execute: true, update: true }),
  operator: rights({ execute: true, update: false }),
  viewer: rights({ execute: false, update: false }),
} as const satisfies Record<Role, Rights>
/** The vendor's roles have numbers. */
const roleIds = { admin: 1, operator: 2, viewer: 3 } as const satisfies Record<Role, number>
const ROLES = ['admin', 'operator', 'viewer'] as const satisfies readonly Role[]

function rights({ execute, update }: { readonly execute: boolean; readonly update: boolean }): Rights {
  return {
    operation_query: true,
    operation_execute: execute,
    operation_update: update,
    operation_delete: update,
    operation_authorize: false,
  }
}

export class RightsCalls {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** Rights are those of the project. */
  async showSwitch(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    return pipeline.ok ? Response.json({ is_use_devuc: true, is_allow_edit: false }) : pipeline.response
  }

  async setSwitch(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const flag = read(() => optionalFlag({ flag: new URL(c.req.url).searchParams.get('flag') }, 'flag'))
    if (!flag.ok) return this.#desk.unreadable(c, flag)
    return answered(flag.value !== true)
  }

  async ofRoles(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const roles = ROLES.map((role) => ({ pipeline_id: pipeline.value.id, ...ofRole(role) }))
    return Response.json({ roles })
  }

  async setRole(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const input = readRoleRights(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    return setRoles([input.value])
  }

  async setRolesOfMany(c: Context<Env>): Promise<Response> {
    const input = readRolesOfMany(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    for (const id of input.value.pipelineIds) {
      const pipeline = await this.#desk.pipeline(c, id)
      if (!pipeline.ok) return pipeline.response
    }
    return setRoles(input.value.roles)
  }

  /** What the caller may do with each of these; with one that is not there, or not theirs to see, nothing. */
  async ofCaller(c: Context<Env>): Promise<Response> {
    const input = readResources(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    const caller = this.#desk.callerOf(c)
    const all: Record<string, Record<string, boolean>>[] = []
    for (const id of input.value) {
      const pipeline = await this.#desk.app.pipelines.get(caller, { id })
      if (!pipeline.ok && pipeline.problem.code !== 'not_found') {
        return this.#desk.refused(c, pipeline.problem, errors.noPipeline)
      }
      all.push({ [id]: namedPlainly(pipeline.ok ? rightsOfRole[caller.role] : none) })
    }
    return Response.json(all)
  }

  /** All who see the project, for those who may see all users; anybody else sees themselves. */
  async ofUsers(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const query = new URL(c.req.url).searchParams
    const page = readPage(query)
    if (!page.ok) return this.#desk.unreadable(c, page)
    const subject = (query.get('subject') ?? '').toLowerCase()
    const people = await this.#people(c, pipeline.value.project)
    const found = people.filter(({ name }) => name.toLowerCase().includes(subject))
    const { offset, limit } = page.value
    const users = found.slice(offset, offset + limit).map(({ id, name, role }) => ({
      pipeline_id: pipeline.value.id,
      user_id: id,
      user_name: name,
      ...ofRole(role),
    }))
    return Response.json({ offset, limit, total: found.length, users })
  }

  async setUser(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const input = readUserRights(this.#desk.bodyOf(c))
    if (!input.ok) return this.#desk.unreadable(c, input)
    const { userId, rights: wanted } = input.value
    const user = (await this.#people(c, pipeline.value.project)).find(({ id }) => id === userId)
    if (user !== undefined) return answered(areSame(wanted, rightsOfRole[user.role]))
    return errorResponse(errors.badParameter, 'user_id: expected a user of the project')
  }

  async #people(
    c: Context<Env>,
    { id }: ProjectView,
  ): Promise<readonly { readonly id: string; readonly name: string; readonly role: Role }[]> {
    const caller = this.#desk.callerOf(c)
    const all = await this.#desk.app.users.list(caller)
    if (!all.ok) return [{ ...caller.user, role: caller.role }]
    return all.value.filter((user: UserView) => user.disabledAt === null && (user.projectIds?.includes(id) ?? true))
  }
}

const none: Rights = {
  operation_query: false,
  operation_execute: false,
  operation_update: false,
  operation_delete: false,
  operation_authorize: false,
}

/** Who may edit a pipeline may also ban, copy and tag it. */
const namedPlainly = (of: Rights) => ({
  query: of.operation_query,
  update: of.operation_update,
  execute: of.operation_execute,
  delete: of.operation_delete,
  banned: of.operation_update,
  copy: of.operation_update,
  authorize: of.operation_authorize,
  tag: of.operation_update,
})

function setRoles(wishes: readonly { readonly roleId: number; readonly rights: Rights }[]): Response {
  for (const { roleId, rights: wanted } of wishes) {
    const role = ROLES.find((one) => roleIds[one] === roleId)
    if (role === undefined) {
      return errorResponse(errors.badParameter, `role_id: expected 1 to ${ROLES.length}, found ${roleId}`)
    }
    if (!areSame(wanted, rightsOfRole[role])) return answered(false)
  }
  return answered(true)
}

const ofRole = (role: Role) => ({ role_id: roleIds[role], role_name: role, ...rightsOfRole[role] })

const areSame = (a: Rights, b: Rights): boolean =>
  (Object.keys(b) as readonly (keyof Rights)[]).every((name) => a[name] === b[name])

const answered = (isSo: boolean): Response =>
  isSo
    ? Response.json({ status: 'success' })
    : errorResponse(
        errors.forbidden,
        'no pipeline has rights of its own here: what users may do follows from their roles and projects, which administrators set',
      )
