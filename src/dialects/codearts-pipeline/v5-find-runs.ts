import type { App, Caller, RunListFilter } from '../../host/app.ts'
import { CAUSE_KINDS } from '../../model/event.ts'
import { parseUserId } from '../../model/id.ts'
import { accept, type Result } from '../../model/problem.ts'
import type { PipelineView, RunSummary } from '../../model/view.ts'
import { executeTypes } from './status.ts'
import type { RunsV5 } from './v5-request.ts'
import { v5StatusesOf } from './v5-status.ts'

interface FoundRuns {
  readonly shown: readonly RunSummary[]
  readonly total: number
}

const PAGE_MAX = 1_000

/**
 * The history of a pipeline, newest first: only what is shown is read, and what is before it. Another order, and the time of
 * the last change, are not what our own list goes by: there all that it finds is read.
 */
export async function findRunsV5(
  app: App,
  caller: Caller,
  pipeline: PipelineView,
  query: RunsV5,
): Promise<Result<FoundRuns>> {
  const { offset, limit, sort, updatedFrom } = query
  const filter = await filterOf(app, pipeline, query)
  if (sort === null && updatedFrom === null) {
    const total = await app.runs.count(caller, filter)
    if (!total.ok) return total
    const newest = await newestOf(app, caller, filter, Math.min(offset + limit, total.value))
    return newest.ok ? accept({ shown: newest.value.slice(offset), total: total.value }) : newest
  }
  const all = await newestOf(app, caller, filter, Number.POSITIVE_INFINITY)
  if (!all.ok) return all
  const found = all.value.filter((run) => updatedFrom === null || run.updatedAt >= updatedFrom)
  if (sort !== null) {
    const of = (run: RunSummary): number =>
      sort.key === 'start_time' ? (run.startedAt ?? run.createdAt) : run.updatedAt
    found.sort((a, b) => (sort.descending ? -1 : 1) * (of(a) - of(b) || a.number - b.number))
  }
  return accept({ shown: found.slice(offset, offset + limit), total: found.length })
}

/** At most `wanted` of them. */
async function newestOf(
  app: App,
  caller: Caller,
  filter: RunListFilter,
  wanted: number,
): Promise<Result<RunSummary[]>> {
  const found: RunSummary[] = []
  let before: number | null = null
  while (found.length < wanted) {
    const page = await app.runs.list(caller, filter, { before, limit: Math.min(PAGE_MAX, wanted - found.length) })
    if (!page.ok) return page
    found.push(...page.value.items)
    before = page.value.next
    if (before === null) break
  }
  return accept(found)
}

async function filterOf(app: App, pipeline: PipelineView, query: RunsV5): Promise<RunListFilter> {
  const { statuses, from, to, triggerTypes, executorIds } = query
  return {
    pipeline: { id: pipeline.id },
    ...(statuses.length === 0 ? {} : { statuses: v5StatusesOf(statuses) }),
    ...(from === null ? {} : { createdFrom: from }),
    ...(to === null ? {} : { createdTo: to + 1 }),
    ...(triggerTypes.length === 0
      ? {}
      : { causeKinds: CAUSE_KINDS.filter((kind) => triggerTypes.includes(executeTypes[kind])) }),
    ...(executorIds.length === 0 ? {} : { causeBy: await namesOf(app, executorIds) }),
  }
}

/** Of those that there are. */
async function namesOf(app: App, ids: readonly string[]): Promise<readonly string[]> {
  const known = ids.map(parseUserId).filter((id) => id !== undefined)
  const users = await Promise.all(known.map((id) => app.access.userById(id)))
  return users.flatMap((user) => (user === undefined ? [] : [user.name]))
}
