import { isJsonObject, type Json, type JsonObject } from '../../../model/json.ts'
import { mapTexts } from '../../kit/credentials.ts'
import { assignKeys, type LevelKeys } from './keys.ts'
import { paramOf } from './params.ts'
import type { PluginWork } from './plugin-work.ts'
import { pluginOf } from './plugins.ts'
import { shapedData, type Scope } from './shaping.ts'
import { convergesOf, sharedConverges } from './regions.ts'
import { valueOfType, withMeta } from './variable-types.ts'
import {
  constantVariable,
  flowsFrom,
  GATEWAY_TYPES,
  type Activity,
  type ServiceActivity,
  type WebTree,
} from './web-tree.ts'

export interface PipelineHead {
  readonly name: string
  readonly description: string
  readonly annotations: Readonly<Record<string, string>>
}

export type ToDefinition =
  | { readonly ok: true; readonly definition: JsonObject }
  | { readonly ok: false; readonly errors: readonly string[] }

export interface TreeOptions {
  /** Minutes east of UTC of dates in it. */
  readonly zoneOffsetMinutes: number
  /** Name of the pipeline that a subprocess_plugin node runs, by node id. */
  readonly children: ReadonlyMap<string, string>
}

/** Theirs counts how often a node is run again: BAMBOO_DJANGO_ERI_NODE_RERUN_LIMIT is 100. */
const PASSES_MAX = 101

/** What their engine gives every node besides its constants. */
const OWN_NAMES = ['_loop', '_inner_loop', '_system']

/** What a node was called in its tree, where our key had to be another. */
const ID_ANNOTATION = 'blueking/id'
/** What a gateway was, where ours had to be of another kind. */
export const TYPE_ANNOTATION = 'blueking/type'
/** It is of our making, and in no tree of theirs. */
export const UNSEEN = 'unseen'
export const PLUGIN_ANNOTATION = 'blueking/plugin'

/**
 * A tree that was found good -> our definition, as data of the text form. Sub-processes are flattened: their nodes name
 * them as `parent`, their constants are variables that are seen in them alone.
 */
export function toDefinition(tree: WebTree, head: PipelineHead, options: TreeOptions): ToDefinition {
  const writer = new Writer(options)
  writer.write(tree, assignKeys(tree), { parent: null, where: '', scope: { constants: tree.constants, outer: null } })
  if (writer.errors.length > 0) return { ok: false, errors: writer.errors }
  return {
    ok: true,
    definition: {
      name: head.name,
      description: head.description,
      language: 'bamboo',
      params: Object.fromEntries(
        [...tree.constants.values()].flatMap((constant) => {
          const param = paramOf(constant)
          return param === null ? [] : [[param, { type: 'json', description: constant.name, default: constant.value }]]
        }),
      ),
      variables: Object.fromEntries(writer.variables),
      outputs: tree.outputs.map((key) => key.slice(2, -1)),
      annotations: head.annotations,
      flow: { nodes: Object.fromEntries(writer.nodes), edges: writer.edges, loops: PASSES_MAX },
    },
  }
}

interface Level {
  /** Key of the sub-flow. */
  readonly parent: string | null
  /** What its errors begin with. */
  readonly where: string
  readonly scope: Scope
}

class Writer {
  readonly nodes: [string, JsonObject][] = []
  readonly #edges: JsonObject[] = []
  /** By name, with `@` and the sub-flow that it is seen in. */
  readonly variables: [string, JsonObject][] = []
  readonly errors: string[] = []
  readonly #late: JsonObject[] = []
  readonly #options: TreeOptions

  constructor(options: TreeOptions) {
    this.#options = options
  }

  get edges(): readonly JsonObject[] {
    return [...this.#edges, ...this.#late]
  }

  write(tree: WebTree, keys: LevelKeys, { parent, where, scope }: Level): void {
    const keyOf = (id: string): string => keys.nodes.get(id) ?? id
    const names = new Set([...OWN_NAMES, ...[...tree.constants.values()].map(({ variable }) => variable)])
    const put = (id: string, node: JsonObject): void => {
      const annotations = { ...(keyOf(id) === id ? {} : { [ID_ANNOTATION]: id }), ...(node['annotations'] as object) }
      const owner = parent === null ? {} : { parent }
      this.nodes.push([
        keyOf(id),
        { ...node, ...owner, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) },
      ])
    }
    put(tree.start.id, { ...named(tree.start.name), start: {} })
    for (const activity of tree.activities.values()) {
      put(activity.id, this.#activity(activity, names, { where, scope }))
      const inner = keys.inner.get(activity.id)
      if (activity.type === 'SubProcess' && inner !== undefined) {
        this.write(activity.tree, inner, {
          parent: keyOf(activity.id),
          where: `${where}sub-process(${activity.id}): `,
          scope: { constants: activity.tree.constants, outer: scope },
        })
      }
    }
    const shared = sharedConverges(tree)
    const passing = passingGateways(tree, shared)
    for (const id of shared.keys()) {
      const node = { gateway: 'converge', annotations: { [TYPE_ANNOTATION]: UNSEEN } }
      this.nodes.push([meetingKey(keyOf(id)), parent === null ? node : { ...node, parent }])
    }
    for (const { id, name, type } of tree.gateways.values()) {
      const gateway = { ...named(name), gateway: GATEWAY_TYPES[type], on_failure: 'hold' }
      put(
        id,
        passing.has(id) ? { ...gateway, gateway: 'exclusive', annotations: { [TYPE_ANNOTATION]: type } } : gateway,
      )
    }
    put(tree.end.id, { ...named(tree.end.name), end: {} })
    this.#flows(tree, keys, passing, shared)
    this.#meetings(tree, keys)
    this.#constants(tree, parent, keyOf)
  }

  #activity(
    activity: Activity,
    names: ReadonlySet<string>,
    { where, scope }: Pick<Level, 'where' | 'scope'>,
  ): JsonObject {
    const policy = {
      name: activity.name,
      optional: activity.optional,
      skippable: activity.skippable,
      retryable: activity.retryable,
      on_failure: activity.errorIgnorable ? 'continue' : 'hold',
      ...(activity.stageName === '' ? {} : { description: activity.stageName }),
    }
    if (activity.type === 'SubProcess') return { ...policy, subflow: {} }
    const work = this.#work({ ...activity, data: shapedData(activity, scope) }, names)
    if (!work.ok) {
      this.errors.push(`${where}node(${activity.id}): ${work.message}`)
      return policy
    }
    return {
      ...policy,
      ...timing(activity, work),
      uses: work.uses,
      with: work.with,
      ...(work.env === undefined || Object.keys(work.env).length === 0 ? {} : { env: work.env }),
      annotations: {
        [PLUGIN_ANNOTATION]: [activity.code, ...(activity.version === null ? [] : [activity.version])].join(' '),
      },
    }
  }

  #work(activity: ServiceActivity, names: ReadonlySet<string>): PluginWork {
    if (activity.code === 'subprocess_plugin') {
      const pipeline = this.#options.children.get(activity.id)
      if (pipeline === undefined) return { ok: false, message: 'its subprocess names no template' }
      return {
        ok: true,
        uses: 'run',
        with: { pipeline, params: shownValues(activity.data.get('subprocess')), wait: true },
      }
    }
    const plugin = pluginOf(activity.code)
    const { zoneOffsetMinutes } = this.#options
    // A script takes constants by its environment: one that is not rendered takes none.
    const seen = activity.verbatim.has('job_content') ? new Set<string>() : names
    return (
      plugin?.work({ data: writtenData(activity) }, { names: seen, zoneOffsetMinutes }) ?? {
        ok: false,
        message: `plugin ${activity.code} is not served here, see get_plugin_list`,
      }
    )
  }

  #flows(
    tree: WebTree,
    keys: LevelKeys,
    passing: ReadonlySet<string>,
    shared: ReadonlyMap<string, ReadonlySet<string>>,
  ): void {
    const keyOf = (id: string): string => keys.nodes.get(id) ?? id
    for (const [source, flows] of flowsFrom(tree)) {
      const gateway = tree.gateways.get(source)
      for (const flow of flows) {
        const condition = gateway?.conditions.get(flow.id)
        const fallback = gateway?.defaultFlow?.flow === flow.id || (condition === undefined && passing.has(source))
        const name = (fallback ? gateway?.defaultFlow?.name : condition?.name) ?? ''
        this.#edges.push({
          key: keys.flows.get(flow.id) ?? flow.id,
          ...(name === '' ? {} : { name }),
          from: keyOf(flow.source),
          to: shared.get(flow.target)?.has(flow.id) === true ? meetingKey(keyOf(flow.target)) : keyOf(flow.target),
          ...(fallback ? { default: true } : condition === undefined ? {} : { when: readLater(condition.evaluate) }),
        })
      }
    }
  }

  /** Behind all others, whose places are in the ids of a task's flows. */
  #meetings(tree: WebTree, keys: LevelKeys): void {
    for (const id of sharedConverges(tree).keys()) {
      const key = keys.nodes.get(id) ?? id
      this.#late.push({ key: meetingKey(key), from: meetingKey(key), to: key })
    }
  }

  /** Shown constants of a sub-process are read where the sub-process stands, hidden ones in it. */
  #constants(tree: WebTree, scope: string | null, keyOf: (id: string) => string): void {
    for (const constant of tree.constants.values()) {
      const { variable, value, shown, from, fixed } = constant
      const param = scope === null ? paramOf(constant) : null
      if (param === variable) continue
      // What gave the value was left out of the task: the value stays.
      const known = from !== null && tree.activities.has(from.node)
      this.variables.push([
        scope === null ? variable : `${variable}@${scope}`,
        {
          value: param === null ? value : `\${${param}}`,
          ...(known ? { from: [keyOf(from.node), from.output] } : {}),
          ...(scope === null ? {} : { scope, ...(shown ? { outer: true } : {}) }),
          ...(fixed ? { fixed: true } : {}),
        },
      ])
    }
  }
}

const OPERAND = `(?:-?\\d{1,15}(?:\\.\\d{1,15})?|'[^'\\\\]*'|"[^"\\\\]*"|\\w+)`
const PLAIN_CONDITION = new RegExp(`^ *${OPERAND} *(?:==|!=|>=|<=|>|<) *${OPERAND} *$`)

/**
 * A condition that cannot be read fails its gateway when a token comes there, as in the original, and not the tree that
 * it is in: one with something to be filled in is read only then, and the empty text is that.
 */
const readLater = (evaluate: string): string =>
  evaluate.includes('${') || PLAIN_CONDITION.test(evaluate) ? evaluate : `${evaluate}\${''}`

/**
 * Gateways at which nothing forks or meets: a parallel one of a single branch, and a converge gateway where the ways of
 * an exclusive one come together, or a loop comes back. Ours fork and meet in pairs; these are passed by one token.
 */
function passingGateways(tree: WebTree, shared: ReadonlyMap<string, unknown>): ReadonlySet<string> {
  const pairs = convergesOf(tree)
  // Where others come, too, the branches meet right before it.
  const meeting = new Set([...pairs.values()].filter((id) => !shared.has(id)))
  const gateways = [...tree.gateways.values()].filter(({ type }) => type !== 'ExclusiveGateway')
  return new Set(gateways.map(({ id }) => id).filter((id) => !pairs.has(id) && !meeting.has(id)))
}

/** Where branches meet whose converge gateway is come to from elsewhere, too. */
const meetingKey = (key: string): string => `${key.slice(0, 58)}-meet`

function timing(activity: ServiceActivity, work: PluginWork): JsonObject {
  // What may not be retried is not by itself either.
  const autoRetry = activity.retryable ? activity.autoRetry : null
  // What does nothing is over at once.
  const timeout = work.ok && work.uses === 'noop' ? null : activity.timeout
  const own = work.ok && work.timeoutSeconds !== undefined ? { timeout: `${work.timeoutSeconds}s` } : {}
  const delay = `${autoRetry?.intervalSeconds === 0 ? 1 : (autoRetry?.intervalSeconds ?? 0) * 1_000}ms`
  return {
    ...(timeout === null
      ? own
      : { timeout: `${timeout.seconds}s`, on_timeout: timeout.skips && activity.skippable ? 'skip' : 'fail' }),
    ...(autoRetry === null ? {} : { retry: { max: autoRetry.times, delay, max_delay: delay, jitter: 0 } }),
  }
}

/** What a plugin is given; fields that are not rendered there are written so that rendering gives them back. */
const writtenData = ({ data, verbatim }: ServiceActivity): ReadonlyMap<string, Json> =>
  new Map([...data].map(([key, value]) => [key, verbatim.has(key) && key !== 'job_content' ? literal(value) : value]))

/** The one text of the language that comes out as `$`: what was put in is not looked at again. */
const literal = (value: Json): Json => mapTexts(value, (text) => text.replaceAll('${', "${'\\x24'}{"))

/**
 * What an independent sub-process is started with: the values of the constants that its node shows, be they in the tree
 * that it holds, as bk-sops has them, or beside it.
 */
function shownValues(subprocess: Json | undefined): JsonObject {
  if (!isJsonObject(subprocess)) return {}
  const { pipeline, constants: beside } = subprocess
  const inTree = isJsonObject(pipeline) ? pipeline['constants'] : undefined
  const constants = { ...(isJsonObject(inTree) ? inTree : {}), ...(isJsonObject(beside) ? beside : {}) }
  return Object.fromEntries(
    Object.entries(constants).flatMap(([key, constant]) => {
      const variable = constantVariable(key)
      if (variable === undefined || !isJsonObject(constant) || constant['show_type'] === 'hide') return []
      const settled = withMeta(constant)
      const value = valueOfType(settled, settled['value'] ?? '')
      const param = paramOf({
        key,
        variable,
        name: '',
        description: '',
        shown: true,
        value: '',
        from: null,
        fixed: false,
      })
      return param === null ? [] : [[param, value]]
    }),
  )
}

const named = (name: string): JsonObject => (name === '' ? {} : { name })
