import type { EndpointMethod, EndpointRow } from '../kit/endpoints.ts'
import { answeringList, type Call } from './call.ts'
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
  sdk('POST', '/v2/:project/task', 'CreateTask: makes a task, and does not run it', tasks.createTask),
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
    answeringList(settings.checkParametersV2),
  ),
  sdk('POST', `${IN_PROJECT}/config-parameters`, 'ListTaskParameter (sic): sets them', settings.setParameters),
  sdk('GET', `${IN_PROJECT}/rulesets`, 'ListTaskRuleset', answeringList(rules.taskRuleSetsV2)),
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
]

const newer = (method: Method, path: string, from: string, reason: string): EndpointRow => ({
  method,
  path,
  family: path.slice(1, 3),
  source: 'sibling',
  from,
  served: { reason },
})
const OTHER_SHAPE =
  'the newer calls are of another shape (`httpStatus`, `result`, camel case) and in no SDK; the v2 calls do it'

export const endpoints: readonly EndpointRow[] = [
  ...served.map(({ row }) => row),
  newer('POST', '/v1/jobs', 'CreateJob: a full check', OTHER_SHAPE),
  newer('GET', '/v1/jobs/:job', 'one of them', OTHER_SHAPE),
  newer('GET', '/v1/criterionsets/language', 'ListCriterionSetsByLanguage', OTHER_SHAPE),
  newer('GET', '/v2/all-criterionsets', 'ListAllCriterionSets', OTHER_SHAPE),
  newer('GET', '/v4/tasks/:task/jobs', 'getJobsInfo: the executions of a task', OTHER_SHAPE),
  newer(
    'GET',
    '/v4/tasks/:task/branches',
    'ListPortalServiceRepositoryBranches',
    'the server does not ask the code host for its branches',
  ),
]
