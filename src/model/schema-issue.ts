import { wordList } from './word-list.ts'

/**
 * What a schema says is wrong with a value, as zod tells it, in our words: "expected ..., found ...". The form is zod's
 * issue (https://zod.dev/api, `z.core.$ZodIssue`): a code of it that is new does not fit here, so the compiler tells.
 */
export type SchemaIssue = {
  readonly path: readonly PropertyKey[]
  readonly message: string
  readonly input?: unknown
} & (
  | { readonly code: 'invalid_type'; readonly expected: string }
  | { readonly code: 'invalid_value'; readonly values: readonly unknown[] }
  | {
      readonly code: 'too_small'
      readonly minimum: number | bigint
      readonly inclusive?: boolean | undefined
      readonly origin: string
    }
  | {
      readonly code: 'too_big'
      readonly maximum: number | bigint
      readonly inclusive?: boolean | undefined
      readonly origin: string
    }
  | { readonly code: 'invalid_format'; readonly format: string; readonly pattern?: string | undefined }
  | { readonly code: 'not_multiple_of'; readonly divisor: number | bigint }
  | { readonly code: 'invalid_union'; readonly errors: readonly (readonly SchemaIssue[])[] }
  | { readonly code: 'unrecognized_keys'; readonly keys: readonly string[] }
  | { readonly code: 'invalid_key'; readonly issues: readonly SchemaIssue[] }
  | { readonly code: 'invalid_element' }
  | { readonly code: 'custom' }
)

/** Of the branches of a union that all refused, the one that came furthest; branches that refused at once stay together. */
export function narrowed(issue: SchemaIssue): readonly SchemaIssue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const depthOf = (branch: readonly SchemaIssue[]): number => Math.max(0, ...branch.map(({ path }) => path.length))
  const deepest = issue.errors.toSorted((left, right) => depthOf(right) - depthOf(left))[0]
  if (deepest === undefined || depthOf(deepest) === 0) return [issue]
  return deepest.flatMap((inner) => narrowed({ ...inner, path: [...issue.path, ...inner.path] }))
}

/** `expected ...`, and what was found if the schema's author has written it. */
export const expectedOf = (issue: SchemaIssue): string =>
  ownMessage(issue) ?? `expected ${[...new Set(expectations(issue))].join(' or ')}`

/** A message that the schema's author wrote; zod's own ones all begin with these words. */
export const ownMessage = ({ message }: Pick<SchemaIssue, 'message'>): string | undefined =>
  /^(?:Invalid|Too (?:big|small)|Unrecognized)/.test(message) ? undefined : message

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

/** Named forms of text whose pattern says nothing to people. */
const FORMAT_WORDS: Readonly<Record<string, string>> = {
  datetime: 'a time such as 2026-11-22T10:15:00Z',
}

/** What could have stood there instead: the words after "expected". */
function expectations(issue: SchemaIssue): readonly string[] {
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
          : (FORMAT_WORDS[issue.format] ?? `text of the form ${issue.pattern ?? issue.format}`),
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
