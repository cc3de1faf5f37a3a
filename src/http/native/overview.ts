import { z } from 'zod'
import type { App, Caller, RunListFilter } from '../../host/app.ts'
import { accept, type Result } from '../../model/problem.ts'
import { isEnded, RUN_STATUSES, type RunStatus } from '../../model/status.ts'
import type { RunView, StageView, TaskView } from '../../model/view.ts'
import {
  presentAttention,
  presentExplanation,
  presentFailure,
  presentReview,
  presentViewSummary,
  time,
  timeOrNull,
} from './present.ts'
import * as query from './query.ts'
import { projectRef } from './refs.ts'
import { route } from './route.ts'
import { Overview } from './schema.ts'

type Wire = z.output<typeof Overview>

/** Runs of each kind that are told; the counters count all of them. */
const RUNS_MAX = 50
const FAILED_MAX = 20
/** Nodes at work that are named for each run. */
const NODES_MAX = 5
const DAY_MS = 86_400_000

/** Where each status is told; what needs a person is told before all of these. */
const PLACE = {
  waiting: 'queued',
  queued: 'queued',
  running: 'running',
  reviewing: 'running',
  paused: 'running',
  held: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  errored: 'failed',
  timed_out: 'failed',
  cancelled: null,
  rolling_back: 'running',
  rolled_back: null,
  rollback_failed: 'failed',
  rollback_errored: 'failed',
} as const satisfies Record<RunStatus, 'queued' | 'running' | 'succeeded' | 'failed' | null>

const statusesOf = (place: (typeof PLACE)[RunStatus]): readonly RunStatus[] =>
  RUN_STATUSES.filter((status) => PLACE[status] === place)

export const getOverview = route({
  method: 'GET',
  path: '/api/v1/overview',
  id: 'getOverview',
  tag: 'runs',
  summary: 'What needs a person, what runs, what waits and why, and what has failed of late',
  description: `At most ${RUNS_MAX} runs of each kind, ${FAILED_MAX} failed ones; the counters count all.`,
  query: z.object({
    project: query.name.describe('Id or name'),
    text: query.name.describe("Part of the pipeline's name"),
  }),
  status: 200,
  answer: { json: Overview },
  problems: ['not_found'],
  handle: async ({ app, caller, query: { project, text } }) => {
    const filter: RunListFilter = {
      ...(project === undefined ? {} : { project: projectRef(project) }),
      ...(text === undefined ? {} : { text }),
    }
    const made = await overview(app, caller, filter)
    return made.ok ? accept({ body: made.value }) : made
  },
})

async function overview(app: App, caller: Caller, filter: RunListFilter): Promise<Result<Wire>> {
  const now = app.now()
  const moving = { ...filter, needsPerson: false }
  const lists = await all([
    viewsOf(app, caller, { ...filter, needsPerson: true }, RUNS_MAX),
    viewsOf(app, caller, { ...moving, statuses: statusesOf('running') }, RUNS_MAX),
    viewsOf(app, caller, { ...moving, statuses: statusesOf('queued') }, RUNS_MAX),
    viewsOf(app, caller, { ...moving, statuses: statusesOf('failed') }, FAILED_MAX),
  ])
  if (!lists.ok) return lists
  const recent = { ...filter, createdFrom: now - DAY_MS }
  const counts = await all([
    app.runs.count(caller, { ...filter, needsPerson: true }),
    app.runs.count(caller, { ...moving, statuses: statusesOf('running') }),
    app.runs.count(caller, { ...moving, statuses: statusesOf('queued') }),
    app.runs.count(caller, { ...recent, statuses: statusesOf('failed') }),
    app.runs.count(caller, { ...recent, statuses: statusesOf('succeeded') }),
  ])
  if (!counts.ok) return counts
  const [asking = [], running = [], queued = [], failed = []] = lists.value
  const [needsPerson = 0, runningCount = 0, queuedCount = 0, failedCount = 0, succeededCount = 0] = counts.value
  const reasons = await all(queued.map(({ id }) => app.runs.explain(caller, { id })))
  return accept({
    at: time(now),
    counters: {
      needs_person: needsPerson,
      running: runningCount,
      queued: queuedCount,
      failed_24h: failedCount,
      succeeded_24h: succeededCount,
    },
    needs_person: asking.flatMap(asked).toSorted(byDeadlineThenAge),
    running: running.map((run) => ({ run: presentViewSummary(run), ...progressOf(run) })),
    queued: queued.map((run, index) => {
      const reason = reasons.ok ? reasons.value[index]?.[0] : undefined
      return { run: presentViewSummary(run), reason: reason === undefined ? null : presentExplanation(reason) }
    }),
    failed: failed.map((run) => ({
      run: presentViewSummary(run),
      failure:
        run.failure === null
          ? null
          : {
              node: { id: run.failure.node, name: run.failure.nodeName },
              failure: presentFailure(run.failure.failure),
            },
    })),
  })
}

/** The values of all, or the first refusal. */
async function all<Value>(results: readonly Promise<Result<Value>>[]): Promise<Result<readonly Value[]>> {
  const values: Value[] = []
  for (const result of await Promise.all(results)) {
    if (!result.ok) return result
    values.push(result.value)
  }
  return accept(values)
}

async function viewsOf(
  app: App,
  caller: Caller,
  filter: RunListFilter,
  limit: number,
): Promise<Result<readonly RunView[]>> {
  const page = await app.runs.list(caller, filter, { before: null, limit })
  if (!page.ok) return page
  return app.runs.batch(
    caller,
    page.value.items.map(({ id }) => ({ id })),
  )
}

/** One entry for each thing that somebody must do: a run can ask for several. */
function asked(run: RunView): Wire['needs_person'] {
  const summary = presentViewSummary(run)
  const tasks = new Map<string, TaskView>(run.stages.flatMap(({ tasks }) => tasks).map((task) => [task.id, task]))
  const stages = new Map<string, StageView>(run.stages.map((stage) => [stage.id, stage]))
  return run.attention.map(presentAttention).map((attention) => {
    const task = tasks.get(attention.node?.id ?? '')
    const node = task ?? stages.get(attention.node?.id ?? '')
    return {
      run: summary,
      ...attention,
      until: attention.until ?? timeOrNull(task?.deadlineAt ?? null),
      node: node === undefined ? null : { id: node.id, key: node.key, name: node.name },
      review: task?.review == null ? null : presentReview(task.review),
      failure: attention.kind !== 'held' || task?.failure == null ? null : presentFailure(task.failure),
      allowed: node === undefined ? [] : [...node.allowed],
      run_allowed: [...run.allowed],
    }
  })
}

type Asked = Wire['needs_person'][number]

/** What ends by itself first; then what has waited longest. */
function byDeadlineThenAge(a: Asked, b: Asked): number {
  const [left, right] = [a.until ?? '~', b.until ?? '~']
  if (left !== right) return left < right ? -1 : 1
  return a.since < b.since ? -1 : 1
}

function progressOf(run: RunView): Pick<Wire['running'][number], 'done' | 'total' | 'nodes'> {
  const tasks = run.stages.flatMap(({ tasks }) => tasks)
  return {
    done: tasks.filter(({ status }) => isEnded(status)).length,
    total: tasks.length,
    nodes: tasks
      .filter(({ status }) => status !== 'pending' && !isEnded(status))
      .slice(0, NODES_MAX)
      .map(({ id, key, name, status, startedAt }) => ({ id, key, name, status, started_at: timeOrNull(startedAt) })),
  }
}
