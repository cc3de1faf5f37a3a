import { BambooError, type Meter } from './meter.ts'
import { textOf } from './text.ts'
import type { Value } from './value.ts'

/** What may stand after a piece's `|`, as Mako has it: `${name | trim, h}`. */
const FILTERS: Readonly<Record<string, (text: string) => string>> = {
  str: (text) => text,
  unicode: (text) => text,
  trim: (text) => text.trim(),
  h: escaped,
  x: escaped,
  u: urlQuoted,
  // Nothing beyond Latin and what Markup gives has a name that many know.
  entity: (text) => text.replace(/[&<>"]/g, (character) => NAMED[character]!),
}

const DECODING = /^decode\.[A-Za-z0-9][A-Za-z0-9_.-]*$/

/** These make a text of whatever they are given. */
const TEXT_MAKERS: ReadonlySet<string> = new Set(['str', 'unicode', 'h', 'entity'])
const makesText = (name: string): boolean => TEXT_MAKERS.has(name) || DECODING.test(name)

/**
 * A value as text, through the filters behind it. `n` takes away the one that makes a text of it: then it must be one,
 * unless the next one makes it.
 * @throws BambooError for a filter that there is not.
 */
export function filtered(value: Value, filters: readonly string[], meter: Meter): string {
  const [first = ''] = filters.filter((name) => name !== 'n' && name !== '')
  if (filters.includes('n') && typeof value !== 'string' && !makesText(first)) {
    throw new BambooError('expected str instance')
  }
  return filters.reduce(
    (done, name) => {
      if (name === 'n' || name === '' || DECODING.test(name)) return done
      const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined
      if (filter === undefined) throw new BambooError(`there is no filter ${name}`)
      meter.spend(done.length * 6)
      return filter(done)
    },
    textOf(value, meter),
  )
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}

const NAMED: Readonly<Record<string, string>> = { ...ENTITIES, '"': '&quot;' }

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)
}

/** Python's `quote_plus`. */
function urlQuoted(text: string): string {
  if (!text.isWellFormed()) throw new BambooError('surrogates not allowed')
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
}
