import { setImmediate as turn } from 'node:timers/promises'
import type { LogSource } from '../../host/app.ts'

/** Bytes looked at in one turn: they may be a line each. */
const CHUNK_BYTES = 262_144
/** So many lines are looked at in one turn; then others have theirs. */
const TURN_LINES = 4_096
/** A place is kept at least every so many lines, and every so many bytes: what is looked for is near to one. */
const MARK_LINES = 256
const MARK_BYTES = 262_144
/** Of one line in an answer. */
export const LINE_BYTES_MAX = 8_192
/** Of all lines in an answer. */
const WINDOW_BYTES_MAX = 1_048_576
/** Logs that are remembered at once. A log of a million lines takes some 60 KiB. */
const INDEXES_MAX = 256

const LF = 0x0a

export interface Line {
  readonly number: number
  /** Of its first byte. */
  readonly offset: number
  readonly text: string
  readonly bytes: number
}
export interface Match {
  readonly number: number
  readonly column: number
  readonly excerpt: string
}

/** A line, with as much of its beginning as was asked for. */
interface Seen {
  readonly number: number
  readonly offset: number
  readonly head: Uint8Array
  readonly bytes: number
}

/** Where the lines of a log are. It grows with the log; what was looked at once is not read again. */
export class LogIndex {
  /** Offsets of the first byte of lines, with the number of line ends before them. */
  #marks: { readonly offset: number; readonly lines: number }[] = [{ offset: 0, lines: 0 }]
  #scanned = 0
  #ends = 0
  #lastEnd = 0
  #turn: Promise<unknown> = Promise.resolve()

  /** How far it has looked: bytes, and lines with a last one that has no end yet. */
  get extent(): { readonly size: number; readonly total: number } {
    return { size: this.#scanned, total: this.#ends + (this.#lastEnd < this.#scanned ? 1 : 0) }
  }

  /** Looks at what has come since the last time. Calls wait for each other. */
  extend(log: LogSource, signal: AbortSignal): Promise<void> {
    const next = this.#turn.then(() => this.#extend(log, signal))
    this.#turn = next.catch(() => undefined)
    return next
  }

  async #extend(log: LogSource, signal: AbortSignal): Promise<void> {
    const size = await log.size()
    if (size < this.#scanned) this.#forget()
    while (this.#scanned < size && !signal.aborted) {
      const bytes = await log.read(this.#scanned, Math.min(CHUNK_BYTES, size - this.#scanned))
      if (bytes.length === 0) return
      this.#look(bytes)
    }
  }

  /** The log is another one: its file was cleaned away. */
  #forget(): void {
    this.#marks = [{ offset: 0, lines: 0 }]
    this.#scanned = 0
    this.#ends = 0
    this.#lastEnd = 0
  }

  #look(bytes: Uint8Array): void {
    for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) {
      this.#ends += 1
      this.#lastEnd = this.#scanned + at + 1
      const mark = this.#marks.at(-1)
      if (mark === undefined) continue
      if (this.#ends - mark.lines < MARK_LINES && this.#lastEnd - mark.offset < MARK_BYTES) continue
      this.#marks.push({ offset: this.#lastEnd, lines: this.#ends })
    }
    this.#scanned += bytes.length
  }

  /** At most `count` lines from this number on, and at least one if there is one. */
  async lines(log: LogSource, from: number, count: number, signal: AbortSignal): Promise<readonly Line[]> {
    const lines: Line[] = []
    let sum = 0
    for await (const some of this.#walk(log, from, signal)) {
      for (const { number, offset, head, bytes } of some) {
        if (number < from) continue
        const text = decoder.decode(head)
        lines.push({ number, offset, text: text.endsWith('\r') ? text.slice(0, -1) : text, bytes })
        sum += head.length
        if (lines.length >= count || sum >= WINDOW_BYTES_MAX) return lines
      }
    }
    return lines
  }

  /**
   * Lines from this number on that hold the text, ASCII letters in either case; of each the first place in its first
   * 64 KiB. `next` is the line to go on from.
   */
  async search(
    log: LogSource,
    text: string,
    { from, limit, signal }: { readonly from: number; readonly limit: number; readonly signal: AbortSignal },
  ): Promise<{ readonly items: readonly Match[]; readonly next: number | null }> {
    const needle = lower(Buffer.from(text))
    const items: Match[] = []
    for await (const some of this.#walk(log, from, signal, SEARCH_BYTES_MAX)) {
      for (const { number, head } of some) {
        if (number < from || head.length < needle.length) continue
        const column = lower(Buffer.from(head)).indexOf(needle)
        if (column === -1) continue
        if (items.length === limit) return { items, next: number }
        const begin = Math.max(0, column - 60)
        items.push({ number, column, excerpt: decoder.decode(head.subarray(begin, column + needle.length + 120)) })
      }
    }
    return { items, next: null }
  }

  /** Every line from the last mark before this one on, some in a turn: a log of a million short ones holds up nobody. */
  async *#walk(
    log: LogSource,
    from: number,
    signal: AbortSignal,
    headMax = LINE_BYTES_MAX,
  ): AsyncGenerator<readonly Seen[]> {
    const mark = this.#markBefore(from - 1)
    let number = mark.lines + 1
    let offset = mark.offset
    /** Where the present line begins. */
    let first = mark.offset
    const end = this.#scanned
    /** The beginning of a line that goes on in the next chunk, and its length so far. */
    let kept: Buffer = EMPTY
    let length = 0
    while (offset < end && !signal.aborted) {
      const bytes = Buffer.from(await log.read(offset, Math.min(CHUNK_BYTES, end - offset)))
      if (bytes.length === 0) return
      offset += bytes.length
      let begin = 0
      let some: Seen[] = []
      for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, begin)) {
        const piece = bytes.subarray(begin, Math.min(at, begin + headMax))
        const lineBytes = length + at - begin
        some.push({ number, offset: first, head: length === 0 ? piece : join(kept, piece, headMax), bytes: lineBytes })
        kept = EMPTY
        length = 0
        number += 1
        begin = at + 1
        first += lineBytes + 1
        if (some.length < TURN_LINES) continue
        yield some
        some = []
        await turn()
        if (signal.aborted) return
      }
      yield some
      const rest = bytes.subarray(begin, begin + headMax)
      kept = length === 0 ? rest : join(kept, rest, headMax)
      length += bytes.length - begin
    }
    if (length > 0) yield [{ number, offset: first, head: kept, bytes: length }]
  }

  #markBefore(line: number): { readonly offset: number; readonly lines: number } {
    let low = 0
    let high = this.#marks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#marks[middle]?.lines ?? 0) <= line) low = middle
      else high = middle - 1
    }
    return this.#marks[low] ?? { offset: 0, lines: 0 }
  }
}

const SEARCH_BYTES_MAX = 65_536
const EMPTY = Buffer.alloc(0)
const decoder = new TextDecoder()

const join = (left: Buffer, right: Buffer, max: number): Buffer =>
  left.length >= max ? left : Buffer.concat([left, right.subarray(0, max - left.length)])

/** In place. */
function lower(bytes: Buffer): Buffer {
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number
    if (byte >= 65 && byte <= 90) bytes[at] = byte + 32
  }
  return bytes
}

/** The indexes of the logs that were looked at last. */
export class LogIndexes {
  readonly #kept = new Map<string, LogIndex>()

  of({ key }: LogSource): LogIndex {
    const index = this.#kept.get(key) ?? new LogIndex()
    this.#kept.delete(key)
    this.#kept.set(key, index)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > INDEXES_MAX && oldest !== undefined) this.#kept.delete(oldest)
    return index
  }
}
