import type { PipelineRef } from '../../host/app.ts'
import type { Result } from '../../model/problem.ts'
import { isEnded, RUN_STATUSES } from '../../model/status.ts'
import type { PipelineView } from '../../model/view.ts'
import type { Call } from './route.ts'

const LIVE = RUN_STATUSES.filter((status) => !isEnded(status))
const PAGE = 1_000

/**
 * As `DeletePipeline` and `DeleteWorkflow` of aslan do: what is queued or at work is cancelled, and ends behind it.
 * Who may not delete it cancels nothing.
 */
export async function removeWithTasks({ app, caller }: Call, ref: PipelineRef): Promise<Result<PipelineView>> {
  const removed = await app.pipelines.remove(caller, ref)
  if (removed.ok || removed.problem.code !== 'conflict') return removed
  let before: number | null = null
  do {
    const live = await app.runs.list(caller, { pipeline: ref, statuses: LIVE }, { before, limit: PAGE })
    if (!live.ok) return live
    for (const { id } of live.value.items) await app.runs.act(caller, { id }, { action: 'cancel', mode: 'force' })
    before = live.value.next
  } while (before !== null)
  return await app.pipelines.remove(caller, ref)
}
