import type { RunSummary, RunView } from '../../model/view.ts'
import { formatPlain } from '../kit/time.ts'

/** What a task was called when it was made here. */
export const NAME_ANNOTATION = 'title'

/** What no list shows has an id behind its name (templates.ts). */
const HIDDEN_ID = / [0-9a-f]{32}$/

/**
 * What a clock has started is called after its periodic or clocked task and the moment, as there: `clocked_task/tasks.py`
 * of bk-sops. Runs that were made elsewhere have no name of their own.
 */
export function taskName(
  run: RunView | RunSummary,
  { zoneOffsetMinutes }: { readonly zoneOffsetMinutes: number },
): string {
  const title = run.annotations[NAME_ANNOTATION]
  if (title !== undefined) return title
  const name = 'pipeline' in run ? run.pipeline.name : run.pipelineName
  const own = name.replace(HIDDEN_ID, '')
  if (run.cause.kind !== 'schedule' || own === name) return `${own} #${run.number}`
  return `${own}_${formatPlain(run.createdAt, zoneOffsetMinutes).replace(/\D/g, '')}`
}
