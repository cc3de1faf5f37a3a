import type { App, Caller } from '../../host/app.ts'
import type { ProjectId } from '../../model/id.ts'
import type { PipelineView, ProjectView } from '../../model/view.ts'
import { configOf } from './task-config.ts'

/** Made to be run and not to be listed, e.g. one-off runs of other systems. */
export const isHidden = ({ definition }: PipelineView): boolean => definition.annotations['hidden'] === 'true'

/** The task that an incremental one was made for; null: it is none, or stands by itself. */
export const parentOf = (pipeline: PipelineView): string | null => configOf(pipeline)?.parentTaskId ?? null

/**
 * Which projects have pipelines that are hidden, or checks of another's changes. Most have none, and there a page of the
 * list is a page of the store: only what was made since the last look is looked at. A pipeline is of these from its making on,
 * or not at all.
 */
export class PipelinesApart {
  readonly #seen = new Map<ProjectId, { readonly after: number | null; readonly any: boolean }>()

  /** Also true when it cannot be told: then the list is made the long way, which says what is wrong. */
  async areIn(app: App, caller: Caller, project: ProjectView): Promise<boolean> {
    let { after, any } = this.#seen.get(project.id) ?? { after: null, any: false }
    while (!any) {
      const page = await app.pipelines.list(caller, { project: { id: project.id } }, { after, limit: 200 })
      if (!page.ok) return true
      const { items, next } = page.value
      any = items.some((pipeline) => isHidden(pipeline) || parentOf(pipeline) !== null)
      after = items.at(-1)?.serial ?? after
      if (next === null) break
    }
    this.#seen.set(project.id, { after, any })
    return any
  }
}
