import { wholeFromText } from './text.ts'
import { BAMBOO_DEPTH_MAX, BambooError, Meter } from './meter.ts'
import type { Scalar } from './value.ts'

/**
 * The grammar of BlueKing's conditions (bamboo-engine 2.x, utils/boolrule, read 2026-11-22), quirk by quirk:
 *
 *     chain     = condition (("and" | "or") chain)?
 *     condition = operand operator operand | "(" chain ")"
 *     operand   = value | "(" value ("," value)* ")"
 *     value     = float | int | "text" | 'text' | true | false | name ("." name)*
 *
 * The first alternative that fits is taken and never taken back. `true` and `false` are found before names, so
 * `trueish` is `true` and then nonsense; operators need no space after them, so `1 ina` is `1 in a`.
 */

/** Longest text of one condition, in UTF-16 units, after its `${...}` were filled in. */
export const BOOL_RULE_TEXT_MAX = 65_536

export const OPERATORS = ['==', '!=', '<=', '<', '>=', '>', 'in', 'notin', 'issuperset', 'notissuperset'] as const
export type Operator = (typeof OPERATORS)[number]

export type Operand =
  | { readonly kind: 'value'; readonly value: Scalar }
  /** A name or dotted path, with its `${` and `}` when it has them. */
  | { readonly kind: 'name'; readonly path: string }
  | { readonly kind: 'list'; readonly items: readonly Operand[] }
export type Condition =
  | { readonly kind: 'comparison'; readonly left: Operand; readonly operator: Operator; readonly right: Operand }
  | { readonly kind: 'group'; readonly chain: Chain }
export interface Chain {
  readonly first: Condition
  readonly rest: readonly { readonly word: 'and' | 'or'; readonly condition: Condition }[]
}

export type BoolRuleParsed =
  | { readonly ok: true; readonly chain: Chain }
  /** `at` counts from 0, after tabs became spaces (to every eighth column), as the original counts. */
  | { readonly ok: false; readonly at: number; readonly message: string }

/** Never throws. The rule `*` is no condition and not read here. */
export function parseBoolRule(text: string): BoolRuleParsed {
  if (text.length > BOOL_RULE_TEXT_MAX) {
    return { ok: false, at: 0, message: `expected at most ${BOOL_RULE_TEXT_MAX} characters, found ${text.length}` }
  }
  const parser = new Parser(expandTabs(text))
  try {
    return { ok: true, chain: parser.whole() }
  } catch (error) {
    if (error instanceof BambooError) return { ok: false, at: parser.failedAt, message: error.message }
    throw error
  }
}

const SPACE = /[ \n\r]*/y
const FLOAT = /[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y
const INT = /[+-]?[0-9]+(?:[eE]\+?[0-9]+)?/y
/** No escapes and no line breaks; the closing quote is the next one. */
const TEXT = /"[^"\n\r]*"|'[^'\n\r]*'/y
const BOOL = /true|false/iy
const NAME_PART = /(?:\$\{)?_?[A-Za-z][A-Za-z0-9_]*\}?/.source
const NAME = new RegExp(`${NAME_PART}(?:\\.${NAME_PART})*`, 'y')
const OPERATOR = /==|!=|<=|<|>=|>|in|notin|issuperset|notissuperset/iy
/** A word of its own: neither after nor before what a word is made of. */
const AND_OR = /(?<![A-Za-z0-9_$])(?:and|or)(?![A-Za-z0-9_$])/iy

class Parser {
  readonly #text: string
  /** Only ints are paid for, each of them is read twice at the most, and the length of the text bounds them. */
  readonly #meter = new Meter(BOOL_RULE_TEXT_MAX * 4)
  #at = 0
  #depth = 0
  #furthest = { at: 0, expected: 'a value' }

  constructor(text: string) {
    this.#text = text
  }

  get failedAt(): number {
    return this.#furthest.at
  }

  whole(): Chain {
    const chain = this.#chain()
    if (chain === undefined || this.#skipSpace() < this.#text.length) {
      this.#miss('`and`, `or` or the end')
      throw new BambooError(this.#complaint())
    }
    return chain
  }

  #chain(): Chain | undefined {
    const first = this.#condition()
    if (first === undefined) return undefined
    const rest: { word: 'and' | 'or'; condition: Condition }[] = []
    for (;;) {
      const before = this.#at
      const word = this.#take(AND_OR, '`and`, `or` or the end')
      const condition = word === undefined ? undefined : this.#condition()
      if (word === undefined || condition === undefined) {
        this.#at = before // and what comes next will not take the word either
        return { first, rest }
      }
      rest.push({ word: word.toLowerCase() as 'and' | 'or', condition })
    }
  }

  #condition(): Condition | undefined {
    const before = this.#at
    const comparison = this.#comparison()
    if (comparison !== undefined) return comparison
    this.#at = before
    if (!this.#symbol('(')) return undefined
    this.#depth += 1
    if (this.#depth > BAMBOO_DEPTH_MAX) {
      this.#furthest = { at: this.#at, expected: 'less depth' }
      throw new BambooError(`a condition nests at most ${BAMBOO_DEPTH_MAX} deep`)
    }
    const chain = this.#chain()
    this.#depth -= 1
    if (chain !== undefined && this.#symbol(')')) return { kind: 'group', chain }
    this.#at = before
    return undefined
  }

  #comparison(): Condition | undefined {
    const left = this.#operand()
    if (left === undefined) return undefined
    const operator = this.#take(OPERATOR, `an operator (${OPERATORS.join(' ')})`)?.toLowerCase()
    if (operator === undefined) return undefined
    const right = this.#operand()
    return right && { kind: 'comparison', left, operator: operator as Operator, right }
  }

  #operand(): Operand | undefined {
    const value = this.#value()
    if (value !== undefined || !this.#symbol('(')) return value
    const items: Operand[] = []
    do {
      const item = this.#value()
      if (item === undefined) return undefined
      items.push(item)
    } while (this.#symbol(','))
    return this.#symbol(')') ? { kind: 'list', items } : undefined
  }

  #value(): Operand | undefined {
    const float = this.#take(FLOAT)
    if (float !== undefined) return { kind: 'value', value: Number(float) }
    const int = this.#take(INT)
    if (int !== undefined) {
      return { kind: 'value', value: this.#whole(int) }
    }
    const text = this.#take(TEXT)
    if (text !== undefined) return { kind: 'value', value: unescaped(text.slice(1, -1)) }
    const bool = this.#take(BOOL)
    if (bool !== undefined) return { kind: 'value', value: bool.toLowerCase() === 'true' }
    const path = this.#take(NAME, 'a value')
    return path === undefined ? undefined : { kind: 'name', path }
  }

  /** `1e5` is read as an int and then is none: the original fails on it, too. */
  #whole(int: string): bigint {
    try {
      return wholeFromText(int.toUpperCase(), this.#meter)
    } catch (error) {
      if (error instanceof BambooError) this.#furthest = { at: this.#at - int.length, expected: 'an int' }
      throw error
    }
  }

  #symbol(symbol: '(' | ')' | ','): boolean {
    if (this.#text[this.#skipSpace()] === symbol) {
      this.#at += 1
      return true
    }
    this.#miss(`\`${symbol}\``)
    return false
  }

  /** @param expected what the complaint says when nothing further was found; the last of several alternatives has it. */
  #take(pattern: RegExp, expected?: string): string | undefined {
    pattern.lastIndex = this.#skipSpace()
    const found = pattern.exec(this.#text)?.[0]
    if (found !== undefined) this.#at += found.length
    else if (expected !== undefined) this.#miss(expected)
    return found
  }

  #skipSpace(): number {
    SPACE.lastIndex = this.#at
    this.#at += SPACE.exec(this.#text)![0].length // it matches nothing at the least
    return this.#at
  }

  #miss(expected: string): void {
    if (this.#at > this.#furthest.at) this.#furthest = { at: this.#at, expected }
  }

  #complaint(): string {
    const { at, expected } = this.#furthest
    const found = at >= this.#text.length ? 'the end' : `\`${this.#text.slice(at, at + 20).toWellFormed()}\``
    return `expected ${expected}, found ${found} (at char ${at})`
  }
}

const WRITTEN: Readonly<Record<string, string>> = { t: '\t', n: '\n', f: '\f', r: '\r' }
/** The four escapes that the original knows; any other backslash stands for itself. */
const unescaped = (text: string): string => text.replace(/\\([tnfr])/g, (_, letter: string) => WRITTEN[letter]!)

/** Tabs become spaces before anything is read, inside quotes, too. */
function expandTabs(text: string): string {
  if (!text.includes('\t')) return text
  const parts: string[] = []
  let column = 0
  for (const [index, field] of text.split(/([\t\n\r])/).entries()) {
    if (index % 2 === 0) {
      parts.push(field)
      column += Array.from(field).length
    } else if (field === '\t') {
      parts.push(' '.repeat(8 - (column % 8)))
      column += 8 - (column % 8)
    } else {
      parts.push(field)
      column = 0
    }
  }
  return parts.join('')
}
