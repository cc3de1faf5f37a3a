import type { JsonObject } from '../../model/json.ts'
import type { ProjectView } from '../../model/view.ts'
import type { Call } from './call.ts'

/** What `${_system.X}` gives besides what the engine knows. */
const factsOf = ({ serial, name }: ProjectView): JsonObject => ({
  project_id: serial,
  project_name: name,
  bk_biz_id: serial,
  bk_biz_name: name,
  // As plugins of before 3.4 call them.
  biz_cc_id: serial,
  biz_cc_name: name,
  biz_supplier_account: '0',
})

/** Of a run, or of a pipeline whose runs nobody asks for. */
export const systemAnnotation = (
  project: ProjectView,
  { zoneOffsetMinutes, baseUrl }: Pick<Call, 'zoneOffsetMinutes' | 'baseUrl'>,
): { readonly system: string; readonly zone: string; readonly url: string } => ({
  system: JSON.stringify(factsOf(project)),
  // What its expressions take for the time on the wall.
  zone: String(zoneOffsetMinutes),
  // Where tasks are shown; the engine puts the run's id behind it.
  url: `${baseUrl}/runs/`,
})
