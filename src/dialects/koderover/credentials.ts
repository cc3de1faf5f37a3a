import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import { mapTexts, masked, sealLogin, type Seal } from '../kit/credentials.ts'

/** What Zadig shows in place of a secret (`setting.MaskValue`). */
export const STARS = '********'

/** Of a repository in a body: Zadig's `types.Repository`. */
const FIELDS = new Set(['oauth_token', 'access_token', 'private_access_token', 'password', 'ssh_key'])

/** A body as it is stored: variables that are said to be credentials, those of repositories and of addresses sealed. */
export function sealedBody(body: JsonObject, seal: Seal): JsonObject {
  const sealed = mapTexts(body, (text, field) =>
    FIELDS.has(field) && text !== '' && text !== STARS ? seal(text) : sealLogin(text, seal),
  )
  return sealedVariables(sealed, seal) as JsonObject
}

function sealedVariables(value: Json, seal: Seal): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => sealedVariables(item, seal))
  if (!isJsonObject(value)) return value
  const own = Object.entries(value).map(([name, item]) => [name, sealedVariables(item, seal)] as const)
  const { is_credential: isCredential, value: text } = value
  const isSecret = isCredential === true && typeof text === 'string' && text !== '' && text !== STARS
  return Object.fromEntries(isSecret ? [...own, ['value', seal(text)]] : own)
}

/** Of a start: an address that comes as it is shown is the one that the pipeline has. */
export const keptLogin = (value: string, before: Json, seal: Seal): string =>
  typeof before === 'string' && before !== masked(before, STARS) && value === masked(before, STARS)
    ? before
    : sealLogin(value, seal)
