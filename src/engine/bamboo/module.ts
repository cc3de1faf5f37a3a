import { type Arguments, functionOf } from './arguments.ts'
import {
  type Clock,
  makeMoment,
  makeSpan,
  ORDINAL_OF_1970,
  SPAN_NAMES,
  strftime,
  strptime,
  structTime,
  wallMsOf,
  wallNow,
} from './calendar.ts'
import { checksum, CHECKSUM_NAMES } from './hash.ts'
import { dumps, DUMPS_NAMES, loads } from './json.ts'
import { BambooError, type Meter } from './meter.ts'
import { floatOf } from './number.ts'
import { momentOf } from './operator.ts'
import { reFunction, RE_FLAGS } from './re.ts'
import { DAY_MS } from './time.ts'
import { asNumber, type Callable, type Moment, tupleOf, type Value } from './value.ts'

/**
 * The modules that an expression may name, as far as they are pure: nothing here reads a clock, a disk or dice. `random`
 * is not here: a piece that names it stays as it is written.
 */
const MODULES: ReadonlySet<string> = new Set([
  'datetime', 'datetime.datetime', 'datetime.date', 'datetime.timedelta', 'time', 'json', 'os', 'os.path', 're', 'hashlib',
]) // prettier-ignore
const ROOTS: ReadonlySet<string> = new Set(['datetime', 'time', 'json', 'os', 're', 'hashlib'])
export const MODULE_NAMES: readonly string[] = [...ROOTS]

interface Function_ {
  readonly most: number
  readonly names?: readonly string[]
  readonly body: (args: Arguments, clock: Clock) => Value
}

const DATE_NAMES = ['year', 'month', 'day']
const TIME_NAMES = [...DATE_NAMES, 'hour', 'minute', 'second', 'microsecond']

const FUNCTIONS: ReadonlyMap<string, Function_> = new Map<string, Function_>([
  ['datetime.datetime', { most: 7, names: TIME_NAMES, body: makeMoment('datetime') }],
  ['datetime.date', { most: 3, names: DATE_NAMES, body: makeMoment('date') }],
  ['datetime.timedelta', { most: 7, names: SPAN_NAMES, body: makeSpan }],
  ['datetime.datetime.now', { most: 0, body: (_, clock) => momentOf('datetime', wallNow(clock)) }],
  ['datetime.datetime.today', { most: 0, body: (_, clock) => momentOf('datetime', wallNow(clock)) }],
  ['datetime.datetime.utcnow', { most: 0, body: (_, clock) => momentOf('datetime', clock.at) }],
  ['datetime.datetime.strptime', { most: 2, body: ({ text, meter }) => strptime(text(0), text(1), meter) }],
  ['datetime.datetime.fromisoformat', { most: 1, body: ({ text, meter }) => fromIso(text(0), meter) }],
  ['datetime.date.fromisoformat', { most: 1, body: ({ text, meter }) => dateOf(fromIsoDate(text(0), meter)) }],
  ['datetime.datetime.fromtimestamp', { most: 1, body: fromTimestamp }],
  [
    'datetime.datetime.utcfromtimestamp',
    { most: 1, body: (args) => fromTimestamp(args, { at: 0, zoneOffsetMinutes: 0 }) },
  ],
  ['datetime.date.fromtimestamp', { most: 1, body: (args, clock) => dateOf(fromTimestamp(args, clock)) }],
  [
    'datetime.date.fromordinal',
    { most: 1, body: ({ int }) => momentOf('date', (Number(int(0)) - ORDINAL_OF_1970) * DAY_MS) },
  ],
  [
    'datetime.date.today',
    { most: 0, body: (_, clock) => momentOf('date', Math.floor(wallNow(clock) / DAY_MS) * DAY_MS) },
  ],
  ['time.time', { most: 0, body: (_, clock) => clock.at / 1000 }],
  [
    'time.strftime',
    {
      most: 2,
      body: ({ text, optional, meter }, clock) => {
        const at = optional(1)
        return strftime(at === undefined ? wallNow(clock) : wallMsOf(at), text(0), meter)
      },
    },
  ],
  ['time.strptime', { most: 2, body: ({ text, meter }) => structTime(strptime(text(0), text(1), meter).wallMs, -1n) }],
  [
    'time.localtime',
    { most: 1, body: (args, clock) => structTime(secondsOf(args, clock) + wallNow({ ...clock, at: 0 }), 0n) },
  ],
  ['time.gmtime', { most: 1, body: (args, clock) => structTime(secondsOf(args, clock), 0n) }],
  [
    'time.mktime',
    { most: 1, body: ({ required }, clock) => (wallMsOf(required(0)) - wallNow({ ...clock, at: 0 })) / 1000 },
  ],
  ['time.asctime', { most: 1, body: ({ required, meter }) => strftime(wallMsOf(required(0)), '%c', meter) }],
  ['json.loads', { most: 1, names: ['s'], body: loads }],
  ['json.dumps', { most: 1, names: DUMPS_NAMES, body: dumps }],
  ['os.path.join', { most: 100, body: joinPath }],
  ['os.path.basename', { most: 1, body: ({ text }) => splitPath(text(0))[1] }],
  ['os.path.dirname', { most: 1, body: ({ text }) => splitPath(text(0))[0] }],
  ['os.path.normpath', { most: 1, body: ({ text }) => normalPath(text(0)) }],
  ['os.path.isabs', { most: 1, body: ({ text }) => text(0).startsWith('/') }],
  ['os.path.split', { most: 1, body: ({ text }) => tupleOf(splitPath(text(0))) }],
  ['os.path.splitext', { most: 1, body: ({ text }) => tupleOf(splitExtension(text(0))) }],
])

/** The module of that name; undefined when there is none. */
export const moduleNamed = (name: string): Value | undefined => (ROOTS.has(name) ? { kind: 'module', name } : undefined)

/** What a module has under that name: another module or a function. */
export function moduleAttribute(module: string, name: string, clock: Clock, meter: Meter): Value | undefined {
  if (module === 're') {
    return Object.hasOwn(RE_FLAGS, name) ? BigInt(RE_FLAGS[name]!) : reFunction(name, meter)
  }
  if (module === 'hashlib') return checksumNamed(name, meter)
  if ((module === 'os' || module === 'os.path') && name === 'sep') return '/'
  const path = `${module}.${name}`
  return MODULES.has(path) ? { kind: 'module', name: path } : functionAt(path, clock, meter)
}

/** The function that a module is itself: `datetime.date(2026, 1, 1)`. */
export const constructorAt = (module: string, clock: Clock, meter: Meter): Callable | undefined =>
  functionAt(module, clock, meter)

function functionAt(path: string, clock: Clock, meter: Meter): Callable | undefined {
  const found = FUNCTIONS.get(path)
  return found && functionOf(path, found.most, found.names ?? [], meter, (args) => found.body(args, clock))
}

function checksumNamed(name: string, meter: Meter): Callable | undefined {
  if (name === 'new') {
    return functionOf(name, 2, ['name', 'data'], meter, ({ text, or }) => {
      const made = checksumNamed(text(0, 'name').toLowerCase().replace('-', ''), meter)
      if (made === undefined) throw new BambooError('unsupported hash type')
      return made.call([or(1, { kind: 'bytes', bytes: [] }, 'data')], new Map())
    })
  }
  if (!CHECKSUM_NAMES.includes(name)) return undefined
  return functionOf(name, 1, ['string'], meter, ({ or }) => {
    const given = or(0, { kind: 'bytes', bytes: [] }, 'string')
    if (typeof given === 'object' && given?.kind === 'bytes') {
      return { kind: 'digest', name, bytes: checksum(name, given.bytes, meter) }
    }
    throw new BambooError('Strings must be encoded before hashing')
  })
}

const ISO = /^\d{4}-\d\d-\d\d(?:([^])\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?$/

/** The forms that `isoformat` writes, without a zone. */
function fromIso(text: string, meter: Meter): Moment {
  const found = ISO.exec(text)
  if (found === null) throw new BambooError('Invalid isoformat string')
  const [, between = ''] = found
  const time =
    text.length <= 10 ? '' : `${between}%H:%M${text.length > 16 ? ':%S' : ''}${text.length > 19 ? '.%f' : ''}`
  return strptime(text, `%Y-%m-%d${time.replace(/^%/, '%%')}`, meter)
}

/** A date alone. */
function fromIsoDate(text: string, meter: Meter): Moment {
  if (text.length !== 10) throw new BambooError('Invalid isoformat string')
  return fromIso(text, meter)
}

const dateOf = ({ wallMs }: Moment): Moment => momentOf('date', Math.floor(wallMs / DAY_MS) * DAY_MS)

function fromTimestamp({ required }: Arguments, clock: Clock): Moment {
  return momentOf('datetime', milliseconds(required(0)) + clock.zoneOffsetMinutes * 60_000)
}

function milliseconds(value: Value): number {
  const seconds = asNumber(value)
  if (seconds === undefined) throw new BambooError('a timestamp is a number')
  return Math.round(floatOf(seconds) * 1000)
}

/** Whole seconds, of the argument or of now, in milliseconds. */
function secondsOf({ or }: Arguments, clock: Clock): number {
  const given = or(0, null)
  const ms = given === null ? clock.at : milliseconds(given)
  return momentOf('datetime', Math.floor(ms / 1000) * 1000).wallMs
}

/** Paths as POSIX has them, and nothing is looked up. */
function joinPath({ all, text, meter }: Arguments): string {
  let path = text(0)
  for (let at = 1; at < all.length; at += 1) {
    const part = text(at)
    meter.spend(path.length + part.length)
    path = part.startsWith('/') ? part : path === '' || path.endsWith('/') ? path + part : `${path}/${part}`
  }
  return path
}

function splitPath(path: string): readonly [head: string, tail: string] {
  const at = path.lastIndexOf('/') + 1
  let end = at
  while (end > 0 && path[end - 1] === '/') end -= 1
  return [end === 0 ? path.slice(0, at) : path.slice(0, end), path.slice(at)]
}

/** Two slashes at the beginning stay two, as POSIX allows; above the root there is nothing. */
function normalPath(path: string): string {
  const [slashes = ''] = /^\/{0,2}(?!\/)/.exec(path) ?? ['/']
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..' || (slashes === '' && parts.length === 0) || parts.at(-1) === '..') parts.push(part)
    else parts.pop()
  }
  return slashes + parts.join('/') || '.'
}

/** The dots that a name begins with are no extension. */
function splitExtension(path: string): readonly [string, string] {
  const start = path.lastIndexOf('/') + 1
  const dot = path.lastIndexOf('.')
  let first = start
  while (path[first] === '.') first += 1
  return dot > first || (dot >= first && first > start && dot > start)
    ? [path.slice(0, dot), path.slice(dot)]
    : [path, '']
}
