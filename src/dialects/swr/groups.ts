import type { App } from '../../host/app.ts'
import { quote } from '../kit/query.ts'
import { parseDocument } from './body.ts'
import { contentRange, listedPipelines, queryOf, rangeWhenPaged, removed, unreadable, type Call } from './call.ts'
import { errorResponse, errors, problemResponse } from './errors.ts'
import { object, refusing, text, wrong } from './fields.ts'
import { isGroupName } from './pipeline-body.ts'
import { presentGroup } from './present.ts'
import { readSlice, type Read } from './request.ts'

/** The vendor's groups are our projects. */

export async function listGroups(app: App, c: Call): Promise<Response> {
  const query = queryOf(c)
  const page = readSlice(query)
  if (!page.ok) return unreadable(page)
  const { offset, limit } = page.value
  const { caller } = c.var
  const projects = await app.projects.list(caller)
  const shown = projects.slice(offset, offset + limit)
  const counts = await Promise.all(shown.map(({ id }) => listedPipelines(app, caller, { project: { id } })))
  const body = shown.map((project, index) => {
    const count = counts[index]
    return presentGroup(project, count?.ok === true ? count.value.length : 0)
  })
  const headers = rangeWhenPaged(query, contentRange(offset, shown.length, projects.length))
  return Response.json(body, { headers })
}

export async function createGroup(app: App, c: Call): Promise<Response> {
  const input = readGroup(c.var.body)
  if (!input.ok) return unreadable(input)
  const made = await app.projects.create(c.var.caller, input.value)
  if (!made.ok) return problemResponse(made.problem)
  const { id, group, description } = presentGroup(made.value, 0)
  return Response.json({ id, group, description }, { status: 201 })
}

const DESCRIPTION_MAX = 4_096

function readGroup(bytes: Uint8Array): Read<{ readonly name: string; readonly description: string }> {
  const body = parseDocument(bytes)
  if (!body.ok) return body
  return refusing(() => {
    const group = object(body.value, { path: 'the body' })
    const name = text(group, 'group', { required: true, max: 128 })
    if (!isGroupName(name)) {
      wrong(`group: expected 1 to 64 lower-case letters, digits, - and _, the first a letter, found ${quote(name)}`)
    }
    return { name, description: text(group, 'description', { max: DESCRIPTION_MAX }) }
  })
}

export async function deleteGroup(app: App, c: Call<'/:name'>): Promise<Response> {
  const gone = await app.projects.remove(c.var.caller, { name: c.req.param('name') })
  if (gone.ok) return removed()
  return gone.problem.code === 'conflict'
    ? errorResponse(errors.groupInUse, gone.problem.message)
    : problemResponse(gone.problem, errors.noGroup)
}
