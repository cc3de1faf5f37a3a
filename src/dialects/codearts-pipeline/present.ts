import type { PipelineDefinition, StageSpec } from '../../model/definition.ts'
import { failureSentence } from '../../model/failure.ts'
import type { Json } from '../../model/json.ts'
import { isEnded } from '../../model/status.ts'
import type { Instant } from '../../model/time.ts'
import type { PipelineView, RunSummary, RunView, StageView, TaskView } from '../../model/view.ts'
import { untilNextSecond } from '../kit/cache.ts'
import { formatPlain } from '../kit/time.ts'
import { SECRET } from './dto.ts'
import { secretNames } from './original.ts'
import { errorCodes, executeTypes, nodeWords, runWords } from './status.ts'
import type {
  BuildResult,
  ExecuteStates,
  PipelineBasicInfo,
  PipelineDetail,
  PipelineParameter,
  PipelineStatus,
  StageState,
  TaskState,
} from './wire.ts'

/** What answers are made with besides the view. */
export interface Frame {
  readonly now: Instant
  readonly baseUrl: string
  /** Of times on this wire, which carry no zone. */
  readonly zoneOffsetMinutes: number
}

export const presentRun = (run: RunView, frame: Frame): PipelineStatus => ({
  executor: run.cause.by,
  ...runWords[run.status],
  pipeline_id: run.pipeline.id,
  pipeline_name: run.pipeline.name,
  build_id: String(run.number),
  // As before the first run: never null, and until it has begun the time it was made.
  start_time: time(run.startedAt ?? run.createdAt, frame),
  end_time: time(run.endedAt, frame),
  elapsed_time: elapsed(run.startedAt, run.endedAt, frame),
  detail_url: runUrl(run, frame),
  parameters: shownParams(
    run.definition,
    run.params.filter(({ system }) => !system),
  ),
  states: presentStages(run, frame),
})

/** Before the first run: the seed's own sample. All that a run would tell is null; the tree is the definition's. */
export const presentNeverRun = (pipeline: PipelineView, frame: Frame): PipelineStatus => ({
  executor: null,
  status: null,
  outcome: null,
  pipeline_id: pipeline.id,
  pipeline_name: pipeline.name,
  build_id: null,
  // The sample has a time although nothing ran; the time of creation is the one there is.
  start_time: time(pipeline.createdAt, frame),
  end_time: null,
  elapsed_time: null,
  detail_url: pipelineUrl(pipeline, frame),
  parameters: shownParams(
    pipeline.definition,
    pipeline.definition.params.map((param) => ({ name: param.name, value: param.default })),
  ),
  states: presentSpecs(pipeline.definition.stages),
})

export function presentDetail(pipeline: PipelineView, run: RunView | null, executorId: string | null, frame: Frame) {
  const { states, ...status } = run === null ? presentNeverRun(pipeline, frame) : presentRun(run, frame)
  return {
    workflow: {
      ...status,
      project_id: pipeline.project.id,
      project_name: pipeline.project.name,
      execute_type: run === null ? null : executeTypes[run.cause.kind],
      executor_id: executorId,
    },
    states,
  } satisfies PipelineDetail
}

/** An element of the batch call. */
export function presentStates(pipeline: PipelineView, run: RunView | null, frame: Frame): ExecuteStates {
  const { status, outcome, executor, build_id, detail_url, start_time, end_time, states } =
    run === null ? presentNeverRun(pipeline, frame) : presentRun(run, frame)
  return {
    result: outcome,
    status,
    stages: states.map((stage, order) => ({
      result: stage.outcome,
      status: stage.status,
      name: stage.id,
      parameters: {},
      order,
      // The step of the vendor's own language that a stage is made by; ours are made by none.
      dsl_method: '',
      display_name: stage.name,
    })),
    executor,
    pipeline_name: pipeline.name,
    pipeline_id: pipeline.id,
    build_id,
    detail_url,
    modify_url: pipelineUrl(pipeline, frame),
    start_time,
    end_time,
  }
}

export const presentListed = (
  pipeline: PipelineView,
  executorId: string | null,
  frame: Pick<Frame, 'zoneOffsetMinutes'>,
): PipelineBasicInfo => ({
  project_id: pipeline.project.id,
  project_name: pipeline.project.name,
  pipeline_id: pipeline.id,
  pipeline_name: pipeline.name,
  creator_id: pipeline.createdBy.id,
  creator_name: pipeline.createdBy.name,
  executor_id: executorId,
  executor_name: pipeline.latestRun?.cause.by ?? null,
  start_time: time(pipeline.lastStartedAt, frame),
  create_time: formatPlain(pipeline.createdAt, frame.zoneOffsetMinutes),
  watched: 'false',
})

export const presentResult = (run: RunSummary, frame: Pick<Frame, 'zoneOffsetMinutes'>): BuildResult => ({
  build_id: String(run.number),
  elapse_time: run.startedAt === null || run.endedAt === null ? null : String(run.endedAt - run.startedAt),
  end_time: time(run.endedAt, frame),
  ...runWords[run.status],
  pipeline_id: run.pipelineId,
  pipeline_name: run.pipelineName,
  start_time: time(run.startedAt, frame),
})

/**
 * How long {@link presentRun}'s answer stays true while nothing happens: until the first of its elapsed times turns.
 * null: it does not change by itself.
 */
export function freshMs(run: RunView, now: Instant): number | null {
  const nodes = run.stages.flatMap((stage) => [stage, ...stage.tasks])
  const turns = [run, ...nodes].map(({ startedAt, endedAt }) => untilNextSecond(startedAt, endedAt, now))
  return turns.reduce((first, turn) => (turn === null || (first !== null && first < turn) ? first : turn), null)
}

function presentStages(run: RunView, frame: Frame): readonly StageState[] {
  let tasks = 0
  return run.stages.map((stage, index): StageState => {
    const children = stage.tasks.map((task) => {
      tasks += 1
      return presentTask(task, tasks, run, frame)
    })
    return {
      id: stageName(index),
      name: stage.name,
      type: 'stage',
      ...nodeWords[stage.status],
      children,
      ...times(stage, frame),
    }
  })
}

function presentTask(task: TaskView, place: number, run: RunView, frame: Frame): TaskState {
  // The failure of a try before the present one is over and done with.
  const failure = isEnded(task.status) ? task.failure : null
  return {
    id: taskName(place),
    name: task.name,
    type: 'task',
    ...nodeWords[task.status],
    ...times(task, frame),
    error_code: failure === null ? null : errorCodes[failure.kind],
    error_msg: failure === null ? null : failureSentence(failure),
    detail_url: task.startedAt === null ? null : `${runUrl(run, frame)}?node=${task.id}`,
  }
}

const UNREACHED = { start_time: null, end_time: null, elapsed_time: null } as const

function presentSpecs(stages: readonly StageSpec[]): readonly StageState[] {
  let tasks = 0
  return stages.map((stage, index): StageState => {
    const children = stage.tasks.map((task): TaskState => {
      tasks += 1
      return {
        id: taskName(tasks),
        name: task.name,
        type: 'task',
        ...nodeWords.pending,
        ...UNREACHED,
        error_code: null,
        error_msg: null,
        detail_url: null,
      }
    })
    return { id: stageName(index), name: stage.name, type: 'stage', ...nodeWords.pending, children, ...UNREACHED }
  })
}

/** `state_1`, `Task_1`: counted through the pipeline, as the vendor's templates do. */
const stageName = (index: number): string => `state_${index + 1}`
const taskName = (place: number): string => `Task_${place}`

const times = (node: StageView | TaskView, frame: Frame) => ({
  start_time: time(node.startedAt, frame),
  end_time: time(node.endedAt, frame),
  elapsed_time: elapsed(node.startedAt, node.endedAt, frame),
})

const time = (at: Instant | null, { zoneOffsetMinutes }: Pick<Frame, 'zoneOffsetMinutes'>): string | null =>
  at === null ? null : formatPlain(at, zoneOffsetMinutes)

/** Whole seconds from the start to the end, or to now. */
const elapsed = (startedAt: Instant | null, endedAt: Instant | null, { now }: Frame): string | null =>
  startedAt === null ? null : String(Math.max(0, Math.floor(((endedAt ?? now) - startedAt) / 1_000)))

function shownParams(
  definition: PipelineDefinition,
  params: readonly { readonly name: string; readonly value: Json }[],
): readonly PipelineParameter[] {
  const secrets = secretNames(definition)
  return params.map(({ name, value }) => ({ name, value: secrets.has(name) ? SECRET : text(value) }))
}

const text = (value: Json): string => (typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value))

export const runUrl = (run: Pick<RunView, 'id'>, { baseUrl }: Frame): string => `${baseUrl}/runs/${run.id}`
export const pipelineUrl = (pipeline: Pick<PipelineView, 'id'>, { baseUrl }: Frame): string =>
  `${baseUrl}/pipelines/${pipeline.id}`
