import { BambooError, type Meter } from './bamboo-meter.ts'

/** What may stand after a piece's `|`, as Mako has it: `${name | trim, h}`. */
const FILTERS: Readonly<Record<string, (text: string) => string>> = {
  str: (text) => text,
  unicode: (text) => text,
  n: (text) => text,
  trim: (text) => text.trim(),
  h: escaped,
  x: escaped,
  u: urlQuoted,
}

/** @throws BambooError for a filter that there is not. */
export function filtered(text: string, filters: readonly string[], meter: Meter): string {
  return filters.reduce((done, name) => {
    const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined
    if (filter === undefined) throw new BambooError(`there is no filter ${name}`)
    meter.spend(done.length * 6)
    return filter(done)
  }, text)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}

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
