import type { Json } from '../../model/json.ts'
import type { Arguments } from './arguments.ts'
import { BAMBOO_DEPTH_MAX, BambooError, type Meter } from './meter.ts'
import { floatText } from './text.ts'
import { fromJson, isDict, isInOrder, isItems, isTruthy, typeName, type Value } from './value.ts'

/** Python's `json.loads` and `json.dumps`. A number that is whole is an int, however it is written. */
export function loads({ text, meter }: Arguments): Value {
  const written = text(0, 's')
  meter.spend(written.length)
  let json: Json
  try {
    json = JSON.parse(written) as Json
  } catch {
    throw new BambooError('the text is not JSON')
  }
  return fromJson(json, meter)
}

interface Style {
  readonly ascii: boolean
  readonly sorted: boolean
  readonly indent: string | undefined
  readonly comma: string
  readonly colon: string
  readonly meter: Meter
}

export const DUMPS_NAMES = ['ensure_ascii', 'indent', 'sort_keys', 'separators']

export function dumps({ required, named, optionalInt, meter }: Arguments): Value {
  const indent = optionalInt(1, 'indent')
  if (indent !== undefined && (indent < 0n || indent > 16n)) throw new BambooError('this indent is not read')
  const style: Style = {
    ascii: isTruthy(named.get('ensure_ascii') ?? true),
    sorted: isTruthy(named.get('sort_keys') ?? false),
    indent: indent === undefined ? undefined : ' '.repeat(Number(indent)),
    ...separatorsOf(named.get('separators') ?? null, indent !== undefined),
    meter,
  }
  return dumped(required(0), style, 0)
}

function separatorsOf(value: Value, isIndented: boolean): Pick<Style, 'comma' | 'colon'> {
  if (value === null) return { comma: isIndented ? ',' : ', ', colon: ': ' }
  const [comma, colon, ...more] = isItems(value) ? value.items : []
  if (typeof comma === 'string' && typeof colon === 'string' && more.length === 0) return { comma, colon }
  throw new BambooError('separators are two texts')
}

function dumped(value: Value, style: Style, depth: number): string {
  style.meter.spend(1)
  if (value === null) return 'null'
  if (typeof value === 'string') return quoted(value, style)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint' || typeof value === 'number') return numberText(value, style.meter)
  if (depth > BAMBOO_DEPTH_MAX) throw new BambooError('a value nests too deep')
  if (isItems(value) && value.lazy === undefined)
    return bracketed(
      '[',
      ']',
      value.items.map((item) => dumped(item, style, depth + 1)),
      style,
      depth,
    )
  if (!isDict(value)) throw new BambooError(`Object of type ${typeName(value)} is not JSON serializable`)
  const pairs = [...value.entries.values()]
  if (style.sorted) pairs.sort(([left], [right]) => (isInOrder('<', left, right, style.meter) ? -1 : 1))
  const written = pairs.map(
    ([key, item]) => `${quoted(keyText(key, style.meter), style)}${style.colon}${dumped(item, style, depth + 1)}`,
  )
  return bracketed('{', '}', written, style, depth)
}

function bracketed(open: string, close: string, parts: readonly string[], style: Style, depth: number): string {
  if (parts.length === 0) return open + close
  if (style.indent === undefined) return `${open}${parts.join(style.comma)}${close}`
  style.meter.spend(parts.length * style.indent.length * (depth + 1))
  const inner = `\n${style.indent.repeat(depth + 1)}`
  return `${open}${inner}${parts.join(`${style.comma}${inner}`)}\n${style.indent.repeat(depth)}${close}`
}

function numberText(value: bigint | number, meter: Meter): string {
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? floatText(value)
      : Number.isNaN(value)
        ? 'NaN'
        : value < 0
          ? '-Infinity'
          : 'Infinity'
  }
  const text = String(value)
  meter.spend(text.length)
  return text
}

function keyText(key: Value, meter: Meter): string {
  if (typeof key === 'string') return key
  if (key === null) return 'null'
  if (typeof key === 'boolean') return String(key)
  if (typeof key === 'bigint' || typeof key === 'number') return numberText(key, meter)
  throw new BambooError(`keys must be str, int, float, bool or None, not ${typeName(key)}`)
}

function quoted(text: string, { ascii, meter }: Style): string {
  meter.spend(text.length)
  const written = JSON.stringify(text)
  // JSON.stringify has lone surrogates escaped already.
  return ascii
    ? written.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : written
}
