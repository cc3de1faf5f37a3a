import type { PipelineDefinition } from '../../../model/definition.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import type { PipelineView } from '../../../model/view.ts'
import {
  asName,
  type DefinitionText,
  repositoryScript,
  type StageText,
  type TaskText,
  verbatim,
} from '../definition-text.ts'
import { flagOf, misfit, objectOf, objectsOf, textOf } from '../fields.ts'
import { pack, unpack } from '../packed.ts'
import { isEnabled } from '../present.ts'
import { objectId } from '../v1-queue.ts'
import { repositoryParams, schedulesOf } from './pipeline.ts'
import { wholeWorkflow } from './struct-fields.ts'
import { seconds } from './sub-tasks.ts'

/** Product workflows: the services of a product are built, deployed, tested and distributed, stage by stage. */

const BODY = 'koderover/workflow'
const TARGETS_MAX = 100

export const isWorkflow = (definition: PipelineDefinition): boolean =>
  definition.annotations['koderover/generation'] === 'workflow'

export function readWorkflowBody(value: Json | undefined): JsonObject | string {
  if (!isJsonObject(value)) return 'expected a JSON object'
  const wrong = misfit(value, {
    name: 'string',
    product_tmpl_name: 'string',
    env_name: 'string',
    description: 'string',
    enabled: 'boolean',
    is_parallel: 'boolean',
    schedules: 'object',
    build_stage: 'object',
    artifact_stage: 'object',
    test_stage: 'object',
    security_stage: 'object',
    distribute_stage: 'object',
  })
  if (wrong !== undefined) return wrong
  if (textOf(value, 'name') === '') return 'name: expected a name'
  const names = [...targetsOf(value), ...testsOf(value)]
  if (names.length > TARGETS_MAX) return `expected at most ${TARGETS_MAX} services and tests`
  return value
}

export function workflowBodyOf(definition: PipelineDefinition): JsonObject | undefined {
  const body = unpack(definition.annotations, BODY)
  return isJsonObject(body) ? body : undefined
}

/** The services of the build stage, by the names of their modules. */
function targetsOf(body: JsonObject): readonly string[] {
  const stage = objectOf(body, 'build_stage')
  if (flagOf(stage, 'enabled') !== true) return []
  const names = objectsOf(stage, 'modules').map((module) => {
    const target = objectOf(module, 'target')
    return textOf(target, 'service_module') || textOf(target, 'service_name')
  })
  return [...new Set(names.filter((name) => name !== ''))]
}

function testsOf(body: JsonObject): readonly string[] {
  const stage = objectOf(body, 'test_stage')
  if (flagOf(stage, 'enabled') !== true) return []
  const listed = stage['test_names']
  const names = Array.isArray(listed) ? listed.filter((name) => typeof name === 'string') : []
  const tests = objectsOf(stage, 'tests').map((test) => textOf(test, 'test_name'))
  return [...new Set([...names, ...tests].filter((name) => name !== ''))]
}

export function workflowDefinition(body: JsonObject): DefinitionText {
  const targets = targetsOf(body)
  const distributes = flagOf(objectOf(body, 'distribute_stage'), 'enabled') === true
  const stages = [
    stageOf('build', 'build', targets),
    stageOf('deploy', 'deploy', targets),
    stageOf('test', 'test', testsOf(body)),
    stageOf('distribute', 'distribute', distributes ? targets : []),
  ].filter((stage) => stage !== undefined)
  const idle: StageText = {
    key: 'nothing',
    name: 'nothing',
    tasks: [{ key: 'nothing', name: 'nothing', role: 'other', uses: 'noop' }],
  }
  return {
    name: textOf(body, 'name'),
    description: textOf(body, 'description'),
    params: { ...repositoryParams({}), deploy_env: textOf(body, 'env_name') },
    annotations: {
      'koderover/generation': 'workflow',
      'koderover/enabled': String(flagOf(body, 'enabled') === true),
      ...pack(BODY, body),
    },
    stages: stages.length === 0 ? [idle] : stages,
    ...(flagOf(body, 'is_parallel') === true ? {} : { concurrency: { limit: 1 } }),
    triggers: flagOf(body, 'schedule_enabled') === false ? [] : schedulesOf(body),
  }
}

/** One task for each name, at once; undefined: there is none. */
function stageOf(
  key: 'build' | 'deploy' | 'test' | 'distribute',
  role: TaskText['role'],
  names: readonly string[],
): StageText | undefined {
  if (names.length === 0) return undefined
  const tasks = names.map((name, place): TaskText => ({
    key: `${key}-${place + 1}`,
    name: asName(name, key),
    role,
    uses: 'script',
    with: { script: repositoryScript(key) },
    env: { SERVICE: verbatim(name) },
    annotations: { 'koderover/service_name': name },
  }))
  return { key, name: key, tasks }
}

/**
 * Keys of the tasks for these targets and tests of a new task; undefined: none are named, so it is all of them.
 * @returns in words, which of them the workflow has not.
 */
export function chosenTasks(
  { stages }: PipelineDefinition,
  targets: readonly JsonObject[],
  tests: readonly JsonObject[],
): readonly string[] | string | undefined {
  if (targets.length + tests.length === 0) return undefined
  const only: string[] = []
  const choose = (names: readonly string[], role: 'test' | 'target'): boolean => {
    const keys = stages
      .flatMap(({ tasks }) => tasks)
      .filter((task) => (task.role === 'test') === (role === 'test'))
      .filter(({ annotations }) => names.includes(annotations['koderover/service_name'] ?? ''))
      .map(({ key }) => key)
    only.push(...keys)
    return keys.length > 0
  }
  for (const target of targets) {
    const names = [textOf(target, 'name'), textOf(target, 'service_name')].filter((name) => name !== '')
    if (!choose(names, 'target'))
      return `targets: the workflow has no service ${JSON.stringify(names.join(' ').slice(0, 128))}`
  }
  for (const one of tests) {
    const name = textOf(one, 'test_module_name')
    if (!choose(name === '' ? [] : [name], 'test'))
      return `tests: the workflow has no test ${JSON.stringify(name.slice(0, 128))}`
  }
  return [...new Set(only)]
}

/** `models.Workflow`; what was PUT and means nothing here comes back as it was. */
export const presentWorkflow = (pipeline: PipelineView): JsonObject => {
  const body = workflowBodyOf(pipeline.definition) ?? {}
  return {
    ...EMPTY,
    ...wholeWorkflow(body),
    // A client that puts back what it got has last time's here.
    ...NO_TASKS,
    id: objectId(pipeline.id),
    name: pipeline.name,
    enabled: isEnabled(pipeline),
    product_tmpl_name: pipeline.project.name,
    description: pipeline.definition.description,
    update_by: pipeline.createdBy.name,
    create_by: pipeline.createdBy.name,
    update_time: seconds(pipeline.updatedAt),
    create_time: seconds(pipeline.createdAt),
  }
}

/** Of one workflow nothing is counted, as there; a list of them fills it in. */
const NO_TASKS = {
  is_favorite: false,
  lastest_task: null,
  last_task_success: null,
  last_task_failure: null,
  total_duration: 0,
  total_num: 0,
  total_success: 0,
} as const satisfies JsonObject

const EMPTY = {
  display_name: '',
  schedule_enabled: false,
  build_stage: { enabled: false, modules: [] },
  test_stage: { enabled: false },
  security_stage: { enabled: false },
  distribute_stage: { enabled: false, distributes: [], releases: [] },
  extension_stage: null,
  notify_ctls: [],
  hook_ctl: { enabled: false, items: [] },
  base_name: '',
  reset_image: false,
  is_parallel: false,
} as const satisfies JsonObject
