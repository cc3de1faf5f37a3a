import { failureSentence } from '../../../model/failure.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { RunView, StageView } from '../../../model/view.ts'
import { factOf, nearTask, runFacts } from '../facts.ts'
import { objectOf, objectsOf, textOf } from '../fields.ts'
import { revokerOf } from '../present.ts'
import { objectId } from '../v1-queue.ts'
import { bodyOf, repositoryParams } from './pipeline.ts'
import { secretsOf } from './custom-workflow.ts'
import { shownValue } from './secrets.ts'
import { creatorOf } from '../status.ts'
import { nodeWord, taskWord } from './status.ts'
import { isRestarted, placeOf, seconds, seenSubTask, shownSubTask, typeOf, type TypeNames } from './sub-tasks.ts'
import { REPOSITORY, TEST_ARGS } from './struct-fields.ts'
import { askedStages } from './task-filters.ts'
import { argsOfRun } from './workflow-args.ts'
import { isWorkflow } from './workflow.ts'

/** The end of what runs is its beginning: that is how a task is stored there when it is made. */
const timesOf = (
  run: RunView,
): { readonly create_time: number; readonly start_time: number; readonly end_time: number } => {
  const start = run.startedAt ?? run.createdAt
  return { create_time: seconds(run.createdAt), start_time: seconds(start), end_time: seconds(run.endedAt ?? start) }
}

const subTasks = (run: RunView, names: TypeNames): readonly JsonObject[] =>
  askedStages(run).flatMap((stage) => subTasksOf(stage, run, names).map(({ shown }) => shown))

/** What of a stage is a sub-task: the stage itself when it stands for one of a body, else each of its tasks. */
function subTasksOf(
  stage: StageView,
  run: RunView,
  names: TypeNames,
): readonly { readonly name: string; readonly shown: JsonObject }[] {
  const place = placeOf(stage)
  const body = bodyOf(run.definition)
  const said = place === null || body === undefined ? undefined : objectsOf(body, 'sub_tasks')[place]
  if (said !== undefined) {
    const name = textOf(said, 'service_name') || textOf(said, 'test_name') || textOf(said, 'type')
    return [{ name, shown: shownSubTask(said, stage, run, names) }]
  }
  const facts = runFacts(run)
  return stage.tasks.map((task) => {
    const own = factOf(nearTask(facts, task, stage), 'service_name')
    const service = own ?? run.pipeline.name
    const said = { ...seenSubTask(task, service, names), service_name: service }
    // In a workflow the services of a stage are told apart by their names.
    return { name: isWorkflow(run.definition) ? service : task.key, shown: shownSubTask(said, task, run, names) }
  })
}

/** October 2017. */
export const presentV2Task = (run: RunView): JsonObject => ({
  task_id: run.number,
  pipeline_name: run.pipeline.name,
  status: taskWord(run),
  task_creator: creatorOf(run),
  ...(revokerOf(run) === '' ? {} : { task_revoker: revokerOf(run) }),
  ...timesOf(run),
  sub_tasks: subTasks(run, 'v2'),
})

/** `task.Task` of Zadig: field by field in the order of its struct, what Go omits when empty left out. */
export function presentTask(run: RunView): JsonObject {
  const workflow = isWorkflow(run.definition)
  return {
    id: objectId(run.id),
    task_id: run.number,
    product_name: run.project.name,
    pipeline_name: run.pipeline.name,
    pipeline_display_name: run.pipeline.name,
    type: workflow ? 'workflow' : 'single',
    status: taskWord(run),
    ...(run.definition.description === '' ? {} : { description: run.definition.description }),
    task_creator: creatorOf(run),
    ...(revokerOf(run) === '' ? {} : { task_revoker: revokerOf(run) }),
    ...timesOf(run),
    sub_tasks: workflow ? [] : subTasks(run, 'zadig'),
    stages: askedStages(run).map((stage) => presentStage(stage, run)),
    req_id: run.id,
    is_deleted: false,
    is_archived: false,
    agent_id: '',
    multi_run: run.definition.concurrency === null,
    target: '',
    build_module_ver: '',
    ...(workflow ? { workflow_args: argsOfRun(run) } : { task_args: taskArgs(run) }),
    ...(run.failure === null ? {} : { error: `${run.failure.nodeName}: ${failureSentence(run.failure.failure)}` }),
    services: [],
    render: null,
    resetImage: false,
    reset_image_policy: '',
    features: [],
    is_restart: isRestarted(run),
    storage_endpoint: '',
  }
}

/** Those that every pipeline of this dialect has: `builds` and `deploy` tell them. */
const REPOSITORY_PARAMS = new Set([...Object.keys(repositoryParams({})), 'deploy_env'])

/** `models.TaskArgs`: the params of the run, under the names that its start has for them. */
function taskArgs(run: RunView): JsonObject {
  const own = run.definition.annotations['koderover/generation'] !== undefined
  const given = run.params.filter(({ name, system }) => !system && !(own && REPOSITORY_PARAMS.has(name)))
  const secrets = secretsOf(run.definition)
  const build_args = given.map(({ name, value }) => ({
    key: name,
    value: shownValue(name, value, secrets),
    is_credential: secrets.has(name),
  }))
  const facts = runFacts(run)
  const builds = [
    {
      ...REPOSITORY,
      is_primary: true,
      repo_owner: factOf(facts, 'repo_owner') ?? '',
      repo_namespace: factOf(facts, 'repo_owner') ?? '',
      repo_name: factOf(facts, 'repo_name') ?? '',
      branch: factOf(facts, 'branch') ?? '',
      commit_id: factOf(facts, 'commit_id') ?? '',
    },
  ].filter(({ repo_name }) => repo_name !== '')
  return {
    product_name: run.project.name,
    pipeline_name: run.pipeline.name,
    builds,
    build_args,
    deploy: { namespace: factOf(facts, 'deploy_env') ?? '', suffix: '', image: '', package_file: '' },
    test: TEST_ARGS,
    task_creator: creatorOf(run),
    req_id: run.id,
    is_qiniu: false,
    notification_id: '',
    codehost_id: 0,
  }
}

export function presentStage(stage: StageView, run: RunView): JsonObject {
  const [first] = stage.tasks
  const parts = subTasksOf(stage, run, 'zadig')
  const [only] = parts
  const said = placeOf(stage) !== null && only !== undefined ? only.shown['type'] : undefined
  return {
    type: said ?? typeOf(first?.role ?? 'other', 'zadig'),
    status: nodeWord[stage.status],
    run_parallel: parts.length > 1 && stage.tasks.every(({ needs }) => needs.length === 0),
    desc: stage.name,
    sub_tasks: Object.fromEntries(parts.map(({ name, shown }) => [name, shown])),
    after_all: stage.always,
    // From 1.13 on.
    start_time: seconds(stage.startedAt),
    end_time: seconds(stage.endedAt),
    error: '',
  }
}

/** What is built, else what is deployed: the sub-tasks of the last such stage (`ListPipelineTasksV2Result`). */
function builtServices(stages: readonly JsonObject[]): readonly string[] {
  const stage = stages.findLast(({ type }) => type === 'buildv2') ?? stages.findLast(({ type }) => type === 'deploy')
  return Object.keys(objectOf(stage ?? {}, 'sub_tasks'))
}

/** `TaskPreview`: a row of a list. */
export const presentPreview = (run: RunView): JsonObject => {
  const task = presentTask(run)
  return {
    task_id: run.number,
    task_creator: creatorOf(run),
    product_name: run.project.name,
    pipeline_name: run.pipeline.name,
    namespace: '',
    service_name: '',
    status: taskWord(run),
    ...timesOf(run),
    ...(isWorkflow(run.definition) ? {} : { sub_tasks: task['sub_tasks'] ?? [] }),
    task_args: task['task_args'] ?? null,
    workflow_args: task['workflow_args'] ?? null,
    type: task['type'] ?? 'single',
    stages: task['stages'] ?? [],
    build_services: builtServices(objectsOf(task, 'stages')),
    service_modules: [],
  }
}
