import type { RunView } from '../../model/view.ts'
import * as bodies from './body.ts'
import { need, pageOf, refusal, runsOnPage, taskOf, type Call } from './call.ts'
import { setDefectStates } from './defect-states.ts'
import { errors } from './errors.ts'
import {
  presentDefect,
  presentLogs,
  presentMetrics,
  presentRecord,
  presentStatistic,
  presentSummary,
  tasksOf,
} from './present-results.ts'
import { readPage, readRows, readSeverities, readsOfficial, readStatuses, readTime } from './request.ts'
import { ENDED, knownDefects, resultsOf } from './results.ts'
import { configOf } from './task-config.ts'
import type { CheckRecords, DefectList, InfoList, TreeNode } from './wire.ts'

export async function defectsSummary(call: Call): Promise<Response> {
  const task = await taskOf(call)
  return Response.json(presentSummary(task, await resultsOf(call, task, await jobOf(call, task.id))))
}

export async function defectsDetail(call: Call): Promise<Response> {
  const { app, query } = call
  const [page, severities] = [readRows(query), readSeverities(query, 'severity')]
  const [statuses, isOfficial] = [readStatuses(query), readsOfficial(query)]
  const task = await taskOf(call)
  const results = await resultsOf(call, task)
  const wanted = (results?.defects ?? []).filter(
    ({ severity, status }) => isOfficial && severities.includes(severity) && statuses.includes(status),
  )
  const rules = app.findings.rules()
  const defects = results === undefined ? [] : pageOf(wanted, page).map((one) => presentDefect(one, results.run, rules))
  return Response.json({ defects, total: wanted.length } satisfies DefectList)
}

export async function defectsStatistic(call: Call): Promise<Response> {
  const task = await taskOf(call)
  const withTimes = call.query.get('time_info_switch') === 'true'
  return Response.json(presentStatistic(await resultsOf(call, task), withTimes))
}

export async function defectStatus(call: Call): Promise<Response> {
  const task = await taskOf(call)
  const body = bodies.readJson(call, bodies.defectStatus)
  await setDefectStates(call, task, await knownDefects(call, task, body.defect_id), body.defect_status)
  return Response.json({})
}

/** Ended runs, newest first: a check that is under way has found nothing yet. */
export async function checkRecord(call: Call): Promise<Response> {
  const { app, caller, query } = call
  const page = readPage(query, { max: 1_000 })
  const [from, to] = [readTime(query, 'start_time'), readTime(query, 'end_time')]
  const task = await taskOf(call)
  const filter = {
    pipeline: { id: task.id },
    statuses: ENDED,
    ...(from === undefined ? {} : { createdFrom: from }),
    // Both included: the last second, too.
    ...(to === undefined ? {} : { createdTo: to + 1_000 }),
  }
  const { items: wanted, total } = await runsOnPage(call, filter, page)
  const runs: RunView[] = []
  for (let at = 0; at < wanted.length; at += 100) {
    const refs = wanted.slice(at, at + 100).map(({ id }) => ({ id }))
    runs.push(...need(await app.runs.batch(caller, refs), errors.noTask))
  }
  return Response.json({ data: runs.map(presentRecord), total } satisfies CheckRecords)
}

/** What is given of one task's log: its end, which is where the error is. */
const LOG_BYTES_MAX = 64 * 1024

export async function logDetail(call: Call): Promise<Response> {
  const { app, caller, query } = call
  const task = await taskOf(call)
  const id = query.get('execute_id') || task.latestRun?.id
  if (id === undefined) return Response.json(presentLogs(task, null, []))
  const run = need(await app.runs.get(caller, { id }), errors.noTask)
  if (run.pipeline.id !== task.id) throw refusal(errors.noTask, `task ${task.name} has no execution ${id}`)
  const logs = await Promise.all(
    tasksOf(run)
      .filter(({ attempt, work }) => attempt > 0 && work.kind === 'runner')
      .slice(0, 100)
      .map(async (one) => {
        const log = need(await app.runs.log(caller, { id: run.id }, { id: one.id }, null), errors.noTask)
        const size = await log.size()
        const start = Math.max(0, size - LOG_BYTES_MAX)
        return { task: one, text: new TextDecoder().decode(await log.read(start, size - start)) }
      }),
  )
  return Response.json(presentLogs(task, run, logs))
}

export async function metricsSummary(call: Call): Promise<Response> {
  const task = await taskOf(call)
  return Response.json(presentMetrics(task, await resultsOf(call, task)))
}

/** What lies directly in a directory, as the newest check has seen it, and what is ignored. */
export async function pathTree(call: Call): Promise<Response> {
  const { query } = call
  const page = readPage(query, { max: 1_000, fallback: 100 })
  const task = await taskOf(call)
  const current = (query.get('current_path') ?? '').replace(/^(?:\.?\/)+|(?<!\/)\/+$/g, '')
  const prefix = current === '' ? '' : `${current}/`
  const ignored = (configOf(task)?.exclude ?? []).map((path) => path.replace(/^\/+|(?<!\/)\/+$/g, ''))
  const results = await resultsOf(call, task)
  const nodes = new Map<string, TreeNode>()
  const files = new Set(results?.found.files)
  for (const path of [...files, ...ignored]) {
    if (!path.startsWith(prefix) || path.startsWith('*')) continue
    const [name = '', ...below] = path.slice(prefix.length).split('/')
    const file_path = `${prefix}${name}`
    if (name === '') continue
    nodes.set(file_path, {
      file_name: name,
      file_path,
      is_leaf:
        below.length === 0 &&
        nodes.get(file_path)?.is_leaf !== false &&
        // What is ignored may be a directory that no check has looked into.
        (files.has(file_path) || !ignored.includes(file_path)),
      checkbox_status: ignored.some((one) => file_path === one || file_path.startsWith(`${one}/`))
        ? 'all'
        : ignored.some((one) => one.startsWith(`${file_path}/`))
          ? 'half'
          : 'unchecked',
    })
  }
  const all = [...nodes.values()].toSorted((a, b) => (a.file_path < b.file_path ? -1 : 1))
  return Response.json({ info: pageOf(all, page), total: all.length } satisfies InfoList<TreeNode>)
}

/** `job_id`: one run and not the newest. It must be the task's own. */
async function jobOf({ app, caller, query }: Call, taskId: string): Promise<string | undefined> {
  const id = query.get('job_id') ?? ''
  if (id === '') return undefined
  const run = need(await app.runs.get(caller, { id }), errors.noTask)
  if (run.pipeline.id !== taskId) throw refusal(errors.noTask, `the task has no job ${id}`)
  return id
}
