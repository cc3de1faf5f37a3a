import type { EndpointMethod, EndpointRow } from '../kit/endpoints.ts'
import { refusingBy400, type Call } from './call.ts'
import * as creation from './create-calls.ts'
import * as newer from './newer-calls.ts'
import * as results from './result-calls.ts'
import * as rules from './rule-calls.ts'
import * as settings from './setting-calls.ts'
import * as tasks from './task-calls.ts'

type Handler = (call: Call) => Promise<Response>
type Method = Exclude<EndpointMethod, 'WS' | 'HEAD' | 'PATCH'>

/** An endpoint with what does it. Fixed paths stand before those with a varying part in the same place. */
export interface Served {
  readonly row: EndpointRow & { readonly method: Method }
  readonly handler: Handler
}

const sdk = (method: Method, path: string, from: string, handler: Handler): Served => ({
  row: { method, path, family: path.slice(1, 3), source: 'sibling', from, served: true },
  handler,
})
/** Of the pages of 2025-12 and later, which no SDK has yet. */
const page = (method: Method, path: string, from: string, handler: Handler): Served => ({
  row: { method, path, family: path.slice(1, 3), source: 'sibling', from: `${from}; not in the SDKs`, served: true },
  handler: refusingBy400(handler),
})
const IN_PROJECT = '/v2/:project/tasks/:task'

export const served: readonly Served[] = [
  {
    row: {
      method: 'GET',
      path: '/v2/:project/tasks',
      family: 'v2',
      source: 'seed',
      from: 'ShowTaskListByProjectId: the tasks of a project',
      served: true,
    },
    handler: tasks.listTasks,
  },
  sdk('POST', '/v2/:project/task', 'CreateTask: makes a task, and does not run it', creation.createTask),
  sdk('DELETE', '/v2/tasks/:task', 'DeleteTask', tasks.removeTask),
  sdk('POST', '/v2/tasks/:task/run', 'RunTask: `{exec_id}`', tasks.runTask),
  sdk('POST', '/v2/tasks/:task/stop', 'StopTaskById: the newest run', tasks.stopTask),
  sdk('GET', '/v2/tasks/:task/progress', 'ShowProgressDetail; `job_id` of the newer documents', tasks.progress),
  sdk('GET', `${IN_PROJECT}/log-detail`, 'ShowTasklog: the end of each log', results.logDetail),
  sdk('GET', `${IN_PROJECT}/checkrecord`, 'CheckRecord: what earlier runs found', results.checkRecord),
  sdk('GET', '/v2/tasks/:task/defects-summary', 'ShowTaskDetail', results.defectsSummary),
  sdk('GET', '/v2/tasks/:task/defects-detail', 'ShowTaskDefects: the findings', results.defectsDetail),
  sdk('GET', '/v2/tasks/:task/defects-statistic', 'ShowTaskDefectsStatistic', results.defectsStatistic),
  sdk('PUT', '/v2/tasks/:task/defect-status', 'UpdateDefectStatus', results.defectStatus),
  sdk(
    'GET',
    `${IN_PROJECT}/metrics-summary`,
    'ShowTaskCmetrics: what was measured, null elsewhere',
    results.metricsSummary,
  ),
  sdk('GET', `${IN_PROJECT}/listpathtree`, 'ShowTaskPathTree: as the newest check has seen it', results.pathTree),
  sdk('POST', `${IN_PROJECT}/config-ignorepath`, 'UpdateIgnorePath', settings.ignorePaths),
  sdk('GET', `${IN_PROJECT}/settings`, 'ShowTaskSettings: timeout and runner labels', settings.showSettings),
  sdk('POST', `${IN_PROJECT}/settings`, 'UpdateTaskSettings', settings.updateSettings),
  sdk(
    'GET',
    `${IN_PROJECT}/ruleset/:ruleset/check-parameters`,
    'CheckParameters',
    refusingBy400(settings.checkParametersV2),
  ),
  sdk('POST', `${IN_PROJECT}/config-parameters`, 'ListTaskParameter (sic): sets them', settings.setParameters),
  sdk('GET', `${IN_PROJECT}/rulesets`, 'ListTaskRuleset', refusingBy400(rules.taskRuleSetsV2)),
  sdk('PUT', '/v2/tasks/:task/ruleset', 'UpdateTaskRuleset', rules.updateTaskRuleSets),
  sdk('GET', '/v2/rules', 'ListRules: those of the built-in linter', rules.listRules),
  sdk('POST', '/v2/ruleset', 'CreateRuleset', rules.createRuleSet),
  sdk('GET', '/v2/:project/rulesets', 'ListRulesets', rules.listRuleSets),
  sdk('GET', '/v2/:project/ruleset/:ruleset/rules', 'ListTemplateRules', rules.ruleSetRules),
  sdk('POST', '/v2/:project/ruleset/:ruleset/:language/default', 'SetDefaulTemplate (sic)', rules.setDefaultRuleSet),
  sdk('DELETE', '/v2/:project/ruleset/:ruleset', 'DeleteRuleset', rules.deleteRuleSet),
  sdk('GET', '/v3/:project/tasks/:task/rulesets', 'ShowTasksRulesets', rules.taskRuleSetsV3),
  sdk(
    'GET',
    '/v3/:project/tasks/:task/ruleset/:ruleset/check-parameters',
    'CheckRulesetParameters',
    settings.checkParametersV3,
  ),
  sdk('GET', '/v3/:project/rulesets', 'ListRulesetsV3: 50 at most; not in the SDKs', rules.listRuleSetsV3),
  sdk('GET', '/v3/:project/tasks/:task/branches', 'ShowBranchTasks; not in the SDKs', tasks.branches),
  page('POST', '/v3/task', 'CreateTaskV3: makes a task of a given name', creation.createTaskV3),
  page('GET', '/v4/tasks/:task/jobs', 'getJobsInfo: the executions of a task, newest first', newer.jobs),
  page('POST', '/v1/jobs', 'CreateJob: starts a check of `taskId`', newer.createJob),
  page('PUT', '/v1/tasks/:task/stop', 'CancelPortalServiceJob: the run `job_id`, or the newest', newer.stopJob),
  page(
    'GET',
    '/v4/tasks/:task/last-jobs',
    'ShowLastJobs: the newest run, and the newest that succeeded',
    newer.lastJobs,
  ),
  page('POST', '/v1/defect/issue-status', 'UpdateIssueStatus: 0 open, 2 resolved, 5 ignored', newer.issueStatus),
  page('GET', '/v1/defects/next-status', 'NextStatus: which states may follow which', newer.nextStatuses),
]

const later = (method: Method, paths: readonly string[], from: string, reason: string): EndpointRow => {
  const [path = '', ...also] = paths
  return { method, path, also, family: path.slice(1, 3), source: 'sibling', from, served: { reason } }
}
/** Of the pages of 2025-12 to 2026-08, and of no SDK: what the answers are made of stands on none that could be read whole. */
const UNREAD = (instead: string): string => `its answer is known in part only; ${instead} does it`
const CONSOLE = 'what the console of the vendor shows around a check'

export const endpoints: readonly EndpointRow[] = [
  ...served.map(({ row }) => row),
  later('GET', ['/v3/task/:task'], 'GetTaskInfoByID', UNREAD('`defects-summary`')),
  later('GET', ['/v1/tasks'], 'ShowTasksList', UNREAD('the list of the seed')),
  later('GET', ['/v1/jobs/:job'], 'one execution', UNREAD('`progress` with `job_id`')),
  later('GET', ['/v4/task/:task/check-list'], 'ShowCheckList', UNREAD('`branches`')),
  later(
    'POST',
    ['/v1/defect/issue-list-by-filter', '/v1/defect/issue-filter'],
    'IssueListByFilter',
    UNREAD('`defects-detail`'),
  ),
  later(
    'GET',
    ['/v1/defect', '/v1/defects/task-statistics', '/v1/defects/task-measures', '/v1/defects/file-content'],
    'issues one by one and counted',
    UNREAD('`defects-statistic`'),
  ),
  later('POST', ['/v1/measure/measure-total', '/v2/measure/measure-list'], 'measures', UNREAD('`metrics-summary`')),
  later('GET', ['/v1/console-log', '/v1/log-file'], 'logs', UNREAD('`log-detail`')),
  later('GET', ['/v1/simple-query/:id', '/v1/config/simple/:id'], 'configuration templates', UNREAD('`settings`')),
  later('PUT', ['/v4/task/:task/ignore-files'], 'ignored paths', UNREAD('`config-ignorepath`')),
  later('GET', ['/v4/tasks/:task/file-list', '/v4/tasks/:task/all-files'], 'files', UNREAD('`listpathtree`')),
  later(
    'GET',
    [
      '/v1/criterionsets/language',
      '/v1/criterionsets/:set',
      '/v1/criterionset/get-default-sets',
      '/v1/criterion-filters',
      '/v1/rule/criterion-rule/query/:rule',
      '/v2/all-criterionsets',
      '/v2/criterions',
      '/v2/excute/language/all',
      '/v2/excute/all-thirdtools',
    ],
    'rule sets and rules, newer',
    UNREAD('the v2 calls of rule sets'),
  ),
  later('POST', ['/v1/relations', '/v1/config-items'], 'rules of a set', UNREAD('`POST /v2/ruleset`')),
  later('PUT', ['/v1/task/code-gate'], 'a gate', 'the threshold is the check parameter `fail_on`'),
  later('PUT', ['/v1/task/check-mode'], 'how merge requests are checked', 'forges say what starts a run'),
  later('GET', ['/v1/tasks/:task/taskcron'], 'its schedule', 'schedules are triggers of the definition'),
  later('GET', ['/v1/task/notification/:task', '/v2/transmission/notification'], 'who is told', 'that is `notify`'),
  later('GET', ['/v4/tasks/:task/task-webhook-info'], 'its webhook', 'forges are told of by the server'),
  later('PUT', ['/v4/tasks/:task/webhook'], 'sets it', 'forges are told of by the server'),
  later(
    'GET',
    ['/v4/tasks/:task/branches', '/v4/codehub/repo-list', '/v1/tasks/:task/detect-language'],
    'what the code host has',
    'the server does not ask the code host',
  ),
  later(
    'GET',
    ['/v1/tasks/:task/resource-pool', '/v1/tasks/:task/pre-check-script', '/v1/vpcep-authorization', '/v2/plugins'],
    'machines and tools',
    'runners of this server have labels, and steps of one’s own',
  ),
  later('PUT', ['/v1/tasks/:task/resource-pool', '/v2/pipeline-task/:task'], 'sets them', 'they are set on the server'),
  later(
    'GET',
    [
      '/v1/tasks/:task/owner-matching-switch',
      '/v1/tasks/code-sum-measures',
      '/v1/tasks/:task/measure-list',
      '/v1/tasks/:task/related-duplicate-blocks',
      '/v1/tasks/:task/pdf-file',
      '/v1/tasks/:task/async-job/:job',
      '/v1/history/defect-metric-trend',
      '/v2/async-job',
      '/v2/:domain/checkers-version',
      '/v4/task/:task/code-health-svg',
      '/v4/projects/:project/task-groups',
      '/v4/tenant/tenant-package-status',
      '/v4/template-tasks',
    ],
    'reports, groups, packages bought',
    CONSOLE,
  ),
  later('PUT', ['/v1/tasks/:task/owner-matching-switch', '/v1/tasks/:task/pdf-async-job'], 'the same', CONSOLE),
  later(
    'POST',
    [
      '/v1/measure/measure-duplication-info',
      '/v2/related-duplicate-blocks',
      '/v1/defects/assistant-analysis/task-summary',
    ],
    'the same',
    CONSOLE,
  ),
]
