import type { JsonObject } from '../../../model/json.ts'
import type { PipelineView, RunView } from '../../../model/view.ts'
import { factOf, runFacts } from '../facts.ts'
import { json } from '../errors.ts'
import { objectOf, objectsOf, textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { allPipelines } from '../v1-pipelines.ts'
import { zadigFace as face } from './face.ts'
import { pipelineOf } from './request.ts'
import { creatorOf } from '../status.ts'
import { REPOSITORY, TARGET_ARGS, TEST_ARGS, WORKFLOW_TASK_ARGS } from './struct-fields.ts'
import { askedTasks, servicesOf } from './task-filters.ts'
import { isWorkflow, targetsOf, testsOf, workflowBodyOf } from './workflow.ts'

/** What a workflow can be started with: the form that a client fills in, and what a task was started with. */

const deployOf = (service: string, module: string, project: string): JsonObject => ({
  env: `${service}/${module}`,
  type: 'k8s',
  product_name: project,
})

const targetArgs = (module: string, project: string, repos: readonly JsonObject[], service = module): JsonObject => ({
  ...TARGET_ARGS,
  name: module,
  image_name: module,
  service_name: service,
  product_name: project,
  build: { repos: [...repos] },
  deploy: [deployOf(service, module, project)],
})

/** The services that a body speaks of, with the repositories that it names for them. */
function modulesOf(body: JsonObject): ReadonlyMap<string, { readonly service: string; readonly repos: JsonObject[] }> {
  const modules = [
    ...objectsOf(objectOf(body, 'build_stage'), 'modules'),
    ...objectsOf(objectOf(body, 'artifact_stage'), 'modules'),
  ]
  return new Map(
    modules.map((module) => {
      const target = objectOf(module, 'target')
      const service = textOf(target, 'service_name')
      const repos = [...objectsOf(target, 'repos'), ...objectsOf(module, 'branch_filter')].map((repo) => ({
        ...REPOSITORY,
        source: textOf(repo, 'source'),
        repo_owner: textOf(repo, 'repo_owner'),
        repo_namespace: textOf(repo, 'repo_namespace') || textOf(repo, 'repo_owner'),
        repo_name: textOf(repo, 'repo_name'),
        branch: textOf(repo, 'branch') || textOf(repo, 'default_branch'),
      }))
      const name = textOf(target, 'service_module') || service
      return [name, { service: service || name, repos }] as const
    }),
  )
}

/** `GET /workflowtask/preset/:namespace/:workflowName`: `WorkflowTaskArgs` with all that there is to choose. */
export async function presetTask(call: Call): Promise<Response> {
  const pipeline = await pipelineOf(call, face, 'findWorkflow', call.param('workflowName'))
  return pipeline instanceof Response ? pipeline : json(200, presetOf(pipeline, call.param('namespace')))
}

function presetOf(pipeline: PipelineView, namespace: string): JsonObject {
  const body = workflowBodyOf(pipeline.definition) ?? {}
  const modules = modulesOf(body)
  const names = isWorkflow(pipeline.definition)
    ? [...new Set([...targetsOf(body), ...targetsOf(body, 'artifact_stage')])]
    : [pipeline.name]
  return {
    ...WORKFLOW_TASK_ARGS,
    workflow_name: pipeline.name,
    product_tmpl_name: pipeline.project.name,
    namespace,
    env_name: namespace,
    targets: names.map((name) => {
      const { repos = [], service = name } = modules.get(name) ?? {}
      return targetArgs(name, pipeline.project.name, repos, service)
    }),
    tests: testsOf(body).map((name) => ({ ...TEST_ARGS, namespace, test_module_name: name })),
    distribute_enabled: objectOf(body, 'distribute_stage')['enabled'] === true,
  }
}

/** What this task was started with. */
export function argsOfRun(run: RunView): JsonObject {
  const facts = runFacts(run)
  const fact = (name: Parameters<typeof factOf>[1]): string => factOf(facts, name) ?? ''
  const repo = {
    ...REPOSITORY,
    is_primary: true,
    repo_owner: fact('repo_owner'),
    repo_namespace: fact('repo_owner'),
    repo_name: fact('repo_name'),
    branch: fact('branch'),
    commit_id: fact('commit_id'),
    pr: Number(facts.params.get('pull_request_number') ?? 0) || 0,
  }
  const repos = repo.repo_name === '' ? [] : [repo]
  const modules = modulesOf(workflowBodyOf(run.definition) ?? {})
  const tests = askedTasks(run)
    .filter(({ task }) => task.role === 'test')
    .map(({ task }) => task.annotations['koderover/service_name'] ?? task.name)
  return {
    ...WORKFLOW_TASK_ARGS,
    workflow_name: run.pipeline.name,
    product_tmpl_name: run.project.name,
    namespace: fact('deploy_env'),
    env_name: fact('deploy_env'),
    targets: servicesOf(run).map((name) => targetArgs(name, run.project.name, repos, modules.get(name)?.service)),
    tests: tests.map((name) => ({ ...TEST_ARGS, namespace: fact('deploy_env'), test_module_name: name })),
    req_id: run.id,
    workflow_task_creator: creatorOf(run),
  }
}

/** Services of a project: all that its workflows speak of, and what else has a service's name. */
async function servicesIn(call: Call, project: string): Promise<ReadonlyMap<string, string> | Response> {
  const pipelines = await allPipelines({ ...call, query: (name) => (name === 'projectName' ? project : '') })
  if (!pipelines.ok)
    return pipelines.problem.code === 'not_found' ? new Map() : face.problem('listWorkflows', pipelines.problem)
  const services = new Map<string, string>()
  for (const { definition } of pipelines.value) {
    for (const [module, { service }] of modulesOf(workflowBodyOf(definition) ?? {})) services.set(module, service)
    const own = definition.annotations['koderover/service_name']
    if (own !== undefined && own !== '') services.set(own, own)
  }
  return services
}

/** `GET /workflow/preset/:productName`: of what a workflow of this product can be made. */
export async function presetWorkflow(call: Call): Promise<Response> {
  const project = call.param('productName')
  const services = await servicesIn(call, project)
  if (services instanceof Response) return services
  return json(
    200,
    [...services].map(([module, service]) => ({
      target: { product_name: project, service_name: service, service_module: module },
      build_module_vers: [],
      deploy: [deployOf(service, module, project)],
      repos: [],
    })),
  )
}

/** `/workflowtask/targets/:productName/:namespace`: what of a product can be built, wherever it is deployed. */
export async function productTargets(call: Call): Promise<Response> {
  const project = call.param('productName')
  const services = await servicesIn(call, project)
  if (services instanceof Response) return services
  return json(
    200,
    [...services].map(([module, service]) => targetArgs(module, project, [], service)),
  )
}
