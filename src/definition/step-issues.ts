import { expectedOf, narrowed, ownMessage, type SchemaIssue as Issue } from '../model/schema-issue.ts'
import { wordList } from '../model/word-list.ts'
import type { StepSpec } from '../steps/step.ts'
import type { Reader } from './shape.ts'
import { describe, type Entry, locate, type Path, quote, type Tree } from './tree.ts'

/** What a step's own schema says about its input, in the words and with the places of all other errors. */

interface InputPlaces {
  /** The path of a field in the document. */
  readonly fieldPath: (field: string) => Path
  readonly entryOf: (field: string) => Entry | undefined
  /** Of the input as a whole. */
  readonly at: number
  readonly path: Path
}

export function reportIssues(issues: readonly Issue[], step: StepSpec, places: InputPlaces, reader: Reader): void {
  for (const issue of issues.flatMap(narrowed)) {
    const [field, ...rest] = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
    const name = field === undefined ? undefined : String(field)
    const path = name === undefined ? places.path : [...places.fieldPath(name), ...rest]
    const tree = name === undefined ? undefined : places.entryOf(name)?.value
    const found = tree === undefined ? undefined : locate(tree, rest)
    if (issue.code === 'unrecognized_keys') {
      const known = name === undefined ? fieldsOf(step) : []
      for (const key of issue.keys) {
        const keyPath = name === undefined ? places.fieldPath(key) : [...path, key]
        const at =
          name === undefined
            ? places.entryOf(key)?.keyAt
            : tree === undefined
              ? undefined
              : locate(tree, [...rest, key]).keyAt
        const expected = known.length > 0 ? `: expected ${wordList(known)}` : ''
        const message = `unknown field of ${step.type}${reader.problems.suggestion(key, known)}${expected}, found ${quote(key)}`
        reader.problems.add(at ?? places.at, keyPath, message)
      }
      continue
    }
    if (issue.code === 'invalid_key') {
      const key = String(issue.path.at(-1))
      const expected = issue.issues.map(ownMessage).find((message) => message !== undefined) ?? 'expected another key'
      reader.problems.add(found?.keyAt ?? places.at, path, `${expected}, found ${quote(key)}`)
      continue
    }
    reader.problems.add(found?.at ?? places.at, path, messageOf(issue, found?.tree))
  }
}

const fieldNames = new WeakMap<StepSpec, readonly string[]>()

function fieldsOf(step: StepSpec): readonly string[] {
  let names = fieldNames.get(step)
  if (names === undefined) {
    names = Object.keys(step.schema.toJSONSchema({ io: 'input', unrepresentable: 'any' }).properties ?? {})
    fieldNames.set(step, names)
  }
  return names
}

function messageOf(issue: Issue, tree: Tree | undefined): string {
  const expected = expectedOf(issue)
  if (/\bfound\b/.test(expected)) return expected
  const unquoted =
    issue.code === 'invalid_type' && issue.expected === 'string' && tree?.kind === 'scalar' && tree.value !== null
  return `${expected}${unquoted ? ' in quotes' : ''}, found ${describe(tree)}`
}
