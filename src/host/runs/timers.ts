import type { RunId } from '../../model/id.ts'
import type { Instant } from '../../model/time.ts'
import type { Clock } from '../clock.ts'

interface Entry {
  readonly at: Instant
  readonly runId: RunId
  readonly node: number | null
}

/** Below this many it does not pay to look for them. */
const DROPPED_MIN = 1_024

/**
 * Deadlines of all live runs, in memory: after a restart they are armed again from the runs (engine/effects.ts).
 * One timer of the clock for the earliest; a later arming of the same node replaces the one before.
 */
export class Timers {
  readonly #clock: Clock
  readonly #fire: (runId: RunId, node: number | null) => void
  /** A binary heap by `at`; an entry that is no longer the armed one is dropped when it comes up, or with many others. */
  #heap: Entry[] = []
  readonly #armed = new Map<RunId, Map<number | null, Entry>>()
  /** Entries of the heap that are no longer armed. */
  #dropped = 0
  #stop: () => void = () => undefined
  #wakeAt: Instant = Number.POSITIVE_INFINITY

  constructor(clock: Clock, fire: (runId: RunId, node: number | null) => void) {
    this.#clock = clock
    this.#fire = fire
  }

  arm(runId: RunId, node: number | null, at: Instant): void {
    const entry: Entry = { at, runId, node }
    let nodes = this.#armed.get(runId)
    if (nodes === undefined) this.#armed.set(runId, (nodes = new Map<number | null, Entry>()))
    const replaces = nodes.has(node)
    nodes.set(node, entry)
    if (replaces) this.#drop(1)
    this.#push(entry)
    this.#wake()
  }

  /** Whether it comes due in this time, inclusive. */
  isArmed(runId: RunId, node: number | null, from: Instant, to: Instant): boolean {
    const at = this.#armed.get(runId)?.get(node)?.at
    return at !== undefined && at >= from && at <= to
  }

  /** The run has ended: nothing of it comes due, and a deadline in a year holds no memory until then. */
  forget(runId: RunId): void {
    const count = this.#armed.get(runId)?.size
    if (count === undefined) return
    this.#armed.delete(runId)
    this.#drop(count)
  }

  /** Entries in memory, those among them that will not come due. */
  size(): { readonly entries: number; readonly dropped: number } {
    return { entries: this.#heap.length, dropped: this.#dropped }
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
      if (this.#disarm(first)) this.#fire(first.runId, first.node)
      else this.#dropped -= 1
    }
    this.#wake()
  }

  #stands(entry: Entry): boolean {
    return this.#armed.get(entry.runId)?.get(entry.node) === entry
  }

  /** @returns false when it was not armed any more. */
  #disarm(entry: Entry): boolean {
    const nodes = this.#armed.get(entry.runId)
    if (nodes?.get(entry.node) !== entry) return false
    nodes.delete(entry.node)
    if (nodes.size === 0) this.#armed.delete(entry.runId)
    return true
  }

  /** More than half of the heap is dropped ones: it is made anew. An array in order is a heap. */
  #drop(count: number): void {
    this.#dropped += count
    if (this.#dropped < DROPPED_MIN || this.#dropped * 2 < this.#heap.length) return
    this.#heap = this.#heap.filter((entry) => this.#stands(entry)).toSorted((left, right) => left.at - right.at)
    this.#dropped = 0
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
