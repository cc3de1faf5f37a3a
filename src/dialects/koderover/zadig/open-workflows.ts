import type { JsonObject } from '../../../model/json.ts'
import type { PipelineView, RunView } from '../../../model/view.ts'
import { json } from '../errors.ts'
import { flagOf, misfit, objectOf, objectsOf, textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { allPipelines } from '../v1-pipelines.ts'
import { namedJobs } from './chosen-jobs.ts'
import { repositoryParams } from './custom-body.ts'
import { repositoryKey } from './custom-jobs.ts'
import { customWord, JOB_TYPES } from './custom-task.ts'
import { customBodyOf, paramsIn, presentCustom } from './custom-workflow.ts'
import { zadigFace as face } from './face.ts'
import { readInputs } from './open-inputs.ts'
import { objectBody, pagedRuns, pipelineOf, runOf } from './request.ts'
import { creatorOf } from '../status.ts'
import { seconds } from './sub-tasks.ts'
import type { TaskPage } from './task-filters.ts'
import { start, startAs, tasksOf } from './v4.ts'
import { viewTest } from './views.ts'
import { chosenTasks, isWorkflow } from './workflow.ts'
import { removeWorkflow } from './workflows.ts'

/** The public API from 1.13 on: `/openapi/workflows`. Any pipeline is a workflow there. */

/** Until 1.18 they were called `workflow_name` and `project_name`. */
async function named(call: Call, body: JsonObject): Promise<PipelineView | Response> {
  const name = textOf(body, 'workflow_key') || textOf(body, 'workflow_name')
  const project = textOf(body, 'project_key') || textOf(body, 'project_name')
  if (name === '' || project === '') return face.badRequest('project_key and workflow_key are required')
  const found = await call.app.pipelines.get(call.caller, { name, project: { name: project } })
  return found.ok ? found.value : face.problem('createTask', found.problem)
}

const NAMES = {
  workflow_key: 'string',
  workflow_name: 'string',
  project_key: 'string',
  project_name: 'string',
} as const

/** A repository as a start names it; whose it is is told by the pipeline. */
const repositoryOf = (repos: readonly JsonObject[]): JsonObject => {
  const [{ repo_name = '', branch = '', commit_id = '', pr = 0 } = {}] = repos
  return { repo_name, branch, commit_id, pr }
}

/** `{workflow_key, project_key, parameters[], inputs[]}`. */
export async function createOpenTask(call: Call): Promise<Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const wrong = misfit(body, { ...NAMES, parameters: 'list', inputs: 'list' })
  if (wrong !== undefined) return face.badRequest(wrong)
  const pipeline = await named(call, body)
  if (pipeline instanceof Response) return pipeline
  const inputs = objectsOf(body, 'inputs')
  const jobs = inputs.map((input) => objectOf(input, 'parameters'))
  const parts = jobs.flatMap((job) => [
    job,
    ...['service_list', 'testing_list', 'scanning_list'].flatMap((list) => objectsOf(job, list)),
  ])
  const pairs = parts.flatMap((part) => [...objectsOf(part, 'kv'), ...objectsOf(part, 'inputs')])
  const parameters = objectsOf(body, 'parameters')
  const none = noChoice(pipeline, parameters)
  if (none !== undefined) return face.badRequest(none)
  const stands = customBodyOf(pipeline.definition)
  const known = repositoryParams(stands ?? {})
  const isKnown = (one: JsonObject): boolean => {
    const own = known.get(textOf(one, 'name'))
    return own !== undefined && repositoryKey(own) === repositoryKey(objectOf(one, 'repo'))
  }
  const repos = [
    ...parameters.filter((one) => !isKnown(one)).map((one) => objectOf(one, 'repo')),
    ...parts.flatMap((part) => objectsOf(part, 'repo_info')),
  ]
  const read = stands === undefined ? undefined : readInputs(stands, inputs)
  const given = [
    ...parameters.filter((one) => textOf(one, 'type') !== 'repo' || isKnown(one)),
    // What a job has a variable for is told to it alone, all else is a param or refused.
    ...pairs
      .filter((pair) => read?.keys.has(textOf(pair, 'key')) !== true)
      .map((pair) => ({ name: textOf(pair, 'key'), value: pair['value'] ?? '' })),
  ]
  const more = {
    repository: repositoryOf(
      repos.filter((repo) => textOf(repo, 'repo_name') !== '' && read?.repositories.has(repositoryKey(repo)) !== true),
    ),
    namespace: jobs.map((job) => textOf(job, 'env_name')).find((name) => name !== '') ?? '',
  }
  if (read !== undefined) return await startAs(call, pipeline, read, given, more)
  const only = namedJobs(pipeline.definition, inputs)
  if (typeof only === 'string') return face.operation('createTask', only)
  return await start(call, pipeline, given, { ...more, ...(only === undefined ? {} : { only }) })
}

/** `UpdateWorkflowParam`: of a choice, one of its options. @returns what is none. */
function noChoice({ definition }: PipelineView, given: readonly JsonObject[]): string | undefined {
  const values = new Map(given.map((one) => [textOf(one, 'name'), textOf(one, 'value')]))
  for (const param of paramsIn(definition)) {
    const [name, options] = [textOf(param, 'name'), param['choice_option']]
    const value = values.get(name)
    if (value === undefined || textOf(param, 'type') !== 'choice' || !Array.isArray(options)) continue
    if (!options.includes(value)) return `invalid choice value ${value.slice(0, 64)} for param ${name}`
  }
  return undefined
}

/** `{workflow_name, project_name, input: {target_env, build, deploy}}`: product workflows, in 1.17 and 1.18. */
export async function createProductTask(call: Call): Promise<Response> {
  const body = await objectBody(call, face)
  if (body instanceof Response) return body
  const wrong = misfit(body, { ...NAMES, input: 'object' })
  if (wrong !== undefined) return face.badRequest(wrong)
  if (body['input'] === undefined) return face.badRequest('input cannot be empty')
  const pipeline = await named(call, body)
  if (pipeline instanceof Response) return pipeline
  const input = objectOf(body, 'input')
  const listed = (part: 'build' | 'deploy'): readonly JsonObject[] =>
    flagOf(objectOf(input, part), 'enabled') === true ? objectsOf(objectOf(input, part), 'service_list') : []
  const built = listed('build')
  const called = (service: JsonObject): JsonObject => ({ name: textOf(service, 'service_module') })
  const only = isWorkflow(pipeline.definition)
    ? chosenTasks(pipeline.definition, {
        targets: built.map(called),
        tests: [],
        // What is built is deployed with it.
        images: listed('deploy')
          .map(called)
          .filter(({ name }) => !built.some((service) => textOf(service, 'service_module') === name)),
      })
    : undefined
  if (typeof only === 'string') return face.operation('createTask', only)
  const pairs = built.flatMap((service) => objectsOf(service, 'inputs'))
  return await start(
    call,
    pipeline,
    pairs.map((pair) => ({ name: textOf(pair, 'key'), value: pair['value'] ?? '' })),
    {
      repository: repositoryOf(built.flatMap((service) => objectsOf(service, 'repo_info'))),
      namespace: textOf(input, 'target_env'),
      ...(only === undefined ? {} : { only }),
    },
  )
}

/** `GET /openapi/workflows?projectKey=&viewName=`: a view that is not there shows all, as there. */
export async function listOpen(call: Call): Promise<Response> {
  const [project, view] = [call.query('projectKey'), call.query('viewName')]
  if (project === '') return face.badRequest('projectKey is required')
  const pipelines = await allPipelines(call)
  if (!pipelines.ok) return face.problem('listWorkflows', pipelines.problem)
  const isShown = (view === '' ? undefined : await viewTest(call, project, view)) ?? (() => true)
  return json(200, {
    workflows: pipelines.value.filter(isShown).map((pipeline) => ({
      workflow_key: pipeline.name,
      workflow_name: pipeline.name,
      update_by: pipeline.createdBy.name,
      update_time: seconds(pipeline.updatedAt),
      type: isWorkflow(pipeline.definition) ? 'product' : 'custom',
    })),
  })
}

/** `OpenAPIWorkflowV4Detail` */
export async function openDetail(call: Call): Promise<Response> {
  if (call.query('projectKey') === '') return face.badRequest('projectKey is required')
  const pipeline = await pipelineOf(call, face, 'findWorkflow', call.param('name'))
  if (pipeline instanceof Response) return pipeline
  const { definition } = pipeline
  const custom = presentCustom(pipeline, JOB_TYPES)
  return json(200, {
    workflow_key: pipeline.name,
    workflow_name: pipeline.name,
    project_key: pipeline.project.name,
    description: definition.description,
    created_by: pipeline.createdBy.name,
    create_time: seconds(pipeline.createdAt),
    updated_by: pipeline.createdBy.name,
    update_time: seconds(pipeline.updatedAt),
    params: custom['params'] ?? [],
    stages: custom['stages'] ?? [],
    notify_ctls: [],
    share_storages: [],
    concurrency_limit: definition.concurrency?.limit ?? -1,
  })
}

// `OpenAPIPageParamsFromReq`
const PAGES = { size: 'pageSize', page: 'pageNum', rows: 10 } as const
const presentTasks = ({ runs, total }: TaskPage): Response =>
  json(200, { total, workflow_tasks: runs.map(presentBrief) })

/** `GET /openapi/workflows/custom/:name/tasks?projectKey&pageNum&pageSize` */
export async function listOpenTasks(call: Call): Promise<Response> {
  const found = await tasksOf(call, call.param('name'), PAGES)
  return found instanceof Response ? found : presentTasks(found)
}

/** The same under `product`, where the workflow must be there. */
export async function listProductTasks(call: Call): Promise<Response> {
  const pipeline = await pipelineOf(call, face, 'listTasks', call.param('name'))
  if (pipeline instanceof Response) return pipeline
  const found = await pagedRuns(call, face, { pipeline: { id: pipeline.id } }, PAGES)
  return found instanceof Response ? found : presentTasks(found)
}

/** `GET /openapi/workflows/product/:name/task/:taskID?projectKey`: `OpenAPIProductWorkflowTaskDetail`. */
export async function openProductTask(call: Call): Promise<Response> {
  const run = await runOf(call, face, 'getTask', call.param('taskID'), call.param('name'))
  return run instanceof Response ? run : json(200, presentBrief(run))
}

const presentBrief = (run: RunView): JsonObject => ({
  workflow_key: run.pipeline.name,
  workflow_name: run.pipeline.name,
  project_key: run.project.name,
  task_id: run.number,
  create_time: seconds(run.createdAt),
  task_creator: creatorOf(run),
  start_time: seconds(run.startedAt),
  end_time: seconds(run.endedAt),
  status: customWord(run),
})

/** `DELETE /openapi/workflows/custom?workflowKey&projectKey`, and the same under `product`. */
export async function removeOpen(call: Call): Promise<Response> {
  const name = call.query('workflowKey')
  if (name === '') return face.badRequest('workflowKey is required')
  return await removeWorkflow(call, name)
}
