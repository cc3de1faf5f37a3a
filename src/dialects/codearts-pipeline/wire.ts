/** Spelled as on the wire: seed 001, tables 4 to 7, and the v3 calls beside it. Every scalar is a string, or null. */

export type StatusWord = 'waiting' | 'running' | 'verifying' | 'suspending' | 'completed'
export type OutcomeWord = 'success' | 'error' | 'aborted'

export interface Standing {
  readonly status: StatusWord | null
  readonly outcome: OutcomeWord | null
}

/** Seed 001, table 4. */
export interface PipelineStatus extends Standing {
  readonly executor: string | null
  readonly pipeline_id: string
  readonly pipeline_name: string
  readonly build_id: string | null
  /** `yyyy-MM-dd HH:mm:ss` without a zone. */
  readonly start_time: string | null
  readonly end_time: string | null
  /** Seconds. */
  readonly elapsed_time: string | null
  readonly detail_url: string
  readonly parameters: readonly PipelineParameter[]
  readonly states: readonly StageState[]
}

export interface PipelineParameter {
  readonly name: string
  readonly value: string
}

interface StateFields extends Standing {
  readonly id: string
  readonly name: string
}
interface StateTimes {
  readonly start_time: string | null
  readonly end_time: string | null
  readonly elapsed_time: string | null
}

/** Seed 001, table 6, as its sample has it for stages: no error and no link. */
export interface StageState extends StateFields, StateTimes {
  readonly type: 'stage'
  readonly children: readonly TaskState[]
}

/** The same table for tasks: no children. `end_time`, not the slipped key of the sample. */
export interface TaskState extends StateFields, StateTimes {
  readonly type: 'task'
  readonly error_code: string | null
  readonly error_msg: string | null
  readonly detail_url: string | null
}

/** `GET /v3/pipelines/status`: an element. `result` is what is `outcome` elsewhere. */
export interface ExecuteStates {
  readonly result: OutcomeWord | null
  readonly status: StatusWord | null
  readonly stages: readonly {
    readonly result: OutcomeWord | null
    readonly status: StatusWord | null
    readonly name: string
    readonly parameters: Readonly<Record<string, never>>
    readonly order: number
    readonly dsl_method: string
    readonly display_name: string
  }[]
  readonly executor: string | null
  readonly pipeline_name: string
  readonly pipeline_id: string
  readonly build_id: string | null
  readonly detail_url: string
  readonly modify_url: string
  readonly start_time: string | null
  readonly end_time: string | null
}

/** `POST /v3/pipelines/list`: an element. */
export interface PipelineBasicInfo {
  readonly project_id: string
  readonly project_name: string
  readonly pipeline_id: string
  readonly pipeline_name: string
  readonly creator_id: string
  readonly creator_name: string
  readonly executor_id: string | null
  readonly executor_name: string | null
  readonly start_time: string | null
  readonly create_time: string
  /** "true" or "false". */
  readonly watched: 'false'
}
export interface PipelineList {
  readonly offset: number
  readonly limit: number
  readonly total: number
  readonly result: readonly PipelineBasicInfo[]
}

/** `GET /v3/pipelines/build-result` and `…/build-records`: an element. */
export interface BuildResult extends Standing {
  readonly build_id: string
  /** Milliseconds, not seconds as `elapsed_time`. */
  readonly elapse_time: string | null
  readonly end_time: string | null
  readonly pipeline_id: string
  readonly pipeline_name: string
  readonly start_time: string | null
}

export type ExecuteType = 'Manual' | 'Scheduler' | 'MR' | 'Push'

/** `GET /v3/pipelines/{pipeline_id}/detail`. */
export interface PipelineDetail {
  readonly workflow: Standing & {
    readonly pipeline_id: string
    readonly pipeline_name: string
    readonly project_id: string
    readonly project_name: string
    readonly build_id: string | null
    readonly start_time: string | null
    readonly end_time: string | null
    readonly elapsed_time: string | null
    readonly execute_type: ExecuteType | null
    readonly executor_id: string | null
    readonly executor: string | null
    readonly detail_url: string
    readonly parameters: readonly PipelineParameter[]
  }
  readonly states: readonly StageState[]
}

export interface ErrorBody {
  readonly error_code: string
  readonly error_msg: string
}
