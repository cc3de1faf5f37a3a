import type { RunListFilter } from '../../../host/app.ts'
import { accept, type Result } from '../../../model/problem.ts'
import { RUN_STATUSES, type RunStatus } from '../../../model/status.ts'
import type { RunView, StageView, TaskView } from '../../../model/view.ts'
import { json } from '../errors.ts'
import { factOf, nearTask, runFacts } from '../facts.ts'
import { unpack } from '../packed.ts'
import type { Call } from '../route.ts'
import type { Face } from './face.ts'
import { MAX_MAX, pipelineOf, runsFrom, START_MAX } from './request.ts'
import { creatorOf } from '../status.ts'
import { runWord } from './status.ts'

/** `?queryType=&filters=a,b` of a list of tasks: what it is about, and the values of which one must be had. */
interface TaskFilter {
  readonly by: 'status' | 'creator' | 'serviceName' | 'committer'
  readonly values: readonly string[]
}

const KINDS = new Map<string, TaskFilter['by']>([
  ['taskStatus', 'status'],
  ['creator', 'creator'],
  ['serviceName', 'serviceName'],
  ['committer', 'committer'],
])

/** undefined: all of them are wanted, as with a kind that nobody knows. */
function filterOf(call: Pick<Call, 'query'>): TaskFilter | undefined {
  const by = KINDS.get(call.query('queryType'))
  const values = call.query('filters').split(',')
  return by === undefined || values.join('') === '' ? undefined : { by, values }
}

/** Words for what stands in the queue: which of them a task has is told by more than its status. */
const QUEUED = new Set(['waiting', 'queued', 'blocked', 'created', 'pending'])

/** The words that tasks are shown with: which each has, and which besides the usual one those of a status may have. */
export interface TaskWords {
  readonly of: (run: RunView) => string
  readonly besides: Partial<Record<RunStatus, readonly string[]>>
}
const USUAL = { of: (run) => runWord[run.status], besides: {} } as const satisfies TaskWords

const wordsFor = (status: RunStatus, { besides }: TaskWords): readonly string[] =>
  QUEUED.has(runWord[status]) ? [...QUEUED] : [runWord[status], ...(besides[status] ?? [])]

const statusesFor = (words: readonly string[], shown: TaskWords): readonly RunStatus[] =>
  RUN_STATUSES.filter((status) => wordsFor(status, shown).some((word) => words.includes(word)))

/** Whether a task of this status has one of the words, whichever it has. */
const isTold = (status: RunStatus, words: readonly string[], shown: TaskWords): boolean =>
  QUEUED.has(runWord[status]) || wordsFor(status, shown).every((word) => words.includes(word))

export interface TaskPage {
  readonly runs: readonly RunView[]
  readonly total: number
}

/** Tasks of a list's page, newest first. What is not told by a status is looked for among the newest 500. */
export async function pageOf(
  call: Call,
  pipeline: { readonly id: string },
  start: number,
  rows: number,
  shown: TaskWords = USUAL,
): Promise<Result<TaskPage>> {
  const asked = filterOf(call)
  const by = asked?.by
  if (asked !== undefined && by !== undefined && by !== 'status') {
    const hasOne = (run: RunView): boolean => tellsOf(run, by).some((value) => asked.values.includes(value))
    return await amongNewest(call, { pipeline }, hasOne, start, rows)
  }
  const statuses = asked === undefined ? undefined : statusesFor(asked.values, shown)
  if (statuses?.length === 0) return accept({ runs: [], total: 0 })
  const filter: RunListFilter = { pipeline, ...(statuses === undefined ? {} : { statuses }) }
  if (asked !== undefined && statuses?.every((status) => isTold(status, asked.values, shown)) === false) {
    const hasOne = (run: RunView): boolean =>
      isTold(run.status, asked.values, shown) || asked.values.includes(shown.of(run))
    return await amongNewest(call, filter, hasOne, start, rows)
  }
  // What begins after so many has no rows here: they are passed over one by one.
  const runs = start > START_MAX ? accept([]) : await runsFrom(call, filter, start, rows)
  if (!runs.ok) return runs
  const total = await call.app.runs.count(call.caller, filter)
  return total.ok ? accept({ runs: runs.value, total: total.value }) : total
}

async function amongNewest(
  call: Call,
  filter: RunListFilter,
  isWanted: (run: RunView) => boolean,
  start: number,
  rows: number,
): Promise<Result<TaskPage>> {
  const newest = await runsFrom(call, filter, 0, MAX_MAX)
  if (!newest.ok) return newest
  const found = newest.value.filter(isWanted)
  return accept({ runs: found.slice(start, start + rows), total: found.length })
}

/** Nobody knows here who made a commit. */
function tellsOf(run: RunView, by: Exclude<TaskFilter['by'], 'status'>): readonly string[] {
  if (by === 'committer') return []
  return by === 'creator' ? [creatorOf(run)] : servicesOf(run)
}

/** The annotation of a run of which only a part is run: keys of the tasks that are. */
export const ONLY = 'koderover/only'

/** The tasks of a run that were asked for. */
export function askedTasks(run: RunView): readonly { readonly stage: StageView; readonly task: TaskView }[] {
  const only = unpack(run.annotations, ONLY)
  return run.stages.flatMap((stage) =>
    stage.tasks
      .filter(({ key, excluded }) => !excluded && (!Array.isArray(only) || only.includes(key)))
      .map((task) => ({ stage, task })),
  )
}

/** The stages of a run with what was asked for: what a start leaves out is no part of its task there. */
export function askedStages(run: RunView): readonly StageView[] {
  const asked = new Set(askedTasks(run).map(({ task }) => task.id))
  return run.stages
    .map((stage) => ({ ...stage, tasks: stage.tasks.filter(({ id }) => asked.has(id)) }))
    .filter(({ tasks }) => tasks.length > 0)
}

/** Names of the services that a run builds, deploys or distributes, in their order; tests have names of their own. */
export function servicesOf(run: RunView): readonly string[] {
  const facts = runFacts(run)
  const names = askedTasks(run)
    .filter(({ task }) => task.role !== 'test' && task.role !== 'check')
    .map(({ stage, task }) => factOf(nearTask(facts, task, stage), 'service_name') ?? run.pipeline.name)
  return [...new Set(names)]
}

/** All values that a list can be filtered by: of product workflows. */
export const filterValues =
  (face: Face) =>
  async (call: Call): Promise<Response> =>
    call.query('workflowType') === 'workflow' ? await valuesOf(call, face) : face.badRequest('invalid workflowType')

/** The same of any workflow, from 2.0 on. */
export async function valuesOf(call: Call, face: Face): Promise<Response> {
  const by = KINDS.get(call.query('queryType'))
  if (by === undefined || by === 'status') return face.badRequest('queryType parameter is invalid')
  const pipeline = await pipelineOf(call, face, 'getTask', call.param('name'))
  if (pipeline instanceof Response) return pipeline
  const newest = await runsFrom(call, { pipeline: { id: pipeline.id } }, 0, MAX_MAX)
  if (!newest.ok) return face.problem('getTask', newest.problem)
  return json(200, [...new Set(newest.value.flatMap((run) => tellsOf(run, by)))].toSorted())
}
