/**
 * What goes over the wire, spelled as there. Source: the API documents of spock / aslan-platform (2017), "04.Pipeline
 * 管理接口"; the seed is its page "查询任务" as it stood from May to July 2017.
 */

/** The seed's table of words. It spells `runnning` there; the server said, and we say, `running`. */
export type Status = 'created' | 'running' | 'passed' | 'failed' | 'timeout' | 'cancelled'

/** A job's word is not of that table: it is the build service's own (Drone, which followed kci in July 2017). */
export type JobStatus = 'pending' | 'running' | 'blocked' | 'success' | 'failure' | 'error' | 'killed' | 'skipped'

/** RFC 3339 with milliseconds and offset: `2017-02-21T22:52:27.443+08:00`. */
type Time = string

/** Sub-tasks that the pipeline lacks are left out. */
export interface Task {
  /** Number within the pipeline. */
  readonly id: number
  readonly task_creator: string
  readonly pipeline_name: string
  readonly status: Status
  readonly created: Time
  readonly updated: Time
  readonly build_task?: BuildTask
  readonly deploy_task?: DeployTask
  readonly deploy_cs_task?: DeployCsTask
  readonly test_task?: TestTask
  readonly distribute_task?: DistributeTask
}

export interface BuildTask {
  readonly repo_owner: string
  readonly repo_name: string
  readonly branch: string
  readonly commit_id: string
  readonly image_tag: string
  readonly status: Status
  readonly project_id: number
  /** Misspelt from February 2017 on, in every version: the real name of the field. */
  readonly build_nubmer: number
  readonly jobs: readonly { readonly number: number; readonly status: JobStatus }[]
}

export interface DeployTask {
  readonly stack_name: string
  readonly service_name: string
  readonly image_tag: string
  readonly status: Status
  /** Only with an error. */
  readonly error?: string
}

/** A deployment into a test environment, from the package. */
export interface DeployCsTask {
  readonly service_name: string
  readonly package_file: string
  readonly test_env: string
  readonly status: Status
  readonly error?: string
}

export interface TestTask {
  readonly stack_name: string
  readonly service_name: string
  readonly status: Status
  readonly error?: string
}

export interface DistributeTask {
  readonly package_file: string
  readonly image_name: string
  readonly image_tag: string
  readonly status: Status
  readonly error?: string
}

/**
 * A task in a list: the seed's, what lists of May 2017 had beside it, and the words under which July's lists say the
 * same.
 */
export interface ListedTask extends Task {
  readonly task_revoker: string
  readonly current_status: Status
  readonly final_status: Status
  readonly deploy_env: string
  readonly stack_name: string
  readonly service_name: string
}

/** A task that has not begun. */
export interface QueueItem {
  /** An ObjectId: 24 hex digits. */
  readonly id: string
  readonly pipeline_name: string
  /** A number here, in all samples: 0 is created. */
  readonly status: number
  readonly task_creator: string
  readonly repo_name: string
  readonly repo_owner: string
  readonly branch: string
  readonly pull_request_number: number
  readonly commit_id: string
  /** Unix seconds. */
  readonly created: number
}

/** `lastest_task` is the field's real name: it is so in Zadig still. Times in unix seconds. */
export interface PipelineStatus {
  readonly lastest_task: LastTask | null
  readonly last_task_success: LastTask | null
  readonly last_task_failure: LastTask | null
}
export interface LastTask {
  readonly id: number
  readonly task_creator: string
  readonly pipeline_name: string
  readonly status: Status
  readonly created: number
  readonly started: number
  readonly updated: number
}

/** Of a build's log, counted from 0. */
export interface BuildLine {
  readonly proc: string
  readonly pos: number
  readonly out: string
}

/** Drone 0.8's build, in the order of its sample. Times in unix seconds, 0 when unset. */
export interface DroneBuild {
  readonly id: number
  readonly number: number
  readonly parent: number
  readonly event: string
  readonly status: JobStatus
  readonly error: string
  readonly enqueued_at: number
  readonly created_at: number
  readonly started_at: number
  readonly finished_at: number
  readonly deploy_to: string
  readonly commit: string
  readonly branch: string
  readonly ref: string
  readonly refspec: string
  readonly remote: string
  readonly title: string
  readonly message: string
  readonly timestamp: number
  readonly sender: string
  readonly author: string
  readonly author_avatar: string
  readonly author_email: string
  readonly link_url: string
  readonly reviewed_by: string
  readonly reviewed_at: number
  readonly procs: readonly DroneProc[]
}
export interface DroneProc {
  readonly id: number
  readonly pid: number
  readonly ppid: number
  readonly pgid: number
  readonly name: string
  readonly state: JobStatus
  readonly exit_code: number
  readonly start_time: number
  readonly end_time: number
  readonly children?: readonly DroneProc[]
}

export interface CronJob {
  /** An ObjectId. */
  readonly id: string
  readonly pipeline_name: string
  readonly repo_owner: string
  readonly repo_name: string
  readonly branch: string
  /** `@every 15s`, or cron of six fields. */
  readonly schedule: string
  readonly enabled: boolean
  /** Unix seconds. */
  readonly updated: number
  readonly creator: string
}

/** "06.用户管理接口", pages 03 and 04, in the order of their samples. Times as a task's, `0001-01-01T00:00:00Z` when unset. */
export interface User {
  readonly username: string
  readonly title: string
  readonly name: string
  readonly nickname: string
  readonly email: string
  readonly roles: readonly string[]
  readonly disabled: boolean
  readonly manager: string
  /** A list from August 2017 on, as `teams`. */
  readonly team: string
  readonly mobile: string
  readonly mobile2: string
  readonly office: string
  readonly join_at: Time
  readonly number: number
  readonly nation: string
  readonly created_at: Time
  readonly updated_at: Time
  readonly last_active_ip: string
  readonly last_active_at: Time
  readonly parents: readonly string[]
}

export interface Pipeline {
  readonly pipeline_name: string
  readonly creator: string
  readonly stack_name: string
  readonly service_name: string
  readonly test_stack: string
  readonly test_service: string
  /** From July 2017 on; here only when it was said. */
  readonly test_threshold?: number
  readonly deploy_env: string
  readonly repo_owner: string
  readonly repo_name: string
  readonly run_build: boolean
  readonly run_deploy: boolean
  readonly run_deploy_cs: boolean
  readonly run_test: boolean
  readonly run_distribute: boolean
  /** Unix seconds, unlike a task's times. */
  readonly updated: number
  readonly enabled: boolean
}

/** `code` is a string in this generation, a number from V2 on. */
export interface ErrorBody {
  readonly message: string
  readonly code: string
  readonly description: string
}
