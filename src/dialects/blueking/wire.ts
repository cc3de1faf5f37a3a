/**
 * What goes over the wire, spelled as there. Source: `docs/apidoc/en/get_task_status.md` of bk-sops 3.1.32
 * (January 2019) and, for what that text leaves open, its views of the same version.
 */

/** The words of the seed's table, and NODE_SUSPENDED: a node in it is paused. */
export type State = 'CREATED' | 'READY' | 'RUNNING' | 'SUSPENDED' | 'NODE_SUSPENDED' | 'FAILED' | 'REVOKED' | 'FINISHED'

/** `get_task_status` of a task, and of each node below it. */
export interface StatusTree {
  readonly retry: number
  /** Python class of the element, as versions 3.1 to 3.3.9 show it. */
  readonly name: ClassName
  /** `YYYY-MM-DD HH:MM:SS +ZZZZ`; empty: not yet. */
  readonly finish_time: string
  readonly skip: boolean
  readonly start_time: string
  /** By id; only what has been entered. */
  readonly children: Readonly<Record<string, StatusTree>>
  readonly state: State
  /** 32 hex, another one for every execution; empty at the root. */
  readonly version: string
  readonly id: string
  /** From 1: how often the flow has come to this node. */
  readonly loop: number
  /** Only when asked for with `with_ex_data`, only at a FAILED root: why, by node id. */
  readonly ex_data?: Readonly<Record<string, string>>
  /** Whole seconds, as in {@link LaterStatus}; the seed's document has none of these three, later operations have them. */
  readonly elapsed_time?: number
  readonly error_ignorable?: boolean
  readonly error_ignored?: boolean
}

export type Status = StatusTree | LaterStatus

/** `get_task_status` of a task that nobody has started: these keys and no others, `skip` a number. */
export interface CreatedStatus {
  readonly start_time: null
  readonly state: 'CREATED'
  readonly retry: 0
  readonly skip: 0
  readonly finish_time: null
  readonly elapsed_time: 0
  readonly children: Readonly<Record<string, never>>
  /** Engine 2 only. */
  readonly name?: string
}

/** `get_task_status` as bk-sops V3.6.46 and later write it, with engine 2. Source: its `taskflow3/utils.py`. */
export interface LaterStatus {
  readonly id: string
  readonly state: State
  /** The colon is theirs. */
  readonly 'root_id:': string
  /** At the root: its own id. */
  readonly parent_id: string
  /** `v` and 32 hex. */
  readonly version: string
  readonly loop: number
  readonly retry: number
  readonly skip: boolean
  readonly error_ignorable: boolean
  readonly error_ignored: boolean
  readonly children: Readonly<Record<string, LaterStatus>>
  /** Whole seconds, rounded; up to now while it runs. */
  readonly elapsed_time: number
  /** As in {@link StatusTree}, but null: not yet. */
  readonly start_time: string | null
  readonly finish_time: string | null
  /** Of the task, of an activity; empty for events and gateways. */
  readonly name: string
}

export const CLASS_NAMES = {
  pipeline: "<class 'pipeline.core.pipeline.Pipeline'>",
  startEvent: "<class 'pipeline.core.flow.event.EmptyStartEvent'>",
  endEvent: "<class 'pipeline.core.flow.event.EmptyEndEvent'>",
  activity: "<class 'pipeline.core.flow.activity.ServiceActivity'>",
  subProcess: "<class 'pipeline.core.flow.activity.SubProcess'>",
  exclusive: "<class 'pipeline.core.flow.gateway.ExclusiveGateway'>",
  parallel: "<class 'pipeline.core.flow.gateway.ParallelGateway'>",
  conditional: "<class 'pipeline.core.flow.gateway.ConditionalParallelGateway'>",
  converge: "<class 'pipeline.core.flow.gateway.ConvergeGateway'>",
} as const
export type ClassKey = keyof typeof CLASS_NAMES
export type ClassName = (typeof CLASS_NAMES)[ClassKey]

/** One row of `get_tasks_status`. */
export interface TaskStatusRow {
  readonly id: number
  readonly name: string
  readonly status: Omit<Status, 'children'> | Omit<CreatedStatus, 'children'> | Status | CreatedStatus
  readonly flow_type: 'common' | 'common_func'
  readonly current_flow: 'func_claim' | 'execute_task' | 'finished'
  readonly is_deleted: false
  readonly create_time: string
  readonly start_time: string
  readonly finish_time: string
  readonly url: string
}

export type TaskMethod = 'api' | 'periodic' | 'clocked'

/** One row of `get_task_list`. Unlike everywhere else its times are `2020-03-18T09:22:05.123Z`, null when unset. */
export interface TaskRow {
  readonly id: number
  readonly name: string
  /** By its name, unlike elsewhere. */
  readonly category: string
  readonly create_method: TaskMethod
  readonly creator: string
  readonly executor: string
  readonly create_time: string
  readonly start_time: string | null
  readonly finish_time: string | null
  readonly is_started: boolean
  readonly is_finished: boolean
  readonly template_source: 'project' | 'onetime'
  /** A string, unlike every other id here. */
  readonly template_id: string
  readonly is_child_taskflow: boolean
  readonly project_id: number
  readonly project_name: string
  readonly bk_biz_id: number
  readonly bk_biz_name: string
  readonly auth_actions: readonly string[]
}

/** One row of `get_template_list`. */
export interface TemplateRow {
  readonly id: number
  readonly name: string
  readonly category: string
  readonly description: string
  readonly project_id: number
  readonly project_name: string
  /** 3.1.32 copies it from the path as a string; typed clients of all later versions read a number. */
  readonly bk_biz_id: number
  readonly bk_biz_name: string
  readonly creator: string
  readonly create_time: string
  readonly editor: string | null
  readonly edit_time: string
  readonly auth_actions: readonly string[]
}

/** An answer of bk-sops itself: HTTP 200 either way. Clients look at `result` and nothing else. */
export type Envelope = Success | Failure
export interface Success {
  readonly result: true
  readonly data?: unknown
  readonly code?: 0
  /** `start_task` repeats its data here. */
  readonly message?: unknown
  /** `get_task_list` only: rows in all. */
  readonly count?: number
  /** `get_task_node_log` only. */
  readonly page?: unknown
}
export interface Failure {
  readonly result: false
  /** Always there: old clients index it without a look. */
  readonly message: string
  readonly code?: number
  readonly data?: unknown
}
