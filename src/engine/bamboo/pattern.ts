import { BambooError, type Meter } from './meter.ts'
import type { Pattern, PatternNode, SetItem } from './pattern-parse.ts'

/**
 * Finds patterns in a text, as Python's `re` does: the first way that fits is taken. Each step is paid for, so that a
 * pattern that would try for ever gives up; nothing is handed to the machine's own regular expressions.
 */

/** Start and end in code points; null: the group took no part. */
export type Spans = readonly (readonly [number, number] | null)[]

/**
 * Deepest that ways lie within each other. A way takes about 1 KB of stack, and expressions around it up to 400 KB, so
 * that both fit into the 984 KB that Node has; stack.test.ts holds that.
 */
const DEPTH_MAX = 400
const STEP_UNITS = 2

type Next = (at: number) => boolean

/** @returns the spans of the first place at or after `from`; undefined when there is none. */
export function findPattern(
  pattern: Pattern,
  characters: readonly string[],
  from: number,
  how: 'search' | 'match' | 'fullmatch',
  /** Nothing of no length is found at `from` itself: it was found there before. */
  mustAdvance: boolean,
  meter: Meter,
): Spans | undefined {
  const matcher = new Matcher(pattern, characters, meter)
  const last = how === 'search' ? characters.length : from
  for (let at = from; at <= last; at += 1) {
    const spans = matcher.at(at, (end) => {
      if (how === 'fullmatch' && end !== characters.length) return false
      return !(mustAdvance && at === from && end === at)
    })
    if (spans !== undefined) return spans
  }
  return undefined
}

class Matcher {
  readonly #pattern: Pattern
  readonly #text: readonly string[]
  readonly #meter: Meter
  readonly #spans: (readonly [number, number] | null)[]
  #depth = 0

  constructor(pattern: Pattern, text: readonly string[], meter: Meter) {
    this.#pattern = pattern
    this.#text = text
    this.#meter = meter
    this.#spans = Array.from({ length: pattern.groups + 1 }, () => null)
  }

  at(start: number, accepts: Next): Spans | undefined {
    this.#spans.fill(null)
    this.#depth = 0
    let end = -1
    const found = this.#run(this.#pattern.root, start, (at) => {
      end = at
      return accepts(at)
    })
    return found ? [[start, end], ...this.#spans.slice(1)] : undefined
  }

  #run(node: PatternNode, at: number, next: Next): boolean {
    this.#meter.spend(STEP_UNITS)
    this.#depth += 1
    if (this.#depth > DEPTH_MAX) throw new BambooError('a pattern goes too deep')
    const found = this.#step(node, at, next)
    this.#depth -= 1
    return found
  }

  #step(node: PatternNode, at: number, next: Next): boolean {
    switch (node.op) {
      case 'set':
      case 'any':
        return this.#fits(node, at) && next(at + 1)
      case 'edge':
        return this.#isEdge(node.edge, at) && next(at)
      case 'all':
        return this.#sequence(node.parts, 0, at, next)
      case 'either':
        return node.ways.some((way) => this.#run(way, at, next))
      case 'group':
        return this.#group(node, at, next)
      case 'back':
        return this.#back(node.index, at, next)
      case 'look':
        return this.#look(node, at) !== node.negated && next(at)
      case 'times':
        return node.inside.op === 'set' || node.inside.op === 'any'
          ? this.#characters(node, node.inside, at, next)
          : this.#times(node, 0, at, -1, next)
    }
  }

  #sequence(parts: readonly PatternNode[], index: number, at: number, next: Next): boolean {
    const part = parts[index]
    return part === undefined ? next(at) : this.#run(part, at, (end) => this.#sequence(parts, index + 1, end, next))
  }

  #group({ index, inside }: Extract<PatternNode, { op: 'group' }>, at: number, next: Next): boolean {
    const before = this.#spans[index]!
    const found = this.#run(inside, at, (end) => {
      const inner = this.#spans[index]!
      this.#spans[index] = [at, end]
      if (next(end)) return true
      this.#spans[index] = inner
      return false
    })
    if (!found) this.#spans[index] = before
    return found
  }

  #back(index: number, at: number, next: Next): boolean {
    const span = this.#spans[index]
    if (span === null || span === undefined) return false
    const [start, end] = span
    for (let offset = 0; offset < end - start; offset += 1) {
      this.#meter.spend(1)
      const found = this.#text[at + offset]
      if (found === undefined || !this.#isSame(found, this.#text[start + offset]!)) return false
    }
    return next(at + end - start)
  }

  /** What is looked at behind is tried from every place before, the nearest first. */
  #look({ ahead, inside }: Extract<PatternNode, { op: 'look' }>, at: number): boolean {
    if (ahead) return this.#run(inside, at, () => true)
    for (let start = at; start >= 0; start -= 1) if (this.#run(inside, start, (end) => end === at)) return true
    return false
  }

  /** The same character again and again needs no place on the stack. */
  #characters(
    { least, most, lazy }: Extract<PatternNode, { op: 'times' }>,
    inside: PatternNode,
    at: number,
    next: Next,
  ): boolean {
    let count = 0
    const grow = (): boolean => {
      this.#meter.spend(STEP_UNITS)
      if (count >= most || !this.#fits(inside, at + count)) return false
      count += 1
      return true
    }
    while (count < least) if (!grow()) return false
    if (lazy) {
      for (;;) {
        if (next(at + count)) return true
        if (!grow()) return false
      }
    }
    while (grow());
    for (; count >= least; count -= 1) if (next(at + count)) return true
    return false
  }

  /** @param before where the last time began: one that gets nowhere is the last. */
  #times(node: Extract<PatternNode, { op: 'times' }>, count: number, at: number, before: number, next: Next): boolean {
    const again = (): boolean =>
      count < node.most &&
      !(count >= node.least && at === before) &&
      this.#run(node.inside, at, (end) => this.#times(node, count + 1, end, at, next))
    if (count < node.least) return again()
    return node.lazy ? next(at) || again() : again() || next(at)
  }

  #fits(node: PatternNode, at: number): boolean {
    const character = this.#text[at]
    if (character === undefined) return false
    if (node.op === 'any') return this.#pattern.flags.dotAll || character !== '\n'
    if (node.op !== 'set') return false
    return node.items.some((item) => this.#isIn(item, character)) !== node.negated
  }

  #isIn(item: SetItem, character: string): boolean {
    if ('kind' in item) return isOfClass(item.kind, character)
    const isBetween = (one: string): boolean => {
      const point = one.codePointAt(0)!
      return point >= item.from && point <= item.to
    }
    if (isBetween(character)) return true
    return this.#pattern.flags.ignoreCase && (isBetween(character.toLowerCase()) || isBetween(character.toUpperCase()))
  }

  #isSame(one: string, other: string): boolean {
    return one === other || (this.#pattern.flags.ignoreCase && one.toLowerCase() === other.toLowerCase())
  }

  #isEdge(edge: Extract<PatternNode, { op: 'edge' }>['edge'], at: number): boolean {
    const { multiline } = this.#pattern.flags
    const end = this.#text.length
    const isWord = (place: number): boolean => this.#text[place] !== undefined && isOfClass('w', this.#text[place])
    switch (edge) {
      case '^':
        return at === 0 || (multiline && this.#text[at - 1] === '\n')
      case 'A':
        return at === 0
      case '$':
        return at === end || (at === end - 1 && this.#text[at] === '\n') || (multiline && this.#text[at] === '\n')
      case 'Z':
        return at === end
      case 'b':
        return isWord(at - 1) !== isWord(at)
      case 'B':
        return isWord(at - 1) === isWord(at) && end > 0
    }
  }
}

function isOfClass(kind: 'd' | 'D' | 'w' | 'W' | 's' | 'S', character: string): boolean {
  switch (kind) {
    case 'd':
    case 'D':
      return /^\p{Nd}$/u.test(character) === (kind === 'd')
    case 'w':
    case 'W':
      return /^[\p{L}\p{N}_]$/u.test(character) === (kind === 'w')
    case 's':
    case 'S':
      return isSpace(character) === (kind === 's')
  }
}

const SEPARATORS: readonly string[] = ['\x1c', '\x1d', '\x1e', '\x1f', '\x85']
const isSpace = (character: string): boolean => /^\s$/.test(character) || SEPARATORS.includes(character)
