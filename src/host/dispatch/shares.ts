import type { Share } from './fairness.ts'

const NOTHING: Share = { busy: 0, last: 0 }

/** What each project has of the places of this server's runners. */
export class Shares {
  readonly #of = new Map<string, { busy: number; last: number }>()
  #turns = 0

  of(project: string): Share {
    return this.#of.get(project) ?? NOTHING
  }

  /** A place is given to it: its turn is over. */
  take(project: string): void {
    this.hold(project)
    this.#turns += 1
    const share = this.#of.get(project)
    if (share !== undefined) share.last = this.#turns
  }

  /** It has a place which nobody here gave it. */
  hold(project: string): void {
    const share = this.#of.get(project)
    if (share === undefined) this.#of.set(project, { busy: 1, last: 0 })
    else share.busy += 1
  }

  giveBack(project: string): void {
    const share = this.#of.get(project)
    if (share !== undefined && share.busy > 0) share.busy -= 1
  }
}
