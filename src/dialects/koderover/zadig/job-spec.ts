import type { Json, JsonObject } from '../../../model/json.ts'
import type { RunView, TaskView } from '../../../model/view.ts'
import { STARS } from '../credentials.ts'
import { flagOf, integerOf, objectOf, objectsOf, textOf } from '../fields.ts'
import { jobsIn, repositoryParams, withRepositories } from './custom-body.ts'
import { imageOf, repositoriesOf, withReferred } from './custom-jobs.ts'
import { REPOSITORY } from './struct-fields.ts'

/** What a job of a custom workflow says of itself, as the `spec` of a job of a task tells it: `jobsToJobPreviews` of aslan. */

interface Seen {
  readonly task: TaskView
  /** What fetches for it. */
  readonly fetches: readonly TaskView[]
  readonly run: RunView
  /** The values of the run's params as they may be shown. */
  readonly params: ReadonlyMap<string, string>
}

/** The jobs of a workflow by their names, with the services and the repositories that they name. */
export function wholeJobs(body: JsonObject): ReadonlyMap<string, JsonObject> {
  const stages = withRepositories(body['stages'] ?? [], repositoryParams(body))
  return new Map(withReferred(jobsIn({ stages })).map((job) => [textOf(job, 'name'), job]))
}

/** The fields that the job itself tells; @param job one of {@link wholeJobs}. */
export function saidSpec(job: JsonObject, seen: Seen): JsonObject {
  if (textOf(job, 'type') === '') return {}
  const own = objectOf(job, 'spec')
  const services = chosen(own, SERVICES)
  const text = (value: string): string => filledIn(value, seen.params)
  const names = (list: readonly JsonObject[], name: string): string =>
    [...new Set(list.map((one) => textOf(one, name)))].join(',')
  const images = services.map((service) => ({
    service_name: textOf(service, 'service_name'),
    service_module: textOf(service, 'service_module'),
    image: builtIn(imageOf(service), seen.run) ?? text(imageOf(service)),
  }))
  const repos = repositoriesOf(own).map((repository, place) => presentRepository(repository, place, seen))
  const [target = {}] = objectsOf(own, 'targets')
  const told: Record<string, Json> = {
    repos,
    envs: envsOf(own).map((pair) => presentPair(pair, text)),
    service_name: names(services, 'service_name'),
    service_module: names(services, 'service_module'),
    service_and_images: images,
    env: text(textOf(own, 'env').replace(/^<\+fixed>/, '')),
    production: flagOf(own, 'production') === true,
    service_type: textOf(own, 'deploy_type'),
    deploy_contents: own['deploy_contents'] ?? [],
    skip_check_run_status: flagOf(own, 'skip_check_run_status') === true,
    test_name: names(objectsOf(own, 'test_modules'), 'name'),
    test_type: textOf(own, 'test_type'),
    scanning_name: names(objectsOf(own, 'scannings'), 'name'),
    scanning_type: textOf(own, 'scanning_type'),
    namespace: textOf(own, 'namespace'),
    timeout: integerOf(own, 'timeout'),
    target: textOf(target, 'target'),
    ...(textOf(job, 'type') === 'custom-deploy' ? { image: text(textOf(target, 'image')) } : {}),
  }
  // What it does not say is told by what else is known.
  return Object.fromEntries(
    Object.entries(told).filter(([, value]) => value !== '' && !(Array.isArray(value) && value.length === 0)),
  )
}

const SERVICES = ['service_and_builds', 'service_and_images', 'services', 'service_and_tests', 'service_and_scannings']
const TOLD = [...SERVICES, 'test_modules', 'scannings']

const chosen = (spec: JsonObject, lists: readonly string[]): readonly JsonObject[] =>
  lists
    .flatMap((list) => objectsOf(spec, list))
    .flatMap((one) => {
      const modules = objectsOf(one, 'modules')
      return modules.length === 0 ? [one] : modules.map((module) => ({ ...one, ...module }))
    })

const envsOf = (spec: JsonObject): readonly JsonObject[] => [
  ...objectsOf(objectOf(spec, 'properties'), 'envs'),
  ...objectsOf(spec, 'envs'),
  ...chosen(spec, TOLD).flatMap((one) => objectsOf(one, 'key_vals')),
]

const presentPair = (pair: JsonObject, text: (value: string) => string): JsonObject => {
  const isSecret = flagOf(pair, 'is_credential') === true
  const value = isSecret ? STARS : text(textOf(pair, 'value').replace(/^<\+fixed>/, ''))
  return { type: 'string', ...pair, key: textOf(pair, 'key'), value, is_credential: isSecret }
}

/** With the commit that was fetched. */
function presentRepository(repository: JsonObject, place: number, { task, fetches, params }: Seen): JsonObject {
  const commit = fetches.find(({ key }) => key === `${task.key}-fetch-${place + 1}`)?.outputs['commit']
  const owner = textOf(repository, 'repo_owner')
  return {
    ...REPOSITORY,
    repo_namespace: owner,
    ...repository,
    branch: filledIn(textOf(repository, 'branch'), params),
    commit_id: typeof commit === 'string' ? commit : textOf(repository, 'commit_id'),
  }
}

/** The image that a job before has built, where it is asked for. */
function builtIn(image: string, run: RunView): string | undefined {
  const [, job] = /^\{\{\.job\.([a-z0-9-]+)\.output\.IMAGE\}\}$/.exec(image) ?? []
  if (job === undefined) return undefined
  const built = run.stages.flatMap(({ tasks }) => tasks).find(({ key }) => key === job)?.outputs['IMAGE']
  return typeof built === 'string' ? built : ''
}

/** Params as they were at the start; what only the job itself has seen is not told. */
const filledIn = (text: string, params: ReadonlyMap<string, string>): string =>
  text.replaceAll(/\{\{\.([\w.-]+)\}\}/g, (_, name: string) => {
    const [, param] = /^workflow\.params\.(.+)$/.exec(name) ?? []
    return (param === undefined ? undefined : params.get(param)) ?? ''
  })
