import type { TaskRole } from '../../../model/definition.ts'
import type { JsonObject } from '../../../model/json.ts'
import { flagOf, textOf } from '../fields.ts'
import { GATE } from './custom-workflow.ts'

/** Which jobs of a workflow a start asks for. Source: `CreateCustomWorkflowTask` and `CreateWorkflowTaskV4` of aslan. */

/** A definition, or the text of one. */
interface Chosable {
  readonly name: string
  readonly stages: readonly { readonly tasks: readonly Task[] }[]
}
interface Task {
  readonly key: string
  readonly name: string
  readonly role: TaskRole
  readonly needs?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
}

const isGate = ({ annotations }: Task): boolean => annotations?.[GATE] !== undefined

/** Keys of the tasks of these jobs: with what fetches for them, and the approval of each stage that has one of them. */
const tasksOf = ({ stages }: Chosable, isWanted: (job: Task) => boolean): readonly string[] =>
  stages.flatMap(({ tasks }) => {
    const jobs = tasks.filter((task) => !isGate(task) && task.role !== 'source' && isWanted(task))
    const needs = new Set(jobs.flatMap((job) => job.needs ?? []))
    const theirs = tasks.filter((task) => isGate(task) || (task.role === 'source' && needs.has(task.key)))
    return jobs.length === 0 ? [] : [...theirs, ...jobs].map(({ key }) => key)
  })

/**
 * `inputs[]` of the public API name the jobs that run; without any all of them do.
 * @returns in words, why nothing would run.
 */
export function namedJobs(definition: Chosable, inputs: readonly JsonObject[]): Chosen {
  const names = new Set(inputs.map((input) => textOf(input, 'job_name')).filter((name) => name !== ''))
  if (names.size === 0) return undefined
  return someOf(
    definition,
    tasksOf(definition, ({ key, name }) => names.has(key) || names.has(name)),
  )
}

/** Names of the `skipped` jobs of a workflow that is started as a client has changed it. */
export const skippedIn = (jobs: readonly JsonObject[]): ReadonlySet<string> =>
  new Set(jobs.filter((job) => flagOf(job, 'skipped') === true).map((job) => textOf(job, 'name')))

/** Jobs of these names do not run. */
export function unskipped(definition: Chosable, skipped: ReadonlySet<string>): Chosen {
  if (!definition.stages.some(({ tasks }) => tasks.some(({ key }) => skipped.has(key)))) return undefined
  return someOf(
    definition,
    tasksOf(definition, ({ key }) => !skipped.has(key)),
  )
}

/** undefined: all of them. */
type Chosen = readonly string[] | string | undefined

const someOf = ({ name }: Chosable, keys: readonly string[]): Chosen =>
  keys.length === 0 ? `no stage found in workflow task: ${name}` : keys
