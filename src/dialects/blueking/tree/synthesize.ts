import type { PipelineDefinition, StageSpec, TaskSpec } from '../../../model/definition.ts'
import { nodeId, parseRunId, type PipelineId, type RunId } from '../../../model/id.ts'
import type { Json, JsonObject } from '../../../model/json.ts'
import { eventId, jointId } from '../ids.ts'
import { readTree } from './read-tree.ts'
import type { StoredTree } from './stored-tree.ts'
import { PLUGIN_ANNOTATION } from './to-definition.ts'
import type { WebTree } from './web-tree.ts'

/**
 * The tree of a pipeline that was made elsewhere: each of several stages a sub-process, tasks one after the other, with
 * gateways around those that run together. Its ids are those that its runs have in get_task_status when `root` is the
 * run's id; a template's are made of the pipeline's id in the same way.
 */
export function synthesize(definition: PipelineDefinition, root: PipelineId | RunId): StoredTree {
  const raw = new Synthesis(definition, asRunId(root)).whole()
  const read = readTree(raw)
  return { raw, tree: read.ok ? read.tree : EMPTY }
}

/** Never seen but for trees that are larger than this dialect takes: they can be shown, not made into tasks of their own. */
const EMPTY: WebTree = {
  start: { id: 'start', name: '' },
  end: { id: 'end', name: '' },
  activities: new Map(),
  gateways: new Map(),
  flows: new Map(),
  constants: new Map(),
  outputs: [],
}

function asRunId(id: string): RunId {
  const parsed = parseRunId(id)
  if (parsed === undefined) throw new TypeError(`an id is 32 lowercase hex digits, found ${JSON.stringify(id)}`)
  return parsed
}

/** Something with one way in and one way out. */
interface Piece {
  readonly first: string
  readonly last: string
}

type Nodes = Record<string, Record<string, Json>>

class Level {
  readonly activities: Nodes = {}
  readonly gateways: Nodes = {}
  readonly flows: Nodes = {}
}

class Synthesis {
  readonly #definition: PipelineDefinition
  readonly #root: RunId
  #joints = 0
  /** Places in the plan: each stage, then its tasks. */
  readonly #places = new Map<StageSpec | TaskSpec, number>()

  constructor(definition: PipelineDefinition, root: RunId) {
    this.#definition = definition
    this.#root = root
    let place = 0
    for (const stage of definition.stages) {
      for (const node of [stage, ...stage.tasks]) {
        this.#places.set(node, place)
        place += 1
      }
    }
  }

  whole(): JsonObject {
    const { stages, params } = this.#definition
    const [only, ...more] = stages
    const tree =
      only !== undefined && more.length === 0
        ? this.#stage(only, -1)
        : this.#level(-1, (level) =>
            this.#sequence(
              level,
              rows(stages).map((row) => this.#row(level, row)),
            ),
          )
    const constants = params.map((param, index) => [
      `\${${param.name}}`,
      {
        key: `\${${param.name}}`,
        name: param.name.slice(0, 50),
        index,
        desc: param.description,
        custom_type: 'input',
        source_type: 'custom',
        source_tag: 'input.input',
        source_info: {},
        show_type: 'show',
        value: param.default ?? '',
        validation: '',
      },
    ])
    return { ...tree, constants: Object.fromEntries(constants) as JsonObject, outputs: [] }
  }

  #stage(stage: StageSpec, container: number): JsonObject {
    if (stage.flow !== null) return this.#flow(stage, null)
    return this.#level(container, (level) => {
      const layers = layersOf(stage.tasks)
      const pieces = layers.map((layer) => layer.map((task) => this.#activity(level, task)))
      return this.#sequence(
        level,
        pieces.map((layer) => this.#together(level, layer)),
      )
    })
  }

  #level(container: number, fill: (level: Level) => Piece | undefined): JsonObject {
    const level = new Level()
    const [start, end] = [eventId(this.#root, container, 'start'), eventId(this.#root, container, 'end')]
    const inner = fill(level)
    const startEvent: Record<string, Json> = event(start, 'EmptyStartEvent')
    const endEvent: Record<string, Json> = event(end, 'EmptyEndEvent')
    this.#link(level, start, inner?.first ?? end)
    if (inner !== undefined) this.#link(level, inner.last, end)
    return finish(level, startEvent, endEvent)
  }

  #row(level: Level, stages: readonly StageSpec[]): Piece {
    return this.#together(
      level,
      stages.map((stage) => {
        const place = this.#places.get(stage) ?? 0
        const id = nodeId(this.#root, place)
        const pipeline = { ...this.#stage(stage, place), id, constants: {}, outputs: [] }
        level.activities[id] = activity(id, stage.name, { type: 'SubProcess', pipeline })
        return { first: id, last: id }
      }),
    )
  }

  #together(level: Level, pieces: readonly Piece[]): Piece {
    const [only, ...more] = pieces
    if (only !== undefined && more.length === 0) return only
    const [fork, join] = [this.#joint(), this.#joint()]
    level.gateways[fork] = { id: fork, name: '', type: 'ParallelGateway' }
    level.gateways[join] = { id: join, name: '', type: 'ConvergeGateway' }
    for (const { first, last } of pieces) {
      this.#link(level, fork, first)
      this.#link(level, last, join)
    }
    return { first: fork, last: join }
  }

  #sequence(level: Level, pieces: readonly Piece[]): Piece | undefined {
    for (const [at, piece] of pieces.entries()) {
      const next = pieces[at + 1]
      if (next !== undefined) this.#link(level, piece.last, next.first)
    }
    const [first, last] = [pieces[0], pieces.at(-1)]
    return first === undefined || last === undefined ? undefined : { first: first.first, last: last.last }
  }

  #activity(level: Level, task: TaskSpec): Piece {
    const id = nodeId(this.#root, this.#places.get(task) ?? 0)
    level.activities[id] = activity(id, task.name, {
      type: 'ServiceActivity',
      optional: task.optional,
      skippable: task.skippable,
      retryable: task.retryable,
      error_ignorable: task.onFailure.policy === 'continue',
      component: componentOf(task),
    })
    return { first: id, last: id }
  }

  /** A flow is a tree already; its conditions may be of our own language, and are shown as texts where they are not. */
  #flow(stage: StageSpec, parent: string | null): JsonObject {
    const level = new Level()
    const own = stage.tasks.filter((task) => task.parent === parent)
    const idOf = new Map(own.map((task) => [task.key, nodeId(this.#root, this.#places.get(task) ?? 0)]))
    let [start, end]: Record<string, Json>[] = []
    for (const task of own) {
      const id = idOf.get(task.key) ?? ''
      const { work } = task
      if (work.kind === 'start') start = event(id, 'EmptyStartEvent')
      else if (work.kind === 'end') end = event(id, 'EmptyEndEvent')
      else if (work.kind === 'gateway') level.gateways[id] = { id, name: '', type: GATEWAY_TYPE[work.gateway] }
      else if (work.kind === 'subflow') {
        const pipeline = { ...this.#flow(stage, task.key), id, constants: {}, outputs: [] }
        level.activities[id] = activity(id, task.name, { type: 'SubProcess', pipeline })
      } else this.#activity(level, task)
    }
    for (const edge of stage.flow?.edges ?? []) {
      const [from, to] = [idOf.get(edge.from), idOf.get(edge.to)]
      if (from === undefined || to === undefined) continue
      const flow = this.#link(level, from, to)
      const gateway = level.gateways[from]
      if (gateway === undefined || (!edge.default && edge.when === null)) continue
      if (edge.default) gateway['default_condition'] = { flow_id: flow, name: edge.name }
      else {
        const evaluate = edge.when?.op === 'bool-rule' ? edge.when.text : JSON.stringify(edge.when)
        gateway['conditions'] = {
          ...(gateway['conditions'] as JsonObject | undefined),
          [flow]: { evaluate, name: edge.name },
        }
      }
    }
    for (const gateway of Object.values(level.gateways)) {
      if (gateway['type'] === 'ExclusiveGateway' || gateway['type'] === 'ConditionalParallelGateway') {
        gateway['conditions'] ??= {}
      }
    }
    return finish(level, start ?? event(this.#joint(), 'EmptyStartEvent'), end ?? event(this.#joint(), 'EmptyEndEvent'))
  }

  #joint(): string {
    this.#joints += 1
    return jointId(this.#root, this.#joints)
  }

  #link(level: Level, source: string, target: string): string {
    const id = this.#joint()
    level.flows[id] = { id, source, target, is_default: false }
    return id
  }
}

const GATEWAY_TYPE = {
  exclusive: 'ExclusiveGateway',
  parallel: 'ParallelGateway',
  conditional: 'ConditionalParallelGateway',
  converge: 'ConvergeGateway',
} as const

const event = (id: string, type: string): Record<string, Json> => ({ id, name: '', type })

const activity = (id: string, name: string, more: JsonObject): Record<string, Json> => ({
  id,
  name: name.slice(0, 50),
  optional: false,
  error_ignorable: false,
  retryable: true,
  skippable: true,
  stage_name: '',
  loop: null,
  ...more,
})

/** What the nodes of a level name as their ways in and out is told by its flows. */
function finish(level: Level, start: Record<string, Json>, end: Record<string, Json>): JsonObject {
  const [into, out] = [new Map<string, string[]>(), new Map<string, string[]>()]
  for (const [id, { source, target }] of Object.entries(level.flows)) {
    push(out, source as string, id)
    push(into, target as string, id)
  }
  const { activities, gateways, flows } = level
  for (const node of [start, end, ...Object.values(activities), ...Object.values(gateways)]) {
    const id = node['id'] as string
    const [ways = [], onward = []] = [into.get(id), out.get(id)]
    const forks = Object.hasOwn(gateways, id) && node['type'] !== 'ConvergeGateway'
    node['incoming'] = ways.length === 1 ? ways[0]! : ways.length === 0 ? '' : ways
    node['outgoing'] = forks ? onward : (onward[0] ?? '')
  }
  return { start_event: start, end_event: end, activities, gateways, flows }
}

/** Ours by the plugin that would do the same; what there is none for has a code that says what it is. */
function componentOf(task: TaskSpec): JsonObject {
  const { work } = task
  const [code] = (task.annotations[PLUGIN_ANNOTATION] ?? '').split(' ')
  const fields = (data: Readonly<Record<string, Json>>): JsonObject =>
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, { hook: false, value }]))
  const made = (own: string, data: Readonly<Record<string, Json>>): JsonObject => ({
    code: code === undefined || code === '' ? own : code,
    data: fields(data),
  })
  switch (work.kind) {
    case 'sleep':
      return made('sleep_timer', {
        bk_timing: String(typeof work.duration === 'number' ? work.duration / 1_000 : work.duration),
      })
    case 'review':
      return made('bk_approve', { bk_verifier: work.reviewers.join(','), bk_approve_title: work.question })
    case 'callback':
      return made('pause_node', { description: task.description })
    case 'noop':
      return made('bk_display', { bk_display_message: task.description })
    case 'runner':
      return made(`millrace_${work.uses}`, work.with)
    case 'publish':
      return made('millrace_publish', { channel: work.channel })
    case 'run':
      return made('millrace_run', { pipeline: work.pipeline })
    case 'start':
    case 'end':
    case 'gateway':
    case 'subflow':
      return made(`millrace_${work.kind}`, {})
  }
}

/** Stages in the rows in which they run. */
function rows(stages: readonly StageSpec[]): readonly (readonly StageSpec[])[] {
  const made: StageSpec[][] = []
  for (const stage of stages) {
    const last = made.at(-1)
    if (stage.parallel && last !== undefined) last.push(stage)
    else made.push([stage])
  }
  return made
}

/** Tasks in layers: each in the first one after all that it needs. */
function layersOf(tasks: readonly TaskSpec[]): readonly (readonly TaskSpec[])[] {
  const dependents = new Map<string, TaskSpec[]>()
  const open = new Map(tasks.map((task) => [task.key, task.needs.length]))
  for (const task of tasks) {
    for (const key of task.needs) push(dependents, key, task)
  }
  const layers: TaskSpec[][] = []
  let layer = tasks.filter(({ needs }) => needs.length === 0)
  while (layer.length > 0) {
    layers.push(layer)
    const next: TaskSpec[] = []
    for (const dependent of layer.flatMap(({ key }) => dependents.get(key) ?? [])) {
      const left = (open.get(dependent.key) ?? 0) - 1
      open.set(dependent.key, left)
      if (left === 0) next.push(dependent)
    }
    layer = next
  }
  return layers
}

function push<Item>(groups: Map<string, Item[]>, key: string, item: Item): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [item])
  else group.push(item)
}
