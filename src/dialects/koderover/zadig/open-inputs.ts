import type { JsonObject } from '../../../model/json.ts'
import { objectOf, objectsOf, textOf } from '../fields.ts'
import { repositoriesOf, repositoryKey, variablesOf } from './custom-jobs.ts'

/** What `inputs[]` of a start by the public API ask of a custom workflow. */
interface Inputs {
  /** Jobs as a portal would send them. */
  readonly jobs: readonly JsonObject[]
  /** Names of the jobs that no input names: with any input those do not run. */
  readonly left: ReadonlySet<string>
  /** Keys and repositories that these jobs know. */
  readonly keys: ReadonlySet<string>
  readonly repositories: ReadonlySet<string>
}

/**
 * `{job_name, job_type, parameters}`, where parameters have `kv`, `repo_info`, `env_name` and lists of what is chosen.
 * Source: `UpdateJobSpec` of each input in aslan's `openapi.go`.
 */
export function readInputs(stands: JsonObject, inputs: readonly JsonObject[]): Inputs {
  const given = new Map(inputs.map((input) => [textOf(input, 'job_name'), objectOf(input, 'parameters')]))
  const all = objectsOf(stands, 'stages').flatMap((stage) => objectsOf(stage, 'jobs'))
  const asked = all.flatMap((job) => {
    const parameters = given.get(textOf(job, 'name'))
    return parameters === undefined ? [] : [{ job, spec: objectOf(job, 'spec'), parameters }]
  })
  const names = new Set(asked.map(({ job }) => textOf(job, 'name')))
  return {
    jobs: asked.map(({ job, spec, parameters }) => ({ ...job, skipped: false, spec: specOf(spec, parameters) })),
    left: new Set(given.size === 0 ? [] : all.map((job) => textOf(job, 'name')).filter((name) => !names.has(name))),
    keys: new Set(asked.flatMap(({ spec }) => variablesOf(spec).map(([key]) => key))),
    repositories: new Set(asked.flatMap(({ spec }) => repositoriesOf(spec).map(repositoryKey))),
  }
}

const LISTS = [
  { input: 'service_list', names: ['service_and_builds', 'service_and_images', 'services', 'targets'] },
  { input: 'target_list', names: ['targets'] },
  { input: 'testing_list', names: ['test_modules', 'service_and_tests'] },
  { input: 'scanning_list', names: ['scannings', 'service_and_scannings'] },
] as const

function specOf(stands: JsonObject, parameters: JsonObject): JsonObject {
  const pairs = pairsOf(parameters)
  const chosen = LISTS.flatMap(({ input, names }) => {
    const name = names.find((one) => Array.isArray(stands[one]))
    return name === undefined || !Array.isArray(parameters[input])
      ? []
      : [[name, objectsOf(parameters, input).map(choiceOf)] as const]
  })
  const properties = objectOf(stands, 'properties')
  return {
    ...stands,
    ...(Array.isArray(stands['envs']) ? { envs: pairs } : {}),
    ...(Array.isArray(properties['envs']) ? { properties: { ...properties, envs: pairs } } : {}),
    // Where they stand is told by what they are: in a step, or in the job.
    repos: objectsOf(parameters, 'repo_info'),
    steps: [],
    ...(textOf(parameters, 'env_name') === '' ? {} : { env: textOf(parameters, 'env_name') }),
    ...Object.fromEntries(chosen),
  }
}

const pairsOf = (part: JsonObject): readonly JsonObject[] => [...objectsOf(part, 'kv'), ...objectsOf(part, 'inputs')]

const choiceOf = (one: JsonObject): JsonObject => ({
  ...one,
  name: textOf(one, 'testing_name') || textOf(one, 'scanning_name') || textOf(one, 'name'),
  image: textOf(one, 'image') || textOf(one, 'image_name'),
  key_vals: pairsOf(one),
  repos: objectsOf(one, 'repo_info'),
})
