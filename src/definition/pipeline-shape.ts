import { wordList } from '../model/word-list.ts'
import type { FlowSpec, Work } from '../model/definition.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import type { StepSpec } from '../steps/step.ts'
import { checkExecutor } from './executor.ts'
import { flowFields, pipelineFields, stageFields, TASK_FIELDS } from './form.ts'
import { TASKS_MAX } from './limits.ts'
import { mapped, type Reader, record, reportUnknownKeys, type RecordShape, type Shape, type ValuesOf } from './shape.ts'
import { describe, locate, type MapTree, type Path, type Tree } from './tree.ts'
import { readWork, type ReadWork } from './work.ts'

/** A definition as it was read, before what spans several of its parts has been checked. What was wrong is undefined. */
export interface ReadTask {
  readonly tree: MapTree
  readonly path: Path
  readonly values: ValuesOf<typeof TASK_FIELDS>
  readonly work: Work | undefined
  /** How what it did is taken back. */
  readonly rollback: Work | undefined
  /** Labels of what a runner must have for the two. */
  readonly toolLabels: readonly string[]
}
/** Its nodes are read as tasks. */
export interface ReadFlow {
  readonly tree: MapTree
  readonly path: Path
  readonly nodes: readonly ReadTask[]
  readonly edges: FlowSpec['edges']
  readonly loopMax: number
}
export interface ReadStage {
  readonly tree: MapTree
  readonly path: Path
  readonly values: Omit<ValuesOf<ReturnType<typeof stageFields<ReadTask, ReadFlow>>>, 'tasks' | 'flow'>
  /** Of a flow: its nodes. */
  readonly tasks: readonly ReadTask[]
  readonly flow: ReadFlow | null
}
export interface ReadPipeline {
  readonly tree: MapTree
  readonly values: ValuesOf<ReturnType<typeof pipelineFields<ReadTask, ReadStage, ReadFlow>>>
}

const shapes = new WeakMap<readonly StepSpec[], Shape<ReadPipeline>>()

/** The form of a whole definition; made once for each list of step types. */
export function pipelineShape(steps: readonly StepSpec[]): Shape<ReadPipeline> {
  let shape = shapes.get(steps)
  if (shape === undefined) {
    shape = makePipelineShape(steps)
    shapes.set(steps, shape)
  }
  return shape
}

function makePipelineShape(steps: readonly StepSpec[]): Shape<ReadPipeline> {
  const task = makeTaskShape(steps, nameOrKey)
  const flow = makeFlowShape(makeTaskShape(steps, {}))
  const stage = makeStageShape(task, flow)
  const fields = record('a definition', pipelineFields(task, stage, flow))
  const alternatives = { oneOf: [{ required: ['stages'] }, { required: ['tasks'] }, { required: ['flow'] }] }
  return {
    schema: { ...fields.schema, ...alternatives },
    read(tree, path, reader) {
      if (hasTooManyTasks(tree, reader)) return undefined
      const values = fields.read(tree, path, reader)
      return values === undefined || tree.kind !== 'map' ? undefined : { tree, values }
    },
  }
}

/** Before any of them is read. */
function hasTooManyTasks(tree: Tree, reader: Reader): boolean {
  const stages = itemsOf(tree, 'stages')
  const count = stages.reduce((sum, stage) => sum + itemsOf(stage, 'tasks').length + nodesOf(stage), nodesOf(tree))
  if (count <= TASKS_MAX) return false
  const { at } = locate(tree, ['stages'])
  reader.problems.add(at, ['stages'], `expected at most ${TASKS_MAX} tasks in all, found ${count}`)
  return true
}

function nodesOf(tree: Tree): number {
  const flow = tree.kind === 'map' ? tree.entries.get('flow')?.value : undefined
  const nodes = flow?.kind === 'map' ? flow.entries.get('nodes')?.value : undefined
  return nodes?.kind === 'map' ? nodes.entries.size : 0
}

function itemsOf(tree: Tree, key: string): readonly Tree[] {
  const value = tree.kind === 'map' ? tree.entries.get(key)?.value : undefined
  return value?.kind === 'list' ? value.items : []
}

function makeStageShape(task: Shape<ReadTask>, flow: Shape<ReadFlow>): Shape<ReadStage> {
  const fields = record('a stage', stageFields(task, flow))
  return {
    schema: { ...fields.schema, ...nameOrKey, oneOf: [{ required: ['tasks'] }, { required: ['flow'] }] },
    read(tree, path, reader) {
      const values = fields.read(tree, path, reader)
      if (values === undefined || tree.kind !== 'map') return undefined
      const hasFlow = tree.entries.has('flow')
      if (tree.entries.has('tasks') === hasFlow) {
        const at = hasFlow ? tree.entries.get('flow')!.keyAt : tree.at
        const message = `expected either \`tasks\` or \`flow\` in a stage, found ${hasFlow ? 'both' : 'neither'}`
        reader.problems.add(at, [...path, hasFlow ? 'flow' : 'tasks'], message)
      }
      return { tree, path, values, tasks: values.tasks ?? values.flow?.nodes ?? [], flow: values.flow ?? null }
    },
  }
}

function makeFlowShape(task: Shape<ReadTask>): Shape<ReadFlow> {
  const fields = record('a flow', flowFields(task))
  return mapped(fields, (values, tree, path) => {
    if (tree.kind !== 'map' || values.nodes === undefined || values.edges === undefined) return undefined
    const nodes = Object.entries(values.nodes).map(([key, node]) => ({ ...node, values: { ...node.values, key } }))
    const edges = values.edges.map((edge, place) => ({
      key: edge.key ?? `edge-${place + 1}`,
      name: edge.name ?? '',
      from: edge.from ?? '',
      to: edge.to ?? '',
      when: edge.when ?? null,
      default: edge.default ?? false,
    }))
    return { tree, path, nodes, edges, loopMax: values.loops ?? DEFAULT_LOOPS }
  })
}

/** As BlueKing's engine: BAMBOO_DJANGO_ERI_NODE_RERUN_LIMIT (blueking.md A3.6). */
const DEFAULT_LOOPS = 100

const nameOrKey: JsonObject = { anyOf: [{ required: ['name'] }, { required: ['key'] }] }

function makeTaskShape(steps: readonly StepSpec[], named: JsonObject): Shape<ReadTask> {
  const types = steps.map(({ type }) => type)
  const clash = types.find((type) => type in TASK_FIELDS || type === 'uses' || type === 'with')
  if (clash !== undefined) throw new TypeError(`a step type cannot be called ${clash}: tasks have a key of that name`)
  const fields = record('a task', TASK_FIELDS, ['uses', 'with', 'rollback', ...types])
  return {
    schema: { ...taskSchema(fields, steps), ...named },
    read(tree, path, reader) {
      const values = fields.read(tree, path, reader)
      if (values === undefined || tree.kind !== 'map') return undefined
      const main = readWork(tree, path, steps, reader)
      if (values.secrets !== undefined && main !== undefined && main.work.kind !== 'runner') {
        const message = 'expected secrets only on a task that a runner does, found them on one of the server itself'
        reader.problems.add(locate(tree, ['secrets']).at, [...path, 'secrets'], message)
      }
      refuseTimeout(tree, path, main?.work, reader)
      const rollback = readRollback(tree, path, steps, reader)
      if (main !== undefined) checkExecutor(tree, path, main.work.kind === 'runner', reader.problems)
      const toolLabels = [...(main?.needs ?? []), ...(rollback?.needs ?? [])]
      return { tree, path, values, work: main?.work, rollback: rollback?.work ?? main?.rollback, toolLabels }
    },
  }
}

/** Why work of a kind has no timeout of its own; null: it has. A step type is called as its kind of work, or it has one. */
const NO_TIME = {
  noop: 'it is over at once',
  publish: 'it is over at once',
  start: 'it is over at once',
  end: 'it is over at once',
  gateway: 'it is over at once',
  subflow: 'give one to what is in it, or to the stage',
  runner: null,
  sleep: null,
  review: null,
  callback: null,
  run: null,
} as const satisfies Record<Work['kind'], string | null>

function refuseTimeout(task: MapTree, path: Path, work: Work | undefined, reader: Reader): void {
  const entry = task.entries.get('timeout')
  const why = work === undefined ? null : NO_TIME[work.kind]
  if (entry === undefined || work === undefined || why === null) return
  reader.problems.add(entry.keyAt, [...path, 'timeout'], `expected no timeout of a ${work.kind}: ${why}`)
}

/** Written as the work of a task is, in a place of its own. */
function readRollback(task: MapTree, path: Path, steps: readonly StepSpec[], reader: Reader): ReadWork | undefined {
  const entry = task.entries.get('rollback')
  if (entry === undefined) return undefined
  const at = [...path, 'rollback']
  if (entry.value.kind !== 'map') {
    reader.problems.add(entry.value.at, at, `expected work as a task has it, found ${describe(entry.value)}`)
    return undefined
  }
  reportUnknownKeys(entry.value, at, reader, ['uses', 'with', ...steps.map(({ type }) => type)])
  const read = readWork(entry.value, at, steps, reader)
  if (read === undefined || read.work.kind === 'runner') return read
  reader.problems.add(entry.value.at, at, `expected work of a runner, found ${read.work.kind}`)
  return undefined
}

/** The keys of every task, and for each step type how its input may be written. */
function taskSchema(fields: RecordShape<typeof TASK_FIELDS>, steps: readonly StepSpec[]): JsonObject {
  const types = steps.map(({ type }) => type)
  const properties = {
    ...(fields.schema['properties'] as JsonObject),
    uses: { description: `What does the work: ${wordList(types)}.`, enum: types },
    with: { description: 'The fields of the step type.', type: ['object', 'null'] },
    rollback: {
      description: 'How what it did is taken back: the work of a runner, written as that of a task.',
      type: 'object',
    },
    ...Object.fromEntries(steps.map(({ type, summary }) => [type, { description: summary }])),
  }
  const oneOfThem = ['uses', ...types].map((key) => ({ required: [key] }))
  const noTwo = pairsOf(types).map((pair) => ({ not: { required: pair } }))
  return {
    ...fields.schema,
    properties,
    allOf: [{ anyOf: oneOfThem }, ...noTwo, ...steps.flatMap(stepSchemas)],
  }
}

/** The same that work.ts reads: `uses` and `with`, or the type as a key with the whole input or its shorthand field. */
function stepSchemas(step: StepSpec): readonly JsonObject[] {
  const { type, shorthand } = step
  const { $schema: _, ...whole } = step.schema.toJSONSchema({ io: 'input', unrepresentable: 'any' })
  const input = whole as JsonObject
  const isType = { anyOf: [{ required: [type] }, { properties: { uses: { const: type } }, required: ['uses'] }] }
  const noTimeout = (NO_TIME as Readonly<Record<string, string | null>>)[type] ?? null
  const forms: JsonObject[] = [
    { properties: { [type]: input }, not: { required: ['with'] } },
    { ...withInput(input, { [type]: { type: 'null' } }) },
  ]
  const field = shorthand === undefined ? undefined : partOf(input, 'properties')[shorthand]
  if (shorthand !== undefined && field !== undefined) {
    forms.push(withInput(without(input, shorthand), { [type]: field }))
  }
  return [
    ...(noTimeout === null ? [] : [implies(isType, { not: { required: ['timeout'] } })]),
    implies({ required: [type] }, { properties: { uses: { const: type } }, anyOf: forms }),
    implies({ properties: { uses: { const: type } }, required: ['uses'], not: { required: [type] } }, withInput(input)),
  ]
}

/** `with` holds the input; it may be left out when none of the input's fields is required. */
function withInput(input: JsonObject, properties: JsonObject = {}): JsonObject {
  const required = input['required']
  return Array.isArray(required) && required.length > 0
    ? { properties: { ...properties, with: input }, required: ['with'] }
    : { properties: { ...properties, with: { anyOf: [input, { type: 'null' }] } } }
}

function without(input: JsonObject, field: string): JsonObject {
  const { [field]: _, ...properties } = partOf(input, 'properties')
  const required = input['required']
  const others = Array.isArray(required) ? required.filter((name) => name !== field) : []
  return { ...input, properties, required: others }
}

function partOf(schema: JsonObject, key: string): JsonObject {
  const part = schema[key]
  return isJsonObject(part) ? part : {}
}

function implies(condition: JsonObject, consequence: JsonObject): JsonObject {
  // oxlint-disable-next-line unicorn/no-thenable -- the word of JSON Schema; nobody awaits this
  return { if: condition, then: consequence }
}

const pairsOf = (words: readonly string[]): readonly (readonly string[])[] =>
  words.flatMap((first, at) => words.slice(at + 1).map((second) => [first, second]))
