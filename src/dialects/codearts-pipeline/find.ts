import type { App, Caller, PipelineListFilter } from '../../host/app.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { PipelineView } from '../../model/view.ts'
import type { ListQuery, SortKey } from './request.ts'
import { originalOf } from './original.ts'
import { namedSourcesOf } from './sources.ts'
import { statusesOf } from './status.ts'

interface Found {
  readonly items: readonly { readonly pipeline: PipelineView; readonly executorId: string | null }[]
  readonly total: number
}

const PAGE = 200

/** The search over pipelines: what our own list cannot filter or sort by is done here, over all that it gives. */
export async function findPipelines(app: App, caller: Caller, query: ListQuery): Promise<Result<Found>> {
  const executors = new Executors(app)
  const text = query.text === null ? {} : { text: query.text }
  const scopes = query.projectIds.length === 0 ? [text] : query.projectIds.map((id) => ({ ...text, project: { id } }))
  const found: PipelineView[] = []
  for (const scope of scopes) {
    const all = await everyPipeline(app, caller, scope)
    if (!all.ok) return all
    for (const pipeline of all.value) if (await isMeant(pipeline, query, executors)) found.push(pipeline)
  }
  if (query.sort !== null) {
    const { key, descending } = query.sort
    found.sort((a, b) => (descending ? -1 : 1) * compare(a, b, key))
  }
  const shown = found.slice(query.offset, query.offset + query.limit)
  return accept({ items: await withExecutors(shown, executors), total: found.length })
}

async function isMeant(pipeline: PipelineView, query: ListQuery, executors: Executors): Promise<boolean> {
  const { latestRun, definition } = pipeline
  if (definition.annotations['hidden'] === 'true') return false
  if (query.creatorIds.length > 0 && !query.creatorIds.includes(pipeline.createdBy.id)) return false
  if (query.statuses.length > 0 || query.outcomes.length > 0) {
    if (latestRun === null || !statusesOf(query.statuses, query.outcomes).includes(latestRun.status)) return false
  }
  if (query.gitUrl !== null && !usesRepository(pipeline, query.gitUrl)) return false
  if (query.executorIds.length === 0) return true
  const executorId = await executors.of(pipeline)
  return executorId !== null && query.executorIds.includes(executorId)
}

/** A step of it fetches that, or a source of it names it. */
const usesRepository = ({ definition }: PipelineView, url: string): boolean =>
  namedSourcesOf(originalOf(definition)?.dto ?? {}).some((source) => source.url === url) ||
  definition.stages.some(({ tasks }) =>
    tasks.some(({ work }) => work.kind === 'runner' && work.uses === 'git' && work.with['url'] === url),
  )

export async function everyPipeline(
  app: App,
  caller: Caller,
  filter: PipelineListFilter,
): Promise<Result<readonly PipelineView[]>> {
  const all: PipelineView[] = []
  for (let after: number | null = null; ;) {
    const page = await app.pipelines.list(caller, filter, { after, limit: PAGE })
    if (!page.ok) return page
    all.push(...page.value.items)
    if (page.value.next === null) return accept(all)
    after = page.value.next
  }
}

function compare(a: PipelineView, b: PipelineView, key: SortKey): number {
  switch (key) {
    case 'pipeline_name':
      return a.name < b.name ? -1 : Number(a.name > b.name)
    case 'create_time':
      return a.createdAt - b.createdAt || a.serial - b.serial
    case 'start_time':
      return (a.lastStartedAt ?? 0) - (b.lastStartedAt ?? 0) || a.serial - b.serial
  }
}

/** Ids of those who started the newest runs, each name looked up once. */
export class Executors {
  readonly #app: App
  readonly #ids = new Map<string, string | null>()

  constructor(app: App) {
    this.#app = app
  }

  async of({ latestRun }: PipelineView): Promise<string | null> {
    return latestRun === null ? null : this.named(latestRun.cause.by)
  }

  async named(name: string): Promise<string | null> {
    const kept = this.#ids.get(name)
    if (kept !== undefined) return kept
    const id = (await this.#app.access.user(name))?.id ?? null
    this.#ids.set(name, id)
    return id
  }
}

const withExecutors = (pipelines: readonly PipelineView[], executors: Executors): Promise<Found['items']> =>
  Promise.all(pipelines.map(async (pipeline) => ({ pipeline, executorId: await executors.of(pipeline) })))
