import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { MANUAL_TRIGGER } from './plugins.ts'
import { BadValue, listAt, objectAt, objectsAt, optionalFlag, optionalText, plainText, requiredText } from './read.ts'
import type { StageDoc } from './stages.ts'

/**
 * v3 templates describe a pipeline by `flow` (stage -> what is in it and what follows) and `states` (what each stage
 * and task is). The vendor's pages give the keys (`initial`, `final`, `state_1`, `Task_1`) and no more: here a name in
 * `flow` that is a task's is in the stage, one that is a stage's follows it.
 * @returns a body as v5 makes a pipeline of
 * @throws BadValue
 */
export function bodyOfFlow(body: JsonObject): { readonly projectId: string | null; readonly dto: JsonObject } {
  const flow = objectAt(body['flow'], 'flow')
  const states = objectAt(body['states'], 'states')
  const workflow = objectAt(body['workflow'], 'workflow')
  const stages = stagesOf(flow, states).map((stage, sequence) => ({ ...stage, sequence }))
  return {
    projectId: optionalText(workflow, 'project_id', 128),
    dto: {
      name: requiredText(workflow, 'name', 128),
      is_publish: false,
      definition: JSON.stringify({ stages }),
      variables: objectsAt(workflow['parameter'], 'workflow.parameter', 150).map((parameter) => ({
        name: requiredText(parameter, 'name', 128),
        type: 'string',
        value: plainText(parameter['value']),
        description: plainText(parameter['description']),
        is_runtime: optionalFlag(parameter, 'is_static') !== true,
      })),
      sources: objectsAt(workflow['source'], 'workflow.source', 20).map((source) => ({
        type: 'code',
        params: {
          git_type: plainText(source['scm_type']),
          git_url: plainText(source['git_url']),
          codehub_id: plainText(source['codehub_id']),
          repo_name: plainText(source['codehub_name']),
          web_url: plainText(source['web_url']),
          default_branch: plainText(source['branch']),
        },
      })),
    },
  }
}

const NAMES_MAX = 500

function stagesOf(flow: JsonObject, states: JsonObject): readonly JsonObject[] {
  const ids = Object.keys(flow)
  if (ids.length > NAMES_MAX || Object.keys(states).length > NAMES_MAX) {
    throw new BadValue(`flow: expected at most ${NAMES_MAX} stages and tasks, found more`)
  }
  const ordered: string[] = []
  const visit = (id: string): void => {
    if (ordered.includes(id) || !ids.includes(id)) return
    ordered.push(id)
    for (const name of namesIn(flow[id], id)) if (!isTask(name, states)) visit(name)
  }
  for (const id of ['initial', ...ids.filter((other) => other !== 'final'), 'final']) visit(id)
  return ordered.flatMap((id) => {
    const tasks = namesIn(flow[id], id).filter((name) => isTask(name, states))
    return tasks.length === 0 ? [] : [stageOf(id, [...new Set(tasks)], states)]
  })
}

const isTask = (name: string, states: JsonObject): boolean => {
  const state = states[name]
  return state !== undefined && isJsonObject(state) && (/^task/i.test(name) || state['type'] === 'task')
}

/** Keys and values alike name what is in a stage, or follows. */
const namesIn = (entry: Json | undefined, id: string): readonly string[] =>
  Object.entries(objectAt(entry ?? {}, `flow.${id}`)).flatMap(([key, value]) => [key, plainText(value)])

function stageOf(id: string, tasks: readonly string[], states: JsonObject): JsonObject {
  const stage = objectAt(states[id] ?? {}, `states.${id}`)
  const isSerial = stage['execution_mode'] === 'serial'
  return {
    name: optionalText(stage, 'display_name', 128) ?? optionalText(stage, 'name', 128) ?? id,
    identifier: id,
    jobs: tasks.map((task, place) => {
      const before = isSerial ? tasks[place - 1] : undefined
      return jobOf(task, objectAt(states[task], `states.${task}`), before === undefined ? [] : [before])
    }),
  }
}

function jobOf(id: string, state: JsonObject, depends_on: readonly string[]): JsonObject {
  const name = optionalText(state, 'display_name', 128) ?? optionalText(state, 'name', 128) ?? id
  const manual = optionalFlag(state, 'is_manual_execution') === true ? [{ name, task: MANUAL_TRIGGER }] : []
  const enable = optionalFlag(state, 'is_execute') ?? true
  return { name, identifier: id, depends_on, steps: [...manual, { name, enable, ...stepOf(state) }] }
}

/** The words by which the vendor's kinds of tasks tell what they are. */
const REVIEW = /manual|review|audit|checkpoint|人工|审核/i
const DELAY = /delay|延时/i

function stepOf(state: JsonObject): JsonObject {
  const parameters = objectAt(state['parameters'] ?? {}, 'states.parameters')
  const inputs = Object.entries(parameters).map(([key, value]) => ({ key, value }))
  const method = plainText(state['dsl_method'])
  const kind = `${method} ${plainText(state['module_or_template_name'])}`
  const jobId = plainText(state['job_id'])
  if (REVIEW.test(kind)) return { task: 'official_devcloud_checkpoint', inputs }
  if (DELAY.test(kind)) return { task: 'official_devcloud_delay', inputs }
  // A task of another service there; here it can be another pipeline, unless it brings its own script.
  if (jobId !== '' && !('script' in parameters) && !('command' in parameters)) {
    return { task: 'official_devcloud_subPipeline', inputs: [{ key: 'pipeline_id', value: jobId }] }
  }
  return { task: method === '' ? 'official_shell_plugin' : method, inputs }
}

/** The one word that the vendor's sample of a flow has for when something follows. */
const ALWAYS = 'always'

/** The other way round, for templates that are shown. */
export function flowOf(stages: readonly StageDoc[]): { readonly flow: JsonObject; readonly states: JsonObject } {
  const flow: Record<string, Json> = { initial: { state_1: ALWAYS } }
  const states: Record<string, Json> = {}
  let tasks = 0
  for (const [index, stage] of stages.entries()) {
    const id = `state_${index + 1}`
    const entry: Record<string, string> = {}
    const isSerial = stage.jobs.some(({ dependsOn }) => dependsOn.length > 0)
    states[id] = stateOf('stage', stage.name, 'stage', {}, isSerial ? 'serial' : 'parallel')
    for (const { job, step } of stage.jobs.flatMap((one) => one.steps.map((item) => ({ job: one, step: item })))) {
      tasks += 1
      const inputs = listAt(step.given['inputs'], 'inputs', 200).filter(isJsonObject)
      const parameters = Object.fromEntries(inputs.map(({ key, value = null }) => [plainText(key), value]))
      entry[`Task_${tasks}`] = ALWAYS
      states[`Task_${tasks}`] = stateOf('task', job.name, step.task, parameters, null)
    }
    flow[id] = { ...entry, [index + 1 < stages.length ? `state_${index + 2}` : 'final']: ALWAYS }
  }
  flow['final'] = {}
  return { flow, states }
}

const stateOf = (
  type: 'stage' | 'task',
  name: string,
  method: string,
  parameters: JsonObject,
  execution_mode: string | null,
): JsonObject => ({
  type,
  name,
  module_or_template_id: '',
  module_or_template_name: method,
  display_name: name,
  dsl_method: method,
  parameters,
  is_manual_execution: false,
  job_parameter_validate: true,
  is_show_codehub_url: false,
  is_execute: true,
  job_id: '',
  job_name: '',
  project_id: '',
  execution_mode,
})
