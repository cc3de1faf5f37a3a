import { type Arguments, functionOf } from './bamboo-arguments.ts'
import { formatFields } from './bamboo-format.ts'
import { BambooError, type Meter } from './bamboo-meter.ts'
import { charactersOf, itemsOf } from './bamboo-operator.ts'
import {
  type Callable,
  isDict,
  isEqual,
  isItems,
  type Dict,
  type Items,
  keyOf,
  listOf,
  tupleOf,
  typeName,
  type Value,
} from './bamboo-value.ts'

/** The methods of texts, lists and dicts that change nothing. What would change its value (`append`, `pop`) is no method here. */
type Method<Self> = (self: Self, args: Arguments) => Value

const SPACE = '\\s\\x1c-\\x1f\\x85'
const LEADING = new RegExp(`^[${SPACE}]+`)
const SPACES = new RegExp(`[${SPACE}]+`)
const LINE_BREAK = '\\r\\n|[\\n\\r\\v\\f\\x1c-\\x1e\\x85\\u2028\\u2029]'
const BREAK = new RegExp(LINE_BREAK)
const LAST_BREAK = new RegExp(`(?:${LINE_BREAK})$`)

const TEXT_METHODS: Readonly<Record<string, Method<string>>> = {
  upper: (self) => self.toUpperCase(),
  lower: (self) => self.toLowerCase(),
  casefold: (self) => self.toLowerCase(),
  capitalize: (self) => capitalized(self),
  title: (self) => self.replace(/\p{L}+/gu, capitalized),
  swapcase: (self) =>
    self.replace(/\p{L}/gu, (letter) =>
      letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
    ),
  strip: (self, args) => stripped(self, args.optionalText(0), true, true),
  lstrip: (self, args) => stripped(self, args.optionalText(0), true, false),
  rstrip: (self, args) => stripped(self, args.optionalText(0), false, true),
  split: (self, args) => listOf(split(self, args)),
  rsplit: (self, args) => listOf(splitFromRight(self, args)),
  splitlines: (self, { meter }) =>
    listOf(self === '' ? [] : paidFor(self.replace(LAST_BREAK, '').split(BREAK), self, meter)),
  join: (self, args) => joinedBy(self, args),
  replace: replaced,
  startswith: (self, args) => affixes(args).some((affix) => self.startsWith(affix)),
  endswith: (self, args) => affixes(args).some((affix) => self.endsWith(affix)),
  removeprefix: (self, args) => (self.startsWith(args.text(0)) ? self.slice(args.text(0).length) : self),
  removesuffix: (self, args) =>
    args.text(0) !== '' && self.endsWith(args.text(0)) ? self.slice(0, -args.text(0).length) : self,
  find: (self, args) => found(self, args, 'indexOf'),
  rfind: (self, args) => found(self, args, 'lastIndexOf'),
  index: (self, args) => present(found(self, args, 'indexOf')),
  rindex: (self, args) => present(found(self, args, 'lastIndexOf')),
  count: (self, args) => counted(self, args),
  partition: (self, args) => partitioned(self, args, self.indexOf(args.text(0)), false),
  rpartition: (self, args) => partitioned(self, args, self.lastIndexOf(args.text(0)), true),
  zfill: (self, args) => zeroFilled(self, args),
  ljust: (self, args) => justified(self, args, 'left'),
  rjust: (self, args) => justified(self, args, 'right'),
  center: (self, args) => justified(self, args, 'middle'),
  isdigit: (self) => /^\p{Nd}+$/u.test(self),
  isdecimal: (self) => /^\p{Nd}+$/u.test(self),
  isnumeric: (self) => /^\p{N}+$/u.test(self),
  isalpha: (self) => /^\p{L}+$/u.test(self),
  isalnum: (self) => /^[\p{L}\p{N}]+$/u.test(self),
  isspace: (self) => self !== '' && self.replace(LEADING, '') === '',
  isupper: (self) => /\p{Lu}/u.test(self) && self === self.toUpperCase(),
  islower: (self) => /\p{Ll}/u.test(self) && self === self.toLowerCase(),
  format: (self, args) => formatFields(self, args.all, args.named, args.meter),
}

const ITEMS_METHODS: Readonly<Record<string, Method<Items>>> = {
  index: (self, { required, meter }) => {
    const at = self.items.findIndex((item) => isEqual(item, required(0), meter))
    return present(BigInt(at))
  },
  count: (self, { required, meter }) => BigInt(self.items.filter((item) => isEqual(item, required(0), meter)).length),
  copy: (self) => self,
}

const DICT_METHODS: Readonly<Record<string, Method<Dict>>> = {
  get: (self, { required, optional, meter }) => self.entries.get(keyOf(required(0), meter))?.[1] ?? optional(1) ?? null,
  keys: (self) => listOf(Array.from(self.entries.values(), ([key]) => key)),
  values: (self) => listOf(Array.from(self.entries.values(), ([, value]) => value)),
  items: (self) => listOf(Array.from(self.entries.values(), (pair) => tupleOf(pair))),
  copy: (self) => self,
}

/** The method of that name, bound to its value; undefined when there is none. */
export function methodOf(value: Value, name: string, meter: Meter): Callable | undefined {
  if (typeof value === 'string') return bound(value, TEXT_METHODS, name, value.length, meter)
  if (isItems(value)) return bound(value, ITEMS_METHODS, name, value.items.length, meter)
  return isDict(value) ? bound(value, DICT_METHODS, name, value.entries.size, meter) : undefined
}

function bound<Self extends Value>(
  self: Self,
  methods: Readonly<Record<string, Method<Self>>>,
  name: string,
  size: number,
  meter: Meter,
): Callable | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
  const names = name === 'format' ? ['*'] : ['sep', 'maxsplit']
  const most = name === 'format' ? 100 : 3
  return (
    method &&
    functionOf(name, most, names, meter, (args) => {
      meter.spend(size) // every method looks at the whole of its value at the most once or twice
      return method(self, args)
    })
  )
}

const capitalized = (text: string): string => {
  const [first = ''] = text
  return first.toUpperCase() + text.slice(first.length).toLowerCase()
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
  const count = args.optionalInt(1, 'maxsplit') ?? -1n
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
  const parts = split(text, { ...args, optionalInt: () => undefined })
  if (parts.length - 1 <= limit) return parts
  if (at === undefined) throw new BambooError('rsplit() at spaces with a limit is not read')
  return [parts.slice(0, parts.length - limit).join(at), ...parts.slice(parts.length - limit)]
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
  const limit = args.optionalInt(2) ?? -1n
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

function affixes({ required, all }: Arguments): readonly string[] {
  if (all.length > 1) throw new BambooError('a start and an end are not read here')
  const value = required(0)
  const texts = isItems(value) && value.kind === 'tuple' ? value.items : [value]
  return texts.map((text) => {
    if (typeof text === 'string') return text
    throw new BambooError(`first arg must be str or a tuple of str, not ${typeName(text)}`)
  })
}

function found(self: string, args: Arguments, how: 'indexOf' | 'lastIndexOf'): bigint {
  if (args.all.length > 1) throw new BambooError('a start and an end are not read here')
  const at = self[how](args.text(0))
  return at === -1 ? -1n : BigInt(charactersOf(self.slice(0, at), args.meter).length)
}

function present(at: bigint): bigint {
  if (at < 0n) throw new BambooError('substring or item not found')
  return at
}

function counted(self: string, args: Arguments): bigint {
  const part = args.text(0)
  const length = part === '' ? charactersOf(self, args.meter).length + 1 : self.split(part).length - 1
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
  const width = args.optionalInt(0) ?? 0n
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
  const width = Number(args.optionalInt(0) ?? 0n)
  const left = Math.floor(count / 2) + (count & width & 1)
  return fill.repeat(left) + self + fill.repeat(count - left)
}
