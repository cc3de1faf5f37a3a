import type { App, Caller, NodeActionInput } from '../../host/app.ts'
import { accept, refuse, type Problem, type Result } from '../../model/problem.ts'
import { isEnded } from '../../model/status.ts'
import type { PipelineView, RunView, TaskView } from '../../model/view.ts'
import { parseReview } from './body.ts'
import { contentRange, created, findPipeline, latestRun, queryOf, runsOf, unreadable, type Call } from './call.ts'
import { errorResponse, errors, problemResponse } from './errors.ts'
import { logRecords, presentJob, presentRecord, type LogRecord } from './jobs.ts'
import { readInteger, readSlice } from './request.ts'
import { readJobId, serviceName, stageAt, visibleStages } from './stage.ts'
import { placesInRun } from './stage-places.ts'
import type { Job, JobLog } from './wire.ts'

interface FoundStage {
  readonly pipeline: PipelineView
  readonly index: number
  /** Its place in a run, which may be of a version before an edit; -1: the run has no such stage. */
  readonly placeIn: (run: RunView) => number
}

/** The stage that a path names, or why there is none. */
async function findStage(app: App, c: Call<'/:id/:stage'>): Promise<FoundStage | Response> {
  const pipeline = await findPipeline(app, c.var.caller, c.req.param('id'))
  if (pipeline instanceof Response) return pipeline
  const index = readInteger(c.req.param('stage'), 'stage_index')
  if (!index.ok) return unreadable(index)
  const count = visibleStages(pipeline.definition).length
  if (index.value >= count) {
    return errorResponse(errors.noStage, `pipeline ${pipeline.serial} has ${count} stages, found index ${index.value}`)
  }
  return { pipeline, index: index.value, placeIn: (run) => placesInRun(pipeline, run)[index.value] ?? -1 }
}

/** The vendor's page has no paging: the newest runs. */
const JOBS_MAX = 100

export async function listJobs(app: App, c: Call<'/:id/:stage'>): Promise<Response> {
  const found = await findStage(app, c)
  if (found instanceof Response) return found
  const { pipeline, placeIn } = found
  const { caller } = c.var
  const runs = await newestRuns(app, caller, pipeline)
  if (!runs.ok) return problemResponse(runs.problem)
  const creatorOf = await creatorIds(app, runs.value)
  const now = app.now()
  const jobs = runs.value.flatMap((run) => presentJob(run, placeIn(run), now, creatorOf(run)) ?? [])
  return Response.json(jobs satisfies readonly Job[])
}

async function newestRuns(app: App, caller: Caller, pipeline: PipelineView): Promise<Result<readonly RunView[]>> {
  const rows = await app.runs.list(caller, { pipeline: { id: pipeline.id } }, { before: null, limit: JOBS_MAX })
  return rows.ok ? runsOf(app, caller, rows.value.items) : rows
}

async function creatorIds(app: App, runs: readonly RunView[]): Promise<(run: RunView) => string> {
  const names = [...new Set(runs.map((run) => run.cause.by))]
  const users = await Promise.all(names.map((name) => app.access.user(name)))
  const ids = new Map(names.map((name, index) => [name, users[index]?.id ?? '']))
  return (run) => ids.get(run.cause.by) ?? ''
}

/** "当前支持查看最近的20条执行日志". */
const RECORDS_MAX = 20

export async function showLog(app: App, c: Call<'/:id/:stage/:job'>): Promise<Response> {
  const found = await findStage(app, c)
  if (found instanceof Response) return found
  const { index, placeIn } = found
  const { caller } = c.var
  const page = readSlice(queryOf(c))
  if (!page.ok) return unreadable(page)
  const run = await runOfJob(app, caller, found, c.req.param('job'))
  if (run instanceof Response) return run
  const creatorOf = await creatorIds(app, [run])
  const job = presentJob(run, placeIn(run), app.now(), creatorOf(run))
  const stage = stageAt(run, placeIn(run))
  if (job === undefined || stage === undefined) return errorResponse(errors.noJob, `stage ${index} has not begun`)
  const records = logRecords(stage).slice(-RECORDS_MAX)
  const { offset, limit } = page.value
  const shown = records.slice(offset, offset + limit)
  const log = await Promise.all(
    shown.map(async (record) => presentRecord(record, await outputOf(app, caller, run, record))),
  )
  const headers = { 'Content-Range': contentRange(offset, shown.length, records.length) }
  return Response.json({ ...job, log } satisfies JobLog, { headers })
}

async function runOfJob(app: App, caller: Caller, found: FoundStage, jobText: string): Promise<RunView | Response> {
  if (jobText === 'latest') return latestRunOfStage(app, caller, found)
  const { pipeline, index, placeIn } = found
  const job = readInteger(jobText, 'job_id')
  if (!job.ok) return unreadable(job)
  const none = errorResponse(errors.noJob, `stage ${index} of pipeline ${pipeline.serial} has no job ${job.value}`)
  const named = readJobId(job.value)
  if (named === undefined) return none
  const run = await app.runs.get(caller, { serial: named.serial })
  if (!run.ok) return problemResponse(run.problem, errors.noJob)
  return run.value.pipeline.id === pipeline.id && placeIn(run.value) === named.place ? run.value : none
}

/** The newest run may not have come to this stage yet: then an older one is the last that did. */
async function latestRunOfStage(
  app: App,
  caller: Caller,
  { pipeline, index, placeIn }: FoundStage,
): Promise<RunView | Response> {
  const begun = (run: RunView): boolean => (stageAt(run, placeIn(run))?.status ?? 'pending') !== 'pending'
  const newest = await latestRun(app, caller, pipeline)
  if (!newest.ok) return problemResponse(newest.problem)
  if (newest.value !== null && begun(newest.value)) return newest.value
  const runs = await newestRuns(app, caller, pipeline)
  if (!runs.ok) return problemResponse(runs.problem)
  const none = `stage ${index} of pipeline ${pipeline.serial} has not run yet`
  return runs.value.find(begun) ?? errorResponse(errors.noJob, none)
}

/** Of each record the end of its output: twenty of them must fit into one answer. */
const OUTPUT_MAX_BYTES = 65_536
const OUTPUT_MAX_LINES = 1_000

/** Lines of an attempt's output. What never had a log (a review, a join) gives none. */
async function outputOf(app: App, caller: Caller, run: RunView, record: LogRecord): Promise<readonly string[]> {
  const source = await app.runs.log(caller, { id: run.id }, { index: record.task.index }, record.attempt.attempt)
  if (!source.ok) return []
  const size = await source.value.size()
  const from = Math.max(0, size - OUTPUT_MAX_BYTES)
  const lines = new TextDecoder().decode(await source.value.read(from, OUTPUT_MAX_BYTES)).split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  // The first line of a tail may be half a line.
  return (from > 0 ? lines.slice(1) : lines).slice(-OUTPUT_MAX_LINES)
}

export async function startStage(app: App, c: Call<'/:id/:stage'>): Promise<Response> {
  const found = await findStage(app, c)
  if (found instanceof Response) return found
  const { pipeline, index, placeIn } = found
  const { caller } = c.var
  const mode = queryOf(c).get('mode')
  if (mode === 'rollback') return rollBack(app, caller, found, queryOf(c).get('source'))
  if (mode !== null && mode !== '' && mode !== 'retry') {
    return errorResponse(errors.badParameter, 'mode must be retry or rollback')
  }
  const run = await runThat(app, caller, pipeline, (one) => allowsAt(one, placeIn(one), 'retry'))
  if (!run.ok) return problemResponse(run.problem)
  const failed = tasksThatAllow(run.value, 'retry')
  const place = run.value === null ? -1 : placeIn(run.value)
  const here = failed.filter((one) => one.place === place)
  if (run.value === null || here.length === 0) {
    return errorResponse(errors.stageNotReady, `stage ${index} of pipeline ${pipeline.serial} has not failed`)
  }
  const retried =
    here.length === failed.length && run.value.allowed.includes('retry')
      ? // All that failed is in this stage: one command, so that the whole stage goes again or nothing does.
        await app.runs.act(caller, { id: run.value.id }, { action: 'retry' })
      : await actOnTasks(app, caller, run.value, here, { action: 'retry' })
  return retried.ok ? created() : stageRefusal(retried.problem)
}

/** "rollback（只用于部署步骤）", with `source=rollback::true`. */
async function rollBack(
  app: App,
  caller: Caller,
  { pipeline, index, placeIn }: FoundStage,
  source: string | null,
): Promise<Response> {
  if (source !== 'rollback::true') return errorResponse(errors.badParameter, 'source must be rollback::true')
  const spec = visibleStages(pipeline.definition)[index]?.spec
  const service = spec === undefined ? undefined : serviceName(spec)
  if (service !== 'official_deploy' && service !== 'gray_deploy') {
    return errorResponse(errors.badParameter, `only stages that deploy are rolled back, stage ${index} is ${service}`)
  }
  const run = await runThat(app, caller, pipeline, hasBegun)
  if (!run.ok) return problemResponse(run.problem)
  const stage = run.value === null ? undefined : stageAt(run.value, placeIn(run.value))
  if (run.value === null || stage === undefined) {
    return errorResponse(errors.stageNotReady, `stage ${index} of pipeline ${pipeline.serial} has not run`)
  }
  const back = await app.runs.actOnNode(caller, { id: run.value.id }, { index: stage.index }, { action: 'rollback' })
  return back.ok ? created() : stageRefusal(back.problem)
}

/** Someone else was quicker: the stage is not any more what it was when we looked. */
const stageRefusal = (problem: Problem): Response =>
  problem.code === 'conflict' ? errorResponse(errors.stageNotReady, problem.message) : problemResponse(problem)

/**
 * The newest run that is meant: not one that only waits for its triggers, and not one whose stage has nothing to decide
 * or to retry while an earlier one waits for just that. What has ended is over once another run has begun.
 */
async function runThat(
  app: App,
  caller: Caller,
  pipeline: PipelineView,
  fits: (run: RunView) => boolean,
): Promise<Result<RunView | null>> {
  const newest = await latestRun(app, caller, pipeline)
  if (!newest.ok || newest.value === null || fits(newest.value)) return newest
  const runs = await newestRuns(app, caller, pipeline)
  if (!runs.ok) return runs
  const begun = runs.value.find(hasBegun)
  return accept(runs.value.find((run) => (run === begun || !isEnded(run.status)) && fits(run)) ?? null)
}

const hasBegun = ({ status }: RunView): boolean => status !== 'waiting'

interface StageTask {
  /** Of its stage in the run. */
  readonly place: number
  readonly task: TaskView
}

const tasksThatAllow = (run: RunView | null, action: 'retry' | 'approve'): readonly StageTask[] =>
  (run === null ? [] : visibleStages(run)).flatMap(({ spec: stage }, place) =>
    stage.tasks.filter((task) => task.allowed.includes(action)).map((task) => ({ place, task })),
  )

const allowsAt = (run: RunView, at: number, action: 'retry' | 'approve'): boolean =>
  tasksThatAllow(run, action).some(({ place }) => place === at)

async function actOnTasks(
  app: App,
  caller: Caller,
  run: RunView,
  tasks: readonly StageTask[],
  action: NodeActionInput,
): Promise<Result<RunView>> {
  let last: Result<RunView> = refuse('not_allowed', 'no task to act on')
  for (const { task } of tasks) {
    last = await app.runs.actOnNode(caller, { id: run.id }, { index: task.index }, action)
    if (!last.ok) return last
  }
  return last
}

export async function decideReview(app: App, c: Call<'/:id/:stage'>): Promise<Response> {
  const found = await findStage(app, c)
  if (found instanceof Response) return found
  const { pipeline, index, placeIn } = found
  const { caller } = c.var
  const review = parseReview(c.var.body)
  if (!review.ok) return unreadable(review)
  const run = await runThat(app, caller, pipeline, (one) => allowsAt(one, placeIn(one), 'approve'))
  if (!run.ok) return problemResponse(run.problem)
  const here = run.value === null ? -1 : placeIn(run.value)
  const waiting = tasksThatAllow(run.value, 'approve').find(({ place }) => place === here)
  if (run.value === null || waiting === undefined) {
    return errorResponse(errors.stageNotReady, `stage ${index} of pipeline ${pipeline.serial} waits for no review`)
  }
  const decided = await actOnTasks(app, caller, run.value, [waiting], {
    action: review.value,
    ...decidingAs(caller, waiting.task),
  })
  return decided.ok ? created() : stageRefusal(decided.problem)
}

/**
 * The vendor's reviewers are users of the account, which this server may not have: who administers it decides for the
 * next of them who has not. The log of events keeps who it was.
 */
function decidingAs({ user, role }: Caller, { review }: TaskView): { readonly as?: string } {
  if (review === null || review.reviewers.includes(user.name) || role !== 'admin') return {}
  const decided = new Set(review.decisions.map(({ by }) => by))
  const next = review.reviewers.find((name) => !decided.has(name))
  return next === undefined ? {} : { as: next }
}
