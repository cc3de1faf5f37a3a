import { wordList } from '../model/word-list.ts'
import { hasPieces } from '../engine/expression/template.ts'
import type { RunnerWork, Work } from '../model/definition.ts'
import type { Json } from '../model/json.ts'
import type { StepSpec } from '../steps/step.ts'
import { type Reader, readTemplate } from './shape.ts'
import { reportIssues } from './step-issues.ts'
import { describe, type Entry, type MapTree, type Path, toJson, type Tree } from './tree.ts'

/** What a task does, and what a runner must have for it. */
export interface ReadWork {
  readonly work: Work
  readonly needs: readonly string[]
  /** How the step takes it back, when the task does not say. */
  readonly rollback?: RunnerWork | undefined
}

/**
 * What a task does: `uses:` and `with:`, or the step type as a key, with the whole input (`git: {url: ...}`) or the one
 * field that the step type names as its shorthand (`script: make`).
 * @returns undefined when something was wrong with it and has been reported.
 */
export function readWork(task: MapTree, path: Path, steps: readonly StepSpec[], reader: Reader): ReadWork | undefined {
  const step = chooseStep(task, path, steps, reader)
  if (step === undefined) return undefined
  const input = readInput(task, path, step, reader)
  return input === undefined ? undefined : checkInput(input, step, reader)
}

function chooseStep(task: MapTree, path: Path, steps: readonly StepSpec[], reader: Reader): StepSpec | undefined {
  const types = steps.map(({ type }) => type)
  const uses = task.entries.get('uses')
  const named = steps.filter(({ type }) => task.entries.has(type))
  if (uses === undefined) {
    const [first, ...others] = named
    for (const { type } of others) {
      reader.problems.add(
        task.entries.get(type)!.keyAt,
        [...path, type],
        `expected one kind of work, found ${first!.type} and ${type}`,
      )
    }
    if (first === undefined) {
      const message = `expected \`uses\` or ${wordList(types)} in a task, found ${wordList([...task.entries.keys()]) || 'nothing'}`
      reader.problems.add(task.at, [...path, 'uses'], message)
    }
    return others.length > 0 ? undefined : first
  }
  const found = uses.value.kind === 'scalar' ? uses.value.value : null
  const step = steps.find(({ type }) => type === found)
  if (step === undefined) {
    const hint = typeof found === 'string' ? reader.problems.suggestion(found, types) : ''
    reader.problems.add(
      uses.value.at,
      [...path, 'uses'],
      `expected ${wordList(types)}, found ${describe(uses.value)}${hint}`,
    )
  }
  const stray = named.filter((other) => other !== step)
  for (const { type } of stray) {
    reader.problems.add(
      task.entries.get(type)!.keyAt,
      [...path, type],
      `expected \`${type}\` only without \`uses\`, found both`,
    )
  }
  return stray.length > 0 ? undefined : step
}

interface InputField {
  readonly path: Path
  readonly keyAt: number
  readonly value: Tree
}
/** The fields of a step's input, each with the place where it was written. */
interface ReadInput {
  readonly fields: ReadonlyMap<string, InputField>
  /** Of the input as a whole, for fields that are missing. */
  readonly at: number
  readonly path: Path
  /** Where a field is written that is not there. */
  readonly missingPath: (field: string) => Path
}

function readInput(task: MapTree, path: Path, step: StepSpec, reader: Reader): ReadInput | undefined {
  const given = task.entries.get('with')
  const short = task.entries.get(step.type)
  const fields = new Map<string, InputField>()
  const fill = (entry: Entry, at: Path): boolean => {
    if (entry.value.kind === 'scalar' && entry.value.value === null) return true
    if (entry.value.kind !== 'map') {
      reader.problems.add(
        entry.value.at,
        at,
        `expected a mapping of the fields of ${step.type}, found ${describe(entry.value)}`,
      )
      return false
    }
    for (const [key, field] of entry.value.entries) fields.set(key, { path: [...at, key], ...field })
    return true
  }
  let good = given === undefined || fill(given, [...path, 'with'])
  if (short !== undefined) {
    const at = [...path, step.type]
    if (short.value.kind === 'map' && given !== undefined) {
      reader.problems.add(
        given.keyAt,
        [...path, 'with'],
        `expected the fields of ${step.type} in one place, found \`${step.type}\` and \`with\``,
      )
      good = false
    } else if (short.value.kind === 'map' || isNothing(short.value) || step.shorthand === undefined) {
      good = fill(short, at) && good
    } else if (fields.has(step.shorthand)) {
      reader.problems.add(short.keyAt, at, `expected ${step.shorthand} once, found it in \`with\` too`)
      good = false
    } else {
      fields.set(step.shorthand, { path: at, ...short })
    }
  }
  if (!good) return undefined
  const whole = given ?? short
  const ownPath = [...path, step.type]
  const inputPath = given !== undefined ? [...path, 'with'] : short?.value.kind === 'map' ? ownPath : path
  return {
    fields,
    at: whole === undefined || isNothing(whole.value) ? task.at : whole.value.at,
    path: inputPath,
    // `sleep:` without a duration lacks what belongs right there.
    missingPath: (field) => (short !== undefined && field === step.shorthand ? ownPath : [...inputPath, field]),
  }
}

const isNothing = (tree: Tree): boolean => tree.kind === 'scalar' && tree.value === null

function checkInput(input: ReadInput, step: StepSpec, reader: Reader): ReadWork | undefined {
  const before = reader.problems.count
  for (const [field, { path, value }] of input.fields) {
    readTemplates(value, path, step.verbatim?.includes(field) === true, reader)
  }
  const json = Object.fromEntries(
    [...input.fields].map(([field, { value }]) => [
      field,
      step.verbatim?.includes(field) === true ? unescaped(toJson(value)) : toJson(value),
    ]),
  )
  const parsed = step.schema.safeParse(json)
  if (!parsed.success) {
    const places = {
      fieldPath: (field: string) => input.fields.get(field)?.path ?? input.missingPath(field),
      entryOf: (field: string) => input.fields.get(field),
      at: input.at,
      path: input.path,
    }
    reportIssues(parsed.error.issues, step, places, reader)
  }
  if (!parsed.success || reader.problems.count > before) return undefined
  const rollback = step.rollback?.(parsed.data)
  return {
    work: step.work(parsed.data),
    needs: step.needs?.(parsed.data) ?? [],
    ...(rollback?.kind === 'runner' ? { rollback } : undefined),
  }
}

/** Nothing renders verbatim text later, so what is escaped in it must be put right now. */
function unescaped(value: Json): Json {
  return typeof value === 'string' ? value.replaceAll('$${{', '${{') : value
}

/** Every text in a value; in text that goes to an interpreter, a template is refused: it would be a way to inject code. */
function readTemplates(tree: Tree, path: Path, verbatim: boolean, reader: Reader): void {
  switch (tree.kind) {
    case 'scalar':
      if (!verbatim) readTemplate(tree, path, reader)
      else if (typeof tree.value === 'string' && hasPieces(tree.value)) {
        const message =
          'expected no ${{ }} in text that goes to an interpreter: put the value in `env` and read the variable'
        reader.problems.add(tree.at, path, message)
      }
      return
    case 'list':
      for (const [index, item] of tree.items.entries()) readTemplates(item, [...path, index], verbatim, reader)
      return
    case 'map':
      for (const [key, { value }] of tree.entries) readTemplates(value, [...path, key], verbatim, reader)
      return
  }
}
