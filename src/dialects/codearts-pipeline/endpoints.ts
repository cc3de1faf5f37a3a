import type { EndpointMethod, EndpointRow } from '../kit/endpoints.ts'

type Row = readonly [method: EndpointMethod, path: string, from: string, reason?: string]

const rowsOf = (family: string, prefix: string, rows: readonly Row[]): readonly EndpointRow[] =>
  rows.map(([method, path, from, reason]) => ({
    method,
    path: `${prefix}${path}`,
    family,
    source: path === '/{pipeline_id}/status' && prefix === '/v3/pipelines' ? 'seed' : 'sibling',
    from,
    served: reason === undefined ? true : { reason },
  }))

const RUN = '/{pipeline_id}/pipeline-runs/{pipeline_run_id}'
const STEP = `${RUN}/jobs/{job_run_id}/steps/{step_run_id}`

/** Calls of the SDKs that mean nothing here: a method and the ends of paths that have the same beginning. */
const unserved = (
  family: string,
  prefix: string,
  reason: string,
  rows: readonly (readonly [method: EndpointMethod, paths: string])[],
): readonly EndpointRow[] =>
  rows.map(([method, paths]) => {
    const [first = '', ...others] = paths.split(' ')
    const directory = first.slice(0, first.lastIndexOf('/') + 1)
    return {
      method,
      path: `${prefix}${first}`,
      ...(others.length === 0 ? {} : { also: others.map((other) => `${prefix}${directory}${other}`) }),
      family,
      source: 'sibling',
      from: 'the SDKs',
      served: { reason },
    }
  })
const PLUGINS = 'steps of one’s own are files of the server, not uploads'
const STATISTICS = 'metrics of the server have more of it, and their answers are known in part only'
const OLDER = 'no pipeline here was of an older version of the vendor’s'
const ALERTS = 'who is told of what is set in projects and definitions (`notify`)'

export const endpoints: readonly EndpointRow[] = [
  ...rowsOf('v3', '/v3/pipelines', [
    ['GET', '/{pipeline_id}/status', 'where a run is, without `build_id` the newest; page 获取流水线状态, 2024-05-08'],
    ['GET', '/status', '`pipeline_ids=a,b`: the newest states of up to 100; `BatchShowPipelinesStatus`'],
    ['POST', '/{pipeline_id}/start', 'starts a run with `build_params`; `StartNewPipeline`'],
    ['POST', '/start', 'the same, older: `pipeline_id` in the query'],
    ['POST', '/{pipeline_id}/stop', 'cancels the run `build_id`; `StopPipelineNew`'],
    ['POST', '/stop', 'the same, older: all in the query, another envelope'],
    ['DELETE', '/{pipeline_id}', 'deletes, 200 with a body; `RemovePipeline`'],
    ['POST', '/list', 'search by name, project, people, status, repository; `ListPipelineSimpleInfo`'],
    ['GET', '/build-result', 'runs of a project in at most a month; `ListPipleineBuildResult`'],
    ['GET', '/{pipeline_id}/build-records', 'runs of a pipeline; `ListPipelineBuildRecords`'],
    ['GET', '/{pipeline_id}/detail', 'the state, and what the pipeline is; `ShowPipelineDetailV3`'],
  ]),
  ...rowsOf('v3', '/v3/templates', [
    ['POST', '/task', 'makes a pipeline of `flow` and `states`; `CreatePipelineByTemplate`'],
    ['GET', '/{task_id}/status', 'how far that is: done; `ShowInstanceStatus`'],
    ['GET', '', 'templates, those of the server and people’s; `ListTemplates`'],
    ['GET', '/{template_id}', 'one of them, with `flow` and `states`; `ShowTemplateDetail`'],
  ]),
  ...rowsOf('v3', '/v3/pipeline/templates', [['POST', '/list', 'the list of v5, older; `PipelineTemplatesList`']]),
  ...rowsOf('v5 pipelines', '/v5/{project_id}/api/pipelines', [
    ['POST', '', 'makes a pipeline of stages, jobs and steps; `CreatePipelineNew`'],
    ['POST', '/list', 'search; `ListPipelines`'],
    ['POST', '/status', 'newest runs of an array of ids; `BatchShowPipelinesLatestStatus`'],
    ['GET', '/{pipeline_id}', 'what was given, and what it is; `ShowPipelineDetail`'],
    ['PUT', '/{pipeline_id}', 'edits; `UpdatePipelineInfo`'],
    ['DELETE', '/{pipeline_id}', 'deletes; `DeletePipeline`'],
    ['POST', '/batch-delete', 'deletes each of `pipeline_ids`, and says which; `BatchDeletePipeline`'],
    ['PUT', '/{pipeline_id}/ban', '`true`: this vendor’s clients may not start or edit it; `DisablePipeline`'],
    ['PUT', '/{pipeline_id}/unban', '`true`: they may again; `EnablePipeline`'],
    ['GET', '/{pipeline_id}/webhook', 'the address of its first webhook; `ShowGenericWebHook`'],
    ['POST', '/pipelines-version', 'manifest versions of `[{pipeline_id}]`; `QueryPipelinesManifestVersion`'],
    ['GET', '/{pipeline_id}/list-runtime-vars', 'variables that a start may set; `ListRuntimeVars`'],
    ['GET', '/{pipeline_id}/list-system-vars', 'predefined ones that steps see; `ListPipelineSystemVars`'],
    ['GET', '/{pipeline_id}/pipelines-modify-historys', 'who edited it when; `ListPipelineModifyHistory`'],
    ['GET', '/{pipeline_id}/trigger-failed-record', 'refused automatic starts; `ListPipelineTriggerFailedRecords`'],
  ]),
  ...rowsOf('v5 webhooks', '/v5/{project_id}/pipelines/{pipeline_id}', [
    ['POST', '/webhook/callback-run/{region}', 'fires the webhook of `access_token`; `ExecuteGenericWebhook`'],
    [
      'POST',
      '/callback-run/{region}',
      '`TriggerWebhookPipeline`',
      'nothing in it is known to its caller alone; the address above does it',
    ],
  ]),
  ...rowsOf('v5 runs', '/v5/{project_id}/api/pipelines', [
    ['POST', '/{pipeline_id}/run', 'starts a run; `RunPipeline`'],
    ['GET', '/{pipeline_id}/pipeline-runs/detail', 'a run with stages, jobs and steps; `ShowPipelineRunDetail`'],
    ['POST', '/{pipeline_id}/pipeline-runs/list', 'history; `ListPipelineRuns`'],
    ['POST', `${RUN}/stop`, 'cancels; `StopPipelineRun`'],
    ['PUT', `${RUN}/retry`, 'what failed, again, or some jobs of it; `RetryPipelineRun`'],
    ['GET', `${RUN}/artifacts`, 'files that `package` steps have kept; `ShowPipelineArtifacts`'],
    ['GET', `${RUN}/run-variables?mode`, 'the values that it was started with; `ListRunVariables`'],
    ['GET', `${RUN}/steps/outputs`, 'outputs of `step_run_ids`; `ShowStepOutputs`'],
    ['POST', `${STEP}/logs`, 'a page of a step’s log; `ShowPipelineLog`'],
    ['POST', `${STEP}/exec-log`, 'the same; `ShowPipelineExecLog`'],
    ['GET', `${STEP}/jump-link`, 'the page of its run; DOC-P'],
    ['POST', `${STEP}/pass`, 'approves a review; `AcceptManualReview`'],
    ['POST', `${STEP}/refuse`, 'rejects it; `RejectManualReview`'],
    ['POST', `${RUN}/steps/{step_run_id}/manual/pass`, 'begins a stage that is begun by hand; `AcceptCheckpoint`'],
    ['POST', `${RUN}/steps/{step_run_id}/manual/refuse`, 'refuses it; Terraform'],
    ['POST', `${STEP}/delay`, 'a wait or a review, an hour longer; Terraform'],
    ['POST', `${STEP}/delay-pass`, 'a wait, over; Terraform'],
    ['POST', `${STEP}/delay-refuse`, 'a wait, refused: the step fails; Terraform'],
    ['POST', `${STEP}/resume`, 'a step that was paused, or waits after a failure, goes on; Terraform'],
    ['POST', '/{pipeline_id}/{pipeline_run_id}/cancel-queuing/{queue_id}', 'out of the queue; `CancelPipelineQueue`'],
    ['GET', '/{pipeline_id}/queued-pipeline', 'runs that wait for their turn; `ListPipelineQueue`'],
    ['POST', '/batch-runs', 'a run of each of `pipeline_ids`; `BatchRunPipeline`'],
    ['POST', '/batch-runs/result', 'whether they were started; `ShowBatchRunResult`'],
  ]),
  ...rowsOf('v5 older', '/v5/{project_id}/api/pipelines', [
    ['POST', '/{pipeline_id}/pipeline-runs/list-legacy', '`ListPipelineLegacyRuns`', OLDER],
    ['GET', '/{pipeline_id}/list-pipeline-vars', '`ListPipelineCustomVars`', OLDER],
    ['POST', `${RUN}/rollback-run`, '`RollbackRunPipeline`', 'its page does not say what is taken back'],
    ['POST', '/{pipeline_id}/webhook/switch', 'whether its webhook starts it', 'the definition says so (`triggers`)'],
  ]),
  ...rowsOf('v5 templates', '/v5/{tenant_id}/api/pipeline-templates', [
    ['POST', '', 'makes one; `CreatePipelineTemplate`'],
    ['POST', '/list', '`ListPipelineTemplates`'],
    ['GET', '/{template_id}', '`ShowPipelineTemplateDetail`'],
    ['PUT', '/{template_id}', '`UpdatePipelineTemplate`'],
    ['DELETE', '/{template_id}', '`DeletePipelineTemplate`'],
    ['POST', '/{template_id}/create-pipeline', 'a pipeline of it; `CreatePipelineByTemplateId`'],
    ['POST', '/{template_id}/favorite?flag', 'a favourite of the caller, or no more; `CollectPipelineTemplate`'],
  ]),
  ...rowsOf('v5 groups', '/v5/{project_id}/api/pipeline-group', [
    ['POST', '/create', 'makes a group; `CreatePipelineGroup`'],
    ['POST', '/update', 'renames it; `UpdatePipelineGroup`'],
    ['DELETE', '/delete?id=', 'with those below it; `DeletePipelineGroup`'],
    ['GET', '/tree', 'all of a project; `ShowPipelineGroupTree`'],
    ['POST', '/pipeline/move', 'pipelines into a group, or out; `BatchMovePipelineToGroup`'],
    ['POST', '/swap?groupId1&groupId2', 'two groups of one parent change places; Terraform'],
  ]),
  ...rowsOf('v5 tags', '/v5/{project_id}/api/pipeline-tag', [
    ['POST', '/create', 'makes a tag, `{success}`; `CreatePipelineTag`'],
    ['GET', '/list?proj_id', 'all of a project; `ListPipelineTag`'],
    ['POST', '/update', 'another name and colour; Terraform'],
    ['DELETE', '/delete?tagId', 'pipelines lose it, too; `DeletePipelineTag`'],
    ['POST', '/set-tags', 'the tags of pipelines, whole; DOC-P'],
  ]),
  ...rowsOf('v5 parameter groups', '/v5/{project_id}/api/pipeline/variable/group', [
    ['POST', '/create', 'makes one; `CreateVariableGroup`'],
    ['POST', '/list', 'all of a project; `ListVariableGroups`'],
    ['GET', '/{id}', 'one, with the pipelines that have it; `ShowVariableGroupDetail`'],
    ['PUT', '/update', 'pipelines that have it get its variables; `UpdateVariableGroup`'],
    ['DELETE', '/delete?id', 'pipelines lose its variables; `DeleteVariableGroup`'],
    ['POST', '/relation', 'the groups of a pipeline, whole; `BindVariableGroupToPipeline`'],
    ['GET', '/pipeline?pipelineId', 'those of a pipeline; `ListPipelineVariableGroup`'],
  ]),
  ...rowsOf('v5 permissions', '/v5/{project_id}/api/pipeline-permissions/{pipeline_id}', [
    ['GET', '/role-permission', 'what each role may do; `ShowPipelineRolePermission`'],
    ['GET', '/user-permission?subject&limit&offset', 'what each user may do; `ShowPipelineUserPermission`'],
    ['GET', '/permission-switch', 'that rights are the project’s; `ShowPipelinePermissionSwitch`'],
    ['PUT', '/update-permission-switch?flag', 'that they stay so, refused otherwise; `SwitchPipelinePermission`'],
    ['POST', '/update-role-permission', 'what is so already, refused otherwise; `UpdatePipelineRolePermission`'],
    ['POST', '/update-user-permission', 'what is so already, refused otherwise; `UpdatePipelineUserPermission`'],
  ]),
  ...rowsOf('v5 permissions', '/v5', [
    [
      'POST',
      '/{project_id}/api/pipeline-permissions/pipeline/batch-role-permission',
      'the same of several pipelines; `BatchUpdatePipelinePermission`',
    ],
    ['POST', '/{tenant_id}/api/pipelines/check-rights', 'what the caller may do with each; `GetPipelinePermission`'],
  ]),
  ...rowsOf('v5 dashboard', '/v5/{tenant_id}/api/dashboard', [
    ['GET', '/pipeline-count?order&pageNo&pageSize', 'pipelines of each project; `ShowPipelineCount`'],
    ['GET', '/executions-overview', '`ListExecutionsOverview`', STATISTICS],
    ['POST', '/stats-trend', '`QueryStatsTrend`', STATISTICS],
  ]),
  ...rowsOf('v5 notices', '/v5/{project_id}/api/pipeline-notices/{pipeline_id}/notice', [
    ['GET', '/detail', 'what is told of', ALERTS],
    ['POST', '', '`UpdatePipelineOfficialNotice`', ALERTS],
    ['GET', '/message', '`ShowPipelineThirdPartyNotice`', ALERTS],
    ['POST', '/message', '`UpdatePipelineThirdPartyNotice`', ALERTS],
    ['POST', '/all', '`SwitchPipelineNotice`', ALERTS],
    ['PUT', '/update', '`UpdatePipelineNoticeConf`', ALERTS],
  ]),
  ...rowsOf('v5 alerts', '/v5/{tenant_id}/api/alert/policies', [
    ['POST', '', '`CreateAlertPolicy`', ALERTS],
    ['GET', '/{policy_id}', '`ShowAlertPolicy`', ALERTS],
    ['DELETE', '/{policy_id}', '`DeleteAlertPolicy`', ALERTS],
  ]),
  ...unserved('v1 plugins', '/v1/{domain_id}', PLUGINS, [
    ['POST', '/agent-plugin/create create-draft edit-draft update-info query-all'],
    ['POST', '/agent-plugin/publish-plugin publish-plugin-bind publish-draft'],
    ['POST', '/agent-plugin/plugin-input plugin-output plugin-metrics'],
    ['GET', '/agent-plugin/query detail all-version'],
    ['DELETE', '/agent-plugin/delete-draft'],
    ['POST', '/publisher/create detail'],
    ['GET', '/publisher/query-all optional-publisher'],
    ['DELETE', '/publisher/delete'],
    ['POST', '/relation/plugins stage-plugins'],
    ['GET', '/relation/plugin/single'],
    ['POST', '/common/upload-plugin-icon upload-publisher-icon'],
  ]),
  ...unserved('v1 service endpoints', '/v1/serviceconnection', 'what opens other services are secrets of the server', [
    ['GET', '/endpoints'],
    ['POST', '/endpointproxy'],
  ]),
  ...unserved('agents', '', 'runners of this server register with a token of it', [
    ['POST', '/agentregister/v1/agent/register'],
    ['GET', '/v1/agents/{agent_id}/status'],
  ]),
  ...unserved('v6 pipelines as code', '/v6/{domain_id}/api/pac/pipelines', 'forges start what a repository defines', [
    ['POST', '/actions'],
    ['POST', '/actions/list run rerun'],
    ['GET', '/actions/{pipeline_id}/{pipeline_run_id}'],
    ['DELETE', '/actions/{pipeline_id}/{pipeline_run_id}'],
  ]),
]
