import type { Instant } from '../model/time.ts'

/** An answer as it goes out again: header lines and bytes made once. */
export interface Answer {
  /** Name, value, name, value...; the last value is the place for the request's id. */
  readonly headers: string[]
  /** The same for a 304. */
  readonly notModifiedHeaders: string[]
  readonly etag: string | null
  /**
   * Every byte as one character (latin1): Node sends such a string together with the head in one write, and two
   * buffers in a writev, which costs as much as all the rest. Long ones stay as they are.
   */
  readonly body: string | Buffer | Chunks
}

/** A long body as it was put together: what is made once for many answers is never copied into each. */
export interface Chunks {
  readonly chunks: readonly Buffer[]
  /** Bytes of all of them. */
  readonly length: number
}

export interface AnswerCacheLimits {
  readonly entriesMax: number
  /** Of all bodies and keys together. */
  readonly bytesMax: number
  /** A longer body is not kept. */
  readonly bodyMaxBytes: number
}

export const ANSWER_CACHE_LIMITS: AnswerCacheLimits = {
  entriesMax: 10_000,
  bytesMax: 64 * 1_024 * 1_024,
  bodyMaxBytes: 16 * 1_024 * 1_024,
}

interface Entry {
  readonly key: string
  readonly answer: Answer
  readonly topics: readonly string[]
  /** null: as long as its topics do not change. */
  readonly until: Instant | null
  readonly bytes: number
}

/** The topic of credentials and rights: nobody knows whose answers it touches, so all of them go. */
const KEYS_TOPIC = 'keys'
/** So many changes may be remembered for answers that are being made; then the oldest of those answers are not kept. */
const CHANGES_MAX = 10_000

/**
 * Finished answers by request, least recently used out first. Kept until one of their topics changes.
 *
 * An answer that was being made while one of its topics changed may show the old state, so it is not kept: take a
 * {@link begin} before it is made, give it to {@link put}, and {@link end} it in any case.
 */
export class AnswerCache {
  readonly #limits: AnswerCacheLimits
  /** In order of use, the least recent first. */
  readonly #entries = new Map<string, Entry>()
  readonly #byTopic = new Map<string, Set<Entry>>()
  #bytes = 0
  /** Counts changes of topics. */
  #change = 0
  /** When each topic changed last, as far as answers that are being made can need it. */
  readonly #changedAt = new Map<string, number>()
  /** Answers begun before this change are not kept. */
  #floor = 0
  #making = 0

  constructor(limits: AnswerCacheLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  get(key: string, now: () => Instant): Answer | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (entry.until !== null && now() >= entry.until) {
      this.#drop(entry)
      return undefined
    }
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.answer
  }

  /** @returns the ticket for {@link put}. */
  begin(): number {
    this.#making += 1
    return this.#change
  }

  end(): void {
    this.#making -= 1
    if (this.#making === 0) this.#changedAt.clear()
  }

  /** @returns whether it is kept now. */
  put(ticket: number, key: string, answer: Answer, topics: readonly string[], until: Instant | null): boolean {
    if (ticket < this.#floor || topics.some((topic) => (this.#changedAt.get(topic) ?? 0) > ticket)) return false
    if (answer.body.length > this.#limits.bodyMaxBytes) return false
    const old = this.#entries.get(key)
    if (old !== undefined) this.#drop(old)
    const entry: Entry = { key, answer, topics, until, bytes: answer.body.length + key.length * 2 + 512 }
    this.#entries.set(key, entry)
    this.#bytes += entry.bytes
    for (const topic of topics) {
      const entries = this.#byTopic.get(topic)
      if (entries === undefined) this.#byTopic.set(topic, new Set([entry]))
      else entries.add(entry)
    }
    this.#makeRoom()
    return this.#entries.has(key)
  }

  changed(topics: readonly string[]): void {
    this.#change += 1
    for (const topic of topics) {
      if (topic === KEYS_TOPIC) {
        this.clear()
        this.#floor = this.#change
      }
      if (this.#making > 0) this.#changedAt.set(topic, this.#change)
      const entries = this.#byTopic.get(topic)
      if (entries !== undefined) for (const entry of entries) this.#drop(entry)
    }
    if (this.#changedAt.size > CHANGES_MAX) {
      this.#changedAt.clear()
      this.#floor = this.#change
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#byTopic.clear()
    this.#bytes = 0
  }

  #makeRoom(): void {
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= this.#limits.entriesMax && this.#bytes <= this.#limits.bytesMax) return
      this.#drop(entry)
    }
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.key)
    this.#bytes -= entry.bytes
    for (const topic of entry.topics) {
      const entries = this.#byTopic.get(topic)
      entries?.delete(entry)
      if (entries?.size === 0) this.#byTopic.delete(topic)
    }
  }
}
