import type { JsonObject } from '../../model/json.ts'
import type { ProjectView } from '../../model/view.ts'
import { sealFor, sealLogin } from '../kit/credentials.ts'
import * as bodies from './body.ts'
import { need, projectOf, refusal, refusalOf, type Call } from './call.ts'
import { errors } from './errors.ts'
import { repositoryName, withLogin } from './repository.ts'
import { defaultRuleSet, ruleSet, type RuleSet } from './rulesets.ts'
import { annotation, ANNOTATION_MAX, definitionText, type RuleSetUse, type TaskConfig } from './task-config.ts'
import type { TaskCreated, TaskCreatedV3 } from './wire.ts'

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
  if (parent !== '') {
    const { project: of } = need(await app.pipelines.get(caller, { id: parent }), errors.noTask)
    if (of.id !== project.id) throw refusal(errors.noTask, `project ${project.id} has no task ${parent}`)
  }
  const config = checked({
    ...NEW,
    gitUrl: sealLogin(withLogin(body.git_url, body.username, body.access_token), sealFor(app, project.id)),
    // Of an incremental check it is the branch that is to be merged.
    gitBranch: inc?.git_source_branch || body.git_branch,
    languages,
    ruleSets: usesOf(sets),
    rules: rulesOf(sets),
    parentTaskId: parent || null,
    mergeId: inc?.merge_id || null,
    eventType: inc?.event_type || null,
    vendor: keptOf(body),
  })
  const name = repositoryName(body.git_url)
  for (let number = 1; ; number += 1) {
    const text = definitionText(number === 1 ? name : `${name}-${number}`, config)
    const made = await app.pipelines.create(caller, { project: { id: project.id }, text })
    if (made.ok) return Response.json({ task_id: made.value.id } satisfies TaskCreated)
    // The vendor's tasks have no names of their own choice, so one that is taken is our matter.
    if (made.problem.code !== 'conflict' || number >= NAMES_MAX) throw refusalOf(made.problem, errors.noProject)
  }
}

/** What neither of the calls says of a task. */
const NEW = { exclude: [], failOn: 'none', timeoutMinutes: null, labels: [] } as const

function checked(config: TaskConfig): TaskConfig {
  if (annotation(config).length > ANNOTATION_MAX) throw refusal(errors.badParameter, 'it is too long in all')
  return config
}

/** CreateTaskV3: of a name of its own choice, its configuration in a template. */
export async function createTaskV3(call: Call): Promise<Response> {
  const { app, caller } = call
  const body = bodies.readJson(call, bodies.createTaskV3)
  const { config_template: template } = body
  const project = await projectNamed(call, body.project_id || template.project_id, body.project_name)
  const languages = [...new Set(template.rule_sets.map((set) => set.language))]
  const sets = await setsOf(call, project, languages, template.rule_sets)
  const config = checked({
    ...NEW,
    gitUrl: sealLogin(body.repo_url, sealFor(app, project.id)),
    gitBranch: body.branch,
    languages,
    ruleSets: usesOf(sets),
    rules: rulesOf(sets),
    parentTaskId: null,
    mergeId: null,
    eventType: null,
    vendor: { task_type: 'full', repo_type: template.repo_type },
  })
  const text = definitionText(body.name, config)
  const task = need(await app.pipelines.create(caller, { project: { id: project.id }, text }), errors.noProject)
  return Response.json({ httpStatus: 'OK', result: { id: task.id }, status: 'success' } satisfies TaskCreatedV3)
}

async function projectNamed({ app, caller }: Call, id: string, name: string): Promise<ProjectView> {
  if (id === '' && name === '') throw refusal(errors.badParameter, 'project_id: expected that of a project, found none')
  return need(await app.projects.get(caller, id === '' ? { name } : { id }), errors.noProject)
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
