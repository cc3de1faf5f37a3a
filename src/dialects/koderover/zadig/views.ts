import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import { accept, refuse, type Result } from '../../../model/problem.ts'
import type { PipelineView, ProjectView } from '../../../model/view.ts'
import { json, success } from '../errors.ts'
import { flagOf, objectsOf, textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { objectId } from '../v1-queue.ts'
import { allPipelines } from '../v1-pipelines.ts'
import { type Operation, zadigFace as face } from './face.ts'
import { objectBody } from './request.ts'
import { isWorkflow } from './workflow.ts'

/**
 * Workflows of a project that are looked at together, under a name: each a document. Source: handler/workflow_view.go,
 * service/workflow/workflow_view.go and models/workflow_view.go of aslan's workflow at 0de3d6c.
 */
const KIND = 'koderover/workflow-view'
const VIEWS_MAX = 1_000
const NAME_MAX = 200
const WORKFLOWS_MAX = 1_000

/** `POST /view`. */
export async function createView(call: Call): Promise<Response> {
  const body = await objectBody(call, face)
  return body instanceof Response ? body : await createViewOf(call, body)
}

/** @param body in the portal's words. */
export async function createViewOf(call: Call, body: JsonObject): Promise<Response> {
  const given = readView(call, body)
  if (typeof given === 'string') return face.badRequest(given)
  const project = await projectNamed(call, textOf(given, 'project_name'))
  if (project === undefined) return missingProject('createView', given)
  const id = objectId(call.app.freshId())
  const put = await putView(call, project, { ...given, id }, 0)
  return put.ok ? success() : face.problem('createView', put.problem)
}

/** `PUT /view`: by its id, so that its name can change. */
export async function updateView(call: Call): Promise<Response> {
  const body = await objectBody(call, face)
  return body instanceof Response ? body : await updateViewOf(call, body)
}

/** @param body in the portal's words. */
export async function updateViewOf(call: Call, body: JsonObject): Promise<Response> {
  const given = readView(call, body)
  if (typeof given === 'string') return face.badRequest(given)
  const project = await projectNamed(call, textOf(given, 'project_name'))
  if (project === undefined) return missingProject('updateView', given)
  const views = await viewsOf(call, project)
  if (!views.ok) return face.problem('updateView', views.problem)
  const before = views.value.find((view) => textOf(view, 'id') === textOf(given, 'id'))
  if (before === undefined) return face.operation('updateView', 'update workflow view error: empty workflow view id')
  const [was, is] = [textOf(before, 'name'), textOf(given, 'name')]
  const put = await putView(call, project, given, was === is ? undefined : 0)
  if (!put.ok) return face.problem('updateView', put.problem)
  const removed = was === is ? accept(null) : await call.app.documents.remove(call.caller, refOf(project, was))
  return removed.ok ? success() : face.problem('updateView', removed.problem)
}

/** Of a project that is not there: none. */
export async function viewsIn(call: Call, projectName: string): Promise<Result<readonly JsonObject[]>> {
  const project = await projectNamed(call, projectName)
  return project === undefined ? accept([]) : await viewsOf(call, project)
}

/** `GET /view?projectName=`: their names. */
export async function listViewNames(call: Call): Promise<Response> {
  const name = call.query('projectName')
  if (name === '') return face.operation('listViews', 'list workflow view error: invalid params')
  const views = await viewsIn(call, name)
  if (!views.ok) return face.problem('listViews', views.problem)
  return json(200, views.value.map((view) => textOf(view, 'name')).toSorted())
}

/** `GET /view/preset?projectName=&viewName=`: all workflows of the project, and which of them are in it. */
export async function presetView(call: Call): Promise<Response> {
  const [projectName, viewName] = [call.query('projectName'), call.query('viewName')]
  const views = await viewsIn(call, projectName)
  if (!views.ok) return face.problem('getView', views.problem)
  const view = views.value.find((one) => textOf(one, 'name') === viewName)
  if (viewName !== '' && view === undefined) {
    return face.operation('getView', 'get workflow view error: mongo: no documents in result')
  }
  const pipelines = await allPipelines({ ...call, query: (name) => (name === 'projectName' ? projectName : '') })
  if (!pipelines.ok && pipelines.problem.code !== 'not_found') return face.problem('getView', pipelines.problem)
  const isIn = view === undefined ? () => false : membersOf(view)
  const workflows = (pipelines.ok ? pipelines.value : []).map((pipeline) => ({
    workflow_name: pipeline.name,
    workflow_display_name: pipeline.name,
    workflow_type: typeOf(pipeline),
    enabled: isIn(pipeline),
  }))
  const none = { name: '', project_name: projectName, create_time: 0 }
  return json(200, { ...(view ?? none), workflows })
}

/** `DELETE /view/:projectName/:viewName`, from 2.0 on `DELETE /view?projectName&viewName`. */
export const removeView = (call: Call): Promise<Response> =>
  removeViewOf(
    call,
    call.param('projectName') || call.query('projectName'),
    call.param('viewName') || call.query('viewName'),
  )

export async function removeViewOf(call: Call, projectName: string, name: string): Promise<Response> {
  const project = await projectNamed(call, projectName)
  const removed =
    project === undefined || name === '' || name.length > NAME_MAX
      ? refuse('not_found', 'find workflow view error: mongo: no documents in result')
      : await call.app.documents.remove(call.caller, refOf(project, name))
  return removed.ok ? success() : face.problem('deleteView', removed.problem)
}

/** What a list shows of a view; undefined: there is no view of that name. */
export async function viewTest(
  call: Call,
  projectName: string,
  viewName: string,
): Promise<((pipeline: PipelineView) => boolean) | undefined> {
  const views = await viewsIn(call, projectName)
  const view = views.ok ? views.value.find((one) => textOf(one, 'name') === viewName) : undefined
  return view === undefined ? undefined : membersOf(view)
}

function membersOf(view: JsonObject): (pipeline: PipelineView) => boolean {
  const enabled = objectsOf(view, 'workflows').filter((one) => flagOf(one, 'enabled') === true)
  const names = new Set(
    enabled.map((one) => JSON.stringify([textOf(one, 'workflow_type'), textOf(one, 'workflow_name')])),
  )
  return (pipeline) => names.has(JSON.stringify([typeOf(pipeline), pipeline.name]))
}

const typeOf = ({ definition }: PipelineView): 'product' | 'custom' => (isWorkflow(definition) ? 'product' : 'custom')

/** What is wrong with it as text. */
function readView(call: Call, body: JsonObject): JsonObject | string {
  const { workflows = [] } = body
  if (textOf(body, 'name') === '') return 'view name cannot be empty'
  if (textOf(body, 'project_name') === '') return 'project name cannot be empty'
  if (textOf(body, 'name').length > NAME_MAX) return `name: expected at most ${NAME_MAX} characters`
  if (!Array.isArray(workflows ?? []) || objectsOf(body, 'workflows').length > WORKFLOWS_MAX)
    return `workflows: expected at most ${WORKFLOWS_MAX} workflows`
  return {
    id: textOf(body, 'id'),
    name: textOf(body, 'name'),
    project_name: textOf(body, 'project_name'),
    workflows: objectsOf(body, 'workflows').map((one) => ({
      workflow_name: textOf(one, 'workflow_name'),
      workflow_type: textOf(one, 'workflow_type') === 'custom' ? 'custom' : 'product',
      enabled: flagOf(one, 'enabled') === true,
    })),
    create_time: Math.floor(call.app.now() / 1_000),
    update_by: call.caller.user.name,
  }
}

const missingProject = (operation: Operation, view: JsonObject): Response =>
  face.operation(operation, `there is no project ${JSON.stringify(textOf(view, 'project_name').slice(0, 100))}`)

const projectNamed = async ({ app, caller }: Call, wanted: string): Promise<ProjectView | undefined> =>
  (await app.projects.list(caller)).find(({ name }) => name === wanted)

async function viewsOf({ app, caller }: Call, { id }: ProjectView): Promise<Result<readonly JsonObject[]>> {
  const page = await app.documents.list(caller, { project: { id }, kind: KIND, limit: VIEWS_MAX })
  return page.ok ? accept(page.value.items.map(({ value }) => value).filter((value) => isJsonObject(value))) : page
}

const putView = async ({ app, caller }: Call, project: ProjectView, view: JsonObject, expectedRevision?: number) =>
  await app.documents.put(caller, {
    ...refOf(project, textOf(view, 'name')),
    value: view,
    ...(expectedRevision === undefined ? {} : { expectedRevision }),
  })

const refOf = ({ id }: ProjectView, name: string) => ({ project: { id }, kind: KIND, key: name }) as const
