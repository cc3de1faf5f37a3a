import type { Json, JsonObject } from '../../model/json.ts'
import { asksAfterFailure, whenOf } from './condition.ts'
import { type Contexts, repositoryName, typeOfTrigger, type Value, withoutLogin } from './contexts.ts'
import type { CodeEvents, PipelineDto, Variable } from './dto.ts'
import { AT, originalAnnotations, sharedAnnotations, type SharedVariable } from './original.ts'
import { AUTO_TRIGGER, escaped, type PluginContext, type StepWork, workOf } from './plugins.ts'
import { BadValue } from './read.ts'
import { cronLines } from './schedule.ts'
import { namedSources } from './sources.ts'
import type { JobDoc, StageDoc, StepDoc } from './stages.ts'
import type { SystemName } from './system-variables.ts'

/**
 * A pipeline of the vendor's v5 form as a definition of ours, which is JSON and so YAML. A step becomes a task: the
 * steps of a job one after the other, its first after the jobs that it depends on; `pre` comes before all jobs of its
 * stage and `post` after them.
 * @param shared variables of parameter groups; the pipeline's own outweigh them, and of the same name the last counts
 * (usermanual-pipeline/pipeline_01_0003).
 * @returns the text for `pipelines.create`
 * @throws BadValue, UnknownPlugin
 */
export function compileDto(dto: PipelineDto, names: Names, shared: readonly SharedVariable[] = []): string {
  const variables = new Set([...dto.variables, ...shared.map(({ variable }) => variable)].map(({ name }) => name))
  const sources = branchesOf(dto)
  const system = systemEnv(dto, names.projectId, sources)
  const context: StageContext = { ...names, sources, variables, system, jobs: new Map() }
  const keys = new Keys()
  const past = new Past()
  const stages = inOrder(dto.stages).map(({ stage, parallel }) => {
    if (!parallel) past.nextRow()
    return compileStage(stage, parallel, context, keys, past)
  })
  const tree = stages.length === 0 ? [emptyStage] : stages
  const { triggers, concurrency } = rulesOf(dto)
  const own = new Set([...dto.variables.map(({ name }) => name), ...context.sources.map(({ branch }) => branch)])
  const added = shared.filter(
    ({ variable: { name } }, at) =>
      !own.has(name) && shared.findLastIndex(({ variable }) => variable.name === name) === at,
  )
  return JSON.stringify({
    name: dto.name,
    description: dto.description,
    params: {
      ...paramsOf([...dto.variables, ...added.map(({ variable }) => variable)]),
      ...branchParams(dto, context),
    },
    env: system,
    ...(triggers.length === 0 ? {} : { triggers }),
    ...(concurrency === null ? {} : { concurrency }),
    annotations: { ...originalAnnotations(dto.given, tree), ...sharedAnnotations(added) },
    stages: tree,
  })
}

export interface Names extends Pick<PluginContext, 'userNames' | 'pipelines'> {
  readonly projectId: string
}

type StageContext = PluginContext & Contexts

/** Jobs and tasks of the rows before the one that is at hand. */
class Past {
  readonly jobs = new Map<string, readonly string[]>()
  readonly tasks: string[] = []
  #row: { readonly tasks: readonly string[]; readonly jobs: ReadonlyMap<string, readonly string[]> }[] = []

  nextRow(): void {
    for (const { tasks, jobs } of this.#row) {
      this.tasks.push(...tasks)
      for (const [name, keys] of jobs) this.jobs.set(name, keys)
    }
    this.#row = []
  }
  add(tasks: readonly Task[], jobs: ReadonlyMap<string, readonly string[]>): void {
    this.#row.push({ tasks: tasks.map(({ key }) => key), jobs })
  }
}

// --- Stages ----------------------------------------------------------------------------------------------------------

interface Placed {
  readonly stage: { readonly doc: StageDoc; readonly index: number }
  readonly parallel: boolean
}

/**
 * One after the other, unless they say what they depend on: then those with equally long ways from the start run
 * together, and the next ones wait for all of them.
 */
function inOrder(docs: readonly StageDoc[]): readonly Placed[] {
  const place = new Map(docs.map((doc, index) => [doc.identifier, index]))
  const levels: number[] = []
  const levelOf = (index: number, path: readonly number[]): number => {
    const known = levels[index]
    if (known !== undefined) return known
    if (path.includes(index)) throw new BadValue('definition.stages: depends_on leads back to where it began')
    const doc = docs[index]
    const before = doc?.dependsOn.map((name) => place.get(name) ?? 0) ?? []
    const level =
      before.length > 0
        ? 1 + Math.max(...before.map((other) => levelOf(other, [...path, index])))
        : index === 0
          ? 0
          : levelOf(index - 1, [...path, index]) + (doc?.parallel === true ? 0 : 1)
    levels[index] = level
    return level
  }
  const placed = docs.map((doc, index) => ({ doc, index, level: levelOf(index, []) }))
  placed.sort((a, b) => a.level - b.level || a.index - b.index)
  return placed.map(({ doc, index, level }, at) => ({
    stage: { doc, index },
    parallel: at > 0 && placed[at - 1]?.level === level,
  }))
}

interface Task {
  readonly key: string
  readonly needs?: readonly string[]
  readonly [field: string]: Json | undefined
}

function compileStage({ doc, index }: Placed['stage'], parallel: boolean, names: StageContext, keys: Keys, past: Past) {
  const tasks: Task[] = []
  const jobs = new Map<string, readonly string[]>()
  let context: StageContext = { ...names, jobs: past.jobs }
  const chain = (steps: readonly StepDoc[], part: string, name: readonly string[], first: readonly string[]) => {
    let needs = first
    for (const [at, step] of steps.entries()) {
      const where = `definition.stages[${index}].${/^\d+$/.test(part) ? `jobs[${part}].steps` : part}[${at}]`
      if (!step.isEnabled || step.task === AUTO_TRIGGER) continue
      const key = keys.of(name.length === 1 && steps.length === 1 ? name : [...name, String(at + 1)])
      const work = workOf(step.given, context, where)
      const all = withNamed(needs, work.tasks ?? [], tasks)
      tasks.push(taskOf(key, step, work, all, `${index}.${part}.${at}`))
      needs = [key]
    }
    return needs
  }
  const before = chain(doc.pre, 'pre', [`${doc.identifier.slice(0, 20)}-pre`], [])
  const lasts = new Map<string, readonly string[]>()
  for (const { job, place } of jobsInOrder(doc)) {
    context = { ...names, jobs: overBy(job, doc.jobs, jobs, past) }
    const always = job.dependsOn.length > 0 && asksAfterFailure(job.condition)
    const about = {
      ...context,
      dependsOn: job.dependsOn,
      runAlways: doc.runAlways,
      before: past.tasks,
      lasts: tasksOf(job.dependsOn, jobs).flatMap((keys) => keys.slice(-1)),
      behind: always ? tasksOf(waitedFor(job, doc.jobs), jobs).flat() : null,
    }
    const when = whenOf(job.condition, about, `definition.stages[${index}].jobs[${place}]`)
    const needs = job.dependsOn.flatMap((name) => lasts.get(name) ?? [])
    const from = tasks.length
    const first = needs.length > 0 ? needs : before
    lasts.set(job.identifier, chain(job.steps, `${place}`, [job.identifier], first))
    jobs.set(
      job.identifier,
      tasks.slice(from).map(({ key }) => key),
    )
    for (let at = from; at < tasks.length; at += 1) tasks[at] = inJob(tasks[at], job, when, tasks)
    const [begin] = tasks.slice(from)
    if (always && begin !== undefined) tasks[from] = { ...begin, always }
  }
  context = { ...names, jobs: past.jobs }
  const after = [...new Set([...lasts.values()].flat())]
  chain(doc.post, 'post', [`${doc.identifier.slice(0, 20)}-post`], after.length > 0 ? after : before)
  // A stage with nothing to do is over at once.
  if (tasks.length === 0)
    tasks.push({ key: keys.of([doc.identifier, 'none']), uses: 'noop', annotations: { [AT]: `${index}.none.0` } })
  past.add(tasks, jobs)
  return {
    key: keys.ofStage(doc.identifier),
    name: doc.name,
    always: doc.runAlways,
    ...(parallel ? { parallel: true } : {}),
    tasks,
  }
}

/** Names of the jobs of its stage that a job waits for, directly or not. */
function waitedFor(job: JobDoc, all: readonly JobDoc[]): ReadonlySet<string> {
  const waited = new Set(job.dependsOn)
  for (const name of waited) {
    for (const other of all.find(({ identifier }) => identifier === name)?.dependsOn ?? []) waited.add(other)
  }
  return waited
}

/** The tasks of jobs, one job after the other. */
const tasksOf = (
  names: Iterable<string>,
  done: ReadonlyMap<string, readonly string[]>,
): readonly (readonly string[])[] => [...names].map((name) => done.get(name) ?? [])

/** Jobs of earlier rows, and those that a job waits for, directly or not. */
function overBy(
  job: JobDoc,
  all: readonly JobDoc[],
  done: ReadonlyMap<string, readonly string[]>,
  past: Past,
): ReadonlyMap<string, readonly string[]> {
  const waited = waitedFor(job, all)
  return new Map([...past.jobs, ...[...done].filter(([name]) => waited.has(name))])
}

/** `{"stages": []}` is how clients make a pipeline that they fill later. */
const emptyStage = {
  key: 'empty',
  name: 'empty',
  tasks: [{ key: 'nothing', uses: 'noop', annotations: { [AT]: 'empty' } }],
}

function taskOf(key: string, step: StepDoc, work: StepWork, needs: readonly string[], at: string): Task {
  return {
    key,
    name: step.name,
    role: work.role,
    uses: work.uses,
    with: work.with,
    ...(Object.keys(work.env ?? {}).length === 0 ? {} : { env: work.env }),
    ...(needs.length === 0 ? {} : { needs }),
    ...(work.skipOnTimeout === true ? { on_timeout: 'skip' } : {}),
    annotations: { [AT]: at },
  }
}

/** A task that names others of its stage needs each of them. */
const withNamed = (needs: readonly string[], named: readonly string[], stage: readonly Task[]): readonly string[] => [
  ...new Set([...needs, ...named.filter((key) => stage.some((task) => task.key === key))]),
]

function inJob(task: Task | undefined, job: JobDoc, when: Value | null, stage: readonly Task[]): Task {
  if (task === undefined) throw new TypeError('a task that was just made is not there')
  // A review waits as long as it says itself, and what does nothing is over at once.
  const isTimed = task['uses'] !== 'approval' && task['uses'] !== 'noop'
  const timeout = job.timeoutMs === null || !isTimed ? {} : { timeout: job.timeoutMs / 1_000 }
  if (when === null) return { ...task, ...timeout }
  const needs = withNamed(task.needs ?? [], when.tasks, stage)
  return { ...task, ...(needs.length === 0 ? {} : { needs }), when: when.expression, ...timeout }
}

/** Those that others depend on come first. */
function jobsInOrder({ jobs }: StageDoc): readonly { readonly job: JobDoc; readonly place: number }[] {
  const ordered: { readonly job: JobDoc; readonly place: number }[] = []
  const left = new Map(jobs.map((job, place) => [job.identifier, { job, place }]))
  while (left.size > 0) {
    const ready = [...left.values()].filter(({ job }) => !job.dependsOn.some((name) => left.has(name)))
    if (ready.length === 0) throw new BadValue('definition: depends_on of jobs leads back to where it began')
    for (const entry of ready) left.delete(entry.job.identifier)
    ordered.push(...ready)
  }
  return ordered
}

/** Keys made of the vendor's identifiers, which are longer and freer. */
class Keys {
  readonly #tasks = new Set<string>()
  readonly #stages = new Set<string>()

  of(parts: readonly string[]): string {
    return free(parts, this.#tasks)
  }
  ofStage(identifier: string): string {
    return free([identifier], this.#stages)
  }
}

function free(parts: readonly string[], taken: Set<string>): string {
  const [name = '', ...rest] = parts.map((part) => part.replaceAll(/[^A-Za-z0-9_-]+/g, '-'))
  const wanted = [name.slice(0, 40), ...rest].join('-')
  // Whatever an identifier is, a key is no name that every object of JavaScript has.
  const safe = wanted in Object.prototype || /^(?:__|$)/.test(wanted) ? `k-${wanted}` : wanted
  let key = safe
  for (let count = 2; taken.has(key); count += 1) key = `${safe}-${count}`
  taken.add(key)
  return key
}

/** Predefined parameters of the vendor. */
function systemEnv(
  { name }: PipelineDto,
  projectId: string,
  sources: PluginContext['sources'],
): Readonly<Record<string, string>> {
  const own: Readonly<Record<SystemName, string>> = {
    PROJECT_ID: projectId,
    PIPELINE_ID: '${{ run.pipeline }}',
    PIPELINE_NUMBER: '${{ run.number }}',
    TIMESTAMP: '${{ run.timestamp }}',
    PIPELINE_TRIGGER_TYPE: `\${{ ${typeOfTrigger} }}`,
    PIPELINE_NAME: name,
    REPO_URL: escaped(withoutLogin(sources[0]?.url ?? '')),
    EXECUTE_USER: '${{ run.by }}',
    EXECUTE_USER_NAME: '${{ run.by }}',
    PIPELINE_RUN_ID: '${{ run.id }}',
  }
  return { ...Object.fromEntries(sources.flatMap(sourceEnv)), ...own }
}

/** Those of a source begin with its alias, else with the name of its repository. */
function sourceEnv({ url, alias, branch }: PluginContext['sources'][number]): readonly (readonly [string, string])[] {
  const prefix = alias === '' ? repositoryName(url) : alias
  if (!/^[A-Za-z_]\w{0,40}$/.test(prefix) || /^MILLRACE_/i.test(`${prefix}_`)) return []
  return [
    [`${prefix}_REPOSITORY_NAME`, escaped(repositoryName(url))],
    ...(branch === null ? [] : [[`${prefix}_TARGET_BRANCH`, `\${{ params.${branch} }}`] as const]),
    [`${prefix}_REPO_URL`, escaped(withoutLogin(url))],
  ]
}

// --- Params ----------------------------------------------------------------------------------------------------------

const paramsOf = (variables: readonly Variable[]): JsonObject =>
  Object.fromEntries(
    variables.map(({ name, type, value, description, limits, isSecret }) => {
      // A secret comes sealed: no two are alike, and none is one of the limits.
      const isChoice = type === 'enum' && limits.length > 0 && !isSecret
      const fallback = isChoice && value === '' ? {} : { default: value }
      // The vendor takes a default that is none of the limits, as its Terraform provider's own tests have it.
      const options = value === '' || limits.includes(value) ? limits : [...limits, value]
      return [
        name,
        { type: isChoice ? 'choice' : 'string', description, ...fallback, ...(isChoice ? { options } : {}) },
      ]
    }),
  )

/** The branch of a source can be chosen for each run: a param of its own. */
const branchesOf = ({ sources, variables }: PipelineDto): PluginContext['sources'] =>
  namedSources(sources, variables)
    .filter(({ url }) => url !== '')
    .map(({ url, alias, param }) => ({ url, alias, branch: param }))

function branchParams({ sources }: PipelineDto, { sources: named }: PluginContext): JsonObject {
  const given = sources.filter(({ url }) => url !== '')
  return Object.fromEntries(
    named.flatMap(({ branch }, index) =>
      branch === null ? [] : [[branch, { type: 'string', default: given[index]?.branch || 'master' }]],
    ),
  )
}

// --- Rules -----------------------------------------------------------------------------------------------------------

const CODE_EVENTS = 'code-events'
/** Of the 20 that a pipeline may have, one is for code events. */
const TRIGGERS_MAX = 19

function rulesOf({ schedules, codeEvents, concurrency }: PipelineDto): {
  readonly triggers: readonly JsonObject[]
  readonly concurrency: JsonObject | null
} {
  const lines = schedules.flatMap((schedule, index) => cronLines(schedule, `schedules[${index}]`))
  if (lines.length > TRIGGERS_MAX)
    throw new BadValue(`schedules: expected at most ${TRIGGERS_MAX} cron lines, found more`)
  const timed = lines.map(({ cron, timezone }, index) => ({ schedule: cron, timezone, name: `schedule-${index + 1}` }))
  return {
    triggers: [...timed, ...(codeEvents === null ? [] : [hookOf(codeEvents)])],
    concurrency: concurrency === null ? null : { limit: concurrency.limit, when_full: concurrency.whenFull },
  }
}

const hookOf = ({ signed }: CodeEvents): JsonObject => ({
  webhook: CODE_EVENTS,
  ...(signed === null ? {} : { signed }),
})
