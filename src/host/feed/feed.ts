import type { EventRecord, LogEntry } from '../../model/event.ts'
import type { PipelineId, ProjectId, RunId } from '../../model/id.ts'
import type { FeedFilter, RunLog } from '../../store/store.ts'

interface Recent {
  /** Number of its last event. */
  readonly last: number
  readonly projectId: ProjectId
  readonly pipelineId: PipelineId
  readonly runId: RunId
  readonly entries: readonly LogEntry[]
}

/** A reader that has read all there is. */
interface Waiter {
  readonly filter: FeedFilter
  /** Nothing up to this number is for it. */
  position: number
  readonly wake: () => void
}

const RECENT_MAX = 512
const PAGE = 500

/**
 * The one ordered stream of all events. The newest commits are kept as they are, so that a reader who keeps up costs
 * no disk; one who is behind reads the log. Events become records only when somebody reads them.
 */
export class EventFeed {
  readonly #log: RunLog
  #recent: Recent[] = []
  /** Told of before their turn, by the number of their first event. */
  readonly #early = new Map<number, Recent>()
  #last: number
  readonly #waiters = new Set<Waiter>()
  readonly #listeners = new Set<(topics: readonly string[]) => void>()

  constructor(log: RunLog, last: number) {
    this.#log = log
    this.#last = last
  }

  last(): number {
    return this.#last
  }

  /** Readers that wait now. */
  waiting(): number {
    return this.#waiters.size
  }

  /**
   * Commits of one turn are told of in any order, and are kept and given in the order of their numbers: one that comes
   * before its turn waits for those before it, which are durable and under way.
   */
  publish(recent: Recent): void {
    const first = firstNumber(recent)
    // Where servers write to one log, what we have committed may come back before we hear that it is durable.
    if (first <= this.#last) return
    if (first === this.#last + 1 && this.#early.size === 0) {
      this.#append(recent)
      return
    }
    this.#early.set(first, recent)
    for (let next = this.#early.get(this.#last + 1); next !== undefined; next = this.#early.get(this.#last + 1)) {
      this.#early.delete(this.#last + 1)
      this.#append(next)
    }
    for (const early of this.#early.keys()) if (early <= this.#last) this.#early.delete(early)
  }

  /** What has numbers up to this one has been told of, or is there no more. */
  passed(number: number): void {
    if (number <= this.#last) return
    // What is kept has no gaps.
    this.#recent = []
    this.#last = number
    for (const first of this.#early.keys()) if (first <= number) this.#early.delete(first)
    for (const waiter of this.#waiters) waiter.wake()
  }

  #append(recent: Recent): void {
    this.#last = recent.last
    this.#recent.push(recent)
    if (this.#recent.length > 2 * RECENT_MAX) this.#recent = this.#recent.slice(-RECENT_MAX)
    for (const waiter of this.#waiters) {
      if (matches(recent, waiter.filter)) waiter.wake()
      else waiter.position = Math.max(waiter.position, recent.last)
    }
  }

  /** Tells caches what changed. */
  changed(topics: readonly string[]): void {
    for (const listener of this.#listeners) listener(topics)
  }

  onChange(listener: (topics: readonly string[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** At most `limit` events with number > after; and the number up to which nothing else matches. */
  async read(
    after: number,
    filter: FeedFilter,
    limit: number,
  ): Promise<{ readonly records: readonly EventRecord[]; readonly upTo: number }> {
    const kept = this.#kept(after)
    if (kept !== undefined) return select(kept, after, filter, limit)
    const last = this.#last
    const records = await this.#log.feed(after, filter, limit)
    return {
      records,
      upTo: records.length < limit ? Math.max(last, records.at(-1)?.number ?? 0) : (records.at(-1)?.number ?? last),
    }
  }

  /** See {@link Feed.follow} in app.ts. */
  async *follow(
    after: number,
    filter: FeedFilter,
    idle: (wake: () => void) => () => void,
    signal: AbortSignal,
  ): AsyncGenerator<EventRecord | undefined> {
    let position = after
    while (!signal.aborted) {
      if (position >= this.#last) {
        const waited = await this.#wait(position, filter, idle, signal)
        position = waited.position
        if (!waited.woken) yield undefined
        continue
      }
      const { records, upTo } = await this.read(position, filter, PAGE)
      for (const record of records) {
        if (signal.aborted) return
        yield record
      }
      position = upTo
    }
  }

  /** Until something for this reader comes, or `idle` or `signal` wakes it. Commits that are not for it cost it nothing. */
  #wait(
    position: number,
    filter: FeedFilter,
    idle: (wake: () => void) => () => void,
    signal: AbortSignal,
  ): Promise<{ readonly position: number; readonly woken: boolean }> {
    return new Promise((resolve) => {
      const finish = (woken: boolean): void => {
        this.#waiters.delete(waiter)
        signal.removeEventListener('abort', wake)
        stop()
        resolve({ position: waiter.position, woken })
      }
      const wake = (): void => finish(true)
      const waiter: Waiter = { filter, position, wake }
      const stop = idle(() => finish(false))
      this.#waiters.add(waiter)
      signal.addEventListener('abort', wake)
    })
  }

  /** The commits that hold what comes after this number, when they are all still kept. */
  #kept(after: number): readonly Recent[] | undefined {
    const recent = this.#recent
    const [oldest] = recent
    if (oldest === undefined || after < firstNumber(oldest) - 1) return undefined
    let [low, high] = [0, recent.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((recent[middle] as Recent).last > after) high = middle
      else low = middle + 1
    }
    return recent.slice(low)
  }
}

const countOf = (recent: Recent): number => recent.entries.reduce((sum, entry) => sum + entry.events.length, 0)
const firstNumber = (recent: Recent): number => recent.last - countOf(recent) + 1

function select(
  kept: readonly Recent[],
  after: number,
  filter: FeedFilter,
  limit: number,
): { records: EventRecord[]; upTo: number } {
  const records: EventRecord[] = []
  let upTo = after
  for (const recent of kept) {
    if (matches(recent, filter)) {
      for (const record of recordsOf(recent)) {
        if (record.number <= after) continue
        if (records.length >= limit) return { records, upTo }
        records.push(record)
        upTo = record.number
      }
    }
    upTo = recent.last
  }
  return { records, upTo }
}

function* recordsOf(recent: Recent): Iterable<EventRecord> {
  let number = firstNumber(recent)
  for (const entry of recent.entries) {
    let seq = entry.seq - entry.events.length + 1
    for (const event of entry.events) {
      yield { number, runId: recent.runId, seq, at: entry.at, actor: entry.actor, event }
      number += 1
      seq += 1
    }
  }
}

const matches = (recent: Omit<Recent, 'entries' | 'last'>, filter: FeedFilter): boolean =>
  (filter.runId === undefined || filter.runId === recent.runId) &&
  (filter.pipelineId === undefined || filter.pipelineId === recent.pipelineId) &&
  (filter.projectIds === undefined || filter.projectIds.includes(recent.projectId))
