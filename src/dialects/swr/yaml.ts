import { Document, visit, type ScalarTag } from 'yaml'
import { WireTime } from './time.ts'

/**
 * The vendor's YAML (go-yaml's): keys sorted at every level, sequences at the column of their key, literal blocks
 * for text of several lines, no document markers, times plain; text that a YAML 1.1 reader would take for a number,
 * a boolean or a time is quoted.
 *
 * The package `yaml` decides how it looks ({@link toYamlByLibrary}), but takes 0.6 ms for a stage: a second of one
 * thread for 2,000 of them. So the plain cases are written here, a hundred times faster, and only odd text goes to
 * the package. A property test holds the two together.
 * @param value what JSON.stringify would take, without `toJSON` but for {@link WireTime}; undefined is left out.
 */
export function toYaml(value: unknown): string {
  const lines: string[] = []
  return isFilled(value) && writeBlock(value, '', lines) ? `${lines.join('\n')}\n` : toYamlByLibrary(value)
}

const timeTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:timestamp',
  default: true,
  identify: (value) => value instanceof WireTime,
  resolve: (text) => text,
  stringify: ({ value }) => (value as WireTime).text,
}

export function toYamlByLibrary(value: unknown): string {
  const document = new Document(value, {
    compat: 'yaml-1.1',
    sortMapEntries: true,
    aliasDuplicateObjects: false,
    customTags: [timeTag],
  })
  visit(document, {
    Scalar: (_, node) => {
      // The package loses the spaces of a literal block's lines that hold nothing else.
      if (typeof node.value === 'string' && BLANK_LINE.test(node.value)) node.type = 'QUOTE_DOUBLE'
    },
  })
  return document.toString({
    indentSeq: false,
    lineWidth: 0,
    blockQuote: 'literal',
    // Spread over several lines, the package writes a blank line's space as a backslash that does not belong there.
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  })
}

const BLANK_LINE = /^[ \t]+$/m

/**
 * Writes a mapping, sequence or scalar as lines that begin at `indent`.
 * @returns false when something in it is not for us: a key of several lines.
 */
function writeBlock(value: unknown, indent: string, lines: string[]): boolean {
  if (Array.isArray(value) && value.length > 0) {
    return value.every((item) => writeItem(item, indent, lines))
  }
  if (isMapping(value)) {
    const entries = Object.entries(value).filter(([, one]) => one !== undefined)
    if (entries.length > 0) {
      entries.sort(([a], [b]) => (a < b ? -1 : 1))
      return entries.every(([key, one]) => writeEntry(key, one, indent, lines))
    }
  }
  lines.push(indent + inline(value, indent))
  return true
}

function writeEntry(name: string, value: unknown, indent: string, lines: string[]): boolean {
  const key = isPlain(name) ? name : oddKey(name, indent)
  if (key === undefined) return false
  if (!isFilled(value)) {
    lines.push(`${indent}${key}: ${inline(value, indent)}`)
    return true
  }
  lines.push(`${indent}${key}:`)
  return writeBlock(value, Array.isArray(value) ? indent : `${indent}  `, lines)
}

/** What an item holds begins on the line of its dash. */
function writeItem(item: unknown, indent: string, lines: string[]): boolean {
  if (!isFilled(item)) {
    lines.push(`${indent}- ${inline(item, indent)}`)
    return true
  }
  const first = lines.length
  if (!writeBlock(item, `${indent}  `, lines)) return false
  lines[first] = `${indent}- ${(lines[first] ?? '').slice(indent.length + 2)}`
  return true
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WireTime)

const isFilled = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : isMapping(value) && Object.values(value).some((one) => one !== undefined)

/** What stands on one line, after a key or a dash; a literal block goes on below, deeper than `indent`. */
function inline(value: unknown, indent: string): string {
  if (typeof value === 'string') return text(value, indent)
  if (value instanceof WireTime) return value.text
  if (Array.isArray(value)) return '[]'
  if (isMapping(value)) return '{}'
  return JSON.stringify(value ?? null)
}

function text(value: string, indent: string): string {
  if (isPlain(value)) return value
  if (DIGITS.test(value)) return `"${value}"`
  const block = SIMPLE_LINES.test(value) ? literal(value) : oddText(value)
  return block.includes('\n') ? block.replace(/\n(?=[^\n])/g, `\n${indent}`) : block
}

const literal = (value: string): string => {
  const ended = value.endsWith('\n')
  const lines = (ended ? value.slice(0, -1) : value).split('\n')
  return [ended ? '|' : '|-', ...lines.map((line) => (line === '' ? '' : `  ${line}`))].join('\n')
}

const oddText = (value: string): string => toYamlByLibrary({ k: value }).slice('k: '.length).replace(/\n$/, '')

/** A key may need quotes at the start of a line (`---`) that it does without further in. */
function oddKey(name: string, indent: string): string | undefined {
  const entry =
    indent === '' ? toYamlByLibrary({ [name]: 0 }) : toYamlByLibrary({ k: { [name]: 0 } }).slice('k:\n  '.length)
  return entry.startsWith('? ') ? undefined : entry.slice(0, -': 0\n'.length)
}

const DIGITS = /^\d*$/
/** Begins with a letter, and holds nothing that YAML could read as anything but text. */
const PLAIN = /^[A-Za-z_\u4e00-\u9fa5][\w./=$@+()\u4e00-\u9fa5-]*(?:[ :,;][\w./=$@+()\u4e00-\u9fa5-]+)*$/
/** Words of YAML 1.1, and what its floats are without their first digits: `e0`. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null|e[-+]?\d+)$/i
const isPlain = (value: string): boolean => value.length <= 256 && PLAIN.test(value) && !RESERVED.test(value)

/** Two lines or more of printable text, none of white space alone, the first one not indented, at most one end of line last. */
const SIMPLE_LINES = /^[!-~\u4e00-\u9fa5][ -~\u4e00-\u9fa5]*(?:\n+ *[!-~\u4e00-\u9fa5][ -~\u4e00-\u9fa5]*)+\n?$/
