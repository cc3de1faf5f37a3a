import type { App } from '../../host/app.ts'
import { RUN_STATUSES } from '../../model/status.ts'
import type { PipelineView, RunView } from '../../model/view.ts'
import { need, refusal, type Call } from './call.ts'
import { errors } from './errors.ts'
import { runWord } from './status.ts'

/** A run that waits for its triggers is no check yet. */
const UNDER_WAY = RUN_STATUSES.filter((status) => status !== 'waiting' && runWord[status] === 0)

type Params = Parameters<App['runs']['start']>[1]['params']

/**
 * Starts a check, of which a task has one at once: the vendor refuses the next ("task is running"). `call.starting` is for two
 * requests that come together.
 */
export async function startCheck(call: Call, task: PipelineView, params: Params): Promise<RunView> {
  const { app, caller, starting } = call
  if (starting.has(task.id)) throw refusal(errors.notAllowed, `task ${task.name} is running`)
  starting.add(task.id)
  try {
    const filter = { pipeline: { id: task.id }, statuses: UNDER_WAY }
    const { items } = need(await app.runs.list(caller, filter, { before: null, limit: 1 }), errors.noTask)
    if (items.length > 0) throw refusal(errors.notAllowed, `task ${task.name} is running`)
    return need(await app.runs.start(caller, { pipeline: { id: task.id }, params }), errors.noTask)
  } finally {
    starting.delete(task.id)
  }
}
