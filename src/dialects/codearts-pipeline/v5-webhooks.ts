import type { Context } from 'hono'
import { readBody } from '../kit/body.ts'
import type { Env } from '../kit/receive.ts'
import type { Desk } from './desk.ts'
import { badBody, errors } from './errors.ts'
import { BadValue, read } from './read.ts'
import { REGION } from './v5-present.ts'

const TOKEN = 'access_token'
const PARAMS_MAX = 100
const NAME_MAX = 128
const VALUE_MAX = 8_192

/** The webhook of a pipeline: its address, and what is called there. */
export class WebhookCalls {
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** ShowGenericWebHook. Of several it is the first; what makes the address one that can be called is its token. */
  async show(c: Context<Env>): Promise<Response> {
    const pipeline = await this.#desk.pipeline(c)
    if (!pipeline.ok) return pipeline.response
    const { id, project, definition, webhooks } = pipeline.value
    const trigger = definition.triggers?.list.find(({ kind }) => kind === 'webhook')
    const hook = trigger === undefined ? undefined : webhooks.find(({ name }) => name === trigger.name)
    const path = `/v5/${project.id}/pipelines/${id}/webhook/callback-run/${REGION}?${TOKEN}=${hook?.id}`
    return Response.json({
      pipelineId: id,
      projectId: project.id,
      region: REGION,
      status: hook !== undefined,
      useIam: false,
      webhookUrl: hook === undefined ? '' : `${this.#desk.options.baseUrl}${path}`,
    })
  }

  /**
   * ExecuteGenericWebhook: its caller is nobody that is known here, so that only the token of the address counts. Headers and
   * body are for signatures; the rest of the query is what the trigger is given.
   */
  async fire(c: Context<Env>): Promise<Response> {
    const { app, options } = this.#desk
    const body = await readBody(c.req.raw, options.bodyMaxBytes)
    if (!body.ok) return badBody(body, c.env.requestId)
    const query = new URL(c.req.url).searchParams
    const params = read(() => paramsOf(query))
    if (!params.ok) return this.#desk.unreadable(c, params)
    const fired = await app.runs.fireWebhook(query.get(TOKEN) ?? '', params.value, {
      header: (name) => c.req.header(name),
      body: new TextDecoder().decode(body.value),
    })
    if (!fired.ok) return this.#desk.refused(c, fired.problem, errors.noPipeline)
    return Response.json({ pipeline_run_id: fired.value.run.id })
  }
}

function paramsOf(query: URLSearchParams): Readonly<Record<string, string>> {
  const given = [...query].filter(([name]) => name !== TOKEN)
  const isLong = given.some(([name, value]) => name.length > NAME_MAX || value.length > VALUE_MAX)
  if (!isLong && given.length <= PARAMS_MAX) return Object.fromEntries(given)
  throw new BadValue(
    `the query: expected at most ${PARAMS_MAX} parameters with names of ${NAME_MAX} and values of ${VALUE_MAX} characters`,
  )
}
