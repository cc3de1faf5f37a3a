import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import type { Seal, SealParam } from '../../kit/credentials.ts'
import { paramOf } from './params.ts'
import type { StoredTree } from './stored-tree.ts'

/**
 * Constants of the type `password`. bk-sops keeps and shows them encrypted, and takes back what it has shown: so here,
 * where what is shown is the sealed text.
 */
const isPassword = (constant: Json | undefined): boolean =>
  isJsonObject(constant) && constant['custom_type'] === 'password'

/** A text, or later `{"type": "password_value", "tag": "value", "value": text}`. */
function sealed(value: Json, seal: Seal): Json {
  if (typeof value === 'string') return value === '' || value.includes('${') ? value : seal(value)
  if (!isJsonObject(value) || typeof value['value'] !== 'string') return value
  return { ...value, value: sealed(value['value'], seal) }
}

/** A tree whose passwords are sealed, those of its sub-processes too. */
export function sealPasswords(tree: JsonObject, seal: Seal): JsonObject {
  const { constants, activities } = tree
  return {
    ...tree,
    ...(isJsonObject(constants) ? { constants: mapObject(constants, (one) => sealedConstant(one, seal)) } : {}),
    ...(isJsonObject(activities) ? { activities: mapObject(activities, (one) => sealedActivity(one, seal)) } : {}),
  }
}

const sealedConstant = (constant: Json, seal: Seal): Json =>
  isJsonObject(constant) && isPassword(constant)
    ? { ...constant, value: sealed(constant['value'] ?? '', seal) }
    : constant

const sealedActivity = (activity: Json, seal: Seal): Json =>
  isJsonObject(activity) && isJsonObject(activity['pipeline'])
    ? { ...activity, pipeline: sealPasswords(activity['pipeline'], seal) }
    : activity

/** Values for the constants of a task's tree, each sealed for the param that it becomes. */
export function sealGiven(values: JsonObject, source: StoredTree | undefined, seal: SealParam): JsonObject {
  const { constants } = source?.raw ?? {}
  return mapObject(values, (value, key) => {
    // Some clients leave the braces of a key away.
    const name = source?.tree.constants.has(key) === true ? key : `\${${key}}`
    const constant = source?.tree.constants.get(name)
    const param = constant === undefined ? null : paramOf(constant)
    return param !== null && isJsonObject(constants) && isPassword(constants[name]) ? sealed(value, seal(param)) : value
  })
}

const mapObject = (object: JsonObject, change: (value: Json, key: string) => Json): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
