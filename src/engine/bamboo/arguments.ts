import { BambooError, type Meter } from './meter.ts'
import { type Callable, typeName, type Value } from './value.ts'

/** What a function of the language is given, read one by one. */
export interface Arguments {
  /** @returns the argument at its place or under its name; undefined when it is not given. */
  readonly optional: (at: number, name?: string) => Value | undefined
  /** The argument, or what stands for it when it is not given; None is given. */
  readonly or: (at: number, fallback: Value, name?: string) => Value
  /** @throws BambooError when it is not given. */
  readonly required: (at: number, name?: string) => Value
  readonly text: (at: number, name?: string) => string
  readonly optionalText: (at: number, name?: string) => string | undefined
  /** None counts as not given, as in the bounds of a slice. */
  readonly optionalInt: (at: number, name?: string) => bigint | undefined
  /** None is no int. @throws BambooError when it is not given and nothing stands for it. */
  readonly int: (at: number, fallback?: bigint, name?: string) => bigint
  readonly all: readonly Value[]
  readonly named: ReadonlyMap<string, Value>
  readonly meter: Meter
}

/**
 * A function that is known by name.
 * @param most how many arguments may stand without their names.
 * @param names the names that arguments may have.
 */
export function functionOf(
  name: string,
  most: number,
  names: readonly string[],
  meter: Meter,
  body: (args: Arguments) => Value,
): Callable {
  return {
    kind: 'function',
    name,
    call: (all, named) => {
      meter.spend(8 + all.length + named.size)
      if (all.length > most) throw new BambooError(`${name}() takes at most ${most} arguments (${all.length} given)`)
      for (const key of named.keys()) {
        if (!names.includes(key) && !names.includes('*'))
          throw new BambooError(`${name}() got an unexpected argument '${key}'`)
      }
      return body(argumentsOf(name, all, named, meter))
    },
  }
}

function argumentsOf(
  called: string,
  all: readonly Value[],
  named: ReadonlyMap<string, Value>,
  meter: Meter,
): Arguments {
  const optional = (at: number, name?: string): Value | undefined =>
    at < all.length ? all[at] : name === undefined ? undefined : named.get(name)
  const required = (at: number, name?: string): Value => {
    const value = optional(at, name)
    if (value === undefined) throw new BambooError(`${called}() is missing an argument`)
    return value
  }
  const optionalText = (at: number, name?: string): string | undefined => {
    const value = optional(at, name)
    if (value === undefined || value === null) return undefined
    if (typeof value === 'string') return value
    throw new BambooError(`${called}() argument must be str, not ${typeName(value)}`)
  }
  return {
    optional,
    or: (at, fallback, name) => {
      const value = optional(at, name)
      return value === undefined ? fallback : value
    },
    required,
    optionalText,
    text: (at, name) => {
      const text = optionalText(at, name)
      if (text === undefined) throw new BambooError(`${called}() argument must be str`)
      return text
    },
    optionalInt: (at, name) => {
      const value = optional(at, name)
      return value === undefined || value === null ? undefined : intOf(value)
    },
    int: (at, fallback, name) => {
      const value = optional(at, name)
      return value === undefined && fallback !== undefined ? fallback : intOf(required(at, name))
    },
    all,
    named,
    meter,
  }
}

function intOf(value: Value): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1n : 0n
  throw new BambooError(`'${typeName(value)}' object cannot be interpreted as an integer`)
}
