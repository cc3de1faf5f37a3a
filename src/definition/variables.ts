import type { VariableSpec } from '../model/definition.ts'
import type { Json } from '../model/json.ts'
import { VARIABLES_MAX } from './limits.ts'
import { key } from './names.ts'
import { flag, listOf, mapOf, mapped, type Reader, readTemplate, record, type Shape, text } from './shape.ts'
import { type Path, quote, toJson, type Tree } from './tree.ts'

/** Variables: values that nobody is asked for. */

const VARIABLE_NAME = /^\w+(?:@[\w-]+)?$/

const variable: Shape<VariableSpec> = {
  schema: {},
  read(tree, path, reader) {
    const plain = { name: '', from: null, scope: null, outer: false }
    const isSpec = tree.kind === 'map' && VARIABLE_KEYS.some((word) => tree.entries.has(word))
    if (!isSpec) return { ...plain, value: templated(tree, path, reader) }
    const values = variableRecord.read(tree, path, reader)
    if (values === undefined) return undefined
    const { from, scope = null, outer = false, fixed = false } = values
    const [task, output] = from ?? []
    if (from !== undefined && (task === undefined || output === undefined || from.length !== 2)) {
      reader.problems.add(tree.at, [...path, 'from'], 'expected [task, output]')
      return undefined
    }
    const source = task === undefined || output === undefined ? null : { task, output }
    return { ...plain, value: values.value ?? null, from: source, scope, outer, ...(fixed ? { fixed } : {}) }
  },
}

const VARIABLE_KEYS = ['value', 'from'] as const

const anyJson: Shape<Json> = { schema: {}, read: templated }

function templated(tree: Tree, path: Path, reader: Reader): Json {
  switch (tree.kind) {
    case 'scalar':
      readTemplate(tree, path, reader)
      break
    case 'list':
      for (const [index, item] of tree.items.entries()) templated(item, [...path, index], reader)
      break
    case 'map':
      for (const [name_, { value }] of tree.entries) templated(value, [...path, name_], reader)
  }
  return toJson(tree)
}

const variableRecord = record('a variable', {
  value: { shape: anyJson, doc: 'May hold templates.' },
  from: { shape: listOf(text({ min: 1, max: 128 }), { max: 2 }), doc: '[task, output]: what that task has made.' },
  scope: { shape: key, doc: 'Key of the sub-flow that it is seen in. Default: everywhere.' },
  outer: { shape: flag, doc: 'With a scope: its value is read as what is around the sub-flow sees it.' },
  fixed: {
    shape: flag,
    doc: 'In the bamboo language: it stays what it was when the run, or the sub-flow that it is seen in, began.',
  },
})

/** A name may be there once for each scope: `name@scope` is its key then. */
export const variables: Shape<readonly VariableSpec[]> = mapped(
  mapOf(variable, {
    max: VARIABLES_MAX,
    keyProblem: (found) =>
      VARIABLE_NAME.test(found) && found.length <= 192
        ? undefined
        : `expected a name of letters, digits and _, perhaps with @ and a sub-flow, found ${quote(found)}`,
    keySchema: { pattern: VARIABLE_NAME.source, maxLength: 192 },
  }),
  (specs) => Object.entries(specs).map(([found, spec]) => ({ ...spec, name: found.split('@', 1)[0] ?? found })),
)
