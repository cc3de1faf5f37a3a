import type { PipelineDefinition, TaskRole } from '../../../model/definition.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import type { PipelineView } from '../../../model/view.ts'
import { asName, type DefinitionText, type StageText, type TaskText, verbatim } from '../definition-text.ts'
import { flagOf, integerOf, objectOf, objectsOf, textOf } from '../fields.ts'
import { pack, unpack } from '../packed.ts'
import { objectId } from '../v1-queue.ts'
import { isLeftOut, jobTasks, withReferred } from './custom-jobs.ts'
import { jobsIn, repositoryParams, withRepositories } from './custom-body.ts'
import { saidByJobs } from './job-facts.ts'
import { bodyOf } from './pipeline.ts'
import { secretNames } from './secrets.ts'
import { typeFault, withTexts, WORKFLOW_V4 } from './shapes.ts'
import { wholeCustom } from './struct-fields-v4.ts'
import { seconds } from './sub-tasks.ts'
import { templated, type Variables, workflowVariables } from './variables.ts'
import { TRIGGER, triggerTasks } from './workflow-trigger.ts'

/** Custom workflows, `models.WorkflowV4` of 1.13 and later: stages of jobs, approvals before stages, params. */

const BODY = 'koderover/workflow-v4'
const JOBS_MAX = 100
/** The annotation of a review that is a stage's approval, and no job of it. */
export const GATE = 'koderover/gate'
/** Its value where somebody begins the stage by hand. */
export const BY_HAND = 'manual_exec'

export function customBodyOf(definition: PipelineDefinition): JsonObject | undefined {
  const body = unpack(definition.annotations, BODY)
  return isJsonObject(body) ? body : undefined
}

/** Params whose values are secret, whatever the pipeline was made of. */
export const secretsOf = (definition: PipelineDefinition): ReadonlySet<string> =>
  new Set([
    ...secretNames(bodyOf(definition)),
    ...objectsOf(customBodyOf(definition) ?? {}, 'params')
      .filter((param) => flagOf(param, 'is_credential') === true)
      .map((param) => textOf(param, 'name')),
  ])

/** What is wrong with a body as text, else the body. */
export function readCustomBody(given: Json | undefined): JsonObject | string {
  if (!isJsonObject(given)) return 'expected a workflow'
  const wrong = typeFault(given, WORKFLOW_V4, 'yaml')
  if (wrong !== undefined) return wrong
  const value = withTexts(given, WORKFLOW_V4)
  if (!isJsonObject(value)) return 'expected a workflow'
  if (textOf(value, 'name') === '') return 'name: expected a name'
  const jobs = jobsIn(value)
  if (jobs.length > JOBS_MAX) return `expected at most ${JOBS_MAX} jobs`
  const names = new Set<string>()
  for (const job of jobs) {
    const name = textOf(job, 'name')
    // As there; and as a key of ours can be.
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(name))
      return `job name [${name.slice(0, 64)}] did not match ^[a-z][a-z0-9-]{0,31}$`
    if (names.has(name)) return `duplicated job name: ${name}`
    names.add(name)
  }
  return { ...value, params: objectsOf(value, 'params').map(onePlace) }
}

/** Of a secret the value is in one place: where it is sealed. */
const onePlace = (param: JsonObject): JsonObject =>
  flagOf(param, 'is_credential') === true ? { ...param, value: valueOf(param), default: '' } : param

const valueOf = (param: JsonObject): string => chosenOf(param) ?? (textOf(param, 'value') || textOf(param, 'default'))

/** Several of a choice are one text. Source: `getWorkflowDefaultParams` of aslan's job package. */
export const chosenOf = (param: JsonObject): string | undefined => {
  const several = param['choice_value']
  return isSeveral(param) && Array.isArray(several) ? several.map(String).join(',') : undefined
}

const isSeveral = (param: JsonObject): boolean => textOf(param, 'type') === 'multi-select'

/** A param with a value of its own: as a task or a timer has it. */
export const withValue = (param: JsonObject, value: string): JsonObject => ({
  ...param,
  value,
  ...(isSeveral(param) ? { choice_value: value === '' ? [] : value.split(',') } : {}),
})

/** What a start gives for params, each as one text. */
export const givenParams = (definition: PipelineDefinition, given: readonly JsonObject[]): readonly JsonObject[] => {
  const known = new Map(paramsIn(definition).map((param) => [textOf(param, 'name'), param]))
  return given.map((param) => {
    const chosen = chosenOf({ ...param, type: textOf(known.get(textOf(param, 'name')) ?? {}, 'type') })
    return chosen === undefined ? param : { ...param, value: chosen }
  })
}

/** Params as the workflow was made with them. */
export const paramsIn = (definition: PipelineDefinition): readonly JsonObject[] =>
  objectsOf(customBodyOf(definition) ?? {}, 'params')

/** @param started what is known of a start, by the names of Zadig's variables. */
export function customDefinition(body: JsonObject, started: Readonly<Record<string, string>> = {}): DefinitionText {
  const limit = integerOf(body, 'concurrency_limit')
  const isOne = limit === 0 && flagOf(body, 'multi_run') !== true
  const variables = { ...workflowVariables(body, started), said: saidByJobs(body) }
  const stages = stagesOf(body, variables)
  const params = objectsOf(body, 'params').map((param) => [textOf(param, 'name'), verbatim(valueOf(param))] as const)
  return {
    name: textOf(body, 'name'),
    description: textOf(body, 'description'),
    params: Object.fromEntries(params.filter(([name]) => name !== '')),
    annotations: { 'koderover/generation': 'v4', ...pack(BODY, body) },
    stages: stages.filter(({ tasks }) => tasks.length > 0),
    ...(limit > 0 || isOne ? { concurrency: { limit: Math.max(1, limit) } } : {}),
  }
}

/** Jobs of earlier stages are over, and so are those of their own stage that stand before them. */
function stagesOf(given: JsonObject, variables: Variables): readonly StageText[] {
  const body = { stages: withRepositories(given['stages'] ?? [], repositoryParams(given)) }
  const over = new Set<string>()
  const all = withReferred(jobsIn(body))
  let next = 0
  return objectsOf(body, 'stages').map((stage, place) => {
    const jobs = all.slice(next, (next += objectsOf(stage, 'jobs').length))
    const made = stageOf({ ...stage, jobs }, all, place, { ...variables, jobs: new Set(over) })
    for (const { key } of made.tasks) over.add(key)
    return made
  })
}

export const stageKey = (place: number): string => `stage-${place + 1}`

function stageOf(stage: JsonObject, all: readonly JsonObject[], place: number, variables: Variables): StageText {
  const name = textOf(stage, 'name')
  const gate = approvalOf(objectOf(stage, 'approval'), `approval-${place + 1}`, variables)
  const hand = handOf(objectOf(stage, 'manual_exec'), `manual-exec-${place + 1}`, variables)
  const needs = hand === undefined ? {} : { needs: [hand.key] }
  const tasks: TaskText[] = [
    ...(hand === undefined ? [] : [{ ...hand, annotations: { [GATE]: BY_HAND } }]),
    ...(gate === undefined ? [] : [{ ...gate, ...needs, annotations: { [GATE]: 'true' } }]),
  ]
  const isParallel = flagOf(stage, 'parallel') === true
  let before = gate?.key ?? hand?.key
  const passed: string[] = []
  for (const job of objectsOf(stage, 'jobs')) {
    if (isLeftOut(job)) continue
    const text = JSON.stringify(job)
    const named = passed.filter((key) => key !== before && text.includes(`{{.job.${key}.`))
    const seen = { ...variables, jobs: new Set([...variables.jobs, ...passed]) }
    const made = tasksOf(job, all, [...(before === undefined ? [] : [before]), ...named], seen)
    tasks.push(...made)
    // Side by side they follow the approval, else one another.
    if (isParallel) continue
    before = made.at(-1)?.key
    passed.push(...(before === undefined ? [] : [before]))
  }
  return { key: stageKey(place), name: asName(name, `stage ${place + 1}`), tasks }
}

/** Somebody begins the stage by hand, from 3.0 on. Who may is told when somebody does: an admin always may. */
const handOf = (manual: JsonObject, key: string, variables: Variables): TaskText | undefined =>
  flagOf(manual, 'enabled') === true ? approvalOf({ enabled: true }, key, variables, 'manual execution') : undefined

/** A gate before the jobs of a stage, or a job that is one. */
function approvalOf(approval: JsonObject, key: string, variables: Variables, name = 'approval'): TaskText | undefined {
  if (flagOf(approval, 'enabled') === false || Object.keys(approval).length === 0) return undefined
  const own = objectOf(approval, 'native_approval')
  const part = Object.keys(own).length === 0 ? approval : own
  const users = objectsOf(part, 'approve_users').map((user) => textOf(user, 'user_name') || textOf(user, 'name'))
  const reviewers = [...new Set(users.filter((user) => user !== ''))]
  const needed = integerOf(part, 'needed_approvers')
  // A job that is an approval has it beside its parts.
  const minutes = integerOf(part, 'timeout') || integerOf(approval, 'timeout')
  return {
    key,
    name: asName(name, key),
    role: 'review',
    uses: 'approval',
    with: {
      question: templated(textOf(approval, 'description'), variables),
      reviewers,
      required: reviewers.length === 0 ? 1 : Math.min(Math.max(1, needed), reviewers.length),
      ...(minutes > 0 ? { expire: `${minutes}m` } : {}),
    },
  }
}

function tasksOf(
  job: JsonObject,
  all: readonly JsonObject[],
  needs: readonly string[],
  variables: Variables,
): readonly TaskText[] {
  if (textOf(job, 'type') === TRIGGER) return triggerTasks(job, all, needs, variables)
  if (textOf(job, 'type') !== 'approval') return jobTasks(job, needs, variables)
  const key = textOf(job, 'name')
  const gate = approvalOf({ enabled: true, ...objectOf(job, 'spec') }, key, variables, key)
  return gate === undefined ? [] : [{ ...gate, needs }]
}

/** `models.WorkflowV4`; a pipeline that was made elsewhere has its stages and tasks. */
export function presentCustom(pipeline: PipelineView, jobTypes: Readonly<Record<TaskRole, string>>): JsonObject {
  const { definition } = pipeline
  const body = customBodyOf(definition) ?? {
    params: definition.params.map((param) => ({
      name: param.name,
      description: param.description,
      type: param.type === 'choice' ? 'choice' : 'string',
      value: typeof param.default === 'string' ? param.default : '',
      choice_option: [...param.options],
      default: typeof param.default === 'string' ? param.default : '',
      is_credential: false,
    })),
    stages: definition.stages.map(({ name, tasks }) => ({
      name,
      parallel: tasks.length > 1 && tasks.every(({ needs }) => needs.length === 0),
      approval: null,
      jobs: tasks.map((task) => ({ name: task.key, type: jobTypes[task.role], skipped: false, spec: {} })),
    })),
  }
  return {
    multi_run: definition.concurrency === null,
    concurrency_limit: definition.concurrency?.limit ?? -1,
    ...wholeCustom({ display_name: pipeline.name, ...body }),
    id: objectId(pipeline.id),
    name: pipeline.name,
    project: pipeline.project.name,
    description: definition.description,
    created_by: pipeline.createdBy.name,
    create_time: seconds(pipeline.createdAt),
    updated_by: pipeline.createdBy.name,
    update_time: seconds(pipeline.updatedAt),
  }
}
