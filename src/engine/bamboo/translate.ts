import type { Arguments } from './arguments.ts'
import { BambooError, type Meter } from './meter.ts'
import { charactersOf } from './operator.ts'
import { type Dict, dictOf, isDict, isItems, keyOf, typeName, type Value } from './value.ts'

const codeOf = (character: string): bigint => BigInt(character.codePointAt(0) ?? 0)

/** `str.maketrans`: of a dict, or of two texts as long as each other and a third of what goes. */
export function translationTable({ all, required, text, meter }: Arguments): Dict {
  if (all.length === 1) {
    const given = required(0)
    if (!isDict(given)) throw new BambooError('if you give only one argument to maketrans it must be a dict')
    return dictOf(
      [...given.entries.values()].map(([key, value]) => [codeOfKey(key, meter), value] as const),
      meter,
    )
  }
  const [from, to] = [charactersOf(text(0), meter), charactersOf(text(1), meter)]
  if (from.length !== to.length) throw new BambooError('the first two maketrans arguments must have equal length')
  const gone = all.length < 3 ? [] : charactersOf(text(2), meter)
  return dictOf(
    [
      ...from.map((character, at) => [codeOf(character), codeOf(to[at]!)] as const),
      ...gone.map((character) => [codeOf(character), null] as const),
    ],
    meter,
  )
}

function codeOfKey(key: Value, meter: Meter): Value {
  if (typeof key === 'bigint' || typeof key === 'boolean') return key
  const characters = typeof key === 'string' ? charactersOf(key, meter) : []
  if (characters.length !== 1) throw new BambooError('keys of a translate table must be ints, or texts of length 1')
  return codeOf(characters[0]!)
}

/** `str.translate`: a table is whatever has items; a character that it does not have stays. */
export function translated(self: string, { required, meter }: Arguments): string {
  const table = required(0)
  // Of a text without characters nothing is looked up: there the table may be anything.
  if (self === '') return ''
  const lookUp = tableOf(table, meter)
  const parts = charactersOf(self, meter).map((character) => {
    const found = lookUp(codeOf(character))
    const part = found === undefined ? character : replacement(found)
    meter.spend(part.length)
    return part
  })
  return parts.join('')
}

function tableOf(table: Value, meter: Meter): (code: bigint) => Value | undefined {
  if (isDict(table)) return (code) => table.entries.get(keyOf(code, meter))?.[1]
  if (isItems(table) && table.lazy?.startsWith('dict') !== true) return (code) => table.items[Number(code)]
  if (typeof table !== 'string') throw new BambooError(`'${typeName(table)}' object is not subscriptable`)
  const characters = charactersOf(table, meter)
  return (code) => characters[Number(code)]
}

function replacement(found: Value): string {
  if (found === null) return ''
  if (typeof found === 'string') return found
  if (typeof found === 'boolean') return replacement(found ? 1n : 0n)
  if (typeof found === 'bigint' && found >= 0n && found <= 0x10ffffn) return String.fromCodePoint(Number(found))
  throw new BambooError('character mapping must return integer, None or str')
}
