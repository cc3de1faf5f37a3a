import type { App, Caller } from '../../host/app.ts'
import type { ProjectId } from '../../model/id.ts'
import type { PipelineView, ProjectView } from '../../model/view.ts'

/** Made to be run and not to be listed, e.g. one-off runs of other systems. */
export const isHidden = ({ definition }: PipelineView): boolean => definition.annotations['hidden'] === 'true'

/**
 * Which projects have hidden pipelines. Most have none, and there a page of the list is a page of the store: only what
 * was made since the last look is looked at. A pipeline is hidden from its making on, or not at all.
 */
export class HiddenPipelines {
  readonly #seen = new Map<ProjectId, { readonly after: number | null; readonly any: boolean }>()

  /** Also true when it cannot be told: then the list is made the long way, which says what is wrong. */
  async areIn(app: App, caller: Caller, project: ProjectView): Promise<boolean> {
    let { after, any } = this.#seen.get(project.id) ?? { after: null, any: false }
    while (!any) {
      const page = await app.pipelines.list(caller, { project: { id: project.id } }, { after, limit: 200 })
      if (!page.ok) return true
      const { items, next } = page.value
      any = items.some(isHidden)
      after = items.at(-1)?.serial ?? after
      if (next === null) break
    }
    this.#seen.set(project.id, { after, any })
    return any
  }
}
