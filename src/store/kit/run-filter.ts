import type { PipelineId } from '../../model/id.ts'
import { isEnded, RUN_STATUSES, type RunStatus } from '../../model/status.ts'
import type { RunFilter } from '../store.ts'

/** More than so many would cost more to ask than they save. */
const PARTS_MAX = 32

/**
 * A filter as filters that each find their runs in order by one index, however many runs there are and however few are
 * meant: of one project, and of one status that runs end with or of those that are under way (which are few). What they
 * find together is what the filter finds. One filter where a small index serves already, or the parts were too many; none
 * where it asks for runs of no project, or in no status.
 */
export function partsOf(filter: RunFilter): readonly RunFilter[] {
  const { projectIds, pipelineId, statuses, needsPerson } = filter
  if (needsPerson === true) return [filter]
  const byStatus: readonly Pick<RunFilter, 'statuses'>[] = statuses === undefined ? [{}] : byEnd([...new Set(statuses)])
  // The runs of one pipeline are those of one project.
  const byProject: readonly Pick<RunFilter, 'projectIds'>[] =
    projectIds === undefined || pipelineId !== undefined
      ? [projectIds === undefined ? {} : { projectIds }]
      : [...new Set(projectIds)].map((id) => ({ projectIds: [id] }))
  const parts = byStatus.flatMap((status) => byProject.map((project) => ({ ...filter, ...status, ...project })))
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
  const { statuses, needsPerson, createdFrom, createdTo } = filter
  if (needsPerson !== undefined || createdFrom !== undefined || createdTo !== undefined) return undefined
  const of = (wanted: readonly RunStatus[]): RunFilter | null =>
    wanted.length === 0 ? null : { ...filter, statuses: wanted }
  const known = statuses ?? RUN_STATUSES
  return { ended: of(known.filter(isEnded)), underWay: of(known.filter((status) => !isEnded(status))) }
}

function byEnd(statuses: NonNullable<RunFilter['statuses']>): readonly Pick<RunFilter, 'statuses'>[] {
  const underWay = statuses.filter((status) => !isEnded(status))
  const ends = statuses.filter(isEnded).map((status) => ({ statuses: [status] }))
  return underWay.length === 0 ? ends : [...ends, { statuses: underWay }]
}
