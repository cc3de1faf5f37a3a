import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { type Seal, withKeptTexts } from '../../kit/credentials.ts'
import { STARS } from '../credentials.ts'
import { flagOf, objectOf, objectsOf, textOf } from '../fields.ts'

const isSecret = (env: JsonObject): boolean => flagOf(env, 'is_credential') === true

/** The variables of a sub-task: Zadig has them in `job_ctx`, some bodies of V2 beside it. */
const envsOf = (subTask: JsonObject): readonly JsonObject[] => [
  ...objectsOf(objectOf(subTask, 'job_ctx'), 'envs'),
  ...objectsOf(subTask, 'envs'),
]

function withEnvs(subTask: JsonObject, change: (env: JsonObject) => JsonObject): JsonObject {
  if (!envsOf(subTask).some(isSecret)) return subTask
  const changed = (value: JsonObject): JsonObject =>
    Array.isArray(value['envs']) ? { ...value, envs: objectsOf(value, 'envs').map(change) } : value
  const context = subTask['job_ctx']
  return { ...changed(subTask), ...(isJsonObject(context) ? { job_ctx: changed(context) } : {}) }
}

/** A sub-task; values that were said to be secret are not given out. */
export const withoutSecrets = (subTask: JsonObject): JsonObject =>
  withEnvs(subTask, (env) => (isSecret(env) ? { ...env, value: STARS } : env))

/** A secret comes out as stars; when the stars come back, it is still the secret. */
export function withKeptSecrets(body: JsonObject, before: JsonObject): JsonObject {
  const envs = objectsOf(before, 'sub_tasks').flatMap(envsOf)
  const known = new Map(envs.map((env) => [textOf(env, 'key'), textOf(env, 'value')]))
  const kept = (env: JsonObject): JsonObject =>
    isSecret(env) && env['value'] === STARS ? { ...env, value: known.get(textOf(env, 'key')) ?? '' } : env
  const subTasks = objectsOf(body, 'sub_tasks').map((subTask) => withEnvs(subTask, kept))
  return withKeptTexts({ ...body, sub_tasks: subTasks }, before, STARS)
}

/** Params whose values are secret: they are variables of sub-tasks that were said to be. */
export const secretNames = (body: JsonObject = {}): ReadonlySet<string> =>
  new Set(
    objectsOf(body, 'sub_tasks').flatMap((subTask) =>
      envsOf(subTask)
        .filter(isSecret)
        .map((env) => textOf(env, 'key')),
    ),
  )

/** The value of a param of a run, as text. */
export function shownValue(name: string, value: Json, secrets: ReadonlySet<string>): string {
  if (secrets.has(name)) return STARS
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Whether a start gives back the stars that it was shown: then the secret is what the pipeline has. */
export const isKeptSecret = (name: string, value: Json | undefined, secrets: ReadonlySet<string>): boolean =>
  value === STARS && secrets.has(name)

/** What a start gives, as it is stored: a credential sealed. */
export function sealedValue(given: JsonObject, isSecretName: boolean, seal: Seal): Json {
  const value = given['value'] ?? ''
  const isCredential = isSecretName || flagOf(given, 'is_credential') === true
  return isCredential && typeof value === 'string' && value !== '' ? seal(value) : value
}
