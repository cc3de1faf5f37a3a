import { type Arguments, functionOf } from './arguments.ts'
import { codecOf, decoded, encoded } from './encoding.ts'
import { formatFields } from './format.ts'
import { hexOf } from './hash.ts'
import { BambooError, type Meter } from './meter.ts'
import { numberMethod } from './number-method.ts'
import { charactersOf, itemsOf, operate } from './operator.ts'
import { translated } from './translate.ts'
import {
  type Bytes,
  type Callable,
  type Digest,
  isDict,
  isEqual,
  isInOrder,
  isItems,
  isSet,
  isSubset,
  type Dict,
  type Items,
  keyOf,
  listOf,
  type Set_,
  setOf,
  tupleOf,
  typeName,
  type Value,
} from './value.ts'

/**
 * The methods of texts, lists and dicts. Nothing here changes its value: what does so in Python (`append`, `pop`) gives
 * what it gives there, and that is all that a template shows of it.
 */
type Method<Self> = readonly [
  /** How many arguments may stand without their names. */
  most: number,
  answer: (self: Self, args: Arguments) => Value,
  /** Those that arguments may have; `*`: any. */
  names?: readonly string[],
]

const SPACE = '\\s\\x1c-\\x1f\\x85'
const LEADING = new RegExp(`^[${SPACE}]+`)
const SPACES = new RegExp(`[${SPACE}]+`)
const LINE_BREAK = '\\r\\n|[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029]'
const BREAK = new RegExp(LINE_BREAK)
const AFTER_BREAK = new RegExp(`(?<=${LINE_BREAK})(?<!\\r(?=\\n))(?!$)`)
const LAST_BREAK = new RegExp(`(?:${LINE_BREAK})$`)

const TEXT_METHODS: Readonly<Record<string, Method<string>>> = {
  upper: [0, (self) => self.toUpperCase()],
  lower: [0, (self) => self.toLowerCase()],
  casefold: [0, (self) => Array.from(self, folded).join('')],
  capitalize: [0, (self) => capitalized(self)],
  title: [0, titled],
  swapcase: [
    0,
    (self) =>
      self.replace(/\p{L}/gu, (letter) =>
        letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
      ),
  ],
  strip: [1, (self, args) => stripped(self, args.optionalText(0), true, true)],
  lstrip: [1, (self, args) => stripped(self, args.optionalText(0), true, false)],
  rstrip: [1, (self, args) => stripped(self, args.optionalText(0), false, true)],
  split: [2, (self, args) => listOf(split(self, args)), ['sep', 'maxsplit']],
  rsplit: [2, (self, args) => listOf(splitFromRight(self, args)), ['sep', 'maxsplit']],
  splitlines: [
    1,
    (self, { int, meter }) =>
      listOf(
        self === ''
          ? []
          : int(0, 0n, 'keepends') !== 0n
            ? paidFor(self.split(AFTER_BREAK), self, meter)
            : paidFor(self.replace(LAST_BREAK, '').split(BREAK), self, meter),
      ),
    ['keepends'],
  ],
  join: [1, (self, args) => joinedBy(self, args)],
  replace: [3, replaced],
  startswith: [
    3,
    (self, args) => {
      const [asked, part] = [affixes(args), within(self, args)]
      return part !== undefined && asked.some((affix) => part.text.startsWith(affix))
    },
  ],
  endswith: [
    3,
    (self, args) => {
      const [asked, part] = [affixes(args), within(self, args)]
      return part !== undefined && asked.some((affix) => part.text.endsWith(affix))
    },
  ],
  removeprefix: [1, (self, args) => (self.startsWith(args.text(0)) ? self.slice(args.text(0).length) : self)],
  removesuffix: [
    1,
    (self, args) => (args.text(0) !== '' && self.endsWith(args.text(0)) ? self.slice(0, -args.text(0).length) : self),
  ],
  find: [3, (self, args) => found(self, args, 'indexOf')],
  rfind: [3, (self, args) => found(self, args, 'lastIndexOf')],
  index: [3, (self, args) => present(found(self, args, 'indexOf'))],
  rindex: [3, (self, args) => present(found(self, args, 'lastIndexOf'))],
  count: [3, (self, args) => counted(self, args)],
  partition: [1, (self, args) => partitioned(self, args, self.indexOf(args.text(0)), false)],
  rpartition: [1, (self, args) => partitioned(self, args, self.lastIndexOf(args.text(0)), true)],
  zfill: [1, (self, args) => zeroFilled(self, args)],
  ljust: [2, (self, args) => justified(self, args, 'left')],
  rjust: [2, (self, args) => justified(self, args, 'right')],
  center: [2, (self, args) => justified(self, args, 'middle')],
  isdigit: [0, (self) => /^\p{Nd}+$/u.test(self)],
  isdecimal: [0, (self) => /^\p{Nd}+$/u.test(self)],
  isnumeric: [0, (self) => /^\p{N}+$/u.test(self)],
  isalpha: [0, (self) => /^\p{L}+$/u.test(self)],
  isalnum: [0, (self) => /^[\p{L}\p{N}]+$/u.test(self)],
  isascii: [0, (self) => /^\p{ASCII}*$/u.test(self)],
  isprintable: [0, (self) => !/[^\P{C}]|[^\P{Z} ]/u.test(self)],
  isidentifier: [0, (self) => /^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(self)],
  istitle: [0, isTitle],
  expandtabs: [1, (self, args) => withoutTabs(self, args), ['tabsize']],
  translate: [1, translated],
  isspace: [0, (self) => self !== '' && self.replace(LEADING, '') === ''],
  isupper: [0, (self) => /\p{Lu}/u.test(self) && self === self.toUpperCase()],
  islower: [0, (self) => /\p{Ll}/u.test(self) && self === self.toLowerCase()],
  encode: [
    2,
    (self, args) => ({ kind: 'bytes', bytes: encoded(self, codecOf(args, 0), args.meter) }),
    ['encoding', 'errors'],
  ],
  format: [100, (self, args) => formatFields(self, args.all, args.named, args.meter), ['*']],
}

const ITEMS_METHODS: Readonly<Record<string, Method<Items>>> = {
  index: [3, placeIn],
  count: [
    1,
    (self, { required, meter }) => BigInt(self.items.filter((item) => isEqual(item, required(0), meter)).length),
  ],
  copy: [0, (self) => self],
  pop: [
    1,
    (self, args) => {
      const at = args.int(0, -1n)
      const item = self.items[Number(at < 0n ? at + BigInt(self.items.length) : at)]
      if (item === undefined) throw new BambooError('pop index out of range')
      return item
    },
  ],
  remove: [
    1,
    (self, { required, meter }) => {
      if (self.items.some((item) => isEqual(item, required(0), meter))) return null
      throw new BambooError('list.remove(x): x not in list')
    },
  ],
  append: [
    1,
    (_, { required }) => {
      required(0)
      return null
    },
  ],
  extend: [
    1,
    (_, { required, meter }) => {
      itemsOf(required(0), meter)
      return null
    },
  ],
  insert: [
    2,
    (_, { required }) => {
      required(1)
      return null
    },
  ],
  reverse: [0, () => null],
  clear: [0, () => null],
  sort: [
    0,
    (self, { meter }) => {
      for (const [at, item] of self.items.entries()) if (at > 0) isInOrder('<', item, self.items[at - 1]!, meter)
      return null
    },
    ['key', 'reverse'],
  ],
}

/** Of the first such item; the second and third argument say where to look, as the bounds of a slice do. */
function placeIn({ items }: Items, { required, int, meter }: Arguments): bigint {
  const [start, end] = [int(1, 0n), int(2, BigInt(items.length))].map((at) =>
    Math.max(0, Number(at < 0n ? at + BigInt(items.length) : at)),
  )
  return present(BigInt(items.findIndex((item, at) => at >= start! && at < end! && isEqual(item, required(0), meter))))
}

/** Of lists, a tuple has these. */
const TUPLE_METHODS: readonly string[] = ['index', 'count']

const DICT_METHODS: Readonly<Record<string, Method<Dict>>> = {
  get: [2, (self, args) => valueOr(self, args, args.or(1, null))],
  keys: [0, (self) => viewOf('dict_keys', self, ([key]) => key)],
  values: [0, (self) => viewOf('dict_values', self, ([, value]) => value)],
  items: [0, (self) => viewOf('dict_items', self, (pair) => tupleOf(pair))],
  setdefault: [2, (self, args) => valueOr(self, args, args.or(1, null))],
  pop: [
    2,
    (self, args) => {
      const value = valueOr(self, args, args.optional(1))
      if (value === undefined) throw new BambooError('there is no such key')
      return value
    },
  ],
  update: [1, () => null, ['*']],
  clear: [0, () => null],
  copy: [0, (self) => self],
}

/** The value of a key, which may be None, or what stands for it when there is no such key. */
function valueOr<Other>(self: Dict, { required, meter }: Arguments, other: Other): Value | Other {
  const found = self.entries.get(keyOf(required(0), meter))
  return found === undefined ? other : found[1]
}

const SET_METHODS: Readonly<Record<string, Method<Set_>>> = {
  union: [100, (self, args) => joinedSets('|', self, args)],
  intersection: [100, (self, args) => joinedSets('&', self, args)],
  difference: [100, (self, args) => joinedSets('-', self, args)],
  symmetric_difference: [1, (self, args) => joinedSets('^', self, { ...args, all: [args.required(0)] })],
  issubset: [1, (self, { required, meter }) => isSubset(self, setOf(itemsOf(required(0), meter), meter), meter)],
  issuperset: [1, (self, { required, meter }) => isSubset(setOf(itemsOf(required(0), meter), meter), self, meter)],
  isdisjoint: [
    1,
    (self, { required, meter }) => itemsOf(required(0), meter).every((item) => !self.entries.has(keyOf(item, meter))),
  ],
  copy: [0, (self) => self],
}

const joinedSets = (sign: '|' | '&' | '-' | '^', self: Set_, { all, meter }: Arguments): Value =>
  all.reduce<Value>((done, other) => operate(sign, done, setOf(itemsOf(other, meter), meter), meter), self)

const BYTES_METHODS: Readonly<Record<string, Method<Bytes>>> = {
  decode: [2, (self, args) => decoded(self.bytes, codecOf(args, 0), args.meter), ['encoding', 'errors']],
  hex: [0, (self) => hexOf(self.bytes)],
}

const DIGEST_METHODS: Readonly<Record<string, Method<Digest>>> = {
  hexdigest: [0, (self) => hexOf(self.bytes)],
  digest: [0, (self) => ({ kind: 'bytes', bytes: self.bytes })],
}

const viewOf = (
  lazy: string,
  { entries }: Dict,
  read: (pair: readonly [key: Value, value: Value]) => Value,
): Items => ({ kind: 'list', items: Array.from(entries.values(), read), lazy })

/** The method of that name, bound to its value; undefined when there is none. */
export function methodOf(value: Value, name: string, meter: Meter): Callable | undefined {
  if (typeof value === 'string') return bound(value, TEXT_METHODS, name, value.length, meter)
  if (isItems(value)) {
    if ((value.kind === 'tuple' || value.lazy !== undefined) && !TUPLE_METHODS.includes(name)) return undefined
    return bound(value, ITEMS_METHODS, name, value.items.length, meter)
  }
  if (isDict(value)) return bound(value, DICT_METHODS, name, value.entries.size, meter)
  if (isSet(value)) return bound(value, SET_METHODS, name, value.entries.size, meter)
  if (typeof value !== 'object' || value === null) return numberMethod(value, name, meter)
  if (value.kind === 'bytes') return bound(value, BYTES_METHODS, name, value.bytes.length, meter)
  return value.kind === 'digest' ? bound(value, DIGEST_METHODS, name, value.bytes.length, meter) : undefined
}

function bound<Self extends Value>(
  self: Self,
  methods: Readonly<Record<string, Method<Self>>>,
  name: string,
  size: number,
  meter: Meter,
): Callable | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  if (method === undefined) return undefined
  const [most, answer, names = []] = method
  return functionOf(name, most, names, meter, (args) => {
    meter.spend(size) // every method looks at the whole of its value at the most once or twice
    return answer(self, args)
  })
}

const capitalized = (text: string): string => {
  const [first = ''] = text
  return initial(first) + text.slice(first.length).toLowerCase()
}

/** A letter that stands for two has one capital: `ß` is `Ss`. */
const initial = (character: string): string => {
  const [first = '', ...rest] = character.toUpperCase()
  return first + rest.join('').toLowerCase()
}

/** Letters without a case end a word: Chinese ones do. */
function titled(text: string): string {
  let isInside = false
  const characters = Array.from(text, (character) => {
    const written = isInside ? character.toLowerCase() : initial(character)
    isInside = /\p{Cased}/u.test(character)
    return written
  })
  return characters.join('')
}

/** `ß` is `ss`; what has no longer form is as `lower` has it. */
const folded = (character: string): string => {
  const both = character.toUpperCase().toLowerCase()
  return both.length > character.length ? both : character.toLowerCase()
}

/** @param set the characters to take away; undefined: spaces. */
function stripped(text: string, set: string | undefined, left: boolean, right: boolean): string {
  const isOut = (character: string): boolean => (set === undefined ? SPACES.test(character) : set.includes(character))
  const characters = Array.from(text)
  let start = 0
  let end = characters.length
  while (left && start < end && isOut(characters[start]!)) start += 1
  while (right && end > start && isOut(characters[end - 1]!)) end -= 1
  return characters.slice(start, end).join('')
}

function paidFor(parts: readonly string[], text: string, meter: Meter): readonly string[] {
  meter.spend(parts.length + text.length)
  return parts
}

function separator(args: Arguments): string | undefined {
  const text = args.optionalText(0, 'sep')
  if (text === '') throw new BambooError('empty separator')
  return text
}

function most(args: Arguments): number {
  const count = args.int(1, -1n, 'maxsplit')
  return count < 0n ? Infinity : Number(count)
}

function split(text: string, args: Arguments): readonly string[] {
  const [at, limit] = [separator(args), most(args)]
  const start = at === undefined ? text.replace(LEADING, '') : text
  if (at === undefined && start === '') return []
  const parts = paidFor(start.split(at ?? SPACES), text, args.meter)
  if (at === undefined && limit >= parts.length - 1)
    return parts.filter((part, index) => part !== '' || index < parts.length - 1)
  if (parts.length - 1 <= limit) return parts
  return at === undefined ? splitAtSpaces(start, limit) : [...parts.slice(0, limit), parts.slice(limit).join(at)]
}

function splitAtSpaces(text: string, limit: number): readonly string[] {
  const parts: string[] = []
  let rest = text
  while (parts.length < limit) {
    const space = SPACES.exec(rest)
    if (space === null) break
    parts.push(rest.slice(0, space.index))
    rest = rest.slice(space.index + space[0].length)
  }
  return rest === '' ? parts : [...parts, rest]
}

function splitFromRight(text: string, args: Arguments): readonly string[] {
  const at = separator(args)
  const limit = most(args)
  const parts = split(text, { ...args, int: () => -1n })
  if (at === undefined) return limit < parts.length ? splitAtLastSpaces(text, limit) : parts
  if (parts.length - 1 <= limit) return parts
  return [parts.slice(0, parts.length - limit).join(at), ...parts.slice(parts.length - limit)]
}

/** Of more words than that the last so many; what is left keeps the spaces that it begins with. */
function splitAtLastSpaces(text: string, limit: number): readonly string[] {
  const words: string[] = []
  let end = text.length
  const skip = (isSpace: boolean): number => {
    let at = end
    while (at > 0 && SPACES.test(text[at - 1]!) === isSpace) at -= 1
    return at
  }
  for (end = skip(true); words.length < limit; end = skip(true)) {
    const start = skip(false)
    words.unshift(text.slice(start, end))
    end = start
  }
  return [text.slice(0, end), ...words]
}

function joinedBy(between: string, { required, meter }: Arguments): string {
  const parts = itemsOf(required(0), meter).map((item, at) => {
    if (typeof item !== 'string') {
      throw new BambooError(`sequence item ${at}: expected str instance, ${typeName(item)} found`)
    }
    meter.spend(item.length + between.length)
    return item
  })
  return parts.join(between)
}

function replaced(self: string, args: Arguments): string {
  const [from, to] = [args.text(0), args.text(1)]
  const limit = args.int(2, -1n)
  const parts = paidFor(from === '' ? ['', ...Array.from(self), ''] : self.split(from), self, args.meter)
  const times = limit < 0n || limit >= BigInt(parts.length) ? parts.length - 1 : Number(limit)
  args.meter.spend(times * to.length)
  return (
    parts.slice(0, times + 1).join(to) +
    parts
      .slice(times + 1)
      .map((part) => from + part)
      .join('')
  )
}

function affixes({ required }: Arguments): readonly string[] {
  const value = required(0)
  const texts = isItems(value) && value.kind === 'tuple' ? value.items : [value]
  return texts.map((text) => {
    if (typeof text === 'string') return text
    throw new BambooError(`first arg must be str or a tuple of str, not ${typeName(text)}`)
  })
}

/** What the second and third argument leave of a text, as a slice does; undefined: it begins behind its end. */
function within(self: string, args: Arguments): { readonly text: string; readonly start: number } | undefined {
  const [from, to] = [args.optionalInt(1), args.optionalInt(2)]
  if (from === undefined && to === undefined) return { text: self, start: 0 }
  const characters = charactersOf(self, args.meter)
  const placed = (at: bigint): number => Math.max(0, Number(at < 0n ? at + BigInt(characters.length) : at))
  const start = placed(from ?? 0n)
  const end = to === undefined ? characters.length : Math.min(characters.length, placed(to))
  return start > end ? undefined : { text: characters.slice(start, end).join(''), start }
}

/** Every word begins with a capital, and nothing else is one. */
function isTitle(text: string): boolean {
  let [inWord, any] = [false, false]
  for (const character of text) {
    const [upper, lower] = [/[\p{Lu}\p{Lt}]/u.test(character), /\p{Ll}/u.test(character)]
    if ((upper && inWord) || (lower && !inWord)) return false
    inWord = upper || lower
    any ||= inWord
  }
  return any
}

function withoutTabs(text: string, args: Arguments): string {
  const width = Number(args.int(0, 8n, 'tabsize'))
  let column = 0
  const parts = charactersOf(text, args.meter).map((character) => {
    const spaces = character === '\t' && width > 0 ? width - (column % width) : 0
    args.meter.spend(spaces)
    column = character === '\n' || character === '\r' ? 0 : column + (character === '\t' ? spaces : 1)
    return character === '\t' ? ' '.repeat(spaces) : character
  })
  return parts.join('')
}

function found(self: string, args: Arguments, how: 'indexOf' | 'lastIndexOf'): bigint {
  const asked = args.text(0)
  const part = within(self, args)
  const at = part === undefined ? -1 : part.text[how](asked)
  return at === -1 ? -1n : BigInt(part!.start + charactersOf(part!.text.slice(0, at), args.meter).length)
}

function present(at: bigint): bigint {
  if (at < 0n) throw new BambooError('substring or item not found')
  return at
}

function counted(self: string, args: Arguments): bigint {
  const part = args.text(0)
  const inside = within(self, args)?.text
  if (inside === undefined) return 0n
  const length = part === '' ? charactersOf(inside, args.meter).length + 1 : inside.split(part).length - 1
  return BigInt(length)
}

function partitioned(self: string, args: Arguments, at: number, fromRight: boolean): Value {
  const mark = args.text(0)
  if (mark === '') throw new BambooError('empty separator')
  if (at === -1) return tupleOf(fromRight ? ['', '', self] : [self, '', ''])
  return tupleOf([self.slice(0, at), mark, self.slice(at + mark.length)])
}

/** How many characters are missing, paid for. */
function missing(self: string, args: Arguments): number {
  const width = args.int(0)
  const count = Math.max(0, Number(width) - charactersOf(self, args.meter).length)
  args.meter.spend(count)
  return count
}

function zeroFilled(self: string, args: Arguments): string {
  const zeros = '0'.repeat(missing(self, args))
  return /^[+-]/.test(self) ? self.slice(0, 1) + zeros + self.slice(1) : zeros + self
}

function justified(self: string, args: Arguments, side: 'left' | 'right' | 'middle'): string {
  const fill = args.optionalText(1) ?? ' '
  if (Array.from(fill).length !== 1) throw new BambooError('The fill character must be exactly one character long')
  const count = missing(self, args)
  if (side === 'left') return self + fill.repeat(count)
  if (side === 'right') return fill.repeat(count) + self
  // Python puts the odd one to the left when the width is odd, too.
  const width = Number(args.int(0))
  const left = Math.floor(count / 2) + (count & width & 1)
  return fill.repeat(left) + self + fill.repeat(count - left)
}
