import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import type { PipelineDefinition } from '../../../model/definition.ts'
import type { PipelineView } from '../../../model/view.ts'
import type { DefinitionText } from '../definition-text.ts'
import { factOf } from '../facts.ts'
import { flagOf, integerOf, objectOf, objectsOf, textOf } from '../fields.ts'
import { pack, unpack } from '../packed.ts'
import { isEnabled } from '../present.ts'
import { objectId } from '../v1-queue.ts'
import { schedulesOf } from './schedules.ts'
import { withoutSecrets } from './secrets.ts'
import { PIPELINE, typeFault } from './shapes.ts'
import { wholeSchedules } from './struct-fields.ts'
import {
  repositoriesOf,
  seconds,
  seenSubTask,
  stageOf,
  type TypeNames,
  variablesOf,
  wrongSubTask,
} from './sub-tasks.ts'

/** Single pipelines, of V2 and of Zadig: a list of sub-tasks, each a stage. */

const BODY = 'koderover/pipeline'
const SUB_TASKS_MAX = 100

/** What is wrong with a body as text, else the body. */
export function readPipelineBody(value: Json | undefined): JsonObject | string {
  if (!isJsonObject(value)) return 'expected a JSON object'
  const wrong = typeFault(value, PIPELINE)
  if (wrong !== undefined) return wrong
  const subTasks = objectsOf(value, 'sub_tasks')
  if (subTasks.length > SUB_TASKS_MAX) return `sub_tasks: expected at most ${SUB_TASKS_MAX}`
  for (const [place, subTask] of subTasks.entries()) {
    const wrongOne = wrongSubTask(subTask)
    if (wrongOne !== undefined) return `sub_tasks[${place}].${wrongOne}`
  }
  return value
}

/** Of a pipeline that was made by such a body; undefined: it was made elsewhere. */
export function bodyOf(definition: PipelineDefinition): JsonObject | undefined {
  const body = unpack(definition.annotations, BODY)
  return isJsonObject(body) ? body : undefined
}

export function definitionOf(name: string, body: JsonObject, names: TypeNames): DefinitionText {
  const subTasks = objectsOf(body, 'sub_tasks')
  const [repository = {}] = subTasks.flatMap(repositoriesOf)
  const service = subTasks.map((subTask) => textOf(subTask, 'service_name')).find((text) => text !== '') ?? ''
  const deployEnv = subTasks.map((subTask) => textOf(subTask, 'env_name')).find((text) => text !== '') ?? ''
  // A sub-task of Go's that does not say `enabled` is not; V2 has no such word.
  const enabled = names === 'v2'
  const facts = {
    'koderover/service_name': service,
    'koderover/repo_owner': textOf(repository, 'repo_owner'),
    'koderover/repo_name': textOf(repository, 'repo_name'),
  }
  return {
    name,
    description: textOf(body, 'description'),
    params: { ...repositoryParams(repository), deploy_env: deployEnv, ...variablesOf(subTasks) },
    annotations: {
      'koderover/generation': names,
      'koderover/enabled': String(flagOf(body, 'enabled') === true),
      ...Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== '')),
      ...pack(BODY, { ...body, name }),
    },
    stages: subTasks.map((subTask, place) => stageOf(subTask, place, enabled)),
    // There, a pipeline runs one task at a time unless it says otherwise.
    ...(names === 'zadig' && flagOf(body, 'multi_run') !== true ? { concurrency: { limit: 1 } } : {}),
    triggers: schedulesOf(body),
  }
}

export function repositoryParams(repository: JsonObject): JsonObject {
  const branch = textOf(repository, 'branch')
  const commit = textOf(repository, 'commit_id')
  return {
    repo_owner: textOf(repository, 'repo_owner'),
    repo_name: textOf(repository, 'repo_name'),
    branch,
    commit_id: commit,
    pull_request_number: integerOf(repository, 'pr') || integerOf(repository, 'pull_request_id'),
    ref: commit || textOf(repository, 'tag') || branch || 'HEAD',
  }
}

/** What a definition says in sub-tasks: those of its body, else one for each task. */
export function subTasksOf(
  pipeline: Pick<PipelineView, 'definition' | 'name'>,
  names: TypeNames,
): readonly JsonObject[] {
  const body = bodyOf(pipeline.definition)
  if (body !== undefined) return objectsOf(body, 'sub_tasks').map(withoutSecrets)
  const service = factOf(
    { annotations: [pipeline.definition.annotations], outputs: [], params: new Map(), git: NO_GIT },
    'service_name',
  )
  return pipeline.definition.stages.flatMap(({ tasks }) =>
    tasks.map((task) => seenSubTask(task, service ?? pipeline.name, names)),
  )
}
const NO_GIT = { owner: '', name: '', branch: '', commit: '' }

/** In the order of the documents' sample. */
export const presentV2 = (pipeline: PipelineView): JsonObject => {
  const body = bodyOf(pipeline.definition) ?? {}
  return {
    name: pipeline.name,
    description: pipeline.definition.description,
    update_by: pipeline.createdBy.name,
    update_time: seconds(pipeline.updatedAt),
    enabled: isEnabled(pipeline),
    schedule: textOf(body, 'schedule'),
    sub_tasks: subTasksOf(pipeline, 'v2'),
  }
}

const NO_HOOK = { enabled: false, git_hooks: [] } satisfies Json

/** `models.Pipeline`; what was PUT and means nothing here comes back as it was. */
export const presentZadig = (pipeline: PipelineView): JsonObject => {
  const body = bodyOf(pipeline.definition) ?? {}
  return {
    ...body,
    id: objectId(pipeline.id),
    name: pipeline.name,
    type: 'single',
    enabled: isEnabled(pipeline),
    team: textOf(body, 'team'),
    product_name: pipeline.project.name,
    target: textOf(body, 'target'),
    build_module_ver: textOf(body, 'build_module_ver'),
    sub_tasks: subTasksOf(pipeline, 'zadig'),
    description: pipeline.definition.description,
    update_by: pipeline.createdBy.name,
    create_time: seconds(pipeline.createdAt),
    update_time: seconds(pipeline.updatedAt),
    schedules: wholeSchedules(objectOf(body, 'schedules')),
    hook: { ...NO_HOOK, ...objectOf(body, 'hook') },
    notifiers: body['notifiers'] ?? [],
    run_count: pipeline.runCount,
    daily_run_count: 0,
    pass_rate: 0,
    is_deleted: false,
    slack: body['slack'] ?? null,
    notify_ctl: body['notify_ctl'] ?? null,
    notify_ctls: body['notify_ctls'] ?? [],
    is_favorite: false,
    multi_run: flagOf(body, 'multi_run') ?? pipeline.definition.concurrency === null,
  }
}
