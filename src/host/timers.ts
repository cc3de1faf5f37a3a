import type { RunId } from '../model/id.ts'
import type { Instant } from '../model/time.ts'
import type { Clock } from './clock.ts'

interface Entry {
  readonly at: Instant
  readonly key: string
  readonly runId: RunId
  readonly node: number | null
}

/**
 * Deadlines of all live runs, in memory: after a restart they are armed again from the runs (engine/effects.ts).
 * One timer of the clock for the earliest; a later arming of the same node replaces the one before.
 */
export class Timers {
  readonly #clock: Clock
  readonly #fire: (runId: RunId, node: number | null) => void
  /** A binary heap by `at`; an entry that is no longer the armed one is dropped when it comes up. */
  readonly #heap: Entry[] = []
  readonly #armed = new Map<string, Entry>()
  #stop: () => void = () => undefined
  #wakeAt: Instant = Number.POSITIVE_INFINITY

  constructor(clock: Clock, fire: (runId: RunId, node: number | null) => void) {
    this.#clock = clock
    this.#fire = fire
  }

  arm(runId: RunId, node: number | null, at: Instant): void {
    const key = `${runId}/${node ?? ''}`
    const entry: Entry = { at, key, runId, node }
    this.#armed.set(key, entry)
    this.#push(entry)
    this.#wake()
  }

  close(): void {
    this.#stop()
    this.#heap.length = 0
    this.#armed.clear()
  }

  #wake(): void {
    const first = this.#heap[0]
    if (first === undefined || first.at >= this.#wakeAt) return
    this.#stop()
    this.#wakeAt = first.at
    this.#stop = this.#clock.at(first.at, () => this.#due())
  }

  #due(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY
    const now = this.#clock.now()
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#pop()
      if (this.#armed.get(first.key) !== first) continue
      this.#armed.delete(first.key)
      this.#fire(first.runId, first.node)
    }
    this.#wake()
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let place = heap.length
    heap.push(entry)
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above] as Entry
      if (parent.at <= entry.at) break
      heap[place] = parent
      place = above
    }
    heap[place] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let place = 0
    for (;;) {
      let below = place * 2 + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && (heap[below + 1] as Entry).at < (heap[below] as Entry).at) below += 1
      if ((heap[below] as Entry).at >= last.at) break
      heap[place] = heap[below] as Entry
      place = below
    }
    heap[place] = last
  }
}
