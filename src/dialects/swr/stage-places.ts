import type { PipelineDefinition } from '../../model/definition.ts'
import type { PipelineView, RunView } from '../../model/view.ts'
import { serviceName, stageId, visibleStages } from './stage.ts'

/**
 * Where each stage of the pipeline, as it stands, is in a run of it: another place, or none (undefined), when an edit has moved
 * stages since. A client knows one list of stages, and reads and steers a run by the places in it. A stage is known by its id,
 * else, as an edit may leave out ids, by its name and service.
 */
export function placesInRun(pipeline: PipelineView, run: RunView): readonly (number | undefined)[] {
  const now = stagesOf(pipeline.definition, pipeline.serial)
  const then = stagesOf(run.definition, pipeline.serial)
  if (run.pipeline.version === pipeline.version && then.length === now.length) return now.map((_, place) => place)
  const byId = new Map(then.map(({ id }, place) => [id, place]))
  const taken = new Set(now.flatMap(({ id }) => byId.get(id) ?? []))
  return now.map(({ id, title }) => {
    const same = byId.get(id) ?? then.findIndex((stage, place) => stage.title === title && !taken.has(place))
    if (same < 0) return undefined
    taken.add(same)
    return same
  })
}

const stagesOf = (definition: PipelineDefinition, serial: number) =>
  visibleStages(definition).map(({ spec }, place) => ({
    id: stageId(serial, place, spec),
    title: `${serviceName(spec)} ${spec.name}`,
  }))

/** The place that clients know for one in the run; for a stage that the pipeline lost, that of the last before it. */
export function placeForClients(places: readonly (number | undefined)[], inRun: number): number {
  const exact = places.indexOf(inRun)
  return exact >= 0
    ? exact
    : Math.max(
        places.findLastIndex((place) => place !== undefined && place < inRun),
        0,
      )
}
