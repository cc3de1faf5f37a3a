import { SECRET_MASK } from '../model/secret.ts'
import { buildAutomaton, type Automaton } from './mask-automaton.ts'
import { maskForms } from './mask-forms.ts'

/** What must not be shown, made once for an attempt. */
export class Mask {
  readonly #automaton: Automaton

  constructor(values: readonly string[]) {
    this.#automaton = buildAutomaton(values.flatMap(maskForms))
  }

  /** For bytes that come one after the other. */
  stream(): MaskStream {
    return new MaskStream(this.#automaton)
  }

  text(text: string): string {
    const stream = this.stream()
    const [head, tail] = [stream.push(Buffer.from(text)), stream.end(false)]
    return stream.hasMasked ? Buffer.concat([head, tail]).toString('utf8') : text
  }

  /** Every text in it; keys too. */
  json<Value>(value: Value): Value {
    return this.#json(value) as Value
  }

  #json(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.#json(item))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.#json(item)]))
  }
}

/** So much of what may become a secret is shown when nothing more comes for a while; more of it waits. */
const SETTLED_MAX_BYTES = 3
/** So much of a secret at the very end, where the rest was cut off, counts as the whole. */
const CUT_OFF_MIN_BYTES = 8

const STARS = Buffer.from(SECRET_MASK)

/**
 * Puts {@link SECRET_MASK} where a secret stands, however the bytes are cut. Each byte costs the same; what is held back
 * is only what a secret begins with, so less than the longest form of one. Secrets that overlap or touch are one.
 */
export class MaskStream {
  readonly #automaton: Automaton
  #state = 0
  /** Bytes read and not given yet; the first one is at {@link #at}. */
  #held: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0
  /** Of what was found and not passed yet: ordered, apart from each other. */
  readonly #spans: { start: number; end: number }[] = []
  /** Where the stars that were given last end. */
  #starred = -1
  hasMasked = false

  constructor(automaton: Automaton) {
    this.#automaton = automaton
  }

  /** @returns what is certain by now. It may be a part of `bytes`: use it before they change. */
  push(bytes: Uint8Array): Buffer {
    const fresh = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#look(fresh)
    this.#held = this.#held.length === 0 ? fresh : Buffer.concat([this.#held, fresh])
    this.#end += fresh.length
    return this.#give(this.#end - this.#automaton.depth[this.#state]!)
  }

  /** When nothing has come for a while: gives what is too little of a secret to tell anything. */
  settle(): Buffer {
    const depth = this.#automaton.depth[this.#state]!
    return this.#give(depth <= SETTLED_MAX_BYTES ? this.#end : this.#end - depth)
  }

  /** The rest. @param cutOff whether a long beginning of a secret at the end is masked: a log may end anywhere. */
  end(cutOff = true): Buffer {
    const depth = this.#automaton.depth[this.#state]!
    if (cutOff && depth >= CUT_OFF_MIN_BYTES) this.#mark(this.#end - depth, this.#end)
    this.#state = 0
    return this.#give(this.#end)
  }

  #look(bytes: Buffer): void {
    const { first, pairs, found } = this.#automaton
    const last = bytes.length - 1
    let state = this.#state
    for (let index = 0; index <= last; index += 1) {
      const byte = bytes[index]!
      if (state === 0) {
        state = first[byte]!
        if (state === 0 || (index < last && pairs[(byte << 8) | bytes[index + 1]!] === 0)) {
          state = 0
          continue
        }
      } else {
        state = this.#automaton.next(state, byte)
      }
      const length = found[state]!
      if (length > 0) this.#mark(this.#end + index + 1 - length, this.#end + index + 1)
    }
    this.#state = state
  }

  #mark(start: number, end: number): void {
    this.hasMasked = true
    let from = start
    for (let top = this.#spans.at(-1); top !== undefined && top.end >= from; top = this.#spans.at(-1)) {
      from = Math.min(from, top.start)
      this.#spans.pop()
    }
    this.#spans.push({ start: from, end })
  }

  /** Everything up to there, masked. Nothing that will be found later begins before it. */
  #give(until: number): Buffer {
    const parts: Buffer[] = []
    const base = this.#at
    let at = base
    while (at < until) {
      const span = this.#spans[0]
      if (span === undefined || span.start >= until) {
        parts.push(this.#held.subarray(at - base, until - base))
        at = until
        break
      }
      if (span.start > at) parts.push(this.#held.subarray(at - base, span.start - base))
      // The stars of what goes on, or of what this one touches, are there already.
      if (Math.max(span.start, base) > this.#starred) parts.push(STARS)
      this.#starred = span.end
      at = Math.min(span.end, until)
      if (span.end <= until) this.#spans.shift()
      else span.start = at
    }
    this.#at = at
    this.#held = this.#held.subarray(at - base)
    // A few bytes must not keep a large buffer, nor one that its owner fills again.
    if (this.#held.length > 0) this.#held = Buffer.from(this.#held)
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }
}
