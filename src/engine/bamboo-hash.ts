import { BambooError, type Meter } from './bamboo-meter.ts'

/** The checksums of `hashlib`, over bytes. Sources: RFC 1321 (MD5), FIPS 180-4 (SHA). */
const CHECKSUMS: Readonly<Record<string, (bytes: readonly number[]) => readonly number[]>> = {
  md5,
  sha1,
  sha224,
  sha256,
}

export const CHECKSUM_NAMES: readonly string[] = Object.keys(CHECKSUMS)

/** What looking at one byte costs. */
const BYTE_UNITS = 4

/** @throws BambooError for a checksum that there is not. */
export function checksum(name: string, bytes: readonly number[], meter: Meter): readonly number[] {
  const made = Object.hasOwn(CHECKSUMS, name) ? CHECKSUMS[name] : undefined
  if (made === undefined) throw new BambooError(`unsupported hash type ${name}`)
  meter.spend((bytes.length + 64) * BYTE_UNITS)
  return made(bytes)
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

/** Filled up to whole blocks of 64 bytes, with the length in bits at the end. */
function blocksOf(bytes: readonly number[], littleEndian: boolean): readonly (readonly number[])[] {
  const filled = [...bytes, 0x80]
  while (filled.length % 64 !== 56) filled.push(0)
  const bits = bytes.length * 8
  const high = Math.floor(bits / 2 ** 32)
  const length = [...wordBytes(high >>> 0, false), ...wordBytes(bits >>> 0, false)]
  filled.push(...(littleEndian ? length.toReversed() : length))
  const blocks: number[][] = []
  for (let at = 0; at < filled.length; at += 64) {
    blocks.push(Array.from({ length: 16 }, (_, word) => wordAt(filled, at + word * 4, littleEndian)))
  }
  return blocks
}

function wordAt(bytes: readonly number[], at: number, littleEndian: boolean): number {
  const four = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!]
  const [a, b, c, d] = (littleEndian ? four.reverse() : four) as [number, number, number, number]
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}

function wordBytes(word: number, littleEndian: boolean): readonly number[] {
  const bytes = [word >>> 24, (word >>> 16) & 0xff, (word >>> 8) & 0xff, word & 0xff]
  return littleEndian ? bytes.reverse() : bytes
}

const left = (word: number, by: number): number => ((word << by) | (word >>> (32 - by))) >>> 0
const right = (word: number, by: number): number => left(word, 32 - by)

const MD5_SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const
const MD5_WORDS = Array.from({ length: 64 }, (_, at) => Math.floor(Math.abs(Math.sin(at + 1)) * 2 ** 32))

function md5(bytes: readonly number[]): readonly number[] {
  let state: [number, number, number, number] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]
  for (const block of blocksOf(bytes, true)) {
    let [a, b, c, d] = state
    for (let at = 0; at < 64; at += 1) {
      const round = at >> 4
      const [mixed, word] = md5Step(round, at, b, c, d)
      const sum = (a + mixed + MD5_WORDS[at]! + block[word]!) >>> 0
      ;[a, d, c, b] = [d, c, b, (b + left(sum, MD5_SHIFTS[round]![at & 3]!)) >>> 0]
    }
    state = [(state[0] + a) >>> 0, (state[1] + b) >>> 0, (state[2] + c) >>> 0, (state[3] + d) >>> 0]
  }
  return state.flatMap((word) => wordBytes(word, true))
}

function md5Step(round: number, at: number, b: number, c: number, d: number): readonly [mixed: number, word: number] {
  if (round === 0) return [(b & c) | (~b & d), at]
  if (round === 1) return [(d & b) | (~d & c), (5 * at + 1) % 16]
  if (round === 2) return [b ^ c ^ d, (3 * at + 5) % 16]
  return [c ^ (b | ~d), (7 * at) % 16]
}

function sha1(bytes: readonly number[]): readonly number[] {
  let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]
  for (const block of blocksOf(bytes, false)) {
    const words = [...block]
    for (let at = 16; at < 80; at += 1) {
      words.push(left(words[at - 3]! ^ words[at - 8]! ^ words[at - 14]! ^ words[at - 16]!, 1))
    }
    let [a, b, c, d, e] = state as [number, number, number, number, number]
    for (const [at, word] of words.entries()) {
      const [mixed, constant] = sha1Step(at, b, c, d)
      const next = (left(a, 5) + mixed + e + constant + word) >>> 0
      ;[e, d, c, b, a] = [d, c, left(b, 30), a, next]
    }
    state = [a, b, c, d, e].map((word, at) => (word + state[at]!) >>> 0)
  }
  return state.flatMap((word) => wordBytes(word, false))
}

function sha1Step(at: number, b: number, c: number, d: number): readonly [mixed: number, constant: number] {
  if (at < 20) return [(b & c) | (~b & d), 0x5a827999]
  if (at < 40) return [b ^ c ^ d, 0x6ed9eba1]
  return at < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc] : [b ^ c ^ d, 0xca62c1d6]
}

/** The first 32 bits of what stands behind the point in the roots of the first primes. */
const SHA2_WORDS = fractions(64, 1 / 3)
const SHA256_START = fractions(8, 1 / 2)
const SHA224_START = [0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4]

function fractions(count: number, power: number): readonly number[] {
  const found: number[] = []
  for (let number = 2; found.length < count; number += 1) {
    if (found.length === 0 || Array.from({ length: number - 2 }, (_, at) => at + 2).every((by) => number % by !== 0)) {
      found.push(number)
    }
  }
  return found.map((prime) => Math.floor((prime ** power % 1) * 2 ** 32))
}

function sha256(bytes: readonly number[]): readonly number[] {
  return sha2(bytes, SHA256_START)
}

function sha224(bytes: readonly number[]): readonly number[] {
  return sha2(bytes, SHA224_START).slice(0, 28)
}

function sha2(bytes: readonly number[], start: readonly number[]): readonly number[] {
  let state = start
  for (const block of blocksOf(bytes, false)) {
    const words = [...block]
    for (let at = 16; at < 64; at += 1) {
      const [late, early] = [words[at - 2]!, words[at - 15]!]
      const one = right(late, 17) ^ right(late, 19) ^ (late >>> 10)
      const zero = right(early, 7) ^ right(early, 18) ^ (early >>> 3)
      words.push((words[at - 16]! + zero + words[at - 7]! + one) >>> 0)
    }
    let [a, b, c, d, e, f, g, h] = state as [number, number, number, number, number, number, number, number]
    for (const [at, word] of words.entries()) {
      const one = right(e, 6) ^ right(e, 11) ^ right(e, 25)
      const first = (h + one + ((e & f) ^ (~e & g)) + SHA2_WORDS[at]! + word) >>> 0
      const zero = right(a, 2) ^ right(a, 13) ^ right(a, 22)
      const second = (zero + ((a & b) ^ (a & c) ^ (b & c))) >>> 0
      ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + first) >>> 0, c, b, a, (first + second) >>> 0]
    }
    state = [a, b, c, d, e, f, g, h].map((word, at) => (word + state[at]!) >>> 0)
  }
  return state.flatMap((word) => wordBytes(word, false))
}
