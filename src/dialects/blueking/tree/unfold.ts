import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { DEPTH_MAX } from './read-tree.ts'
import { withMeta } from './variable-types.ts'
import { constantVariable, type RawTree } from './web-tree.ts'

/**
 * The tree of a template that another names, its own sub-processes in it, with the nodes alone that its schemes name;
 * undefined: there is none.
 */
export type FindTree = (templateId: string, schemes: readonly Json[]) => Promise<RawTree | undefined>

export type Unfolded =
  | { readonly ok: true; readonly tree: RawTree }
  | { readonly ok: false; readonly errors: readonly string[] }

/** Most sub-processes that are looked up for one tree. */
const LOOKUPS_MAX = 100

/**
 * Puts the tree of its template into every sub-process that has none of its own, and the values that the sub-process
 * gives to the constants that are shown there. What is no tree stays as it is: reading it tells what is wrong.
 */
export async function unfold(raw: Json, find: FindTree): Promise<Unfolded> {
  const errors: string[] = []
  let lookups = 0
  const walk = async (tree: Json, depth: number): Promise<Json> => {
    if (!isJsonObject(tree) || !isJsonObject(tree['activities']) || depth > DEPTH_MAX) return tree
    const activities: [string, Json][] = []
    for (const [id, activity] of Object.entries(tree['activities'])) {
      activities.push([id, isSubProcess(activity) ? await fill(id, activity, depth) : activity])
    }
    return { ...tree, activities: Object.fromEntries(activities) }
  }
  const fill = async (id: string, activity: JsonObject, depth: number): Promise<Json> => {
    const own = activity['pipeline']
    const templateId = idText(activity['template_id'])
    if (isJsonObject(own)) return { ...activity, pipeline: withValues(await walk(own, depth + 1), activity) }
    lookups += 1
    if (lookups > LOOKUPS_MAX) {
      errors.push(`more than ${LOOKUPS_MAX} sub-processes name a template`)
      return activity
    }
    const schemes = activity['scheme_id_list']
    const chosen = Array.isArray(schemes) ? (schemes as readonly Json[]) : []
    const found = templateId === '' ? undefined : await find(templateId, chosen)
    if (found === undefined) {
      errors.push(`node(${id}): template[id=${templateId.slice(0, 64)}] of this sub-process does not exist`)
      return activity
    }
    return { ...activity, pipeline: withValues(found, activity) }
  }
  const tree = await walk(raw, 0)
  if (errors.length > 0) return { ok: false, errors: [...new Set(errors)] }
  return isJsonObject(tree) ? { ok: true, tree } : { ok: false, errors: ["pipeline_tree: is not of type 'object'"] }
}

/** A template's own tree, for a client that did not ask for what its sub-processes are. */
export function folded(raw: RawTree): RawTree {
  if (!isJsonObject(raw['activities'])) return raw
  const activities = Object.entries(raw['activities']).map(([id, activity]) => {
    if (!isSubProcess(activity) || idText(activity['template_id']) === '') return [id, activity] as const
    const { pipeline: _pipeline, ...rest } = activity
    return [id, rest] as const
  })
  return { ...raw, activities: Object.fromEntries(activities) }
}

const isSubProcess = (activity: Json): activity is JsonObject =>
  isJsonObject(activity) && activity['type'] === 'SubProcess'

const idText = (id: Json | undefined): string =>
  typeof id === 'number' ? String(id) : typeof id === 'string' ? id : ''

function withValues(pipeline: Json, activity: JsonObject): Json {
  const given = activity['constants']
  if (!isJsonObject(pipeline) || !isJsonObject(pipeline['constants']) || !isJsonObject(given)) return pipeline
  return { ...pipeline, constants: withConstants(pipeline['constants'], valuesIn(given)) }
}

const valuesIn = (constants: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(constants).flatMap(([key, constant]) =>
      isJsonObject(constant) && constant['value'] !== undefined && constant['show_type'] !== 'hide'
        ? [[key, constant['value']]]
        : [],
    ),
  )

/**
 * Constants with other values; names that are not there do nothing, as in bk-sops. Some clients leave the braces of a
 * key away.
 */
export function withConstants(constants: JsonObject, values: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(constants).map(([key, constant]) => {
      const given = [key, constantVariable(key)].find((name) => name !== undefined && Object.hasOwn(values, name))
      return [
        key,
        isJsonObject(constant) && given !== undefined
          ? { ...withMeta(constant), value: values[given] ?? null }
          : constant,
      ]
    }),
  )
}

/** A tree whose constants have other values, where it has any. */
export const givenConstants = (tree: RawTree, values: JsonObject): RawTree =>
  isJsonObject(tree['constants']) ? { ...tree, constants: withConstants(tree['constants'], values) } : tree
