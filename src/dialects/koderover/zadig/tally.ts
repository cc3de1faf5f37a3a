import type { JsonObject } from '../../../model/json.ts'
import { RUN_STATUSES, type RunStatus } from '../../../model/status.ts'
import type { PipelineView, RunSummary } from '../../../model/view.ts'
import type { Call } from '../route.ts'
import { runWord } from './status.ts'

/** Also those that are held: `failed` is what they are called. */
const FAILED = RUN_STATUSES.filter((status) => runWord[status] === 'failed')

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

const taskInfo = (run: RunSummary): TaskInfo => ({
  task_id: run.number,
  pipeline_name: run.pipelineName,
  status: runWord[run.status],
})
