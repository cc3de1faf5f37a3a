import type { RunId } from '../../model/id.ts'

/** Which runners have a workspace of which run: its tasks go there while one of them is there. */
export class Homes {
  readonly #homes = new Map<RunId, readonly string[]>()

  /** Names of runners, the first first. */
  of(runId: RunId): readonly string[] {
    return this.#homes.get(runId) ?? []
  }

  /** @returns whether it had none there before. */
  add(runId: RunId, runner: string): boolean {
    const homes = this.of(runId)
    if (homes.includes(runner)) return false
    this.#homes.set(runId, [...homes, runner])
    return true
  }

  /** The workspaces of this runner are gone, or nobody can get at them. */
  drop(runner: string): void {
    for (const [runId, homes] of this.#homes) {
      const left = homes.filter((home) => home !== runner)
      if (left.length === 0) this.#homes.delete(runId)
      else if (left.length < homes.length) this.#homes.set(runId, left)
    }
  }

  forget(runId: RunId): void {
    this.#homes.delete(runId)
  }
}
