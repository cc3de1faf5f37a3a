import type { Json, JsonObject } from '../../model/json.ts'
import type { Instant } from '../../model/time.ts'
import type { ExecuteType } from './wire.ts'

/**
 * Spelled as on the wire of the v5 family: the models of the official SDKs. Times are epoch milliseconds as numbers.
 * Where two releases of Go's SDK take a field for different types (`async`, `current_system_time` of a run), it is
 * null here, which both can read.
 */
export type RunWord = 'COMPLETED' | 'RUNNING' | 'FAILED' | 'CANCELED' | 'PAUSED' | 'SUSPEND' | 'IGNORED'
export type NodeWord = RunWord | 'INIT' | 'QUEUED' | 'SKIPPED' | 'UNSELECTED'

/** `GET /pipelines/{pipeline_id}`. What the client gave comes back as it gave it. */
export interface PipelineV5 {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly manifest_version: string
  readonly create_time: Instant
  readonly update_time: Instant
  readonly creator_id: string
  readonly creator_name: string
  readonly updater_id: string
  readonly region: string
  readonly domain_id: string
  readonly project_id: string
  readonly project_name: string
  readonly component_id: Json
  readonly is_publish: boolean
  readonly is_collect: boolean
  readonly banned: boolean
  readonly sources: Json
  readonly variables: readonly Json[]
  readonly schedules: readonly Json[]
  readonly triggers: Json
  readonly group_id: string | null
  readonly concurrency_control: Json
  /** Text that holds JSON. */
  readonly definition: string
}

/** `GET /pipeline/variable/group/{id}`. Times in seconds. */
export interface VariableGroupV5 {
  readonly id: string
  readonly project_id: string
  readonly domain_id: string
  readonly name: string
  readonly description: string
  readonly variables: readonly {
    readonly name: string
    readonly sequence: number | null
    readonly type: string
    readonly value: string
    readonly is_secret: boolean
    readonly description: string
  }[]
  readonly related_pipelines: readonly { readonly id: string; readonly name: string }[]
  readonly creator_id: string
  readonly updater_id: string
  readonly creator_name: string
  readonly updater_name: string
  readonly create_time: number
  readonly update_time: number
}

/** An element of `POST /pipelines/list`. */
export interface ListedPipeline {
  readonly pipeline_id: string
  readonly name: string
  readonly description: string
  readonly project_id: string
  readonly project_name: string
  readonly component_id: Json
  readonly is_publish: boolean
  readonly is_collect: boolean
  readonly banned: boolean
  readonly tag_list: readonly ListedTag[]
  /** Secret projects have levels; there are none here. */
  readonly security_level: null
  readonly manifest_version: string
  readonly create_time: Instant
  readonly latest_run: LatestRun | null
  readonly convert_sign: number
}

/** An element of `GET /pipeline-tag/list`. */
export interface TagV5 {
  readonly tag_id: string
  readonly name: string
  readonly color: string
  readonly project_id: string
  readonly project_name: string
}
/** `ListPipelinesPageTagList`. */
export interface ListedTag extends Omit<TagV5, 'project_name'> {
  readonly domain_id: string
  readonly creator_id: string
  readonly updater_id: string
  readonly create_time: Instant
  readonly update_time: Instant
}

/** `PipelineLatestRun`; also an element of a pipeline's history. */
export interface LatestRun {
  readonly pipeline_id: string
  readonly pipeline_run_id: string
  readonly executor_id: string | null
  readonly executor_name: string
  readonly stage_status_list: readonly {
    readonly id: string
    readonly name: string
    readonly sequence: number
    readonly status: NodeWord
    /** `yyyy-MM-dd HH:mm:ss`: these two are text. */
    readonly start_time: string | null
    readonly end_time: string | null
  }[]
  readonly status: RunWord
  readonly run_number: number
  readonly trigger_type: ExecuteType
  readonly build_params: JsonObject
  readonly artifact_params: JsonObject
  readonly start_time: Instant
  readonly end_time: Instant | null
  readonly modify_url: string
  readonly detail_url: string
}

/** `GET /pipelines/{pipeline_id}/pipeline-runs/detail`. */
export interface RunV5 {
  readonly id: string
  readonly pipeline_id: string
  readonly manifest_version: string
  readonly name: string
  readonly description: string
  readonly is_publish: boolean
  readonly executor_id: string | null
  readonly executor_name: string
  readonly status: RunWord
  readonly trigger_type: ExecuteType
  readonly run_number: number
  readonly pause_time: Instant | null
  readonly start_time: Instant
  readonly end_time: Instant | null
  readonly stages: readonly StageRun[]
  readonly domain_id: string
  readonly project_id: string
  readonly region: string
  readonly component_id: Json
  readonly language: 'zh-cn' | 'en-us'
  readonly sources: Json
  readonly artifacts: readonly PackageInfo[]
  readonly subject_id: string
  readonly group_id: string | null
  readonly group_name: string | null
  readonly detail_url: string
  readonly current_system_time: null
}

/** What a run has made so far. */
export interface PackageInfo {
  readonly name: string
  readonly packageType: string
  readonly version: string
  readonly downloadUrl: string
}

interface Timed {
  readonly start_time: Instant | null
  readonly end_time: Instant | null
}
export interface StageRun extends Timed {
  readonly id: string
  readonly category: string | null
  readonly name: string
  readonly identifier: string
  readonly run_always: boolean
  readonly parallel: string | null
  readonly is_select: boolean
  readonly sequence: number
  readonly depends_on: readonly string[]
  readonly condition: string | null
  readonly status: NodeWord
  readonly pause_time: Instant | null
  readonly pre: readonly StepRun[]
  readonly post: readonly StepRun[]
  readonly jobs: readonly JobRun[]
}
export interface JobRun extends Timed {
  readonly id: string
  readonly category: string | null
  readonly sequence: number
  readonly async: null
  readonly name: string
  readonly identifier: string
  readonly depends_on: readonly string[]
  readonly condition: string | null
  readonly resource: string | null
  readonly is_select: boolean
  readonly timeout: string | null
  readonly last_dispatch_id: string | null
  readonly status: NodeWord
  readonly message: string | null
  readonly steps: readonly StepRun[]
  readonly exec_id: string | null
}
export interface StepRun extends Timed {
  readonly id: string
  readonly name: string
  readonly task: string
  readonly business_type: string | null
  readonly inputs: readonly { readonly key: string; readonly value: Json }[]
  readonly sequence: number
  readonly official_task_version: string | null
  readonly identifier: string | null
  readonly multi_step_editable: number
  readonly endpoint_ids: readonly string[]
  readonly last_dispatch_id: string | null
  readonly status: NodeWord
  readonly message: string | null
  readonly daily_build_number: string | null
}

/** `POST …/steps/{step_run_id}/logs`. */
export interface LogPage {
  readonly has_more: boolean
  readonly start_offset: string
  readonly end_offset: string
  readonly log: string
  readonly location: null
  readonly step_run_id: string
}

/** A group of pipelines, with those in it. */
export interface GroupV5 {
  readonly id: string
  readonly domain_id: string
  readonly project_id: string
  readonly name: string
  readonly parent_id: string | null
  /** Ids from the top, joined with dots. */
  readonly path_id: string
  readonly ordinal: number
  readonly creator: string
  readonly updater: string
  readonly create_time: Instant
  readonly update_time: Instant
  readonly pipeline_count: number
  readonly no_group_count: number
  readonly children: readonly GroupV5[]
}
