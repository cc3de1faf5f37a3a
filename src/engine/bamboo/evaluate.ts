import type { Json } from '../../model/json.ts'
import { type Clock, timeAttribute } from './calendar.ts'
import { FUNCTION_NAMES, functionNamed } from './function.ts'
import { BambooError, type Meter } from './meter.ts'
import { methodOf } from './method.ts'
import { numberAttribute } from './number-method.ts'
import { constructorAt, MODULE_NAMES, moduleAttribute, moduleNamed } from './module.ts'
import { charactersOf, compare, itemsOf, operate } from './operator.ts'
import type { Clause, Node } from './parse.ts'
import { groupIn, matchAttribute, patternAttribute } from './re.ts'
import { makerOfValue, typeAttribute } from './type-method.ts'
import {
  asNumber,
  type Callable,
  fromJson,
  isBytes,
  isDict,
  isItems,
  isTruthy,
  type Items,
  keyOf,
  listOf,
  textKey,
  tupleOf,
  typeName,
  type Value,
} from './value.ts'

/** Mako keeps these for itself: it renders nothing where one of them is given, and makes text of values by `str`. */
const TEMPLATE_NAMES: ReadonlySet<string> = new Set(['context', 'loop', 'self', 'str', 'STOP_RENDERING', 'UNDEFINED'])
/** What evaluation may reach at the deepest: a tree within lambdas within calls. */
const CALL_DEPTH_MAX = 400
/** What looking at one node costs. */
const NODE_UNITS = 8

/** Names of a lambda or comprehension, the innermost first. */
interface Local {
  readonly name: string
  readonly value: Value
  readonly outer: Local | undefined
}

export interface Surroundings extends Clock {
  readonly get: (name: string) => Json | undefined
  readonly meter: Meter
}

/** Evaluates the expressions of one value that is rendered. */
export class Evaluator {
  readonly #surroundings: Surroundings
  readonly #meter: Meter
  readonly #known = new Map<string, Value>()
  #depth = 0

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings
    this.#meter = surroundings.meter
  }

  /** @throws BambooError when the expression has no value. */
  valueOf(node: Node): Value {
    this.#depth = 0
    return this.#evaluate(node, undefined)
  }

  #evaluate(node: Node, local: Local | undefined): Value {
    this.#meter.spend(NODE_UNITS)
    this.#depth += 1
    if (this.#depth > CALL_DEPTH_MAX) throw new BambooError('maximum recursion depth exceeded')
    const value = this.#reduce(node, local)
    this.#depth -= 1
    return value
  }

  #reduce(node: Node, local: Local | undefined): Value {
    switch (node.op) {
      case 'literal':
        return node.value
      case 'name':
        return this.#named(node.name, local)
      case 'list':
        return listOf(node.items.map((item) => this.#evaluate(item, local)))
      case 'tuple':
        return tupleOf(node.items.map((item) => this.#evaluate(item, local)))
      case 'unary':
        return this.#unary(node.sign, this.#evaluate(node.operand, local))
      case 'binary':
        return operate(node.sign, this.#evaluate(node.left, local), this.#evaluate(node.right, local), this.#meter)
      case 'and': {
        const left = this.#evaluate(node.left, local)
        return isTruthy(left) ? this.#evaluate(node.right, local) : left
      }
      case 'or': {
        const left = this.#evaluate(node.left, local)
        return isTruthy(left) ? left : this.#evaluate(node.right, local)
      }
      case 'compare':
        return this.#compare(node, local)
      case 'if':
        return this.#evaluate(isTruthy(this.#evaluate(node.test, local)) ? node.yes : node.no, local)
      case 'attribute':
        return this.#attribute(this.#evaluate(node.object, local), node.name)
      case 'index':
        return this.#item(this.#evaluate(node.object, local), this.#evaluate(node.key, local))
      case 'slice':
        return this.#slice(this.#evaluate(node.object, local), node.bounds, local)
      case 'call':
        return this.#call(node, local)
      case 'comprehension': {
        const items: Value[] = []
        this.#loop(node.clauses, 0, node.item, local, items)
        return listOf(items)
      }
      case 'lambda':
        return this.#lambda(node.params, node.body, local)
    }
  }

  /** What is given wins over the language's own names, as in the original. */
  #named(name: string, local: Local | undefined): Value {
    for (let each = local; each !== undefined; each = each.outer) {
      this.#meter.spend(1)
      if (each.name === name) return each.value
    }
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const given = this.#surroundings.get(name)
    if (given !== undefined && TEMPLATE_NAMES.has(name))
      throw new BambooError(`the name '${name}' is the template's own`)
    const value =
      given === undefined
        ? (functionNamed(name, this.#meter) ?? moduleNamed(name) ?? ({ kind: 'unknown', name } as const))
        : named(name, fromJson(given, this.#meter))
    this.#known.set(name, value)
    return value
  }

  #unary(sign: '-' | '+' | '~' | 'not', value: Value): Value {
    if (sign === 'not') return !isTruthy(value)
    const number = asNumber(value)
    if (typeof value === 'object' && value?.kind === 'timedelta' && sign !== '~') {
      return sign === '-' ? { ...value, ms: -value.ms } : value
    }
    if (number === undefined || (sign === '~' && typeof number !== 'bigint')) {
      throw new BambooError(`bad operand type for unary ${sign}: '${typeName(value)}'`)
    }
    if (sign === '~') return ~(number as bigint)
    return sign === '-' ? -number : number
  }

  #compare(node: Extract<Node, { op: 'compare' }>, local: Local | undefined): boolean {
    let left = this.#evaluate(node.first, local)
    for (const { sign, right: rightNode } of node.rest) {
      const right = this.#evaluate(rightNode, local)
      if (!compare(sign, left, right, this.#meter)) return false
      left = right
    }
    return true
  }

  /** `_system` is an object in the original: it has its keys as attributes. */
  #attribute(object: Value, name: string): Value {
    const found = this.#attributeOf(object, name)
    if (found !== undefined) return found
    throw new BambooError(`'${typeName(object)}' object has no attribute '${name}'`)
  }

  #attributeOf(object: Value, name: string): Value | undefined {
    if (typeof object === 'object' && object !== null) {
      switch (object.kind) {
        case 'module':
          return moduleAttribute(object.name, name, this.#surroundings, this.#meter)
        case 'datetime':
        case 'date':
        case 'timedelta':
          return timeAttribute(object, name, this.#surroundings, this.#meter)
        case 'pattern':
          return patternAttribute(object, name, this.#meter)
        case 'match':
          return matchAttribute(object, name, this.#meter)
        case 'function':
          return typeAttribute(object, name, this.#meter)
        case 'unknown':
          return undefined
        case 'list':
        case 'tuple':
        case 'dict':
        case 'set':
        case 'bytes':
        case 'digest':
          break
      }
    }
    const own = methodOf(object, name, this.#meter) ?? makerOfValue(object, name, this.#meter)
    const method = own ?? numberAttribute(object, name) ?? placeNamed(object, name)
    return method ?? (isDict(object) && object.isObject === true ? textKey(object, name) : undefined)
  }

  #item(object: Value, key: Value): Value {
    if (isDict(object)) {
      const found = object.entries.get(keyOf(key, this.#meter))
      if (found === undefined) throw new BambooError('the dict has no such key')
      return found[1]
    }
    if (typeof object === 'object' && object?.kind === 'match') return groupIn(object, key)
    const items =
      isSequence(object) || isBytes(object)
        ? itemsOf(object, this.#meter)
        : typeof object === 'string'
          ? charactersOf(object, this.#meter)
          : undefined
    if (items === undefined) throw new BambooError(`'${typeName(object)}' object is not subscriptable`)
    const at = typeof key === 'boolean' ? BigInt(key) : key
    if (typeof at !== 'bigint') {
      throw new BambooError(`${typeName(object)} indices must be integers or slices, not ${typeName(key)}`)
    }
    const found = items[Number(at < 0n ? at + BigInt(items.length) : at)]
    if (found === undefined) throw new BambooError(`${typeName(object)} index out of range`)
    return found
  }

  #slice(object: Value, bounds: readonly (Node | null)[], local: Local | undefined): Value {
    const [start, stop, step] = bounds.map((bound) => {
      const value = bound === null ? null : this.#evaluate(bound, local)
      if (value === null || typeof value === 'bigint') return value
      if (typeof value === 'boolean') return BigInt(value)
      throw new BambooError('slice indices must be integers or None')
    })
    const pick = <T>(items: readonly T[]): readonly T[] => {
      this.#meter.spend(items.length)
      return placesOf(items.length, start ?? null, stop ?? null, step ?? 1n).map((at) => items[at]!)
    }
    if (typeof object === 'string') return pick(charactersOf(object, this.#meter)).join('')
    if (isSequence(object)) return { kind: object.kind, items: pick(object.items) }
    if (isBytes(object)) return { kind: 'bytes', bytes: pick(object.bytes) }
    throw new BambooError(`'${typeName(object)}' object is not subscriptable`)
  }

  #call(node: Extract<Node, { op: 'call' }>, local: Local | undefined): Value {
    const callee = this.#callable(this.#evaluate(node.callee, local))
    const args = node.args.map((arg) => this.#evaluate(arg, local))
    const named = new Map(node.named.map(([name, arg]) => [name, this.#evaluate(arg, local)]))
    if (named.size < node.named.length) throw new BambooError('keyword argument repeated')
    return callee.call(args, named)
  }

  #callable(value: Value): Callable {
    if (typeof value === 'object' && value !== null) {
      if (value.kind === 'function') return value
      const made = value.kind === 'module' ? constructorAt(value.name, this.#surroundings, this.#meter) : undefined
      if (made !== undefined) return made
      if (value.kind === 'unknown') throw new BambooError(`name '${value.name}' is not defined`)
    }
    throw new BambooError(`'${typeName(value)}' object is not callable`)
  }

  #lambda(params: readonly string[], body: Node, local: Local | undefined): Callable {
    return {
      kind: 'function',
      name: '<lambda>',
      call: (args, named) => {
        if (args.length !== params.length || named.size > 0) {
          throw new BambooError(`<lambda>() takes ${params.length} arguments, ${args.length} given`)
        }
        let inner = local
        for (const [at, name] of params.entries()) inner = { name, value: args[at]!, outer: inner }
        return this.#evaluate(body, inner)
      },
    }
  }

  #loop(clauses: readonly Clause[], at: number, item: Node, local: Local | undefined, into: Value[]): void {
    const clause = clauses[at]
    if (clause === undefined) {
      into.push(this.#evaluate(item, local))
      return
    }
    for (const value of itemsOf(this.#evaluate(clause.source, local), this.#meter)) {
      const inner = this.#bind(clause.targets, value, local)
      if (clause.conditions.every((condition) => isTruthy(this.#evaluate(condition, inner)))) {
        this.#loop(clauses, at + 1, item, inner, into)
      }
    }
  }

  #bind(targets: readonly string[], value: Value, local: Local | undefined): Local {
    const [first = ''] = targets
    if (targets.length === 1) return { name: first, value, outer: local }
    const values = itemsOf(value, this.#meter)
    if (values.length !== targets.length) {
      throw new BambooError(`cannot unpack ${values.length} values into ${targets.length} names`)
    }
    return targets.reduce<Local | undefined>((outer, name, at) => ({ name, value: values[at]!, outer }), local)!
  }
}

/** A view of a dict has no places. */
const isSequence = (value: Value): value is Items => isItems(value) && value.lazy?.startsWith('dict') !== true

/** A place of a tuple whose places have names: `tm_year`. */
function placeNamed(value: Value, name: string): Value | undefined {
  if (!isItems(value)) return undefined
  const at = value.named?.fields.indexOf(name) ?? -1
  return at === -1 ? undefined : value.items[at]
}

/** bk-sops' `engine_pickle_obj/context.py` makes an object of what `_system` stands for. */
const named = (name: string, value: Value): Value =>
  name === '_system' && isDict(value) ? { ...value, isObject: true } : value

/** The places that `[start:stop:step]` picks of so many. */
function placesOf(length: number, start: bigint | null, stop: bigint | null, step: bigint): readonly number[] {
  if (step === 0n) throw new BambooError('slice step cannot be zero')
  const size = BigInt(length)
  const [least, most] = step > 0n ? [0n, size] : [-1n, size - 1n]
  const clamp = (bound: bigint): bigint => {
    const at = bound < 0n ? bound + size : bound
    return at < least ? least : at > most ? most : at
  }
  const from = start === null ? (step > 0n ? least : most) : clamp(start)
  const to = stop === null ? (step > 0n ? most : least) : clamp(stop)
  const places: number[] = []
  for (let at = from; step > 0n ? at < to : at > to; at += step) places.push(Number(at))
  return places
}

const OWN_NAMES: ReadonlySet<string> = new Set([...FUNCTION_NAMES, ...MODULE_NAMES])

/** The names in an expression that somebody has to give: not its own, not those of the language. */
export function freeNames(node: Node, bound: ReadonlySet<string> = new Set()): readonly string[] {
  switch (node.op) {
    case 'literal':
      return []
    case 'name':
      return bound.has(node.name) || OWN_NAMES.has(node.name) ? [] : [node.name]
    case 'list':
    case 'tuple':
      return node.items.flatMap((item) => freeNames(item, bound))
    case 'unary':
      return freeNames(node.operand, bound)
    case 'binary':
    case 'and':
    case 'or':
      return [...freeNames(node.left, bound), ...freeNames(node.right, bound)]
    case 'compare':
      return [...freeNames(node.first, bound), ...node.rest.flatMap(({ right }) => freeNames(right, bound))]
    case 'if':
      return [node.yes, node.test, node.no].flatMap((part) => freeNames(part, bound))
    case 'attribute':
      return freeNames(node.object, bound)
    case 'index':
      return [...freeNames(node.object, bound), ...freeNames(node.key, bound)]
    case 'slice':
      return [node.object, ...node.bounds].flatMap((part) => (part === null ? [] : freeNames(part, bound)))
    case 'call':
      return [node.callee, ...node.args, ...node.named.map(([, arg]) => arg)].flatMap((part) => freeNames(part, bound))
    case 'comprehension': {
      const inner = new Set([...bound, ...node.clauses.flatMap(({ targets }) => targets)])
      const clauses = node.clauses.flatMap(({ source, conditions }) => [source, ...conditions])
      return [node.item, ...clauses].flatMap((part) => freeNames(part, inner))
    }
    case 'lambda':
      return freeNames(node.body, new Set([...bound, ...node.params]))
  }
}
