import type { JsonObject } from '../../../model/json.ts'
import { flagOf, objectOf, objectsOf, textOf } from '../fields.ts'
import { imageOf, servicesOf, withReferred } from './custom-jobs.ts'
import { jobsIn } from './custom-body.ts'

/**
 * What jobs of a custom workflow say of themselves before they run, by the names of Zadig's variables:
 * `{{.job.build.SERVICES}}`. The texts may hold variables themselves. Source: `getWorkflowStageParams` of aslan's
 * controller, and `GetVariableList` of a freestyle job.
 */
export function saidByJobs(body: JsonObject): ReadonlyMap<string, string> {
  return new Map(
    withReferred(jobsIn(body)).flatMap((job) => SAID.get(textOf(job, 'type'))?.(job, servicesOf(job)) ?? []),
  )
}

type Said = readonly (readonly [name: string, text: string])[]

const SAID: ReadonlyMap<string, (job: JsonObject, services: readonly JsonObject[]) => Said> = new Map(
  Object.entries({
    'zadig-build': (job: JsonObject, services: readonly JsonObject[]): Said => {
      const at = `job.${textOf(job, 'name')}`
      const of = services.map((service) => ({ service, ...firstRepository(service) }))
      return [
        [`${at}.SERVICES`, of.map(({ service }) => nameOf(service)).join(',')],
        [`${at}.BRANCHES`, of.map(({ branch }) => branch).join(',')],
        [`${at}.GITURLS`, of.map(({ url }) => url).join(',')],
        ...of.flatMap(({ service, branch, commit, url }): Said => {
          const own = `${at}.${textOf(service, 'service_name')}.${textOf(service, 'service_module')}`
          return [
            [`${own}.BRANCH`, branch],
            [`${own}.COMMITID`, commit],
            [`${own}.GITURL`, url],
          ]
        }),
      ]
    },
    'zadig-deploy': (job: JsonObject, services: readonly JsonObject[]): Said => {
      const at = `job.${textOf(job, 'name')}`
      return [
        [`${at}.envName`, textOf(objectOf(job, 'spec'), 'env')],
        [`${at}.SERVICES`, services.map(nameOf).join(',')],
        [`${at}.IMAGES`, services.map(imageOf).join(',')],
      ]
    },
    freestyle: (job: JsonObject): Said => {
      const spec = objectOf(job, 'spec')
      const pairs = [...objectsOf(objectOf(spec, 'properties'), 'envs'), ...objectsOf(spec, 'envs')]
      return pairs
        .filter((pair) => flagOf(pair, 'is_credential') !== true)
        .map((pair) => [`job.${textOf(job, 'name')}.${textOf(pair, 'key')}`, textOf(pair, 'value')] as const)
    },
  }),
)

const nameOf = (service: JsonObject): string =>
  `${textOf(service, 'service_module')}/${textOf(service, 'service_name')}`

function firstRepository(service: JsonObject) {
  const [repository = {}] = objectsOf(service, 'repos')
  const name = textOf(repository, 'repo_name')
  const owner = textOf(repository, 'repo_owner') || textOf(repository, 'repo_namespace')
  const address = textOf(repository, 'address').replace(/\/$/, '')
  return {
    branch: textOf(repository, 'branch'),
    commit: textOf(repository, 'commit_id'),
    url: name === '' ? '' : [address, owner, name].filter((part) => part !== '').join('/'),
  }
}
