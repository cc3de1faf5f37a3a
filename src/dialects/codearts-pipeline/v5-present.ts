import type { Change, ChangeAction, ChangeKind } from '../../model/change.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import { failureSentence } from '../../model/failure.ts'
import { isEnded } from '../../model/status.ts'
import type { PipelineView, RunView, StageView, TaskView } from '../../model/view.ts'
import { accountId, derivedId } from '../kit/derived-id.ts'
import { formatPlain } from '../kit/time.ts'
import { mapTexts, masked } from '../kit/credentials.ts'
import { SECRET, sequenceOf } from './dto.ts'
import { AT, groupNames, originalOf, secretNames, type Original } from './original.ts'
import { pipelineUrl, runUrl, type Frame } from './present.ts'
import { isTrue } from './read.ts'
import { namedSourcesOf, REFS, unpackedRefs } from './sources.ts'
import { inputsOf, type JobDoc, type StepDoc } from './stages.ts'
import type { PipelineState } from './state.ts'
import { executeTypes } from './status.ts'
import { documentOf, stepOf } from './v5-document.ts'
import { jobWord, stageWord, stepWord, v5RunWords } from './v5-status.ts'
import type {
  JobRun,
  LatestRun,
  ListedPipeline,
  ListedTag,
  PackageInfo,
  PipelineV5,
  RunV5,
  StageRun,
  StepRun,
} from './v5-wire.ts'

/** The one place there is: this server. */
export const REGION = 'millrace'
const MANIFEST = '3.0'

// --- Pipelines -------------------------------------------------------------------------------------------------------

export function presentPipeline(pipeline: PipelineView, state: PipelineState, domain: string): PipelineV5 {
  const dto = originalOf(pipeline.definition)?.dto ?? null
  return {
    id: pipeline.id,
    name: pipeline.name,
    description: pipeline.definition.description,
    manifest_version: manifestOf(dto),
    create_time: pipeline.createdAt,
    update_time: pipeline.updatedAt,
    creator_id: pipeline.createdBy.id,
    creator_name: pipeline.createdBy.name,
    // Who wrote a version is in its history; the views name the first writer only.
    updater_id: state.updaterId ?? pipeline.createdBy.id,
    region: REGION,
    domain_id: accountId(domain),
    project_id: pipeline.project.id,
    project_name: pipeline.project.name,
    component_id: dto?.['component_id'] ?? null,
    is_publish: isPublished(dto),
    is_collect: false,
    banned: state.banned,
    sources: shown(dto?.['sources']),
    variables: variablesOf(pipeline, dto),
    schedules: schedulesOf(pipeline, dto),
    triggers: shown(dto?.['triggers']),
    group_id: state.groupId,
    concurrency_control: dto?.['concurrency_control'] ?? {
      concurrency_number: 5,
      exceed_action: 'QUEUE',
      enable: false,
    },
    definition:
      typeof dto?.['definition'] === 'string'
        ? masked(dto['definition'], SECRET)
        : JSON.stringify(documentOf(pipeline.definition)),
  }
}

export const isPublished = (dto: JsonObject | null): boolean => isTrue(dto?.['is_publish'])

/** Sources and triggers as they came, but for logins in their addresses and their tokens. */
const shown = (given: Json | undefined): readonly JsonObject[] =>
  mapTexts(given ?? [], (text) => masked(text, SECRET)) as readonly JsonObject[]

export const manifestOf = (dto: JsonObject | null): string =>
  typeof dto?.['manifest_version'] === 'string' && dto['manifest_version'] !== '' ? dto['manifest_version'] : MANIFEST

/** As the pipeline shows them. */
export const presentVariables = (pipeline: PipelineView): readonly Json[] =>
  variablesOf(pipeline, originalOf(pipeline.definition)?.dto ?? null)

const VARIABLE = {
  is_secret: false,
  description: '',
  is_runtime: true,
  limits: [],
  is_reset: false,
  latest_value: null,
  runtime_value: null,
} as const

function variablesOf(pipeline: PipelineView, dto: JsonObject | null): readonly Json[] {
  if (dto !== null) {
    const given = (dto['variables'] ?? []) as readonly JsonObject[]
    return given.map((variable) => ({
      pipeline_id: pipeline.id,
      // Not numbered for those who gave none: Terraform would find that it is not what was asked for, and edit for ever.
      sequence: null,
      type: 'string',
      value: '',
      ...VARIABLE,
      ...variable,
      ...flagsOf(variable),
      ...(isTrue(variable['is_secret']) ? { value: SECRET, latest_value: null, runtime_value: null } : {}),
    }))
  }
  return pipeline.definition.params.map((param, index) => ({
    ...VARIABLE,
    pipeline_id: pipeline.id,
    name: param.name,
    sequence: index + 1,
    type: param.type === 'choice' ? 'enum' : 'string',
    value:
      typeof param.default === 'string' ? param.default : param.default === null ? '' : JSON.stringify(param.default),
    description: param.description,
    limits: param.options,
  }))
}

/** `"true"` is taken for true; typed clients read nothing but true and false. */
const flagsOf = (variable: JsonObject): JsonObject =>
  Object.fromEntries(
    ['is_secret', 'is_runtime', 'is_reset'].flatMap((name) =>
      typeof variable[name] === 'string' ? [[name, isTrue(variable[name])]] : [],
    ),
  )

/**
 * Values of a run in the place of the defaults. A bare array, of which one key is in camel case.
 * @param mode 0: variables of the pipeline; 2: of its parameter groups.
 */
export const presentRunVariables = (run: RunView, mode: 0 | 2): readonly JsonObject[] => {
  const given = (originalOf(run.definition)?.dto['variables'] ?? []) as readonly JsonObject[]
  const secrets = secretNames(run.definition)
  const groups = groupNames(run.definition)
  return run.params
    .filter(({ name, system }) => !system && groups.has(name) === (mode === 2))
    .map(({ name, value }, index) => {
      const variable = given.find((one) => one['name'] === name) ?? {}
      const text = typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value)
      return {
        ...VARIABLE,
        type: 'string',
        ...variable,
        ...flagsOf(variable),
        is_secret: secrets.has(name),
        name,
        sequence: sequenceOf(variable) ?? index + 1,
        // A secret of another pipeline may have come in.
        value: secrets.has(name) ? SECRET : masked(text, SECRET),
        latest_value: null,
        runtime_value: null,
        required: false,
        variableGroupName: groups.get(name) ?? null,
      }
    })
}

function schedulesOf({ id }: PipelineView, dto: JsonObject | null): readonly Json[] {
  const given = (dto?.['schedules'] ?? []) as readonly JsonObject[]
  return given.map((schedule, index) => ({ uuid: derivedId(`schedule/${id}/${index}`), ...schedule }))
}

export const presentListedV5 = (
  pipeline: PipelineView,
  state: PipelineState,
  tags: readonly ListedTag[],
  latest: LatestRun | null,
): ListedPipeline => {
  const dto = originalOf(pipeline.definition)?.dto ?? null
  return {
    pipeline_id: pipeline.id,
    name: pipeline.name,
    description: pipeline.definition.description,
    project_id: pipeline.project.id,
    project_name: pipeline.project.name,
    component_id: dto?.['component_id'] ?? null,
    is_publish: isPublished(dto),
    is_collect: false,
    banned: state.banned,
    tag_list: tags,
    security_level: null,
    manifest_version: manifestOf(dto),
    create_time: pipeline.createdAt,
    latest_run: latest,
    convert_sign: 0,
  }
}

// --- Runs ------------------------------------------------------------------------------------------------------------

export const presentLatest = (run: RunView, executorId: string | null, frame: Frame): LatestRun => ({
  pipeline_id: run.pipeline.id,
  pipeline_run_id: run.id,
  executor_id: executorId,
  executor_name: run.cause.by,
  stage_status_list: stagesOf(run).map((stage, sequence) => ({
    id: stage.id,
    name: stage.name,
    sequence,
    status: stageWord(stage),
    start_time: stage.startedAt === null ? null : formatPlain(stage.startedAt, frame.zoneOffsetMinutes),
    end_time: stage.endedAt === null ? null : formatPlain(stage.endedAt, frame.zoneOffsetMinutes),
  })),
  status: v5RunWords[run.status],
  run_number: run.number,
  trigger_type: executeTypes[run.cause.kind],
  build_params: buildParams(run),
  artifact_params: {},
  start_time: run.startedAt ?? run.createdAt,
  end_time: run.endedAt,
  modify_url: pipelineUrl(run.pipeline, frame),
  detail_url: runUrl(run, frame),
})

export interface RunFacts {
  readonly executorId: string | null
  readonly state: PipelineState
  readonly groupName: string | null
  readonly domain: string
  readonly language: 'zh-cn' | 'en-us'
  readonly description: string
  readonly artifacts: readonly PackageInfo[]
}

export function presentRunDetail(run: RunView, facts: RunFacts, frame: Frame): RunV5 {
  const original = originalOf(run.definition)
  return {
    id: run.id,
    pipeline_id: run.pipeline.id,
    manifest_version: manifestOf(original?.dto ?? null),
    name: run.pipeline.name,
    description: facts.description,
    is_publish: isPublished(original?.dto ?? null),
    executor_id: facts.executorId,
    executor_name: run.cause.by,
    status: v5RunWords[run.status],
    trigger_type: executeTypes[run.cause.kind],
    run_number: run.number,
    pause_time: run.pausedAt,
    start_time: run.startedAt ?? run.createdAt,
    end_time: run.endedAt,
    stages: stagesOf(run).map((stage, sequence) => presentStage(stage, sequence, original)),
    domain_id: accountId(facts.domain),
    project_id: run.project.id,
    region: REGION,
    component_id: original?.dto['component_id'] ?? null,
    language: facts.language,
    sources: sourcesOf(run, original),
    artifacts: facts.artifacts,
    subject_id: run.id,
    group_id: facts.state.groupId,
    group_name: facts.groupName,
    detail_url: runUrl(run, frame),
    current_system_time: null,
  }
}

/** A pipeline that has no stages yet has one with us, which is not shown. */
const stagesOf = ({ stages }: RunView): readonly StageView[] =>
  stages.filter(({ tasks }) => !tasks.some(({ annotations }) => annotations[AT] === 'empty'))

function sourcesOf(run: RunView, original: Original | null): Json {
  return shown(original?.dto['sources']).map((source, place) => ({
    ...source,
    params: { ...(source['params'] as JsonObject | null), build_params: buildParams(run, place) },
  }))
}

/**
 * What a run builds of a source: the change that a forge told of, what its starter has chosen, or the branch that the
 * source's param, or the source itself, names.
 */
function buildParams({ params, definition, cause, annotations }: RunView, place = 0): JsonObject {
  const dto = originalOf(definition)?.dto ?? null
  const { git_url = null, codehub_id = null } = (shown(dto?.['sources'])[place]?.['params'] ?? {}) as JsonObject
  if (cause.change !== undefined) return { ...changeParams(cause.change), git_url, codehub_id }
  const source = dto === null ? undefined : namedSourcesOf(dto)[place]
  if (source === undefined) return {}
  const event_type = executeTypes[cause.kind]
  const chosen = unpackedRefs(annotations[REFS]).find((ref) => ref.source === place)
  if (chosen?.type === 'tag') return { build_type: 'tag', event_type, tag: chosen.ref, git_url, codehub_id }
  const value = params.find(({ name }) => name === source.param)?.value
  const branch = typeof value === 'string' ? value : (chosen?.ref ?? source.branch)
  return branch === '' ? {} : { build_type: 'branch', event_type, target_branch: branch, git_url, codehub_id }
}

const EVENTS = { push: 'Push', tag: 'CreateTag', merge_request: 'MR' } as const satisfies Record<ChangeKind, string>
const ACTIONS = {
  opened: 'open',
  synchronized: 'update',
  reopened: 'reopen',
  closed: 'merge',
} as const satisfies Record<ChangeAction, string>

const changeParams = (change: Change): JsonObject => ({
  action: change.action === null ? null : ACTIONS[change.action],
  build_type: change.kind === 'tag' ? 'tag' : 'branch',
  commit_id: change.sha,
  event_type: EVENTS[change.kind],
  merge_id: change.number === null ? null : String(change.number),
  message: change.message,
  source_branch: change.sourceBranch,
  tag: change.tag,
  target_branch: change.branch,
})

interface Member {
  readonly task: TaskView
  readonly part: string
  readonly place: number
}

/** Where a task comes from; one that no v5 client made is a job of one step. */
function memberOf(task: TaskView, index: number): Member {
  const [, part = `${index}`, place = '0'] = (task.annotations[AT] ?? '').split('.')
  return { task, part, place: Number(place) }
}

/** The tasks of the job that {@link presentRunDetail} calls by this id. undefined: there is none. */
export function tasksOfJob(run: RunView, jobId: string): readonly TaskView[] | undefined {
  for (const stage of run.stages) {
    const members = stage.tasks.map(memberOf)
    const part = members.find(({ task }) => task.id === jobId)?.part
    if (part !== undefined) return members.filter((member) => member.part === part).map(({ task }) => task)
  }
  return undefined
}

function presentStage(stage: StageView, sequence: number, original: Original | null): StageRun {
  const members = stage.tasks.map(memberOf)
  const [first] = stage.tasks
  const at = Number((first?.annotations[AT] ?? '').split('.')[0])
  const doc = original?.stages[at]
  const stepsOf = (part: string, steps: readonly StepDoc[] | undefined): readonly StepRun[] =>
    members.filter((member) => member.part === part).map(({ task, place }) => presentStep(task, place, steps?.[place]))
  const parts = [...new Set(members.map(({ part }) => part))].filter((part) => /^\d+$/.test(part))
  return {
    id: stage.id,
    category: null,
    name: stage.name,
    identifier: doc?.identifier ?? stage.key,
    run_always: stage.always,
    parallel: null,
    is_select: stageWord(stage) !== 'UNSELECTED',
    sequence,
    depends_on: doc?.dependsOn ?? [],
    condition: null,
    status: stageWord(stage),
    start_time: stage.startedAt,
    end_time: stage.endedAt,
    pause_time: null,
    pre: stepsOf('pre', doc?.pre),
    post: stepsOf('post', doc?.post),
    jobs: parts
      .toSorted((a, b) => Number(a) - Number(b))
      .map((part, place) => {
        const job = original === null ? undefined : doc?.jobs[Number(part)]
        return presentJob(
          members.filter((member) => member.part === part),
          place,
          job,
          isEnded(stage.status),
        )
      }),
  }
}

function presentJob(
  members: readonly Member[],
  sequence: number,
  doc: JobDoc | undefined,
  isStageOver: boolean,
): JobRun {
  const tasks = members.map(({ task }) => task)
  const [first] = tasks
  if (first === undefined) throw new TypeError('a job without a task')
  const began = tasks.map(({ startedAt }) => startedAt).filter((at) => at !== null)
  const ended = tasks.map(({ endedAt }) => endedAt).filter((at) => at !== null)
  const isOver = tasks.every(({ status }) => isEnded(status) || status === 'pending')
  const status = jobWord(tasks, isStageOver)
  return {
    // A job has no id of its own with us; it is called as its first step.
    id: first.id,
    category: doc?.category ?? null,
    sequence,
    async: null,
    name: doc?.name ?? first.name,
    identifier: doc?.identifier ?? first.key,
    depends_on: doc?.dependsOn ?? first.needs,
    condition: doc?.condition ?? null,
    resource: doc?.resource ?? null,
    is_select: status !== 'UNSELECTED',
    timeout: doc?.timeout ?? null,
    last_dispatch_id: null,
    status,
    message: tasks.map(messageOf).find((message) => message !== null) ?? null,
    start_time: began.length === 0 ? null : Math.min(...began),
    end_time: isOver && ended.length > 0 ? Math.max(...ended) : null,
    steps: members.map(({ task, place }) => presentStep(task, place, doc?.steps[place])),
    exec_id: null,
  }
}

function presentStep(task: TaskView, sequence: number, doc: StepDoc | undefined): StepRun {
  const step = doc?.given ?? stepOf(task)
  const text = (name: string): string | null => (typeof step[name] === 'string' ? step[name] : null)
  return {
    id: task.id,
    name: task.name,
    task: text('task') ?? '',
    business_type: text('business_type'),
    inputs: Object.entries(inputsOf(step, 'step')).map(([key, value]) => ({
      key,
      value: mapTexts(value, (one) => masked(one, SECRET)),
    })),
    sequence,
    official_task_version: text('official_task_version'),
    identifier: text('identifier') ?? task.key,
    multi_step_editable: Number(step['multi_step_editable'] ?? 0) || 0,
    endpoint_ids: [],
    last_dispatch_id: null,
    status: stepWord(task),
    message: messageOf(task),
    start_time: task.startedAt,
    end_time: task.endedAt,
    daily_build_number: null,
  }
}

/** The failure of a try before the present one is over and done with. */
const messageOf = ({ status, failure }: TaskView): string | null =>
  failure !== null && isEnded(status) ? failureSentence(failure) : null
