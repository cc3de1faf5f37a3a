import type { RunSummary, RunView } from '../../model/view.ts'

/** What a task was called when it was made here. */
export const NAME_ANNOTATION = 'title'

/** Runs made elsewhere have no name of their own. */
export function taskName(run: RunView | RunSummary): string {
  return (
    run.annotations[NAME_ANNOTATION] ?? `${'pipeline' in run ? run.pipeline.name : run.pipelineName} #${run.number}`
  )
}
