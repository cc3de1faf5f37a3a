import { isJsonObject, type Json } from '../../../model/json.ts'

/** Keys of the constants that activities and conditions of a tree name, by themselves or by way of other constants. */
export function referencedConstants(tree: Readonly<Record<string, Json>>): ReadonlySet<string> {
  const constants = isJsonObject(tree['constants']) ? tree['constants'] : {}
  const found = new Set<string>()
  const open: Json[] = [...nodeTexts(tree)]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    for (const name of namesIn(value)) {
      const key = `\${${name}}`
      if (found.has(key) || !Object.hasOwn(constants, key)) continue
      found.add(key)
      const constant = constants[key]
      if (isJsonObject(constant)) open.push(constant['value'] ?? null)
    }
  }
  return found
}

/** How many fields of activities name each constant, by its key. Source: bk-sops `tasktmpl3/domains/constants.py`. */
export function namedByActivities(tree: Readonly<Record<string, Json>>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { component, constants } of objectsIn(tree['activities'])) {
    const fields = isJsonObject(component) ? objectsIn(component['data']) : []
    for (const { value = null } of [...fields, ...objectsIn(constants)]) {
      for (const name of new Set(namesIn(value))) counts.set(`\${${name}}`, (counts.get(`\${${name}}`) ?? 0) + 1)
    }
  }
  return counts
}

function* nodeTexts(tree: Readonly<Record<string, Json>>): Generator<Json> {
  for (const activity of objectsIn(tree['activities'])) {
    const { component, constants } = activity
    for (const field of isJsonObject(component) ? objectsIn(component['data']) : []) yield field['value'] ?? null
    for (const constant of objectsIn(constants)) if (constant['show_type'] === 'show') yield constant['value'] ?? null
  }
  for (const gateway of objectsIn(tree['gateways'])) {
    for (const condition of objectsIn(gateway['conditions'])) yield condition['evaluate'] ?? null
  }
}

const objectsIn = (value: Json | undefined) => (isJsonObject(value) ? Object.values(value).filter(isJsonObject) : [])

/** Every name within `${...}` of the texts in a value. */
function* namesIn(value: Json): Generator<string> {
  if (typeof value === 'string') {
    // Their pattern, which takes braces in; source: bamboo-pipeline's core/data/expression.py.
    for (const [, piece = ''] of value.matchAll(/\$\{([^$#]+)\}/g)) yield* freeNames(piece)
  } else if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) yield* namesIn(item)
  } else if (isJsonObject(value)) {
    for (const item of Object.values(value)) yield* namesIn(item)
  }
}

/** Names of an expression that somebody has to give: no texts, no attributes, nothing that it binds itself. */
function freeNames(piece: string): readonly string[] {
  const bare = piece.replace(/'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"/g, "''")
  const bound = new Set(
    [...bare.matchAll(/\b(?:for|lambda)\s([\w\s,()]*?)(?:\bin\b|:)/g)].flatMap(
      ([, names = '']) => names.match(/\w+/g) ?? [],
    ),
  )
  return (bare.match(/(?<![\w.])[A-Za-z_]\w*/g) ?? []).filter((name) => !bound.has(name))
}
