import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import { objectOf, objectsOf } from '../fields.ts'

/**
 * The same for what came with 1.13: `models.WorkflowV4` and the tasks of such workflows (struct-fields.ts has the rest).
 * Where a later release calls a field otherwise both names are written.
 */

/** `models.User` of an approval. */
const wholeUser = (user: JsonObject): JsonObject => ({ type: '', ...user })

/** `models.NativeApproval` */
export const wholeNativeApproval = (native: JsonObject): JsonObject => ({
  timeout: 0,
  needed_approvers: 0,
  reject_or_approve: '',
  instance_code: '',
  ...native,
  approve_users: objectsOf(native, 'approve_users').map(wholeUser),
  flat_approve_users: objectsOf(native, 'flat_approve_users').map(wholeUser),
})

/** `models.Approval` */
export const wholeApproval = (approval: JsonObject): JsonObject => ({
  enabled: false,
  status: '',
  type: 'native',
  description: '',
  ...approval,
  ...(isJsonObject(approval['native_approval'])
    ? { native_approval: wholeNativeApproval(approval['native_approval']) }
    : {}),
})

/** `models.Param` */
export const wholeParam = (param: JsonObject): JsonObject => ({
  name: '',
  description: '',
  type: 'string',
  value: '',
  default: '',
  is_credential: false,
  ...param,
})

const wholeJob = (job: JsonObject): JsonObject => ({
  name: '',
  type: '',
  skipped: false,
  spec: {},
  run_policy: '',
  error_policy: null,
  service_modules: [],
  ...job,
})

const wholeStage = (stage: JsonObject): JsonObject => ({
  name: '',
  parallel: false,
  manual_exec: null,
  ...stage,
  approval: isJsonObject(stage['approval']) ? wholeApproval(stage['approval']) : null,
  jobs: objectsOf(stage, 'jobs').map(wholeJob),
})

/** Left out where a workflow is written in YAML: their tags there are `-`. */
const JSON_ONLY = {
  debug: false,
  hook_ctl: [],
  jira_hook_ctls: [],
  meego_hook_ctls: [],
  general_hook_ctls: [],
  notification_id: '',
  base_name: '',
  remark: '',
  custom_field: null,
} as const satisfies JsonObject

/** `models.WorkflowV4` */
export const wholeCustom = (body: JsonObject): JsonObject => ({
  display_name: '',
  disabled: false,
  category: '',
  notify_ctls: [],
  ...JSON_ONLY,
  share_storages: [],
  hash: '',
  ...body,
  params: objectsOf(body, 'params').map(wholeParam),
  stages: objectsOf(body, 'stages').map(wholeStage),
})

/** What of a workflow stands in its YAML. */
export const inYaml = (workflow: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(workflow).filter(([name]) => name !== 'id' && !Object.hasOwn(JSON_ONLY, name)))

/** `StageTaskPreview`, `JobTaskPreview`: what nothing here says of them. */
export const STAGE_TASK = { manual_exec: null, error: '' } as const satisfies JsonObject
export const JOB_TASK = {
  reverted: false,
  breakpoint_before: false,
  breakpoint_after: false,
  error_policy: null,
  error_handler_user_id: '',
  error_handler_username: '',
  job_info: null,
} as const satisfies JsonObject

/**
 * The `spec` of a job of a task, by its type; `fields` is what is known. Clients of Go read an object of every job.
 * @param said the spec in the workflow: of other kinds it is shown as it is, of a plugin that is what it runs.
 */
export function jobSpec(type: string, said: JsonObject, fields: JsonObject): JsonObject {
  const isOther = !Object.hasOwn(SPECS, type)
  if (isOther && Object.keys(said).length > 0) return type === 'plugin' ? objectOf(said, 'plugin') : said
  const known = isOther ? SPECS.freestyle : SPECS[type as keyof typeof SPECS]
  const names = Object.keys(known)
  return { ...known, ...Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name))) }
}
const BUILD_SPEC = { repos: [], image: '', package: '', service_name: '', service_module: '', envs: [] }
const SPECS = {
  freestyle: BUILD_SPEC,
  'zadig-build': BUILD_SPEC,
  'zadig-test': {
    repos: [],
    junit_report: false,
    archive: false,
    html_report: false,
    project_name: '',
    test_name: '',
    test_type: '',
    service_name: '',
    service_module: '',
    envs: [],
  },
  'zadig-scanning': {
    repos: [],
    scanning_type: '',
    service_name: '',
    service_module: '',
    sonar_metrics: null,
    is_has_artifact: false,
    link_url: '',
    scanning_name: '',
    envs: [],
  },
  'custom-deploy': {
    namespace: '',
    image: '',
    target: '',
    cluster_name: '',
    timeout: 0,
    skip_check_run_status: false,
  },
  'zadig-deploy': {
    env: '',
    env_alias: '',
    production: false,
    service_type: '',
    deploy_contents: [],
    skip_check_run_status: false,
    service_and_images: [],
    yaml_content: '',
  },
} as const satisfies Record<string, JsonObject>
