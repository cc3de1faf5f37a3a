import { z } from 'zod'
import { expectedOf, narrowed, type SchemaIssue } from '../../model/schema-issue.ts'
import { parseJson } from '../kit/body.ts'
import { refusal, type Call } from './call.ts'
import { errors } from './errors.ts'
import { languageOf, LANGUAGES } from './rulesets.ts'

/** Bodies, as the models of the official SDKs have them. What a client of another version adds is passed over. */
export function readJson<Schema extends z.ZodType>({ body }: Call, schema: Schema): z.output<Schema> {
  const json = parseJson(body)
  if (!json.ok) throw refusal(errors.badParameter, json.message)
  const read = schema.safeParse(json.value ?? {}, { reportInput: true })
  if (read.success) return read.data
  const [issue] = read.error.issues.flatMap(narrowed)
  throw refusal(errors.badParameter, issue === undefined ? '' : sentence(issue))
}

/** A value is not sent back: it may be a token. */
function sentence(issue: SchemaIssue): string {
  const missing = issue.input === undefined || issue.input === null ? ', found nothing' : ''
  return `${issue.path.join('.') || 'the body'}: ${expectedOf(issue)}${missing}`
}

const text = (max: number) => z.string().max(max)
const required = (max: number) => text(max).min(1)
/** SDKs leave out what was not set; others send null or nothing. */
const optional = (max: number) =>
  text(max)
    .nullish()
    .transform((value) => value ?? '')

export const language = required(32)
  .transform(languageOf)
  .refine((value) => LANGUAGES.includes(value), `expected one of ${LANGUAGES.join(', ')}`)

/** What git would take for an option, or we for a template; the `git` step looks closer when it runs. */
const address = (max: number, expected: string) =>
  required(max).refine((value) => !/^-|[\s\p{Cc}]|\$\{\{/u.test(value), expected)
const url = address(2_048, 'expected the address of a repository')
const branch = address(255, 'expected a branch, a tag or a commit')

/** CreateTaskRequestV2. */
export const createTask = z.object({
  check_type: z.array(z.literal('source')).max(1).nullish(),
  git_url: url,
  git_branch: branch,
  language: z
    .array(language)
    .max(20)
    .nullish()
    .transform((value) => value ?? []),
  rule_sets: z
    .array(z.object({ ruleset_id: optional(64), language }))
    .max(20)
    .nullish()
    .transform((value) => value ?? []),
  task_type: z.enum(['full', 'inc']).nullish(),
  username: optional(255),
  access_token: optional(2_048),
  endpoint_id: optional(128),
  inc_config: z
    .object({
      parent_task_id: optional(64),
      git_source_branch: optional(255),
      git_target_branch: optional(255),
      merge_id: optional(128),
      event_type: z.enum(['merge_request', 'push_request', '']).nullish(),
      action: z.enum(['open', 'close', 'update', '']).nullish(),
      title: optional(255),
    })
    .nullish(),
  enable_fossbot: z.boolean().nullish(),
  resource_pool_id: optional(128),
})

/**
 * Of the page "新建检查任务V3". The template says more of the repository and of rule sets than means anything here; a client that
 * makes tasks so (a GitHub action) sends what is named here.
 */
export const createTaskV3 = z.object({
  branch,
  name: required(128).refine((value) => /^[\p{L}\p{N}._-]+$/u.test(value), 'expected letters, digits, ., - and _'),
  repo_url: url,
  project_id: optional(64),
  project_name: optional(128),
  config_template: z.object({
    repo_type: optional(64),
    project_id: optional(64),
    rule_sets: z
      .array(z.object({ ruleset_id: optional(64), language }))
      .min(1)
      .max(20),
  }),
})

/** How a merge request is fetched, of which the branch says enough here: "pull" and "merge_request" (the page of 2025-08). */
const WAYS_OF_FETCHING: readonly string[] = ['pull', 'merge_request']

/** RunRequestV2, and `ref` of the newer documents: a branch, unless it is one of their two words. */
export const runTask = z.object({
  username: optional(255),
  access_token: optional(2_048),
  git_url: optional(2_048),
  git_branch: optional(255),
  ref: optional(255).transform((ref) => (WAYS_OF_FETCHING.includes(ref) ? '' : ref)),
})

/** UpdateDefectRequestBody: 0 unresolved, 1 resolved, 2 ignored. */
export const defectStatus = z.object({
  defect_id: required(33 * 1_000),
  defect_status: z.enum(['0', '1', '2']),
})

/** Of the page "执行全量检查". `executor` names who we know already. */
export const createJob = z.object({ taskId: required(64), executor: optional(255) })

/**
 * Of the page "更新代码问题状态". `mergeId` only tells a merge request's check from others, of which `jobId` does more; there is
 * no place for a `comment`.
 */
export const issueStatus = z.object({
  taskId: required(64),
  mergeId: optional(128),
  jobId: optional(64),
  status: z.enum(['0', '2', '5']),
  comment: optional(256),
  mergeKey: required(33 * 1_000),
})
export type IssueState = z.output<typeof issueStatus>['status']

/** UpdateTaskRulesetItem: a bare array of them. */
export const taskRulesets = z
  .array(
    z.object({
      language,
      rule_set_id: required(64),
      if_use: z.enum(['0', '1']),
      status: z.string().max(8).nullish(),
    }),
  )
  .min(1)
  .max(100)

/** Ruleset: the body of `POST /v2/ruleset`. */
export const ruleset = z.object({
  project_id: required(64),
  template_name: required(128).refine((value) => !/\p{Cc}/u.test(value), 'expected a name of one line'),
  language,
  is_default: z.enum(['0', '1']),
  rule_ids: optional(8_192),
  uncheck_ids: optional(8_192),
  template_id: optional(64),
  custom_attributes: z.array(z.unknown()).max(1_000).nullish(),
})

/** ConfigTaskParameterBody. */
export const parameters = z.object({
  check_id: z.int(),
  ruleset_id: required(64),
  language,
  status: z.enum(['on', 'off']),
  task_check_settings: z
    .array(z.object({ cfg_key: required(64), status: z.enum(['on', 'off']), cfg_value: optional(1_024) }))
    .max(100),
})

/** UpdateTaskSettingsRequestBody. */
export const settings = z.object({
  task_advanced_settings: z
    .array(z.object({ key: required(64), value: text(1_024) }))
    .min(1)
    .max(100),
})

/** UpdateIgnorePathRequestBody. */
export const ignorePaths = z.object({
  ignore_path_settings: z
    .array(z.object({ file_path: required(1_024), checkbox_status: z.enum(['unchecked', 'all', 'half']) }))
    .min(1)
    .max(200),
})
