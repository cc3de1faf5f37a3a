import type { RunStatus } from '../../model/status.ts'
import type { Instant } from '../../model/time.ts'
import type { Cause } from '../../model/event.ts'
import type { PipelineView, ProjectView, RunSummary, RunView } from '../../model/view.ts'
import { styleOf, type Call } from './call.ts'
import { categoryName, categoryOf, DEFAULT_CATEGORY } from './category.ts'
import { CLOCKED_ANNOTATION } from './clocked.ts'
import { claimOf, isFunctional } from './functional.ts'
import { TEMPLATE_ANNOTATION } from './task-tree.ts'
import { presentTimed } from './present.ts'
import { templateName } from './templates.ts'
import { taskName } from './task-name.ts'
import { runState } from './status.ts'
import type { TaskMethod, TaskRow, TaskStatusRow, TemplateRow } from './wire.ts'

const isFinished = (status: RunStatus): boolean => runState[status] === 'FINISHED'
const isClosed = (status: RunStatus): boolean => isFinished(status) || runState[status] === 'REVOKED'

export async function presentTaskStatus(run: RunView, call: Call, withChildren: boolean): Promise<TaskStatusRow> {
  const unclaimed = isFunctional(run) && run.startedAt === null && (await claimOf(call, run)) === undefined
  const full = presentTimed(run, styleOf(call))
  const { children: _children, ...bare } = full
  return {
    id: run.serial,
    name: taskName(run, call),
    status: withChildren ? full : bare,
    flow_type: isFunctional(run) ? 'common_func' : 'common',
    current_flow: isClosed(run.status) ? 'finished' : unclaimed ? 'func_claim' : 'execute_task',
    is_deleted: false,
    create_time: call.time(run.createdAt),
    start_time: call.time(run.startedAt),
    finish_time: call.time(run.endedAt),
    url: `${call.baseUrl}/runs/${run.id}`,
  }
}

/** @param zoned times are written as everywhere else, in the zone that the client expects. */
export function presentTask(
  run: RunSummary | RunView,
  project: ProjectView,
  pipeline: Pick<PipelineView, 'definition' | 'serial'> | null,
  call: Call,
  zoned: boolean,
): TaskRow {
  const time = (at: Instant | null): string | null =>
    zoned ? call.time(at) : at === null ? null : new Date(at).toISOString()
  return {
    id: run.serial,
    name: taskName(run, call),
    category: categoryName(pipeline === null ? DEFAULT_CATEGORY : categoryOf(pipeline)),
    create_method: methodOf(run.cause, pipeline?.definition),
    creator: run.cause.by,
    executor: executorOf(run),
    create_time: time(run.createdAt) ?? '',
    start_time: time(run.startedAt),
    finish_time: time(run.endedAt),
    is_started: run.startedAt !== null,
    is_finished: isFinished(run.status),
    template_source: run.annotations[TEMPLATE_ANNOTATION] === '' ? 'onetime' : 'project',
    template_id: pipeline === null ? '' : templateIdOf(run.annotations, pipeline),
    is_child_taskflow: false,
    project_id: project.serial,
    project_name: project.name,
    bk_biz_id: project.serial,
    bk_biz_name: project.name,
    auth_actions: call.caller.role === 'viewer' ? TASK_VIEWED : TASK_OPERATED,
  }
}

export function presentTemplate(pipeline: PipelineView, call: Call): TemplateRow {
  return {
    id: pipeline.serial,
    name: templateName(pipeline),
    category: categoryOf(pipeline),
    description: pipeline.definition.description,
    project_id: pipeline.project.serial,
    project_name: pipeline.project.name,
    bk_biz_id: pipeline.project.serial,
    bk_biz_name: pipeline.project.name,
    creator: pipeline.createdBy.name,
    create_time: call.time(pipeline.createdAt),
    editor: null,
    edit_time: call.time(pipeline.updatedAt),
    auth_actions: FLOW_ACTIONS[call.caller.role],
  }
}

/** What their permission system calls what a caller may do here. */
const TASK_VIEWED = ['task_view']
const TASK_OPERATED = ['task_view', 'task_edit', 'task_operate', 'task_claim']
const FLOW_USED = ['flow_view', 'flow_create_task', 'flow_create_clocked_task']
const FLOW_ACTIONS = {
  viewer: ['flow_view'],
  operator: FLOW_USED,
  admin: [...FLOW_USED, 'flow_edit', 'flow_create_periodic_task'],
} as const

/** Of the template that stands behind a task: what its run says, else its pipeline; empty: there is none. */
export const templateIdOf = (
  run: Readonly<Record<string, string>>,
  pipeline: Pick<PipelineView, 'definition' | 'serial'>,
): string => run[TEMPLATE_ANNOTATION] ?? pipeline.definition.annotations[TEMPLATE_ANNOTATION] ?? String(pipeline.serial)

/** A schedule's runs are what bk-sops calls periodic, or clocked; whatever else started one is a program here. */
export function methodOf({ kind }: Pick<Cause, 'kind'>, definition?: PipelineView['definition']): TaskMethod {
  if (kind !== 'schedule') return 'api'
  return definition?.annotations[CLOCKED_ANNOTATION] === undefined ? 'periodic' : 'clocked'
}

export const executorOf = (run: Pick<RunSummary, 'startedAt' | 'cause'>): string =>
  run.startedAt === null ? '' : run.cause.by
