import type { Json, JsonObject } from '../../../model/json.ts'
import { STARS } from '../credentials.ts'
import { flagOf, objectOf, objectsOf, textOf } from '../fields.ts'
import {
  CHOICES,
  FIXED,
  isLeftOut,
  pullsOf,
  refersTo,
  repositoriesOf,
  repositoryKey,
  servicesOf,
  withReferred,
} from './custom-jobs.ts'
import { jobsIn } from './custom-body.ts'

/**
 * A custom workflow as somebody starts it: what stands, with what a start may change of it. That is what is chosen of a
 * job (services, tests, scans), values of variables, refs of repositories, where to deploy to, and which jobs are left
 * out; all else of what comes is what stands. Source: `UpdateWithLatestWorkflow` of aslan's controller, `Update` of its
 * jobs, `applyRepos` and `applyKeyVals`.
 */
export interface Started {
  readonly body: JsonObject
  /** Names of the jobs that do not run. */
  readonly skipped: ReadonlySet<string>
}

/** @param given params, of which those that are repositories are of its body. @returns as text, what is wrong with it. */
export function startedWorkflow(
  stands: JsonObject,
  sent: readonly JsonObject[],
  given: readonly JsonObject[],
): Started | string {
  const asked = new Map(sent.map((job) => [textOf(job, 'name'), job]))
  const skipped = new Set<string>()
  const faults: string[] = []
  const jobOf = (job: JsonObject): JsonObject => {
    const name = textOf(job, 'name')
    const other = asked.get(name)
    // One that the client does not know yet, or knows as something else, is as it stands.
    if (other === undefined || textOf(other, 'type') !== textOf(job, 'type')) return job
    const isSkipped = flagOf(other, 'skipped') === true
    if (isSkipped && textOf(job, 'run_policy') === 'force_run')
      faults.push(`job ${name} skipped, but the run policy is set to force run`)
    const spec = isSkipped ? objectOf(job, 'spec') : specOf(objectOf(job, 'spec'), objectOf(other, 'spec'))
    if (typeof spec === 'string') {
      faults.push(`job ${name}: ${spec}`)
      return job
    }
    if (isSkipped || isIdle(objectOf(job, 'spec'), spec)) skipped.add(name)
    const isTaken = isLeftOut(job) && !isSkipped
    return { ...job, ...(isTaken ? { skipped: false, run_policy: '' } : {}), spec }
  }
  const stages = objectsOf(stands, 'stages').map((stage) => ({ ...stage, jobs: objectsOf(stage, 'jobs').map(jobOf) }))
  const [fault] = faults
  if (fault !== undefined) return fault
  const params = objectsOf(stands, 'params').map((param) => withRepository(param, given))
  const body = { ...stands, ...(params.length === 0 ? {} : { params }), stages }
  // Where nothing is chosen of the job that it has its services from, it has nothing to do.
  const [before, now] = [withReferred(jobsIn(stands)), withReferred(jobsIn(body))]
  for (const [place, job] of now.entries()) {
    const isIdleNow = refersTo(objectOf(job, 'spec')) !== undefined && servicesOf(job).length === 0
    if (isIdleNow && servicesOf(before[place] ?? {}).length > 0) skipped.add(textOf(job, 'name'))
  }
  return { body, skipped }
}

function withRepository(param: JsonObject, given: readonly JsonObject[]): JsonObject {
  const sent = given.find((one) => textOf(one, 'name') === textOf(param, 'name'))
  if (textOf(param, 'type') !== 'repo' || sent === undefined) return param
  const [repo = {}] = withRefs([objectOf(param, 'repo')], [objectOf(sent, 'repo')])
  return { ...param, repo }
}

/** There was something to choose from, and nothing was chosen. */
const isIdle = (stands: JsonObject, now: JsonObject): boolean =>
  refersTo(stands) === undefined &&
  CHOICES.some(({ name, options }) => {
    const isThere = objectsOf(stands, name).length > 0 || (options !== null && objectsOf(stands, options).length > 0)
    return isThere && objectsOf(now, name).length === 0
  })

function specOf(stands: JsonObject, sent: JsonObject): JsonObject | string {
  const repositories = repositoriesOf(sent)
  const merged: Record<string, Json> = { ...stands }
  for (const { name, options, key, word } of CHOICES) {
    if (!Array.isArray(sent[name]) || refersTo(stands) !== undefined) continue
    const all = [...(options === null ? [] : objectsOf(stands, options)), ...objectsOf(stands, name)]
    // Where nothing stands to choose from, as in a deployment of what was built before, anything goes but a build.
    const isFree = all.length === 0 && name !== 'service_and_builds'
    const chosen: JsonObject[] = []
    for (const one of objectsOf(sent, name)) {
      const option = all.find((other) => key.every((part) => textOf(other, part) === textOf(one, part)))
      if (option === undefined && !isFree) return `${keyOf(one, key)} is not in the configured ${word} list`
      chosen.push(choiceOf(option ?? named(one, key), one))
    }
    merged[name] = chosen
  }
  if (Array.isArray(stands['repos'])) merged['repos'] = withRefs(objectsOf(stands, 'repos'), repositories)
  if (Array.isArray(stands['steps']))
    merged['steps'] = objectsOf(stands, 'steps').map((step) => fetching(step, repositories))
  if (Array.isArray(stands['envs'])) merged['envs'] = withValues(objectsOf(stands, 'envs'), objectsOf(sent, 'envs'))
  const properties = objectOf(stands, 'properties')
  if (Array.isArray(properties['envs'])) {
    const given = objectsOf(objectOf(sent, 'properties'), 'envs')
    merged['properties'] = { ...properties, envs: withValues(objectsOf(properties, 'envs'), given) }
  }
  const [env, asked] = [textOf(stands, 'env'), textOf(sent, 'env')]
  const isFixed = env.startsWith(FIXED) || textOf(stands, 'env_source') === 'fixed'
  if (asked !== '' && !isFixed) merged['env'] = asked
  return conflictOf(merged) ?? merged
}

const keyOf = (one: JsonObject, key: readonly string[]): string =>
  key
    .map((part) => textOf(one, part).slice(0, 64))
    .filter((part) => part !== '')
    .join('/')

/** What tells it from others, and no more: what a job runs, fetches and is told beside is the workflow's. */
const named = (one: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(names.flatMap((name) => (textOf(one, name) === '' ? [] : [[name, textOf(one, name)] as const])))

const MODULE = ['service_name', 'service_module', 'image', 'image_name'] as const

const TEXTS = ['image', 'package', 'source_image', 'source_tag', 'target_image', 'target_tag'] as const

function choiceOf(stands: JsonObject, sent: JsonObject): JsonObject {
  const texts = TEXTS.flatMap((name) => (textOf(sent, name) === '' ? [] : [[name, textOf(sent, name)] as const]))
  const { key_vals: pairs, repos } = stands
  return {
    ...stands,
    ...Object.fromEntries(texts),
    ...(Array.isArray(pairs)
      ? { key_vals: withValues(objectsOf(stands, 'key_vals'), objectsOf(sent, 'key_vals')) }
      : {}),
    ...(Array.isArray(repos) ? { repos: withRefs(objectsOf(stands, 'repos'), objectsOf(sent, 'repos')) } : {}),
    ...(Array.isArray(sent['modules']) ? { modules: objectsOf(sent, 'modules').map((one) => named(one, MODULE)) } : {}),
  }
}

/** What is fixed, or refers to something else, stays; so does a secret that comes as it is shown. */
const withValues = (stands: readonly JsonObject[], sent: readonly JsonObject[]): readonly JsonObject[] =>
  stands.map((pair) => {
    const given = sent.find((one) => textOf(one, 'key') === textOf(pair, 'key'))
    const isOwn = ['fixed', 'reference'].includes(textOf(pair, 'source')) || textOf(pair, 'value').startsWith(FIXED)
    if (given === undefined || isOwn || given['value'] === STARS) return pair
    const several = given['choice_value']
    const isSeveral = textOf(pair, 'type') === 'multi-select' && Array.isArray(several)
    const value = textOf(given, 'value') || (isSeveral ? several.map(String).join(',') : '')
    return { ...pair, value, ...(isSeveral ? { choice_value: several } : {}) }
  })

const REFS = ['branch', 'tag', 'pr', 'prs'] as const

/** A commit is what its branch has then, unless nothing else of the repository is asked for. */
const withRefs = (stands: readonly JsonObject[], sent: readonly JsonObject[]): readonly JsonObject[] =>
  stands.map((repository) => {
    const given = sent.find((one) => repositoryKey(one) === repositoryKey(repository))
    if (given === undefined) return repository
    const isSame = [...REFS, 'commit_id' as const].every((name) => said(repository[name]) === said(given[name]))
    if (isSame) return repository
    const refs = Object.fromEntries(REFS.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])))
    const isNamed = textOf(given, 'branch') !== '' || textOf(given, 'tag') !== '' || pullsOf(given).length > 0
    const none = { branch: '', tag: '', pr: 0, prs: [] }
    return { ...repository, ...none, ...refs, commit_id: isNamed ? '' : textOf(given, 'commit_id') }
  })

/** Zeros of Go are the same as nothing. */
const said = (value: Json | undefined): string =>
  value === undefined || value === null || value === 0 || (Array.isArray(value) && value.length === 0)
    ? ''
    : JSON.stringify(value).replace(/^""$/, '')

const fetching = (step: JsonObject, sent: readonly JsonObject[]): JsonObject => {
  const spec = objectOf(step, 'spec')
  if (textOf(step, 'type') !== 'git' || !Array.isArray(spec['repos'])) return step
  return { ...step, spec: { ...spec, repos: withRefs(objectsOf(spec, 'repos'), sent) } }
}

/** One job is one task here: what its services want otherwise, it cannot have both ways. */
function conflictOf(spec: JsonObject): string | undefined {
  const chosen = CHOICES.flatMap(({ name }) => objectsOf(spec, name))
  const values = new Map<string, string>()
  for (const pair of chosen.flatMap((one) => objectsOf(one, 'key_vals'))) {
    const [key, value] = [textOf(pair, 'key'), textOf(pair, 'value')]
    if ((values.get(key) ?? value) !== value) return `its services want different values of ${key.slice(0, 64)}`
    values.set(key, value)
  }
  const refs = new Map<string, string>()
  const all = [...objectsOf(spec, 'repos'), ...chosen.flatMap((one) => objectsOf(one, 'repos'))]
  for (const repository of all) {
    const name = textOf(repository, 'repo_name').slice(0, 64)
    if (pullsOf(repository).length > 1) return `of repository ${name} one pull request can be built at a time`
    const [key, ref] = [repositoryKey(repository), REFS.map((part) => said(repository[part])).join()]
    if ((refs.get(key) ?? ref) !== ref) return `its services want repository ${name} at different refs`
    refs.set(key, ref)
  }
  return undefined
}
