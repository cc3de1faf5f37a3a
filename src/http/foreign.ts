import { DEPENDS_HEADER, type Dialect, type DialectOptions, FRESH_HEADER } from '../dialects/dialect.ts'
import type { App, Caller } from '../host/app.ts'
import type { RunView } from '../model/view.ts'
import type { Mount } from './mounts.ts'

/** What a foreign API says about a run, and how it was asked. */
export interface ForeignAnswer {
  /** The dialect's name. */
  readonly dialect: string
  readonly system: string
  readonly about: 'run' | 'newest-run'
  readonly request: {
    readonly method: 'GET'
    readonly url: string
    /** With {@link TOKEN_PLACE} where the credential was. */
    readonly headers: Readonly<Record<string, string>>
    /** The same for a shell, in one line. */
    readonly curl: string
  }
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** As a client gets it, byte for byte. */
  readonly body: string
}

export interface Foreign {
  seenBy(caller: Caller, run: RunView): Promise<readonly ForeignAnswer[]>
}

/** What stands in requests that are shown instead of a token. */
const TOKEN_PLACE = '$MILLRACE_TOKEN'
/** More of an answer is not shown. */
const BODY_MAX = 1_048_576

/**
 * The dialects as mounts, and as something that can be asked in the name of a caller who has no credential of theirs:
 * a ticket of 256 random bits stands for the caller in place of a token, while the one request is under way, and
 * nowhere but in this process.
 */
export function foreignMounts(
  app: App,
  dialects: readonly Dialect[],
  options: DialectOptions,
  freshTicket: () => string,
): { readonly mounts: readonly Mount[]; readonly foreign: Foreign } {
  const tickets = new Map<string, Caller>()
  const { access } = app
  // Both are objects of functions of their own (credentials.ts).
  const ticketed: App = {
    ...app,
    access: { ...access, byToken: async (token) => tickets.get(token) ?? access.byToken(token) },
  }
  const mounts = dialects.map((dialect) => ({
    name: dialect.name,
    prefixes: dialect.prefixes,
    handle: dialect.create(ticketed, options),
    asks: dialect.asks?.bind(dialect),
  }))

  async function ask(caller: Caller, run: RunView, { name, handle, asks }: (typeof mounts)[number]) {
    if (asks === undefined) return []
    const ticket = freshTicket()
    const { system, path, headers, about } = asks(run, ticket)
    tickets.set(ticket, caller)
    try {
      const response = await handle(new Request(options.baseUrl + path, { headers }))
      const body = (await response.text()).slice(0, BODY_MAX)
      const shown = asks(run, TOKEN_PLACE)
      const url = options.baseUrl + shown.path
      const answer: ForeignAnswer = {
        dialect: name,
        system,
        about,
        request: { method: 'GET', url, headers: shown.headers, curl: curlOf(url, shown.headers) },
        status: response.status,
        headers: Object.fromEntries([...response.headers].filter(([header]) => !OURS.has(header))),
        body,
      }
      return [answer]
    } finally {
      tickets.delete(ticket)
    }
  }

  return {
    mounts,
    foreign: {
      seenBy: async (caller, run) => (await Promise.all(mounts.map((mount) => ask(caller, run, mount)))).flat(),
    },
  }
}

/** Said to the server, and not sent to clients. */
const OURS: ReadonlySet<string> = new Set([DEPENDS_HEADER, FRESH_HEADER])

/** Single quotes but where the token stands, which the shell fills in. */
function curlOf(url: string, headers: Readonly<Record<string, string>>): string {
  const quoted = (text: string): string =>
    `'${text.replaceAll("'", String.raw`'\''`)}'`.replaceAll(TOKEN_PLACE, `'"${TOKEN_PLACE}"'`)
  const given = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)
  return ['curl -sS', ...given, quoted(url)].join(' ')
}
