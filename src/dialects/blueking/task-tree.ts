import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { RunView, TaskView } from '../../model/view.ts'
import { jointId, jointPlace } from './ids.ts'
import { excludeNodes } from './tree/exclude.ts'
import { assignKeys } from './tree/keys.ts'
import { paramOf } from './tree/params.ts'
import { renameTree } from './tree/rename.ts'
import { storedTree } from './tree/stored-tree.ts'
import { synthesize } from './tree/synthesize.ts'
import { withConstants } from './tree/unfold.ts'
import { withMeta } from './tree/variable-types.ts'
import type { RawTree } from './tree/web-tree.ts'

/** What the maker of a task left out: ids of its template, as JSON; an empty list where its tree has fewer gateways all the same. */
export const EXCLUDED_ANNOTATION = 'blueking/excluded'

/** The template that a task's own tree stands for: its serial, or empty. */
export const TEMPLATE_ANNOTATION = 'blueking/template'

const isOwn = ({ annotations }: Pick<RunView, 'annotations'>): boolean => annotations[TEMPLATE_ANNOTATION] !== undefined

/** Ids of the nodes that the maker of a task left out. */
export function excludedIds(run: Pick<RunView, 'annotations'>): readonly string[] {
  const text = run.annotations[EXCLUDED_ANNOTATION]
  if (text === undefined) return []
  try {
    const ids = JSON.parse(text) as Json
    return Array.isArray(ids) ? (ids as readonly Json[]).filter((id) => typeof id === 'string') : []
  } catch {
    return []
  }
}

/** Keys of what a task's tree lacks: the nodes that were left out, and gateways that had nothing left between them. */
export function goneKeys(run: RunView): ReadonlySet<string> {
  const ids = excludedIds(run)
  const stored = run.annotations[EXCLUDED_ANNOTATION] === undefined ? undefined : storedTree(run.definition)
  const left = stored === undefined ? undefined : excludeNodes(stored.raw, ids)
  if (stored === undefined || left?.ok !== true) return NOTHING
  const names = (part: Json | undefined): readonly string[] => (isJsonObject(part) ? Object.keys(part) : [])
  const kept = new Set([...names(left.tree['activities']), ...names(left.tree['gateways'])])
  const { nodes } = assignKeys(stored.tree)
  const gone = [...stored.tree.activities.keys(), ...stored.tree.gateways.keys()].filter((id) => !kept.has(id))
  return new Set(gone.flatMap((id) => nodes.get(id) ?? []))
}

const NOTHING: ReadonlySet<string> = new Set()

/** A task's own tree: with its constants' values, without what was left out, and with the ids that its status shows. */
export function taskTree(run: RunView): JsonObject {
  const stored = storedTree(run.definition)
  if (stored === undefined) {
    const { raw } = synthesize(run.definition, run.id)
    const given = run.params.filter(({ system }) => !system)
    return labelled(valued(raw, new Map(given.map(({ name, value }) => [`\${${name}}`, value]))))
  }
  const { tree, raw } = stored
  // A tree of the task's own was made for it: nothing of it is left out.
  const left = isOwn(run) ? { ok: true as const, tree: raw } : excludeNodes(raw, excludedIds(run))
  const keys = assignKeys(tree)
  const ids = new Map(tasksOf(run).map((task) => [task.key, task.id]))
  const edges = new Map((run.stages[0]?.flow?.edges ?? []).map(({ key }, place) => [key, place]))
  const renamed = renameTree(left.ok ? left.tree : raw, keys, {
    node: (key) => ids.get(key) ?? key,
    flow: (key) => jointId(run.id, edges.get(key) ?? 0),
  })
  const params = new Map(run.params.map(({ name, value }) => [name, value]))
  const values = [...tree.constants.values()].flatMap((constant) => {
    const param = paramOf(constant)
    if (param === null || !params.has(param)) return []
    const value = params.get(param) ?? null
    // What its type made of it is not what was chosen.
    return isSame(value, constant.value) ? [] : [[constant.key, value] as const]
  })
  return { ...labelled(valued(chosen(renamed), new Map(values))), id: run.id }
}

/** Every node of a task has a list of labels there, and clients read it: `NodeAttr` of bk-sops' pipeline_web/core. */
function labelled(tree: JsonObject): JsonObject {
  const node = (value: Json | undefined): Json => {
    if (!isJsonObject(value)) return value ?? null
    const { pipeline } = value
    return { labels: [], ...value, ...(isJsonObject(pipeline) ? { pipeline: labelled(pipeline) } : {}) }
  }
  const all = (value: Json | undefined): JsonObject =>
    isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([id, one]) => [id, node(one)])) : {}
  return {
    ...tree,
    start_event: node(tree['start_event']),
    end_event: node(tree['end_event']),
    activities: all(tree['activities']),
    gateways: all(tree['gateways']),
  }
}

const isSame = (one: Json, other: Json): boolean => JSON.stringify(one) === JSON.stringify(other)

/** With the choices that hold when nobody made one. */
const chosen = (raw: RawTree): RawTree =>
  isJsonObject(raw['constants'])
    ? {
        ...raw,
        constants: Object.fromEntries(
          Object.entries(raw['constants']).map(([key, constant]) => [key, settled(constant)]),
        ),
      }
    : raw
const settled = (constant: Json): Json => (isJsonObject(constant) ? withMeta(constant) : constant)

const valued = (raw: RawTree, values: ReadonlyMap<string, Json>): JsonObject =>
  isJsonObject(raw['constants'])
    ? { ...raw, constants: withConstants(raw['constants'], Object.fromEntries(values)) }
    : raw

export const tasksOf = (run: RunView): readonly TaskView[] => run.stages.flatMap(({ tasks }) => tasks)

/** Key of the edge that a client calls by an id of the task's tree; undefined: there is no such flow. */
export function edgeKey(run: RunView, flowId: string): string | undefined {
  const place = jointPlace(run.id, flowId)
  const edges = run.stages.length === 1 ? (run.stages[0]?.flow?.edges ?? []) : []
  return place === undefined ? undefined : edges[place]?.key
}
