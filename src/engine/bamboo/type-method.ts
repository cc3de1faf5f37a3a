import { type Arguments, functionOf } from './arguments.ts'
import { BambooError, type Meter } from './meter.ts'
import { methodOf } from './method.ts'
import { itemsOf } from './operator.ts'
import { translationTable } from './translate.ts'
import { type Callable, type Dict, dictOf, kindOf, type Kind, typeName, type Value } from './value.ts'

/**
 * What Python's types have: their methods, which take their value first (`str.upper(name)`, `sorted(names, key=str.lower)`),
 * and the few that need none (`str.maketrans`, `dict.fromkeys`), which their values have, too.
 */
const TYPES: Readonly<Record<string, readonly Kind[]>> = {
  str: ['str'],
  // A bool is an int there, and has no methods but those of an int.
  int: ['int', 'bool'],
  bool: ['int', 'bool'],
  float: ['float'],
  list: ['list'],
  tuple: ['tuple'],
  dict: ['dict'],
  set: ['set'],
}

const MAKERS: Readonly<Record<string, readonly [most: number, (args: Arguments) => Value]>> = {
  'str.maketrans': [3, translationTable],
  'dict.fromkeys': [2, fromKeys],
}

/** The attribute of a type, by the name of the function that makes its values; undefined: it is no type. */
export function typeAttribute({ name: type }: Callable, name: string, meter: Meter): Callable | undefined {
  const kinds = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined
  if (kinds === undefined) return undefined
  return (
    makerOf(type, name, meter) ?? {
      kind: 'function',
      name,
      call: ([self, ...rest], named) => {
        const method = self === undefined || !kinds.includes(kindOf(self)) ? undefined : methodOf(self, name, meter)
        if (method !== undefined) return method.call(rest, named)
        throw new BambooError(`'${name}' of '${type}' objects is not for '${self === undefined ? '' : typeName(self)}'`)
      },
    }
  )
}

/** What a value has of its type that needs no value. */
export const makerOfValue = (value: Value, name: string, meter: Meter): Callable | undefined =>
  makerOf(typeName(value), name, meter)

function makerOf(type: string, name: string, meter: Meter): Callable | undefined {
  const key = `${type}.${name}`
  const maker = Object.hasOwn(MAKERS, key) ? MAKERS[key] : undefined
  return maker && functionOf(name, maker[0], [], meter, maker[1])
}

function fromKeys({ required, or, meter }: Arguments): Dict {
  const value = or(1, null)
  return dictOf(
    itemsOf(required(0), meter).map((key) => [key, value] as const),
    meter,
  )
}
