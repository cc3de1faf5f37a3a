import type { PipelineDefinition, Triggers } from '../../model/definition.ts'
import type { Json } from '../../model/json.ts'
import type {
  PipelineView,
  ProjectView,
  ReviewView,
  RunView,
  StageView,
  TaskView,
  TriggersView,
} from '../../model/view.ts'
import { annotatedObject, annotation } from './annotations.ts'
import { postOperation } from './logins.ts'
import { isSystemParam } from './pipeline-body.ts'
import { presentStage, stageAt, visibleStages } from './stage.ts'
import { placeForClients, placesInRun } from './stage-places.ts'
import { currentStageIndex, runWord, stageWord } from './status.ts'
import { systemTimestamp, UNSET_TIME, wireTime } from './time.ts'
import type {
  Param,
  Pipeline,
  PipelineDocument,
  PipelineGroup,
  PipelineListItem,
  PipelineStatus,
  PreOperation,
  PreOperationStatus,
  ReviewResult,
  StageStatus,
  Trigger,
  TriggerStatus,
} from './wire.ts'
import { webhookUrl } from './webhook-url.ts'

/** What a pipeline is: what its clients sent, and what the server made of it. */
export function presentDocument(pipeline: PipelineView, baseUrl: string): PipelineDocument {
  const { definition } = pipeline
  const preOperation = presentPreOperation(definition.triggers, pipeline, baseUrl)
  const told = postOperation(definition)
  const source = annotation(definition, 'swr/source')
  return {
    id: pipeline.serial,
    group_id: pipeline.project.serial,
    group_name: pipeline.project.name,
    name: pipeline.name,
    description: definition.description,
    ...(preOperation === undefined ? {} : { pre_operation: preOperation }),
    ...(told === undefined ? {} : { post_operation: told }),
    params: ownParams(pipeline, new Map()),
    stages: visibleStages(definition).map(({ spec }, place) => {
      const own = presentPreOperation(spec.triggers ?? null, pipeline, baseUrl, `${spec.key}/`)
      return { ...presentStage(spec, place, pipeline.serial), ...(own === undefined ? {} : { pre_operation: own }) }
    }),
    ...(typeof source === 'string' ? { source } : {}),
  }
}

/** A pipeline and where its newest run stands. `run`: that run, null before the first. */
export const presentPipeline = (pipeline: PipelineView, run: RunView | null, baseUrl: string): Pipeline => ({
  ...presentDocument(pipeline, baseUrl),
  params: presentParams(pipeline, run),
  status: presentStatus(pipeline, run),
})

export function presentListItem(pipeline: PipelineView, run: RunView | null): PipelineListItem {
  const { status, stage_index, start_time, end_time, created_time, updated_time } = presentStatus(pipeline, run)
  return {
    id: pipeline.serial,
    group_id: pipeline.project.serial,
    group_name: pipeline.project.name,
    name: pipeline.name,
    description: pipeline.definition.description,
    status: { status, stage_index, start_time, end_time, stages: null, created_time, updated_time },
  }
}

export const presentGroup = (project: ProjectView, pipelineCount: number): PipelineGroup => ({
  id: project.serial,
  group: project.name,
  description: project.description,
  pipeline_count: pipelineCount,
})

/** Schedules, and runs of other pipelines, start runs here without a word of the vendor's: they are not shown. */
function presentPreOperation(
  triggers: Triggers | null,
  pipeline: PipelineView,
  baseUrl: string,
  // What the names of a stage's webhooks begin with.
  prefix = '',
): PreOperation | undefined {
  const vendorName = paramNames(pipeline.definition)
  const list = (triggers?.list ?? []).flatMap((trigger): Trigger[] => {
    const converts = Object.entries(trigger.params).map(([name, param]) => ({
      name,
      pipeline_param_name: vendorName(param),
    }))
    const more = converts.length === 0 ? {} : { pipeline_param_converts: converts }
    if (trigger.kind === 'channel') return [{ channel: { name: trigger.channel }, ...more }]
    if (trigger.kind !== 'webhook') return []
    const id = pipeline.webhooks.find(({ name }) => name === `${prefix}${trigger.name}`)?.id ?? ''
    return [{ webhook: { url: webhookUrl(baseUrl, id) }, ...more }]
  })
  return triggers === null || list.length === 0 ? undefined : { operator: triggers.operator, triggers: list }
}

/** A param of a name that no environment variable can have is called otherwise with us. */
function paramNames(definition: PipelineDefinition): (name: string) => string {
  const names = annotatedObject(definition, 'swr/param_names') ?? {}
  return (name) => {
    const given = Object.hasOwn(names, name) ? names[name] : undefined
    return typeof given === 'string' ? given : name
  }
}

function ownParams({ definition }: PipelineView, given: ReadonlyMap<string, string>): readonly Param[] {
  const vendorName = paramNames(definition)
  return definition.params
    .filter(({ name }) => !isSystemParam(name))
    .map(({ name, description, default: fallback }) => ({
      name: vendorName(name),
      description,
      value: given.get(name) ?? paramText(fallback),
    }))
}

/** The two that the server gives stand around the pipeline's own, as in the seed. */
function presentParams(pipeline: PipelineView, run: RunView | null): readonly Param[] {
  const values = new Map(run?.params.map((param) => [param.name, paramText(param.value)]))
  const isEdited = run !== null && run.pipeline.version !== pipeline.version
  const timestamp = values.get('SYS_TIMESTAMP') ?? systemTimestamp(run?.createdAt ?? pipeline.createdAt)
  const increment = values.get('SYS_INCREMENT') ?? String(run?.number ?? 0)
  return [
    { name: 'SYS_TIMESTAMP', description: '流水线时间戳', value: timestamp },
    // What an edit has set counts until it has run: who reads and writes back would undo it.
    ...ownParams(pipeline, isEdited ? new Map() : values),
    { name: 'SYS_INCREMENT', description: '流水线自增量', value: increment },
  ]
}

/** A text of the vendor's with what the run's params were: `web:v1.${SYS_INCREMENT}`. Other names stay. */
export function filledBy(run: RunView): (text: string) => string {
  const vendorName = paramNames(run.definition)
  const values = new Map(run.params.map(({ name, value }) => [vendorName(name), paramText(value)]))
  return (text) => text.replace(/\$\{([^${}]{1,64})\}/g, (whole, name: string) => values.get(name) ?? whole)
}

function paramText(value: Json): string {
  if (value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function presentStatus(pipeline: PipelineView, run: RunView | null): PipelineStatus {
  const places = run === null ? [] : placesInRun(pipeline, run)
  return {
    status: run === null ? 'waiting' : runWord(run),
    stage_index: run === null ? 0 : placeForClients(places, currentStageIndex(run)),
    start_time: wireTime(run?.startedAt ?? null),
    end_time: wireTime(run?.endedAt ?? null),
    pre_operation: presentTriggersStatus(pipeline.definition, run),
    stages:
      run === null || nothingRan(run)
        ? [STAGE_BEFORE_ANYTHING]
        : places.map((place) => presentStageStatus(place === undefined ? undefined : stageAt(run, place))),
    created_time: wireTime(pipeline.createdAt),
    updated_time: wireTime(Math.max(pipeline.updatedAt, run?.updatedAt ?? 0)),
  }
}

const nothingRan = (run: RunView): boolean => run.status === 'waiting' && run.startedAt === null

const NO_TRIGGERS = { triggers_status: [] } as const

/** While nothing ran the vendor gives one entry, whatever the number of stages (seed). */
const STAGE_BEFORE_ANYTHING: StageStatus = {
  status: 'waiting',
  pre_operation: NO_TRIGGERS,
  start_time: UNSET_TIME,
  end_time: UNSET_TIME,
}

function presentTriggersStatus(definition: PipelineDefinition, run: RunView | null): PreOperationStatus {
  const triggers = run?.triggers?.list ?? definition.triggers?.list.map((spec) => ({ ...spec, ...NOT_FIRED })) ?? []
  const awaited = triggersStatus(triggers)
  return awaited.length === 0 ? {} : { triggers_status: awaited }
}

const triggersStatus = (triggers: TriggersView['list']): readonly TriggerStatus[] =>
  triggers.flatMap(({ kind, firedAt, params }): TriggerStatus[] => {
    const called = { is_satisfied: firedAt !== null }
    if (kind === 'channel') return [{ ...called, channel: { input_params: params } }]
    return kind === 'webhook' ? [{ ...called, webhook: { input_params: params } }] : []
  })

const NOT_FIRED = { firedAt: null, params: {} } as const

/** undefined: the run has no such stage. */
function presentStageStatus(stage: StageView | undefined): StageStatus {
  if (stage === undefined) return STAGE_BEFORE_ANYTHING
  const reviews = stage.tasks.filter(isOpenedReview)
  return {
    status: stageWord(stage),
    pre_operation: { triggers_status: triggersStatus(stage.triggers?.list ?? []) },
    start_time: wireTime(stage.startedAt),
    end_time: wireTime(stage.endedAt),
    ...(reviews.length === 0
      ? {}
      : { state: { review_results: reviews.flatMap(({ review }) => reviewResults(review)) } }),
  }
}

const isOpenedReview = (task: TaskView): task is TaskView & { readonly review: ReviewView } =>
  task.review !== null && task.status !== 'pending' && task.status !== 'skipped'

/** Reviewers in their order, then those who decided without being named. */
function reviewResults(review: ReviewView): readonly ReviewResult[] {
  const decided = new Map(
    review.decisions.map(({ by, decision }) => [by, decision === 'approve' ? 'pass' : 'refuse'] as const),
  )
  const names = new Set([...review.reviewers, ...decided.keys()])
  return [...names].map((name) => ({ user_name: name, result: decided.get(name) ?? 'waiting' }))
}
