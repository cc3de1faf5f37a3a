import type { StageSpec } from '../../model/definition.ts'
import { failureSentence } from '../../model/failure.ts'
import { isEnded } from '../../model/status.ts'
import type { Instant } from '../../model/time.ts'
import type { AttemptView, RunView, StageView, TaskView } from '../../model/view.ts'
import { annotatedList, annotatedObject } from './annotations.ts'
import { plain } from './fields.ts'
import { filledBy } from './present.ts'
import { jobId, serviceName, sourceParams, stageAt, stageId, visibleStages } from './stage.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { jobState } from './status.ts'
import { wireTime } from './time.ts'
import type { Job, JobLog, LogLine } from './wire.ts'

/** What one attempt of a task left in its log. */
export interface LogRecord {
  readonly task: TaskView
  readonly attempt: Pick<AttemptView, 'attempt' | 'status' | 'startedAt' | 'endedAt' | 'runner' | 'failure'>
}

/**
 * A job: the execution of one stage in one run. `creatorId`: id of the user who caused the run, '' for others.
 * @returns undefined when the run's version has no such stage, or it has not begun.
 */
export function presentJob(run: RunView, stageIndex: number, now: Instant, creatorId: string): Job | undefined {
  const stage = stageAt(run, stageIndex)
  const spec = visibleStages(run.definition)[stageIndex]?.spec
  if (stage === undefined || spec === undefined || stage.status === 'pending') return undefined
  return {
    id: jobId(run.serial, stageIndex),
    service: serviceName(spec),
    service_id: stageId(run.pipeline.serial, stageIndex, spec),
    region_name: '',
    ...outputResource(annotatedList(spec, 'swr/output_resources') ?? [], filledBy(run)),
    duration: String(durationSeconds(stage, now)),
    state: jobState[stage.status],
    progress: String(progressPercent(stage)),
    pkg: sourcePackage(spec, filledBy(run)),
    creator_id: creatorId,
    creator_name: run.cause.by,
    created_at: wireTime(stage.startedAt ?? run.createdAt),
    log_num: logRecords(stage).length,
  }
}

const durationSeconds = (stage: StageView, now: Instant): number =>
  stage.startedAt === null ? 0 : Math.max(0, Math.round(((stage.endedAt ?? now) - stage.startedAt) / 1_000))

function progressPercent(stage: StageView): number {
  if (isEnded(stage.status)) return 100
  const over = stage.tasks.filter((task) => isEnded(task.status)).length
  return Math.floor((100 * over) / Math.max(1, stage.tasks.length))
}

/** What the stage makes in this run (`swr/tomcat:1.0`). The vendor says `image` and nothing where there is none. */
function outputResource(
  resources: readonly unknown[],
  filled: (text: string) => string,
): Pick<Job, 'resource_type' | 'resource'> {
  const first = resources[0]
  if (!isJsonObject(first)) return { resource_type: 'image', resource: '' }
  const params: JsonObject = isJsonObject(first['params']) ? first['params'] : {}
  const part = (name: string): string => plain(params[name])
  const type = first['type'] === 'package' ? 'package' : 'image'
  const [name, version] = type === 'package' ? [part('package'), part('version')] : [part('repository'), part('tag')]
  return { resource_type: type, resource: filled(`${part('namespace')}/${name}:${version}`) }
}

/** What this run fetched: the params of the stage may name params of the pipeline. */
function sourcePackage(stage: StageSpec, filled: (text: string) => string): Job['pkg'] {
  const work = stage.tasks[0]?.work
  if (work?.kind !== 'runner' || work.uses !== 'git') return null
  const given = annotatedObject(stage, 'swr/params') ?? sourceParams(work.with)
  const part = (name: string): string => filled(plain(given[name]))
  const [git_branch, git_tag] = [part('branch'), part('tag')]
  return { git_branch, git_clone_type: git_tag === '' ? 'branch' : 'tag', git_tag }
}

/** One record for every attempt that has begun, in the order in which they began. */
export function logRecords(stage: StageView): readonly LogRecord[] {
  const records = stage.tasks.flatMap((task) => {
    const { attempt, status, startedAt, endedAt, runner, failure } = task
    const present = startedAt === null ? [] : [{ attempt, status, startedAt, endedAt, runner, failure }]
    return [...task.earlier.filter((earlier) => earlier.startedAt !== null), ...present].map((one) => ({
      task,
      attempt: one,
    }))
  })
  return records.toSorted((a, b) => (a.attempt.startedAt ?? 0) - (b.attempt.startedAt ?? 0))
}

/**
 * A record as the vendor has it: JSON text of lines between two phases. We keep bytes, not the time of each line:
 * all lines of an attempt carry its start.
 */
export function presentRecord({ task, attempt }: LogRecord, output: readonly string[]): JobLog['log'][number] {
  const state = jobState[attempt.status]
  const over = isEnded(attempt.status)
  const begun = wireTime(attempt.startedAt)
  const line = (type: LogLine['Type'], message: string): LogLine => ({
    Type: type,
    Message: message,
    Time: begun,
    State: over ? 'Building' : state,
    Progress: 0,
  })
  const end = wireTime(attempt.endedAt)
  const lines: readonly LogLine[] = [
    line('phase', `${task.name} (${attempt.attempt})`),
    ...output.map((message) => line('content', message)),
    ...(attempt.failure === null
      ? []
      : [{ ...line('content', failureSentence(attempt.failure)), Time: end, State: state, Progress: 100 }]),
    ...(over ? [{ ...line('phase', state), Time: end, State: state, Progress: 100 }] : []),
  ]
  return { content: JSON.stringify(lines), created_at: begun }
}
