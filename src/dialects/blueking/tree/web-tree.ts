import type { Json, JsonObject } from '../../../model/json.ts'

/**
 * A flow as the API carries it (`pipeline_tree`), after it was read and found to have the form of one.
 * Source: bk-sops `pipeline_web/parser/schemas.py`; what the words mean, bamboo-engine's builder and its preparer.
 */
export interface WebTree {
  readonly start: EventNode
  readonly end: EventNode
  readonly activities: ReadonlyMap<string, Activity>
  readonly gateways: ReadonlyMap<string, Gateway>
  readonly flows: ReadonlyMap<string, Flow>
  /** By the whole key, `${x}`. */
  readonly constants: ReadonlyMap<string, Constant>
  /** Keys of constants that are the result. */
  readonly outputs: readonly string[]
}

export interface EventNode {
  readonly id: string
  readonly name: string
}

export interface Flow {
  readonly id: string
  readonly source: string
  readonly target: string
}

export type Activity = ServiceActivity | SubProcess

interface ActivityFields {
  readonly id: string
  readonly name: string
  readonly stageName: string
  readonly optional: boolean
  readonly errorIgnorable: boolean
  readonly retryable: boolean
  readonly skippable: boolean
}

export interface ServiceActivity extends ActivityFields {
  readonly type: 'ServiceActivity'
  readonly code: string
  /** null: `legacy`, or none was given. */
  readonly version: string | null
  readonly data: ReadonlyMap<string, Json>
  /** Fields whose text stays as it is: `need_render` false. */
  readonly verbatim: ReadonlySet<string>
  readonly autoRetry: { readonly times: number; readonly intervalSeconds: number } | null
  readonly timeout: { readonly seconds: number; readonly skips: boolean } | null
}

export interface SubProcess extends ActivityFields {
  readonly type: 'SubProcess'
  readonly tree: WebTree
}

export const GATEWAY_TYPES = {
  ExclusiveGateway: 'exclusive',
  ParallelGateway: 'parallel',
  ConditionalParallelGateway: 'conditional',
  ConvergeGateway: 'converge',
} as const
export type GatewayType = keyof typeof GATEWAY_TYPES

export interface Gateway {
  readonly id: string
  readonly name: string
  readonly type: GatewayType
  /** Flow id -> what must be true; only of exclusive and conditional gateways. */
  readonly conditions: ReadonlyMap<string, { readonly name: string; readonly evaluate: string }>
  /** The flow that is taken when no condition is true. */
  readonly defaultFlow: { readonly flow: string; readonly name: string } | null
}

export interface Constant {
  /** `${x}` */
  readonly key: string
  /** `x` */
  readonly variable: string
  readonly name: string
  readonly description: string
  readonly shown: boolean
  readonly value: Json
  /** Where it comes from once that node has ended; null: from its value. */
  readonly from: { readonly node: string; readonly output: string } | null
  /** It is filled in once, when its tree begins (`pre_render_mako`). */
  readonly fixed: boolean
}

export const constantVariable = (key: string): string | undefined => /^\$\{([A-Za-z0-9_]+)\}$/.exec(key)?.[1]

/** What the API carries, before it was read. */
export type RawTree = JsonObject

/** Ids of the flows out of each node, in the order of the tree. */
export function flowsFrom(tree: WebTree): ReadonlyMap<string, readonly Flow[]> {
  return group(tree, ({ source }) => source)
}
export function flowsInto(tree: WebTree): ReadonlyMap<string, readonly Flow[]> {
  return group(tree, ({ target }) => target)
}

function group(tree: WebTree, keyOf: (flow: Flow) => string): ReadonlyMap<string, readonly Flow[]> {
  const groups = new Map<string, Flow[]>()
  for (const flow of tree.flows.values()) {
    const group = groups.get(keyOf(flow))
    if (group === undefined) groups.set(keyOf(flow), [flow])
    else group.push(flow)
  }
  return groups
}
