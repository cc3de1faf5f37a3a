import type { ForgeTrigger, TriggerSpec } from '../../model/definition.ts'
import type { JsonObject } from '../../model/json.ts'
import type { PipelineView } from '../../model/view.ts'

/** What else starts a run of the pipeline: the vendor has no word for it, and so no way to take it away. */
export const otherTriggers = (before: PipelineView | null): readonly JsonObject[] =>
  (before?.definition.triggers?.list ?? []).flatMap(written)

/** As a definition has it. */
function written(trigger: TriggerSpec): readonly JsonObject[] {
  const { name, params } = trigger
  switch (trigger.kind) {
    case 'webhook':
    case 'channel':
      return []
    case 'schedule':
      return [{ schedule: trigger.cron, name, timezone: trigger.timezone, missed: trigger.missed, params }]
    case 'upstream':
      return [{ upstream: trigger.pipeline, name, statuses: trigger.statuses, params }]
    case 'forge':
      return [{ ...writtenForge(trigger), name, params }]
  }
}

const writtenForge = (trigger: ForgeTrigger): JsonObject => ({
  forge: trigger.forge,
  signed: trigger.secret,
  events: trigger.events,
  actions: trigger.actions,
  skip_ci: trigger.skipCi,
  forks: trigger.forks,
  ...given({ branches: some(trigger.branches), tags: some(trigger.tags), paths: some(trigger.paths) }),
  ...given({ repository: trigger.repository }),
  ...(trigger.status === null ? {} : { status: given({ ...trigger.status }) }),
  ...(trigger.definition === null ? {} : { definition: given({ ...trigger.definition }) }),
})

const some = (list: readonly string[]): readonly string[] | null => (list.length === 0 ? null : list)

const given = (values: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
