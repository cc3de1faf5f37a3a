import { textOfUtf8, utf8Of } from './hash.ts'
import { BambooError, type Meter } from './meter.ts'

/** The encodings of texts that are read: UTF-8 and its part ASCII. */

const UTF8: readonly string[] = ['utf-8', 'utf8', 'utf_8']
const ASCII: readonly string[] = ['ascii', 'us-ascii']

/** @param name undefined: UTF-8. @throws BambooError for another one, and for what it has no bytes for. */
export function encoded(text: string, name: string | undefined, meter: Meter): readonly number[] {
  return checked(utf8Of(text, meter), name)
}

/** @throws BambooError for another one, and for bytes that are no text. */
export function decoded(bytes: readonly number[], name: string | undefined, meter: Meter): string {
  return textOfUtf8(checked(bytes, name), meter)
}

function checked(bytes: readonly number[], name = 'utf-8'): readonly number[] {
  const known = name.toLowerCase()
  if (UTF8.includes(known)) return bytes
  if (!ASCII.includes(known)) throw new BambooError(`unknown encoding: ${name.slice(0, 40)}`)
  if (bytes.some((byte) => byte > 0x7f)) throw new BambooError("'ascii' codec: ordinal not in range(128)")
  return bytes
}
