import type { StepSpec } from '../steps/step.ts'
import { type Reader, wordList } from './shape.ts'
import { describe, type Entry, locate, type Path, quote, type Tree } from './tree.ts'

/** What a step's own schema says about its input, in the words and with the places of all other errors. */

type Issue = NonNullable<ReturnType<StepSpec['schema']['safeParse']>['error']>['issues'][number]

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

/** Of the branches of a union that all refused, the one that came furthest; branches that refused at once stay together. */
function narrowed(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const depthOf = (branch: readonly Issue[]): number => Math.max(0, ...branch.map(({ path }) => path.length))
  const deepest = issue.errors.toSorted((left, right) => depthOf(right) - depthOf(left))[0]
  if (deepest === undefined || depthOf(deepest) === 0) return [issue]
  return deepest.flatMap((inner) => narrowed({ ...inner, path: [...issue.path, ...inner.path] }))
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
}

function messageOf(issue: Issue, tree: Tree | undefined): string {
  const own = ownMessage(issue)
  if (own !== undefined && /\bfound\b/.test(own)) return own
  const expected = own ?? `expected ${[...new Set(expectations(issue))].join(' or ')}`
  const unquoted =
    issue.code === 'invalid_type' && issue.expected === 'string' && tree?.kind === 'scalar' && tree.value !== null
  return `${expected}${unquoted ? ' in quotes' : ''}, found ${describe(tree)}`
}

/** A message that the step's author wrote; zod's own ones all begin with these words. */
const ownMessage = (issue: Pick<Issue, 'message'>): string | undefined =>
  /^(?:Invalid|Too (?:big|small)|Unrecognized)/.test(issue.message) ? undefined : issue.message

/** What could have stood there instead: the words after "expected". */
function expectations(issue: Issue): readonly string[] {
  switch (issue.code) {
    case 'invalid_type':
      return [TYPE_WORDS[issue.expected] ?? issue.expected]
    case 'invalid_value':
      return [wordList(issue.values.map(String))]
    case 'too_small':
      return [`${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum} ${unitOf(issue.origin)}`.trim()]
    case 'too_big':
      return [`${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum} ${unitOf(issue.origin)}`.trim()]
    case 'invalid_format':
      return [
        issue.pattern?.includes('{{') === true
          ? 'text with ${{ }}'
          : `text of the form ${issue.pattern ?? issue.format}`,
      ]
    case 'not_multiple_of':
      return [`a multiple of ${issue.divisor}`]
    case 'invalid_union':
      return issue.errors.flatMap((branch) =>
        branch.flatMap((inner) => ownMessage(inner)?.replace(/^expected /, '') ?? expectations(inner)),
      )
    case 'unrecognized_keys':
      return [`no field ${issue.keys.join(', ')}`]
    case 'invalid_key':
      return ['another key']
    case 'invalid_element':
      return ['another element']
    case 'custom':
      return ['another value']
  }
}

function unitOf(origin: string): string {
  switch (origin) {
    case 'string':
      return 'characters'
    case 'array':
    case 'set':
      return 'items'
    case 'object':
    case 'map':
      return 'fields'
    default:
      return ''
  }
}
