import type { RunListFilter } from '../../host/app.ts'
import { CAUSE_KINDS, type Cause } from '../../model/event.ts'
import type { Problem, Result } from '../../model/problem.ts'
import { RUN_STATUSES, type RunStatus } from '../../model/status.ts'
import type { Instant } from '../../model/time.ts'
import type { PipelineView, ProjectView, RunSummary } from '../../model/view.ts'
import type { Call } from './call.ts'
import { CALLBACK_PIPELINE } from './callbacks.ts'
import { CLOCKED_ANNOTATION } from './clocked.ts'
import { hiddenPipelines } from './hidden-pipelines.ts'
import { parseSerial } from './ids.ts'
import { methodOf } from './present-rows.ts'
import { runState } from './status.ts'
import { taskName } from './task-name.ts'
import { TEMPLATE_ANNOTATION } from './task-tree.ts'

/** Which tasks of a business are asked for; what is left out asks nothing. */
export interface TaskCriteria {
  /** Part of the name. */
  readonly keyword?: string | undefined
  readonly name?: string | undefined
  /** Made of any of these, as they name them: what no template has for its id finds nothing. */
  readonly templates?: readonly string[] | undefined
  /** `create_method`. */
  readonly method?: string | undefined
  readonly isChild?: boolean | undefined
  readonly isStarted?: boolean | undefined
  readonly isFinished?: boolean | undefined
  readonly creator?: string | undefined
  readonly executor?: string | undefined
  /** All bounds belong to what is asked for. */
  readonly createdFrom?: Instant | undefined
  readonly createdTo?: Instant | undefined
  readonly startedFrom?: Instant | undefined
  readonly startedTo?: Instant | undefined
  /** What only one who asks knows. */
  readonly picks?: ((run: RunSummary) => boolean) | undefined
}

type Filter = RunListFilter & { readonly project: { readonly id: string } }

/** What our lists look for, and what of it they leave in that was not asked for. */
export interface TaskQuery {
  readonly filter: Filter
  /** What {@link filter} finds, each of which our store has in order: of one pipeline each. Several where nothing is picked. */
  readonly parts: readonly Filter[]
  /** undefined: nothing. */
  readonly picks: ((run: RunSummary) => boolean) | undefined
}

export async function taskQuery(call: Call, project: ProjectView, criteria: TaskCriteria): Promise<TaskQuery> {
  const { name, keyword, method, templates, startedFrom, startedTo, picks } = criteria
  const byClock = method === 'clocked' || method === 'periodic'
  const hidden = templates !== undefined || byClock ? await hiddenPipelines(call, project.id) : []
  const made = templates === undefined ? undefined : await madeOf(call, templates, hidden)
  const [only, ...more] = made ?? []
  const filter = {
    project: { id: project.id },
    ...filterOf(criteria),
    // One pipeline is looked for, several are looked for one by one or picked; of none there is no task.
    ...(only !== undefined && more.length === 0 ? { pipeline: { id: only } } : {}),
    ...(made?.size === 0 ? { statuses: [] } : {}),
  }
  const named =
    made === undefined || made.size > PARTS_MAX ? [] : [...made].map((id) => ({ ...filter, pipeline: { id } }))
  const clocked = byClock ? clockedIds(hidden) : undefined
  const tests: readonly (((run: RunSummary) => boolean) | undefined)[] = [
    keyword === undefined ? undefined : (run) => taskName(run, call).includes(keyword),
    name === undefined ? undefined : (run) => taskName(run, call) === name,
    clocked === undefined ? undefined : (run) => (method === 'clocked') === clocked.has(run.pipelineId),
    startedFrom === undefined ? undefined : ({ startedAt }) => startedAt !== null && startedAt >= startedFrom,
    startedTo === undefined ? undefined : ({ startedAt }) => startedAt !== null && startedAt <= startedTo,
    picks,
  ]
  const asked = tests.filter((test) => test !== undefined)
  const isParted = asked.length === 0 && named.length > 1
  if (made !== undefined && made.size > 1 && !isParted) asked.push((run) => made.has(run.pipelineId))
  return {
    filter,
    parts: isParted ? named : [filter],
    picks: asked.length === 0 ? undefined : (run) => asked.every((test) => test(run)),
  }
}

/** So many pipelines are asked one by one. */
const PARTS_MAX = 16

function filterOf(criteria: TaskCriteria): Omit<RunListFilter, 'project'> {
  const { creator, executor, createdFrom, createdTo } = criteria
  const statuses = statusesOf(criteria.isStarted, criteria.isFinished)
  const causeKinds = kindsOf(criteria.method, criteria.isChild)
  // Whoever makes a task is its executor here, once it has begun; two people are none.
  const makers = [creator, executor].filter((one) => one !== undefined)
  return {
    ...(statuses === undefined ? {} : { statuses }),
    ...(createdFrom === undefined ? {} : { createdFrom }),
    ...(createdTo === undefined ? {} : { createdTo: createdTo + 1 }),
    ...(makers.length === 0 ? {} : { causeBy: new Set(makers).size === 1 ? makers.slice(0, 1) : [] }),
    ...(executor === undefined ? {} : { isStarted: true }),
    ...(causeKinds === undefined ? {} : { causeKinds }),
  }
}

/** undefined: of all. */
function kindsOf(method: string | undefined, isChild: boolean | undefined): readonly Cause['kind'][] | undefined {
  // None here is the child of another in their sense: those stand below their parent's node.
  if (isChild === true) return []
  if (method === undefined) return undefined
  const named = method === 'clocked' ? 'periodic' : method
  return CAUSE_KINDS.filter((kind) => methodOf({ kind }) === named)
}

const clockedIds = (hidden: readonly PipelineView[]): ReadonlySet<string> =>
  new Set(hidden.filter(({ definition }) => CLOCKED_ANNOTATION in definition.annotations).map(({ id }) => id))

/** Pipelines whose runs are tasks of these templates: themselves, and those that were made of them. */
async function madeOf(
  call: Call,
  templates: readonly string[],
  hidden: readonly PipelineView[],
): Promise<ReadonlySet<string>> {
  const serials = templates.map(parseSerial).filter((serial) => serial !== undefined)
  const own = await Promise.all(serials.map((serial) => call.app.pipelines.get(call.caller, { serial })))
  const others = hidden.filter(({ definition }) =>
    serials.includes(Number(definition.annotations[TEMPLATE_ANNOTATION] ?? NaN)),
  )
  return new Set([...own.flatMap((found) => (found.ok ? [found.value.id] : [])), ...others.map(({ id }) => id)])
}

export const isStarted = (status: RunStatus): boolean => runState[status] !== 'CREATED'
export const isFinished = (status: RunStatus): boolean => runState[status] === 'FINISHED'

function statusesOf(started: boolean | undefined, finished: boolean | undefined): RunStatus[] | undefined {
  if (started === undefined && finished === undefined) return undefined
  return RUN_STATUSES.filter(
    (status) =>
      (started === undefined || isStarted(status) === started) &&
      (finished === undefined || isFinished(status) === finished),
  )
}

type Slice =
  | { readonly ok: true; readonly rows: readonly RunSummary[]; readonly passed: number | null }
  | { readonly ok: false; readonly problem: Problem }

const PAGE = 100
/** Of runs, where many are passed over. */
const PAGE_MAX = 1_000
/** Most rows that are read for one list whose criteria our lists do not know. */
const SCANNED_MAX = 20_000

/**
 * Rows `offset` to `offset + limit`, newest first, read page by page: our lists go on from a row, theirs from a count.
 * `passed`: how many there are in all, where they had to be read to be known.
 */
export async function slice(
  call: Call,
  query: TaskQuery,
  offset: number,
  limit: number,
  isCounted = true,
): Promise<Slice> {
  if (query.parts.length > 1) return await mergedSlice(call, query, offset, limit)
  const { filter, picks } = query
  const rows: RunSummary[] = []
  let passed = 0
  let scanned = 0
  let before: number | null = null
  do {
    const wanted = picks === undefined ? offset + limit - scanned : PAGE_MAX
    const size = Math.min(PAGE_MAX, Math.max(PAGE, wanted))
    const page = await call.app.runs.list(call.caller, filter, { before, limit: size })
    if (!page.ok) return page
    const items = page.value.items.filter((run) => isTask(run) && (picks === undefined || picks(run)))
    rows.push(...items.slice(Math.max(0, offset - passed)).slice(0, Math.max(0, limit - rows.length)))
    passed += items.length
    scanned += page.value.items.length
    before = page.value.next
  } while (before !== null && scanned < SCANNED_MAX && ((picks !== undefined && isCounted) || rows.length < limit))
  return { ok: true, rows, passed: picks === undefined ? null : passed }
}

/** Each of the parts has at most all of these rows. */
async function mergedSlice(call: Call, { parts }: TaskQuery, offset: number, limit: number): Promise<Slice> {
  const found = await Promise.all(
    parts.map((part) => slice(call, { filter: part, parts: [], picks: undefined }, 0, offset + limit)),
  )
  const failed = found.find((one) => !one.ok)
  if (failed !== undefined) return failed
  const rows = found.flatMap((one) => (one.ok ? one.rows : [])).toSorted((a, b) => b.serial - a.serial)
  return { ok: true, rows: rows.slice(offset, offset + limit), passed: null }
}

/** Runs of ours that make calls are no tasks. */
const isTask = ({ pipelineName }: RunSummary): boolean => pipelineName !== CALLBACK_PIPELINE

export async function countTasks(call: Call, query: TaskQuery): Promise<Result<number>> {
  if (query.picks !== undefined) {
    const found = await slice(call, query, 0, 0)
    return found.ok ? { ok: true, value: found.passed ?? 0 } : found
  }
  const { filter, parts } = query
  if (parts.length > 1) {
    const counts = await Promise.all(parts.map((part) => call.app.runs.count(call.caller, part)))
    const failed = counts.find((one) => !one.ok)
    return failed ?? { ok: true, value: counts.reduce((sum, one) => sum + (one.ok ? one.value : 0), 0) }
  }
  const all = await call.app.runs.count(call.caller, filter)
  if (!all.ok || filter.pipeline !== undefined) return all
  const calls = { name: CALLBACK_PIPELINE, project: filter.project }
  const made = await call.app.pipelines.get(call.caller, calls)
  if (!made.ok) return all
  const others = await call.app.runs.count(call.caller, { ...filter, pipeline: calls })
  return others.ok ? { ok: true, value: all.value - others.value } : others
}
