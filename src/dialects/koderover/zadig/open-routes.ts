import type { Route } from '../route.ts'
import { familyOf, notServed, ZADIG_V4 } from '../rows.ts'
import { openLogRoutes } from './logs.ts'
import { createProject, getProject, listProjects, removeProject } from './open-projects.ts'
import * as views from './open-views.ts'
import * as workflows from './open-workflows.ts'
import * as v4 from './v4.ts'

/** The public API from 1.13 on, as its documents of 1.13 to 5.0 and the `OpenAPIRouter`s of aslan (887a6d5) have it. */

const route = familyOf(ZADIG_V4)

export const openRoutes: readonly Route[] = [
  // Before those whose part of the path could be `view`.
  route('GET', '/openapi/workflows/view?projectKey', 'views with their workflows; error 6891', views.listOpenViews),
  route(
    'POST',
    '/openapi/workflows/view',
    'make one: `{project_key, name, workflow_list[]}`; error 6892',
    views.createOpenView,
  ),
  route(
    'PUT',
    '/openapi/workflows/view/:name?projectKey',
    'take workflows in, or out by `enabled`; error 6893',
    views.updateOpenView,
  ),
  route('DELETE', '/openapi/workflows/view/:name?projectKey', 'delete; error 6894', views.removeOpenView),
  route(
    'POST',
    '/openapi/workflows/custom/task',
    'run: `{workflow_key, project_key, parameters[], inputs[]}`',
    workflows.createOpenTask,
  ),
  route('GET', '/openapi/workflows/custom/task?taskId&workflowKey', 'one task', v4.getOpenTask),
  route('DELETE', '/openapi/workflows/custom/task?taskId&workflowKey', 'cancel', v4.cancelOpenTask),
  route('POST', '/openapi/workflows/custom/task/approve', 'approve or reject; error 6169', v4.approve),
  route('POST', '/openapi/workflows/product/task', 'run a product workflow: `{input}`', workflows.createProductTask),
  route(
    'GET',
    '/openapi/workflows/product/:name/tasks?projectKey&pageNum&pageSize',
    '`{total, workflow_tasks}`, from 2.0 on; error 6162',
    workflows.listProductTasks,
  ),
  route(
    'GET',
    '/openapi/workflows/product/:name/task/:taskID?projectKey',
    'one of them, from 2.0 on; error 6161',
    workflows.openProductTask,
  ),
  route(
    'DELETE',
    '/openapi/workflows/product?workflowKey',
    'delete a product workflow, from 2.0 on; error 6543',
    workflows.removeOpen,
  ),
  route(
    'GET',
    '/openapi/workflows?projectKey&viewName',
    'all of a project, or of a view, from 2.0 on; error 6541',
    workflows.listOpen,
  ),
  route('DELETE', '/openapi/workflows/custom?workflowKey', 'delete, from 2.0 on; error 6543', workflows.removeOpen),
  route(
    'GET',
    '/openapi/workflows/custom/:name/detail?projectKey',
    'one, from 2.0 on; error 6542',
    workflows.openDetail,
  ),
  route(
    'GET',
    '/openapi/workflows/custom/:name/tasks?projectKey&pageNum&pageSize',
    '`{total, workflow_tasks}`, from 2.0 on; empty where there is no such workflow; error 6162',
    workflows.listOpenTasks,
  ),
  route(
    'POST',
    '/openapi/workflows/custom/:name/task/:taskID',
    'what failed of it, again; error 6164',
    v4.retryOpenTask,
  ),
  ...openLogRoutes,
  route('GET', '/openapi/projects/project?pageSize&pageNum', '`{total, projects}`; error 6061', listProjects),
  route(
    'POST',
    '/openapi/projects/project',
    'make one: `{project_name, project_key, is_public, project_type, description}`; error 6060',
    createProject,
  ),
  route(
    'DELETE',
    '/openapi/projects/project?projectKey&isDelete',
    'delete one that has no workflows; error 6063',
    removeProject,
  ),
  route('GET', '/openapi/projects/project/detail?projectKey', 'one; error 6073', getProject),
]

const KUBERNETES = 'there are no environments of Kubernetes'
export const openNotServed = notServed(ZADIG_V4, '/openapi', [
  [
    'PUT',
    '/workflows/custom/:name/task/:taskID',
    'a remark on a task',
    'a run is what has happened: nothing is written to it afterwards',
  ],
  ['POST', '/projects/project/init/yaml', 'a project with services and environments', KUBERNETES],
  ['POST', '/projects/project/init/helm', 'a project with charts and environments', KUBERNETES],
  ['GET', '/environments', 'environments', KUBERNETES],
  ['GET', '/service/yaml/services', 'services', KUBERNETES],
  ['GET', '/build', 'builds', 'builds are part of their workflow'],
  ['POST', '/quality/testing/task', 'run a test', 'tests are part of their workflow'],
  ['POST', '/quality/codescan/:name/task', 'run a scan', 'scans are part of their workflow'],
  ['GET', '/delivery/releases', 'versions of the delivery centre', 'what a run has kept is its files'],
  ['GET', '/release_plan/v1', 'plans of releases', 'there are none here'],
  ['GET', '/statistics/overview', 'figures', 'there is /metrics'],
  ['GET', '/logs/sse/pods/:podName/containers/:containerName', 'the log of a pod', KUBERNETES],
])
