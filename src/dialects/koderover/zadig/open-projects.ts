import type { JsonObject } from '../../../model/json.ts'
import type { ProjectView } from '../../../model/view.ts'
import { json, success } from '../errors.ts'
import { misfit, textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { zadigFace as face } from './face.ts'
import { objectBody, pageIn } from './request.ts'
import { seconds } from './sub-tasks.ts'

/**
 * Projects, by the public API. Source: core/project/handler/openapi.go at 10fb52c and service/types.go at 0da22c8. Here a
 * project has one name: it is its key, and what it is called.
 */

/** `OpenAPIProjectListResp`. What a project deploys to is Kubernetes with YAML there, unless it says otherwise. */
export async function listProjects(call: Call): Promise<Response> {
  const all = await projectsOf(call)
  const shown = pageIn(call, all, { size: 'pageSize', page: 'pageNum', rows: 20 })
  if (typeof shown === 'string') return face.badRequest('invalid ListProjectOpenAPI params')
  return json(200, {
    total: all.length,
    projects: shown.map(({ name, description }) => ({
      project_name: name,
      project_key: name,
      description,
      deploy_type: 'k8s',
    })),
  })
}

/** Those that the caller sees, in the order in which they were made. */
export const projectsOf = async ({ app, caller }: Pick<Call, 'app' | 'caller'>): Promise<readonly ProjectView[]> =>
  (await app.projects.list(caller)).toSorted((a, b) => a.serial - b.serial)

/** `OpenAPIProjectDetailResp` */
export async function getProject(call: Call): Promise<Response> {
  const name = call.query('projectKey')
  if (name === '') return face.badRequest('projectKey is empty')
  const found = await call.app.projects.get(call.caller, { name })
  if (!found.ok) return face.problem('getProject', found.problem)
  const { description, createdAt } = found.value
  return json(200, {
    project_name: found.value.name,
    project_key: found.value.name,
    is_public: false,
    desc: description,
    deploy_type: 'k8s',
    create_time: seconds(createdAt),
    created_by: '',
  })
}

const TYPES = new Set(['loaded', 'yaml', 'helm', 'vm'])

/** What `OpenAPICreateProductReq` refuses; undefined: it is good. */
function wrongProject(body: JsonObject): string | undefined {
  const kinds = {
    project_name: 'string',
    project_key: 'string',
    is_public: 'boolean',
    description: 'string',
    project_type: 'string',
  } as const
  if (misfit(body, kinds) !== undefined) return 'invalid ProductTmpl json args'
  if (textOf(body, 'project_name') === '') return 'project_name cannot be empty'
  if (!/^[a-z\d-]+$/.test(textOf(body, 'project_key'))) return 'project key should match regex: ^[a-z-\\d]+$'
  return TYPES.has(textOf(body, 'project_type')) ? undefined : 'unsupported project type'
}

/** By its key, which clients go on with; what it is called beside that stands in its description unless there is one. */
export async function createProject(call: Call): Promise<Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const wrong = wrongProject(body)
  if (wrong !== undefined) return face.badRequest(wrong)
  const [name, called] = [textOf(body, 'project_key'), textOf(body, 'project_name')]
  const description = textOf(body, 'description') || (called === name ? '' : called)
  const made = await call.app.projects.create(call.caller, { name, description })
  return made.ok ? success() : face.problem('createProject', made.problem)
}

/** `isDelete` tells what becomes of the environments there; it must be said here, too. */
export async function removeProject(call: Call): Promise<Response> {
  const name = call.query('projectKey')
  if (name === '') return face.badRequest('projectKey is empty')
  // As strconv.ParseBool reads it.
  if (!/^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(call.query('isDelete')))
    return face.badRequest('invalid param isDelete')
  const removed = await call.app.projects.remove(call.caller, { name })
  return removed.ok ? success() : face.problem('deleteProject', removed.problem)
}
