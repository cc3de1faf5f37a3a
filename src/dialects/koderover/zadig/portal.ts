import type { Caller } from '../../../host/app.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { ProjectView } from '../../../model/view.ts'
import { endPortalToken, portalToken } from '../auth.ts'
import { json } from '../errors.ts'
import { misfit, textOf } from '../fields.ts'
import type { Call, Route } from '../route.ts'
import { familyOf, openOf, ZADIG } from '../rows.ts'
import { zadigFace as face } from './face.ts'
import { projectsOf } from './open-projects.ts'
import { objectBody, pageIn } from './request.ts'
import { seconds } from './sub-tasks.ts'

/**
 * What Zadig's portal asks before it shows a workflow, from 1.6 on: signing in, who one is, which projects there are.
 * Source: user/core/service/login/local.go at 0ee5d6b, aslan/core/project/service/project.go of 1.10 and 2.x, and the
 * portal's src/api/index.js and src/store of 1.10 to 1.14.
 */

const route = familyOf(ZADIG)

const openRoute = openOf(ZADIG)

export const portalRoutes: readonly Route[] = [
  openRoute('POST', '/api/v1/login', 'sign in: `{account, password}` → `{uid, token, ...}`, from 1.6 on', signIn),
  openRoute('GET', '/api/v1/login-enabled', 'whether others let people in: no', () => json(200, { enabled: false })),
  openRoute('GET', '/api/v1/logout', 'sign out', signOut),
  route('GET', '/api/v1/userbindings?uid&projectName', 'the caller’s role in all projects, or in one', bindings),
  route('GET', '/api/v1/picket/projects?verbosity', 'projects: `[{name, alias, ...}]`, 1.6 to 1.16', pickedProjects),
  route(
    'GET',
    '/api/aslan/project/projects?verbosity&filter&page_num&page_size',
    'the same: `{projects, total}`, later',
    projects,
  ),
]

/** `login.User`. Who is not let in is told so with 401; there it is an internal error. */
async function signIn(call: Omit<Call, 'caller'>): Promise<Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const wrong = misfit(body, { account: 'string', password: 'string' })
  if (wrong !== undefined) return face.badRequest(wrong)
  const signedIn = await portalToken(call.app, textOf(body, 'account'), textOf(body, 'password'))
  if (signedIn === undefined) {
    const message = 'user not exist or password is wrong'
    return face.problem('getTask', { code: 'unauthenticated', message })
  }
  const { id, name } = signedIn.caller.user
  const user = { uid: id, token: signedIn.token, email: '', phone: '', name, account: name, identityType: 'system' }
  return json(200, user, { 'Cache-Control': 'no-store' })
}

/** `LocalLogoutResp`: nobody is sent anywhere. */
async function signOut({ app, request }: Omit<Call, 'caller'>): Promise<Response> {
  await endPortalToken(app, request.headers)
  return json(200, { enable_redirect: false, redirect_url: '' })
}

/** Their public roles; who may do everything everywhere is an `admin` of the system, and has no other role. */
const ROLES = { viewer: 'read-only', operator: 'contributor', admin: 'project-admin' } as const satisfies Record<
  Caller['role'],
  string
>

/** `[]RoleBinding` of the caller: nobody is told of others. */
async function bindings(call: Call): Promise<Response> {
  const { user, role, projectIds } = call.caller
  const name = call.query('projectName')
  const binding = (own: string): JsonObject => ({ name: `${user.id}-${own}`, uid: user.id, role: own, preset: true })
  if (call.query('uid') !== '' && call.query('uid') !== user.id) return json(200, [])
  if (name === '') return json(200, role === 'admin' && projectIds === null ? [binding('admin')] : [])
  const found = await call.app.projects.get(call.caller, { name })
  return json(200, found.ok ? [binding(ROLES[role])] : [])
}

/** `verbosity`: `detailed`, `brief`, else only names. There are no environments here. */
function represented(call: Call, { name, description, createdAt }: ProjectView): JsonObject {
  const verbosity = call.query('verbosity')
  if (verbosity !== 'detailed') return verbosity === 'brief' ? { name, envs: [] } : { name }
  return {
    name,
    envs: [],
    alias: name,
    desc: description,
    updatedAt: seconds(createdAt),
    updatedBy: '',
    onboard: false,
    public: false,
    deployType: 'k8s',
  }
}

async function pickedProjects(call: Call): Promise<Response> {
  return json(
    200,
    (await projectsOf(call)).map((project) => represented(call, project)),
  )
}

/** `ProjectDetailedResponse` and its shorter forms; `filter` is a part of a name. */
async function projects(call: Call): Promise<Response> {
  const all = (await projectsOf(call)).filter(({ name }) => name.includes(call.query('filter')))
  const page = pageIn(call, all, { size: 'page_size', page: 'page_num', rows: 20 })
  if (typeof page === 'string') return face.badRequest(page)
  return json(200, { projects: page.map((project) => represented(call, project)), total: all.length })
}
