import type { JsonObject } from '../../model/json.ts'
import type { WireTime } from './time.ts'

/**
 * Spelled as on the wire (seed 004: "查询流水线详情", tables 3 to 10). Keys stand in the order of the vendor's JSON
 * (ContainerOps API reference, 2020-07); the YAML form sorts them. An optional key is left out, never null.
 */
export interface Pipeline {
  readonly id: number
  readonly group_id: number
  readonly group_name: string
  readonly name: string
  readonly description: string
  readonly pre_operation?: PreOperation
  /** As it was sent. */
  readonly post_operation?: JsonObject
  readonly params: readonly Param[]
  readonly stages: readonly Stage[]
  readonly source?: string
  readonly status: PipelineStatus
}

/** What create and update answer: without a state, and without the params that the server gives. */
export type PipelineDocument = Omit<Pipeline, 'status'>

/** An element of the list: no definition in it, and its `status.stages` is null. */
export interface PipelineListItem {
  readonly id: number
  readonly group_id: number
  readonly group_name: string
  readonly name: string
  readonly description: string
  readonly status: Omit<PipelineStatus, 'stages' | 'pre_operation'> & { readonly stages: null }
}

export interface Param {
  readonly name: string
  readonly description: string
  readonly value: string
}

export interface PreOperation {
  readonly operator: 'and' | 'or'
  readonly triggers: readonly Trigger[]
}
export interface Trigger {
  readonly webhook?: { readonly url: string }
  readonly channel?: { readonly name: string }
  readonly pipeline_param_converts?: readonly { readonly name: string; readonly pipeline_param_name: string }[]
}

export interface Stage {
  readonly id: number
  readonly name: string
  readonly service_name: string
  /** By service_name; see stage.ts. */
  readonly params: Readonly<Record<string, unknown>>
  /** As it was sent, else an {@link ExceptionHandler}. */
  readonly exception_handler?: ExceptionHandler | JsonObject
  /** As the annotation gave them: array of {name, description, type, params}. */
  readonly input_resources?: readonly unknown[]
  readonly output_resources?: readonly unknown[]
  readonly pre_operation?: PreOperation
  /** As it was sent. */
  readonly post_operation?: JsonObject
}

export type ExceptionHandler =
  /** `timespan`: whole hours. */
  | { readonly type: 'timeout_reset'; readonly params: { readonly timespan: number } }
  | { readonly type: 'return_to_start' }
  | { readonly type: 'ignore_error' }

export type StatusWord =
  | 'waiting'
  | 'running'
  | 'success'
  | 'cancel'
  | 'rollbacking'
  | 'rollback_success'
  | 'stage_exception'
  | 'runtime_exception'
  | 'timeout'
  | 'unauthorized'
  | 'rollback_failed'
  | 'rollback_exception'

export interface PipelineStatus {
  readonly status: StatusWord
  /** Of the current stage, from 0. */
  readonly stage_index: number
  readonly start_time: WireTime
  readonly end_time: WireTime
  readonly pre_operation: PreOperationStatus
  readonly stages: readonly StageStatus[]
  readonly created_time: WireTime
  readonly updated_time: WireTime
}
export interface StageStatus {
  readonly status: StatusWord
  readonly pre_operation: PreOperationStatus
  readonly start_time: WireTime
  readonly end_time: WireTime
  /** Of a stage that holds a review. */
  readonly state?: { readonly review_results: readonly ReviewResult[] }
}
/** `{}` on a pipeline without triggers. */
export interface PreOperationStatus {
  readonly triggers_status?: readonly TriggerStatus[]
}
export interface TriggerStatus {
  readonly is_satisfied: boolean
  /** With what it was fired; of the trigger's kind. */
  readonly webhook?: { readonly input_params: Readonly<Record<string, string>> }
  readonly channel?: { readonly input_params: Readonly<Record<string, string>> }
}
export interface ReviewResult {
  readonly user_name: string
  readonly result: 'pass' | 'waiting' | 'refuse'
}

export type JobState = 'Timeout' | 'Failed' | 'Waiting' | 'Building' | 'Successful' | 'Cancel'

/** One execution of a stage. Numbers in quotes are the vendor's. */
export interface Job {
  readonly id: number
  readonly service: string
  readonly service_id: number
  readonly region_name: string
  readonly resource_type: string
  readonly resource: string
  /** Seconds. */
  readonly duration: string
  readonly state: JobState
  /** Percent. */
  readonly progress: string
  readonly pkg: { readonly git_branch: string; readonly git_clone_type: string; readonly git_tag: string } | null
  readonly creator_id: string
  readonly creator_name: string
  readonly created_at: WireTime
  readonly log_num: number
}
export interface JobLog extends Job {
  readonly log: readonly {
    /** JSON text of {@link LogLine}s. */
    readonly content: string
    readonly created_at: WireTime
  }[]
}
export interface LogLine {
  readonly Type: 'phase' | 'content'
  readonly Message: string
  readonly Time: WireTime
  readonly State: JobState
  readonly Progress: number
}

export interface PipelineGroup {
  readonly id: number
  readonly group: string
  readonly description: string
  readonly pipeline_count: number
}

/** An element of the list of templates. */
export interface PipelineTemplateItem {
  readonly id: number
  readonly name: string
  readonly description: string
  readonly template_type_ch: string
  readonly template_type_en: string
  readonly template_category: 'sample_template' | 'my_template'
  readonly created_at: WireTime
  readonly updated_at: WireTime
  readonly stages: readonly { readonly name: string; readonly service_name: string; readonly is_task: boolean }[]
  readonly pipeline_labels: readonly { readonly id: number; readonly name: string; readonly describe: string }[]
}
export interface PipelineTemplate extends Omit<PipelineTemplateItem, 'stages'> {
  readonly pre_operation?: JsonObject
  readonly params: readonly JsonObject[]
  readonly stages: readonly JsonObject[]
}

interface PackageFields {
  readonly id: number
  /** The account. */
  readonly domain: string
  readonly namespace: string
  readonly package: string
  readonly visibility: 'public' | 'private'
  /** Bytes. */
  readonly size: number
  readonly creator: string
}
export interface PackageItem extends PackageFields {
  readonly description: string
  readonly num_versions: number
  readonly created: WireTime
  readonly updated: WireTime
  readonly self_auth: number
}
export interface PackageVersion extends PackageFields {
  readonly version: string
  readonly description: string
  readonly num_files: number
  readonly CreatedAt: WireTime
  readonly UpdatedAt: WireTime
}
export interface PackageFile extends PackageFields {
  readonly version: string
  readonly folder: string
  readonly filename: string
  /** SHA-512 in hex. */
  readonly digest: string
  readonly url: string
  readonly created: WireTime
  readonly updated: WireTime
}

export interface ErrorItem {
  readonly errorCode: string
  readonly errorMessage: string
  readonly detail: string
}
