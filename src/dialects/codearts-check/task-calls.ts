import type { JsonObject } from '../../model/json.ts'
import type { PipelineView, ProjectView } from '../../model/view.ts'
import { taggedJson, withDepends } from '../kit/cache.ts'
import { sealFor, sealLogin, sealParams, type Seal } from '../kit/credentials.ts'
import * as bodies from './body.ts'
import { need, pageOf, pipelinesOf, projectOf, refusal, refusalOf, taskOf, type Call } from './call.ts'
import { forgetDefectStates } from './defect-states.ts'
import { errors } from './errors.ts'
import { isHidden } from './hidden.ts'
import { presentProgress, presentTask } from './present.ts'
import { readNumberedPage, readPage, type PageRequest } from './request.ts'
import { repositoryName, withLogin } from './repository.ts'
import { defaultRuleSet, ruleSet, type RuleSet } from './rulesets.ts'
import { runWord } from './status.ts'
import {
  annotation,
  ANNOTATION_MAX,
  configOf,
  definitionText,
  type RuleSetUse,
  type TaskConfig,
} from './task-config.ts'
import type { BranchTask, BranchTasks, IncTask, RunStarted, TaskCreated, TaskList } from './wire.ts'

/** The seed's: the tasks of a project, in the order they were made. */
export async function listTasks(call: Call): Promise<Response> {
  const page = readPage(call.query)
  const project = await projectOf(call)
  const { items, total } = await tasksOf(call, project, page)
  const response = taggedJson({ tasks: items.map(presentTask), total } satisfies TaskList)
  return withDepends(response, [`project:${project.id}`, ...items.map(({ id }) => `pipeline:${id}`)])
}

async function tasksOf(
  call: Call,
  project: ProjectView,
  page: PageRequest,
): Promise<{ readonly items: readonly PipelineView[]; readonly total: number }> {
  const { app, caller, hidden } = call
  if (!(await hidden.areIn(app, caller, project))) {
    const filter = { project: { id: project.id } }
    return need(await app.pipelines.slice(caller, filter, page.skip, page.limit), errors.noProject)
  }
  const shown = (await pipelinesOf(call, project)).filter((pipeline) => !isHidden(pipeline))
  return { items: pageOf(shown, page), total: shown.length }
}

/** How many other names are tried: a repository may have many tasks, one for each branch. */
const NAMES_MAX = 50

export async function createTask(call: Call): Promise<Response> {
  const { app, caller } = call
  const project = await projectOf(call)
  const body = bodies.readJson(call, bodies.createTask)
  const { inc_config: inc } = body
  // Either of them is enough ("2选1").
  const languages = [...new Set([...body.language, ...body.rule_sets.map((set) => set.language)])]
  if (languages.length === 0) throw refusal(errors.badParameter, 'language: expected one at least, found none')
  const sets = await setsOf(call, project, languages, body.rule_sets)
  const parent = inc?.parent_task_id ?? ''
  if (parent !== '') need(await app.pipelines.get(caller, { id: parent }), errors.noTask)
  const config: TaskConfig = {
    gitUrl: sealLogin(withLogin(body.git_url, body.username, body.access_token), sealFor(app, project.id)),
    // Of an incremental check it is the branch that is to be merged.
    gitBranch: inc?.git_source_branch || body.git_branch,
    languages,
    ruleSets: usesOf(sets),
    rules: rulesOf(sets),
    exclude: [],
    failOn: 'none',
    timeoutMinutes: null,
    labels: [],
    parentTaskId: parent || null,
    mergeId: inc?.merge_id || null,
    eventType: inc?.event_type || null,
    vendor: keptOf(body),
  }
  if (annotation(config).length > ANNOTATION_MAX) throw refusal(errors.badParameter, 'it is too long in all')
  const name = repositoryName(body.git_url)
  for (let number = 1; ; number += 1) {
    const text = definitionText(number === 1 ? name : `${name}-${number}`, config)
    const made = await app.pipelines.create(caller, { project: { id: project.id }, text })
    if (made.ok) return Response.json({ task_id: made.value.id } satisfies TaskCreated)
    // The vendor's tasks have no names of their own choice, so one that is taken is our matter.
    if (made.problem.code !== 'conflict' || number >= NAMES_MAX) throw refusalOf(made.problem, errors.noProject)
  }
}

/** What has no meaning here, as it came. */
const keptOf = (body: ReturnType<typeof bodies.createTask.parse>): JsonObject => ({
  task_type: body.task_type ?? 'full',
  ...(body.endpoint_id === '' ? {} : { endpoint_id: body.endpoint_id }),
  ...(body.resource_pool_id === '' ? {} : { resource_pool_id: body.resource_pool_id }),
  ...(body.enable_fossbot === true ? { enable_fossbot: true } : {}),
  ...(body.inc_config === null || body.inc_config === undefined
    ? {}
    : {
        inc_config: Object.fromEntries(
          Object.entries(body.inc_config).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
        ),
      }),
})

/** Those that are named, and for the other languages what the project has chosen. */
async function setsOf(
  call: Call,
  project: ProjectView,
  languages: readonly string[],
  named: readonly { readonly ruleset_id: string; readonly language: string }[],
): Promise<readonly { readonly language: string; readonly set: RuleSet }[]> {
  return Promise.all(
    languages.map(async (language) => {
      const id = named.find((one) => one.language === language)?.ruleset_id ?? ''
      const set = id === '' ? await defaultRuleSet(call, project, language) : await ruleSet(call, project, id)
      if (set.language !== language) throw refusal(errors.badParameter, `rule set ${id} is for ${set.language}`)
      return { language, set }
    }),
  )
}

const usesOf = (sets: Awaited<ReturnType<typeof setsOf>>): readonly RuleSetUse[] =>
  sets.map(({ language, set }) => ({ rulesetId: set.id, language }))

const rulesOf = (sets: Awaited<ReturnType<typeof setsOf>>): readonly string[] => [
  ...new Set(sets.flatMap(({ set }) => set.rules)),
]

export async function removeTask(call: Call): Promise<Response> {
  const { app, caller } = call
  const task = await taskOf(call)
  need(await app.pipelines.remove(caller, { id: task.id }), errors.noTask)
  await forgetDefectStates(call, task)
  return Response.json({})
}

/** Starts a run; another address or branch for this once are params of the pipeline. */
export async function runTask(call: Call): Promise<Response> {
  const { app, caller } = call
  const task = await taskOf(call)
  const body = bodies.readJson(call, bodies.runTask)
  const started = await app.runs.start(caller, {
    pipeline: { id: task.id },
    params: paramsOf(task, body, sealParams(app, task.project.id, task.id)('git_url')),
  })
  const run = need(started, errors.noTask)
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
