import type { RunSummary, RunView } from '../../model/view.ts'

/** What a task was called when it was made here. */
export const NAME_ANNOTATION = 'title'

/** What no list shows has an id behind its name (templates.ts). */
const HIDDEN_ID = / [0-9a-f]{32}$/

/** Runs made elsewhere, and by a clock, have no name of their own. */
export function taskName(run: RunView | RunSummary): string {
  return run.annotations[NAME_ANNOTATION] ?? `${pipelineName(run).replace(HIDDEN_ID, '')} #${run.number}`
}

const pipelineName = (run: RunView | RunSummary): string => ('pipeline' in run ? run.pipeline.name : run.pipelineName)
