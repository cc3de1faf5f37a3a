import { isJsonObject, type Json } from '../../../model/json.ts'
import type { PipelineDefinition } from '../../../model/definition.ts'
import { deflated, inflated } from '../../kit/deflate.ts'
import { assignKeys, type LevelKeys } from './keys.ts'
import { readTree } from './read-tree.ts'
import type { Constant, RawTree, ServiceActivity, WebTree } from './web-tree.ts'

/**
 * A pipeline keeps the tree that it was made of, whole, in its annotations, so that it can be given back as it came: an
 * annotation holds so many characters, so it is cut in parts.
 */
const PARTS_MAX = 5
/** definition/limits.ts allows more. */
const ANNOTATION_MAX = 200_000
/** A longer tree is packed: everything that has to do with the pipeline carries its annotations about. */
const PLAIN_MAX = 50_000
const PACKED = 'deflate:'
const part = (at: number): string => `blueking/tree/${at}`

/** undefined: the tree is too long. */
export function treeAnnotations(raw: RawTree): Readonly<Record<string, string>> | undefined {
  const json = JSON.stringify(raw)
  const text = json.length > PLAIN_MAX ? PACKED + deflated(json) : swapQuotes(json)
  const count = Math.ceil(text.length / ANNOTATION_MAX)
  if (count > PARTS_MAX) return undefined
  const parts = Array.from({ length: count }, (_, at) => text.slice(at * ANNOTATION_MAX, (at + 1) * ANNOTATION_MAX))
  return Object.fromEntries(parts.map((text, at) => [part(at), text]))
}

/** JSON within JSON has each of its quotes escaped, which is a third of it: apostrophes are rare in trees. Its own inverse. */
const swapQuotes = (text: string): string => text.replaceAll(/["']/g, (mark) => (mark === '"' ? "'" : '"'))

export interface StoredTree {
  readonly raw: RawTree
  readonly tree: WebTree
}

/** A constant as it came, by its key. */
export const rawConstant = ({ raw }: StoredTree, key: string): Json | undefined =>
  isJsonObject(raw['constants']) && Object.hasOwn(raw['constants'], key) ? raw['constants'][key] : undefined

/** A constant by its key, or by that without its braces: some clients leave them away. */
export const constantNamed = ({ tree }: StoredTree, key: string): Constant | undefined =>
  tree.constants.get(key) ?? tree.constants.get(`\${${key}}`)

/** The activities of a stored tree that are plugins, by the keys of our tasks. */
export const serviceActivities = (stored: StoredTree): ReadonlyMap<string, ServiceActivity> =>
  collected(stored).services

/** Its sub-processes by the same keys, each with that of its end event. */
export const subProcesses = (stored: StoredTree): Collected['subs'] => collected(stored).subs

interface Collected {
  readonly services: Map<string, ServiceActivity>
  readonly subs: Map<string, { readonly tree: WebTree; readonly endKey: string }>
}
const collections = new WeakMap<StoredTree, Collected>()

function collected(stored: StoredTree): Collected {
  const known = collections.get(stored)
  if (known !== undefined) return known
  const found: Collected = { services: new Map(), subs: new Map() }
  collect(stored.tree, assignKeys(stored.tree), found)
  collections.set(stored, found)
  return found
}

function collect(tree: WebTree, keys: LevelKeys, found: Collected): void {
  for (const activity of tree.activities.values()) {
    const key = keys.nodes.get(activity.id) ?? activity.id
    const inner = keys.inner.get(activity.id)
    if (activity.type === 'ServiceActivity') found.services.set(key, activity)
    else if (inner !== undefined) {
      const end = activity.tree.end.id
      found.subs.set(key, { tree: activity.tree, endKey: inner.nodes.get(end) ?? end })
      collect(activity.tree, inner, found)
    }
  }
}

/** By definition: views share theirs. */
const seen = new WeakMap<PipelineDefinition, { readonly stored: StoredTree | undefined }>()

/** undefined: the pipeline was not made here. */
export function storedTree(definition: PipelineDefinition): StoredTree | undefined {
  const known = seen.get(definition)
  if (known !== undefined) return known.stored
  const stored = parse(definition.annotations)
  seen.set(definition, { stored })
  return stored
}

function parse(annotations: Readonly<Record<string, string>>): StoredTree | undefined {
  const parts: string[] = []
  for (let at = 0; at < PARTS_MAX; at += 1) {
    const text = annotations[part(at)]
    if (text === undefined) break
    parts.push(text)
  }
  if (parts.length === 0) return undefined
  const text = parts.join('')
  const json = text.startsWith(PACKED) ? inflated(text.slice(PACKED.length)) : swapQuotes(text)
  let raw: Json
  try {
    raw = JSON.parse(json ?? '') as Json
  } catch {
    // Somebody wrote the annotation by hand: then it is a pipeline made elsewhere.
    return undefined
  }
  const read = readTree(raw)
  return isJsonObject(raw) && read.ok ? { raw, tree: read.tree } : undefined
}
