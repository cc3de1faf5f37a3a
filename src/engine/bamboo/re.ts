import { type Arguments, functionOf } from './arguments.ts'
import { BambooError, type Meter } from './meter.ts'
import { charactersOf } from './operator.ts'
import { findPattern, type Spans } from './pattern.ts'
import { type Flags, parsePattern, type Pattern } from './pattern-parse.ts'
import { type Compiled, dictOf, listOf, type Match, tupleOf, typeName, type Value } from './value.ts'

/** Python's module `re`, as far as templates use it. */

/** By name; the values are Python's. */
export const RE_FLAGS: Readonly<Record<string, number>> = {
  I: 2, IGNORECASE: 2, M: 8, MULTILINE: 8, S: 16, DOTALL: 16, U: 32, UNICODE: 32, X: 64, VERBOSE: 64,
} // prettier-ignore

interface Function_ {
  readonly most: number
  readonly names: readonly string[]
  readonly body: (args: Arguments, pattern: Pattern) => Value
}

/** By name, with the arguments that come after the pattern. */
const FUNCTIONS: Readonly<Record<string, Function_>> = {
  match: { most: 1, names: ['string'], body: (args, pattern) => found(args, pattern, 'match') },
  search: { most: 1, names: ['string'], body: (args, pattern) => found(args, pattern, 'search') },
  fullmatch: { most: 1, names: ['string'], body: (args, pattern) => found(args, pattern, 'fullmatch') },
  findall: { most: 1, names: ['string'], body: findAll },
  finditer: { most: 1, names: ['string'], body: findEach },
  sub: { most: 3, names: ['repl', 'string', 'count'], body: substitute },
  split: { most: 2, names: ['string', 'maxsplit'], body: split },
}

/** A function of the module, its pattern first and its flags last. */
export function reFunction(name: string, meter: Meter): Value | undefined {
  if (name === 'escape') return functionOf(name, 1, ['pattern'], meter, ({ text }) => escaped(text(0, 'pattern')))
  if (name === 'compile') {
    return functionOf(name, 2, ['pattern', 'flags'], meter, (args) => compiled(args, args.optionalInt(1, 'flags')))
  }
  const one = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  if (one === undefined) return undefined
  return functionOf(name, one.most + 2, ['pattern', ...one.names, 'flags'], meter, (args) => {
    const pattern = patternOf(compiled(args, args.optionalInt(one.most + 1, 'flags')), meter)
    return one.body(withoutFirst(args), pattern)
  })
}

/** An attribute of a pattern that was compiled; undefined when there is none. */
export function patternAttribute(pattern: Compiled, name: string, meter: Meter): Value | undefined {
  if (name === 'pattern') return pattern.source
  const one = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  return one && functionOf(name, one.most, one.names, meter, (args) => one.body(args, patternOf(pattern, meter)))
}

/** An attribute of what was found; undefined when there is none. */
export function matchAttribute(match: Match, name: string, meter: Meter): Value | undefined {
  const spanOf = (args: Arguments): readonly [number, number] =>
    match.spans[groupAt(match, args.optional(0))] ?? [-1, -1]
  switch (name) {
    case 'group':
      return functionOf(name, 100, [], meter, ({ all }) => {
        const groups = (all.length === 0 ? [0n] : all).map((group) => textIn(match, groupAt(match, group)))
        return groups.length === 1 ? groups[0]! : tupleOf(groups)
      })
    case 'groups':
      return functionOf(name, 1, ['default'], meter, (args) => {
        const groups = match.spans.slice(1).map((_, at) => textIn(match, at + 1))
        return tupleOf(groups.map((group) => group ?? args.or(0, null, 'default')))
      })
    case 'groupdict':
      return functionOf(name, 1, ['default'], meter, (args) =>
        dictOf(
          [...match.names].map(([key, at]) => [key, textIn(match, at) ?? args.or(0, null, 'default')] as const),
          meter,
        ),
      )
    case 'start':
      return functionOf(name, 1, [], meter, (args) => BigInt(spanOf(args)[0]))
    case 'end':
      return functionOf(name, 1, [], meter, (args) => BigInt(spanOf(args)[1]))
    case 'span':
      return functionOf(name, 1, [], meter, (args) => tupleOf(spanOf(args).map(BigInt)))
    case 'string':
      return match.characters.join('')
    default:
      return undefined
  }
}

/** The group of that number or name. @throws BambooError. */
export function groupIn(match: Match, group: Value): Value {
  return textIn(match, groupAt(match, group))
}

function groupAt(match: Match, group: Value | undefined): number {
  const at = typeof group === 'string' ? match.names.get(group) : group === undefined ? 0 : Number(group)
  if (at === undefined || match.spans[at] === undefined) throw new BambooError('no such group')
  return at
}

function textIn({ characters, spans }: Match, group: number): Value {
  const span = spans[group]
  return span === null || span === undefined ? null : characters.slice(...span).join('')
}

const withoutFirst = (args: Arguments): Arguments => {
  const shifted =
    <T>(read: (at: number, name?: string) => T) =>
    (at: number, name?: string) =>
      read(at + 1, name)
  return {
    ...args,
    optional: shifted(args.optional),
    or: (at, fallback, name) => args.or(at + 1, fallback, name),
    required: shifted(args.required),
    text: shifted(args.text),
    optionalText: shifted(args.optionalText),
    optionalInt: shifted(args.optionalInt),
  }
}

function compiled({ required }: Arguments, flags: bigint | undefined): Compiled {
  const pattern = required(0, 'pattern')
  if (typeof pattern === 'object' && pattern?.kind === 'pattern') return pattern
  if (typeof pattern !== 'string') {
    throw new BambooError(`first argument must be string or compiled pattern, not ${typeName(pattern)}`)
  }
  return { kind: 'pattern', source: pattern, flags: Number(flags ?? 0n) }
}

function patternOf({ source, flags }: Compiled, meter: Meter): Pattern {
  meter.spend(source.length * 8)
  const has = (flag: number): boolean => (flags & flag) !== 0
  const read: Flags = { ignoreCase: has(2), multiline: has(8), dotAll: has(16), verbose: has(64) }
  return parsePattern(source, read)
}

function found({ text, meter }: Arguments, pattern: Pattern, how: 'search' | 'match' | 'fullmatch'): Value {
  const characters = charactersOf(text(0, 'string'), meter)
  const spans = findPattern(pattern, characters, 0, how, false, meter)
  return spans === undefined ? null : { kind: 'match', characters, spans, names: pattern.names }
}

/** All places one after the other; an empty one may touch the end of the one before, but not be there twice. */
function* placesOf(pattern: Pattern, characters: readonly string[], meter: Meter): Generator<Spans> {
  let at = 0
  let mustAdvance = false
  while (at <= characters.length) {
    const spans = findPattern(pattern, characters, at, 'search', mustAdvance, meter)
    if (spans === undefined) return
    yield spans
    const [start, end] = spans[0]!
    mustAdvance = start === end
    at = end
  }
}

function findAll({ text, meter }: Arguments, pattern: Pattern): Value {
  const characters = charactersOf(text(0, 'string'), meter)
  const read = (span: readonly [number, number] | null): string =>
    span === null ? '' : characters.slice(...span).join('')
  return listOf(
    Array.from(placesOf(pattern, characters, meter), ([whole, ...groups]) => {
      meter.spend(groups.length + whole![1] - whole![0])
      if (groups.length === 0) return read(whole!)
      return groups.length === 1 ? read(groups[0]!) : tupleOf(groups.map(read))
    }),
  )
}

function findEach({ text, meter }: Arguments, { ...pattern }: Pattern): Value {
  const characters = charactersOf(text(0, 'string'), meter)
  const places = Array.from(placesOf(pattern, characters, meter))
  return listOf(places.map((spans): Match => ({ kind: 'match', characters, spans, names: pattern.names })))
}

function substitute(args: Arguments, pattern: Pattern): Value {
  const { meter } = args
  const characters = charactersOf(args.text(1, 'string'), meter)
  const most = args.optionalInt(2, 'count') ?? 0n
  const replace = replacer(args.required(0, 'repl'), pattern)
  const parts: string[] = []
  let done = 0
  let count = 0n
  for (const spans of placesOf(pattern, characters, meter)) {
    if (most !== 0n && count >= most) break
    const [start, end] = spans[0]!
    const put = replace({ kind: 'match', characters, spans, names: pattern.names })
    meter.spend(put.length + start - done)
    parts.push(characters.slice(done, start).join(''), put)
    done = end
    count += 1n
  }
  return parts.join('') + characters.slice(done).join('')
}

function replacer(value: Value, pattern: Pattern): (match: Match) => string {
  if (typeof value === 'object' && value?.kind === 'function') {
    return (match) => {
      const made = value.call([match], new Map())
      if (typeof made === 'string') return made
      if (made === null) return ''
      throw new BambooError(`expected str instance, ${typeName(made)} found`)
    }
  }
  if (typeof value !== 'string') throw new BambooError('a replacement is a text or a function')
  const parts = templateParts(value, pattern)
  return (match) =>
    parts.map((part) => (typeof part === 'string' ? part : ((textIn(match, part) ?? '') as string))).join('')
}

const REFERENCE = /\\(?:g<([^<>]{1,64})>|(\d{1,2})|([^]))/g
const WRITTEN: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  a: '\x07',
  b: '\b',
  '\\': '\\',
}

/** Texts, and numbers of groups. */
function templateParts(template: string, pattern: Pattern): readonly (string | number)[] {
  const parts: (string | number)[] = []
  let done = 0
  for (const { index, 0: written, 1: name, 2: digits, 3: letter } of template.matchAll(REFERENCE)) {
    parts.push(template.slice(done, index))
    done = index + written.length
    if (letter !== undefined) {
      const plain = Object.hasOwn(WRITTEN, letter) ? WRITTEN[letter] : undefined
      if (plain === undefined && /[A-Za-z]/.test(letter)) throw new BambooError(`bad escape \\${letter}`)
      parts.push(plain ?? written)
      continue
    }
    if (digits?.startsWith('0') === true) {
      parts.push('\0')
      continue
    }
    const group =
      digits === undefined ? (pattern.names.get(name!) ?? (/^\d+$/.test(name!) ? Number(name) : -1)) : Number(digits)
    if (group < 0 || group > pattern.groups) throw new BambooError('invalid group reference')
    parts.push(group)
  }
  const rest = template.slice(done)
  if (rest.endsWith('\\')) throw new BambooError('bad escape (end of pattern)')
  return [...parts, rest]
}

function split(args: Arguments, pattern: Pattern): Value {
  const { meter } = args
  const characters = charactersOf(args.text(0, 'string'), meter)
  const most = args.optionalInt(1, 'maxsplit') ?? 0n
  const parts: Value[] = []
  let done = 0
  let count = 0n
  for (const [whole, ...groups] of placesOf(pattern, characters, meter)) {
    if (most !== 0n && count >= most) break
    const [start, end] = whole!
    parts.push(characters.slice(done, start).join(''))
    parts.push(...groups.map((span) => (span === null ? null : characters.slice(...span).join(''))))
    done = end
    count += 1n
  }
  return listOf([...parts, characters.slice(done).join('')])
}

/** Python's `re.escape`: what has a meaning gets a backslash. */
const escaped = (text: string): string =>
  text.replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, (character) => `\\${character}`)
