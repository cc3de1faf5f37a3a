import { isJsonObject, type Json } from '../../model/json.ts'
import { parseJsonObject, type Refused } from '../kit/body.ts'
import { rowsBeforePage } from '../kit/paging.ts'
import { readInteger } from '../kit/query.ts'

/** What `POST /v3/auth/tokens` asks for. */
export interface TokenRequest {
  readonly proof: Proof
  readonly scope:
    | { readonly kind: 'project'; readonly ref: Ref; readonly domain: Ref | null }
    | { readonly kind: 'domain'; readonly ref: Ref }
    | null
}
/** What the caller shows; the kinds are the vendor's names of the methods. */
export type Proof =
  | { readonly kind: 'password'; readonly user: Ref; readonly password: string; readonly domain: Ref | null }
  | { readonly kind: 'token'; readonly id: string }
/** A thing by one of its names; by id when both are there. */
export type Ref = { readonly id: string } | { readonly name: string }

export type ReadRequest<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly kind: 'body'; readonly refused: Refused }
  | { readonly ok: false; readonly kind: 'field'; readonly message: string }

const TEXT_MAX = 1_024
/** As long as the vendor's tokens may be. */
const TOKEN_TEXT_MAX = 100_000

class FieldError extends Error {}

/** Reads the body of a token request: method `password` or `token`, unknown fields refused and named. */
export const readTokenRequest = (bytes: Uint8Array): ReadRequest<TokenRequest> => read(bytes, tokenRequest)

export interface SecurityTokenRequest {
  /** Empty: it is in the header. */
  readonly tokenId: string
  readonly durationSeconds: number
}

/** "15 minutes to 24 hours"; 15 minutes when it is not said. */
const DURATION_SECONDS = { min: 900, max: 86_400 } as const

/** `{auth: {identity: {methods: ["token"], token: {id?, duration_seconds?}}}}`. A policy would cut rights, which we have not. */
export const readSecurityTokenRequest = (bytes: Uint8Array): ReadRequest<SecurityTokenRequest> =>
  read(bytes, (body) => {
    const { auth } = fields(body, 'the body', ['auth'])
    const { identity } = fields(auth, 'auth', ['identity'])
    const { methods, token } = fields(identity, 'auth.identity', ['methods', 'token'])
    if (!Array.isArray(methods) || methods.length !== 1 || methods[0] !== 'token') {
      throw new FieldError('auth.identity.methods: expected ["token"], the one method that is served.')
    }
    const { id, duration_seconds: seconds } =
      token === undefined || token === null ? {} : fields(token, 'auth.identity.token', ['id', 'duration_seconds'])
    const durationSeconds = seconds ?? DURATION_SECONDS.min
    const { min, max } = DURATION_SECONDS
    // Samples of the vendor have it as a number and as text.
    const given = typeof durationSeconds === 'string' ? Number(durationSeconds) : durationSeconds
    if (typeof given !== 'number' || !Number.isInteger(given) || given < min || given > max) {
      throw new FieldError(`auth.identity.token.duration_seconds: expected seconds from ${min} to ${max}.`)
    }
    return {
      tokenId: id === undefined || id === null || id === '' ? '' : text(id, 'auth.identity.token.id'),
      durationSeconds: given,
    }
  })

/** `{project: {name, description?, ...}}`; where it lies (domain, parent) is not ours to choose. */
export const readProjectRequest = (
  bytes: Uint8Array,
): ReadRequest<{ readonly name: string; readonly description: string }> =>
  read(bytes, (body) => {
    const { project } = fields(body, 'the body', ['project'])
    const known = ['name', 'description', 'domain_id', 'parent_id', 'enabled', 'is_domain']
    const { name, description } = fields(project, 'project', known)
    const isGiven = description !== undefined && description !== null && description !== ''
    return {
      name: text(name, 'project.name'),
      description: isGiven ? text(description, 'project.description') : '',
    }
  })

/** What lists of projects and users may be asked for. Given empty counts as not given. */
export interface ListQuery {
  readonly name: string | null
  readonly domainId: string | null
  readonly parentId: string | null
  readonly isDomain: boolean | null
  readonly enabled: boolean | null
  /** Rows of the page; "page must be used together with per_page": one of them alone asks for no page. */
  readonly from: number
  readonly to: number
}

const PAGE_MAX = 1_000_000
const PER_PAGE_MAX = 5_000

export const readListQuery = (query: URLSearchParams): ReadRequest<ListQuery> =>
  reading(() => {
    const text = (name: string): string | null => query.get(name) || null
    const page = queryNumber(query, 'page', PAGE_MAX)
    const perPage = queryNumber(query, 'per_page', PER_PAGE_MAX)
    const isPaged = page !== null && perPage !== null
    return {
      name: text('name'),
      domainId: text('domain_id'),
      parentId: text('parent_id'),
      isDomain: queryFlag(query, 'is_domain'),
      enabled: queryFlag(query, 'enabled'),
      from: isPaged ? rowsBeforePage(page, perPage) : 0,
      to: isPaged ? rowsBeforePage(page, perPage) + perPage : Number.POSITIVE_INFINITY,
    }
  })

function queryNumber(query: URLSearchParams, name: string, max: number): number | null {
  const found = readInteger(query, name, { min: 1, max, fallback: 0 })
  if (!found.ok) throw new FieldError(`${found.message}.`)
  return found.value === 0 ? null : found.value
}

/** Python's clients write `True`. */
function queryFlag(query: URLSearchParams, name: string): boolean | null {
  const word = (query.get(name) ?? '').toLowerCase()
  if (word === '') return null
  if (word === 'true' || word === 'false') return word === 'true'
  throw new FieldError(`${name}: expected true or false.`)
}

function read<Value>(bytes: Uint8Array, take: (body: Json) => Value): ReadRequest<Value> {
  const body = parseJsonObject(bytes)
  return body.ok ? reading(() => take(body.value)) : { ok: false, kind: 'body', refused: body }
}

function reading<Value>(take: () => Value): ReadRequest<Value> {
  try {
    return { ok: true, value: take() }
  } catch (error) {
    if (error instanceof FieldError) return { ok: false, kind: 'field', message: error.message }
    throw error
  }
}

function tokenRequest(body: Json): TokenRequest {
  const { auth } = fields(body, 'the body', ['auth'])
  const { identity, scope } = fields(auth, 'auth', ['identity', 'scope'])
  return { proof: proofOf(identity), scope: scope === undefined || scope === null ? null : scopeOf(scope) }
}

function proofOf(identity: Json | undefined): Proof {
  const { methods, password, token } = fields(identity, 'auth.identity', ['methods', 'password', 'token'])
  const [method, ...more] = Array.isArray(methods) ? (methods as readonly Json[]) : []
  if (more.length > 0 || (method !== 'password' && method !== 'token')) {
    throw new FieldError('auth.identity.methods: expected ["password"] or ["token"], the methods that are served.')
  }
  if (method === 'token') {
    const at = 'auth.identity.token'
    return { kind: 'token', id: text(fields(token, at, ['id'])['id'], `${at}.id`, TOKEN_TEXT_MAX) }
  }
  const { user } = fields(password, 'auth.identity.password', ['user'])
  const at = 'auth.identity.password.user'
  const given = fields(user, at, ['id', 'name', 'password', 'domain'])
  const { id, domain } = given
  return {
    kind: 'password',
    user: id === undefined ? { name: text(given['name'], `${at}.name`) } : { id: text(id, `${at}.id`) },
    password: text(given['password'], `${at}.password`),
    // Keystone: an id is enough, a name is one of an account.
    domain: id !== undefined && domain === undefined ? null : ref(domain, `${at}.domain`, ['id', 'name']),
  }
}

function scopeOf(scope: Json): TokenRequest['scope'] {
  // Keystone's word for none, which OpenStack's own client sends when it is told so.
  if (scope === 'unscoped') return null
  const { project, domain } = fields(scope, 'auth.scope', ['project', 'domain'])
  // "project wins if both are there".
  if (project !== undefined) {
    const at = 'auth.scope.project'
    const { domain: owner } = fields(project, at, ['id', 'name', 'domain'])
    return {
      kind: 'project',
      ref: ref(project, at, ['id', 'name', 'domain']),
      domain: owner === undefined ? null : ref(owner, `${at}.domain`, ['id', 'name']),
    }
  }
  if (domain !== undefined) return { kind: 'domain', ref: ref(domain, 'auth.scope.domain', ['id', 'name']) }
  throw new FieldError('auth.scope: expected project or domain.')
}

function ref(value: Json | undefined, at: string, known: readonly string[]): Ref {
  const { id, name } = fields(value, at, known)
  if (id !== undefined) return { id: text(id, `${at}.id`) }
  return { name: text(name, `${at}.name`) }
}

function fields(
  value: Json | undefined,
  at: string,
  known: readonly string[],
): { readonly [name: string]: Json | undefined } {
  if (!isJsonObject(value)) throw new FieldError(`${at}: expected an object with ${known.join(', ')}.`)
  const unknown = Object.keys(value).find((key) => !known.includes(key))
  if (unknown === undefined) return value
  throw new FieldError(`${at}: expected ${known.join(', ')}, found ${JSON.stringify(unknown.slice(0, 64))}.`)
}

function text(value: Json | undefined, at: string, max = TEXT_MAX): string {
  if (typeof value === 'string' && value !== '' && value.length <= max) return value
  throw new FieldError(`${at}: expected text of 1 to ${max} characters.`)
}
