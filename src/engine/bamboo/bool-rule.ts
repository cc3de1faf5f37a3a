import type { Json, JsonObject } from '../../model/json.ts'
import { BambooError, Meter } from './meter.ts'
import { textOf, wholeOf } from './text.ts'
import {
  fromJson,
  isDict,
  isEqual,
  isInOrder,
  isItems,
  keyOf,
  listOf,
  type Order,
  typeName,
  type Value,
} from './value.ts'
import { type Chain, type Condition, type Operand, type Operator, parseBoolRule } from './bool-rule-parse.ts'

/**
 * BlueKing's conditions (docs/reference/expressions.md, "Conditions of the bamboo language"). `and` and `or` have no
 * precedence: read from the left, a false value before `and` ends its parentheses as false, a true one before `or` as true.
 */

/** What one condition may cost: its own text, and what it compares in the context. */
const UNITS_MAX = 1_000_000
/** The rule that always holds. Nothing may stand beside it, not even a space. */
const ALWAYS = '*'

export type BoolRuleResult =
  | { readonly ok: true; readonly value: boolean }
  /** Why it has no value: it does not parse, a name is missing, or two values do not compare. */
  | { readonly ok: false; readonly message: string }

/**
 * @param text after its `${...}` were filled in.
 * @param context what names stand for, by their whole first part (`${x}` with its braces). With none, or an empty one, a
 * name stands for its own text: gateways pass none.
 */
export function evaluateBoolRule(text: string, context: Readonly<Record<string, Json>> | null): BoolRuleResult {
  if (text === ALWAYS) return { ok: true, value: true }
  const parsed = parseBoolRule(text)
  if (!parsed.ok) return { ok: false, message: parsed.message }
  const empty = context === null || Object.keys(context).length === 0
  try {
    return { ok: true, value: new Evaluation(empty ? null : context).holds(parsed.chain) }
  } catch (error) {
    if (error instanceof BambooError) return { ok: false, message: error.message }
    throw error
  }
}

export type BoolRuleCheck =
  | { readonly ok: true }
  /**
   * `at` is an offset from 0. `certain` is false when the text holds `${...}` pieces: they were read as names, and what
   * they will be rendered to may mend it (`1 ${operator} 2`).
   */
  | { readonly ok: false; readonly at: number; readonly message: string; readonly certain: boolean }

const PIECE = /\$\{[^${}#]+\}/g

/** Whether a condition parses, before it is rendered. */
export function checkBoolRule(text: string): BoolRuleCheck {
  if (text === ALWAYS) return { ok: true }
  // A name of the same length keeps the offsets; every name is at least as long as `${x}`.
  const pieces = text.match(PIECE)?.length ?? 0
  const parsed = parseBoolRule(text.replace(PIECE, (piece) => 'x'.repeat(piece.length)))
  return parsed.ok ? { ok: true } : { ok: false, at: parsed.at, message: parsed.message, certain: pieces === 0 }
}

class Evaluation {
  readonly #context: Readonly<Record<string, Json>> | null
  readonly #meter = new Meter(UNITS_MAX)

  constructor(context: Readonly<Record<string, Json>> | null) {
    this.#context = context
  }

  holds(chain: Chain): boolean {
    let passed = this.#test(chain.first)
    for (const { word, condition } of chain.rest) {
      if ((word === 'or') === passed) return passed
      passed = this.#test(condition)
    }
    return passed
  }

  #test(condition: Condition): boolean {
    if (condition.kind === 'group') return this.holds(condition.chain)
    const left = this.#valueOf(condition.left)
    const right = this.#valueOf(condition.right)
    return this.#compare(condition.operator, left, right)
  }

  #compare(operator: Operator, left: Value, right: Value): boolean {
    const meter = this.#meter
    switch (operator) {
      case '==':
        return isEqual(...this.#alike(left, right), meter)
      case '!=':
        return !isEqual(...this.#alike(left, right), meter)
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.#isInOrder(operator, left, right)
      case 'in':
        return this.#isIn(left, right)
      case 'notin':
        return !this.#isIn(left, right)
      case 'issuperset':
        return this.#isSuperset(left, right)
      case 'notissuperset':
        return !this.#isSuperset(left, right)
    }
  }

  #isInOrder(operator: Order, left: Value, right: Value): boolean {
    return isInOrder(operator, ...this.#alike(left, right), this.#meter)
  }

  /** An int beside anything makes it an int, if it can be one: `1.5 > 1` is false. Else a text makes the other one text. */
  #alike(left: Value, right: Value): readonly [Value, Value] {
    if (isInt(left)) return [left, this.#asInt(right)]
    if (isInt(right)) {
      const whole = this.#asInt(left)
      // What cannot be an int stays, text it is or not: the original gives up on both conversions at once.
      return [whole, right]
    }
    if (typeof left === 'string') return [left, textOf(right, this.#meter)]
    return typeof right === 'string' ? [textOf(left, this.#meter), right] : [left, right]
  }

  #asInt(value: Value): Value {
    return attempt(() => wholeOf(value, this.#meter)) ?? value
  }

  /** A list also holds each of its items as the left side's type: `1 in ('1', '2')`. */
  #isIn(left: Value, right: Value): boolean {
    if (typeof right === 'string') {
      if (typeof left === 'string') return right.includes(left)
      throw new BambooError(`'in <string>' requires string as left operand, not ${typeName(left)}`)
    }
    if (isDict(right)) return right.entries.has(keyOf(left, this.#meter))
    if (!isItems(right)) throw new BambooError(`argument of type '${typeName(right)}' is not iterable`)
    const meter = this.#meter
    return right.items.some((item) => {
      if (isEqual(item, left, meter)) return true
      const alike = isInt(left) ? attempt(() => wholeOf(item, meter)) : typeof left === 'string' && textOf(item, meter)
      return (typeof alike === 'string' || typeof alike === 'bigint') && isEqual(alike, left, meter)
    })
  }

  #isSuperset(left: Value, right: Value): boolean {
    const keys = this.#keysOf(left)
    return [...this.#keysOf(right)].every((key) => keys.has(key))
  }

  /** The items as a set; a text is one item, a dict its keys. */
  #keysOf(value: Value): ReadonlySet<string> {
    if (typeof value === 'string') return new Set([keyOf(value, this.#meter)])
    if (isDict(value)) return new Set(value.entries.keys())
    if (isItems(value)) return new Set(value.items.map((item) => keyOf(item, this.#meter)))
    throw new BambooError(`'${typeName(value)}' object is not iterable`)
  }

  #valueOf(operand: Operand): Value {
    this.#meter.spend(1)
    switch (operand.kind) {
      case 'value':
        return operand.value
      case 'list':
        return listOf(operand.items.map((item) => this.#valueOf(item)))
      case 'name':
        return this.#context === null ? operand.path : this.#lookUp(operand.path, this.#context)
    }
  }

  /** Each part is a key; the braces of `${a.b}` stay with its parts, as in the original. */
  #lookUp(path: string, context: JsonObject): Value {
    let found: Json = context
    for (const part of path.split('.')) {
      if (typeof found !== 'object' || found === null || Array.isArray(found)) {
        throw new BambooError(notSubscriptable(typeName(fromJson(found, this.#meter))))
      }
      const inside: JsonObject = found as JsonObject
      // A method of dict hides a key of its name. It is a text that nothing else equals.
      if (DICT_METHODS.has(part)) return `<built-in method ${part} of dict object>`
      if (!Object.hasOwn(inside, part)) throw new BambooError(`no value supplied for ${path}`)
      found = inside[part]!
    }
    return fromJson(found, this.#meter)
  }
}

/** What Python 3.11 says of an index that is a text. */
function notSubscriptable(type: string): string {
  if (type === 'str') return "string indices must be integers, not 'str'"
  return type === 'list' ? 'list indices must be integers or slices, not str' : `'${type}' object is not subscriptable`
}

const DICT_METHODS: ReadonlySet<string> = new Set([
  'clear', 'copy', 'fromkeys', 'get', 'items', 'keys', 'pop', 'popitem', 'setdefault', 'update', 'values',
]) // prettier-ignore

/** True and False are ints in Python. */
const isInt = (value: Value): value is bigint | boolean => typeof value === 'bigint' || typeof value === 'boolean'

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof BambooError) return undefined
    throw error
  }
}
