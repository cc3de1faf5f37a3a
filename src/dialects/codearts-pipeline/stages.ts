import type { Json, JsonObject } from '../../model/json.ts'
import { quote } from '../kit/query.ts'
import { amount, BadValue, objectAt, objectsAt, optionalFlag, optionalText, plainText, textsAt } from './read.ts'

/** What `definition` of a v5 pipeline says: text that holds JSON with stages, jobs and steps. */
export interface StageDoc {
  readonly name: string
  readonly identifier: string
  readonly runAlways: boolean
  readonly parallel: boolean
  /** Identifiers of stages; empty: the one before it. */
  readonly dependsOn: readonly string[]
  /** Before its jobs, one after the other. */
  readonly pre: readonly StepDoc[]
  readonly jobs: readonly JobDoc[]
  readonly post: readonly StepDoc[]
}
export interface JobDoc {
  readonly name: string
  readonly identifier: string
  /** Identifiers of jobs of the same stage. */
  readonly dependsOn: readonly string[]
  readonly condition: string | null
  readonly resource: string | null
  readonly category: string | null
  /** As it is given; text, and empty for none. */
  readonly timeout: string | null
  readonly timeoutMs: number | null
  /** Runs when nobody chose jobs. */
  readonly isSelected: boolean
  readonly steps: readonly StepDoc[]
}
export interface StepDoc {
  readonly name: string
  readonly task: string
  readonly isEnabled: boolean
  /** As it is given, for its inputs and all that is only shown again. */
  readonly given: JsonObject
}

const STAGES_MAX = 200
const JOBS_MAX = 200
const STEPS_MAX = 100
/** Kept in the pipeline's annotations, which hold 100 values of 8192. */
export const DEFINITION_MAX = 400_000

/** @throws BadValue */
export function readStages(text: string): readonly StageDoc[] {
  const document = objectAt(parsed(text), 'definition')
  if (!Array.isArray(document['stages'])) throw new BadValue('definition: expected JSON with a list of stages')
  const stages = objectsAt(document['stages'], 'definition.stages', STAGES_MAX)
  const docs = inSequence(stages).map((stage, index) => stageDoc(stage, `definition.stages[${index}]`, index))
  return checked(docs)
}

function parsed(text: string): Json {
  if (text.length > DEFINITION_MAX) {
    throw new BadValue(`definition: expected at most ${DEFINITION_MAX} characters, found ${text.length}`)
  }
  try {
    return JSON.parse(text, (key: string, value: Json) => (key === '__proto__' ? undefined : value)) as Json
  } catch {
    throw new BadValue(`definition: expected text that holds JSON, found ${quote(text)}`)
  }
}

function stageDoc(stage: JsonObject, at: string, index: number): StageDoc {
  return {
    name: nameOf(stage, `Stage_${index + 1}`),
    identifier: optionalText(stage, 'identifier') ?? `stage_${index + 1}`,
    runAlways: optionalFlag(stage, 'run_always') ?? false,
    parallel: optionalFlag(stage, 'parallel') ?? false,
    dependsOn: textsAt(stage['depends_on'], `${at}.depends_on`, STAGES_MAX),
    pre: stepDocs(stage['pre'], `${at}.pre`),
    jobs: inSequence(objectsAt(stage['jobs'], `${at}.jobs`, JOBS_MAX)).map((job, place) =>
      jobDoc(job, `${at}.jobs[${place}]`, place),
    ),
    post: stepDocs(stage['post'], `${at}.post`),
  }
}

function jobDoc(job: JsonObject, at: string, index: number): JobDoc {
  const { timeout = null } = job
  const strategy = job['strategy'] ?? null
  return {
    name: nameOf(job, `Job_${index + 1}`),
    identifier: optionalText(job, 'identifier') ?? `JOB_${index + 1}`,
    dependsOn: textsAt(job['depends_on'], `${at}.depends_on`, JOBS_MAX),
    condition: optionalText(job, 'condition'),
    resource: optionalText(job, 'resource'),
    category: optionalText(job, 'type'),
    timeout: timeout === null ? null : plainText(timeout),
    timeoutMs: timeoutOf(job, at),
    isSelected: strategy === null || objectAt(strategy, `${at}.strategy`)['select_strategy'] !== 'never',
    steps: stepDocs(job['steps'], `${at}.steps`),
  }
}

const stepDocs = (value: Json | undefined, at: string): readonly StepDoc[] =>
  inSequence(objectsAt(value, at, STEPS_MAX)).map((step, index) => {
    // Read here, too, as those of a step that is switched off are shown and never run.
    inputsOf(step, `${at}[${index}]`)
    return {
      name: nameOf(step, plainText(step['task']) || `Step_${index + 1}`),
      task: plainText(step['task']),
      isEnabled: optionalFlag(step, 'enable') ?? true,
      given: step,
    }
  })

export type Inputs = Readonly<Record<string, Json>>

/** `inputs: [{key, value}]` by key; of the same key the last. @throws BadValue */
export const inputsOf = (step: JsonObject, at: string): Inputs =>
  Object.fromEntries(
    objectsAt(step['inputs'], `${at}.inputs`, 200).map(({ key, value = null }, index) => {
      if (typeof key !== 'string') throw new BadValue(`${at}.inputs[${index}].key: expected text`)
      return [key, value]
    }),
  )

/** In order of `sequence` where all have one; they are given in that order anyhow, but nothing says so. */
const inSequence = (items: readonly JsonObject[]): readonly JsonObject[] =>
  items.every(({ sequence }) => typeof sequence === 'number')
    ? items.toSorted((a, b) => Number(a['sequence']) - Number(b['sequence']))
    : items

/** One line of at most 128 characters, as ours must be. */
function nameOf(given: JsonObject, fallback: string): string {
  const name = (optionalText(given, 'name') ?? '').replaceAll(/\p{Cc}+/gu, ' ').trim()
  return (name === '' ? fallback : name).slice(0, 128).trim()
}

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
}
const TIMEOUT_MAX_MS = 366 * 86_400_000

/** Minutes, unless `timeout_unit` says otherwise. null: none. */
function timeoutOf(job: JsonObject, at: string): number | null {
  const given = optionalText(job, 'timeout_unit')
  const unit = (given?.toLowerCase() ?? 'm').replace(/(?<=.)s$/, '')
  const unitMs = Object.hasOwn(UNIT_MS, unit) ? UNIT_MS[unit] : undefined
  if (unitMs === undefined) {
    throw new BadValue(`${at}.timeout_unit: expected second, minute, hour or day, found ${quote(given ?? '')}`)
  }
  const found = amount(job['timeout'], `${at}.timeout`, 'minutes')
  return found > 0 ? Math.min(found * unitMs, TIMEOUT_MAX_MS) : null
}

/** Names are found, and nothing waits for itself. */
function checked(stages: readonly StageDoc[]): readonly StageDoc[] {
  checkNames(stages, 'definition.stages')
  for (const [index, { jobs }] of stages.entries()) checkNames(jobs, `definition.stages[${index}].jobs`)
  const jobs = stages.flatMap((stage) => stage.jobs.map(({ identifier }) => identifier))
  if (new Set(jobs).size < jobs.length)
    throw new BadValue('definition: expected every job to have an identifier of its own')
  return stages
}

function checkNames(
  items: readonly { readonly identifier: string; readonly dependsOn: readonly string[] }[],
  at: string,
): void {
  const known = new Set(items.map(({ identifier }) => identifier))
  if (known.size < items.length) throw new BadValue(`${at}: expected every one to have an identifier of its own`)
  for (const { identifier, dependsOn } of items) {
    const missing = dependsOn.find((name) => !known.has(name) || name === identifier)
    if (missing !== undefined) {
      throw new BadValue(`${at}: ${quote(identifier)} depends on ${quote(missing)}, which is not another one of them`)
    }
  }
}
