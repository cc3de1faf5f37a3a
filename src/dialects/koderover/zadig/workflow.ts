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
import { flagOf, objectOf, objectsOf, textOf } from '../fields.ts'
import { pack, unpack } from '../packed.ts'
import { isEnabled } from '../present.ts'
import { objectId } from '../v1-queue.ts'
import { repositoryParams } from './pipeline.ts'
import { schedulesOf } from './schedules.ts'
import type { Tally, TaskInfo } from './tally.ts'
import { typeFault, WORKFLOW } from './shapes.ts'
import { wholeWorkflow } from './struct-fields.ts'
import { seconds } from './sub-tasks.ts'

/** Product workflows: the services of a product are built, deployed, tested and distributed, stage by stage. */

const BODY = 'koderover/workflow'
const TARGETS_MAX = 100

export const isWorkflow = (definition: PipelineDefinition): boolean =>
  definition.annotations['koderover/generation'] === 'workflow'

export function readWorkflowBody(value: Json | undefined): JsonObject | string {
  if (!isJsonObject(value)) return 'expected a JSON object'
  const wrong = typeFault(value, WORKFLOW)
  if (wrong !== undefined) return wrong
  if (textOf(value, 'name') === '') return 'name: expected a name'
  const names = [...targetsOf(value), ...targetsOf(value, 'artifact_stage'), ...testsOf(value)]
  if (names.length > TARGETS_MAX) return `expected at most ${TARGETS_MAX} services and tests`
  return value
}

const isOn = (body: JsonObject, part: string): boolean => flagOf(objectOf(body, part), 'enabled') === true

/** What a workflow must have one of, in their words; undefined: it has. */
export const wrongWorkflow = (body: JsonObject): string | undefined =>
  PARTS.some((part) => isOn(body, part)) ? undefined : '未检测到构建部署或交付物部署，请配置一项'

const PARTS = [
  'schedules',
  'slack',
  'build_stage',
  'artifact_stage',
  'test_stage',
  'security_stage',
  'distribute_stage',
  'notify_ctl',
  'hook_ctl',
] as const

export function workflowBodyOf(definition: PipelineDefinition): JsonObject | undefined {
  const body = unpack(definition.annotations, BODY)
  return isJsonObject(body) ? body : undefined
}

/** The services of a stage, by the names of their modules. */
export function targetsOf(body: JsonObject, part: 'build_stage' | 'artifact_stage' = 'build_stage'): readonly string[] {
  const stage = objectOf(body, part)
  if (!isOn(body, part)) return []
  const names = objectsOf(stage, 'modules').map((module) => {
    const target = objectOf(module, 'target')
    return textOf(target, 'service_module') || textOf(target, 'service_name')
  })
  return [...new Set(names.filter((name) => name !== ''))]
}

export function testsOf(body: JsonObject): readonly string[] {
  const stage = objectOf(body, 'test_stage')
  if (!isOn(body, 'test_stage')) return []
  const listed = stage['test_names']
  const names = Array.isArray(listed) ? listed.filter((name) => typeof name === 'string') : []
  const tests = objectsOf(stage, 'tests').map((test) => textOf(test, 'test_name'))
  return [...new Set([...names, ...tests].filter((name) => name !== ''))]
}

export function workflowDefinition(body: JsonObject): DefinitionText {
  const built = targetsOf(body)
  // Those of the artifact stage have an image already.
  const targets = [...new Set([...built, ...targetsOf(body, 'artifact_stage')])]
  const stages = [
    stageOf('build', 'build', built),
    stageOf('deploy', 'deploy', targets),
    stageOf('test', 'test', testsOf(body)),
    stageOf('distribute', 'distribute', isOn(body, 'distribute_stage') ? targets : []),
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

/** What of a workflow is run, as it is asked for. */
export interface Asked {
  /** Services, with all that is done for them. */
  readonly targets: readonly JsonObject[]
  readonly tests: readonly JsonObject[]
  /** Services whose image is there: not built, and all that follows. */
  readonly images: readonly JsonObject[]
}

/**
 * Keys of the tasks for this; undefined: nothing is named, so it is all of them.
 * @returns in words, which of it the workflow has not.
 */
export function chosenTasks(
  { stages }: PipelineDefinition,
  { targets, tests, images }: Asked,
): readonly string[] | string | undefined {
  if (targets.length + tests.length + images.length === 0) return undefined
  const only: string[] = []
  const choose = (names: readonly string[], fits: (role: TaskText['role']) => boolean): boolean => {
    const keys = stages
      .flatMap(({ tasks }) => tasks)
      .filter(({ role, annotations }) => fits(role) && names.includes(annotations['koderover/service_name'] ?? ''))
      .map(({ key }) => key)
    only.push(...keys)
    return keys.length > 0
  }
  const kinds = [
    ['targets', 'service', targets, (role: string) => role !== 'test'],
    ['release_images', 'service', images, (role: string) => role !== 'test' && role !== 'build'],
    ['tests', 'test', tests, (role: string) => role === 'test'],
  ] as const
  for (const [field, what, asked, fits] of kinds) {
    for (const one of asked) {
      const names = NAMES[what].map((name) => textOf(one, name)).filter((name) => name !== '')
      if (!choose(names, fits))
        return `${field}: the workflow has no ${what} ${JSON.stringify(names.join(' ').slice(0, 128))}`
    }
  }
  return [...new Set(only)]
}

/** By which they are called, where they are asked for. */
const NAMES = { service: ['name', 'service_module', 'service_name'], test: ['test_module_name'] } as const

/** `models.Workflow`; what was PUT and means nothing here comes back as it was. */
export const presentWorkflow = (pipeline: PipelineView): JsonObject => {
  const body = workflowBodyOf(pipeline.definition) ?? {}
  return {
    ...wholeWorkflow({ ...EMPTY, ...body }),
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

/** `workflow.Workflow`: what lists say from 1.7 on, in words of their own. */
export function presentListed(pipeline: PipelineView, tally: Tally, isFavorite: boolean): JsonObject {
  const body = workflowBodyOf(pipeline.definition) ?? {}
  const stages = ['build', 'artifact', 'test', 'distribute'].filter((stage) => isOn(body, `${stage}_stage`))
  const info = (task: TaskInfo | null): JsonObject | null =>
    task === null ? null : { taskID: task.task_id, pipelineName: task.pipeline_name, status: task.status }
  return {
    display_name: textOf(body, 'display_name') || pipeline.name,
    projectName: pipeline.project.name,
    updateTime: seconds(pipeline.updatedAt),
    createTime: seconds(pipeline.createdAt),
    updateBy: pipeline.createdBy.name,
    schedulerEnabled: flagOf(body, 'schedule_enabled') ?? flagOf(objectOf(body, 'schedules'), 'enabled') === true,
    enabledStages: stages,
    isFavorite,
    workflow_type: 'product',
    recentTask: info(tally.lastest_task),
    recentSuccessfulTask: info(tally.last_task_success),
    recentFailedTask: info(tally.last_task_failure),
    averageExecutionTime: 0,
    successRate: tally.total_num === 0 ? 0 : tally.total_success / tally.total_num,
    base_refs: [],
    never_run: tally.lastest_task === null,
  }
}

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
  schedules: { enabled: false, items: [] },
  base_name: '',
  reset_image: false,
  is_parallel: false,
} as const satisfies JsonObject
