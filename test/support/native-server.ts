import { type Client, createClient } from '../../src/client/client.ts'
import type { Dialect } from '../../src/dialects/dialect.ts'
import { silent } from '../../src/http/logger.ts'
import { checkedFetch } from '../../src/http/native/checked-fetch.ts'
import { nativeMounts } from '../../src/http/native/index.ts'
import { type RunningServer, type ServerConfig, startServer } from '../../src/http/server.ts'
import { openWorld, type World } from '../../src/testing/world.ts'

export interface NativeServer extends AsyncDisposable {
  readonly world: World
  readonly server: RunningServer
  /** As the world's admin. */
  readonly client: Client
  /** A request as it is; text and bytes go as they are, objects as JSON. */
  readonly send: (method: string, path: string, request?: RawRequest) => Promise<Response>
}

export interface RawRequest {
  /** null: none. */
  readonly token?: string | null
  readonly body?: string | Uint8Array<ArrayBuffer> | object
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** A world behind the real server on a free port; answers are held against the API's document as they come. */
export async function openNative(
  options: {
    readonly world?: World
    readonly config?: Partial<ServerConfig>
    readonly streamsMax?: number
    readonly dialects?: readonly Dialect[]
  } = {},
): Promise<NativeServer> {
  const world = options.world ?? (await openWorld())
  const server = await startServer({
    app: world.app,
    dialects: options.dialects ?? [],
    mounts: nativeMounts({
      version: '0.0.0',
      pipelineSchema: { type: 'object' },
      ...(options.streamsMax === undefined ? {} : { streamsMax: options.streamsMax }),
    }),
    config: {
      host: '127.0.0.1',
      port: 0,
      baseUrl: null,
      zoneOffsetMinutes: 480,
      bodyMaxBytes: 1_048_576,
      ...options.config,
    },
    logger: silent,
  })
  const { token } = world.credentials
  return {
    world,
    server,
    client: createClient({ baseUrl: server.url, token, fetch: checkedFetch, wait: () => Promise.resolve() }),
    send: (method, path, request = {}) => {
      const given = request.token === undefined ? token : request.token
      const { body } = request
      const isJson = body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)
      return checkedFetch(server.url + path, {
        method,
        headers: {
          ...(given === null ? {} : { authorization: `Bearer ${given}` }),
          ...(isJson ? { 'content-type': 'application/json' } : {}),
          ...request.headers,
        },
        ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as string) }),
        ...(request.signal === undefined ? {} : { signal: request.signal }),
      })
    },
    [Symbol.asyncDispose]: () => server.close(),
  }
}
