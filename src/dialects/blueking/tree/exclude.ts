import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { readTree } from './read-tree.ts'
import { referencedConstants } from './references.ts'
import { convergesOf } from './regions.ts'
import type { RawTree } from './web-tree.ts'

export type Excluded =
  | { readonly ok: true; readonly tree: RawTree; readonly unreferenced: JsonObject }
  | { readonly ok: false; readonly message: string }

type Mutable = Record<string, Json>
type Nodes = Record<string, Mutable>

/**
 * The tree of a task whose maker left out some optional activities: what was around them is joined, parallel gateways
 * with nothing left between go, and so do constants that nothing names any more.
 * Source: bk-sops `pipeline_web/preview_base.py`, texts of the refusals included.
 * @param outputs what becomes of results that no node names: of a sub-process they stay.
 */
export function excludeNodes(raw: RawTree, ids: readonly string[], outputs: 'named' | 'all' = 'named'): Excluded {
  const tree: Mutable = structuredClone(raw)
  const activities = tree['activities'] as unknown as Nodes
  for (const id of ids) {
    const activity = Object.hasOwn(activities, id) ? activities[id] : undefined
    if (activity === undefined) return { ok: false, message: `task node[id=${id}] is not in template pipeline tree` }
    if (activity['optional'] !== true) return { ok: false, message: `task node[id=${id}] is not optional` }
    leaveOut(tree, activity)
  }
  if (hasEmptyBranch(tree)) dropEmptyParallels(tree)
  return { ok: true, tree, unreferenced: dropConstants(tree, ids, outputs) }
}

const flowIds = (value: Json | undefined): string[] =>
  Array.isArray(value) ? (value as string[]).slice() : typeof value === 'string' && value !== '' ? [value] : []

/**
 * What comes in once `flows` stand for `gone`: a list keeps its form, and what is new comes last; text becomes a list
 * only of several. Source: `_replace_node_incoming` there.
 */
function incomingWithout(incoming: Json | undefined, gone: string, flows: readonly string[]): Json {
  if (Array.isArray(incoming)) return [...flowIds(incoming).filter((id) => id !== gone), ...flows]
  return flows.length === 1 ? flows[0]! : [...flows]
}

function nodeOf(tree: Mutable, id: string): Mutable | undefined {
  for (const group of ['activities', 'gateways']) {
    const nodes = tree[group] as unknown as Nodes
    if (Object.hasOwn(nodes, id)) return nodes[id]
  }
  return ['start_event', 'end_event']
    .map((name) => tree[name] as unknown as Mutable)
    .find((event) => event['id'] === id)
}

const flowsOf = (tree: Mutable): Nodes => tree['flows'] as unknown as Nodes

function leaveOut(tree: Mutable, activity: Mutable): void {
  const id = activity['id'] as string
  const incoming = flowIds(activity['incoming'])
  const [outgoing] = flowIds(activity['outgoing'])
  delete (tree['activities'] as unknown as Nodes)[id]
  if (outgoing === undefined) return
  redirect(tree, incoming, outgoing)
  dropDrawing(tree, [id], [outgoing])
}

/** What came in by `flows` goes on to where `outgoing` led, which is no more. */
function redirect(tree: Mutable, flows: readonly string[], outgoing: string): void {
  const target = flowsOf(tree)[outgoing]?.['target'] as string
  const next = nodeOf(tree, target)
  for (const id of flows) {
    const flow = flowsOf(tree)[id]
    if (flow !== undefined) flow['target'] = target
    for (const line of drawn(tree, 'line')) {
      if (line['id'] === id && isJsonObject(line['target'])) line['target'] = { ...line['target'], id: target }
    }
  }
  delete flowsOf(tree)[outgoing]
  if (next === undefined) return
  next['incoming'] = incomingWithout(next['incoming'], outgoing, flows)
}

const drawn = (tree: Mutable, name: 'line' | 'location'): Mutable[] =>
  Array.isArray(tree[name]) ? (tree[name] as unknown as Mutable[]).filter((item) => isJsonObject(item)) : []

function dropDrawing(tree: Mutable, nodes: readonly string[], flows: readonly string[]): void {
  for (const [name, ids] of [
    ['location', nodes],
    ['line', flows],
  ] as const) {
    if (tree[name] !== undefined) tree[name] = drawn(tree, name).filter(({ id }) => !ids.includes(id as string)) as Json
  }
}

function dropEmptyParallels(tree: Mutable): void {
  const read = readTree(tree)
  if (!read.ok) return
  const converges = convergesOf(read.tree)
  const gateways = tree['gateways'] as unknown as Nodes
  for (let before = -1; before !== Object.keys(gateways).length;) {
    before = Object.keys(gateways).length
    for (const [fork, converge] of [...converges, ...straightOn(tree, new Set(converges.values()))]) {
      const [first, last] = [gateways[fork], gateways[converge]]
      if (first?.['type'] === 'ParallelGateway' && last !== undefined) dropEmptyBranches(tree, first, last)
    }
  }
}

/** Parallel gateways of a single branch that holds nothing -> the converge gateway behind it, unless it is another's. */
function straightOn(tree: Mutable, taken: ReadonlySet<string>): readonly (readonly [string, string])[] {
  const gateways = tree['gateways'] as unknown as Nodes
  return Object.entries(gateways).flatMap(([id, { type, outgoing }]) => {
    const [only, ...others] = type === 'ParallelGateway' ? flowIds(outgoing) : []
    const target = only === undefined ? undefined : flowsOf(tree)[only]?.['target']
    if (others.length > 0 || typeof target !== 'string' || taken.has(target)) return []
    return gateways[target]?.['type'] === 'ConvergeGateway' ? [[id, target] as const] : []
  })
}

/** Whether a branch of a parallel gateway leads straight to a converge gateway: a task of the template lacks it. */
export function hasEmptyBranch(tree: RawTree): boolean {
  const part = (name: string): JsonObject => (isJsonObject(tree[name]) ? tree[name] : {})
  const typeOf = (id: Json | undefined): Json | undefined => {
    const gateway = typeof id === 'string' ? part('gateways')[id] : undefined
    return isJsonObject(gateway) ? gateway['type'] : undefined
  }
  return Object.values(part('flows')).some(
    (flow) =>
      isJsonObject(flow) &&
      typeOf(flow['source']) === 'ParallelGateway' &&
      typeOf(flow['target']) === 'ConvergeGateway',
  )
}

function dropEmptyBranches(tree: Mutable, fork: Mutable, converge: Mutable): void {
  const outgoing = flowIds(fork['outgoing'])
  const empty = outgoing.filter((id) => flowsOf(tree)[id]?.['target'] === converge['id'])
  if (empty.length === 0) return
  for (const id of empty) delete flowsOf(tree)[id]
  const gone = new Set(empty)
  fork['outgoing'] = outgoing.filter((id) => !gone.has(id))
  converge['incoming'] = flowIds(converge['incoming']).filter((id) => !gone.has(id))
  dropDrawing(tree, [], empty)
  if (empty.length < outgoing.length) return
  const [onward] = flowIds(converge['outgoing'])
  const gateways = tree['gateways'] as unknown as Nodes
  const ids = [fork['id'] as string, converge['id'] as string]
  if (onward === undefined) return
  for (const id of ids) delete gateways[id]
  redirect(tree, [...flowIds(converge['incoming']), ...flowIds(fork['incoming'])], onward)
  dropDrawing(tree, ids, [onward])
}

/** @returns what went. */
function dropConstants(tree: Mutable, excluded: readonly string[], outputs: 'named' | 'all'): JsonObject {
  const constants = tree['constants'] as JsonObject
  const kept = referencedConstants(tree)
  const results = new Set(outputs === 'all' ? (tree['outputs'] as readonly string[]) : [])
  const isKept = (key: string): boolean => {
    const constant = constants[key]
    return (
      kept.has(key) || results.has(key) || (isJsonObject(constant) && constant['source_type'] === 'component_outputs')
    )
  }
  const entries = Object.entries(constants)
  // They are counted anew, in the order that they had.
  const left = entries.filter(([key]) => isKept(key)).toSorted(([, one], [, other]) => indexOf(one) - indexOf(other))
  tree['constants'] = Object.fromEntries(
    left.map(([key, value], index) => [key, numbered(withoutSources(value, excluded), index)]),
  ) as Json
  tree['outputs'] = (tree['outputs'] as readonly string[]).filter((key) => isKept(key))
  return Object.fromEntries(entries.filter(([key]) => !isKept(key)))
}

const indexOf = (constant: Json): number =>
  isJsonObject(constant) && typeof constant['index'] === 'number' ? constant['index'] : 0

const numbered = (constant: Json, index: number): Json => (isJsonObject(constant) ? { ...constant, index } : constant)

function withoutSources(constant: Json, excluded: readonly string[]): Json {
  if (!isJsonObject(constant) || !isJsonObject(constant['source_info'])) return constant
  const sources = Object.entries(constant['source_info']).filter(([id]) => !excluded.includes(id))
  return { ...constant, source_info: Object.fromEntries(sources) }
}
