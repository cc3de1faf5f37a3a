import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import { objectsOf, textOf } from '../fields.ts'

/**
 * What the structs of Zadig 1.x write whether it is set or not (their JSON tags without `omitempty`, read 2026-11-22 in
 * aslan's common/repository/models): clients of Go, and the portal, find every one of them. Empty lists are lists.
 * test/fixtures/koderover/zadig.models has all fields with their types and sources.
 */

/** `types.Repository`. */
export const REPOSITORY = {
  repo_owner: '',
  repo_namespace: '',
  repo_name: '',
  branch: '',
  hidden: false,
  is_primary: false,
  codehost_id: 0,
  oauth_token: '',
  address: '',
} as const satisfies JsonObject

/** A repository as a body names it, whole: its namespace is its owner unless it says another. */
const wholeRepository = (repository: JsonObject): JsonObject => ({
  ...REPOSITORY,
  repo_namespace: textOf(repository, 'repo_owner'),
  ...repository,
})
const wholeKeyVal = (pair: JsonObject): JsonObject => ({ key: '', value: '', is_credential: false, ...pair })
const wholeStep = (step: JsonObject): JsonObject => ({ type: '', scripts: '', ...step })

/** The objects of a list made whole; what is no list stays what it was. */
const eachOf = (value: JsonObject, name: string, whole: (item: JsonObject) => JsonObject): JsonObject =>
  Array.isArray(value[name]) ? { [name]: objectsOf(value, name).map(whole) } : {}

const JOB_CTX = {
  enable_proxy: false,
  proxy: null,
  clean_workspace: false,
  builds: [],
  build_steps: [],
  sshs: [],
  envs: [],
  upload_pkg: false,
  test_threshold: 0,
  test_report_path: '',
  test_type: '',
  caches: [],
  is_has_artifact: false,
  classic_build: false,
  post_scripts: '',
  pm_deploy_scripts: '',
  upload_enabled: false,
  upload_storage_info: null,
  upload_info: [],
} as const satisfies JsonObject

const wholeContext = (context: JsonObject): JsonObject => ({
  ...JOB_CTX,
  ...context,
  ...eachOf(context, 'builds', wholeRepository),
  ...eachOf(context, 'build_steps', wholeStep),
  ...eachOf(context, 'envs', wholeKeyVal),
})

/** `setting.RequestSpec` */
const RESOURCES = { cpu_limit: 0, memory_limit: 0 } as const satisfies JsonObject

const BUILD = {
  product_name: '',
  service: '',
  service_name: '',
  service_type: '',
  env_name: '',
  namespace: '',
  job_ctx: JOB_CTX,
  install_items: [],
  image_id: '',
  res_req: '',
  res_req_spec: RESOURCES,
  log_file: '',
  registries: [],
  is_restart: false,
  // From 1.10 on.
  cache: { medium_type: '' },
  cache_enable: false,
  cache_dir_type: '',
  cache_user_dir: '',
} as const satisfies JsonObject

const TESTING = {
  test_name: '',
  job_ctx: JOB_CTX,
  install_items: [],
  install_ctx: [],
  image_id: '',
  res_req: '',
  res_req_spec: RESOURCES,
  log_file: '',
  test_module_name: '',
  report_ready: false,
  is_restart: false,
  registries: [],
  namespace: '',
} as const satisfies JsonObject

const DISTRIBUTE = {
  package_file: '',
  product_name: '',
  service_name: '',
  dest_storage_url: '',
  s3_storage_id: '',
} as const satisfies JsonObject

/** By type of sub-task, besides `type`, `enabled` and `status`. */
const SUB_TASKS: ReadonlyMap<string, JsonObject> = new Map<string, JsonObject>([
  ['build', BUILD],
  ['buildv2', BUILD],
  ['buildv3', BUILD],
  ['docker_build', { work_dir: '', docker_file: '', image: '', job_name: '', log_file: '' }],
  [
    'deploy',
    {
      namespace: '',
      env_name: '',
      product_name: '',
      service_name: '',
      service_type: '',
      container_name: '',
      image: '',
      replace_resources: [],
      skipWaiting: false,
      is_restart: false,
      reset_image: false,
    },
  ],
  ['testing', TESTING],
  ['testingv2', TESTING],
  ['distribute', DISTRIBUTE],
  ['distribute2kodo', DISTRIBUTE],
  ['release_image', { image_test: '', image_release: '', image_repo: '', log_file: '', releases: [] }],
])

interface Progress {
  readonly status: string
  /** Empty, and zeros: left out, as Go leaves them out. */
  readonly error: string
  readonly start_time: number
  readonly end_time: number
  readonly is_restart: boolean
}

/** A sub-task as Zadig's task has it. @param said what its pipeline says of it. @param product whose pipeline it is. */
export function zadigSubTask(type: string, said: JsonObject, progress: Progress, product: string): JsonObject {
  const fields = SUB_TASKS.get(type) ?? {}
  const context = said['job_ctx']
  return {
    type,
    enabled: false,
    ...fields,
    ...('product_name' in fields ? { product_name: product } : {}),
    ...said,
    ...('job_ctx' in fields && isJsonObject(context) ? { job_ctx: wholeContext(context) } : {}),
    status: progress.status,
    ...(progress.error === '' ? {} : { error: progress.error }),
    ...(progress.start_time === 0 ? {} : { start_time: progress.start_time }),
    ...(progress.end_time === 0 ? {} : { end_time: progress.end_time }),
    ...('is_restart' in fields ? { is_restart: progress.is_restart } : {}),
  }
}

/** `models.TargetArgs`: a service of a workflow's start. */
export const TARGET_ARGS = {
  name: '',
  image_name: '',
  service_name: '',
  service_type: 'k8s',
  product_name: '',
  build: { repos: [] },
  version: '',
  deploy: [],
  image: '',
  bin_file: '',
  envs: [],
  has_build: true,
  build_name: '',
} as const satisfies JsonObject

/** `models.WorkflowTaskArgs`, what a task of a workflow was started with. */
export const WORKFLOW_TASK_ARGS = {
  workflow_name: '',
  product_tmpl_name: '',
  namespace: '',
  targets: [],
  artifact_args: [],
  tests: [],
  req_id: '',
  distribute_enabled: false,
  workflow_task_creator: '',
  ignore_cache: false,
  reset_cache: false,
  notification_id: '',
  merge_request_id: '',
  ref: '',
  event_type: '',
  commit_id: '',
  source: '',
  codehost_id: 0,
  repo_owner: '',
  repo_namespace: '',
  repo_name: '',
  is_parallel: false,
  env_name: '',
  callback: null,
} as const satisfies JsonObject

/** `models.TestArgs`, which every `models.TaskArgs` has. */
export const TEST_ARGS = { namespace: '', test_module_name: '', envs: [], builds: [] } as const satisfies JsonObject

/** Lists within the stages of `models.Workflow`, by the field that holds them. */
const WORKFLOW_STAGES = {
  build_stage: { enabled: false, modules: [] },
  artifact_stage: { enabled: false, modules: [] },
  distribute_stage: {
    enabled: false,
    s3_storage_id: '',
    image_repo: '',
    jump_box_host: '',
    distributes: [],
    releases: [],
  },
  hook_ctl: { enabled: false, items: [] },
} as const satisfies Record<string, JsonObject>

/** `models.ServiceModuleTarget` */
const wholeTarget = (target: JsonObject): JsonObject => ({
  product_name: '',
  service_name: '',
  service_module: '',
  ...target,
})
const wholeModule = (module: JsonObject): JsonObject => ({
  hide_service_module: false,
  build_module_ver: '',
  branch_filter: [],
  ...module,
  target: isJsonObject(module['target']) ? wholeTarget(module['target']) : null,
})
const wholeTest = (test: JsonObject): JsonObject => ({
  test_name: '',
  project: '',
  ...test,
  envs: objectsOf(test, 'envs').map(wholeKeyVal),
})
const wholeSchedule = (item: JsonObject): JsonObject => ({
  number: 0,
  frequency: '',
  unix_stamp: 0,
  time: '',
  type: '',
  cron: '',
  enabled: false,
  ...item,
})

/** `models.ScheduleCtrl` */
export const wholeSchedules = (schedules: JsonObject): JsonObject => ({
  enabled: false,
  ...schedules,
  items: objectsOf(schedules, 'items').map(wholeSchedule),
})

/** A workflow's body with every list that it holds, and every field of what is in them. */
export const wholeWorkflow = (body: JsonObject): JsonObject => ({
  ...body,
  ...Object.fromEntries(
    Object.entries(WORKFLOW_STAGES).flatMap(([name, fields]) => {
      const stage = body[name]
      if (!isJsonObject(stage)) return []
      return [[name, { ...fields, ...stage, ...eachOf(stage, 'modules', wholeModule) }]]
    }),
  ),
  ...(isJsonObject(body['test_stage'])
    ? { test_stage: { enabled: false, ...body['test_stage'], ...eachOf(body['test_stage'], 'tests', wholeTest) } }
    : {}),
  ...(isJsonObject(body['schedules']) ? { schedules: wholeSchedules(body['schedules']) } : {}),
})
