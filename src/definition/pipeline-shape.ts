import type { Work } from '../model/definition.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import type { StepSpec } from '../steps/step.ts'
import { pipelineFields, stageFields, TASK_FIELDS } from './form.ts'
import { TASKS_MAX } from './limits.ts'
import { type Reader, record, type RecordShape, type Shape, type ValuesOf, wordList } from './shape.ts'
import { locate, type MapTree, type Path, type Tree } from './tree.ts'
import { readWork } from './work.ts'

/** A definition as it was read, before what spans several of its parts has been checked. What was wrong is undefined. */
export interface ReadTask {
  readonly tree: MapTree
  readonly path: Path
  readonly values: ValuesOf<typeof TASK_FIELDS>
  readonly work: Work | undefined
}
export interface ReadStage {
  readonly tree: MapTree
  readonly path: Path
  readonly values: Omit<ValuesOf<ReturnType<typeof stageFields<ReadTask>>>, 'tasks'>
  readonly tasks: readonly ReadTask[]
}
export interface ReadPipeline {
  readonly tree: MapTree
  readonly values: ValuesOf<ReturnType<typeof pipelineFields<ReadTask, ReadStage>>>
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
  const task = makeTaskShape(steps)
  const stage = makeStageShape(task)
  const fields = record('a definition', pipelineFields(task, stage))
  const alternatives = { oneOf: [{ required: ['stages'] }, { required: ['tasks'] }] }
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
  const count = stages.reduce((sum, stage) => sum + itemsOf(stage, 'tasks').length, 0)
  if (count <= TASKS_MAX) return false
  const { at } = locate(tree, ['stages'])
  reader.problems.add(at, ['stages'], `expected at most ${TASKS_MAX} tasks in all, found ${count}`)
  return true
}

function itemsOf(tree: Tree, key: string): readonly Tree[] {
  const value = tree.kind === 'map' ? tree.entries.get(key)?.value : undefined
  return value?.kind === 'list' ? value.items : []
}

function makeStageShape(task: Shape<ReadTask>): Shape<ReadStage> {
  const fields = record('a stage', stageFields(task))
  return {
    schema: { ...fields.schema, ...nameOrKey },
    read(tree, path, reader) {
      const values = fields.read(tree, path, reader)
      if (values === undefined || tree.kind !== 'map') return undefined
      return { tree, path, values, tasks: values.tasks ?? [] }
    },
  }
}

const nameOrKey: JsonObject = { anyOf: [{ required: ['name'] }, { required: ['key'] }] }

function makeTaskShape(steps: readonly StepSpec[]): Shape<ReadTask> {
  const types = steps.map(({ type }) => type)
  const clash = types.find((type) => type in TASK_FIELDS || type === 'uses' || type === 'with')
  if (clash !== undefined) throw new TypeError(`a step type cannot be called ${clash}: tasks have a key of that name`)
  const fields = record('a task', TASK_FIELDS, ['uses', 'with', ...types])
  return {
    schema: taskSchema(fields, steps),
    read(tree, path, reader) {
      const values = fields.read(tree, path, reader)
      if (values === undefined || tree.kind !== 'map') return undefined
      return { tree, path, values, work: readWork(tree, path, steps, reader) }
    },
  }
}

/** The keys of every task, and for each step type how its input may be written. */
function taskSchema(fields: RecordShape<typeof TASK_FIELDS>, steps: readonly StepSpec[]): JsonObject {
  const types = steps.map(({ type }) => type)
  const properties = {
    ...(fields.schema['properties'] as JsonObject),
    uses: { description: `What does the work: ${wordList(types)}.`, enum: types },
    with: { description: 'The fields of the step type.', type: ['object', 'null'] },
    ...Object.fromEntries(steps.map(({ type, summary }) => [type, { description: summary }])),
  }
  const oneOfThem = ['uses', ...types].map((key) => ({ required: [key] }))
  const noTwo = pairsOf(types).map((pair) => ({ not: { required: pair } }))
  return {
    ...fields.schema,
    properties,
    ...nameOrKey,
    allOf: [{ anyOf: oneOfThem }, ...noTwo, ...steps.flatMap(stepSchemas)],
  }
}

/** The same that work.ts reads: `uses` and `with`, or the type as a key with the whole input or its shorthand field. */
function stepSchemas(step: StepSpec): readonly JsonObject[] {
  const { type, shorthand } = step
  const { $schema: _, ...whole } = step.schema.toJSONSchema({ io: 'input', unrepresentable: 'any' })
  const input = whole as JsonObject
  const forms: JsonObject[] = [
    { properties: { [type]: input }, not: { required: ['with'] } },
    { ...withInput(input, { [type]: { type: 'null' } }) },
  ]
  const field = shorthand === undefined ? undefined : partOf(input, 'properties')[shorthand]
  if (shorthand !== undefined && field !== undefined) {
    forms.push(withInput(without(input, shorthand), { [type]: field }))
  }
  return [
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
