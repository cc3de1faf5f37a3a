import type { EndpointMethod, EndpointRow } from '../kit/endpoints.ts'

const PIPELINES = 'pipelines'
const GROUPS = 'groups'
const STAGES = 'stages'
const TEMPLATES = 'templates'
const PACKAGES = 'packages'

const row = (
  family: string,
  method: EndpointMethod | readonly EndpointMethod[],
  path: string,
  from: string,
  served: EndpointRow['served'] = true,
): EndpointRow => ({ method, path, family, source: 'sibling', from, served })

const PIPELINE = '/v3/manage/pipelines/{pipeline_id}'
const STAGE = `${PIPELINE}/stages/{stage_index}`

/** Titles in quotes are pages of the ContainerOps API reference (huaweicloudDocs/containerops, July 2020); SWR19: of SWR, 2019. */
export const endpoints: readonly EndpointRow[] = [
  { ...row(PIPELINES, 'GET', PIPELINE, 'detail and state; SWR19 “查询流水线详情”'), source: 'seed' },
  row(PIPELINES, 'GET', '/v3/manage/pipelines?filter&limit&offset', 'list; “查询流水线列表”'),
  row(PIPELINES, 'POST', '/v3/manage/pipelinegroups/{group_name}/pipelines', 'create, YAML or JSON; “创建流水线”'),
  row(PIPELINES, 'PUT', PIPELINE, 'update, YAML or JSON; “更新流水线”'),
  row(PIPELINES, 'DELETE', PIPELINE, '“删除流水线”'),
  row(PIPELINES, ['POST', 'GET'], '/v2/manage/webhooks/{webhook_id}', 'fires a trigger; “Webhook触发流水线或执行步骤”'),
  row(PIPELINES, ['POST', 'GET'], '/v3/manage/webhooks/{webhook_id}', 'the same'),
  row(GROUPS, 'POST', '/v3/manage/pipelinegroups', '“创建流水线组”'),
  row(GROUPS, 'POST', '/v2/manage/pipelinegroups', 'the same; SWR19'),
  row(GROUPS, 'GET', '/v3/manage/pipelinegroups', '“获取流水线组列表”'),
  row(GROUPS, 'GET', '/v2/manage/pipelinegroups', 'the same; SWR19'),
  row(GROUPS, 'DELETE', '/v3/manage/pipelinegroups/{group_name}', '“删除流水线组”'),
  row(GROUPS, 'DELETE', '/v2/manage/pipelinegroups/{group_name}', 'the same; SWR19'),
  row(STAGES, 'GET', `${STAGE}/jobs`, 'the stage in the newest 100 runs; “获取执行步骤的执行历史”'),
  row(STAGES, 'GET', `${STAGE}/jobs/{job_id}/logs`, 'last 20 records, also `latest`; “获取执行步骤的执行日志”'),
  row(STAGES, 'POST', `${STAGE}/start?mode&source`, 'retry or rollback; “重试或回滚执行步骤”'),
  row(STAGES, 'PUT', `${STAGE}/start_info`, 'pass or refuse a review; “配置执行步骤的执行信息”'),
  row(TEMPLATES, 'GET', '/v3/manage/pipelinetemplates?filter&limit&offset', '“获取流水线模板列表”'),
  row(TEMPLATES, 'GET', '/v3/manage/pipelinetemplates/{template_id}', '“获取流水线模板详情”'),
  row(
    TEMPLATES,
    'POST',
    '/v3/manage/pipelinetemplates',
    'keeps a template of one’s own; ours: the vendor has a button for it',
  ),
  row(TEMPLATES, 'DELETE', '/v3/manage/pipelinetemplates/{template_id}', 'of one’s own; ours'),
  row(PACKAGES, 'GET', '/v2/manage/packages?package_name&namespace', '“获取软件包列表”'),
  row(PACKAGES, 'GET', '/v2/manage/namespaces/{namespace}/packages/{package_name}/versions', '“获取软件包版本列表”'),
  row(
    PACKAGES,
    'GET',
    '/v2/manage/namespaces/{namespace}/packages/{package_name}/versions/{version}/file_paths',
    '“获取软件包版本的文件列表”',
  ),
  row(
    PACKAGES,
    'GET',
    '/v2/manage/namespaces/{namespace}/packages/{package_name}/versions/{version}/file_paths/{folder}/{filename}',
    '“下载文件”; a directory comes as `tar.gz`',
  ),
]
