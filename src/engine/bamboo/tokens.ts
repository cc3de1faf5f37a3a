import { BambooError } from './meter.ts'
import type { Scalar } from './value.ts'

/** Tokens of an expression: Python's, without what needs `{`, `}`, `$` or `#`, which no piece can hold. */
export interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'symbol' | 'end'
  /** Of a name or symbol, as written. */
  readonly text: string
  readonly value: Scalar
}

const SPACE = /[ \t\f]+/y
/** Inside brackets a line break is a space, outside of them it ends the expression. */
const BREAK = /[ \t\f\r\n]+/y
const NUMBER =
  /(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][+-]?\d+)?|\d(?:_?\d)*\.(?:[eE][+-]?\d+)?|\d(?:_?\d)*[eE][+-]?\d+|\d(?:_?\d)*(?!\.))(?!\p{ID_Continue})/uy
const NAME = /[\p{ID_Start}_]\p{ID_Continue}*/uy
const PREFIX = /[A-Za-z]{0,2}(?=["'])/y
const SYMBOL = /\*\*|\/\/|<<|>>|==|!=|<=|>=|[-+*/%&|^~<>()[\],.:=]/y

/** @throws BambooError at what is no token. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  let open = 0
  let at = 0
  while (at < text.length) {
    const space = match(open > 0 ? BREAK : SPACE, text, at)
    if (space !== undefined) {
      at += space.length
      continue
    }
    const [token, length] = readToken(text, at)
    if (token.text === '(' || token.text === '[') open += 1
    if (token.text === ')' || token.text === ']') open -= 1
    tokens.push(token)
    at += length
  }
  tokens.push({ kind: 'end', text: '', value: null })
  return tokens
}

function readToken(text: string, at: number): readonly [Token, length: number] {
  const prefix = match(PREFIX, text, at)
  if (prefix !== undefined) return readText(text, at, prefix)
  const number = match(NUMBER, text, at)
  if (number !== undefined) return [{ kind: 'number', text: '', value: numberOf(number) }, number.length]
  const name = match(NAME, text, at)
  if (name !== undefined) return [{ kind: 'name', text: name.normalize('NFKC'), value: null }, name.length]
  const symbol = match(SYMBOL, text, at)
  if (symbol !== undefined) return [{ kind: 'symbol', text: symbol, value: null }, symbol.length]
  throw new BambooError('invalid syntax')
}

function numberOf(written: string): bigint | number {
  const digits = written.replaceAll('_', '')
  if (/^0[xXoObB]/.test(digits)) return BigInt(digits)
  if (/[.eE]/.test(digits)) return Number(digits)
  if (/^0+[1-9]/.test(digits)) throw new BambooError('leading zeros in decimal integer literals are not permitted')
  return BigInt(digits)
}

function readText(text: string, at: number, prefix: string): readonly [Token, length: number] {
  const kind = prefix.toLowerCase()
  if (kind !== '' && kind !== 'r' && kind !== 'u') throw new BambooError(`text with the prefix ${prefix} is not read`)
  const start = at + prefix.length
  const quote = text[start]!
  const mark = text.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote
  const end = endOf(text, start + mark.length, mark)
  const inside = text.slice(start + mark.length, end)
  const value = kind === 'r' ? inside : unescaped(inside)
  return [{ kind: 'text', text: '', value }, end + mark.length - at]
}

/** Offset of the closing quotes. */
function endOf(text: string, start: number, mark: string): number {
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text.startsWith(mark, at)) return at
    else if (text[at] === '\n' && mark.length === 1) break
  }
  throw new BambooError('unterminated string literal')
}

const ESCAPE = /\\(?:\n|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|[^])/g
const PLAIN: Readonly<Record<string, string>> = {
  '\n': '', '\\': '\\', "'": "'", '"': '"', a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v',
} // prettier-ignore

function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(ESCAPE, (written) => {
    const after = written.slice(1)
    const plain = PLAIN[after]
    if (plain !== undefined) return plain
    if (/^[0-7]/.test(after)) return String.fromCharCode(Number.parseInt(after, 8))
    if (after.length > 1) return characterOf(Number.parseInt(after.slice(1), 16))
    if (/^[xuUN]/.test(after)) throw new BambooError('an escape is cut off')
    return written // Python leaves an escape that it does not know as it is
  })
}

function characterOf(code: number): string {
  if (code > 0x10ffff) throw new BambooError('an escape names no character')
  return String.fromCodePoint(code)
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}
