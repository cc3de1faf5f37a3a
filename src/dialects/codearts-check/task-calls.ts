import type { PipelineView, ProjectView } from '../../model/view.ts'
import { taggedJson, withDepends } from '../kit/cache.ts'
import { sealLogin, sealParams, type Seal } from '../kit/credentials.ts'
import { isHidden, parentOf } from './apart.ts'
import * as bodies from './body.ts'
import { need, pageOf, type PageRequest, pipelinesOf, projectOf, refusal, taskOf, type Call } from './call.ts'
import { forgetDefectStates } from './defect-states.ts'
import { errors } from './errors.ts'
import { presentProgress, presentTask } from './present.ts'
import { readNumberedPage, readPage } from './request.ts'
import { withLogin } from './repository.ts'
import { startCheck } from './start.ts'
import { runWord } from './status.ts'
import { configOf } from './task-config.ts'
import type { BranchTask, BranchTasks, IncTask, RunStarted, TaskList } from './wire.ts'

/** The seed's: the tasks of a project, in the order they were made. */
export async function listTasks(call: Call): Promise<Response> {
  const page = readPage(call.query)
  const project = await projectOf(call)
  const { items, total, incremental } = await tasksOf(call, project, page)
  const tasks = items.map((task) => presentTask(task, incremental.get(task.id)))
  const shown = items.flatMap((task) => [task, ...(incremental.get(task.id) ?? [])])
  const topics = [`project:${project.id}`, ...shown.map(({ id }) => `pipeline:${id}`)]
  return withDepends(taggedJson({ tasks, total } satisfies TaskList), topics)
}

interface Tasks {
  readonly items: readonly PipelineView[]
  readonly total: number
  /** The incremental checks that were made for a task, by its id. */
  readonly incremental: ReadonlyMap<string | null, readonly PipelineView[]>
}

async function tasksOf(call: Call, project: ProjectView, page: PageRequest): Promise<Tasks> {
  const { app, caller, apart } = call
  if (!(await apart.areIn(app, caller, project))) {
    const filter = { project: { id: project.id } }
    const slice = need(await app.pipelines.slice(caller, filter, page.skip, page.limit), errors.noProject)
    return { ...slice, incremental: new Map() }
  }
  const shown = (await pipelinesOf(call, project)).filter((pipeline) => !isHidden(pipeline))
  return { items: pageOf(shown, page), total: shown.length, incremental: Map.groupBy(shown, parentOf) }
}

export async function removeTask(call: Call): Promise<Response> {
  const { app, caller } = call
  const task = await taskOf(call)
  need(await app.pipelines.remove(caller, { id: task.id }), errors.noTask)
  await forgetDefectStates(call, task)
  return Response.json({})
}

/** Starts a run; another address or branch for this once are params of the pipeline. */
export async function runTask(call: Call): Promise<Response> {
  const task = await taskOf(call)
  const body = bodies.readJson(call, bodies.runTask)
  const seal = sealParams(call.app, task.project.id, task.id)('git_url')
  const run = await startCheck(call, task, paramsOf(task, body, seal))
  return Response.json({ exec_id: run.id } satisfies RunStarted)
}

function paramsOf(
  task: PipelineView,
  body: ReturnType<typeof bodies.runTask.parse>,
  seal: Seal,
): Record<string, string> {
  const { username, access_token, ref, git_branch, git_url } = body
  const config = configOf(task)
  if (config === undefined) {
    // Not made here: only params that it has by these names can be given, and the host refuses the others by name.
    return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ''))
  }
  const branch = ref || git_branch
  const isOther = git_url !== '' || username !== '' || access_token !== ''
  return {
    ...(branch === '' ? {} : { git_branch: branch }),
    ...(isOther ? { git_url: sealLogin(withLogin(git_url || config.gitUrl, username, access_token), seal) } : {}),
  }
}

/** Stops the newest run. `{}` and not the sample's `null`, which the Node SDK breaks on. */
export async function stopTask(call: Call): Promise<Response> {
  const { app, caller } = call
  const task = await taskOf(call)
  if (task.latestRun === null) throw refusal(errors.notAllowed, `task ${task.name} has never been run`)
  need(await app.runs.act(caller, { id: task.latestRun.id }, { action: 'cancel' }), errors.noTask)
  return Response.json({})
}

/** Of the newest run, or of the one that `job_id` names. */
export async function progress(call: Call): Promise<Response> {
  const { app, caller, query } = call
  const task = await taskOf(call)
  const id = query.get('job_id') || task.latestRun?.id
  if (id === undefined) return Response.json(presentProgress(null))
  const run = need(await app.runs.get(caller, { id }), errors.noTask)
  if (run.pipeline.id !== task.id) throw refusal(errors.noTask, `task ${task.name} has no job ${id}`)
  return Response.json(presentProgress(run))
}

/** Its own branch, and as merge requests the tasks that were made for it. */
export async function branches(call: Call): Promise<Response> {
  const task = await taskOf(call)
  const page = readNumberedPage(call.query)
  const all = await branchTasksOf(call, task, call.query.get('check_type') || 'branch')
  return Response.json({ branchTasks: pageOf(all, page), total: all.length } satisfies BranchTasks)
}

async function branchTasksOf(call: Call, task: PipelineView, type: string): Promise<readonly (BranchTask | IncTask)[]> {
  switch (type) {
    case 'branch': {
      const { git_branch: branchName } = presentTask(task)
      return [{ taskId: task.id, branchName, isDefault: 'true', status: statusOf(task) }]
    }
    case 'tag':
      return []
    case 'mr':
    case 'cr': {
      const event = type === 'mr' ? 'merge_request' : 'push_request'
      const others = await pipelinesOf(call, task.project)
      return others.flatMap((other): IncTask[] => {
        const config = configOf(other)
        if (config?.parentTaskId !== task.id || (config.eventType ?? 'merge_request') !== event) return []
        return [{ taskId: other.id, mergeId: config.mergeId ?? '', jobType: type, status: statusOf(other) }]
      })
    }
  }
  throw refusal(errors.badParameter)
}

const statusOf = ({ latestRun }: PipelineView): string | null =>
  latestRun === null ? null : String(runWord[latestRun.status])
