import type { JsonObject } from '../../../model/json.ts'
import type { PipelineView } from '../../../model/view.ts'
import { json } from '../errors.ts'
import { factOf, runFacts } from '../facts.ts'
import { textOf } from '../fields.ts'
import type { Call } from '../route.ts'
import { allPipelines } from '../v1-pipelines.ts'
import { zadigFace as face } from './face.ts'
import { favouriteTest } from './favourites.ts'
import { withoutSecrets } from './secrets.ts'
import { subTasksOf } from './pipeline.ts'
import { MAX_MAX, runsFrom } from './request.ts'
import { runWord } from './status.ts'
import { seconds } from './sub-tasks.ts'
import { tallyOf } from './tally.ts'
import { isWorkflow } from './workflow.ts'

/** `PipelinePreview` of every single pipeline, in order of their names. */
export async function preview(call: Call): Promise<Response> {
  const pipelines = await allPipelines(call)
  if (!pipelines.ok) return face.problem('listPipelines', pipelines.problem)
  const isFavourite = await favouriteTest(call)
  const shown: JsonObject[] = []
  for (const pipeline of pipelines.value)
    if (!isWorkflow(pipeline.definition)) shown.push(await previewOf(call, pipeline, isFavourite(pipeline)))
  return json(
    200,
    shown.toSorted((a, b) => (textOf(a, 'name') < textOf(b, 'name') ? -1 : 1)),
  )
}

async function previewOf(call: Call, pipeline: PipelineView, is_favorite: boolean): Promise<JsonObject> {
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
    is_favorite,
    ...(await tallyOf(call, pipeline)),
  }
}

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
