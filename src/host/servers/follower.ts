import type { NumberedEntry, Shared } from '../../store/store.ts'
import type { RunId } from '../../model/id.ts'
import type { LogEntry } from '../../model/event.ts'
import type { DurationMs, Instant } from '../../model/time.ts'

interface Dependencies {
  readonly shared: Pick<Shared, 'entriesAfter'>
  readonly now: () => Instant
  /** Up to which number all has been told of. */
  readonly last: () => number
  /** Nothing up to this number is to be told any more. */
  readonly passed: (number: number) => void
  /** Entries of one run, one behind the other in the log. */
  readonly follow: (runId: RunId, entries: readonly LogEntry[], lastNumber: number) => Promise<void>
  readonly onDefect: (error: unknown) => void
}

const PAGE = 1_000
/** What was not held against the log for longer than this is not given as what is. */
export const STALE_MS: DurationMs = 2_500

/**
 * Follows the log of a store that other servers write to as well: whatever is in it is told of here, in the order of its
 * numbers, be it our own or others'. Also knows how fresh what this server has in memory is.
 */
export class Follower {
  readonly #deps: Dependencies
  #reading: Promise<void> | undefined
  #next: Promise<void> | undefined
  #currentAt: Instant

  constructor(deps: Dependencies) {
    this.#deps = deps
    this.#currentAt = deps.now()
  }

  /** Everything that was committed before this call has been told of when it resolves. @throws StoreError */
  catchUp(): Promise<void> {
    if (this.#reading === undefined) return this.#read()
    // What is being read now may have been asked for before the newest commit.
    this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.#read()
      })
    return this.#next
  }

  /** Somebody has committed up to this number. */
  heard(number: number): void {
    if (number <= this.#deps.last()) return
    // A store that does not answer is asked again by the next beat.
    this.catchUp().catch(() => undefined)
  }

  /** Up to which number all has been told of. */
  last(): number {
    return this.#deps.last()
  }

  /** Whether what is in memory was the newest a moment ago. */
  isCurrent(): boolean {
    // A clock that was set back says nothing.
    return Math.abs(this.#deps.now() - this.#currentAt) <= STALE_MS
  }

  /** The log had no more than we have told of, at this instant. */
  confirmed(at: Instant): void {
    this.#currentAt = at
  }

  #read(): Promise<void> {
    const reading = this.#readAll().finally(() => {
      if (this.#reading === reading) this.#reading = undefined
    })
    this.#reading = reading
    return reading
  }

  async #readAll(): Promise<void> {
    const { shared, last, now } = this.#deps
    for (;;) {
      const at = now()
      const entries = await shared.entriesAfter(last(), PAGE)
      await this.#tell(entries)
      if (entries.length < PAGE) return this.confirmed(at)
    }
  }

  async #tell(entries: readonly NumberedEntry[]): Promise<void> {
    const { follow, last, onDefect, passed } = this.#deps
    for (let at = 0; at < entries.length;) {
      const { runId } = entries[at] as NumberedEntry
      let end = at + 1
      while (end < entries.length && follows(entries[end - 1] as NumberedEntry, entries[end] as NumberedEntry)) end += 1
      const group = entries.slice(at, end)
      at = end
      const first = group[0] as NumberedEntry
      const { lastNumber } = group.at(-1) as NumberedEntry
      // Numbers that the log does not have are of runs that were taken away.
      passed(first.lastNumber - first.entry.events.length)
      try {
        await follow(
          runId,
          group.map(({ entry }) => entry),
          lastNumber,
        )
      } catch (error) {
        // One run that cannot be read keeps no other from being followed.
        onDefect(error)
      }
      if (last() < lastNumber) passed(lastNumber)
    }
  }
}

const follows = (before: NumberedEntry, next: NumberedEntry): boolean =>
  before.runId === next.runId && before.lastNumber + next.entry.events.length === next.lastNumber
