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

export interface Pipeline {
  readonly pipeline_name: string
  readonly creator: string
  readonly stack_name: string
  readonly service_name: string
  readonly test_stack: string
  readonly test_service: string
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
