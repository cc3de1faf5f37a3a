import type { Work } from '../model/definition.ts'
import type { JsonObject } from '../model/json.ts'
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

/** `uses` with `with`, or a step type as a key with the whole input or its one shorthand field. */
function taskSchema(fields: RecordShape<typeof TASK_FIELDS>, steps: readonly StepSpec[]): JsonObject {
  const types = steps.map(({ type }) => type)
  const own = fields.schema['properties'] as JsonObject
  const inputs = new Map(steps.map((step) => [step.type, inputSchema(step)]))
  const properties = {
    ...own,
    uses: { description: `What does the work: ${wordList(types)}.`, enum: types },
    with: { description: 'The fields of the step type.', type: ['object', 'null'] },
    ...Object.fromEntries(
      steps.map((step) => [step.type, { description: step.summary, ...shortSchema(step, inputs.get(step.type)!) }]),
    ),
  }
  const oneKind = [['uses'], ...types.map((type) => [type])].map((required) => ({ required }))
  return {
    ...fields.schema,
    properties,
    ...nameOrKey,
    allOf: [
      { anyOf: oneKind },
      ...steps.map((step) => ({
        if: { properties: { uses: { const: step.type } }, required: ['uses'], not: { required: [step.type] } },
        // Without `with` the input is empty, which some step types take and some do not.
        // oxlint-disable-next-line unicorn/no-thenable -- the word of JSON Schema; nobody awaits this
        then: { properties: { with: inputs.get(step.type)! }, ...requiredWith(inputs.get(step.type)!) },
      })),
      { not: { anyOf: pairsOf(types).map((required) => ({ required })) } },
    ],
  }
}

function inputSchema(step: StepSpec): JsonObject {
  const { $schema: _, ...schema } = step.schema.toJSONSchema({ io: 'input', unrepresentable: 'any' })
  return schema as JsonObject
}

/** The value of a step type's own key: the whole input, or its shorthand field when the others may be left out. */
function shortSchema(step: StepSpec, input: JsonObject): JsonObject {
  const field =
    step.shorthand === undefined ? undefined : (input['properties'] as JsonObject | undefined)?.[step.shorthand]
  return { anyOf: [input, ...(field === undefined ? [] : [field as JsonObject]), { type: 'null' }] }
}

function requiredWith(input: JsonObject): JsonObject {
  const required = input['required']
  return Array.isArray(required) && required.length > 0 ? { required: ['with'] } : {}
}

const pairsOf = (words: readonly string[]): readonly (readonly string[])[] =>
  words.flatMap((first, at) => words.slice(at + 1).map((second) => [first, second]))
