import type { App, Caller } from '../../host/app.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { PipelineView } from '../../model/view.ts'
import { everyPipeline, Executors } from './find.ts'
import { groupPaths } from './groups.ts'
import { originalOf } from './original.ts'
import { NO_STATE, statesOf, type PipelineState } from './state.ts'
import { everyTag, type Tag } from './tags.ts'
import type { ListV5, SortKeyV5 } from './v5-request.ts'
import { isPublished, manifestOf } from './v5-present.ts'
import { v5StatusesOf } from './v5-status.ts'

export interface FoundV5 {
  readonly pipeline: PipelineView
  readonly state: PipelineState
  readonly tags: readonly Tag[]
}

/** The list of v5 pipelines: over all that the caller sees of the projects asked for, or of the path's. */
export async function findPipelinesV5(
  app: App,
  caller: Caller,
  pathProject: string,
  query: ListV5,
): Promise<Result<{ readonly items: readonly FoundV5[]; readonly total: number }>> {
  const projects = query.projectIds.length === 0 ? [pathProject] : query.projectIds
  const executors = new Executors(app)
  const found: FoundV5[] = []
  for (const id of projects) {
    const filter = { project: { id }, ...(query.text === null ? {} : { text: query.text }) }
    const pipelines = await everyPipeline(app, caller, filter)
    if (!pipelines.ok) return pipelines
    const states = await statesOf(app, caller, id)
    if (!states.ok) return states
    const tags = await everyTag(app, caller, id)
    if (!tags.ok) return tags
    const paths = query.groupPath === null ? new Map<string, string>() : await groupPaths(app, caller, id)
    for (const pipeline of pipelines.value) {
      const state = states.value.get(pipeline.id) ?? NO_STATE
      if (isInGroup(state, query, paths) && (await isMeant(pipeline, state, query, executors))) {
        found.push({ pipeline, state, tags: tags.value.filter((tag) => state.tagIds.includes(tag.id)) })
      }
    }
  }
  const { sort } = query
  // Without an order asked for: the newest first, as the vendor's page has them.
  const order = sort ?? ({ key: 'create_time', descending: true } as const)
  found.sort((a, b) => (order.descending ? -1 : 1) * compare(a.pipeline, b.pipeline, order.key))
  return accept({ items: found.slice(query.offset, query.offset + query.limit), total: found.length })
}

async function isMeant(
  pipeline: PipelineView,
  state: PipelineState,
  query: ListV5,
  executors: Executors,
): Promise<boolean> {
  const { latestRun, lastStartedAt } = pipeline
  if (pipeline.definition.annotations['hidden'] === 'true') return false
  if (state.banned && !query.banned) return false
  if (query.include !== null && pipeline.id !== query.include) return false
  if (query.exclude !== null && pipeline.id === query.exclude) return false
  if (query.tagIds.length > 0 && !query.tagIds.some((id) => state.tagIds.includes(id))) return false
  const dto = originalOf(pipeline.definition)?.dto ?? null
  if (query.manifests.length > 0 && !query.manifests.includes(manifestOf(dto))) return false
  if (query.componentId !== null && dto?.['component_id'] !== query.componentId) return false
  if (query.updatedFrom !== null && (lastStartedAt === null || lastStartedAt < query.updatedFrom)) return false
  if (query.creatorIds.length > 0 && !query.creatorIds.includes(pipeline.createdBy.id)) return false
  if (query.isPublish !== null && query.isPublish !== isPublished(dto)) return false
  if (query.from !== null && (lastStartedAt === null || lastStartedAt < query.from)) return false
  if (query.to !== null && (lastStartedAt === null || lastStartedAt > query.to)) return false
  if (query.statuses.length > 0) {
    if (latestRun === null || !v5StatusesOf(query.statuses).includes(latestRun.status)) return false
  }
  if (query.executorIds.length === 0) return true
  const executorId = await executors.of(pipeline)
  return executorId !== null && query.executorIds.includes(executorId)
}

function isInGroup(state: PipelineState, query: ListV5, paths: ReadonlyMap<string, string>): boolean {
  const { groupPath, byGroup } = query
  if (groupPath === null) return !byGroup || state.groupId === null
  const path = state.groupId === null ? undefined : paths.get(state.groupId)
  return path !== undefined && (path === groupPath || path.startsWith(`${groupPath}.`))
}

function compare(a: PipelineView, b: PipelineView, key: SortKeyV5): number {
  switch (key) {
    case 'name':
      return a.name < b.name ? -1 : Number(a.name > b.name)
    case 'create_time':
      return a.createdAt - b.createdAt || a.serial - b.serial
    case 'update_time':
      return a.updatedAt - b.updatedAt || a.serial - b.serial
  }
}
