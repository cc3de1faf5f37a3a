import type { App } from '../../host/app.ts'
import { created, queryOf, unreadable, type Call } from './call.ts'
import { errorResponse, errors, problemResponse } from './errors.ts'
import { readTriggerParams } from './request.ts'

export async function fireWebhook(app: App, c: Call<'/:id'>): Promise<Response> {
  const params = readTriggerParams(queryOf(c))
  if (!params.ok) return unreadable(params)
  const fired = await app.runs.fireWebhook(c.req.param('id'), params.value)
  if (!fired.ok) {
    return fired.problem.code === 'not_allowed'
      ? errorResponse(errors.mustBeReset, fired.problem.message)
      : problemResponse(fired.problem, errors.noWebhook)
  }
  return fired.value.started ? created() : errorResponse(errors.triggerOpen)
}
