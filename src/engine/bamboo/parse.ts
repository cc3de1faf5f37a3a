import { BAMBOO_DEPTH_MAX, BambooError } from './meter.ts'
import { type Token, tokensOf } from './tokens.ts'
import type { Scalar } from './value.ts'

/** Longest text of one expression, in UTF-16 units. */
export const BAMBOO_TEXT_MAX = 4_096
/** Deepest tree: a sum of that many numbers is one. */
const TREE_DEPTH_MAX = 200

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**' | '<<' | '>>' | '&' | '^' | '|'
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in' | 'is' | 'is not'

export type Node =
  | { readonly op: 'literal'; readonly value: Scalar }
  | { readonly op: 'name'; readonly name: string }
  | { readonly op: 'list' | 'tuple'; readonly items: readonly Node[] }
  | { readonly op: 'unary'; readonly sign: '-' | '+' | '~' | 'not'; readonly operand: Node }
  | { readonly op: 'binary'; readonly sign: BinaryOperator; readonly left: Node; readonly right: Node }
  | { readonly op: 'and' | 'or'; readonly left: Node; readonly right: Node }
  | {
      readonly op: 'compare'
      readonly first: Node
      readonly rest: readonly { readonly sign: Comparison; readonly right: Node }[]
    }
  | { readonly op: 'if'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly op: 'attribute'; readonly object: Node; readonly name: string }
  | { readonly op: 'index'; readonly object: Node; readonly key: Node }
  | { readonly op: 'slice'; readonly object: Node; readonly bounds: readonly (Node | null)[] }
  | {
      readonly op: 'call'
      readonly callee: Node
      readonly args: readonly Node[]
      readonly named: readonly (readonly [string, Node])[]
    }
  | { readonly op: 'comprehension'; readonly item: Node; readonly clauses: readonly Clause[] }
  | { readonly op: 'lambda'; readonly params: readonly string[]; readonly body: Node }
/** `for targets in source if ... if ...` */
export interface Clause {
  readonly targets: readonly string[]
  readonly source: Node
  readonly conditions: readonly Node[]
}

export interface Piece {
  readonly node: Node
  /** What stands after the first bare `|`, comma by comma. */
  readonly filters: readonly string[]
}

/** What stands between `${` and `}`. @throws BambooError. */
export function parsePiece(text: string): Piece {
  // Its safety check reads a piece as lines of Python, where the first must not be indented: mako_utils/checker.py.
  if (/^\n*[ \t\f]/.test(text)) throw new BambooError('unexpected indent')
  if (text.length > BAMBOO_TEXT_MAX) throw new BambooError(`an expression has at most ${BAMBOO_TEXT_MAX} characters`)
  return new Parser(tokensOf(text.trim())).whole()
}

/** Loosest first; what is not here binds tighter. `**` is apart: it binds to the right. */
const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '//', '%'],
]
const COMPARISONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>=']
const WORDS: ReadonlySet<string> = new Set([
  'and', 'or', 'not', 'in', 'is', 'if', 'else', 'for', 'lambda', 'import', 'from', 'as', 'assert', 'async', 'await', 'break', 'class',
  'continue', 'def', 'del', 'elif', 'except', 'finally', 'global', 'nonlocal', 'pass', 'raise', 'return', 'try', 'while', 'with', 'yield',
]) // prettier-ignore
const CONSTANTS: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ['None', null],
  ['True', true],
  ['False', false],
])

/** Recursive descent, one method per level of precedence of Python's expressions. */
class Parser {
  readonly #tokens: readonly Token[]
  readonly #depths = new WeakMap<Node, number>()
  #next = 0
  /** Open parentheses and brackets. Outside of all of them `|` begins the filters. */
  #brackets = 0
  #nesting = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  whole(): Piece {
    const node = this.#test()
    const filters: string[] = []
    if (this.#take('|') && this.#peek().kind !== 'end') {
      do filters.push(this.#filter())
      while (this.#take(','))
    }
    if (this.#peek().kind !== 'end') throw invalid()
    return { node, filters }
  }

  #filter(): string {
    const parts = [this.#name()]
    while (this.#take('.')) parts.push(this.#name())
    return parts.join('.')
  }

  /** `a if c else b`, or a lambda. */
  #test(): Node {
    this.#nesting += 1
    if (this.#nesting > BAMBOO_DEPTH_MAX) throw new BambooError('an expression nests too deep')
    const node = this.#take('lambda') ? this.#lambda() : this.#conditional()
    this.#nesting -= 1
    return node
  }

  #lambda(): Node {
    const params: string[] = []
    if (!this.#take(':')) {
      do params.push(this.#name())
      while (this.#take(','))
      this.#expect(':')
    }
    const body = this.#test()
    return this.#grown({ op: 'lambda', params, body }, [body])
  }

  #conditional(): Node {
    const yes = this.#or()
    if (!this.#take('if')) return yes
    const test = this.#or()
    this.#expect('else')
    const no = this.#test()
    return this.#grown({ op: 'if', test, yes, no }, [test, yes, no])
  }

  #or(): Node {
    let left = this.#and()
    while (this.#take('or')) {
      const right = this.#and()
      left = this.#grown({ op: 'or', left, right }, [left, right])
    }
    return left
  }

  #and(): Node {
    let left = this.#not()
    while (this.#take('and')) {
      const right = this.#not()
      left = this.#grown({ op: 'and', left, right }, [left, right])
    }
    return left
  }

  #not(): Node {
    let denials = 0
    while (this.#take('not')) denials += 1
    let node = this.#comparison()
    for (; denials > 0; denials -= 1) node = this.#grown({ op: 'unary', sign: 'not', operand: node }, [node])
    return node
  }

  #comparison(): Node {
    const first = this.#binary(0)
    const rest: { sign: Comparison; right: Node }[] = []
    for (let sign = this.#comparisonSign(); sign !== undefined; sign = this.#comparisonSign()) {
      rest.push({ sign, right: this.#binary(0) })
    }
    if (rest.length === 0) return first
    return this.#grown({ op: 'compare', first, rest }, [first, ...rest.map(({ right }) => right)])
  }

  #comparisonSign(): Comparison | undefined {
    const { kind, text } = this.#peek()
    if (kind === 'symbol' && COMPARISONS.includes(text)) {
      this.#next += 1
      return text as Comparison
    }
    if (this.#take('in')) return 'in'
    if (this.#take('is')) return this.#take('not') ? 'is not' : 'is'
    const after = this.#tokens[this.#next + 1]
    if (kind === 'name' && text === 'not' && after?.kind === 'name' && after.text === 'in') {
      this.#next += 2
      return 'not in'
    }
    return undefined
  }

  #binary(level: number): Node {
    const signs = LEVELS[level]
    if (signs === undefined) return this.#signed()
    let left = this.#binary(level + 1)
    for (;;) {
      const sign = signs.find((each) => (each !== '|' || this.#brackets > 0) && this.#take(each))
      if (sign === undefined) return left
      const right = this.#binary(level + 1)
      left = this.#grown({ op: 'binary', sign, left, right }, [left, right])
    }
  }

  /** `-x ** y` is `-(x ** y)`, and `x ** -y` is read, too. */
  #signed(): Node {
    const signs: ('-' | '+' | '~')[] = []
    for (;;) {
      const sign = (['-', '+', '~'] as const).find((each) => this.#take(each))
      if (sign === undefined) break
      signs.push(sign)
    }
    let node = this.#power()
    for (const sign of signs.reverse()) node = this.#grown({ op: 'unary', sign, operand: node }, [node])
    return node
  }

  #power(): Node {
    const left = this.#primary()
    if (!this.#take('**')) return left
    this.#nesting += 1
    if (this.#nesting > BAMBOO_DEPTH_MAX) throw new BambooError('an expression nests too deep')
    const right = this.#signed()
    this.#nesting -= 1
    return this.#grown({ op: 'binary', sign: '**', left, right }, [left, right])
  }

  #primary(): Node {
    let node = this.#atom()
    for (;;) {
      if (this.#take('.')) {
        node = this.#grown({ op: 'attribute', object: node, name: this.#visible(this.#name()) }, [node])
      } else if (this.#open('(')) node = this.#call(node)
      else if (this.#open('[')) node = this.#subscript(node)
      else return node
    }
  }

  #call(callee: Node): Node {
    const args: Node[] = []
    const named: [string, Node][] = []
    while (!this.#close(')')) {
      if (args.length + named.length > 0) this.#expect(',')
      if (this.#close(')')) break
      const name = this.#argumentName()
      if (name !== undefined) named.push([name, this.#test()])
      else if (named.length > 0) throw invalid()
      else args.push(this.#generator(this.#test()))
    }
    return this.#grown({ op: 'call', callee, args, named }, [callee, ...args, ...named.map(([, node]) => node)])
  }

  /** `name =`: the only place where a single `=` may stand. */
  #argumentName(): string | undefined {
    const [name, sign] = [this.#peek(), this.#tokens[this.#next + 1]]
    if (name.kind !== 'name' || sign?.kind !== 'symbol' || sign.text !== '=') return undefined
    this.#next += 2
    return name.text
  }

  #subscript(object: Node): Node {
    const bounds: (Node | null)[] = []
    let colons = 0
    for (;;) {
      const text = this.#peek().text
      const bound = text === ':' || (text === ']' && colons > 0) ? null : this.#test()
      bounds.push(bound)
      if (colons === 2 || !this.#take(':')) break
      colons += 1
    }
    this.#shut(']')
    const [key] = bounds
    if (colons === 0 && key !== undefined && key !== null) {
      if (key.op === 'literal' && typeof key.value === 'string') this.#visible(key.value)
      return this.#grown({ op: 'index', object, key }, [object, key])
    }
    return this.#grown({ op: 'slice', object, bounds }, [object, ...bounds.filter((bound) => bound !== null)])
  }

  #atom(): Node {
    if (this.#open('(')) return this.#parenthesis()
    if (this.#open('[')) return this.#list()
    const { kind, value, text } = this.#peek()
    switch (kind) {
      case 'number':
        this.#next += 1
        return this.#grown({ op: 'literal', value }, [])
      case 'text':
        return this.#grown({ op: 'literal', value: this.#adjacentText() }, [])
      case 'name': {
        const constant = CONSTANTS.get(text)
        if (constant === undefined) return this.#grown({ op: 'name', name: this.#visible(this.#name()) }, [])
        this.#next += 1
        return this.#grown({ op: 'literal', value: constant }, [])
      }
      case 'symbol':
      case 'end':
        throw invalid()
    }
  }

  /** `'a' 'b'` is one text. */
  #adjacentText(): string {
    const parts: string[] = []
    for (let token = this.#peek(); token.kind === 'text'; token = this.#peek()) {
      parts.push(token.value as string)
      this.#next += 1
    }
    return parts.join('')
  }

  #parenthesis(): Node {
    if (this.#close(')')) return this.#grown({ op: 'tuple', items: [] }, [])
    const first = this.#generator(this.#test())
    if (this.#close(')')) return first
    const items = [first]
    while (this.#take(',') && this.#peek().text !== ')') items.push(this.#test())
    this.#shut(')')
    return this.#grown({ op: 'tuple', items }, items)
  }

  #list(): Node {
    if (this.#close(']')) return this.#grown({ op: 'list', items: [] }, [])
    const first = this.#test()
    const all = this.#generator(first)
    if (all !== first) {
      this.#shut(']')
      return all
    }
    const items = [first]
    while (this.#take(',') && this.#peek().text !== ']') items.push(this.#test())
    this.#shut(']')
    return this.#grown({ op: 'list', items }, items)
  }

  /** The item itself, or the comprehension that it begins. A generator is a list here: nothing can see the difference. */
  #generator(item: Node): Node {
    const clauses: Clause[] = []
    while (this.#take('for')) {
      const bracket = this.#open('(')
      const targets = [this.#visible(this.#name())]
      while (this.#take(',')) targets.push(this.#visible(this.#name()))
      if (bracket) this.#shut(')')
      this.#expect('in')
      const source = this.#or()
      const conditions: Node[] = []
      while (this.#take('if')) conditions.push(this.#or())
      clauses.push({ targets, source, conditions })
    }
    if (clauses.length === 0) return item
    const inside = clauses.flatMap(({ source, conditions }) => [source, ...conditions])
    return this.#grown({ op: 'comprehension', item, clauses }, [item, ...inside])
  }

  #name(): string {
    const { kind, text } = this.#peek()
    if (kind !== 'name' || WORDS.has(text) || CONSTANTS.has(text)) throw invalid()
    this.#next += 1
    return text
  }

  /** What begins with two underscores is nobody's business; the original refuses it, too. */
  #visible(name: string): string {
    if (name.startsWith('__')) throw new BambooError('can not access private attribute')
    return name
  }

  #grown(node: Node, children: readonly Node[]): Node {
    const depth = 1 + Math.max(0, ...children.map((child) => this.#depths.get(child) ?? 0))
    if (depth > TREE_DEPTH_MAX) throw new BambooError('an expression nests too deep')
    this.#depths.set(node, depth)
    return node
  }

  #peek(): Token {
    return this.#tokens[this.#next]! // the last token is `end`, and nothing takes it
  }

  #take(text: string): boolean {
    const token = this.#peek()
    if ((token.kind !== 'symbol' && token.kind !== 'name') || token.text !== text) return false
    this.#next += 1
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw invalid()
  }

  #open(bracket: '(' | '['): boolean {
    if (!this.#take(bracket)) return false
    this.#brackets += 1
    return true
  }

  #close(bracket: ')' | ']'): boolean {
    if (!this.#take(bracket)) return false
    this.#brackets -= 1
    return true
  }

  #shut(bracket: ')' | ']'): void {
    if (!this.#close(bracket)) throw invalid()
  }
}

const invalid = (): BambooError => new BambooError('invalid syntax')
