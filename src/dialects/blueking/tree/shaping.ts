import type { Json } from '../../../model/json.ts'
import { pluginOf } from './plugins.ts'
import { constantVariable, type Constant, type ServiceActivity, type WebTree } from './web-tree.ts'

/**
 * Any field of a node may be hooked to a constant: its value is `${x}` then. Most are filled in when the node begins;
 * those that say what work it is (`shaping` of its plugin) have to be known when the tree becomes a pipeline.
 */
export interface Scope {
  readonly constants: WebTree['constants']
  /** Where the sub-process stands whose constants these are; null: they are the task's. */
  readonly outer: Scope | null
}

interface Settled {
  readonly value: Json
  /** Constants of the task that it came from. */
  readonly keys: readonly string[]
}

/** Of constants that name each other in a ring, none is ever settled. */
const HOPS_MAX = 50

/** Fields whose constant may name others in turn: they are filled in where the text stands. */
const WHOLE_TEXTS: readonly string[] = ['job_content', 'content']

/** undefined: nobody knows before the task runs. */
function settle(start: Scope, name: string, field: string): Settled | undefined {
  const keys: string[] = []
  let scope = start
  let variable = name
  for (let hop = 0; hop < HOPS_MAX; hop += 1) {
    const constant: Constant | undefined = scope.constants.get(`\${${variable}}`)
    if (constant === undefined || constant.from !== null) return undefined
    if (scope.outer === null) keys.push(constant.key)
    const { value } = constant
    const next = typeof value === 'string' ? constantVariable(value) : undefined
    if (next === undefined) {
      const isText = typeof value !== 'string' || !value.includes('${')
      // Names mean the same in the task's own nodes alone.
      return isText || (WHOLE_TEXTS.includes(field) && start.outer === null) ? { value, keys } : undefined
    }
    // Shown ones are given from where the sub-process stands.
    if (constant.shown && scope.outer !== null) scope = scope.outer
    variable = next
  }
  return undefined
}

function settledField(activity: ServiceActivity, field: string, scope: Scope): Settled | undefined {
  const value = activity.data.get(field)
  const variable = typeof value === 'string' ? constantVariable(value) : undefined
  return variable === undefined || activity.verbatim.has(field) ? undefined : settle(scope, variable, field)
}

/** A node's fields, with what its constants have for those that say what work it is. */
export function shapedData(activity: ServiceActivity, scope: Scope): ReadonlyMap<string, Json> {
  const data = new Map(activity.data)
  for (const field of pluginOf(activity.code)?.shaping ?? []) {
    const settled = settledField(activity, field, scope)
    if (settled !== undefined) data.set(field, settled.value)
  }
  return data
}

/** Keys of the task's constants that say what work its nodes are: another value is another pipeline. */
export function shapingConstants(tree: WebTree, outer: Scope | null = null): ReadonlySet<string> {
  const scope = { constants: tree.constants, outer }
  const keys = new Set<string>()
  for (const activity of tree.activities.values()) {
    const found =
      activity.type === 'SubProcess'
        ? shapingConstants(activity.tree, scope)
        : (pluginOf(activity.code)?.shaping ?? []).flatMap((field) => settledField(activity, field, scope)?.keys ?? [])
    for (const key of found) keys.add(key)
  }
  return keys
}
