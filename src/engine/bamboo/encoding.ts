import type { Arguments } from './arguments.ts'
import { textOfUtf8, utf8Of } from './hash.ts'
import { BambooError, type Meter } from './meter.ts'

/** The encodings of texts that are read: UTF-8 and its part ASCII. */

const UTF8: readonly string[] = ['utf-8', 'utf8', 'utf_8']
const ASCII: readonly string[] = ['ascii', 'us-ascii']

/** How to take what is not of the encoding; looked at only when there is such a thing. */
interface Codec {
  /** Undefined: UTF-8. */
  readonly encoding: string | undefined
  /** Of ASCII `ignore` and `replace` are known; undefined: `strict`. */
  readonly errors?: string | undefined
}

/** Of a function whose argument at that place is an encoding, and whose next says what of its errors. */
export function codecOf({ optional, text }: Arguments, at: number): Codec {
  const given = (place: number, name: string) => (optional(place, name) === undefined ? undefined : text(place, name))
  return { encoding: given(at, 'encoding'), errors: given(at + 1, 'errors') }
}

/** @throws BambooError for another encoding, and for what it has no bytes for. */
export function encoded(text: string, { encoding, errors }: Codec, meter: Meter): readonly number[] {
  const bytes = utf8Of(text, meter)
  if (!isAscii(encoding)) return bytes
  return bytes.flatMap((byte) => {
    if (byte <= 0x7f) return byte
    const mark = notAscii(errors, QUESTION_MARK)
    // Every character has one byte that begins it.
    return mark === undefined || byte < 0xc0 ? [] : mark
  })
}

/** @throws BambooError for another encoding, and for bytes that are no text. */
export function decoded(bytes: readonly number[], { encoding, errors }: Codec, meter: Meter): string {
  if (!isAscii(encoding)) return textOfUtf8(bytes, meter)
  meter.spend(bytes.length)
  return bytes.map((byte) => (byte <= 0x7f ? String.fromCharCode(byte) : (notAscii(errors, '\ufffd') ?? ''))).join('')
}

function isAscii(name = 'utf-8'): boolean {
  const known = name.toLowerCase()
  if (UTF8.includes(known)) return false
  if (ASCII.includes(known)) return true
  throw new BambooError(`unknown encoding: ${name.slice(0, 40)}`)
}

const QUESTION_MARK = 0x3f

/** What stands for what is not there; undefined: nothing does. */
function notAscii<Mark>(errors: string | undefined, mark: Mark): Mark | undefined {
  if (errors === 'ignore') return undefined
  if (errors === 'replace') return mark
  throw new BambooError("'ascii' codec: ordinal not in range(128)")
}
