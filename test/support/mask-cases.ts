import { maskForms } from '../../src/runner/mask-forms.ts'
import { Mask } from '../../src/runner/masking.ts'

/** Generated cases for the mask: a seed gives the same ones again. */
export interface MaskReport {
  readonly seed: number
  readonly cases: number
  /** Bytes that went through the mask. */
  readonly bytes: number
  /** How many secrets stood in them, in some form. */
  readonly planted: number
  /** What went wrong, at most ten of them. */
  readonly failures: readonly string[]
}

/** mulberry32: a small generator that needs no state but a number. */
function dice(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const ALPHABETS = [
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  'ab',
  'aA0-_./+=&?%"\'\\ <>$!*()\t',
  'äß漢字😀é~^`|{}[]#@:;,',
  'abc\n \r\n',
] as const

interface Dice {
  readonly roll: () => number
  readonly upTo: (max: number) => number
  readonly pick: <Item>(items: readonly Item[]) => Item
  readonly text: (min: number, max: number) => string
}

function diceOf(seed: number): Dice {
  const roll = dice(seed)
  const upTo = (max: number): number => Math.floor(roll() * (max + 1))
  const pick = <Item>(items: readonly Item[]): Item => items[upTo(items.length - 1)]!
  const text = (min: number, max: number): string => {
    const letters = Array.from(pick(ALPHABETS))
    return Array.from({ length: min + upTo(max - min) }, () => pick(letters)).join('')
  }
  return { roll, upTo, pick, text }
}

/** Ways to write a secret, made without a look at how the mask makes them. `shown`: what must not be seen of it. */
const WRITERS: readonly ((secret: string, dice: Dice) => { readonly text: string; readonly shown: string })[] = [
  (secret) => ({ text: secret, shown: secret }),
  (secret) => ({ text: JSON.stringify({ a: secret }), shown: JSON.stringify(secret).slice(1, -1) }),
  (secret) => ({ text: `?q=${encodeURIComponent(secret)}&`, shown: encodeURIComponent(secret) }),
  (secret) => {
    const form = new URLSearchParams({ q: secret }).toString().slice(2)
    return { text: `q=${form}`, shown: form }
  },
  (secret, { pick, text }) => {
    const encoding = pick(['base64', 'base64url'] as const)
    const [before, after] = [text(0, 5), text(0, 5)]
    const encoded = Buffer.from(before + secret + after).toString(encoding)
    // Whole characters that are of the secret alone.
    const start = Math.ceil((Buffer.byteLength(before) * 8) / 6)
    const end = Math.floor((Buffer.byteLength(before + secret) * 8) / 6)
    return { text: encoded, shown: encoded.slice(start, end) }
  },
  (secret, { pick }) => {
    const encoded = Buffer.from(secret).toString('base64')
    const width = pick([64, 76])
    const lines = encoded.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
    return { text: lines.join('\n'), shown: lines.toSorted((a, b) => b.length - a.length)[0]! }
  },
]

/** Every form, found one after the other by looking: what the mask must come to, in whichever pieces it is fed. */
function expected(text: Buffer, values: readonly string[]): Buffer {
  const hidden = new Uint8Array(text.length)
  for (const form of values.flatMap(maskForms)) {
    for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1)) hidden.fill(1, at, at + form.length)
  }
  const parts: Buffer[] = []
  for (let at = 0; at < text.length;) {
    let to = at
    while (to < text.length && hidden[to] === hidden[at]) to += 1
    parts.push(hidden[at] === 1 ? Buffer.from('***') : text.subarray(at, to))
    at = to
  }
  return Buffer.concat(parts)
}

const TEXTS_OF_MASK = 25

/** @param cases texts, each cut at random places; every one with the secrets of a mask in some of the forms. */
export function checkMasks(seed: number, cases: number): MaskReport {
  const dice = diceOf(seed)
  const failures: string[] = []
  let [done, bytes, planted] = [0, 0, 0]
  while (done < cases && failures.length < 10) {
    const values = secretsOf(dice)
    const mask = new Mask(values)
    for (let nth = 0; nth < TEXTS_OF_MASK && done < cases; nth += 1) {
      done += 1
      const { text, shown } = textOf(dice, values)
      bytes += text.length
      planted += shown.length
      const stream = mask.stream()
      const parts: Buffer[] = []
      for (let at = 0; at < text.length;) {
        const to = Math.min(text.length, at + 1 + dice.upTo(dice.pick([0, 3, 40])))
        // The bytes that were given are used again, as a reader's are.
        parts.push(Buffer.from(stream.push(Buffer.from(text.subarray(at, to)))))
        at = to
      }
      const cut = dice.roll() < 0.5
      parts.push(stream.end(cut))
      const said = Buffer.concat(parts)
      const leak = shown.find((form) => said.includes(form))
      if (leak !== undefined) failures.push(`seed ${seed}, case ${done}: ${JSON.stringify(leak)} is seen`)
      else if (!cut && !said.equals(expected(text, values)))
        failures.push(`seed ${seed}, case ${done}: masked otherwise`)
    }
  }
  return { seed, cases: done, bytes, planted, failures }
}

function secretsOf({ upTo, pick, text }: Dice): readonly string[] {
  const first = text(8, 60)
  const values = Array.from({ length: 1 + upTo(2) }, () =>
    // Secrets that begin alike, or are parts of each other, are the hard ones.
    pick([() => text(8, 60), () => first + text(0, 8), () => first.slice(0, 8 + upTo(10)) + text(1, 9), () => first])(),
  )
  return values.map((value) => value.toWellFormed()).filter((value) => Buffer.byteLength(value.trim()) >= 8)
}

function textOf(dice: Dice, values: readonly string[]): { readonly text: Buffer; readonly shown: readonly string[] } {
  const { upTo, pick, text } = dice
  const parts: string[] = []
  const shown: string[] = []
  for (let nth = upTo(4); nth >= 0; nth -= 1) {
    parts.push(text(0, 30))
    const value = values.length === 0 ? undefined : pick(values)
    if (value === undefined) continue
    if (dice.roll() < 0.3) parts.push(value.slice(0, upTo(value.length)))
    else {
      const written = pick(WRITERS)(value, dice)
      parts.push(written.text)
      if (Buffer.byteLength(written.shown) >= 8) shown.push(written.shown)
    }
  }
  return { text: Buffer.from(parts.join('')), shown }
}
