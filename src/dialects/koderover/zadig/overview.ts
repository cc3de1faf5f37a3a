import type { JsonObject } from '../../../model/json.ts'
import { END_STATUSES, type RunStatus } from '../../../model/status.ts'
import type { PipelineView, RunSummary } from '../../../model/view.ts'
import { json } from '../errors.ts'
import { factOf, runFacts } from '../facts.ts'
import { textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { allPipelines } from '../v1-pipelines.ts'
import { zadigFace as face } from './face.ts'
import { withoutSecrets } from './secrets.ts'
import { subTasksOf } from './pipeline.ts'
import { MAX_MAX, runsFrom } from './request.ts'
import { runWord } from './status.ts'
import { seconds } from './sub-tasks.ts'
import { isWorkflow } from './workflow.ts'

const FAILED = END_STATUSES.filter((status) => runWord[status] === 'failed')

/** `PipelinePreview` of every single pipeline, in order of their names. */
export async function preview(call: Call): Promise<Response> {
  const pipelines = await allPipelines(call)
  if (!pipelines.ok) return face.problem('listPipelines', pipelines.problem)
  const shown: JsonObject[] = []
  for (const pipeline of pipelines.value)
    if (!isWorkflow(pipeline.definition)) shown.push(await previewOf(call, pipeline))
  return json(
    200,
    shown.toSorted((a, b) => (textOf(a, 'name') < textOf(b, 'name') ? -1 : 1)),
  )
}

export interface TaskInfo extends JsonObject {
  readonly task_id: number
  readonly pipeline_name: string
  readonly status: string
}
export interface Tally extends JsonObject {
  readonly lastest_task: TaskInfo | null
  readonly last_task_success: TaskInfo | null
  readonly last_task_failure: TaskInfo | null
  readonly total_num: number
  readonly total_success: number
}

/** The last tasks of a pipeline, and how many of them there are: a list shows them beside it. */
export async function tallyOf(call: Call, pipeline: PipelineView): Promise<Tally> {
  const filter = { pipeline: { id: pipeline.id } }
  const newest = async (statuses: readonly RunStatus[]): Promise<TaskInfo | null> => {
    const runs = await call.app.runs.list(call.caller, { ...filter, statuses }, { before: null, limit: 1 })
    const [run] = runs.ok ? runs.value.items : []
    return run === undefined ? null : taskInfo(run)
  }
  const count = async (statuses: readonly RunStatus[]): Promise<number> => {
    const total = await call.app.runs.count(call.caller, { ...filter, statuses })
    return total.ok ? total.value : 0
  }
  const { latestRun } = pipeline
  const passed = await count(['succeeded'])
  return {
    lastest_task: latestRun === null ? null : taskInfo(latestRun),
    last_task_success: latestRun === null ? null : await newest(['succeeded']),
    last_task_failure: latestRun === null ? null : await newest(FAILED),
    total_duration: 0,
    total_num: passed + (await count(FAILED)),
    total_success: passed,
  }
}

async function previewOf(call: Call, pipeline: PipelineView): Promise<JsonObject> {
  const subTasks = subTasksOf(pipeline, 'zadig')
    .map(withoutSecrets)
    .map((subTask) =>
      Object.fromEntries(
        ['type', 'enabled', 'service_name', 'product_name'].flatMap((name) =>
          subTask[name] === undefined ? [] : [[name, subTask[name]]],
        ),
      ),
    )
  return {
    product_name: pipeline.project.name,
    name: pipeline.name,
    team_name: '',
    sub_tasks: subTasks,
    types: subTasks.filter(({ enabled }) => enabled === true).map((subTask) => textOf(subTask, 'type')),
    update_by: pipeline.createdBy.name,
    update_time: seconds(pipeline.updatedAt),
    is_favorite: false,
    ...(await tallyOf(call, pipeline)),
  }
}

const taskInfo = (run: RunSummary): TaskInfo => ({
  task_id: run.number,
  pipeline_name: run.pipelineName,
  status: runWord[run.status],
})

const DAY_MS = 24 * 3_600_000

/** Tasks of the last day that worked on this commit, or on one that begins so. */
export async function byCommit(call: Call): Promise<Response> {
  const commit = call.query('commitId')
  const runs = await runsFrom(call, { createdFrom: call.app.now() - DAY_MS }, 0, MAX_MAX)
  if (!runs.ok) return face.problem('listPipelines', runs.problem)
  const found = runs.value.filter((run) => (factOf(runFacts(run), 'commit_id') ?? '').startsWith(commit))
  return json(
    200,
    found.map((run) => ({
      task_id: run.number,
      status: runWord[run.status],
      create_time: seconds(run.createdAt),
      start_time: seconds(run.startedAt ?? run.createdAt),
      end_time: seconds(run.endedAt ?? run.startedAt ?? run.createdAt),
      // The page that shows it, as theirs is.
      url: `${call.options.baseUrl}/runs/${run.id}`,
    })),
  )
}
