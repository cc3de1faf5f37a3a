import type { Json } from '../../model/json.ts'

type Annotations = Readonly<Record<string, string>>

/** An annotation has at most 8,192 characters. */
const PART_MAX = 8_000

/**
 * A JSON value as annotations: `<name>`, and as many of `<name>.1`, `<name>.2`... as its text needs. Only ASCII, so that
 * no cut goes through a character.
 */
export function pack(name: string, value: Json): Record<string, string> {
  const text = JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  const parts = Array.from({ length: Math.ceil(text.length / PART_MAX) }, (_, place) =>
    text.slice(place * PART_MAX, (place + 1) * PART_MAX),
  )
  return Object.fromEntries(parts.map((part, place) => [place === 0 ? name : `${name}.${place}`, part]))
}

/** undefined: it is not there, or a person has changed it to something else. */
export function unpack(annotations: Annotations, name: string): Json | undefined {
  const own = (key: string): string | undefined => (Object.hasOwn(annotations, key) ? annotations[key] : undefined)
  let text = own(name)
  if (text === undefined) return undefined
  for (let place = 1, part = own(`${name}.1`); part !== undefined; place += 1, part = own(`${name}.${place}`)) {
    text += part
  }
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
