import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import type { LevelKeys } from './keys.ts'
import type { RawTree } from './web-tree.ts'

/** Ids of a task's own tree, by our keys. */
export interface RuntimeIds {
  node(key: string): string
  flow(key: string): string
}

/**
 * The tree of a task: the template's, with every id made anew, as bk-sops does when a task is made. Nothing of it is
 * stored: the ids are derived from the run's, so it can always be written again.
 */
export function renameTree(raw: RawTree, keys: LevelKeys, ids: RuntimeIds): JsonObject {
  const node = (id: string): string => {
    const key = keys.nodes.get(id)
    return key === undefined ? id : ids.node(key)
  }
  const flow = (id: string): string => {
    const key = keys.flows.get(id)
    return key === undefined ? id : ids.flow(key)
  }
  const flows = (value: Json | undefined): Json =>
    Array.isArray(value) ? (value as readonly string[]).map(flow) : flow(typeof value === 'string' ? value : '')
  const joint = (value: Json | undefined): JsonObject => {
    const item = isJsonObject(value) ? value : {}
    return {
      ...item,
      id: node(textOf(item['id'])),
      ...('incoming' in item ? { incoming: flows(item['incoming']) } : {}),
      ...('outgoing' in item ? { outgoing: flows(item['outgoing']) } : {}),
    }
  }
  const activity = (id: string, value: Json): JsonObject => {
    const item = joint(isJsonObject(value) ? { ...value, id } : { id })
    const inner = keys.inner.get(id)
    const pipeline = item['pipeline']
    if (inner === undefined || !isJsonObject(pipeline)) return { ...item, template_node_id: id }
    return { ...item, template_node_id: id, pipeline: { ...renameTree(pipeline, inner, ids), id: node(id) } }
  }
  const gateway = (id: string, value: Json): JsonObject => {
    const item = joint(isJsonObject(value) ? { ...value, id } : { id })
    const { conditions, default_condition: other, converge_gateway_id: converge } = item
    return {
      ...item,
      template_node_id: id,
      ...(isJsonObject(conditions) ? { conditions: mapKeys(conditions, flow, (_, condition) => condition) } : {}),
      ...(isJsonObject(other) && typeof other['flow_id'] === 'string'
        ? { default_condition: { ...other, flow_id: flow(other['flow_id']) } }
        : {}),
      ...(typeof converge === 'string' ? { converge_gateway_id: node(converge) } : {}),
    }
  }
  const constant = (_: string, value: Json): Json => {
    if (!isJsonObject(value) || !isJsonObject(value['source_info'])) return value
    return { ...value, source_info: mapKeys(value['source_info'], node, (_id, fields) => fields) }
  }
  return {
    ...raw,
    start_event: joint(raw['start_event']),
    end_event: joint(raw['end_event']),
    activities: mapKeys(raw['activities'], node, activity),
    gateways: mapKeys(raw['gateways'], node, gateway),
    flows: mapKeys(raw['flows'], flow, (id, value) => ({
      ...(isJsonObject(value) ? value : {}),
      id: flow(id),
      source: node(textOf(isJsonObject(value) ? value['source'] : null)),
      target: node(textOf(isJsonObject(value) ? value['target'] : null)),
    })),
    constants: mapKeys(raw['constants'], (key) => key, constant),
    ...drawing(raw, node, flow),
  }
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

function mapKeys(
  value: Json | undefined,
  rename: (key: string) => string,
  change: (key: string, value: Json) => Json,
): JsonObject {
  if (!isJsonObject(value)) return {}
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), change(key, item)]))
}

/** Where the editor draws nodes and lines; either may be missing. */
function drawing(raw: RawTree, node: (id: string) => string, flow: (id: string) => string): JsonObject {
  const end = (value: Json | undefined): Json =>
    isJsonObject(value) ? { ...value, id: node(textOf(value['id'])) } : (value ?? null)
  const items = (name: string): readonly JsonObject[] =>
    Array.isArray(raw[name]) ? (raw[name] as readonly Json[]).filter(isJsonObject) : []
  return {
    ...('line' in raw
      ? {
          line: items('line').map((line) => ({
            ...line,
            id: flow(textOf(line['id'])),
            source: end(line['source']),
            target: end(line['target']),
          })),
        }
      : {}),
    ...('location' in raw
      ? { location: items('location').map((place) => ({ ...place, id: node(textOf(place['id'])) })) }
      : {}),
  }
}
