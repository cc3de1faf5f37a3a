import { parseDefinition } from '../definition/parse-definition.ts'
import { blueking } from '../dialects/blueking/index.ts'
import type { DialectOptions } from '../dialects/dialect.ts'
import { stepSpecs } from '../steps/index.ts'
import { DIALECT_OPTIONS } from './dialect-routes.ts'
import { openWorld, type World } from './world.ts'

/** Parsed, for tests to take apart. */
export type Body = ReturnType<typeof JSON.parse>

interface Answer {
  readonly result: boolean
  readonly data: unknown
}

/** A client of the gateway, as one generated of its document is, on a world that reads definitions as the server does. */
export interface BkClient {
  readonly world: World
  readonly biz: number
  get(api: string, ids: readonly (number | string)[], query?: Readonly<Record<string, string>>): Promise<Body>
  post(api: string, ids: readonly (number | string)[], body?: Readonly<Record<string, unknown>>): Promise<Body>
  /** `data` of an answer that must be good. @throws Error with the answer otherwise. */
  need(answer: Promise<Body>): Promise<Body>
}

export async function openBkClient(options: Partial<DialectOptions> = {}): Promise<BkClient> {
  const world = await openWorld({ check: (text, file) => parseDefinition(text, file, stepSpecs) })
  const handle = blueking.create(world.app, { ...DIALECT_OPTIONS, bodyMaxBytes: 1_000_000, ...options })
  const { appCode: bk_app_code, appSecret: bk_app_secret, user: bk_username } = world.credentials
  const headers = { 'X-Bkapi-Authorization': JSON.stringify({ bk_app_code, bk_app_secret, bk_username }) }
  const send = async (
    api: string,
    ids: readonly (number | string)[],
    query: string,
    init: RequestInit,
  ): Promise<Answer> => {
    const path = ['', 'api', 'bk-sops', 'prod', api, ...ids, ''].join('/')
    const response = await handle(new Request(`http://localhost:8080${path}${query}`, { ...init, headers }))
    const body = (await response.json()) as Answer
    await world.settled()
    return body
  }
  return {
    world,
    biz: world.project.serial,
    get: (api, ids, query = {}) => send(api, ids, `?${new URLSearchParams(query).toString()}`, { method: 'GET' }),
    post: (api, ids, body = {}) => send(api, ids, '', { method: 'POST', body: JSON.stringify(body) }),
    need: async (answer) => {
      const body = (await answer) as Answer
      if (body.result !== true) throw new Error(JSON.stringify(body))
      return body.data
    },
  }
}
