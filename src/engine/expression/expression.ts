import type { CallName, Expression } from '../../model/expression.ts'
import type { Json } from '../../model/json.ts'
import { SECRET_MASK } from '../../model/secret.ts'
import { callExpression } from './calls.ts'
import { EXPRESSION_DEPTH_MAX, holds, isSame, orderOf } from './values.ts'
import { type Token, type TokenFailure, tokenize } from './tokens.ts'

/**
 * The language of `when:` and of `${{ ... }}` (docs/reference/definition.md, "Expressions"). No loops, no arithmetic, no
 * names but `params`, `vars`, `tasks`, `run` and `trigger`: the cost of an expression is its size and that of what it compares.
 */

/** Longest text of one expression, in UTF-16 units. */
export const EXPRESSION_TEXT_MAX = 4_096

/**
 * The facts of a run that an expression may name after `run.`. `attempt` counts how often the run began, from 1;
 * `pipeline` is the pipeline's id.
 */
export const RUN_FACTS = ['number', 'cause', 'by', 'attempt', 'timestamp', 'id', 'pipeline'] as const
export type RunFact = (typeof RUN_FACTS)[number]

/** What an expression sees. Only own keys are read, never a prototype's; what is not there is null. */
export interface Scope {
  readonly params: Readonly<Record<string, Json>>
  /** What a variable of the definition stands for; undefined: there is no such variable. */
  readonly vars: (name: string) => Json | undefined
  /** By key; undefined: there is no such task. */
  readonly tasks: (key: string) => TaskScope | undefined
  readonly run: Readonly<Record<RunFact, Json>>
  /** Facts of the change that it is a run of; empty: of none. */
  readonly trigger?: Readonly<Record<string, Json>>
}
export interface TaskScope {
  readonly status: string
  readonly outputs: Readonly<Record<string, Json>>
}

export type ExpressionResult =
  | {
      readonly ok: true
      readonly expression: Expression
      /** Every path in it with the offset where it begins, in the order of the text. */
      readonly paths: readonly PathUse[]
    }
  | { readonly ok: false; readonly at: number; readonly message: string }
export interface PathUse {
  readonly path: readonly string[]
  readonly at: number
}

/** @returns the expression, or what is wrong with it and at which offset (from 0). Never throws. */
export function parseExpression(text: string): ExpressionResult {
  if (text.length > EXPRESSION_TEXT_MAX) {
    return refuse(0, `expected an expression of at most ${EXPRESSION_TEXT_MAX} characters, found ${text.length}`)
  }
  const tokens = tokenize(text)
  if (!Array.isArray(tokens)) return refuse((tokens as TokenFailure).at, (tokens as TokenFailure).message)
  const parser = new Parser(tokens as readonly Token[])
  try {
    return { ok: true, expression: parser.whole(), paths: parser.paths }
  } catch (error) {
    if (error instanceof SyntaxFailure) return refuse(error.at, error.message)
    throw error
  }
}

const refuse = (at: number, message: string): ExpressionResult => ({ ok: false, at, message })

class SyntaxFailure extends Error {
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='] as const
/** How many values each call takes. */
const CALLS = {
  contains: 2,
  contains_all: 2,
  contains_any: 2,
  starts_with: 2,
  ends_with: 2,
  length: 1,
  lower: 1,
  upper: 1,
} as const satisfies Record<CallName, number>

const isComparison = (text: string): text is (typeof COMPARISONS)[number] =>
  (COMPARISONS as readonly string[]).includes(text)

/** Recursive descent, one method per level of precedence, loosest first: or, and, not, comparison, primary. */
class Parser {
  readonly paths: PathUse[] = []
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  whole(): Expression {
    const expression = this.#or()
    if (this.#peek().kind !== 'end') throw this.#unexpected('an operator or the end')
    return expression
  }

  #or(): Expression {
    this.#enter()
    const operands = [this.#and()]
    while (this.#take('or') || this.#take('||')) operands.push(this.#and())
    this.#depth -= 1
    return balanced('or', operands)
  }

  #and(): Expression {
    const operands = [this.#not()]
    while (this.#take('and') || this.#take('&&')) operands.push(this.#not())
    return balanced('and', operands)
  }

  /** `not a == b` denies the comparison, as in Python; `!a == b` denies `a`, as in C. */
  #not(): Expression {
    if (!this.#take('not')) return this.#comparison()
    this.#enter()
    const operand = this.#not()
    this.#depth -= 1
    return { op: 'not', operand }
  }

  #comparison(): Expression {
    const left = this.#primary()
    const op = this.#comparisonOperator()
    if (op === undefined) return left
    const compared: Expression = { op, left, right: this.#primary() }
    const after = this.#peek()
    if (this.#comparisonOperator() !== undefined) {
      throw new SyntaxFailure(after.at, 'comparisons do not chain: join them with `and`, or use parentheses')
    }
    return compared
  }

  #comparisonOperator(): (typeof COMPARISONS)[number] | 'in' | 'not in' | undefined {
    const { kind, text } = this.#peek()
    if (kind !== 'symbol' && kind !== 'word') return undefined
    if (kind === 'symbol' && isComparison(text)) {
      this.#next += 1
      return text
    }
    if (this.#take('in')) return 'in'
    if (kind === 'word' && text === 'not' && this.#tokens[this.#next + 1]?.text === 'in') {
      this.#next += 2
      return 'not in'
    }
    return undefined
  }

  #primary(): Expression {
    const token = this.#peek()
    if (this.#take('!')) {
      this.#enter()
      const operand = this.#primary()
      this.#depth -= 1
      return { op: 'not', operand }
    }
    if (this.#take('(')) {
      const inner = this.#or()
      this.#expect(')')
      return inner
    }
    if (this.#take('[')) return { op: 'list', items: this.#items(']') }
    switch (token.kind) {
      case 'number':
      case 'string':
        this.#next += 1
        return { op: 'literal', value: token.value }
      case 'word':
        return this.#word(token)
      case 'symbol':
      case 'end':
        throw this.#unexpected('a value')
    }
  }

  #word(token: Token): Expression {
    switch (token.text) {
      case 'true':
      case 'false':
        this.#next += 1
        return { op: 'literal', value: token.text === 'true' }
      case 'null':
        this.#next += 1
        return { op: 'literal', value: null }
      case 'and':
      case 'or':
      case 'not':
      case 'in':
        throw this.#unexpected('a value')
      default:
        this.#next += 1
        return this.#take('(') ? this.#call(token) : this.#path(token)
    }
  }

  #call(token: Token): Expression {
    const { text: name } = token
    if (!Object.hasOwn(CALLS, name)) {
      throw new SyntaxFailure(token.at, `expected one of ${Object.keys(CALLS).join(', ')}, found ${name}`)
    }
    const args = this.#items(')')
    const expected = CALLS[name as CallName]
    if (args.length !== expected) {
      throw new SyntaxFailure(
        token.at,
        `${name} takes ${expected === 1 ? '1 value' : `${expected} values`}, found ${args.length}`,
      )
    }
    return { op: 'call', name: name as CallName, args }
  }

  #path(token: Token): Expression {
    const path = token.text.split('.')
    this.paths.push({ path, at: token.at })
    return { op: 'path', path }
  }

  #items(end: ']' | ')'): Expression[] {
    const items: Expression[] = []
    if (this.#take(end)) return items
    do items.push(this.#or())
    while (this.#take(','))
    this.#expect(end)
    return items
  }

  #peek(): Token {
    return this.#tokens[this.#next]! // the last token is `end`, and nothing takes it
  }

  #take(text: string): boolean {
    const token = this.#peek()
    if ((token.kind !== 'symbol' && token.kind !== 'word') || token.text !== text) return false
    this.#next += 1
    return true
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw this.#unexpected(`\`${text}\``)
  }

  #enter(): void {
    this.#depth += 1
    if (this.#depth > EXPRESSION_DEPTH_MAX) {
      throw new SyntaxFailure(this.#peek().at, `an expression nests at most ${EXPRESSION_DEPTH_MAX} deep`)
    }
  }

  #unexpected(expected: string): SyntaxFailure {
    const { kind, text, at } = this.#peek()
    return new SyntaxFailure(at, `expected ${expected}, found ${kind === 'end' ? 'the end' : `\`${text}\``}`)
  }
}

/** `a or b or c or d` as (a or b) or (c or d): the same value and order, and depth that grows with the logarithm. */
function balanced(op: 'and' | 'or', operands: readonly Expression[]): Expression {
  if (operands.length === 1) return operands[0]!
  const middle = Math.ceil(operands.length / 2)
  return { op, left: balanced(op, operands.slice(0, middle)), right: balanced(op, operands.slice(middle)) }
}

/** The value of an expression; what a path does not find is null. `and` and `or` give one of their operands. Never throws. */
export function evaluate(expression: Expression, scope: Scope): Json {
  switch (expression.op) {
    case 'bool-rule':
      // engine/conditions.ts reads it, with the names that it needs.
      throw new TypeError('a BoolRule is not evaluated as an expression')
    case 'literal':
      return expression.value
    case 'path':
      return lookUp(expression.path, scope)
    case 'list':
      return expression.items.map((item) => evaluate(item, scope))
    case 'not':
      return !isTrue(evaluate(expression.operand, scope))
    case 'and': {
      const left = evaluate(expression.left, scope)
      return isTrue(left) ? evaluate(expression.right, scope) : left
    }
    case 'or': {
      const left = evaluate(expression.left, scope)
      return isTrue(left) ? left : evaluate(expression.right, scope)
    }
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
    case 'in':
    case 'not in':
      return compare(expression.op, evaluate(expression.left, scope), evaluate(expression.right, scope))
    case 'call':
      return callExpression(
        expression.name,
        expression.args.map((arg) => evaluate(arg, scope)),
      )
  }
}

/** Whether a condition with this value holds: all but false, null, 0, empty text and the text `false` (outputs are text). */
export function isTrue(value: Json): boolean {
  return value !== false && value !== null && value !== 0 && value !== '' && value !== 'false'
}

function lookUp([root = '', first = '', ...rest]: readonly string[], scope: Scope): Json {
  switch (root) {
    case 'params':
      return inside(own(scope.params, first), rest)
    case 'vars':
      return inside(scope.vars(first) ?? null, rest)
    case 'run':
      return rest.length === 0 ? own(scope.run, first) : null
    case 'trigger':
      return rest.length === 0 ? own(scope.trigger ?? {}, first) : null
    case 'tasks':
      return lookUpTask(first, rest, scope)
    case 'secrets':
      // Nobody here knows its value: engine/job.ts says where the host is to put it in.
      return SECRET_MASK
    default:
      return null
  }
}

function lookUpTask(key: string, [part, name, ...rest]: readonly string[], scope: Scope): Json {
  const task = scope.tasks(key)
  if (task === undefined) return null
  if (part === 'status' && name === undefined) return task.status
  return part === 'outputs' && name !== undefined ? inside(own(task.outputs, name), rest) : null
}

/** What is at a path in a value: keys of mappings, places in lists from 0. */
function inside(value: Json, path: readonly string[]): Json {
  return path.reduce<Json>((found, part) => {
    if (typeof found !== 'object' || found === null) return null
    if (!Array.isArray(found)) return own(found as Readonly<Record<string, Json>>, part)
    return INDEX.test(part) ? ((found as readonly Json[])[Number(part)] ?? null) : null
  }, value)
}
const INDEX = /^\d{1,9}$/

const own = (values: Readonly<Record<string, Json>>, key: string): Json =>
  Object.hasOwn(values, key) ? (values[key] ?? null) : null

function compare(op: (typeof COMPARISONS)[number] | 'in' | 'not in', left: Json, right: Json): boolean {
  switch (op) {
    case '==':
      return isSame(left, right, 0)
    case '!=':
      return !isSame(left, right, 0)
    case 'in':
      return holds(right, left)
    case 'not in':
      return !holds(right, left)
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const order = orderOf(left, right)
      if (order === undefined) return false
      if (order === 0) return op === '<=' || op === '>='
      return order < 0 ? op === '<' || op === '<=' : op === '>' || op === '>='
    }
  }
}
