import { refuse, type Result } from '../../model/problem.ts'
import type { PipelineView } from '../../model/view.ts'
import type { Call } from './call.ts'
import { annotation, ANNOTATION_MAX, configOf, definitionText, type TaskConfig } from './task-config.ts'

/**
 * Stores a task's definition anew with something changed. One that was edited elsewhere, or was never made as a check
 * task, is left alone: this vendor's words do not reach all that stands in it.
 */
export async function changeTask(
  { app, caller }: Call,
  task: PipelineView,
  change: (config: TaskConfig) => TaskConfig,
): Promise<Result<PipelineView>> {
  const config = configOf(task)
  const stored = await app.pipelines.text(caller, { id: task.id }, task.version)
  if (!stored.ok) return stored
  if (config === undefined || stored.value !== definitionText(task.name, config)) {
    return refuse('not_allowed', `pipeline ${task.name} was made or changed elsewhere: change its definition there`)
  }
  const next = change(config)
  if (annotation(next).length > ANNOTATION_MAX) return refuse('invalid_request', 'the settings are too long in all')
  const text = definitionText(task.name, next)
  return app.pipelines.update(caller, { id: task.id }, { text, expectedVersion: task.version })
}
