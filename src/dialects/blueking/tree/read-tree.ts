import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { valueOfType, withMeta } from './variable-types.ts'
import {
  constantVariable,
  GATEWAY_TYPES,
  type Activity,
  type Constant,
  type EventNode,
  type Flow,
  type Gateway,
  type GatewayType,
  type WebTree,
} from './web-tree.ts'

/** Most nodes of a tree, its sub-processes included; deepest nesting of those. */
export const NODES_MAX = 10_000
export const DEPTH_MAX = 10
const CONSTANTS_MAX = 200
const NAME_MAX = 50
const VALUE_MAX = 65_536

export type ReadTree =
  | { readonly ok: true; readonly tree: WebTree }
  | { readonly ok: false; readonly errors: readonly string[] }

/**
 * JSON -> tree, or all that its form lacks, each error with the path to it joined by arrows, as bk-sops writes them.
 * Sub-processes must hold their own tree (`pipeline`): see unfold.ts.
 */
export function readTree(json: Json): ReadTree {
  const reader = new Reader()
  const tree = readLevel(reader, json, [], 0)
  return reader.errors.length > 0 || tree === undefined ? { ok: false, errors: reader.errors } : { ok: true, tree }
}

type Path = readonly string[]
const ERRORS_MAX = 100

class Reader {
  readonly errors: string[] = []
  nodes = 0

  fail(path: Path, message: string): undefined {
    if (this.errors.length < ERRORS_MAX) this.errors.push(`${path.join('→')}: ${message}`)
    return undefined
  }

  object(value: Json | undefined, path: Path): JsonObject | undefined {
    if (value === undefined) return this.fail(path.slice(0, -1), `'${path.at(-1)}' is a required property`)
    return isJsonObject(value) ? value : this.fail(path, "is not of type 'object'")
  }

  /** @param fallback given: it may be missing, or null. */
  text(owner: JsonObject, name: string, path: Path, fallback?: string): string {
    const value = owner[name]
    if (typeof value === 'string') {
      if (value.length > VALUE_MAX) this.fail([...path, name], 'is too long')
      return value
    }
    if (value === undefined && fallback === undefined) this.fail(path, `'${name}' is a required property`)
    else if (value !== undefined && value !== null) this.fail([...path, name], "is not of type 'string'")
    else if (value === null && fallback === undefined) this.fail([...path, name], "is not of type 'string'")
    return fallback ?? ''
  }

  flag(owner: JsonObject, name: string, path: Path, fallback: boolean): boolean {
    const value = owner[name]
    if (typeof value === 'boolean') return value
    if (value !== undefined && value !== null) this.fail([...path, name], "is not of type 'boolean'")
    return fallback
  }

  oneOf<const Word extends string>(owner: JsonObject, name: string, path: Path, words: readonly Word[]): Word {
    const value = this.text(owner, name, path)
    const word = words.find((candidate) => candidate === value)
    if (word !== undefined) return word
    if (typeof owner[name] === 'string') {
      this.fail([...path, name], `${quote(value)} is not one of [${words.map((one) => `'${one}'`).join(', ')}]`)
    }
    // Never seen: the tree is refused.
    return words[0]!
  }

  /** A map from ids to objects. */
  entries(owner: JsonObject, name: string, path: Path): readonly (readonly [string, JsonObject, Path])[] {
    const map = this.object(owner[name], [...path, name])
    return Object.entries(map ?? {}).flatMap(([id, value]) => {
      const at = [...path, name, id]
      const object = this.object(value, at)
      return object === undefined ? [] : [[id, object, at] as const]
    })
  }
}

const quote = (text: string): string => `'${text.slice(0, 60)}'`
const ID = /^\w{1,64}$/

function readLevel(reader: Reader, json: Json | undefined, path: Path, depth: number): WebTree | undefined {
  const raw = reader.object(json, path.length === 0 ? ['pipeline_tree'] : path)
  if (raw === undefined) return undefined
  if (depth > DEPTH_MAX) return reader.fail(path, `sub-processes are nested deeper than ${DEPTH_MAX}`)
  const start = readEvent(reader, raw, 'start_event', 'EmptyStartEvent', path)
  const end = readEvent(reader, raw, 'end_event', 'EmptyEndEvent', path)
  const gateways = readGateways(reader, raw, path)
  const flows = readFlows(reader, raw, path)
  const constants = readConstants(reader, raw, path)
  const activities = readActivities(reader, raw, path, depth)
  reader.nodes += 2 + gateways.size + activities.size
  if (reader.nodes > NODES_MAX) return reader.fail(path, `more than ${NODES_MAX} nodes`)
  const outputs = readOutputs(reader, raw, path)
  return { start, end, activities, gateways, flows, constants, outputs }
}

function readEvent(reader: Reader, tree: JsonObject, name: string, type: string, path: Path): EventNode {
  const at = [...path, name]
  const raw = reader.object(tree[name], at)
  if (raw === undefined) return { id: '', name: '' }
  reader.oneOf(raw, 'type', at, [type])
  const id = reader.text(raw, 'id', at)
  checkId(reader, id, at)
  return { id, name: reader.text(raw, 'name', at, '') }
}

function checkId(reader: Reader, id: string, path: Path): void {
  if (!ID.test(id)) reader.fail(path, `${quote(id)} is no id of letters, digits and _`)
}

function checkOwnId(reader: Reader, key: string, raw: JsonObject, path: Path): void {
  checkId(reader, key, path)
  if (raw['id'] !== undefined && raw['id'] !== key) reader.fail([...path, 'id'], `is not the key '${key}'`)
}

function readFlows(reader: Reader, tree: JsonObject, path: Path): Map<string, Flow> {
  return new Map(
    reader.entries(tree, 'flows', path).map(([id, raw, at]) => {
      checkOwnId(reader, id, raw, at)
      return [id, { id, source: reader.text(raw, 'source', at), target: reader.text(raw, 'target', at) }]
    }),
  )
}

function readGateways(reader: Reader, tree: JsonObject, path: Path): Map<string, Gateway> {
  return new Map(
    reader.entries(tree, 'gateways', path).map(([id, raw, at]) => {
      checkOwnId(reader, id, raw, at)
      const type = reader.oneOf(raw, 'type', at, Object.keys(GATEWAY_TYPES) as GatewayType[])
      const forks = type === 'ExclusiveGateway' || type === 'ConditionalParallelGateway'
      return [
        id,
        {
          id,
          type,
          name: nodeName(reader.text(raw, 'name', at, '')),
          conditions: forks ? readConditions(reader, raw, at) : new Map<string, never>(),
          defaultFlow: forks ? readDefault(reader, raw, at) : null,
        },
      ]
    }),
  )
}

function readConditions(reader: Reader, raw: JsonObject, path: Path): Gateway['conditions'] {
  return new Map(
    reader
      .entries(raw, 'conditions', path)
      .map(([flow, condition, at]) => [
        flow,
        { name: reader.text(condition, 'name', at, ''), evaluate: reader.text(condition, 'evaluate', at) },
      ]),
  )
}

function readDefault(reader: Reader, raw: JsonObject, path: Path): Gateway['defaultFlow'] {
  const found = raw['default_condition']
  // An editor leaves an empty object where there is none.
  if (found === undefined || found === null || (isJsonObject(found) && Object.keys(found).length === 0)) return null
  const at = [...path, 'default_condition']
  const condition = reader.object(found, at)
  if (condition === undefined) return null
  return { flow: reader.text(condition, 'flow_id', at), name: reader.text(condition, 'name', at, '') }
}

function readActivities(reader: Reader, tree: JsonObject, path: Path, depth: number): Map<string, Activity> {
  const activities = new Map<string, Activity>()
  for (const [id, raw, at] of reader.entries(tree, 'activities', path)) {
    checkOwnId(reader, id, raw, at)
    const activity = readActivity(reader, id, raw, at, depth)
    if (activity !== undefined) activities.set(id, activity)
  }
  return activities
}

function readActivity(reader: Reader, id: string, raw: JsonObject, path: Path, depth: number): Activity | undefined {
  const type = reader.oneOf(raw, 'type', path, ['ServiceActivity', 'SubProcess'])
  const name = nodeName(reader.text(raw, 'name', path))
  if (raw['name'] !== undefined && name === '') reader.fail([...path, 'name'], 'is too short')
  const fields = {
    id,
    name,
    stageName: reader.text(raw, 'stage_name', path, ''),
    optional: reader.flag(raw, 'optional', path, false),
    errorIgnorable: reader.flag(raw, 'error_ignorable', path, false),
    // The names that trees had before 3.3 are still read.
    retryable: reader.flag(raw, 'retryable' in raw ? 'retryable' : 'can_retry', path, true),
    skippable: reader.flag(raw, 'skippable' in raw ? 'skippable' : 'isSkipped', path, true),
  }
  if (type === 'SubProcess') {
    const tree = readLevel(reader, raw['pipeline'], [...path, 'pipeline'], depth + 1)
    return tree === undefined ? undefined : { ...fields, type, tree }
  }
  const component = reader.object(raw['component'], [...path, 'component'])
  if (component === undefined) return undefined
  const at = [...path, 'component']
  const version = component['version']
  const data = reader.entries(component, 'data', at)
  for (const [, field, place] of data) {
    if (field['value'] === undefined) reader.fail(place, "'value' is a required property")
    reader.flag(field, 'hook', place, false)
  }
  return {
    ...fields,
    type,
    code: reader.text(component, 'code', at),
    version: typeof version === 'string' && version !== '' ? version : null,
    data: new Map(data.map(([key, field]) => [key, field['value'] ?? null])),
    verbatim: new Set(data.filter(([, field]) => field['need_render'] === false).map(([key]) => key)),
    autoRetry: readAutoRetry(reader, raw, path),
    timeout: readTimeout(reader, raw, path),
  }
}

const TIMES_MAX = 10
const INTERVAL_MAX_SECONDS = 60

/** Its bounds are applied, not told: bk-sops takes |n| and cuts it, and the most where it cannot read one. */
function readAutoRetry(reader: Reader, owner: JsonObject, path: Path) {
  const raw = enabledPart(reader, owner, 'auto_retry', path)
  if (raw === undefined) return null
  const times = Math.min(wholeOf(raw['times'] ?? TIMES_MAX) ?? TIMES_MAX, TIMES_MAX)
  const intervalSeconds = Math.min(wholeOf(raw['interval'] ?? 0) ?? INTERVAL_MAX_SECONDS, INTERVAL_MAX_SECONDS)
  return times === 0 ? null : { times, intervalSeconds }
}

/** As Python's `abs(int(...))`; undefined: it is none. */
function wholeOf(value: Json): number | undefined {
  if (typeof value === 'string') return /^\s*[+-]?\d{1,15}\s*$/.test(value) ? Math.abs(Number(value)) : undefined
  if (typeof value === 'boolean') return Number(value)
  return typeof value === 'number' ? Math.abs(Math.trunc(value)) : undefined
}

const TIMEOUT_MAX_SECONDS = 366 * 86_400

function readTimeout(reader: Reader, owner: JsonObject, path: Path) {
  const raw = enabledPart(reader, owner, 'timeout_config', path)
  if (raw === undefined) return null
  const { seconds, action } = raw
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 1 || seconds > TIMEOUT_MAX_SECONDS) {
    reader.fail([...path, 'timeout_config', 'seconds'], `is not an integer from 1 to ${TIMEOUT_MAX_SECONDS}`)
    return null
  }
  if (action !== undefined && action !== 'forced_fail' && action !== 'forced_fail_and_skip') {
    reader.fail([...path, 'timeout_config', 'action'], "is not one of ['forced_fail', 'forced_fail_and_skip']")
  }
  return { seconds, skips: action === 'forced_fail_and_skip' }
}

function enabledPart(reader: Reader, owner: JsonObject, name: string, path: Path): JsonObject | undefined {
  const value = owner[name]
  if (value === undefined || value === null) return undefined
  const raw = reader.object(value, [...path, name])
  return raw?.['enable'] === true ? raw : undefined
}

const CONSTANT_KEY = /^\$\{(?!_env_|_system\.)[A-Za-z0-9_]{1,60}\}$/

function readConstants(reader: Reader, tree: JsonObject, path: Path): Map<string, Constant> {
  const entries = reader.entries(tree, 'constants', path)
  if (entries.length > CONSTANTS_MAX) reader.fail([...path, 'constants'], `has more than ${CONSTANTS_MAX} constants`)
  const constants = new Map<string, Constant>()
  for (const [key, given, at] of entries) {
    const raw = withMeta(given)
    const variable = constantVariable(key)
    if (variable === undefined || !CONSTANT_KEY.test(key)) {
      reader.fail(at, `${quote(key)} does not match '${CONSTANT_KEY.source}'`)
      continue
    }
    if (raw['key'] !== undefined && raw['key'] !== key) reader.fail([...at, 'key'], `is not the key '${key}'`)
    const sourceType = raw['source_type'] === undefined ? 'custom' : reader.oneOf(raw, 'source_type', at, SOURCE_TYPES)
    const showType = raw['show_type'] === undefined ? 'show' : reader.oneOf(raw, 'show_type', at, ['show', 'hide'])
    // None is a value like any other; what stands for an output has none of its own.
    const isOwn = raw['value'] !== undefined && sourceType !== 'component_outputs'
    const value: Json = isOwn ? valueOfType(raw, raw['value'] ?? null) : (raw['value'] ?? '')
    if (JSON.stringify(value).length > VALUE_MAX) reader.fail([...at, 'value'], 'is too long')
    constants.set(key, {
      key,
      variable,
      name: reader.text(raw, 'name', at, variable).slice(0, NAME_MAX),
      description: reader.text(raw, 'desc', at, ''),
      shown: showType === 'show' && sourceType !== 'component_outputs',
      value,
      from: sourceType === 'component_outputs' ? sourceOf(reader, raw, at) : null,
      fixed: isFixed(raw),
    })
  }
  return constants
}

/** Their editor leaves an empty text where nobody asked for it. */
const isFixed = ({ pre_render_mako: fixed, source_type: source }: JsonObject): boolean =>
  source !== 'component_outputs' && fixed !== undefined && fixed !== null && fixed !== false && fixed !== ''

const SOURCE_TYPES = ['component_inputs', 'component_outputs', 'custom', 'system'] as const

/** One node and one field of it: the first, as there; the node may have been left out since. */
function sourceOf(reader: Reader, raw: JsonObject, path: Path): Constant['from'] {
  const info = raw['source_info']
  if (info === undefined || info === null) return null
  const entries = Object.entries(reader.object(info, [...path, 'source_info']) ?? {})
  const [node, fields] = entries[0] ?? []
  const field: Json | undefined = Array.isArray(fields) ? (fields as readonly Json[])[0] : undefined
  if (node === undefined || field === undefined) return null
  if (typeof field !== 'string') {
    reader.fail([...path, 'source_info', node], "holds what is not of type 'string'")
    return null
  }
  return { node, output: constantVariable(field) ?? field }
}

function readOutputs(reader: Reader, tree: JsonObject, path: Path): readonly string[] {
  const value = tree['outputs']
  if (!Array.isArray(value)) {
    reader.fail(path, value === undefined ? "'outputs' is a required property" : "outputs is not of type 'array'")
    return []
  }
  return (value as readonly Json[]).flatMap((key, at) => {
    if (typeof key === 'string' && constantVariable(key) !== undefined) return [key]
    reader.fail([...path, 'outputs', String(at)], 'is no key of a constant')
    return []
  })
}

/** As bk-sops makes names fit, without a word: `standardize_pipeline_node_name`. */
const nodeName = (name: string): string =>
  name
    .replace(/[<>$&'"\p{Cc}]+/gu, '')
    .trim()
    .slice(0, NAME_MAX)
