import type { TaskRole } from '../../../model/definition.ts'
import type { JsonObject } from '../../../model/json.ts'
import { asName, isAddress, PLAIN_BASH, repositoryScript, type TaskText, wrapped } from '../definition-text.ts'
import { flagOf, integerOf, objectOf, objectsOf, textOf } from '../fields.ts'
import { handedOn, scripted, templated, type Variables } from './variables.ts'

/** Jobs of custom workflows, of whatever release: what they are about, and the tasks that are made of them. */

interface Kind {
  readonly role: TaskRole
  /** What runs when the job has no commands of its own; null: nothing. */
  readonly script: Parameters<typeof repositoryScript>[0] | null
}
/** What asks another system of theirs (jira, nacos, istio...) does nothing here. */
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['freestyle', { role: 'other', script: null }],
  ['zadig-build', { role: 'build', script: 'build' }],
  ['zadig-deploy', { role: 'deploy', script: 'deploy' }],
  ['custom-deploy', { role: 'deploy', script: 'deploy' }],
  ['zadig-helm-chart-deploy', { role: 'deploy', script: 'deploy' }],
  ['zadig-test', { role: 'test', script: 'test' }],
  ['zadig-scanning', { role: 'check', script: 'security' }],
  ['zadig-distribute-image', { role: 'distribute', script: 'distribute' }],
])

/** What a job does its work for, one by one. */
interface ChoiceList {
  /** The list in the job's `spec`. */
  readonly name: string
  /** What all of it that there is to choose from is called, where that is another list. */
  readonly options: string | null
  /** What tells one of it from the others. */
  readonly key: readonly string[]
  /** What it is called there. */
  readonly word: string
  /** The variable that tells the job's commands of it. */
  readonly variable: 'SERVICE' | 'TEST' | 'SCANNING'
}
const BY_MODULE = { key: ['service_name', 'service_module'], variable: 'SERVICE' } as const
const BY_NAME = { key: ['project_name', 'name'] } as const
export const CHOICES: readonly ChoiceList[] = [
  { ...BY_MODULE, name: 'service_and_builds', options: 'service_and_builds_options', word: 'service build' },
  { ...BY_MODULE, name: 'service_and_images', options: null, word: 'service' },
  { ...BY_MODULE, name: 'services', options: null, word: 'service' },
  { ...BY_MODULE, name: 'targets', options: 'target_options', word: 'target', key: [...BY_MODULE.key, 'target'] },
  { ...BY_MODULE, name: 'service_and_tests', options: 'service_test_options', word: 'service test' },
  { ...BY_MODULE, name: 'service_and_scannings', options: 'service_scanning_options', word: 'service scanning' },
  { ...BY_NAME, name: 'test_modules', options: 'test_module_options', word: 'test', variable: 'TEST' },
  { ...BY_NAME, name: 'scannings', options: 'scanning_options', word: 'scanning', variable: 'SCANNING' },
]

/** The annotation of a task that fetches a repository: the name of the job that it fetches for. */
export const FETCHES = 'koderover/fetches_for'

/** The annotation of a job whose failure waits for a person's word. */
export const MANUAL_CHECK = 'koderover/manual_check'
/** How long it waits at the most. */
const MANUAL_WAIT = '366d'
const RETRIES_MAX = 100

/** `models.JobErrorPolicy`, from 2.3 on; a retry waits for ten seconds there, too. */
export function onError(job: JsonObject): Pick<TaskText, 'retry' | 'on_failure' | 'annotations'> {
  const given = objectOf(job, 'error_policy')
  const policy = textOf(given, 'policy')
  const max = Math.min(Math.max(0, integerOf(given, 'maximum_retry')), RETRIES_MAX)
  if (policy === 'retry' && max > 0) return { retry: { max, delay: '10s', max_delay: '10s', jitter: 0 } }
  if (policy === 'ignore_error') return { on_failure: 'continue' }
  if (policy !== 'manual_check') return {}
  return { on_failure: { policy: 'hold', expire: MANUAL_WAIT }, annotations: { [MANUAL_CHECK]: 'true' } }
}

/** The same for what fetches for it: there it is a part of the job. A person is asked about the work itself alone. */
const whereFetching = ({ retry, on_failure }: Pick<TaskText, 'retry' | 'on_failure'>): Partial<TaskText> => ({
  ...(retry === undefined ? {} : { retry }),
  ...(on_failure === 'continue' ? { on_failure } : {}),
})

/** Whether it runs only when a start asks for it. */
export const isLeftOut = (job: JsonObject): boolean =>
  flagOf(job, 'skipped') === true || ['default_not_run', 'skip'].includes(textOf(job, 'run_policy'))

/** A value that was said to be fixed, without the mark of that. */
export const FIXED = '<+fixed>'
const plain = (text: string): string => (text.startsWith(FIXED) ? text.slice(FIXED.length) : text)

/** What is chosen of a job, module by module where a service has several. */
const chosenOf = (spec: JsonObject, { name }: ChoiceList): readonly JsonObject[] =>
  objectsOf(spec, name).flatMap((one) => {
    const modules = objectsOf(one, 'modules')
    return modules.length === 0 ? [one] : modules.map((module) => ({ ...one, ...module }))
  })

/** The services that a job is for, module by module. */
const servicesIn = (spec: JsonObject): readonly JsonObject[] =>
  CHOICES.flatMap((list) => (list.variable === 'SERVICE' ? chosenOf(spec, list) : []))

/** The name of the job whose services are those of this one; undefined: it has its own. */
export const refersTo = (spec: JsonObject): string | undefined =>
  textOf(spec, 'source') === 'fromjob' || textOf(spec, 'service_source') === 'fromjob'
    ? textOf(spec, 'job_name')
    : undefined

/**
 * The jobs of a workflow, in their order: one whose `source` is `fromjob` has the services of the job before it that it
 * names, and what that one has built of them; what it says itself of one of them stays. Source: `getReferredJobTargets`
 * of aslan's jobs.
 */
export function withReferred(jobs: readonly JsonObject[]): readonly JsonObject[] {
  const known = new Map<string, JsonObject>()
  return jobs.map((job) => {
    const other = known.get(refersTo(objectOf(job, 'spec')) ?? '')
    const whole = other === undefined ? job : withServicesOf(job, other)
    known.set(textOf(job, 'name'), whole)
    return whole
  })
}

function withServicesOf(job: JsonObject, other: JsonObject): JsonObject {
  const spec = objectOf(job, 'spec')
  const isBuilt = textOf(other, 'type') === 'zadig-build'
  const known = new Map(servicesOf(job).map((service) => [moduleKey(service), service]))
  const services = servicesOf(other).map((service) => ({
    service_name: textOf(service, 'service_name'),
    service_module: textOf(service, 'service_module'),
    ...known.get(moduleKey(service)),
    image: isBuilt ? `{{.job.${textOf(other, 'name')}.output.IMAGE}}` : imageOf(service),
  }))
  const lists = CHOICES.filter(({ variable }) => variable === 'SERVICE').map((list) => list.name)
  const rest = Object.entries(spec).filter(([field]) => !lists.includes(field))
  return { ...job, spec: { ...Object.fromEntries(rest), service_and_images: services } }
}

const moduleKey = (service: JsonObject): string => JSON.stringify(BY_MODULE.key.map((part) => textOf(service, part)))

/** What a job is for; @param job as {@link withReferred} gives it. */
export const servicesOf = (job: JsonObject): readonly JsonObject[] => servicesIn(objectOf(job, 'spec'))

const calledBy = (one: JsonObject): string =>
  textOf(one, 'service_module') || textOf(one, 'service_name') || textOf(one, 'name')

/** Repositories of a job, in its own words and in those of what is chosen of it; each once. */
export function repositoriesOf(spec: JsonObject): readonly JsonObject[] {
  const all = [
    ...objectsOf(spec, 'steps').flatMap((step) =>
      textOf(step, 'type') === 'git' ? objectsOf(objectOf(step, 'spec'), 'repos') : [],
    ),
    ...objectsOf(spec, 'repos'),
    ...CHOICES.flatMap((list) => chosenOf(spec, list)).flatMap((one) => objectsOf(one, 'repos')),
  ]
  const known = new Set<string>()
  return all.filter((repository) => {
    const key = repositoryKey(repository)
    return !known.has(key) && known.add(key)
  })
}

export const repositoryKey = (repository: JsonObject): string =>
  `${textOf(repository, 'repo_namespace') || textOf(repository, 'repo_owner')}/${textOf(repository, 'repo_name')}`

/** Key and value of all that a job's commands are told. */
export function variablesOf(spec: JsonObject): readonly (readonly [string, string])[] {
  const chosen = CHOICES.map((list) => [list, chosenOf(spec, list)] as const)
  const all = chosen.flatMap(([, some]) => some)
  const about = (['SERVICE', 'TEST', 'SCANNING'] as const).map((variable) => {
    const names = chosen.flatMap(([list, some]) => (list.variable === variable ? some.map(calledBy) : []))
    return [variable, [...new Set(names.filter((name) => name !== ''))].join(' ')] as const
  })
  const image = all.length === 1 ? imageOf(all[0] ?? {}) : ''
  const own = [
    ...objectsOf(objectOf(spec, 'properties'), 'envs'),
    ...objectsOf(spec, 'envs'),
    ...all.flatMap((one) => objectsOf(one, 'key_vals')),
  ]
  return [
    ...[...about, ['ENV_NAME', plain(textOf(spec, 'env'))] as const, ['IMAGE', image] as const].filter(
      ([, value]) => value !== '',
    ),
    ...own.map((pair) => [textOf(pair, 'key'), plain(textOf(pair, 'value'))] as const).filter(([key]) => key !== ''),
  ]
}

/** What every job is told: `PrepareDefaultWorkflowTaskEnvs`, and of services `getBuildJobVariables` of aslan. */
function defaultsOf(spec: JsonObject, variables: Variables): Readonly<Record<string, string>> {
  const services = servicesIn(spec)
  const all = (name: string): string =>
    [...new Set(services.map((one) => textOf(one, name)))].filter((text) => text !== '').join(' ')
  const about = { SERVICE_NAME: all('service_name'), SERVICE_MODULE: all('service_module') }
  const texts = { PROJECT: variables.facts.get('project') ?? '', WORKFLOW: variables.facts.get('workflow.id') ?? '' }
  const known = Object.entries({ ...texts, ...about }).filter(([, value]) => value !== '')
  return {
    CI: 'true',
    ZADIG: 'true',
    TASK_ID: templated('{{.workflow.task.id}}', variables),
    ...Object.fromEntries(known.map(([name, value]) => [name, templated(value, variables)])),
  }
}

/** `getReposVariables`: its digits in front are letters, as no variable begins with one. */
function repositoryVariables(
  repositories: readonly JsonObject[],
  fetches: readonly TaskText[],
  job: string,
  variables: Variables,
): Readonly<Record<string, string>> {
  const env: Record<string, string> = {}
  for (const [place, repository] of repositories.entries()) {
    const name = textOf(repository, 'repo_name')
    const called = name
      .replace(/^\d+/, (digits) => digits.replaceAll(/\d/g, (digit) => 'ABCDEFGHIJ'[Number(digit)] ?? ''))
      .replaceAll(/[-.]/g, '_')
    if (!/^[A-Za-z_]\w{0,63}$/.test(called)) continue
    const fetch = `${job}-fetch-${place + 1}`
    const isFetched = fetches.some(({ key }) => key === fetch)
    const texts = {
      [`REPONAME_${place}`]: name,
      [`REPO_${place}`]: called,
      [`${called}_BRANCH`]: textOf(repository, 'branch'),
      [`${called}_TAG`]: textOf(repository, 'tag'),
      [`${called}_PR`]: pullsOf(repository).join(','),
      [`${called}_ORG`]: isAddress(textOf(repository, 'repo_owner')) ? '' : textOf(repository, 'repo_owner'),
      [`${called}_COMMIT_ID`]: isFetched ? '' : textOf(repository, 'commit_id'),
    }
    for (const [key, value] of Object.entries(texts)) if (value !== '') env[key] = templated(value, variables)
    if (isFetched) env[`${called}_COMMIT_ID`] = `\${{ tasks.${fetch}.outputs.commit }}`
  }
  return env
}

export const imageOf = (one: JsonObject): string =>
  textOf(one, 'image') || textOf(one, 'source_image') || textOf(one, 'target_image')

/** The repositories of a job that say where they are, and the job. */
export function jobTasks(job: JsonObject, needs: readonly string[], variables: Variables): readonly TaskText[] {
  const [key, type, spec] = [textOf(job, 'name'), textOf(job, 'type'), objectOf(job, 'spec')]
  const kind = KINDS.get(type) ?? { role: 'other', script: null }
  const repositories = repositoriesOf(spec)
  const { annotations, ...policy } = onError(job)
  const fetches = repositories
    .flatMap((repository, place) => fetchTask(repository, key, place, needs, variables))
    .map((fetch) => ({ ...fetch, ...whereFetching(policy) }))
  const script = scripted(wrapped(scriptOf(spec)), variables)
  const folders = fetches.map((fetch) => textOf(fetch.with ?? {}, 'path')).filter((path) => path !== 'source')
  const outputs = handedOn(outputsOf(spec, kind.role))
  const commands = [PLAIN_BASH, script.text, ...(outputs === '' ? [] : [outputs, ''])].join('\n')
  const text = script.text !== '' ? commands : kind.script === null ? '' : repositoryScript(kind.script, folders)
  const minutes =
    settingsOf(spec)
      .map((part) => integerOf(part, 'timeout'))
      .find((timeout) => timeout > 0) ?? 0
  const known = { ...annotations, ...annotated(spec, repositories[0]) }
  const own: TaskText = {
    key,
    name: key,
    role: kind.role,
    ...(text === ''
      ? { uses: 'noop' }
      : { uses: 'script', with: { shell: 'bash', script: text }, ...(minutes > 0 ? { timeout: `${minutes}m` } : {}) }),
    env: {
      ...defaultsOf(spec, variables),
      ...repositoryVariables(repositories, fetches, key, variables),
      ...Object.fromEntries(variablesOf(spec).map(([name, value]) => [name, templated(value, variables)])),
      ...(script.text === '' ? {} : script.env),
    },
    needs: [...needs, ...fetches.map((fetch) => fetch.key)],
    // Without its code it has nothing to do, also where that is passed over.
    ...(policy.on_failure === 'continue' && fetches.length > 0
      ? { when: fetches.map((fetch) => `tasks.${fetch.key}.status == 'succeeded'`).join(' and ') }
      : {}),
    ...policy,
    ...(Object.keys(known).length === 0 ? {} : { annotations: known }),
  }
  return [...fetches, own]
}

/** What answers tell of a job. */
function annotated(spec: JsonObject, repository: JsonObject = {}): Readonly<Record<string, string>> {
  const services = servicesIn(spec)
  const owner = textOf(repository, 'repo_owner')
  const facts = {
    'koderover/service_name': services.length === 1 ? calledBy(services[0] ?? {}) : '',
    'koderover/deploy_env': plain(textOf(spec, 'env')),
    // An address may have a credential in it, and is told from where it is fetched.
    'koderover/repo_owner': isAddress(owner) ? '' : owner,
    'koderover/repo_name': isAddress(owner) ? '' : textOf(repository, 'repo_name'),
    'koderover/branch': textOf(repository, 'branch'),
  }
  // What is filled in later is told by what it was filled in with.
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== '' && !value.includes('{{.')))
}

/** A step of its own until 3.x, a field of the job from then on. */
const scriptOf = (spec: JsonObject): string =>
  [
    ...objectsOf(spec, 'steps')
      .filter((step) => textOf(step, 'type') === 'shell')
      .map((step) => textOf(objectOf(step, 'spec'), 'script') || textsOf(objectOf(step, 'spec'), 'scripts').join('\n')),
    textOf(spec, 'script'),
  ]
    .filter((text) => text !== '')
    // Each is a script of its own there: one that fails ends the job.
    .join('\n(exit $?) || exit $?\n')

/** Where a job has its time limit and its outputs: in another place in each of its releases. */
const settingsOf = (spec: JsonObject): readonly JsonObject[] => [
  ...['properties', 'advanced_setting', 'advanced_settings'].map((name) => objectOf(spec, name)),
  spec,
]

/** Names of what a job hands on: what it says, and of a build its image and package. */
const outputsOf = (spec: JsonObject, role: TaskRole): readonly string[] => [
  ...new Set([
    ...settingsOf(spec).flatMap((part) => objectsOf(part, 'outputs').map((output) => textOf(output, 'name'))),
    ...(role === 'build' ? ['IMAGE', 'PKG_FILE'] : []),
  ]),
]

const textsOf = (value: JsonObject, name: string): readonly string[] => {
  const list = value[name]
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : []
}

function fetchTask(
  repository: JsonObject,
  job: string,
  place: number,
  needs: readonly string[],
  variables: Variables,
): readonly TaskText[] {
  const [owner, name, address] = [
    textOf(repository, 'repo_owner'),
    textOf(repository, 'repo_name'),
    textOf(repository, 'address'),
  ]
  const base = isAddress(address) ? `${address.replace(/(?<!\/)\/+$/, '')}/` : ''
  if (name === '' || (base === '' && !isAddress(owner))) return []
  const path = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name) ? name : 'source'
  const url = templated(`${base}${owner}/${name}`, variables)
  const where = { url, ref: templated(refOf(repository), variables), path }
  const annotations = { [FETCHES]: job }
  const key = `${job}-fetch-${place + 1}`
  return [{ key, name: asName(`fetch ${name}`, 'fetch'), role: 'source', uses: 'git', with: where, needs, annotations }]
}

/** A commit, a pull request, a tag or a branch: the first that is said. */
function refOf(repository: JsonObject): string {
  const [pull] = pullsOf(repository)
  const commit = flagOf(repository, 'enable_commit') === false ? '' : textOf(repository, 'commit_id')
  const requests = textOf(repository, 'source') === 'gitlab' ? 'merge-requests' : 'pull'
  const request = pull === undefined ? '' : `refs/${requests}/${pull}/head`
  return commit || request || textOf(repository, 'tag') || textOf(repository, 'branch') || 'HEAD'
}

/** Numbers of the pull requests that are asked for together. */
export function pullsOf(repository: JsonObject): readonly number[] {
  const { prs } = repository
  const list = Array.isArray(prs) ? prs.filter((one) => typeof one === 'number' && one > 0) : []
  const single = integerOf(repository, 'pr')
  return (list as readonly number[]).length > 0 || single <= 0 ? (list as readonly number[]) : [single]
}
