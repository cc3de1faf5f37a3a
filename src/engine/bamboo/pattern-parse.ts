import { BAMBOO_DEPTH_MAX, BambooError } from './meter.ts'

/** Python's regular expressions, read into a tree: what `re` makes of them, without what no template needs. */
export type PatternNode =
  | { readonly op: 'set'; readonly negated: boolean; readonly items: readonly SetItem[] }
  | { readonly op: 'any' }
  | { readonly op: 'edge'; readonly edge: '^' | '$' | 'A' | 'Z' | 'b' | 'B' }
  | { readonly op: 'all'; readonly parts: readonly PatternNode[] }
  | { readonly op: 'either'; readonly ways: readonly PatternNode[] }
  | { readonly op: 'group'; readonly index: number; readonly inside: PatternNode }
  | { readonly op: 'back'; readonly index: number }
  | { readonly op: 'look'; readonly ahead: boolean; readonly negated: boolean; readonly inside: PatternNode }
  | {
      readonly op: 'times'
      readonly inside: PatternNode
      readonly least: number
      readonly most: number
      readonly lazy: boolean
    }

/** One character, a range of them, or a class such as `d`. */
export type SetItem =
  | { readonly from: number; readonly to: number }
  | { readonly kind: 'd' | 'D' | 'w' | 'W' | 's' | 'S' }

export interface Pattern {
  readonly root: PatternNode
  readonly groups: number
  readonly names: ReadonlyMap<string, number>
  readonly flags: Flags
}

export interface Flags {
  readonly ignoreCase: boolean
  readonly dotAll: boolean
  readonly multiline: boolean
  readonly verbose: boolean
}

const PATTERN_MAX = 1_000
const TIMES_MAX = 1_000
const FLAG_LETTERS: Readonly<Record<string, keyof Flags | null>> = {
  i: 'ignoreCase',
  s: 'dotAll',
  m: 'multiline',
  x: 'verbose',
  u: null,
}

/** @throws BambooError for a pattern that is none, or that is not read. */
export function parsePattern(text: string, flags: Flags): Pattern {
  const characters = Array.from(text)
  if (characters.length > PATTERN_MAX) throw new BambooError(`a pattern has at most ${PATTERN_MAX} characters`)
  return new Parser(characters, flags).whole()
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', a: '\x07', 0: '\0' }
const CLASSES = ['d', 'D', 'w', 'W', 's', 'S'] as const
type ClassLetter = (typeof CLASSES)[number]
const isClass = (letter: string): letter is ClassLetter => (CLASSES as readonly string[]).includes(letter)

class Parser {
  readonly #characters: readonly string[]
  readonly #names = new Map<string, number>()
  /** Groups that are still open: nothing may ask for what they hold. */
  readonly #open = new Set<number>()
  #flags: Flags
  #at = 0
  #groups = 0
  #depth = 0

  constructor(characters: readonly string[], flags: Flags) {
    this.#characters = characters
    this.#flags = flags
  }

  whole(): Pattern {
    this.#leadingFlags()
    const root = this.#either()
    if (this.#at < this.#characters.length) throw wrong('unbalanced parenthesis')
    return { root, groups: this.#groups, names: this.#names, flags: this.#flags }
  }

  #leadingFlags(): void {
    const found = /^\(\?([a-z]+)\)/.exec(this.#characters.slice(0, 12).join(''))
    if (found === null) return
    for (const letter of found[1]!) {
      const flag = Object.hasOwn(FLAG_LETTERS, letter) ? FLAG_LETTERS[letter] : undefined
      if (flag === undefined) throw wrong('unknown flag')
      if (flag !== null) this.#flags = { ...this.#flags, [flag]: true }
    }
    this.#at = found[0].length
  }

  #either(): PatternNode {
    const ways = [this.#all()]
    while (this.#take('|')) ways.push(this.#all())
    return ways.length === 1 ? ways[0]! : { op: 'either', ways }
  }

  #all(): PatternNode {
    const parts: PatternNode[] = []
    for (;;) {
      this.#skipComments()
      const next = this.#characters[this.#at]
      if (next === undefined || next === '|' || next === ')') break
      if (this.#bounds() !== undefined) throw wrong('nothing to repeat')
      parts.push(this.#repeated(this.#atom()))
    }
    return parts.length === 1 ? parts[0]! : { op: 'all', parts }
  }

  #skipComments(): void {
    if (!this.#flags.verbose) return
    for (;;) {
      const next = this.#characters[this.#at]
      if (next === '#') while (this.#at < this.#characters.length && this.#characters[this.#at] !== '\n') this.#at += 1
      else if (next !== undefined && /\s/.test(next)) this.#at += 1
      else return
    }
  }

  #repeated(inside: PatternNode): PatternNode {
    this.#skipComments()
    const bounds = this.#bounds()
    if (bounds === undefined) return inside
    if (inside.op === 'edge') throw wrong('nothing to repeat')
    const lazy = this.#take('?')
    const node = { op: 'times', inside, least: bounds[0], most: bounds[1], lazy } as const
    if (this.#take('+')) throw wrong('possessive quantifiers are not read')
    if (this.#bounds() !== undefined) throw wrong('multiple repeat')
    return node
  }

  #bounds(): readonly [least: number, most: number] | undefined {
    if (this.#take('*')) return [0, Infinity]
    if (this.#take('+')) return [1, Infinity]
    if (this.#take('?')) return [0, 1]
    const rest = this.#characters.slice(this.#at, this.#at + 12).join('')
    const found = /^\{(\d{0,4})(,?)(\d{0,4})\}/.exec(rest)
    // Anything else in braces stands for itself.
    if (found === null || (found[1] === '' && found[2] === '')) return undefined
    this.#at += found[0].length
    const least = Number(found[1])
    const most = found[2] === '' ? least : found[3] === '' ? Infinity : Number(found[3])
    if (least > TIMES_MAX || (most !== Infinity && most > TIMES_MAX)) throw wrong('a repeat is too large')
    if (most < least) throw wrong('min repeat greater than max repeat')
    return [least, most]
  }

  #atom(): PatternNode {
    const character = this.#characters[this.#at]!
    this.#at += 1
    switch (character) {
      case '.':
        return { op: 'any' }
      case '^':
      case '$':
        return { op: 'edge', edge: character }
      case '(':
        return this.#parenthesis()
      case '[':
        return this.#set()
      case '\\':
        return this.#escape()
      default:
        return literal(character)
    }
  }

  #parenthesis(): PatternNode {
    this.#depth += 1
    if (this.#depth > BAMBOO_DEPTH_MAX) throw wrong('a pattern nests too deep')
    const node = this.#take('?') ? this.#extension() : this.#group()
    if (!this.#take(')')) throw wrong('missing ), unterminated subpattern')
    this.#depth -= 1
    return node
  }

  #group(name?: string): PatternNode {
    this.#groups += 1
    const index = this.#groups
    if (name !== undefined) {
      if (this.#names.has(name)) throw wrong('redefinition of group name')
      this.#names.set(name, index)
    }
    this.#open.add(index)
    const inside = this.#either()
    this.#open.delete(index)
    return { op: 'group', index, inside }
  }

  #extension(): PatternNode {
    if (this.#take(':')) return this.#either()
    if (this.#take('=')) return { op: 'look', ahead: true, negated: false, inside: this.#either() }
    if (this.#take('!')) return { op: 'look', ahead: true, negated: true, inside: this.#either() }
    if (this.#take('<')) {
      const negated = this.#take('!')
      if (!negated && !this.#take('=')) throw wrong('unknown extension')
      return { op: 'look', ahead: false, negated, inside: this.#either() }
    }
    if (!this.#take('P')) throw wrong('unknown extension')
    if (this.#take('<')) return this.#group(this.#nameUntil('>'))
    if (!this.#take('=')) throw wrong('unknown extension')
    const at = this.#characters.indexOf(')', this.#at)
    const name = this.#characters.slice(this.#at, at === -1 ? undefined : at).join('')
    this.#at += Array.from(name).length
    return this.#back(this.#names.get(name))
  }

  #nameUntil(end: string): string {
    const at = this.#characters.indexOf(end, this.#at)
    const name = at === -1 ? '' : this.#characters.slice(this.#at, at).join('')
    if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) throw wrong('bad character in group name')
    this.#at = at + 1
    return name
  }

  #back(index: number | undefined): PatternNode {
    if (index === undefined || index > this.#groups) throw wrong('invalid group reference')
    if (this.#open.has(index)) throw wrong('cannot refer to an open group')
    return { op: 'back', index }
  }

  #escape(): PatternNode {
    const letter = this.#characters[this.#at]
    if (letter === undefined) throw wrong('bad escape (end of pattern)')
    if (isClass(letter)) {
      this.#at += 1
      return { op: 'set', negated: false, items: [{ kind: letter }] }
    }
    if (letter === 'A' || letter === 'Z' || letter === 'b' || letter === 'B') {
      this.#at += 1
      return { op: 'edge', edge: letter }
    }
    if (/[1-9]/.test(letter)) {
      const digits = /^\d{1,2}/.exec(this.#characters.slice(this.#at, this.#at + 2).join(''))![0]
      this.#at += digits.length
      return this.#back(Number(digits))
    }
    return literal(this.#escapedCharacter())
  }

  /** After the backslash. */
  #escapedCharacter(): string {
    const letter = this.#characters[this.#at]!
    this.#at += 1
    const width = { x: 2, u: 4, U: 8 }[letter]
    if (width !== undefined) {
      const hex = this.#characters.slice(this.#at, this.#at + width).join('')
      if (hex.length !== width || !/^[0-9a-fA-F]+$/.test(hex) || Number.parseInt(hex, 16) > 0x10ffff) {
        throw wrong('incomplete escape')
      }
      this.#at += width
      return String.fromCodePoint(Number.parseInt(hex, 16))
    }
    if (letter === '0' && /[0-7]/.test(this.#characters[this.#at] ?? '')) throw wrong('octal escapes are not read')
    const plain = Object.hasOwn(ESCAPED, letter) ? ESCAPED[letter] : undefined
    if (plain !== undefined) return plain
    if (/[A-Za-z0-9]/.test(letter)) throw wrong(`bad escape \\${letter}`)
    return letter
  }

  #set(): PatternNode {
    const negated = this.#take('^')
    const items: SetItem[] = []
    for (let first = true; first || this.#characters[this.#at] !== ']'; first = false) {
      const from = this.#setItem()
      const isRange = this.#characters[this.#at] === '-' && ![']', undefined].includes(this.#characters[this.#at + 1])
      if (!isRange) {
        items.push(from)
        continue
      }
      this.#at += 1
      const to = this.#setItem()
      if ('kind' in from || 'kind' in to || to.from < from.from) throw wrong('bad character range')
      items.push({ from: from.from, to: to.to })
    }
    this.#at += 1
    return { op: 'set', negated, items }
  }

  #setItem(): SetItem {
    const character = this.#characters[this.#at]
    if (character === undefined) throw wrong('unterminated character set')
    this.#at += 1
    if (character !== '\\') return pointOf(character)
    const letter = this.#characters[this.#at]
    if (letter === undefined) throw wrong('unterminated character set')
    if (isClass(letter)) {
      this.#at += 1
      return { kind: letter }
    }
    if (letter === 'b') {
      this.#at += 1
      return pointOf('\b')
    }
    return pointOf(this.#escapedCharacter())
  }

  #take(character: string): boolean {
    if (this.#characters[this.#at] !== character) return false
    this.#at += 1
    return true
  }
}

const pointOf = (character: string): { readonly from: number; readonly to: number } => {
  const point = character.codePointAt(0)!
  return { from: point, to: point }
}

const literal = (character: string): PatternNode => ({ op: 'set', negated: false, items: [pointOf(character)] })

const wrong = (message: string): BambooError => new BambooError(message)
