import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'

/**
 * Of which types the values of a body are, where Zadig's structs say it (test/fixtures/koderover/zadig.models has their
 * sources). Go refuses a whole body when one value is of another type; taken as it is, it would be in the way of every
 * client of Go that lists what was made. Keys that no struct knows are passed over, null is a type's zero.
 */
type Shape = 's' | 'b' | 'i' | 'f' | 'any' | ListShape | { readonly [key: string]: Shape }
type ListShape = readonly [Shape]

const ENV = { key: 's', value: 's', is_credential: 'b' } as const satisfies Shape
const REPOSITORY = {
  source: 's',
  repo_owner: 's',
  repo_namespace: 's',
  repo_name: 's',
  remote_name: 's',
  branch: 's',
  pr: 'i',
  prs: ['i'],
  tag: 's',
  commit_id: 's',
  commit_message: 's',
  checkout_path: 's',
  submodules: 'b',
  hidden: 'b',
  use_default: 'b',
  is_primary: 'b',
  codehost_id: 'i',
  oauth_token: 's',
  address: 's',
} as const satisfies Shape
const JOB_CTX = {
  clean_workspace: 'b',
  builds: [REPOSITORY],
  build_steps: [{ type: 's', scripts: 's', main: 's' }],
  envs: [ENV],
  upload_pkg: 'b',
  package_file: 's',
  image: 's',
  test_threshold: 'i',
  test_result_path: 's',
  test_report_path: 's',
  test_job_name: 's',
  test_type: 's',
  caches: ['s'],
  artifact_path: 's',
  artifact_paths: ['s'],
  is_has_artifact: 'b',
  classic_build: 'b',
  post_scripts: 's',
  pm_deploy_scripts: 's',
} as const satisfies Shape
/** Of all types of sub-tasks, those of V2 (October 2017) among them: no name of theirs has two types. */
const SUB_TASK = {
  type: 's',
  enabled: 'b',
  timeout: 'i',
  service: 's',
  service_name: 's',
  service_type: 's',
  product_name: 's',
  group_name: 's',
  env_name: 's',
  namespace: 's',
  container_name: 's',
  image: 's',
  image_id: 's',
  image_name: 's',
  image_from: 's',
  build_os: 's',
  res_req: 's',
  package_file: 's',
  job_ctx: JOB_CTX,
  install_items: [{ name: 's', version: 's' }],
  replace_resources: [{ name: 's', kind: 's', container: 's', origin: 's' }],
  skipWaiting: 'b',
  reset_image: 'b',
  test_name: 's',
  test_module_name: 's',
  report_ready: 'b',
  envs: [ENV],
  repo_owner: 's',
  repo_name: 's',
  branch: 's',
  commit_id: 's',
  commit_message: 's',
  pull_request_id: 'i',
  command: 's',
  result_path: 's',
  threshold: 'i',
  dist_host: 's',
} as const satisfies Shape
const SCHEDULES = {
  enabled: 'b',
  items: [
    {
      number: 'i',
      frequency: 's',
      unix_stamp: 'i',
      time: 's',
      max_failures: 'i',
      type: 's',
      cron: 's',
      enabled: 'b',
      workflow_args: { namespace: 's' },
    },
  ],
} as const satisfies Shape
const USER = { type: 's', user_id: 's', user_name: 's', group_id: 's', group_name: 's' } as const satisfies Shape
const TARGET = { product_name: 's', service_name: 's', service_module: 's' } as const satisfies Shape
const STAGE_OF_MODULES = {
  enabled: 'b',
  modules: [{ target: TARGET, hide_service_module: 'b', build_module_ver: 's', branch_filter: [{}] }],
} as const satisfies Shape

/** `models.Pipeline`, and V2's. */
export const PIPELINE = {
  name: 's',
  pipeline_name: 's',
  description: 's',
  product_name: 's',
  team: 's',
  target: 's',
  build_module_ver: 's',
  enabled: 'b',
  multi_run: 'b',
  schedule: 's',
  schedules: SCHEDULES,
  hook: {
    enabled: 'b',
    git_hooks: [
      {
        name: 's',
        repo_owner: 's',
        repo: 's',
        branch: 's',
        events: ['s'],
        match_folders: ['s'],
        codehost_id: 'i',
        auto_cancel: 'b',
      },
    ],
  },
  notifiers: ['s'],
  notify_ctls: [{}],
  sub_tasks: [SUB_TASK],
} as const satisfies Shape

/** `models.Workflow` */
export const WORKFLOW = {
  name: 's',
  display_name: 's',
  product_tmpl_name: 's',
  team: 's',
  env_name: 's',
  description: 's',
  enabled: 'b',
  is_parallel: 'b',
  reset_image: 'b',
  base_name: 's',
  schedules: SCHEDULES,
  schedule_enabled: 'b',
  build_stage: STAGE_OF_MODULES,
  artifact_stage: STAGE_OF_MODULES,
  test_stage: { enabled: 'b', test_names: ['s'], tests: [{ test_name: 's', project: 's', envs: [ENV] }] },
  security_stage: { enabled: 'b' },
  distribute_stage: {
    enabled: 'b',
    s3_storage_id: 's',
    image_repo: 's',
    jump_box_host: 's',
    distributes: [{}],
    releases: [{}],
  },
  notify_ctls: [{}],
  hook_ctl: { enabled: 'b', items: [{}] },
} as const satisfies Shape

/** `models.WorkflowV4`; what a job does has a type of its own for each kind. */
export const WORKFLOW_V4 = {
  name: 's',
  display_name: 's',
  disabled: 'b',
  category: 's',
  project: 's',
  description: 's',
  params: [
    {
      name: 's',
      description: 's',
      type: 's',
      value: 's',
      choice_option: ['s'],
      choice_value: ['s'],
      default: 's',
      is_credential: 'b',
    },
  ],
  stages: [
    {
      name: 's',
      parallel: 'b',
      manual_exec: { enabled: 'b', modify_params: 'b', manual_exec_users: [USER] },
      approval: {
        enabled: 'b',
        status: 's',
        type: 's',
        description: 's',
        approve_users: [USER],
        timeout: 'i',
        needed_approvers: 'i',
        native_approval: { timeout: 'i', approve_users: [USER], needed_approvers: 'i', reject_or_approve: 's' },
      },
      jobs: [
        {
          name: 's',
          type: 's',
          skipped: 'b',
          spec: {},
          run_policy: 's',
          error_policy: { policy: 's', maximum_retry: 'i', approval_users: [USER] },
        },
      ],
    },
  ],
  multi_run: 'b',
  concurrency_limit: 'i',
  notify_ctls: [{}],
  share_storages: [{}],
  hook_ctl: [{}],
  remark: 's',
  hash: 's',
} as const satisfies Shape

/** `models.Cronjob`, of a custom workflow. */
export const CRON = {
  id: 's',
  name: 's',
  type: 's',
  number: 'i',
  frequency: 's',
  time: 's',
  cron: 's',
  product_name: 's',
  max_failures: 'i',
  job_type: 's',
  enabled: 'b',
  workflow_v4_args: WORKFLOW_V4,
} as const satisfies Shape

const REPOS = { repos: [REPOSITORY] } as const satisfies Shape
/** `models.TaskArgs` */
export const TASK_ARGS = {
  pipeline_name: 's',
  product_name: 's',
  builds: [REPOSITORY],
  build_args: [ENV],
  deploy: { namespace: 's', suffix: 's', image: 's', package_file: 's' },
} as const satisfies Shape
/** `models.WorkflowTaskArgs` */
export const WORKFLOW_ARGS = {
  workflow_name: 's',
  product_tmpl_name: 's',
  namespace: 's',
  env_name: 's',
  targets: [{ name: 's', service_name: 's', service_module: 's', service_type: 's', build: REPOS, envs: [ENV] }],
  artifact_args: [{ name: 's', service_name: 's', image: 's' }],
  release_images: [{ image: 's', service_name: 's', service_module: 's' }],
  tests: [{ namespace: 's', test_module_name: 's', envs: [ENV] }],
} as const satisfies Shape

const WORDS = { s: 'a string', b: 'true or false', i: 'an integer', f: 'a number' } as const

/**
 * What is of another type than its struct says; undefined: nothing is.
 * @param from what the body is written in: a scalar of YAML is a text where a text is wanted, as Go's reader has it.
 */
export function typeFault(value: Json, shape: Shape, from: 'json' | 'yaml' = 'json', at = ''): string | undefined {
  if (value === null || shape === 'any') return undefined
  const found = (word: string): string => `${at === '' ? 'the body' : at}: expected ${word}`
  switch (shape) {
    case 's': {
      const isText = typeof value === 'string' || (from === 'yaml' && typeof value !== 'object')
      return isText ? undefined : found(WORDS.s)
    }
    case 'b':
      return typeof value === 'boolean' ? undefined : found(WORDS.b)
    case 'i':
      return Number.isSafeInteger(value) ? undefined : found(WORDS.i)
    case 'f':
      return typeof value === 'number' ? undefined : found(WORDS.f)
  }
  if (isListShape(shape)) {
    if (!Array.isArray(value)) return found('a list')
    return firstFault(value.map((one: Json, place) => typeFault(one, shape[0], from, `${at}[${place}]`)))
  }
  if (!isJsonObject(value)) return found('an object')
  const names = Object.keys(shape).filter((name) => Object.hasOwn(value, name))
  return firstFault(
    names.map((name) => typeFault(value[name] ?? null, shape[name] ?? 'any', from, at === '' ? name : `${at}.${name}`)),
  )
}

const isListShape = (shape: ListShape | { readonly [key: string]: Shape }): shape is ListShape => Array.isArray(shape)
const firstFault = (faults: readonly (string | undefined)[]): string | undefined =>
  faults.find((fault) => fault !== undefined)

/** The scalars of YAML that stand where a text is wanted, as texts. */
export function withTexts(value: Json, shape: Shape): Json {
  if (value === null || typeof shape === 'string')
    return shape === 's' && (typeof value === 'number' || typeof value === 'boolean') ? String(value) : value
  if (isListShape(shape)) return Array.isArray(value) ? value.map((one: Json) => withTexts(one, shape[0])) : value
  if (!isJsonObject(value)) return value
  const entries = Object.entries(value).map(([name, one]): [string, Json] => {
    const inner = Object.hasOwn(shape, name) ? shape[name] : undefined
    return [name, inner === undefined ? one : withTexts(one, inner)]
  })
  return Object.fromEntries(entries) satisfies JsonObject
}
