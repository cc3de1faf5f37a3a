import { CST, type Document, isAlias, isMap, isScalar, isSeq, Lexer, parseDocument, type Scalar } from 'yaml'
import type { Json } from '../../model/json.ts'
import { BODY_DEPTH_MAX, decodeUtf8, type Parsed, type Refused, refuseBody } from './body.ts'

/** Parsing costs about a second per MB, so a body in YAML is kept well below what JSON may have. */
export const YAML_BYTES_MAX = 256 * 1_024
/** Values after aliases are followed. */
const VALUES_MAX = 50_000
const ALIASES_MAX = 100
/** Complex keys: nobody writes them, and nested ones cost the parser minutes. */
const EXPLICIT_KEYS_MAX = 16

/**
 * One YAML 1.2 document as JSON: keys are scalars and unique, aliases are followed within bounds, unknown tags
 * and custom types do nothing. Empty text is `undefined`. Everything else is refused, in bounded time.
 * @param keepsDigits a number that is not written as JSON would write it is text: `1.10`, `0755` and `1e3` stay what they
 * are where a version, a mode or a name is meant, as for readers that know which fields are text.
 */
export function parseYaml(bytes: Uint8Array, { keepsDigits = false } = {}): Parsed<Json | undefined> {
  if (bytes.byteLength > YAML_BYTES_MAX) {
    return refuseBody('too-large', `expected at most ${YAML_BYTES_MAX} bytes of YAML, found ${bytes.byteLength}`)
  }
  const text = decodeUtf8(bytes)
  if (!text.ok) return text
  if (text.value.trim() === '') return { ok: true, value: undefined }
  const wild = tooWild(text.value)
  if (wild !== undefined) return wild
  try {
    const document = parseDocument(text.value, {
      version: '1.2',
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    })
    const [error] = document.errors
    // What the library advises then is for whoever writes a program.
    if (error?.code === 'MULTIPLE_DOCS') return refuseBody('malformed', 'expected one YAML document, found more')
    if (error !== undefined) return refuseBody('malformed', `expected a body in YAML: ${error.message}`)
    return new Reader(document, keepsDigits).read()
  } catch {
    return refuseBody('malformed', 'expected a body in YAML, found something else')
  }
}

/** Looks at the tokens alone, before a parser goes down into them. */
function tooWild(text: string): Refused | undefined {
  let flow = 0
  let inLine = 0
  let explicit = 0
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token)
    if (type === 'newline') inLine = 0
    else if (type === 'seq-item-ind') inLine += 1
    else if (type === 'explicit-key-ind') explicit += 1
    else if (type === 'flow-map-start' || type === 'flow-seq-start') flow += 1
    else if (type === 'flow-map-end' || type === 'flow-seq-end') flow -= 1
    if (flow > BODY_DEPTH_MAX || inLine > BODY_DEPTH_MAX) {
      return refuseBody('too-deep', `expected YAML of at most ${BODY_DEPTH_MAX} levels, found more`)
    }
    if (explicit > EXPLICIT_KEYS_MAX) {
      return refuseBody('too-deep', `expected at most ${EXPLICIT_KEYS_MAX} keys written with "?", found more`)
    }
  }
  return undefined
}

class Refusal extends Error {
  readonly refused: Refused
  constructor(refused: Refused) {
    super(refused.message)
    this.refused = refused
  }
}

/** Its own walk instead of the library's, which compares all keys of a map with each other and may follow aliases for ever. */
class Reader {
  readonly #document: Document
  readonly #keepsDigits: boolean
  #values = 0
  #aliases = 0

  constructor(document: Document, keepsDigits: boolean) {
    this.#document = document
    this.#keepsDigits = keepsDigits
  }

  read(): Parsed<Json> {
    try {
      return { ok: true, value: this.#value(this.#document.contents, 0) }
    } catch (error) {
      if (error instanceof Refusal) return error.refused
      throw error
    }
  }

  #value(node: unknown, depth: number): Json {
    this.#values += 1
    if (depth > BODY_DEPTH_MAX || this.#values > VALUES_MAX) {
      throw new Refusal(
        refuseBody(
          'too-deep',
          `expected YAML of at most ${BODY_DEPTH_MAX} levels and ${VALUES_MAX} values, found more`,
        ),
      )
    }
    if (isAlias(node)) {
      this.#aliases += 1
      if (this.#aliases > ALIASES_MAX) {
        throw new Refusal(refuseBody('too-deep', `expected at most ${ALIASES_MAX} aliases, found more`))
      }
      const target = node.resolve(this.#document)
      if (target === undefined) {
        throw new Refusal(refuseBody('malformed', `the alias *${node.source.slice(0, 64)} stands for nothing`))
      }
      return this.#value(target, depth + 1)
    }
    if (isScalar(node)) return this.#scalar(node)
    if (isSeq(node)) return node.items.map((item) => this.#value(item, depth + 1))
    if (isMap(node)) return this.#map(node.items, depth)
    return null
  }

  #scalar({ value, source = '' }: Scalar): Json {
    const isText = this.#keepsDigits && typeof value === 'number' && source !== JSON.stringify(value)
    return scalar(isText ? source : value)
  }

  #map(pairs: readonly { readonly key: unknown; readonly value: unknown }[], depth: number): Json {
    const entries = new Map<string, Json>()
    for (const pair of pairs) {
      if (pair.key !== null && !isScalar(pair.key))
        throw new Refusal(refuseBody('malformed', 'expected plain text as key of a YAML map'))
      const key = keyText(pair.key === null ? null : pair.key.value)
      if (entries.has(key))
        throw new Refusal(
          refuseBody('malformed', `the key ${JSON.stringify(key.slice(0, 64))} stands twice in a YAML map`),
        )
      entries.set(key, this.#value(pair.value, depth + 1))
    }
    entries.delete('__proto__')
    return Object.fromEntries(entries)
  }
}

function keyText(value: unknown): string {
  const key = scalar(value)
  return typeof key === 'string' ? key : JSON.stringify(key)
}

function scalar(value: unknown): Json {
  if (value === null || value === undefined || typeof value === 'boolean') return value ?? null
  if (typeof value === 'string') {
    if (value.isWellFormed()) return value
    throw new Refusal(refuseBody('malformed', 'the body has half a surrogate pair in a text'))
  }
  if (typeof value === 'number' && Number.isFinite(value)) return value
  throw new Refusal(
    refuseBody('malformed', 'expected text, a number, true, false or null in YAML, found another scalar'),
  )
}
