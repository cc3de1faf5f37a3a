import type { Streams } from '../dialects/dialect.ts'
import { koderover } from '../dialects/koderover/index.ts'
import { DIALECT_OPTIONS } from './dialect-routes.ts'
import { ScriptedRunner } from './scripted-runner.ts'
import { openWorld, type World } from './world.ts'

/** Anything of JSON, for tests to take apart. */
export type Body = ReturnType<typeof JSON.parse>

/** Somebody with a key, who sends JSON (a text as it is) and reads it. */
export interface Client {
  readonly world: World
  ask(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Body }>
  send(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>
}

export async function open(slots = 100, streams: Streams = DIALECT_OPTIONS.streams): Promise<Client> {
  const world = await openWorld({ runner: new ScriptedRunner(slots) })
  const handle = koderover.create(world.app, { ...DIALECT_OPTIONS, streams })
  const headers = { Authorization: `X-API-KEY ${world.credentials.token}` }
  return {
    world,
    send: (path, given = headers) => handle(new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, { headers: given })),
    ask: async (method, path, body) => {
      const init =
        body === undefined
          ? { method, headers }
          : { method, headers, body: typeof body === 'string' ? body : JSON.stringify(body) }
      const response = await handle(new Request(`${DIALECT_OPTIONS.baseUrl}${path}`, init))
      await world.settled()
      return { status: response.status, body: await response.json() }
    },
  }
}
