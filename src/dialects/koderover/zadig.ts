import type { EndpointMethod, EndpointRow } from '../kit/endpoints.ts'
import { success } from './errors.ts'
import type { Route } from './route.ts'
import { familyOf, notServed, openOf, ZADIG, ZADIG_V4 } from './rows.ts'
import { zadigFace } from './zadig/face.ts'
import { taskFile, workflowArtifact } from './zadig/files.ts'
import { addFavourite, dropFavourite, listFavourites } from './zadig/favourites.ts'
import { logRoutes } from './zadig/logs.ts'
import { byCommit, preview } from './zadig/overview.ts'
import { pipelineHandlers } from './zadig/pipelines.ts'
import { PENDING, RUNNING } from './zadig/request.ts'
import { portalRoutes } from './zadig/portal.ts'
import { presentTask } from './zadig/task.ts'
import { taskHandlers } from './zadig/tasks.ts'
import * as crons from './zadig/crons.ts'
import { presentPreview } from './zadig/custom-task.ts'
import * as custom from './zadig/custom-workflows.ts'
import { openNotServed, openRoutes } from './zadig/open-routes.ts'
import { filterValues, valuesOf } from './zadig/task-filters.ts'
import { manualExec } from './zadig/manual-exec.ts'
import * as v4 from './zadig/v4.ts'
import { presetTask, presetWorkflow, productTargets } from './zadig/workflow-args.ts'
import { createView, listViewNames, presetView, removeView, updateView } from './zadig/views.ts'
import { webhook } from './zadig/webhook.ts'
import {
  copyWorkflow,
  createWorkflow,
  createWorkflowTask,
  findWorkflow,
  listWorkflows,
  removeWorkflow,
  updateWorkflow,
} from './zadig/workflows.ts'

const pipelines = pipelineHandlers(zadigFace, 'zadig')
const tasks = taskHandlers(zadigFace, presentTask)
const workflowTasks = taskHandlers(zadigFace, presentPreview)

const at =
  (family: string) =>
  (method: EndpointMethod, path: string, from: string, handle: Extract<Route, { open?: false }>['handle']): Route =>
    // The service's own prefix, and the one that its gateway puts before it.
    familyOf(family)(method, `/api/workflow${path}`, from, handle, { also: [`/api/aslan/workflow${path}`] })
const route = at(ZADIG)
const v4Route = at(ZADIG_V4)

const single: readonly Route[] = [
  route('GET', '/v2/pipelines', 'single pipelines; error 6142', pipelines.list),
  route('POST', '/v2/pipelines', 'create, or change the one of that name; errors 6140, 6141', pipelines.upsert),
  route('GET', '/v2/pipelines/:name', 'one; error 6143', pipelines.get),
  route('DELETE', '/v2/pipelines/:name', 'delete; error 6144', pipelines.remove),
  route('POST', '/v2/pipelines/old/:old/new/:new', 'copy; errors 6140, 6145', pipelines.copy),
  route('PUT', '/v2/pipelines/rename/:old/:new', 'rename; error 6148', pipelines.rename),
  route('POST', '/v2/tasks', 'run: TaskArgs → `{pipeline_name, task_id}`; error 6160', tasks.create),
  route(
    'GET',
    '/v2/tasks/max/:max/start/:start/pipelines/:name?queryType&filters',
    '`{data, start_at, max_result, total}`; error 6162',
    tasks.page,
  ),
  route('GET', '/v2/tasks/file?pipelineName&taskId', 'a task’s package, as `package` steps have kept it', taskFile),
  route('GET', '/v2/tasks/workflow/:pipelineName/taskId/:taskId', 'artifact.tar.gz of a task', workflowArtifact),
  route('GET', '/v2/tasks/id/:id/pipelines/:name', 'one task; error 6161', tasks.get),
  route('POST', '/v2/tasks/id/:id/pipelines/:name/restart', 'what failed of it, again; error 6164', tasks.restart),
  route('DELETE', '/v2/tasks/id/:id/pipelines/:name', 'cancel; error 6163', tasks.cancel),
  route('GET', '/v2/status/preview', 'each pipeline with its last tasks; error 6142', preview),
  route('GET', '/v2/status/task/info?commitId', 'tasks of the last day that worked on a commit', byCommit),
]

const workflows: readonly Route[] = [
  route('POST', '/workflow', 'create a product workflow; error 6540', createWorkflow),
  route('PUT', '/workflow', 'update; error 6540', updateWorkflow),
  route('PUT', '/workflow/:name', 'the same, from 1.12 on', updateWorkflow),
  route('PUT', '/workflow/old/:old/new/:new', 'copy; errors 6143, 6145', copyWorkflow),
  route('PUT', '/workflow/old/:old/new/:new/:newDisplay', 'the same, from 1.16 on', copyWorkflow),
  route('GET', '/workflow/preset/:productName', 'of which services a workflow can be made', presetWorkflow),
  route('GET', '/workflow', 'all; error 6541', listWorkflows),
  route('GET', '/workflow/find/:name', 'one; error 6542', findWorkflow),
  route('DELETE', '/workflow/:name', 'delete; error 6543', removeWorkflow),
  route('POST', '/workflowtask', 'run: WorkflowTaskArgs → `{pipeline_name, task_id}`; error 6160', createWorkflowTask),
  route('PUT', '/workflowtask', 'the same for artifacts; error 6160', createWorkflowTask),
  route('POST', '/workflowtask/:name', 'run, from 1.12 on', createWorkflowTask),
  route('PUT', '/workflowtask/:name', 'the same for artifacts', createWorkflowTask),
  route(
    'GET',
    '/workflowtask/preset/:namespace/:workflowName',
    'WorkflowTaskArgs with all that there is to choose; error 6542',
    presetTask,
  ),
  route('GET', '/workflowtask/targets/:productName/:namespace', 'what of a product can be built', productTargets),
  route('POST', '/workflowtask/targets/:productName/:namespace', 'the same, from 1.15 on', productTargets),
  route(
    'GET',
    '/workflowtask/filters/pipelines/:name?workflowType&queryType',
    'values by which its tasks can be filtered',
    filterValues(zadigFace),
  ),
  route('GET', '/workflowtask/max/:max/start/:start/pipelines/:name', 'as of single pipelines; error 6162', tasks.page),
  route(
    'GET',
    '/workflowtask/id/:id/pipelines/:name?workflowType=',
    'one task, with `stages[]`; error 6161',
    tasks.get,
  ),
  route('POST', '/workflowtask/id/:id/pipelines/:name/restart', 'what failed of it, again; error 6164', tasks.restart),
  route('DELETE', '/workflowtask/id/:id/pipelines/:name', 'cancel; error 6163', tasks.cancel),
]

const marks: readonly Route[] = [
  route('POST', '/favorite', 'mark a workflow: `{product_name, name, type}`', addFavourite),
  route('DELETE', '/favorite/:productName/:name/:type', 'unmark it', dropFavourite),
  route('GET', '/favorite?projectName&type', 'those that the caller has marked, from 1.8 on', listFavourites),
  v4Route(
    'POST',
    '/view',
    'workflows to be seen together: `{name, project_name, workflows[]}`; error 6892',
    createView,
  ),
  v4Route('PUT', '/view', 'the same, by its `id`; error 6893', updateView),
  v4Route('GET', '/view?projectName', 'their names; error 6891', listViewNames),
  v4Route('GET', '/view/preset?projectName&viewName', 'one, to be changed, or none; error 6890', presetView),
  v4Route('DELETE', '/view/:projectName/:viewName', 'delete; error 6894', removeView),
  v4Route('DELETE', '/view?projectName&viewName', 'the same, from 2.0 on', removeView),
]

const streams: readonly Route[] = [
  route('GET', '/sse/tasks/id/:id/pipelines/:name', 'a task, every second', tasks.follow()),
  route(
    'GET',
    '/sse/workflows/id/:id/pipelines/:name?workflowType=',
    'a workflow’s task, every second',
    // `dto.Task` (pkg/types/dto at 0499f3f): versions of the delivery centre that it has made.
    tasks.follow({ releases: [] }),
  ),
  // The names of later releases, for tasks of all workflows.
  v4Route(
    'GET',
    '/sse/workflowTasks/running',
    'what is under way, every second',
    workflowTasks.followSome({ statuses: RUNNING }),
  ),
  v4Route(
    'GET',
    '/sse/workflowTasks/pending',
    'the queue, every second',
    workflowTasks.followSome({ statuses: PENDING }),
  ),
  route('GET', '/sse/tasks/running', 'what is under way, every second', tasks.followSome({ statuses: RUNNING })),
  route('GET', '/sse/tasks/pending', 'the queue, every second', tasks.followSome({ statuses: PENDING })),
]

const openRoute = openOf(ZADIG)
const open: readonly Route[] = [
  openRoute(
    'POST',
    '/api/webhook?id=',
    'a code host fires the webhook trigger of this id, without a login; error 6207',
    webhook,
    {
      also: [
        '/api/ci/webhook?id=',
        '/api/githubWebHook?id=',
        '/api/gitlabhook?id=',
        '/api/gerritHook?id=',
        '/api/workflow/webhook?id=',
        '/api/aslan/webhook?id=',
      ],
    },
  ),
  openRoute('GET', '/api/health', 'the server lives', success),
]

const later: readonly Route[] = [
  v4Route('POST', '/v4?projectName', 'create a custom workflow, in YAML or JSON; error 6540', custom.createCustom),
  v4Route('GET', '/v4?project&viewName&page_num&page_size', '`{workflow_list, total}`; error 6541', custom.listCustom),
  v4Route('GET', '/v4/name/:name', 'one, in YAML; error 6542', custom.findCustom),
  v4Route('GET', '/v4/preset/:name', 'one, to be started, in JSON; error 6542', custom.presetCustom),
  v4Route(
    'POST',
    '/v4/workflowtask',
    'run: a WorkflowV4 with `params[]`, its jobs as they are to run → `{project_name, workflow_name, task_id}`',
    v4.createTask,
  ),
  v4Route('POST', '/v4/workflowtask/trigger?triggerName', 'the same, as another workflow asks for it', v4.createTask),
  v4Route(
    'GET',
    '/v4/workflowtask/clone/workflow/:workflowName/task/:taskID',
    'the workflow as a task was started with',
    v4.cloneTask,
  ),
  v4Route(
    'GET',
    '/v4/workflowtask/view/workflow/:workflowName/task/:taskID',
    'the same, to be looked at, from 2.0 on',
    v4.cloneTask,
  ),
  v4Route(
    'GET',
    '/v4/workflowtask/filter/workflow/:name?queryType',
    'values by which its tasks can be filtered, from 2.0 on',
    (call) => valuesOf(call, zadigFace),
  ),
  v4Route(
    'GET',
    '/v4/workflowtask?workflow_name&page_num&page_size&queryType&filters',
    '`{workflow_list, total}`',
    v4.listTasks,
  ),
  v4Route('GET', '/v4/workflowtask/workflow/:workflowName/task/:taskID', 'one task, stages with jobs', v4.getTask),
  v4Route('DELETE', '/v4/workflowtask/workflow/:workflowName/task/:taskID', 'cancel', v4.cancelTask),
  v4Route(
    'POST',
    '/v4/workflowtask/retry/workflow/:workflowName/task/:taskID',
    'what failed of it, again',
    v4.retryTask,
  ),
  v4Route('GET', '/v4/cron?workflowName', 'timers of a custom workflow; error 6810', crons.listCrons),
  v4Route('GET', '/v4/cron/preset?workflowName&cronID', 'one, to be changed, or a new one', crons.presetCron),
  v4Route('POST', '/v4/cron/:workflowName', 'make one: Cronjob', crons.createCron),
  v4Route('PUT', '/v4/cron', 'change one, by its `id`', crons.updateCron),
  v4Route('DELETE', '/v4/cron/:workflowName/trigger/:cronID', 'delete one', crons.removeCron),
  v4Route('PUT', '/v4/:name', 'update, in YAML or JSON; error 6540', custom.updateCustom),
  v4Route('DELETE', '/v4/:name', 'delete; error 6543', removeWorkflow),
  v4Route('POST', '/v4/workflowtask/approve', 'approve or reject what waits in a stage or job; error 6169', v4.approve),
  v4Route(
    'POST',
    '/v4/workflowtask/handle/error',
    'ignore or reject the failure of a job whose `error_policy` is manual_check, from 2.3 on; error 6169',
    v4.handleError,
  ),
  v4Route(
    'POST',
    '/v4/workflowtask/manualexec/workflow/:workflowName/task/:taskID?stageName',
    'begin a stage that is begun by hand (`manual_exec`), from 3.0 on; error 6169',
    manualExec,
  ),
]

/** Fixed paths come before those with a part that varies. */
export const zadigRoutes: readonly Route[] = [
  ...open,
  ...portalRoutes,
  ...streams,
  ...single,
  ...workflows,
  ...marks,
  ...later,
  ...logRoutes,
  ...openRoutes,
]

const IN_DEFINITION = 'triggers are in its definition, by our own API'
const NO_SHELL = 'a person’s shell within a run has no counterpart here'
const OTHER_SYSTEM = 'that system is not here'
/** What aslan's router has besides. Source: core/workflow/handler/router.go at 01094b5. */
const workflowNotServed = notServed(ZADIG_V4, '/api/workflow', [
  [
    'POST',
    '/v4/workflowtask/breakpoint/:workflowName/:jobName/task/:taskID/:position',
    'stop before or after a job and open a shell there',
    NO_SHELL,
  ],
  ['GET', '/v4/webhook?workflowName', 'hooks of a workflow, and how they are made', IN_DEFINITION],
  ['GET', '/v4/jirahook/:workflowName', 'those that Jira calls', OTHER_SYSTEM],
  ['GET', '/v4/meegohook/:workflowName', 'those that Meego calls', OTHER_SYSTEM],
  ['GET', '/v4/generalhook/:workflowName', 'those that anything calls', IN_DEFINITION],
  ['GET', '/v4/trigger', 'workflows that another can start', 'a workflow that starts another names it'],
  ['GET', '/v4/all', 'workflows of all projects, as templates', 'there are no templates of workflows'],
  ['POST', '/v4/lint', 'check a workflow', 'a start or a change checks it and names all errors'],
  ['POST', '/v4/output/:jobName', 'what a job may refer to', 'a help of the portal’s editor'],
  ['POST', '/v4/repo/:jobName', 'which repositories a job has', 'a help of the portal’s editor'],
  ['POST', '/v4/filterEnv', 'services of an environment', 'there are no environments of Kubernetes'],
  ['GET', '/v4/sharestorage', 'storage that jobs share', 'the workspace of a run is shared by its jobs'],
  ['POST', '/v4/workflowtask/debug/:workflowName/task/:taskID', 'wait at breakpoints', NO_SHELL],
  [
    'POST',
    '/v4/workflowtask/revert/:workflowName/:jobName/task/:taskID',
    'take a deployment back',
    'rollbacks are in a definition, by our own API',
  ],
  [
    'GET',
    '/v4/workflowtask/workflow/:workflowName/taskId/:taskId/job/:jobName',
    'files of one job',
    'files are of a task: /v2/tasks/file',
  ],
  ['GET', '/v3', 'workflows of 1.10 to 1.12, which 1.13 took away', 'v4 is what came of them'],
  ['GET', '/plugin', 'jobs of one’s own', 'steps of one’s own are of the installation'],
  ['POST', '/workflow/:productName/auto', 'make the workflows of a new product', 'products have no environments here'],
  ['GET', '/workflow/testName/:testName', 'workflows with a test', 'tests are part of their workflow'],
  [
    'GET',
    '/servicetask/workflows/:productName/:envName/:serviceName/:serviceType',
    'workflows of a service',
    'services have no environments here',
  ],
  ['GET', '/v2/tasks/pipelines/:name/products', 'environments to deploy to', 'there are no environments of Kubernetes'],
  ['GET', '/build/:name/:version/to/subtasks', 'sub-tasks of a build', 'builds are part of their workflow'],
])

export const zadigNotServed: readonly EndpointRow[] = [...workflowNotServed, ...openNotServed]
