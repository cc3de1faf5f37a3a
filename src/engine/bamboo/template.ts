import type { Json, JsonObject } from '../../model/json.ts'
import type { Instant } from '../../model/time.ts'
import { Evaluator, freeNames } from './evaluate.ts'
import { filtered } from './filter.ts'
import { BambooError, Meter } from './meter.ts'
import { parsePiece } from './parse.ts'
import { textOf } from './text.ts'
import { fromJson } from './value.ts'

/**
 * Text with `${expression}` in it, as BlueKing's templates have it (docs/reference/expressions.md). A piece that does not
 * parse, that names nothing or that may not be done stays as it is written; nothing here throws.
 */

/** What rendering one value may cost, all its pieces together. About 50 ms of work at the most. */
const UNITS_MAX = 2_000_000
/** What a piece costs that comes to nothing: an error has to be made for it. */
const PIECE_UNITS = 400
/** Longest text that rendering makes, in UTF-16 units; pieces that would make it longer stay as they are written. */
export const BAMBOO_RENDERED_MAX = 1_048_576
/** Deepest value that is looked into. */
const VALUE_DEPTH_MAX = 200

const PIECE = /\$\{([^${}#]+)\}/g

export interface BambooContext {
  /** What a name stands for; undefined when nothing. It is asked for any text without `$`, `{`, `}` and `#`. */
  readonly get: (name: string) => Json | undefined
  /** What `datetime.datetime.now()` is. */
  readonly at: Instant
  /** Minutes that its wall clock is ahead of UTC. */
  readonly zoneOffsetMinutes: number
  /** One budget for several renderings, such as those of variables that need each other; each has its own without it. */
  readonly budget?: Meter
}

/** What one rendering may cost, or several that share it. */
export const bambooBudget = (): Meter => new Meter(UNITS_MAX)

/** A value as it stands within a text: Python's `str`. What is too long for that is written as JSON. */
export function bambooText(value: Json): string {
  if (typeof value === 'string') return value
  try {
    const meter = bambooBudget()
    return textOf(fromJson(value, meter), meter)
  } catch (error) {
    if (error instanceof BambooError) return JSON.stringify(value)
    throw error
  }
}

/** Every text inside a value, rendered; keys stay. A text that is `${name}` and nothing else becomes what the name stands for. */
export function renderBamboo(value: Json, context: BambooContext): Json {
  return new Rendering(context).value(value, 0)
}

/**
 * The names that a value's pieces ask for, in the order of the text, each once; those of the language are left out. Of a
 * value with a great many different pieces (see {@link UNITS_MAX}) the last ones are not looked at: they are not rendered either.
 */
export function referencedNames(value: Json): readonly string[] {
  const names = new Set<string>()
  const seen = new Set<string>()
  let left = UNITS_MAX
  for (const text of textsOf(value, 0)) {
    for (const [, inside = ''] of text.matchAll(PIECE)) {
      if (seen.has(inside) || left <= 0) continue
      seen.add(inside)
      left -= pieceUnits(inside)
      for (const name of namesOf(inside)) names.add(name)
    }
  }
  return [...names]
}

const pieceUnits = (inside: string): number => PIECE_UNITS + inside.length * 8

function namesOf(inside: string): readonly string[] {
  try {
    return freeNames(parsePiece(inside).node)
  } catch (error) {
    if (error instanceof BambooError) return []
    throw error
  }
}

function textsOf(value: Json, depth: number): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null || depth > VALUE_DEPTH_MAX) return []
  return Object.values(value as JsonObject).flatMap((item) => textsOf(item, depth + 1))
}

class Rendering {
  readonly #context: BambooContext
  readonly #meter: Meter
  readonly #evaluator: Evaluator
  /** By what stands between the braces; undefined: it stays as it is. */
  readonly #done = new Map<string, string | undefined>()

  constructor(context: BambooContext) {
    this.#context = context
    const { at, zoneOffsetMinutes, budget = bambooBudget() } = context
    this.#meter = budget
    this.#evaluator = new Evaluator({ get: (name) => context.get(name), at, zoneOffsetMinutes, meter: this.#meter })
  }

  value(value: Json, depth: number): Json {
    if (typeof value === 'string') return this.#text(value)
    if (typeof value !== 'object' || value === null || depth > VALUE_DEPTH_MAX) return value
    if (Array.isArray(value)) return (value as readonly Json[]).map((item) => this.value(item, depth + 1))
    return Object.fromEntries(
      Object.entries(value as JsonObject).map(([key, item]) => [key, this.value(item, depth + 1)]),
    )
  }

  #text(text: string): Json {
    if (!text.includes('${')) return text
    const whole = text.slice(2, -1)
    if (text === `\${${whole}}` && !/[${}#]/.test(whole)) {
      const given = this.#context.get(whole)
      if (given !== undefined) return given
    }
    let room = BAMBOO_RENDERED_MAX - text.length
    return text.replace(PIECE, (piece: string, inside: string) => {
      const rendered = this.#piece(inside)
      if (rendered === undefined || rendered.length - piece.length > room) return piece
      room -= rendered.length - piece.length
      return rendered
    })
  }

  #piece(inside: string): string | undefined {
    const done = this.#done.get(inside)
    if (done !== undefined || this.#done.has(inside)) return this.#copied(done)
    const rendered = this.#attempt(inside)
    this.#done.set(inside, rendered)
    return rendered
  }

  #copied(text: string | undefined): string | undefined {
    if (this.#meter.isEmpty) return undefined
    try {
      this.#meter.spend(text?.length ?? 0)
      return text
    } catch (error) {
      if (error instanceof BambooError) return undefined
      throw error
    }
  }

  #attempt(inside: string): string | undefined {
    if (this.#meter.isEmpty) return undefined
    try {
      this.#meter.spend(pieceUnits(inside))
      const { node, filters } = parsePiece(inside)
      return filtered(this.#evaluator.valueOf(node), filters, this.#meter)
    } catch (error) {
      if (error instanceof BambooError) return undefined
      throw error
    }
  }
}
