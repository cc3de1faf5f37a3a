import { Hono, type Context } from 'hono'
import type { App, Caller } from '../../host/app.ts'
import { parseUserId } from '../../model/id.ts'
import type { ProjectView, UserRef } from '../../model/view.ts'
import type { DialectOptions } from '../dialect.ts'
import { readBody } from '../kit/body.ts'
import { gatewayErrors, gatewayResponse } from '../kit/gateway.ts'
import { admitting, type Env } from '../kit/receive.ts'
import { rethrow } from '../kit/serve.ts'
import { badBody, errorResponse, badToken, notReceived, problemResponse, wrongPassword } from './errors.ts'
import {
  domainRef,
  links,
  presentCatalog,
  presentDomains,
  presentEndpoints,
  presentIdentity,
  presentProject,
  presentProjects,
  presentRegions,
  presentServices,
  presentTemporaryKey,
  presentToken,
  presentUser,
  presentVersion,
  REGION,
  type Scope,
} from './present.ts'
import {
  readListQuery,
  readProjectRequest,
  readSecurityTokenRequest,
  readTokenRequest,
  type Proof,
  type ReadRequest,
  type Ref,
  type TokenRequest,
} from './request.ts'

/** "Valid 24 h" (IAM API reference, "获取IAM用户Token（使用密码）"). */
const TOKEN_MS = 24 * 3_600_000
/** By what a token was asked for, and for what, is kept in its label: `iam domain`, `iam token project <id>`. */
const LABEL = /^iam (token )?(?:domain|project ([0-9a-f]{32}))$/
const labelOf = (kind: Proof['kind'], scope: Scope): string =>
  `iam ${kind === 'token' ? 'token ' : ''}${scope.kind === 'project' ? `project ${scope.project.id}` : 'domain'}`

/** Method and path to handler. Everything else is the gateway's 404. */
export function createRoutes(app: App, options: DialectOptions): Hono<Env> {
  const routes = new Hono<Env>()
  const { baseUrl, bodyMaxBytes } = options
  const who = admitting(app, bodyMaxBytes, notReceived)
  routes.notFound((c) => {
    options.onUnrouted?.(c.req.raw)
    return gatewayResponse(gatewayErrors.noApi, c.env.requestId)
  })
  routes.onError(rethrow)
  /** A list that is the same for everybody who is known, and each of it. */
  const listed = (
    name: string,
    items: readonly { readonly id: string }[],
    one: string,
    filters: readonly string[],
  ): void => {
    routes.get(`/v3/${name}`, who, (c) => {
      const query = c.req.query()
      const shown = items.filter((item) =>
        filters.every((key) => query[key] === undefined || Reflect.get(item, key) === query[key]),
      )
      return Response.json({ links: links(`${baseUrl}/v3/${name}`), [name]: shown })
    })
    routes.get(`/v3/${name}/:id`, who, (c) => {
      const item = items.find(({ id }) => id === c.req.param('id'))
      return item === undefined ? errorResponse(404, `Could not find ${one}.`) : Response.json({ [one]: item })
    })
  }

  routes.post('/v3/auth/tokens', (c) => issue(app, c, options))
  routes.get('/v3/auth/tokens', who, (c) => validate(app, c, options))
  routes.delete('/v3/auth/tokens', who, (c) => revoke(app, c))
  routes.get('/v3/auth/catalog', who, () => Response.json(presentCatalog(baseUrl)))
  routes.get('/v3/auth/domains', who, (c) => Response.json(presentDomains(c.var.received.caller, baseUrl)))
  routes.get('/v3/auth/projects', who, (c) => listProjects(app, c, options))
  routes.get('/v3/projects', who, (c) => listProjects(app, c, options))
  for (const [path, more] of [
    ['/v3/projects/:id', {}],
    ['/v3-ext/projects/:id', { status: 'normal' }],
  ] as const) {
    routes.get(path, who, async (c) => {
      const { caller } = c.var.received
      const project = await app.projects.get(caller, { id: c.req.param('id') ?? '' })
      if (!project.ok) return problemResponse(project.problem)
      return Response.json({ project: { ...presentProject(project.value, caller, baseUrl), ...more } })
    })
  }
  routes.post('/v3/projects', who, (c) => createProject(app, c, options))
  routes.get('/v3/regions', who, () => Response.json(presentRegions(baseUrl)))
  routes.get('/v3/regions/:id', who, (c) => {
    const region = presentRegions(baseUrl).regions.find(({ id }) => id === c.req.param('id'))
    return region === undefined ? errorResponse(404, 'The region does not exist.') : Response.json({ region })
  })
  // Clients of Keystone look here before they sign in, by the address that it tells too (api-iam/iam_15_0003).
  for (const path of ['/v3', '/v3/']) routes.get(path, () => Response.json(presentVersion(baseUrl)))
  listed('services', presentServices(baseUrl), 'service', ['type', 'name'])
  listed('endpoints', presentEndpoints(baseUrl), 'endpoint', ['interface', 'service_id'])
  // Nobody sees others here than themselves.
  const self = (c: Context<Env>) => presentUser(c.var.received.caller, baseUrl)
  routes.get('/v3/users', who, (c) => {
    const query = readListQuery(new URL(c.req.url).searchParams)
    if (!query.ok) return badRequest(query, c.env.requestId)
    const { name, domainId, enabled } = query.value
    const user = self(c)
    const isMeant = (name ?? user.name) === user.name && (domainId ?? user.domain_id) === user.domain_id
    return Response.json({ links: links(`${baseUrl}/v3/users`), users: isMeant && enabled !== false ? [user] : [] })
  })
  routes.get('/v3/users/:id', who, (c) =>
    c.req.param('id') === self(c).id
      ? Response.json({ user: self(c) })
      : errorResponse(404, 'Could not find the user, or it is not you.'),
  )
  routes.get('/v3/users/:id/projects', who, (c) =>
    c.req.param('id') === self(c).id
      ? listProjects(app, c, options)
      : errorResponse(403, 'You are not authorized to perform the requested action.'),
  )
  routes.get('/v5/caller-identity', who, (c) => Response.json(presentIdentity(c.var.received.caller)))
  routes.post('/v3.0/OS-CREDENTIAL/securitytokens', (c) => temporaryKey(app, c, options))
  return routes
}

async function issue(app: App, c: Context<Env>, options: DialectOptions): Promise<Response> {
  const { requestId } = c.env
  const body = await readBody(c.req.raw, options.bodyMaxBytes)
  if (!body.ok) return badBody(body, requestId)
  const request = readTokenRequest(body.value)
  if (!request.ok) return badRequest(request, requestId)
  const { proof } = request.value
  const caller = await callerOf(app, proof)
  if (caller === undefined) return proof.kind === 'token' ? badToken('bad-token') : wrongPassword()
  const scope = await scopeOf(app, caller, request.value)
  // As Keystone: who may not have the scope is not told whether it exists.
  if (scope === undefined) return errorResponse(401, 'The scope does not exist, or the user may not have it.')
  const issuedAt = app.now()
  // As Keystone: a token for a token does not outlive it.
  const expiresAt = Math.min(issuedAt + TOKEN_MS, (proof.kind === 'token' ? caller.expiresAt : null) ?? Infinity)
  const { token } = await app.access.issueToken(caller, labelOf(proof.kind, scope), expiresAt)
  const catalog = c.req.query('nocatalog') === undefined ? options.baseUrl : null
  return Response.json(presentToken(caller, scope, proof.kind, { issuedAt, expiresAt }, catalog), {
    status: 201,
    headers: { 'X-Subject-Token': token },
  })
}

async function callerOf(app: App, proof: Proof): Promise<Caller | undefined> {
  if (proof.kind === 'token') return app.access.byToken(proof.id)
  const { user, password, domain } = proof
  // Nobody has an empty name: an id that is not there takes as long as a wrong password.
  const name = 'name' in user ? user.name : ((await userOf(app, user.id))?.name ?? '')
  const caller = await app.access.byPassword(name, password, domain !== null && 'name' in domain ? domain.name : null)
  if (caller === undefined || ('id' in user && caller.user.id !== user.id)) return undefined
  return domain === null || isDomain(caller, domain) ? caller : undefined
}

async function userOf(app: App, text: string): Promise<UserRef | undefined> {
  const id = parseUserId(text)
  return id === undefined ? undefined : app.access.userById(id)
}

const isDomain = (caller: Caller, domain: Ref): boolean =>
  'id' in domain ? domainRef(caller.domain).id === domain.id : caller.domain === domain.name

/** A token that was asked for without a scope is the account's. */
async function scopeOf(app: App, caller: Caller, { scope }: TokenRequest): Promise<Scope | undefined> {
  if (scope === null) return { kind: 'domain' }
  if (scope.kind === 'domain') return isDomain(caller, scope.ref) ? { kind: 'domain' } : undefined
  if (scope.domain !== null && !isDomain(caller, scope.domain)) return undefined
  const found = await app.projects.get(caller, scope.ref)
  const isRegion = 'name' in scope.ref && scope.ref.name === REGION
  const project = found.ok ? found.value : isRegion ? projectOfRegion(await app.projects.list(caller)) : undefined
  return project === undefined ? undefined : { kind: 'project', project }
}

/**
 * Each region of the vendor has a project of its name, which SDKs and Terraform take when they are told of no other. Here it
 * is the first that the caller sees, unless one has that name.
 */
const projectOfRegion = (projects: readonly ProjectView[]): ProjectView | undefined => projects[0]

const badRequest = (request: Extract<ReadRequest<unknown>, { ok: false }>, requestId: string): Response =>
  request.kind === 'body' ? badBody(request.refused, requestId) : errorResponse(400, request.message)

/** Whose token `X-Subject-Token` is, told to whoever has a credential: the subject itself, or an administrator. */
async function validate(app: App, c: Context<Env>, options: DialectOptions): Promise<Response> {
  const found = await subjectOf(app, c)
  if (found instanceof Response) return found
  const { subject, token, id } = found
  const issued = (await app.access.tokens(subject)).find((one) => one.id === id)
  if (issued === undefined) return errorResponse(404, 'The token does not exist or has expired.')
  const [ours, byToken, projectId] = LABEL.exec(issued.label) ?? []
  const project = projectId === undefined ? undefined : await app.projects.get(subject, { id: projectId })
  const scope: Scope = project?.ok === true ? { kind: 'project', project: project.value } : { kind: 'domain' }
  const { expiresAt } = subject
  // The same as when it was issued for a password, which was a moment before it was stored.
  const lives = ours !== undefined && byToken === undefined && expiresAt !== null
  const times = { issuedAt: lives ? expiresAt - TOKEN_MS : issued.createdAt, expiresAt }
  const method = byToken === undefined ? 'password' : 'token'
  const catalog = c.req.query('nocatalog') === undefined ? options.baseUrl : null
  return Response.json(presentToken(subject, scope, method, times, catalog), { headers: { 'X-Subject-Token': token } })
}

/** Ends it at once. "204": there is nothing left to say of it. */
async function revoke(app: App, c: Context<Env>): Promise<Response> {
  const found = await subjectOf(app, c)
  if (found instanceof Response) return found
  const revoked = await app.access.revokeToken(c.var.received.caller, found.id)
  return revoked.ok ? new Response(null, { status: 204 }) : problemResponse(revoked.problem)
}

/** The token that `X-Subject-Token` names, for the subject itself or an administrator; or the refusal. */
async function subjectOf(
  app: App,
  c: Context<Env>,
): Promise<{ readonly subject: Caller; readonly token: string; readonly id: string } | Response> {
  const { caller } = c.var.received
  const token = c.req.header('x-subject-token')?.trim() ?? ''
  if (token === '') return errorResponse(400, 'The header X-Subject-Token is required.')
  const subject = await app.access.byToken(token)
  if (subject === undefined) return errorResponse(404, 'The token does not exist or has expired.')
  if (subject.user.id !== caller.user.id && caller.role !== 'admin') {
    return errorResponse(403, 'Only an administrator may look at the token of another user.')
  }
  // The token's id is its second part: host/app.ts, Access.byToken.
  return { subject, token, id: token.split('_')[1] ?? '' }
}

const TEMPORARY_LABEL = 'iam temporary key'

/**
 * A pair for whoever shows a token: in the header, which wins, or in the body. Not for a signature: with one pair the
 * next could be had, and so on for ever.
 */
async function temporaryKey(app: App, c: Context<Env>, options: DialectOptions): Promise<Response> {
  const { requestId } = c.env
  const body = await readBody(c.req.raw, options.bodyMaxBytes)
  if (!body.ok) return badBody(body, requestId)
  const request = readSecurityTokenRequest(body.value)
  if (!request.ok) return badRequest(request, requestId)
  const token = c.req.header('x-auth-token')?.trim() || request.value.tokenId
  if (token === '') return badToken('missing')
  const caller = await app.access.byToken(token)
  if (caller === undefined) return badToken('bad-token')
  // Nobody makes a credential that outlives the one it was asked for with.
  const wanted = app.now() + request.value.durationSeconds * 1_000
  const expiresAt = Math.min(wanted, caller.expiresAt ?? wanted)
  const { ak, sk, securityToken } = await app.access.issueAccessKey(caller, TEMPORARY_LABEL, expiresAt)
  return Response.json(presentTemporaryKey(ak, sk, securityToken, expiresAt), { status: 201 })
}

async function createProject(app: App, c: Context<Env>, options: DialectOptions): Promise<Response> {
  const { caller, body } = c.var.received
  const request = readProjectRequest(body)
  if (!request.ok) return badRequest(request, c.env.requestId)
  const made = await app.projects.create(caller, request.value)
  if (!made.ok) return problemResponse(made.problem)
  return Response.json({ project: presentProject(made.value, caller, options.baseUrl) }, { status: 201 })
}

/** `name` is exact: an SDK that knows its region only looks for the project of that name. All lie in the account, and are enabled. */
async function listProjects(app: App, c: Context<Env>, options: DialectOptions): Promise<Response> {
  const { caller } = c.var.received
  const query = readListQuery(new URL(c.req.url).searchParams)
  if (!query.ok) return badRequest(query, c.env.requestId)
  const { name, domainId, parentId, isDomain, enabled, from, to } = query.value
  const account = domainRef(caller.domain).id
  const isMine = (domainId ?? account) === account && (parentId ?? account) === account
  const projects = isMine && isDomain !== true && enabled !== false ? await app.projects.list(caller) : []
  const named = projects.filter((project) => name === null || project.name === name)
  const ofRegion = named.length === 0 && name === REGION ? projectOfRegion(projects) : undefined
  const shown = (ofRegion === undefined ? named : [ofRegion]).slice(from, to)
  return Response.json(presentProjects(shown, caller, options.baseUrl, c.req.path))
}
