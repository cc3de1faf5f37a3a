import type { PipelineId } from '../../model/id.ts'
import { isEnded, RUN_STATUSES, type RunStatus } from '../../model/status.ts'
import type { RunFilter } from '../store.ts'

/** More than so many would cost more to ask than they save. */
const PARTS_MAX = 32

/**
 * A filter as filters that each find their runs in order by one index, however many runs there are and however few are
 * meant: of one project, of one who made them, and of one status that runs end with or of those that are under way (which
 * are few). What they find together is what the filter finds. One filter where a small index serves already, or the parts
 * were too many; none where it asks for runs of no project, in no status, or made by nobody.
 */
export function partsOf(filter: RunFilter): readonly RunFilter[] {
  const { projectIds, pipelineId, statuses, needsPerson, causeBy } = filter
  if (needsPerson === true) return [filter]
  // Who made a run stands in the indexes of those that have ended, before how they have.
  const wanted = statuses ?? (causeBy === undefined ? undefined : RUN_STATUSES)
  const byStatus: readonly Pick<RunFilter, 'statuses'>[] = wanted === undefined ? [{}] : byEnd([...new Set(wanted)])
  const byCause: readonly Pick<RunFilter, 'causeBy'>[] =
    causeBy === undefined ? [{}] : [...new Set(causeBy)].map((name) => ({ causeBy: [name] }))
  // The runs of one pipeline are those of one project.
  const byProject: readonly Pick<RunFilter, 'projectIds'>[] =
    projectIds === undefined || pipelineId !== undefined
      ? [projectIds === undefined ? {} : { projectIds }]
      : [...new Set(projectIds)].map((id) => ({ projectIds: [id] }))
  const parts = byStatus.flatMap((status) =>
    byProject.flatMap((project) => byCause.map((cause) => ({ ...filter, ...status, ...project, ...cause }))),
  )
  return parts.length > PARTS_MAX ? [filter] : parts
}

/** So many pipelines are asked one by one; a text that more have in their names is in many runs. */
export const PIPELINES_MAX = 16

/**
 * The parts of a filter by text. Nobody looks through runs for one: `pipelineIds` are the pipelines of which any run, ended
 * or under way, was named so, at most one more than {@link PIPELINES_MAX}.
 */
export function partsNamed(filter: RunFilter, pipelineIds: readonly PipelineId[]): readonly RunFilter[] {
  if (pipelineIds.length > PIPELINES_MAX) return partsOf(filter)
  const named = pipelineIds.map((pipelineId) => ({ ...filter, pipelineId }))
  const parts = named.flatMap(partsOf)
  return parts.length > PARTS_MAX ? named : parts
}

/**
 * What is to be counted of the runs that have ended, which are counted by home, name and status, and of those that are
 * under way, which are few; null for a side that has none. Undefined where the counts do not tell.
 */
export function countsOf(
  filter: RunFilter,
): { readonly ended: RunFilter | null; readonly underWay: RunFilter | null } | undefined {
  const { statuses, projectIds: _, pipelineId: _pipeline, text: _text, ...others } = filter
  if (Object.values(others).some((other) => other !== undefined)) return undefined
  const of = (wanted: readonly RunStatus[]): RunFilter | null =>
    wanted.length === 0 ? null : { ...filter, statuses: wanted }
  const known = statuses ?? RUN_STATUSES
  return { ended: of(known.filter(isEnded)), underWay: of(known.filter((status) => !isEnded(status))) }
}

/** What is to be counted row by row where {@link countsOf} says nothing: those that somebody made stand in indexes of parts. */
export const countedPartsOf = (filter: RunFilter): readonly RunFilter[] =>
  filter.causeBy === undefined ? [filter] : partsOf(filter)

function byEnd(statuses: NonNullable<RunFilter['statuses']>): readonly Pick<RunFilter, 'statuses'>[] {
  const underWay = statuses.filter((status) => !isEnded(status))
  const ends = statuses.filter(isEnded).map((status) => ({ statuses: [status] }))
  return underWay.length === 0 ? ends : [...ends, { statuses: underWay }]
}
