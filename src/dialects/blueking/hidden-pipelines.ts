import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'
import type { Call } from './call.ts'
import { isHidden } from './templates.ts'

const PAGE = 100
/** A business with more pipelines than this shows what clocks start of the first ones only. */
const PIPELINES_MAX = 10_000

/** Pipelines of a project that are no templates: periodic and clocked tasks, and trees of single tasks. */
export const hiddenPipelines = async (call: Call, projectId: string): Promise<readonly PipelineView[]> =>
  (await allPipelines(call, projectId)).filter(isHidden)

/** Those and the templates. */
export async function allPipelines(call: Call, projectId: string): Promise<readonly PipelineView[]> {
  const found: PipelineView[] = []
  let after: number | null = null
  do {
    const page = await call.app.pipelines.list(call.caller, { project: { id: projectId } }, { after, limit: PAGE })
    if (!page.ok) break
    found.push(...page.value.items)
    after = page.value.next
  } while (after !== null && found.length < PIPELINES_MAX)
  return found
}

/** An annotation that holds an object as JSON; undefined: there is none, or somebody else has written it. */
export function annotated({ annotations }: PipelineView['definition'], name: string): JsonObject | undefined {
  try {
    const value = JSON.parse(annotations[name] ?? 'null') as Json
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
