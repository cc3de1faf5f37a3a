import { md5, sha1 } from '@noble/hashes/legacy.js'
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { BambooError, type Meter } from './meter.ts'

/** The checksums of `hashlib`, over bytes. */
const CHECKSUMS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  md5,
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
}

export const CHECKSUM_NAMES: readonly string[] = Object.keys(CHECKSUMS)

/** What looking at one byte costs. */
const BYTE_UNITS = 4

/** @throws BambooError for a checksum that there is not. */
export function checksum(name: string, bytes: readonly number[], meter: Meter): readonly number[] {
  const made = Object.hasOwn(CHECKSUMS, name) ? CHECKSUMS[name] : undefined
  if (made === undefined) throw new BambooError(`unsupported hash type ${name}`)
  meter.spend((bytes.length + 64) * BYTE_UNITS)
  return [...made(Uint8Array.from(bytes))]
}

export const hexOf = (bytes: readonly number[]): string =>
  bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')

/** A text as UTF-8. @throws BambooError for half of a pair. */
export function utf8Of(text: string, meter: Meter): readonly number[] {
  meter.spend(text.length * 2)
  const bytes: number[] = []
  for (const character of text) {
    const point = character.codePointAt(0)!
    if (point >= 0xd800 && point <= 0xdfff) throw new BambooError('surrogates not allowed')
    if (point < 0x80) bytes.push(point)
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), tail(point, 0))
    else if (point < 0x1_0000) bytes.push(0xe0 | (point >> 12), tail(point, 6), tail(point, 0))
    else bytes.push(0xf0 | (point >> 18), tail(point, 12), tail(point, 6), tail(point, 0))
  }
  return bytes
}

const tail = (point: number, shift: number): number => 0x80 | ((point >> shift) & 0x3f)

/** UTF-8 as a text. @throws BambooError for what is none. */
export function textOfUtf8(bytes: readonly number[], meter: Meter): string {
  meter.spend(bytes.length * 2)
  try {
    return decodeURIComponent(bytes.map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''))
  } catch {
    throw new BambooError("'utf-8' codec can't decode bytes")
  }
}
