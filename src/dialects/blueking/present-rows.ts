import type { RunStatus } from '../../model/status.ts'
import type { Instant } from '../../model/time.ts'
import type { PipelineView, ProjectView, RunSummary, RunView } from '../../model/view.ts'
import type { Call } from './call.ts'
import { presentStatus } from './present.ts'
import { runState } from './status.ts'
import type { TaskRow, TaskStatusRow, TemplateRow } from './wire.ts'

/** Our runs have no name of their own. */
const taskName = (run: { readonly number: number }, pipelineName: string): string => `${pipelineName} #${run.number}`

const isFinished = (status: RunStatus): boolean => runState[status] === 'FINISHED'
const isClosed = (status: RunStatus): boolean => isFinished(status) || runState[status] === 'REVOKED'

export function presentTaskStatus(run: RunView, call: Call, withChildren: boolean): TaskStatusRow {
  const full = presentStatus(run, call.time)
  const { children: _children, ...bare } = full
  return {
    id: run.serial,
    name: taskName(run, run.pipeline.name),
    status: withChildren ? full : bare,
    flow_type: 'common',
    current_flow: isClosed(run.status) ? 'finished' : 'execute_task',
    is_deleted: false,
    create_time: call.time(run.createdAt),
    start_time: call.time(run.startedAt),
    finish_time: call.time(run.endedAt),
    url: `${call.baseUrl}/runs/${run.id}`,
  }
}

export function presentTask(run: RunSummary, project: ProjectView, templateSerial: number | null): TaskRow {
  return {
    id: run.serial,
    name: taskName(run, run.pipelineName),
    category: 'Default',
    create_method: 'api',
    creator: run.cause.by,
    executor: run.startedAt === null ? '' : run.cause.by,
    create_time: isoTime(run.createdAt),
    start_time: run.startedAt === null ? null : isoTime(run.startedAt),
    finish_time: run.endedAt === null ? null : isoTime(run.endedAt),
    is_started: run.startedAt !== null,
    is_finished: isFinished(run.status),
    template_source: 'project',
    template_id: templateSerial === null ? '' : String(templateSerial),
    project_id: project.serial,
    project_name: project.name,
    bk_biz_id: project.serial,
    bk_biz_name: project.name,
    auth_actions: [],
  }
}

const isoTime = (at: Instant): string => new Date(at).toISOString()

export function presentTemplate(pipeline: PipelineView, call: Call): TemplateRow {
  return {
    id: pipeline.serial,
    name: pipeline.name,
    category: 'Default',
    bk_biz_id: String(pipeline.project.serial),
    bk_biz_name: pipeline.project.name,
    creator: pipeline.createdBy.name,
    create_time: call.time(pipeline.createdAt),
    editor: null,
    edit_time: call.time(pipeline.updatedAt),
  }
}
