/** What the JSON schema of definitions says about a place in a YAML text. Pure, so that it is tested without an editor. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly allOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
}

export interface Completion {
  readonly label: string
  readonly kind: 'key' | 'value'
  readonly detail: string
}

/** A step into the document: the name of a key, or `[]` for an item of a list. */
type Step = string

interface Place {
  readonly path: readonly Step[]
  /** The key whose value is being written; undefined: a key is. */
  readonly valueOf: string | undefined
}

/** What may stand where the cursor is, after `before` (the text up to it). */
export function completionsAt(before: string, schema: Schema): readonly Completion[] {
  const { path, valueOf } = placeOf(before)
  let schemas: readonly Schema[] = [schema]
  for (const step of path) schemas = schemas.flatMap((one) => stepInto(one, step))
  if (valueOf === undefined) return keysOf(schemas)
  return valuesOf(schemas.flatMap((one) => stepInto(one, valueOf)))
}

/** Where the last line of a text is, by indentation: flow style (`{a: 1}`) is not followed. */
function placeOf(before: string): Place {
  const lines = before.split('\n')
  const current = lines.pop() ?? ''
  const { indent, rest, dash } = shapeOf(current)
  const path: Step[] = []
  let limit = indent
  if (dash) path.unshift('[]')
  for (const line of lines.toReversed()) {
    if (limit === 0 && !path.includes('[]')) break
    if (line.trim() === '' || line.trim().startsWith('#')) continue
    const above = shapeOf(line)
    const key = /^([\w.@-]+|"[^"]*"):\s*(?:[|>][-+\d]*)?\s*(?:#.*)?$/.exec(above.rest)?.[1]?.replaceAll('"', '')
    const opensList = path[0] === '[]' && above.column <= limit && key !== undefined && !above.dash
    if (above.column < limit || opensList) {
      if (key !== undefined) path.unshift(key)
      limit = above.column
      if (above.dash) {
        path.unshift('[]')
        limit = above.indent
      }
    } else if (above.dash && above.column === limit && above.indent < limit) {
      // A sibling key on the line of the dash: from here on it is the item's list that counts.
      path.unshift('[]')
      limit = above.indent
    }
  }
  return { path, valueOf: /^([\w.@-]+):\s+\S*$/.exec(rest)?.[1] }
}

/** `  - name: x` has indent 2, column 4, and the rest `name: x`. */
function shapeOf(line: string): { indent: number; column: number; rest: string; dash: boolean } {
  const [, spaces = '', dashes = '', rest = ''] = /^( *)((?:- +|-$)*)(.*)$/.exec(line) ?? []
  const column = spaces.length + dashes.length
  return { indent: dashes === '' ? column : spaces.length, column, rest, dash: dashes !== '' }
}

const branches = (schema: Schema): readonly Schema[] => [
  schema,
  ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].flatMap(branches),
]

function stepInto(schema: Schema, step: Step): readonly Schema[] {
  return branches(schema).flatMap((one) => {
    if (step === '[]') return one.items === undefined ? [] : [one.items]
    const own = one.properties !== undefined && Object.hasOwn(one.properties, step) ? one.properties[step] : undefined
    if (own !== undefined) return [own]
    return typeof one.additionalProperties === 'object' ? [one.additionalProperties] : []
  })
}

function keysOf(schemas: readonly Schema[]): readonly Completion[] {
  const found = new Map<string, Completion>()
  for (const schema of schemas.flatMap(branches)) {
    for (const [label, { description }] of Object.entries(schema.properties ?? {})) {
      if (!found.has(label)) found.set(label, { label, kind: 'key', detail: description ?? '' })
    }
  }
  return [...found.values()]
}

function valuesOf(schemas: readonly Schema[]): readonly Completion[] {
  const values = schemas
    .flatMap(branches)
    .flatMap(({ enum: many, const: one, type }) => [
      ...(many ?? []),
      ...(one === undefined ? [] : [one]),
      ...(type === 'boolean' ? [true, false] : []),
    ])
  return [...new Set(values.map(String))].map((label) => ({ label, kind: 'value', detail: '' }))
}
