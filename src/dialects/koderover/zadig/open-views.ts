import type { JsonObject } from '../../../model/json.ts'
import { json } from '../errors.ts'
import { flagOf, misfit, objectsOf, textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { zadigFace as face } from './face.ts'
import { objectBody } from './request.ts'
import { createViewOf, removeViewOf, updateViewOf, viewsIn } from './views.ts'

/**
 * Views of workflows, by the public API: the same views under other names. Source: handler/openapi.go at 3f39cec and
 * service/workflow/openapi.go at 887a6d5 of aslan's workflow.
 */

const REQUIRED = 'projectKey is required'

/** `[]OpenAPIWorkflowViewBrief`: only the workflows that are in them. */
export async function listOpenViews(call: Call): Promise<Response> {
  const project = call.query('projectKey')
  if (project === '') return face.badRequest(REQUIRED)
  const views = await viewsIn(call, project)
  if (!views.ok) return face.problem('listViews', views.problem)
  return json(
    200,
    views.value.map((view) => ({
      name: textOf(view, 'name'),
      project_key: project,
      update_time: view['create_time'] ?? 0,
      update_by: textOf(view, 'update_by'),
      workflows: objectsOf(view, 'workflows')
        .filter((one) => flagOf(one, 'enabled') === true)
        .map((one) => ({ workflow_key: textOf(one, 'workflow_name'), workflow_type: textOf(one, 'workflow_type') })),
    })),
  )
}

/** `OpenAPICreateWorkflowViewReq`, in the words of the portal's view; all that it names is in. */
export async function createOpenView(call: Call): Promise<Response> {
  const body = await openBody(call)
  if (body instanceof Response) return body
  const given = asView(body, textOf(body, 'project_key'), textOf(body, 'name'))
  if (typeof given === 'string') return face.badRequest(given)
  const workflows = given.workflows.map((one) => ({ ...one, enabled: true }))
  return await createViewOf(call, { ...given, workflows })
}

/** What it has not named stays as it is. */
export async function updateOpenView(call: Call): Promise<Response> {
  const body = await openBody(call)
  if (body instanceof Response) return body
  const [project, name] = [call.query('projectKey'), call.param('name')]
  const given = asView(body, project, name)
  if (typeof given === 'string') return face.badRequest(given)
  const names = given.workflows.map((one) => one.workflow_name)
  if (new Set(names).size < names.length) return face.badRequest('workflow name duplicated')
  const views = await viewsIn(call, project)
  if (!views.ok) return face.problem('updateView', views.problem)
  const before = views.value.find((view) => textOf(view, 'name') === name)
  if (before === undefined)
    return face.operation('updateView', `failed to find workflow view ${name} for project ${project}`)
  const kept = objectsOf(before, 'workflows').filter((one) => !names.includes(textOf(one, 'workflow_name')))
  return await updateViewOf(call, { ...before, workflows: [...kept, ...given.workflows] })
}

export async function removeOpenView(call: Call): Promise<Response> {
  const project = call.query('projectKey')
  return project === '' ? face.badRequest(REQUIRED) : await removeViewOf(call, project, call.param('name'))
}

async function openBody(call: Call): Promise<JsonObject | Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const wrong = misfit(body, { project_key: 'string', name: 'string', workflow_list: 'list' })
  return wrong === undefined ? body : face.badRequest(wrong)
}

/** What is wrong with it as text. */
function asView(body: JsonObject, project_name: string, name: string) {
  if (project_name === '') return 'projectKey cannot be empty'
  if (name === '') return 'view name cannot be empty'
  const workflows = objectsOf(body, 'workflow_list').map((one) => ({
    workflow_name: textOf(one, 'workflow_key'),
    workflow_type: textOf(one, 'workflow_type'),
    enabled: flagOf(one, 'enabled') === true,
  }))
  if (workflows.some((one) => one.workflow_type !== 'product' && one.workflow_type !== 'custom'))
    return 'workflow type must be custom or product'
  return { name, project_name, workflows }
}
