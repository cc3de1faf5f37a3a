import { isJsonObject, type Json } from '../../model/json.ts'
import { parseJsonObject, type Refused } from '../kit/body.ts'

/** What `POST /v3/auth/tokens` asks for. */
export interface TokenRequest {
  readonly name: string
  readonly password: string
  readonly domain: Ref
  readonly scope:
    | { readonly kind: 'project'; readonly ref: Ref }
    | { readonly kind: 'domain'; readonly ref: Ref }
    | null
}
/** A thing by one of its names; by id when both are there. */
export type Ref = { readonly id: string } | { readonly name: string }

export type TokenRequestResult =
  | { readonly ok: true; readonly value: TokenRequest }
  | { readonly ok: false; readonly kind: 'body'; readonly refused: Refused }
  | { readonly ok: false; readonly kind: 'field'; readonly message: string }

const TEXT_MAX = 1_024

class FieldError extends Error {}

/** Reads the body of a token request: method `password` only, unknown fields refused and named. */
export function readTokenRequest(bytes: Uint8Array): TokenRequestResult {
  const body = parseJsonObject(bytes)
  if (!body.ok) return { ok: false, kind: 'body', refused: body }
  try {
    return { ok: true, value: tokenRequest(body.value) }
  } catch (error) {
    if (error instanceof FieldError) return { ok: false, kind: 'field', message: error.message }
    throw error
  }
}

function tokenRequest(body: Json): TokenRequest {
  const { auth } = fields(body, 'the body', ['auth'])
  const { identity, scope } = fields(auth, 'auth', ['identity', 'scope'])
  const { methods, password } = fields(identity, 'auth.identity', ['methods', 'password'])
  if (!Array.isArray(methods) || methods.length !== 1 || methods[0] !== 'password') {
    throw new FieldError('auth.identity.methods: expected ["password"], the one method that is served.')
  }
  const { user } = fields(password, 'auth.identity.password', ['user'])
  const at = 'auth.identity.password.user'
  const given = fields(user, at, ['name', 'password', 'domain'])
  return {
    name: text(given['name'], `${at}.name`),
    password: text(given['password'], `${at}.password`),
    domain: ref(given['domain'], `${at}.domain`, ['id', 'name']),
    scope: scope === undefined || scope === null ? null : scopeOf(scope),
  }
}

function scopeOf(scope: Json): TokenRequest['scope'] {
  const { project, domain } = fields(scope, 'auth.scope', ['project', 'domain'])
  // "project wins if both are there".
  if (project !== undefined) {
    return { kind: 'project', ref: ref(project, 'auth.scope.project', ['id', 'name', 'domain']) }
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

function text(value: Json | undefined, at: string): string {
  if (typeof value === 'string' && value !== '' && value.length <= TEXT_MAX) return value
  throw new FieldError(`${at}: expected text of 1 to ${TEXT_MAX} characters.`)
}
