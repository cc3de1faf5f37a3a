import type { Json } from '../../model/json.ts'

/** A word is a keyword, a name of a call or a whole path with its dots. */
export interface Token {
  readonly kind: 'number' | 'string' | 'word' | 'symbol' | 'end'
  /** As written; the value of a string or number is in `value`. */
  readonly text: string
  readonly value: Json
  /** Offset in the text, from 0. */
  readonly at: number
}
export interface TokenFailure {
  readonly at: number
  readonly message: string
}

const SPACE = /\s+/y
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?(?![A-Za-z0-9_.])/y
// Keys of tasks may hold dashes and begin with digits. There is no minus in the language.
const WORD = /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_-]+)*/y
const SYMBOL = /==|!=|<=|>=|&&|\|\||[<>!()[\],]/y

const HINTS: Readonly<Record<string, string>> = {
  '=': 'expected `==`, found `=`',
  '&': 'expected `and` or `&&`, found `&`',
  '|': 'expected `or` or `||`, found `|`',
  $: 'an expression stands here without `${{ }}`',
}

/** The tokens of an expression, an `end` token last, or the first place that is no token. */
export function tokenize(text: string): readonly Token[] | TokenFailure {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const space = matchAt(SPACE, text, at)
    if (space !== undefined) {
      at += space.length
      continue
    }
    const read = readToken(text, at)
    if ('message' in read) return read
    tokens.push(read)
    at += read.text.length
  }
  tokens.push({ kind: 'end', text: '', value: null, at: text.length })
  return tokens
}

function readToken(text: string, at: number): Token | TokenFailure {
  const first = text[at]!
  if (first === "'" || first === '"') return readString(text, at, first)
  const number = matchAt(NUMBER, text, at)
  if (number !== undefined) {
    const value = Number(number)
    if (!Number.isFinite(value)) return { at, message: `expected a number that can be counted with, found ${number}` }
    return { kind: 'number', text: number, value, at }
  }
  const word = matchAt(WORD, text, at)
  if (word !== undefined) return { kind: 'word', text: word, value: null, at }
  const symbol = matchAt(SYMBOL, text, at)
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, value: null, at }
  const found = String.fromCodePoint(text.codePointAt(at)!)
  return { at, message: HINTS[found] ?? `expected a value or an operator, found ${JSON.stringify(found)}` }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', "'": "'", '"': '"', n: '\n', t: '\t' }

function readString(text: string, at: number, quote: string): Token | TokenFailure {
  let value = ''
  for (let next = at + 1; next < text.length; next += 1) {
    const character = text[next]!
    if (character === quote) return { kind: 'string', text: text.slice(at, next + 1), value, at }
    if (character !== '\\') {
      value += character
      continue
    }
    next += 1
    const escaped = ESCAPES[text[next] ?? '']
    if (escaped === undefined) {
      return { at: next - 1, message: 'expected one of \\\\ \\\' \\" \\n \\t after a backslash' }
    }
    value += escaped
  }
  return { at, message: `this text has no end: expected a closing ${quote}` }
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}
