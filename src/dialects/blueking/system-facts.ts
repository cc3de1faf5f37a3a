import type { JsonObject } from '../../model/json.ts'
import type { ProjectView } from '../../model/view.ts'

/** What `${_system.X}` gives besides what the engine knows. */
const factsOf = ({ serial, name }: ProjectView): JsonObject => ({
  project_id: serial,
  project_name: name,
  bk_biz_id: serial,
  bk_biz_name: name,
  biz_supplier_account: '0',
})

/** Of a run, or of a pipeline whose runs nobody asks for. */
export const systemAnnotation = (project: ProjectView): { readonly system: string } => ({
  system: JSON.stringify(factsOf(project)),
})
