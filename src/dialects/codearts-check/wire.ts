/** Spelled as on the wire: seed 003 and the v2 calls beside it. */

/** Seed 003, SimpleTaskInfoV2. */
export interface Task {
  readonly task_id: string
  readonly task_name: string
  readonly creator_id: string
  /** Empty: none known. */
  readonly git_url: string
  readonly git_branch: string
  /** `yyyy-MM-dd HH:mm:ss` in UTC, as the other time. */
  readonly created_at: string
  /** null: never checked. */
  readonly last_check_time: string | null
}
export interface TaskList {
  readonly tasks: readonly Task[]
  /** Of the project, not of the page. */
  readonly total: number
}

/** 0 under way, 1 failed, 2 succeeded, 3 stopped, null never checked. */
export type TaskStatus = 0 | 1 | 2 | 3 | null
export interface Progress {
  readonly task_status: TaskStatus
  readonly progress: {
    /** `0%` to `100%`. */
    readonly ratio: string | null
    readonly info: 'running' | 'success' | null
  }
}

export interface RunStarted {
  readonly exec_id: string
}

export interface ErrorBody {
  readonly error_code: string
  readonly error_msg: string
}
/** The gateway's, which stands in front. */
export interface GatewayErrorBody extends ErrorBody {
  readonly request_id: string
}
