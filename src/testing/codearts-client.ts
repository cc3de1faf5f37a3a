import { expect } from 'vitest'
import { codeartsPipeline } from '../dialects/codearts-pipeline/index.ts'
import { dto } from './codearts-documents.ts'
import type { World } from './world.ts'

export const BASE = 'http://127.0.0.1:8080'
/** Anything of JSON, for tests to take apart. */
export type Body = ReturnType<typeof JSON.parse>
interface Answer {
  readonly status: number
  readonly body: Body
}

export type CodeartsClient = ReturnType<typeof codeartsClient>

/** A client of CodeArts Pipeline, the generation v5, that speaks to the dialect in a world. */
export function codeartsClient(world: World) {
  const handle = codeartsPipeline.create(world.app, { baseUrl: BASE, zoneOffsetMinutes: 480, bodyMaxBytes: 1_000_000 })
  /** Any path; a text goes out as it is. */
  async function send(method: string, path: string, body?: unknown): Promise<Answer> {
    const init = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const headers = { 'X-Auth-Token': world.credentials.token }
    const response = await handle(new Request(`${BASE}${path}`, { method, headers, ...init }))
    return { status: response.status, body: JSON.parse(await response.text()) as unknown }
  }
  /** Below a project. */
  const call = (method: string, path: string, body?: unknown, project: string = world.project.id): Promise<Answer> =>
    send(method, `/v5/${project}/api${path}`, body)
  async function good(method: string, path: string, body?: unknown): Promise<Body> {
    const answer = await call(method, path, body)
    expect(answer, `${method} ${path}`).toMatchObject({ status: 200 })
    return answer.body
  }
  return {
    handle,
    send,
    call,
    good,
    create: async (stages: readonly object[], more: object = {}): Promise<string> => {
      const made = (await good('POST', '/pipelines', dto(stages, more))) as { readonly pipeline_id: string }
      return made.pipeline_id
    },
    start: async (id: string, body: object = {}): Promise<string> => {
      const made = (await good('POST', `/pipelines/${id}/run`, body)) as { readonly pipeline_run_id: string }
      await world.settled()
      return made.pipeline_run_id
    },
    /** Of a run, or of the newest. */
    detail: (id: string, run = ''): Promise<Body> =>
      good('GET', `/pipelines/${id}/pipeline-runs/detail${run === '' ? '' : `?pipeline_run_id=${run}`}`),
  }
}
