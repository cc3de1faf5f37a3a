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

/** CreateTaskResponse. */
export interface TaskCreated {
  readonly task_id: string
}

export interface RunStarted {
  readonly exec_id: string
}

/** DefectInfoV2: all text but what is inside of fragments. */
export interface DefectInfo {
  readonly defect_id: string
  readonly defect_checker_name: string
  /** 0 unresolved, 1 resolved, 2 ignored. */
  readonly defect_status: '0' | '1' | '2'
  readonly rule_system_tags: string
  readonly rule_name: string
  readonly line_number: string
  readonly defect_content: string
  /** 0 fatal, 1 serious, 2 normal, 3 hint. */
  readonly defect_level: string
  readonly file_path: string
  readonly created_at: string
  readonly issue_key: string
  readonly fragment: readonly {
    readonly line_num: string
    readonly line_content: string
    readonly start_offset: number
    readonly end_offset: number
  }[]
  readonly events: readonly never[]
}
export interface DefectList {
  readonly defects: readonly DefectInfo[]
  readonly total: number
}

/** ShowTaskDetailResponse. null: not measured, or not checked yet. */
export interface DefectsSummary extends Task {
  readonly code_line_total: number | null
  readonly code_line: number | null
  readonly code_quality: number | null
  readonly issue_count: number
  readonly risk_coefficient: number
  readonly duplication_ratio: string | null
  readonly complexity_count: null
  readonly duplicated_lines: number | null
  readonly comment_lines: number | null
  readonly comment_ratio: string | null
  readonly duplicated_blocks: number | null
  readonly last_exec_time: string | null
  readonly check_type: 'source'
  readonly cyclomatic_complexity_per_method: null
  readonly cyclomatic_complexity_per_file: null
  readonly critical_count: string
  readonly major_count: string
  readonly minor_count: string
  readonly suggestion_count: string
  /** Whether the newest check passed its threshold: 1 or 0. */
  readonly is_access: '0' | '1' | null
  readonly trigger_type: string | null
  readonly file_duplication_ratio: string | null
}

/** ShowTaskDefectsStatisticResponse; the two times on request (`time_info_switch`). */
export interface Statistic {
  readonly severity: {
    readonly critical: number
    readonly major: number
    readonly minor: number
    readonly suggestion: number
  }
  readonly status: { readonly unresolved: number; readonly resolved: number; readonly dismissed: number }
  readonly last_check_time?: string | null
  readonly last_check_finish_time?: string | null
}

/** CheckRecordDataInfo. Times as `2020-02-10T11:38:46Z`. */
export interface CheckRecord {
  readonly check_time: string
  readonly check_end_time: string | null
  readonly issue_counts: {
    readonly critical: number
    readonly serious: number
    readonly normal: number
    readonly prompt: number
  }
}
export interface CheckRecords {
  readonly data: readonly CheckRecord[]
  readonly total: number
}

/** ShowTasklogResponse. */
export interface LogDetail {
  readonly param_info: {
    readonly url: string
    readonly branch: string
    readonly language: string
    readonly exclude_dir: string
    readonly encode: string
    readonly compile_config: string
    readonly rule_template: string
  }
  readonly log_info: readonly LogInfo[]
}
export interface LogInfo {
  readonly display_name: string
  readonly log: string
  readonly level: 'info' | 'error'
  readonly analysis: string
  readonly faq: string
}

/** MetricInfo, in its order: all text, `133426.00`. */
export const METRIC_NAMES = [
  'code_size',
  'raw_lines',
  'methods_total',
  'cyclomatic_complexity_total',
  'cyclomatic_complexity_per_method',
  'maximum_cyclomatic_complexity',
  'huge_cyclomatic_complexity_total',
  'huge_cyclomatic_complexity_ratio',
  'cca_cyclomatic_complexity_total',
  'cca_cyclomatic_complexity_per_method',
  'maximum_cca_cyclomatic_complexity',
  'huge_cca_cyclomatic_complexity_total',
  'cyclomatic_complexity_adequacy',
  'maximum_depth',
  'huge_depth_total',
  'huge_depth_ratio',
  'method_lines',
  'lines_per_method',
  'huge_method_total',
  'huge_method_ratio',
  'files_total',
  'folders_total',
  'lines_per_file',
  'huge_headerfile_total',
  'huge_headerfile_ratio',
  'huge_non_headerfile_total',
  'huge_non_headerfile_ratio',
  'huge_folder_total',
  'huge_folder_ratio',
  'file_duplication_total',
  'file_duplication_ratio',
  'non_hfile_duplication_total',
  'non_hfile_duplication_ratio',
  'code_duplication_total',
  'code_duplication_ratio',
  'non_hfile_code_duplication_total',
  'non_hfile_code_duplication_ratio',
  'unsafe_functions_total',
  'unsafe_functions_kloc',
  'redundant_code_total',
  'redundant_code_kloc',
  'warning_suppression_total',
  'warning_suppression_kloc',
] as const
export type MetricName = (typeof METRIC_NAMES)[number]
/** ShowTaskCmetricsResponse. */
export interface MetricsSummary extends Task {
  readonly last_exec_time: string | null
  readonly check_type: 'source'
  readonly metric_info: Readonly<Record<MetricName, string | null>>
}

/** TaskRulesetInfo. */
export interface TaskRuleSet {
  readonly template_id: string
  readonly language: string
  readonly template_name: string
  readonly type: 'optional' | 'selected'
  /** 0 made by somebody, 1 the system's. */
  readonly status: '0' | '1'
}

/** RulesetItem; flags are 0 or 1. */
export interface RuleSetItem {
  readonly template_id: string
  readonly language: string
  readonly template_name: string
  readonly creator_id: string
  readonly creator_name: string
  readonly template_create_time: string | null
  readonly is_used: Flag
  /** Joined with commas. */
  readonly rule_ids: string
  readonly is_default: Flag
  readonly is_devcloud_project_default: Flag
  readonly is_default_template: Flag
}
export type Flag = '0' | '1'

/** RuleItem. `rule_tages` is the vendor's spelling. */
export interface RuleItem {
  readonly rule_id: string
  readonly rule_language: string
  readonly rule_name: string
  readonly rule_severity: string
  readonly rule_tages: string
  readonly checked: Flag
  readonly rule_config_list: readonly never[]
}
/** RuleListItem. */
export interface RuleListItem {
  readonly rule_set: string
  readonly rule_id: string
  readonly rule_language: string
  readonly rule_name: string
  readonly rule_severity: string
  readonly rule_tages: string
  readonly right_example: string
  readonly error_example: string
  readonly revise_opinion: string
  readonly rule_desc: string
}
export interface InfoList<Item> {
  readonly info: readonly Item[]
  readonly total: number
}

/** TaskCheckParamters (sic). */
export interface CheckParameters {
  readonly check_id: number
  readonly name: string
  readonly checker_configs: readonly {
    readonly name: string
    readonly cfg_key: string
    readonly default_value: string
    readonly option_value: string
    readonly is_required: number
    readonly description: string
    /** 0 text, 2 one of the options. */
    readonly type: number
    readonly status: 'on' | 'off'
    readonly value: string
  }[]
}

/** TaskAdvancedSettings. */
export interface AdvancedSetting {
  readonly key: string
  readonly value: string
  readonly option_value: string
  readonly description: string
}

export interface TreeNode {
  readonly file_name: string
  readonly file_path: string
  readonly is_leaf: boolean
  readonly checkbox_status: 'unchecked' | 'all' | 'half'
}

/** BranchTaskInfo and IncTaskInfo: the only ones of this vendor in camel case. */
export interface BranchTask {
  readonly taskId: string
  readonly branchName: string
  readonly isDefault: 'true' | 'false'
  readonly status: string | null
}
export interface IncTask {
  readonly taskId: string
  readonly mergeId: string
  readonly jobType: string
  readonly status: string | null
}
export interface BranchTasks {
  readonly branchTasks: readonly (BranchTask | IncTask)[]
  readonly total: number
}

/** The calls of 2025-12 and later: `httpStatus` is a word of Spring's. */
interface Enveloped<Value> {
  readonly httpStatus: 'OK'
  readonly result: Value
  readonly status: 'success'
}
/** CreateJob. `finishTime`: null, as it has not ended. */
export type JobStarted = Enveloped<{ readonly id: string; readonly taskId: string; readonly finishTime: null }>
/** CreateTaskV3. */
export type TaskCreatedV3 = Enveloped<{ readonly id: string }>
/** getJobsInfo. Times as everywhere, in UTC; null: not yet. */
export interface JobList {
  readonly data: readonly Job[]
  readonly total: number
}
export const JOB_STATUSES = ['quering', 'running', 'success', 'failed', 'aborted'] as const
export interface Job {
  readonly id: string
  readonly taskId: string
  readonly status: (typeof JOB_STATUSES)[number]
  readonly startTime: string | null
  readonly finishTime: string | null
}
/** CancelPortalServiceJob. */
export type Stopped = Enveloped<'取消执行成功'>

/** UpdateIssueStatus, NextStatus: an envelope of their own. */
interface Issues<Value> {
  readonly status: 'success'
  readonly error: null
  readonly result: Value
}
export type IssueStatus = Issues<'修改成功'>
export type NextStatuses = Issues<readonly { readonly id: string; readonly toStatus: readonly string[] }[]>

/** ShowLastJobs. */
export interface LastJobs {
  readonly result: { readonly last_job_id: string | null; readonly last_success_job_id: string | null }
}

export interface ErrorBody {
  readonly error_code: string
  readonly error_msg: string
}
