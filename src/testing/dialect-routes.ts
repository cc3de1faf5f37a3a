import type { Dialect, DialectOptions, Streams } from '../dialects/dialect.ts'
import { type EndpointMethod, methodsOf, pathsOf } from '../dialects/kit/endpoints.ts'
import type { World } from './world.ts'

/** Streams whose waits never end by themselves: a reader sees what comes first, and goes. */
const streams: Streams = {
  open(_request, chunks) {
    const stop = new AbortController()
    const iterator = chunks(stop.signal)[Symbol.asyncIterator]()
    return new ReadableStream(
      {
        async pull(controller) {
          const next = await iterator.next()
          if (next.done === true) controller.close()
          else controller.enqueue(next.value)
        },
        async cancel() {
          stop.abort()
          await iterator.return?.()
        },
      },
      { highWaterMark: 0 },
    )
  },
  wait: (_durationMs, until) =>
    new Promise((resolve) => {
      if (until.aborted) resolve()
      else until.addEventListener('abort', () => resolve())
    }),
}

/** What dialects get in tests; their times are China's. */
export const DIALECT_OPTIONS = {
  baseUrl: 'http://127.0.0.1:8080',
  zoneOffsetMinutes: 480,
  bodyMaxBytes: 20_000,
  streams,
} as const satisfies DialectOptions

/** Every credential of the world's user, each where its vendor looks for it. */
export const credentialHeaders = ({ credentials }: Pick<World, 'credentials'>): Readonly<Record<string, string>> => ({
  Authorization: `X-API-KEY ${credentials.token}`,
  'X-Auth-Token': credentials.token,
  'X-Bkapi-Authorization': JSON.stringify({
    bk_app_code: credentials.appCode,
    bk_app_secret: credentials.appSecret,
    bk_username: credentials.user,
  }),
})

/** A path of a row with something in the place of all that varies, without its query. */
export function examplePath(path: string, value: (name: string) => string = () => '1'): string {
  const [plain = ''] = path.split('?')
  return plain.replaceAll(/:([A-Za-z_]\w*)|\{(\w+)\}/g, (_, name?: string, braced?: string) =>
    encodeURIComponent(value(name ?? braced ?? '')),
  )
}

type HttpMethod = Exclude<EndpointMethod, 'WS'>

/** Whether the dialect has a route for this, by asking it: what the dialect itself reports through `onUnrouted`. */
export async function isRouted(dialect: Dialect, world: World, method: HttpMethod, path: string): Promise<boolean> {
  let unrouted = false
  const handle = dialect.create(world.app, { ...DIALECT_OPTIONS, onUnrouted: () => (unrouted = true) })
  const headers = credentialHeaders(world)
  const response = await handle(
    new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, {
      method,
      headers,
      ...(method === 'GET' || method === 'HEAD' ? {} : { body: '{}' }),
    }),
  )
  await response.body?.cancel()
  return !unrouted
}

/** Rows that say they are served and are not, or the other way round, as `GET /path`. */
export async function misstatedRows(dialect: Dialect, world: World): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const row of dialect.endpoints ?? []) {
    for (const method of methodsOf(row)) {
      for (const path of pathsOf(row)) {
        // The handshake of a WebSocket is a GET.
        const routed = await isRouted(dialect, world, method === 'WS' ? 'GET' : method, examplePath(path))
        if (routed !== (row.served === true)) wrong.push(`${method} ${path}`)
      }
    }
  }
  return wrong
}
