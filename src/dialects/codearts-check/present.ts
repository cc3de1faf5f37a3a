import type { PipelineDefinition } from '../../model/definition.ts'
import { isEnded } from '../../model/status.ts'
import type { PipelineView, RunSummary, RunView } from '../../model/view.ts'
import { formatPlain } from '../kit/time.ts'
import { withoutLogin } from './repository.ts'
import { jobWord, nodeWord, runWord } from './status.ts'
import type { Job, Progress, Task } from './wire.ts'

/** "UTC格式" (seed 003), although the form carries no zone. */
const UTC = 0

/**
 * Every pipeline of a project is one of its check tasks.
 * @param incremental those of its changes: "任务下所有分支任务、增量任务的最近检查时间".
 */
export const presentTask = (pipeline: PipelineView, incremental: readonly PipelineView[] = []): Task => ({
  task_id: pipeline.id,
  task_name: pipeline.name,
  creator_id: pipeline.createdBy.id,
  ...repositoryOf(pipeline.definition),
  created_at: formatPlain(pipeline.createdAt, UTC),
  // The seed names no value for a task that was never checked. null keeps the key in its place and is read as "none"
  // by all three SDKs; a time would be a lie.
  last_check_time: latestOf([pipeline, ...incremental]),
})

function latestOf(tasks: readonly PipelineView[]): string | null {
  const times = tasks.flatMap(({ lastStartedAt }) => lastStartedAt ?? [])
  return times.length === 0 ? null : formatPlain(Math.max(...times), UTC)
}

/** `run`: the newest one, null before the first. What has failed or was stopped shows no progress ("为null"). */
export function presentProgress(run: RunView | null): Progress {
  const status = run === null ? null : runWord[run.status]
  if (run === null || status === 1 || status === 3) {
    return { task_status: status, progress: { ratio: null, info: null } }
  }
  return {
    task_status: status,
    progress: { ratio: `${percentDone(run)}%`, info: status === 0 ? 'running' : 'success' },
  }
}

/** One execution, among those of its task. */
export const presentJob = (run: RunSummary): Job => ({
  id: run.id,
  taskId: run.pipelineId,
  status: jobWord[run.status],
  startTime: run.startedAt === null ? null : formatPlain(run.startedAt, UTC),
  finishTime: run.endedAt === null ? null : formatPlain(run.endedAt, UTC),
})

/** Of its tasks, those that are over; 100 for what succeeded, and for nothing else. */
function percentDone(run: RunView): number {
  if (run.status === 'succeeded') return 100
  const tasks = run.stages.flatMap((stage) => stage.tasks)
  const done = tasks.filter(({ status }) => isEnded(status) && nodeWord[status] === 2).length
  return tasks.length === 0 ? 0 : Math.min(99, Math.floor((done / tasks.length) * 100))
}

/** Says where the code is that a pipeline checks, when no task of it fetches any. */
const URL_ANNOTATION = 'codearts-check/git_url'
const BRANCH_ANNOTATION = 'codearts-check/git_branch'

/** Of the first task that fetches a repository; else what the pipeline's annotations say; else nothing. */
function repositoryOf(definition: PipelineDefinition): Pick<Task, 'git_url' | 'git_branch'> {
  for (const { tasks } of definition.stages) {
    for (const { work } of tasks) {
      if (work.kind !== 'runner' || work.uses !== 'git') continue
      const { url, ref } = work.with
      return {
        git_url: typeof url === 'string' ? withoutLogin(withDefaults(url, definition)) : '',
        // Without a ref it is the branch that the repository itself names: nothing we know.
        git_branch:
          typeof ref === 'string' ? withDefaults(ref, definition) : (definition.annotations[BRANCH_ANNOTATION] ?? ''),
      }
    }
  }
  return {
    git_url: definition.annotations[URL_ANNOTATION] ?? '',
    git_branch: definition.annotations[BRANCH_ANNOTATION] ?? '',
  }
}

/** "任务的默认分支": a value that a param gives is shown as that param's default; other `${{ ... }}` stay as written. */
const withDefaults = (text: string, { params }: PipelineDefinition): string =>
  text.replace(/\$\{\{\s*params\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}/g, (written, name: string) => {
    const value = params.find((param) => param.name === name)?.default ?? null
    return value === null || typeof value === 'object' ? written : String(value)
  })
