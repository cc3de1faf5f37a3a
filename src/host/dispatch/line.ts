import type { RunId } from '../../model/id.ts'
import type { Priority } from '../../model/priority.ts'
import type { Instant } from '../../model/time.ts'

/** An attempt that waits for a runner. */
export interface Offer {
  readonly runId: RunId
  readonly node: number
  readonly attempt: number
  readonly since: Instant
}

/** What offers of one line have in common. */
export interface LineKind {
  /** What a runner must have. */
  readonly labels: readonly string[]
  /** Names of the runners that have the workspace of their run: nobody else may take them. Empty: anyone may. */
  readonly homes: readonly string[]
  readonly priority: Priority
  readonly project: string
}

/**
 * Offers of one project and priority that the same runners may take, first come first, one per node. Taking the first
 * and withdrawing any costs the same however many wait: one iterator goes on where it was, as a new one would pass over
 * all that were taken before.
 */
export class Line {
  readonly kind: LineKind
  readonly name: string
  /** See {@link Claimant}. */
  passed = 0
  readonly #offers = new Map<string, Offer>()
  #order = this.#offers.values()
  #first: Offer | undefined

  constructor(kind: LineKind) {
    this.kind = kind
    this.name = Line.nameOf(kind)
  }

  /** The same for the same kind. */
  static nameOf({ labels, homes, priority, project }: LineKind): string {
    return `${labels.toSorted().join('\n')}\0${homes.toSorted().join('\n')}\0${priority}\0${project}`
  }

  get size(): number {
    return this.#offers.size
  }

  /** In its place already when the same attempt waits; another attempt of the node goes to the end. */
  add(offer: Offer): void {
    const name = nameOf(offer)
    if (this.#offers.get(name)?.attempt === offer.attempt) return
    this.#offers.delete(name)
    this.#offers.set(name, offer)
  }

  first(): Offer | undefined {
    while (this.#offers.size > 0) {
      if (this.#first !== undefined && this.#offers.get(nameOf(this.#first)) === this.#first) return this.#first
      const { done, value } = this.#order.next()
      // It had come to the end before these were added.
      if (done === true) this.#order = this.#offers.values()
      this.#first = value
    }
    return undefined
  }

  withdraw(offer: Pick<Offer, 'runId' | 'node'>): void {
    this.#offers.delete(nameOf(offer))
  }

  /** Oldest first, after some were added that have waited elsewhere. */
  sort(): void {
    const sorted = [...this.#offers.values()].toSorted((left, right) => left.since - right.since)
    this.#offers.clear()
    for (const offer of sorted) this.#offers.set(nameOf(offer), offer)
    this.#order = this.#offers.values()
    this.#first = undefined
  }

  [Symbol.iterator](): Iterator<Offer> {
    return this.#offers.values()
  }
}

const nameOf = ({ runId, node }: Pick<Offer, 'runId' | 'node'>): string => `${runId}/${node}`
