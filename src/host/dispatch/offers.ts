import type { RunId } from '../../model/id.ts'
import type { Priority } from '../../model/priority.ts'
import type { Instant } from '../../model/time.ts'
import { inOrder, nextOf, passedAfter, type Share } from './fairness.ts'
import { Line, type LineKind, type Offer } from './line.ts'
import { Lines } from './lines.ts'
import { hasLabels } from './runner.ts'

interface Claimer {
  readonly name: string
  readonly labels: readonly string[]
}

/** What waits for runners: which line each offer stands in, and whose turn it is. */
export class Offers {
  readonly #share: (project: string) => Share
  readonly #pinned: (runId: RunId, labels: readonly string[]) => readonly string[]
  readonly #lines = new Lines()
  /** The lines that a run's nodes wait in, so that it can be withdrawn. */
  readonly #byRun = new Map<RunId, Map<number, Line>>()

  /**
   * @param share what a project has of the places
   * @param pinned the runners that alone may take what waits of a run; none: any that has the labels
   */
  constructor(
    share: (project: string) => Share,
    pinned: (runId: RunId, labels: readonly string[]) => readonly string[],
  ) {
    this.#share = share
    this.#pinned = pinned
  }

  /** Those included that the engine will refuse. */
  get size(): number {
    return [...this.#lines].reduce((sum, line) => sum + line.size, 0)
  }

  /** What waits, by the labels that it needs. */
  depths(): readonly { readonly labels: readonly string[]; readonly size: number }[] {
    const depths = new Map<string, { readonly labels: readonly string[]; size: number }>()
    for (const { kind, size } of this.#lines) {
      const name = kind.labels.toSorted().join('\n')
      const depth = depths.get(name)
      if (depth === undefined) depths.set(name, { labels: kind.labels, size })
      else depth.size += size
    }
    return [...depths.values()]
  }

  /** In place of what waits of an earlier attempt of the same node. */
  add(kind: Omit<LineKind, 'homes'>, offer: Offer): void {
    const line = this.#lines.of({ ...kind, homes: this.#pinned(offer.runId, kind.labels) })
    let lines = this.#byRun.get(offer.runId)
    if (lines === undefined) this.#byRun.set(offer.runId, (lines = new Map<number, Line>()))
    const before = lines.get(offer.node)
    lines.set(offer.node, line)
    line.add(offer)
    if (before === undefined || before === line) return
    before.withdraw(offer)
    this.#lines.tidy(before)
  }

  /** Takes out what this runner is to do next. */
  take(runner: Claimer): Claim | undefined {
    const claims: Claim[] = []
    for (const line of this.#lines.for(runner.name)) {
      if (!hasLabels(runner, line.kind.labels)) continue
      const offer = line.first()
      if (offer !== undefined) claims.push(claimOf(line)(offer))
    }
    const next = nextOf(claims, this.#share)
    if (next === undefined) return undefined
    for (const claim of claims) claim.line.passed = passedAfter(claim, next)
    this.#drop(next.line, next.offer)
    return next
  }

  /** What waits of this node, if anything does. */
  drop(offer: Pick<Offer, 'runId' | 'node'>): void {
    const line = this.#byRun.get(offer.runId)?.get(offer.node)
    if (line !== undefined) this.#drop(line, offer)
  }

  /** Everything of a run. */
  withdraw(runId: RunId): void {
    for (const [node, line] of this.#byRun.get(runId) ?? []) this.#drop(line, { runId, node })
  }

  #drop(line: Line, offer: Pick<Offer, 'runId' | 'node'>): void {
    line.withdraw(offer)
    this.#lines.tidy(line)
    const lines = this.#byRun.get(offer.runId)
    lines?.delete(offer.node)
    if (lines?.size === 0) this.#byRun.delete(offer.runId)
  }

  /**
   * Puts offers where they belong now that other runners are there, or have their workspace; the oldest first, as ever.
   * @param runId of this run only
   */
  sort(runId?: RunId): void {
    const lines = runId === undefined ? [...this.#lines] : [...new Set(this.#byRun.get(runId)?.values())]
    const moved: { readonly kind: LineKind; readonly offer: Offer }[] = []
    for (const line of lines) {
      for (const offer of line) {
        if (runId !== undefined && offer.runId !== runId) continue
        const homes = this.#pinned(offer.runId, line.kind.labels)
        if (Line.nameOf({ ...line.kind, homes }) !== line.name) moved.push({ kind: line.kind, offer })
      }
    }
    if (moved.length === 0) return
    const into = new Set<Line>()
    for (const { kind, offer } of moved) {
      this.add(kind, offer)
      const line = this.#byRun.get(offer.runId)?.get(offer.node)
      if (line !== undefined) into.add(line)
    }
    for (const line of into) line.sort()
  }

  /**
   * The place of each node of a run that waits, from 1, among all that the same runners may take.
   * @param isOpen whether it waits for nothing but a runner
   */
  positions(runId: RunId, runners: readonly Claimer[], isOpen: (offer: Offer) => boolean): ReadonlyMap<number, number> {
    const positions = new Map<number, number>()
    const lines = this.#byRun.get(runId)
    for (const line of new Set(lines?.values())) {
      for (const [ahead, offer] of this.#before(line, runners, isOpen).entries()) {
        if (offer.runId === runId && lines?.get(offer.node) === line) positions.set(offer.node, ahead + 1)
      }
    }
    return positions
  }

  /** What waits in this line, and what waits for the same runners in others, in the order in which it is taken. */
  #before(line: Line, runners: readonly Claimer[], isOpen: (offer: Offer) => boolean): readonly Offer[] {
    const takers = ({ kind }: Line): readonly Claimer[] =>
      runners.filter((runner) => hasLabels(runner, kind.labels) && isFor(kind, runner))
    const own = takers(line)
    const lines = [...this.#lines].filter(
      (other) => other === line || takers(other).some((runner) => own.includes(runner)),
    )
    const open = lines.flatMap((other) => [...other].filter(isOpen).map(claimOf(other)))
    return inOrder(open, this.#share).map(({ offer }) => offer)
  }
}

interface Claim {
  readonly line: Line
  readonly offer: Offer
  readonly priority: Priority
  readonly project: string
  readonly since: Instant
  readonly passed: number
}

const claimOf =
  (line: Line) =>
  (offer: Offer): Claim => ({
    line,
    offer,
    priority: line.kind.priority,
    project: line.kind.project,
    since: offer.since,
    passed: line.passed,
  })

const isFor = ({ homes }: Pick<LineKind, 'homes'>, { name }: { readonly name: string }): boolean =>
  homes.length === 0 || homes.includes(name)
