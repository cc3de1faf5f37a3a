import { checkParamValue, paramNameProblem } from '../engine/params.ts'
import type { ParamSpec } from '../model/definition.ts'
import type { Json } from '../model/json.ts'
import { OPTIONS_MAX, PARAMS_MAX } from './limits.ts'
import { description } from './names.ts'
import {
  byKind,
  choice,
  flag,
  listOf,
  mapOf,
  mapped,
  type Reader,
  record,
  type Shape,
  writtenOf,
  writtenText,
} from './shape.ts'
import { describe, locate, type Path, quote, toJson, type Tree } from './tree.ts'

/** Params: values that a run is started with. */

const PARAM_TYPES = ['string', 'number', 'boolean', 'choice', 'json'] as const

const paramScalar: Shape<Tree> = {
  schema: { type: ['string', 'number', 'boolean', 'null'] },
  read(tree, path, reader) {
    if (tree.kind === 'scalar') return tree
    reader.problems.add(tree.at, path, `expected text, a number, true or false, found ${describe(tree)}`)
    return undefined
  },
}

/** A list or a mapping is one of type `json`. */
const anyDefault: Shape<Tree> = { schema: {}, read: (tree) => tree }

const paramRecord = record('a param', {
  type: {
    shape: choice(PARAM_TYPES),
    doc: 'Default: what the default value is, choice when there are options, else string.',
  },
  description: { shape: description, doc: 'What it is for.' },
  required: { shape: flag, doc: 'Whether a run cannot start without a value.' },
  default: { shape: anyDefault, doc: 'The value when none is given.' },
  options: {
    shape: listOf(writtenText({ min: 1, max: 1_000 }), { min: 1, max: OPTIONS_MAX }),
    doc: 'The allowed values of a choice.',
  },
})

/** The name is filled in by {@link params}. */
const param: Shape<ParamSpec> = byKind<ParamSpec>({
  expected: 'a default value, or a mapping with type, description, required, default and options',
  scalar: mapped(paramScalar, (value, tree, path, reader) => paramFrom({ default: value }, tree, path, path, reader)),
  map: mapped(paramRecord, (values, tree, path, reader) => {
    const from = tree.kind === 'map' && tree.entries.has('default') ? [...path, 'default'] : path
    return paramFrom(values, tree, path, from, reader)
  }),
})

interface ParamValues {
  readonly type?: (typeof PARAM_TYPES)[number] | undefined
  readonly description?: string | undefined
  readonly required?: boolean | undefined
  readonly default?: Tree | undefined
  readonly options?: readonly string[] | undefined
}

function paramFrom(
  values: ParamValues,
  tree: Tree,
  path: Path,
  defaultPath: Path,
  reader: Reader,
): ParamSpec | undefined {
  const { options = [] } = values
  // A type that was refused is not guessed.
  if (tree.kind === 'map' && tree.entries.has('type') && values.type === undefined) return undefined
  const type = values.type ?? (options.length > 0 ? 'choice' : typeOf(values.default))
  if (!checkOptions(type, options, tree, path, reader)) return undefined
  const spec = {
    name: '',
    type,
    description: values.description ?? '',
    required: values.required ?? false,
    options,
  }
  const value = defaultOf(values, spec, defaultPath, reader)
  return value === undefined ? undefined : { ...spec, default: value }
}

function checkOptions(
  type: ParamSpec['type'],
  options: readonly string[],
  tree: Tree,
  path: Path,
  reader: Reader,
): boolean {
  const written = tree.kind === 'map' && tree.entries.has('options')
  const again = options.findIndex((option, at) => options.indexOf(option) !== at)
  const [where, message] =
    type === 'choice' && !written
      ? [['options'], 'expected `options` for a choice, found nothing']
      : type !== 'choice' && written
        ? [['options'], `expected options only for a choice, found them for type ${type}`]
        : again !== -1
          ? [['options', again], `expected every option once, found ${quote(options[again]!)} again`]
          : [[], undefined]
  if (message !== undefined) reader.problems.add(locate(tree, where).at, [...path, ...where], message)
  return message === undefined
}

function typeOf(tree: Tree | undefined): 'string' | 'number' | 'boolean' | 'json' {
  if (tree !== undefined && tree.kind !== 'scalar') return 'json'
  const type = typeof tree?.value
  return type === 'number' || type === 'boolean' ? type : 'string'
}

/** null: none. */
function defaultOf(
  values: ParamValues,
  spec: Omit<ParamSpec, 'default'>,
  path: Path,
  reader: Reader,
): Json | undefined {
  const tree = values.default
  if (tree === undefined || (tree.kind === 'scalar' && tree.value === null)) return null
  if (spec.type === 'json') return checkedDefault(spec, toJson(tree), tree, path, reader)
  if (tree.kind !== 'scalar') {
    reader.problems.add(tree.at, path, `expected text, a number, true or false, found ${describe(tree)}`)
    return undefined
  }
  const asText = spec.type === 'string' || spec.type === 'choice'
  // 1.10 may be a version or a number, and would lose its nought as a number.
  const guessed = values.type === undefined && spec.type === 'number' && String(tree.value) !== tree.written
  if (guessed) {
    const message = `expected text in quotes, or a \`type\`: ${tree.written} as a number is ${tree.value}`
    reader.problems.add(tree.at, path, message)
    return undefined
  }
  return checkedDefault(spec, asText ? writtenOf(tree) : tree.value, tree, path, reader)
}

function checkedDefault(
  spec: Omit<ParamSpec, 'default'>,
  value: Json,
  tree: Tree,
  path: Path,
  reader: Reader,
): Json | undefined {
  const checked = checkParamValue(spec, value)
  if (checked.ok) return checked.value
  reader.problems.add(tree.at, path, checked.message)
  return undefined
}

export const params: Shape<readonly ParamSpec[]> = mapped(
  mapOf(param, {
    max: PARAMS_MAX,
    keyProblem: paramNameProblem,
    keySchema: { pattern: '^(?!MILLRACE_|SYS_|LD_)[A-Za-z_][A-Za-z0-9_]*$', maxLength: 64 },
  }),
  (specs) => Object.entries(specs).map(([paramName, spec]) => ({ ...spec, name: paramName })),
)
