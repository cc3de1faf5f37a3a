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
  readonly params: readonly Param[]
  readonly stages: readonly Stage[]
  readonly status: PipelineStatus
}

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
  readonly webhook: { readonly url: string }
  readonly pipeline_param_converts?: readonly { readonly name: string; readonly pipeline_param_name: string }[]
}

export interface Stage {
  readonly id: number
  readonly name: string
  readonly service_name: string
  /** By service_name; see stage.ts. */
  readonly params: Readonly<Record<string, unknown>>
  readonly exception_handler?: ExceptionHandler
  /** As the annotation gave them: array of {name, description, type, params}. */
  readonly input_resources?: readonly unknown[]
  readonly output_resources?: readonly unknown[]
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
  readonly webhook: { readonly input_params: Readonly<Record<string, string>> }
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

export interface ErrorItem {
  readonly errorCode: string
  readonly errorMessage: string
  readonly detail: string
}
