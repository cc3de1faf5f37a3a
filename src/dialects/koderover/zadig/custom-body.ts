import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { objectOf, objectsOf, textOf } from '../fields.ts'

/** The jobs of a custom workflow, of one stage after the other. */
export const jobsIn = (body: JsonObject): readonly JsonObject[] =>
  objectsOf(body, 'stages').flatMap((stage) => objectsOf(stage, 'jobs'))

/** Params that are repositories, by their names. */
export const repositoryParams = (body: JsonObject): ReadonlyMap<string, JsonObject> =>
  new Map(
    objectsOf(body, 'params')
      .filter((param) => textOf(param, 'type') === 'repo')
      .map((param) => [textOf(param, 'name'), objectOf(param, 'repo')] as const),
  )

/** With the repositories of params where it names one: `renderReferredRepo` of aslan's jobs. */
export function withRepositories(value: Json, params: ReadonlyMap<string, JsonObject>): Json {
  if (params.size === 0) return value
  if (Array.isArray(value)) return (value as readonly Json[]).map((one) => withRepositories(one, params))
  if (!isJsonObject(value)) return value
  const referred = textOf(value, 'source_from') === 'param' ? params.get(textOf(value, 'global_param_name')) : undefined
  if (referred !== undefined) return referred
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withRepositories(one, params)]))
}
