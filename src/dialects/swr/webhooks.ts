import type { App } from '../../host/app.ts'
import type { DialectOptions } from '../dialect.ts'
import { readBody } from './body.ts'
import { created, queryOf, unreadable, type Call } from './call.ts'
import { errorResponse, errors, problemResponse } from './errors.ts'
import { readTriggerParams } from './request.ts'

/** "Webhook触发流水线或执行步骤": the query is what the trigger is given. Body and headers are for signatures of ours only. */
export async function fireWebhook(app: App, c: Call<'/:id'>, options: DialectOptions): Promise<Response> {
  const params = readTriggerParams(queryOf(c))
  if (!params.ok) return unreadable(params)
  const body = await readBody(c.req.raw, options.bodyMaxBytes)
  if (!body.ok) return unreadable(body)
  const fired = await app.runs.fireWebhook(c.req.param('id'), params.value, {
    header: (name) => c.req.header(name),
    body: new TextDecoder().decode(body.value),
  })
  if (!fired.ok) {
    return fired.problem.code === 'not_allowed'
      ? errorResponse(errors.mustBeReset, fired.problem.message)
      : problemResponse(fired.problem, errors.noWebhook)
  }
  if (fired.value.started) return created()
  return errorResponse(fired.value.stage === null ? errors.triggerOpen : errors.stageTriggerOpen)
}
