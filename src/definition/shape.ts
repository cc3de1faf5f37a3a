import { wordList } from '../model/word-list.ts'
import { checkBoolRule } from '../engine/bamboo/bool-rule.ts'
import { parseExpression, type PathUse } from '../engine/expression/expression.ts'
import { hasPieces, templateErrors, templatePaths } from '../engine/expression/template.ts'
import type { Language } from '../model/definition.ts'
import type { Expression } from '../model/expression.ts'
import type { JsonObject } from '../model/json.ts'
import { type DurationMs, parseDuration } from '../model/time.ts'
import type { Problems } from './problems.ts'
import { placeInScalar } from './scalar-place.ts'
import { describe, type MapTree, type Path, quote, type ScalarTree, type Tree } from './tree.ts'

/**
 * The forms that values of a definition have. Each reads a located value, reporting what is wrong with it, and says the
 * same to editors as JSON Schema: one table (form.ts) is both the parser and the schema.
 */
export interface Shape<Value> {
  /** undefined: it was wrong and has been reported. */
  read(tree: Tree, path: Path, reader: Reader): Value | undefined
  readonly schema: JsonObject
}

/** A name in an expression, to be looked up when the whole definition is known. */
export interface Reference {
  /** Where the text that names it stands. */
  readonly path: Path
  readonly names: readonly string[]
  /** Offset of the name in the document. */
  readonly at: number
  /** It is all that its `${{ ... }}` says. */
  readonly whole: boolean
}

export interface Reader {
  readonly text: string
  readonly problems: Problems
  /** Of its templates and conditions. */
  readonly language: Language
  readonly references: Reference[]
}

const wrong = (reader: Reader, tree: Tree, path: Path, expected: string): undefined => {
  reader.problems.add(tree.at, path, `expected ${expected}, found ${describe(tree)}`)
}

// --- Single values --------------------------------------------------------------------------------------------------

interface TextRules {
  readonly max: number
  readonly min?: number
  /** No line breaks or other control characters, no blanks around it. */
  readonly oneLine?: boolean
  readonly pattern?: RegExp
  /** What a text that fits is called: `expected <this>, found ...`. */
  readonly expected?: string
}

export function text(rules: TextRules): Shape<string> {
  const { max, min = 0, oneLine = false, pattern } = rules
  const expected =
    rules.expected ?? (min > 0 ? `text of ${min} to ${max} characters` : `text of at most ${max} characters`)
  return {
    schema: { type: 'string', ...(min > 0 ? { minLength: min } : {}), maxLength: max, ...patternOf(pattern) },
    read(tree, path, reader) {
      if (tree.kind !== 'scalar' || typeof tree.value !== 'string') {
        const quotes = tree.kind === 'scalar' && tree.value !== null ? ': put it in quotes' : ''
        return wrong(reader, tree, path, quotes === '' ? expected : `text${quotes}`)
      }
      const { value } = tree
      if (value.length < min || value.length > max) {
        return wrongLength(reader, tree, path, expected, value.length)
      }
      const bad = pattern !== undefined && !pattern.test(value)
      if (bad || (oneLine && value !== value.trim())) return wrong(reader, tree, path, expected)
      if (oneLine && /\p{Cc}/u.test(value)) return wrong(reader, tree, path, 'text of one line')
      return value
    },
  }
}

const patternOf = (pattern: RegExp | undefined): JsonObject =>
  pattern === undefined ? {} : { pattern: pattern.source }

function wrongLength(reader: Reader, tree: Tree, path: Path, expected: string, length: number): undefined {
  reader.problems.add(
    tree.at,
    path,
    `expected ${expected}, found ${length === 0 ? 'an empty text' : `${length} characters`}`,
  )
}

/** Text, or a number or boolean as it is written: `CI: true` is the text `true`, `1.10` stays `1.10`. */
export function writtenText(rules: {
  readonly max: number
  readonly min?: number
  readonly template?: boolean
}): Shape<string> {
  const { max, min = 0, template = false } = rules
  return {
    schema: { type: ['string', 'number', 'boolean'], maxLength: max, ...(min > 0 ? { minLength: min } : {}) },
    read(tree, path, reader) {
      if (tree.kind !== 'scalar' || tree.value === null) return wrong(reader, tree, path, 'text')
      const value = writtenOf(tree)
      if (value.length < min || value.length > max) {
        return wrongLength(
          reader,
          tree,
          path,
          `text of ${min === 0 ? 'at most' : `${min} to`} ${max} characters`,
          value.length,
        )
      }
      if (template) readTemplate(tree, path, reader)
      return value
    },
  }
}

export const writtenOf = (tree: ScalarTree): string => (typeof tree.value === 'string' ? tree.value : tree.written)

export const flag: Shape<boolean> = {
  schema: { type: 'boolean' },
  read: (tree, path, reader) =>
    tree.kind === 'scalar' && typeof tree.value === 'boolean' ? tree.value : wrong(reader, tree, path, 'true or false'),
}

export function number(min: number, max: number, options: { readonly whole: boolean }): Shape<number> {
  return {
    schema: { type: options.whole ? 'integer' : 'number', minimum: min, maximum: max },
    read(tree, path, reader) {
      const value = tree.kind === 'scalar' ? tree.value : null
      const fits =
        typeof value === 'number' && value >= min && value <= max && (!options.whole || Number.isInteger(value))
      return fits ? value : wrong(reader, tree, path, `a ${options.whole ? 'whole ' : ''}number from ${min} to ${max}`)
    },
  }
}

export function choice<const Word extends string>(words: readonly Word[]): Shape<Word> {
  return {
    schema: { enum: words },
    read(tree, path, reader) {
      const value = tree.kind === 'scalar' ? tree.value : null
      const word = words.find((candidate) => candidate === value)
      if (word !== undefined) return word
      const hint = typeof value === 'string' ? reader.problems.suggestion(value, words) : ''
      reader.problems.add(tree.at, path, `expected ${wordList(words)}, found ${describe(tree)}${hint}`)
      return undefined
    },
  }
}

/** Seconds, or text such as 90s, 1h30m. Never 0. */
export const duration: Shape<DurationMs> = {
  schema: {
    anyOf: [
      { type: 'number', exclusiveMinimum: 0 },
      { type: 'string', pattern: '^\\s*(?:(?:\\d+(?:ms|s|m|h|d))+|\\d+(?:\\.\\d+)?)\\s*$' },
    ],
  },
  read(tree, path, reader) {
    const value = tree.kind === 'scalar' ? tree.value : null
    const ms = typeof value === 'number' || typeof value === 'string' ? parseDuration(value) : undefined
    if (ms === undefined) return wrong(reader, tree, path, 'a duration such as 30s or 1h30m, at most 366d')
    return ms > 0 ? ms : wrong(reader, tree, path, 'a duration of more than 0')
  },
}

/** A condition; true and false stand for themselves. */
export const condition: Shape<Expression> = {
  schema: { type: ['string', 'boolean'], maxLength: 4_096 },
  read(tree, path, reader) {
    if (tree.kind === 'scalar' && typeof tree.value === 'boolean') return { op: 'literal', value: tree.value }
    if (tree.kind !== 'scalar' || typeof tree.value !== 'string') {
      return wrong(reader, tree, path, "a condition such as params.branch == 'main'")
    }
    if (reader.language === 'bamboo') return boolRule(tree.value, tree, path, reader)
    const parsed = parseExpression(tree.value)
    if (!parsed.ok) {
      reader.problems.add(placeInScalar(reader.text, tree, parsed.at), path, parsed.message)
      return undefined
    }
    addReferences(
      reader,
      tree,
      path,
      parsed.paths.map((use) => ({ ...use, whole: false })),
    )
    return parsed.expression
  },
}

/** With `${...}` in it, it is known only when those are put in whether it can be read. */
function boolRule(rule: string, tree: ScalarTree, path: Path, reader: Reader): Expression | undefined {
  if (rule.length > BOOL_RULE_MAX)
    return wrongLength(reader, tree, path, `a rule of at most ${BOOL_RULE_MAX} characters`, rule.length)
  const checked = checkBoolRule(rule)
  if (checked.ok || !checked.certain) return { op: 'bool-rule', text: rule }
  reader.problems.add(placeInScalar(reader.text, tree, checked.at), path, checked.message)
  return undefined
}

const BOOL_RULE_MAX = 4_096

/** Reports what is wrong with the `${{ ... }}` of a text and notes the names in them. */
export function readTemplate(tree: ScalarTree, path: Path, reader: Reader): void {
  if (reader.language !== 'native' || typeof tree.value !== 'string' || !hasPieces(tree.value)) return
  for (const { at, message } of templateErrors(tree.value)) {
    reader.problems.add(placeInScalar(reader.text, tree, at), path, message)
  }
  addReferences(reader, tree, path, templatePaths(tree.value))
}

function addReferences(
  reader: Reader,
  tree: ScalarTree,
  path: Path,
  uses: readonly (PathUse & { readonly whole: boolean })[],
): void {
  for (const use of uses) {
    reader.references.push({
      path,
      names: use.path,
      at: placeInScalar(reader.text, tree, use.at),
      whole: use.whole,
    })
  }
}

// --- Lists and maps -------------------------------------------------------------------------------------------------

/** @param rules.lenient gives the items that are good even when others are not, so that they can be checked further. */
export function listOf<Item>(
  item: Shape<Item>,
  rules: { readonly min?: number; readonly max: number; readonly lenient?: boolean },
): Shape<readonly Item[]> {
  const { min = 0, max, lenient = false } = rules
  return {
    schema: { type: 'array', items: item.schema, ...(min > 0 ? { minItems: min } : {}), maxItems: max },
    read(tree, path, reader) {
      if (tree.kind !== 'list') return wrong(reader, tree, path, 'a list')
      if (tree.items.length < min || tree.items.length > max) {
        const expected = min > 0 ? `${min} to ${max} items` : `at most ${max} items`
        reader.problems.add(tree.at, path, `expected ${expected}, found ${tree.items.length}`)
        return undefined
      }
      const items = tree.items.map((value, index) => item.read(value, [...path, index], reader))
      return lenient ? items.filter((value) => value !== undefined) : allOf(items)
    },
  }
}

/** One value, or a list of them. */
export function oneOrMore<Item>(item: Shape<Item>, max: number): Shape<readonly Item[]> {
  const list = listOf(item, { max })
  return {
    schema: { anyOf: [item.schema, list.schema] },
    read(tree, path, reader) {
      if (tree.kind === 'list') return list.read(tree, path, reader)
      const value = item.read(tree, path, reader)
      return value === undefined ? undefined : [value]
    },
  }
}

const allOf = <Item>(items: readonly (Item | undefined)[]): readonly Item[] | undefined =>
  items.every((item) => item !== undefined) ? items : undefined

interface KeyRules {
  readonly max: number
  /** `expected ..., found ...`, or undefined when the key is good. */
  readonly keyProblem: (key: string) => string | undefined
  readonly keySchema: JsonObject
}

export function mapOf<Value>(value: Shape<Value>, rules: KeyRules): Shape<Readonly<Record<string, Value>>> {
  return {
    schema: {
      type: 'object',
      propertyNames: rules.keySchema,
      additionalProperties: value.schema,
      maxProperties: rules.max,
    },
    read(tree, path, reader) {
      if (tree.kind !== 'map') return wrong(reader, tree, path, 'a mapping of names to values')
      if (tree.entries.size > rules.max) {
        reader.problems.add(tree.at, path, `expected at most ${rules.max} entries, found ${tree.entries.size}`)
        return undefined
      }
      const values: [string, Value][] = []
      for (const [key, entry] of tree.entries) {
        const problem = rules.keyProblem(key)
        if (problem !== undefined) reader.problems.add(entry.keyAt, [...path, key], problem)
        const read = value.read(entry.value, [...path, key], reader)
        if (read !== undefined) values.push([key, read])
      }
      return Object.fromEntries(values)
    },
  }
}

/** A part of a record. `doc` is what editors show. */
export interface Field<Value> {
  readonly shape: Shape<Value>
  readonly doc: string
  readonly required?: boolean
}
export type Fields = Readonly<Record<string, Field<unknown>>>
export type ValuesOf<Table extends Fields> = {
  readonly [Name in keyof Table]: Table[Name] extends Field<infer Value> ? Value | undefined : never
}

export interface RecordShape<Table extends Fields> extends Shape<ValuesOf<Table>> {
  readonly fields: Table
}

/**
 * A map with these keys and no others.
 * @param what names it in messages: `a task`.
 * @param others keys that are read elsewhere.
 */
export function record<const Table extends Fields>(
  what: string,
  fields: Table,
  others: readonly string[] = [],
): RecordShape<Table> {
  const known = [...Object.keys(fields), ...others]
  const required = Object.keys(fields).filter((name) => fields[name]?.required === true)
  return {
    fields,
    schema: {
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(fields).map(([name, { shape, doc }]) => [name, { description: doc, ...shape.schema }]),
      ),
      ...(required.length > 0 ? { required } : {}),
      additionalProperties: false,
    },
    read(tree, path, reader) {
      if (tree.kind !== 'map')
        return wrong(
          reader,
          tree,
          path,
          `${what}: a mapping with ${wordList(required.length > 0 ? required : known.slice(0, 3))}`,
        )
      reportUnknownKeys(tree, path, reader, known)
      const values: [string, unknown][] = Object.entries(fields).map(([name, field]) => {
        const entry = tree.entries.get(name)
        if (entry !== undefined) return [name, field.shape.read(entry.value, [...path, name], reader)]
        if (field.required === true)
          reader.problems.add(tree.at, [...path, name], `expected \`${name}\` in ${what}, found nothing`)
        return [name, undefined]
      })
      return Object.fromEntries(values) as ValuesOf<Table>
    },
  }
}

export function reportUnknownKeys(tree: MapTree, path: Path, reader: Reader, known: readonly string[]): void {
  for (const [key, { keyAt }] of tree.entries) {
    if (known.includes(key)) continue
    const expected = known.length === 0 ? 'no keys here' : `one of ${known.join(', ')}`
    reader.problems.add(
      keyAt,
      [...path, key],
      `unknown key${reader.problems.suggestion(key, known)}: expected ${expected}, found ${quote(key)}`,
    )
  }
}

/** One form for a single value, another for a map or a list. */
export function byKind<Value>(kinds: {
  readonly expected: string
  readonly scalar?: Shape<Value>
  readonly map?: Shape<Value>
  readonly list?: Shape<Value>
}): Shape<Value> {
  const shapes = [kinds.scalar, kinds.map, kinds.list].filter((shape) => shape !== undefined)
  return {
    schema: { anyOf: shapes.map(({ schema }) => schema) },
    read(tree, path, reader) {
      const shape = kinds[tree.kind]
      return shape === undefined ? wrong(reader, tree, path, kinds.expected) : shape.read(tree, path, reader)
    },
  }
}

/** The same form, its value made into another; `convert` may refuse it after reporting why. */
export function mapped<From, To>(
  shape: Shape<From>,
  convert: (value: From, tree: Tree, path: Path, reader: Reader) => To | undefined,
): Shape<To> {
  return {
    schema: shape.schema,
    read(tree, path, reader) {
      const value = shape.read(tree, path, reader)
      return value === undefined ? undefined : convert(value, tree, path, reader)
    },
  }
}
