import { RUN_STATUSES } from '../../model/status.ts'
import type { PipelineView } from '../../model/view.ts'
import * as bodies from './body.ts'
import { need, refusal, runsOnPage, taskOf, type Call } from './call.ts'
import { type DefectStatus, setDefectStates } from './defect-states.ts'
import { errors } from './errors.ts'
import { presentJob } from './present.ts'
import { readJobsPage, readJobStatuses, readTime } from './request.ts'
import { knownDefects } from './results.ts'
import { startCheck } from './start.ts'
import { jobWord } from './status.ts'
import type { IssueStatus, JobList, JobStarted, LastJobs, NextStatuses, Stopped } from './wire.ts'

// The calls of the pages of 2025-12 and later, in their own shape. Their pages list 200, 400 and 401 and no errors with 200.

const taskById = async ({ app, caller }: Call, id: string): Promise<PipelineView> =>
  need(await app.pipelines.get(caller, { id }), errors.noTask)

/** CreateJob: as `run`, of the task as it stands. */
export async function createJob(call: Call): Promise<Response> {
  const { taskId } = bodies.readJson(call, bodies.createJob)
  const task = await taskById(call, taskId)
  const run = await startCheck(call, task, {})
  const result = { id: run.id, taskId: task.id, finishTime: null }
  return Response.json({ httpStatus: 'OK', result, status: 'success' } satisfies JobStarted)
}

/** getJobsInfo. The times are those of the check's start, and the page's own bounds are of that too; ours is when it was made. */
export async function jobs(call: Call): Promise<Response> {
  const { query } = call
  const page = readJobsPage(query)
  const words = readJobStatuses(query)
  const [from, to] = [readTime(query, 'begin_start_time'), readTime(query, 'end_start_time')]
  const task = await taskOf(call)
  const filter = {
    pipeline: { id: task.id },
    ...(words.length === 0 ? {} : { statuses: RUN_STATUSES.filter((status) => words.includes(jobWord[status])) }),
    ...(from === undefined ? {} : { createdFrom: from }),
    // Both included: the last second, too.
    ...(to === undefined ? {} : { createdTo: to + 1_000 }),
  }
  const { items, total } = await runsOnPage(call, filter, page)
  return Response.json({ data: items.map(presentJob), total } satisfies JobList)
}

/** CancelPortalServiceJob: the run `job_id`, or the newest. */
export async function stopJob(call: Call): Promise<Response> {
  const { app, caller, query } = call
  const task = await taskOf(call)
  const id = query.get('job_id') || task.latestRun?.id
  if (id === undefined) throw refusal(errors.notAllowed, `task ${task.name} has never been run`)
  const run = need(await app.runs.get(caller, { id }), errors.noTask)
  if (run.pipeline.id !== task.id) throw refusal(errors.noTask, `task ${task.name} has no job ${id}`)
  need(await app.runs.act(caller, { id: run.id }, { action: 'cancel' }), errors.noTask)
  return Response.json({ httpStatus: 'OK', result: '取消执行成功', status: 'success' } satisfies Stopped)
}

/** ShowLastJobs. null: there is none. */
export async function lastJobs(call: Call): Promise<Response> {
  const { app, caller } = call
  const task = await taskOf(call)
  const filter = { pipeline: { id: task.id }, statuses: ['succeeded'] as const }
  const { items } = need(await app.runs.list(caller, filter, { before: null, limit: 1 }), errors.noTask)
  const result = { last_job_id: task.latestRun?.id ?? null, last_success_job_id: items[0]?.id ?? null }
  return Response.json({ result } satisfies LastJobs)
}

/** Theirs to ours: 0 to be dealt with, 2 resolved, 5 ignored. 1 is what a check has found mended, which nobody sets. */
const issueStates = { '0': '0', '2': '1', '5': '2' } as const satisfies Record<bodies.IssueState, DefectStatus>

/** UpdateIssueStatus: several issues of one task, by their merge keys. */
export async function issueStatus(call: Call): Promise<Response> {
  const body = bodies.readJson(call, bodies.issueStatus)
  const task = await taskById(call, body.taskId)
  const ids = await knownDefects(call, task, body.mergeKey, body.jobId === '' ? undefined : body.jobId)
  await setDefectStates(call, task, ids, issueStates[body.status])
  return Response.json({ status: 'success', error: null, result: '修改成功' } satisfies IssueStatus)
}

/** NextStatus: from every state that can be set to the others. */
export async function nextStatuses(): Promise<Response> {
  const all = Object.keys(issueStates)
  const result = all.map((id) => ({ id, toStatus: all.filter((other) => other !== id) }))
  return Response.json({ status: 'success', error: null, result } satisfies NextStatuses)
}
