import { dialects } from '../dialects/index.ts'
import { credentialHeaders, DIALECT_OPTIONS } from './dialect-routes.ts'
import type { World } from './world.ts'

/** Anything of JSON, for tests to take apart. */
export type Body = ReturnType<typeof JSON.parse>

export interface Told {
  readonly status: number
  readonly text: string
  /** undefined: the answer is no JSON. */
  readonly body: Body
}

/** A request to whatever dialect owns the path; a text goes as it is, anything else as JSON. */
export type Ask = (method: string, path: string, body?: unknown) => Promise<Told>

/** What else stands under the server's address, e.g. the native API. */
interface Beside {
  readonly prefixes: readonly string[]
  readonly handle: (request: Request) => Promise<Response>
}

/**
 * All dialects on one world, as the server has them: the longest prefix answers.
 * @param headers by default every credential of the world's user, each where its vendor looks for it.
 */
export function allDialects(
  world: World,
  beside: readonly Beside[] = [],
  headers: Readonly<Record<string, string>> = credentialHeaders(world),
): Ask {
  const options = { ...DIALECT_OPTIONS, bodyMaxBytes: 1_000_000 }
  const mounts = [
    ...dialects.map((dialect) => ({ prefixes: dialect.prefixes, handle: dialect.create(world.app, options) })),
    ...beside,
  ]
    .flatMap(({ prefixes, handle }) => prefixes.map((prefix) => ({ prefix, handle })))
    .toSorted((a, b) => b.prefix.length - a.prefix.length)
  return async (method, path, body) => {
    const { pathname } = new URL(path, options.baseUrl)
    const mount = mounts.find(({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`))
    if (mount === undefined) throw new Error(`no dialect is at ${pathname}`)
    const init = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const response = await mount.handle(
      new Request(`${options.baseUrl}${path}`, {
        method,
        headers: { Accept: 'application/json', ...headers },
        ...init,
      }),
    )
    const text = await response.text()
    const json = parsed(text)
    return { status: response.status, text, body: json }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
