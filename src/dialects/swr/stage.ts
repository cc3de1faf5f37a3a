import type { StageSpec, TaskSpec } from '../../model/definition.ts'
import type { JsonObject } from '../../model/json.ts'
import type { RunView, StageView } from '../../model/view.ts'
import { formatDuration, type DurationMs } from '../../model/time.ts'
import { annotatedList, annotatedObject, type Annotated } from './annotations.ts'
import { postOperation } from './logins.ts'
import { withoutUserInfo } from './compile-stage.ts'
import { SERVICE_NAMES, type ServiceName } from './service.ts'
import type { ExceptionHandler, Stage } from './wire.ts'

/** A pipeline has at most 1,000 stages, so no two pipelines' stages (or runs' jobs) share a number. */
export const PLACES = 1_000

/**
 * A stage has no integer of its own with us: `pipeline serial * 1000 + place + 1`, the same while the stage keeps its
 * place. The annotation `swr/stage_id` names another one.
 */
export function stageId(pipelineSerial: number, index: number, spec: Pick<StageSpec, 'annotations'>): number {
  const given = spec.annotations['swr/stage_id']
  return given !== undefined && /^[1-9]\d{0,14}$/.test(given) ? Number(given) : placeNumber(pipelineSerial, index)
}

/** The integer of the execution of one stage in one run, made like {@link stageId}. */
export const jobId = (runSerial: number, stageIndex: number): number => placeNumber(runSerial, stageIndex)

const placeNumber = (serial: number, index: number): number => serial * PLACES + index + 1

/** The run's serial in a job's id, and the place of the stage in that run. */
export const readJobId = (job: number): { readonly serial: number; readonly place: number } | undefined =>
  job > PLACES ? { serial: Math.floor((job - 1) / PLACES), place: (job - 1) % PLACES } : undefined

/** A stage as the vendor knows it, and its place among all of ours. */
export interface VisibleStage<Stage> {
  readonly spec: Stage
  readonly index: number
}

/** What only tells others of an end (a `post_operation`) is no stage of the vendor's. */
export const visibleStages = <Stage extends Annotated>({
  stages,
}: {
  readonly stages: readonly Stage[]
}): readonly VisibleStage<Stage>[] =>
  stages.flatMap((spec, index) => (spec.annotations['post'] === 'true' ? [] : [{ spec, index }]))

/** The stage at this place of a run. */
export const stageAt = (run: RunView, place: number): StageView | undefined => visibleStages(run)[place]?.spec

export function presentStage(spec: StageSpec, index: number, pipelineSerial: number): Stage {
  const service = serviceName(spec)
  const handler = annotatedObject(spec, 'swr/exception_handler') ?? exceptionHandler(spec.tasks)
  const told = postOperation(spec)
  const inputs = annotatedList(spec, 'swr/input_resources')
  const outputs = annotatedList(spec, 'swr/output_resources')
  return {
    id: stageId(pipelineSerial, index, spec),
    name: spec.name,
    service_name: service,
    params: annotatedObject(spec, 'swr/params') ?? serviceParams(service, spec.tasks[0]),
    ...(handler === undefined ? {} : { exception_handler: handler }),
    ...(inputs === undefined ? {} : { input_resources: inputs }),
    ...(outputs === undefined ? {} : { output_resources: outputs }),
    ...(told === undefined ? {} : { post_operation: told }),
  }
}

export function serviceName(spec: Pick<StageSpec, 'annotations' | 'tasks'>): ServiceName {
  const given = spec.annotations['swr/service_name']
  return SERVICE_NAMES.find((name) => name === given) ?? derivedService(spec.tasks[0])
}

function derivedService(task: TaskSpec | undefined): ServiceName {
  if (task?.work.kind === 'runner' && task.work.uses === 'git') return 'code_source'
  if (task?.work.kind === 'review') return 'test_review'
  if (task?.role === 'image') return 'dockerfile_build'
  if (task?.role === 'deploy') return 'official_deploy'
  return 'jenkins_build'
}

function serviceParams(service: ServiceName, task: TaskSpec | undefined): Readonly<Record<string, unknown>> {
  const input = task?.work.kind === 'runner' ? task.work.with : {}
  switch (service) {
    case 'code_source':
      return sourceParams(input)
    case 'jenkins_build':
      return { basic_env: buildEnvironment(scriptOf(task)), jenkins_shell: scriptOf(task) }
    case 'dockerfile_build':
      return imageParams(task, input)
    case 'test_review':
      return reviewParams(task)
    case 'official_deploy':
      return { deploy_mode: text(input, 'deploy_mode') ?? 'cceMode', input_info: scriptOf(task) }
    case 'gray_deploy':
      return {
        deploy_mode: text(input, 'deploy_mode') ?? 'cceMode',
        gray_mode: text(input, 'gray_mode') ?? 'service',
        input_info: scriptOf(task),
      }
  }
}

export function sourceParams(input: JsonObject): Readonly<Record<string, string>> {
  const url = withoutUserInfo(text(input, 'url') ?? '')
  return { ...sourcePlace(text(input, 'ref')), git_type: gitType(url), url }
}

/** A bare name may be a branch, a tag or a commit: most are branches. Without one it is what the repository's HEAD names. */
function sourcePlace(ref = 'HEAD'): Readonly<Record<string, string>> {
  const tag = /^refs\/tags\/(.+)$/.exec(ref)?.[1]
  return tag === undefined ? { branch: ref.replace(/^refs\/heads\//, '') } : { tag }
}

/** Who hosts it, by the name in the URL. A host of one's own is most often a GitLab: that is what the word is used for. */
function gitType(url: string): string {
  const host = /^(?:[a-z+]+:\/\/)?(?:[^/@]*@)?([^/:]+)/i.exec(url)?.[1]?.toLowerCase() ?? ''
  if (host === 'github.com' || host.endsWith('.github.com')) return 'github'
  if (host === 'gitee.com' || host.endsWith('.gitee.com')) return 'gitee'
  if (host.endsWith('.huaweicloud.com') || host.endsWith('.devcloud.com')) return 'devcloud'
  return 'gitlab'
}

/** What is done to make the image stands where the vendor has the text of a Dockerfile, unless a step names its file. */
function imageParams(task: TaskSpec | undefined, input: JsonObject): Readonly<Record<string, string>> {
  const path = text(input, 'dockerfile')
  const context = text(input, 'context')
  return {
    ...(path === undefined ? { dockerfile_content: scriptOf(task) } : { dockerfile_path: path }),
    ...(context === undefined ? {} : { build_path: context }),
  }
}

/** `all`: everyone must pass, `one`: one is enough. For a number in between the vendor has no word; `all` is the nearer, as one is not enough. */
function reviewParams(task: TaskSpec | undefined): Readonly<Record<string, unknown>> {
  if (task?.work.kind !== 'review') return { review_mode: 'one', review_users: [] }
  return {
    review_mode: task.work.required === 1 ? 'one' : 'all',
    review_users: task.work.reviewers.map((name) => ({ user_name: name })),
  }
}

function scriptOf(task: TaskSpec | undefined): string {
  const work = task?.work
  switch (work?.kind) {
    case undefined:
    case 'noop':
    case 'review':
    case 'callback':
    case 'publish':
    case 'start':
    case 'end':
    case 'gateway':
    case 'subflow':
      return ''
    case 'run':
      return `run ${work.pipeline}`
    case 'sleep':
      return `sleep ${typeof work.duration === 'number' ? formatDuration(work.duration) : work.duration}`
    case 'runner':
      return text(work.with, 'script') ?? `${work.uses} ${JSON.stringify(work.with)}`
  }
}

/** `SelfPkgBuild` is the vendor's word for a build environment that the user provides. */
function buildEnvironment(script: string): string {
  if (/\b(?:mvn|gradle|gradlew|javac|ant)\b/.test(script)) return 'java'
  if (/\bgo (?:build|test|install|vet|mod)\b/.test(script)) return 'go'
  return 'SelfPkgBuild'
}

const HOUR_MS = 3_600_000
/** Every sample of the vendor has it. */
const TIMESPAN_DEFAULT_HOURS = 72

/**
 * One handler for the stage out of its tasks' policies: the first task under `hold` or `restart` decides, since its
 * failure takes the whole run with it; `ignore_error` needs every task to be passed over.
 */
export function exceptionHandler(tasks: readonly Pick<TaskSpec, 'onFailure'>[]): ExceptionHandler | undefined {
  const deciding = tasks.find(({ onFailure }) => onFailure.policy === 'hold' || onFailure.policy === 'restart')
  if (deciding?.onFailure.policy === 'hold') {
    return { type: 'timeout_reset', params: { timespan: timespanHours(deciding.onFailure.expireMs) } }
  }
  if (deciding !== undefined) return { type: 'return_to_start' }
  const ignored = tasks.length > 0 && tasks.every(({ onFailure }) => onFailure.policy === 'continue')
  return ignored ? { type: 'ignore_error' } : undefined
}

/** Whole hours, rounded up: nobody is given less time than was said. */
const timespanHours = (expireMs: DurationMs | null): number =>
  expireMs === null ? TIMESPAN_DEFAULT_HOURS : Math.max(1, Math.ceil(expireMs / HOUR_MS))

function text(input: JsonObject, name: string): string | undefined {
  const value = input[name]
  return typeof value === 'string' ? value : undefined
}
