import type { RunId } from '../../model/id.ts'
import { PRIORITIES, type Priority } from '../../model/priority.ts'
import type { Instant } from '../../model/time.ts'
import { type Claimant, nextOf, passedAfter } from '../dispatch/fairness.ts'

interface Queued {
  readonly id: RunId
  readonly priority: Priority
  readonly queuedAt: Instant
}

/** Runs of one group that wait for their turn, by priority and then by arrival. What a step costs does not grow. */
export class TurnQueue<Member extends Queued> {
  readonly #queues = new Map<Priority, Map<RunId, Member>>(PRIORITIES.map((priority) => [priority, new Map()]))
  readonly #passed = new Map<Priority, number>()

  get size(): number {
    return [...this.#queues.values()].reduce((sum, { size }) => sum + size, 0)
  }

  get(id: RunId): Member | undefined {
    for (const queue of this.#queues.values()) {
      const member = queue.get(id)
      if (member !== undefined) return member
    }
    return undefined
  }

  has(id: RunId): boolean {
    return this.get(id) !== undefined
  }

  add(member: Member): void {
    this.#queues.get(member.priority)?.set(member.id, member)
  }

  delete(id: RunId): void {
    for (const queue of this.#queues.values()) queue.delete(id)
  }

  clear(): void {
    for (const queue of this.#queues.values()) queue.clear()
  }

  /** Whose turn is next (fairness.ts); it stays where it is. */
  first(): Member | undefined {
    return nextOf(this.#claims(), () => ({ busy: 0, last: 0 }))?.member
  }

  /** The turn of the one that was the first has come. */
  take(member: Member): void {
    const claims = this.#claims()
    const taken = claims.find((claim) => claim.member === member)
    for (const claim of taken === undefined ? [] : claims) {
      this.#passed.set(claim.priority, passedAfter(claim, taken ?? claim))
    }
    this.delete(member.id)
  }

  #claims(): readonly (Claimant & { readonly member: Member })[] {
    return [...this.#queues].flatMap(([priority, queue]) => {
      const [member] = queue.values()
      const passed = this.#passed.get(priority) ?? 0
      return member === undefined ? [] : [{ member, priority, project: '', since: member.queuedAt, passed }]
    })
  }

  /** The highest priority first, and within each the first to come. */
  *values(): Generator<Member> {
    for (const queue of this.#queues.values()) yield* queue.values()
  }
}
