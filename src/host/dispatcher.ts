import { jobOf } from '../engine/job.ts'
import { taskPlan, type Run } from '../engine/run.ts'
import type { AttemptResult } from '../model/command.ts'
import type { Actor } from '../model/event.ts'
import type { RunId } from '../model/id.ts'
import type { Job } from '../model/job.ts'
import type { Instant } from '../model/time.ts'
import type { LiveRuns } from './live.ts'

/** A runner as the dispatcher sees it. `start` and `cancel` do not wait; reports come back through {@link Dispatcher}. */
export interface Runner {
  readonly name: string
  readonly labels: readonly string[]
  /** Attempts it does at once. */
  readonly slots: number
  start(job: Job): void
  cancel(attempt: {
    readonly runId: RunId
    readonly node: number
    readonly attempt: number
    readonly fence: number
  }): void
  /** The run has ended: its workspace may go. */
  clean(runId: RunId): void
}

interface Offer {
  readonly runId: RunId
  readonly node: number
  readonly attempt: number
  readonly since: Instant
}

/** Offers that ask for the same labels wait in one line. */
interface Line {
  readonly labels: readonly string[]
  readonly offers: Offer[]
}

/**
 * Hands queued attempts to runners, first come, first served among those that a runner can do. The engine has the
 * last word: an offer is taken by the command `lease-attempt`, and work begins only when that is durable.
 */
export class Dispatcher {
  readonly #live: LiveRuns
  readonly #verbatim: (uses: string) => readonly string[]
  readonly #lines = new Map<string, Line>()
  readonly #runners = new Map<string, { readonly runner: Runner; busy: number }>()

  constructor(live: LiveRuns, verbatim: (uses: string) => readonly string[]) {
    this.#live = live
    this.#verbatim = verbatim
  }

  add(runner: Runner): void {
    this.#runners.set(runner.name, { runner, busy: 0 })
    this.#dispatch()
  }

  remove(name: string): void {
    this.#runners.delete(name)
  }

  offer(run: Run, node: number, attempt: number, since: Instant): void {
    const { labels } = taskPlan(run.plan, node).spec
    const key = labels.toSorted().join('\n')
    let line = this.#lines.get(key)
    if (line === undefined) this.#lines.set(key, (line = { labels, offers: [] }))
    line.offers.push({ runId: run.id, node, attempt, since })
    this.#dispatch()
  }

  cancel(run: Run, node: number, attempt: number, fence: number, runnerName: string): void {
    const held = this.#runners.get(runnerName)
    if (held === undefined) {
      this.#lose(run.id, node, fence, runnerName, 'its runner is gone')
      return
    }
    held.runner.cancel({ runId: run.id, node, attempt, fence })
  }

  clean(runId: RunId): void {
    for (const { runner } of this.#runners.values()) runner.clean(runId)
  }

  /** A runner has ended an attempt and no process of it is left. */
  ended(runnerName: string, attempt: Pick<Job, 'runId' | 'node' | 'fence'>, result: AttemptResult): void {
    this.#release(runnerName)
    const command = { type: 'report-attempt', node: attempt.node, fence: attempt.fence, result } as const
    this.#live.report(attempt.runId, command, actorOf(runnerName))
  }

  /** A runner died while it held an attempt. */
  lost(runnerName: string, attempt: Pick<Job, 'runId' | 'node' | 'fence'>, reason: string): void {
    this.#release(runnerName)
    this.#lose(attempt.runId, attempt.node, attempt.fence, runnerName, reason)
  }

  /** Place in its line from 1, or null when it does not wait; and whether any runner could do it. */
  standing(run: Run, node: number): { readonly position: number | null; readonly capable: boolean } {
    const { labels } = taskPlan(run.plan, node).spec
    const line = this.#lines.get(labels.toSorted().join('\n'))
    const place = line?.offers.findIndex((offer) => offer.runId === run.id && offer.node === node) ?? -1
    const capable = [...this.#runners.values()].some(({ runner }) => hasLabels(runner, labels))
    return { position: place < 0 ? null : place + 1, capable }
  }

  runners(): readonly {
    readonly name: string
    readonly labels: readonly string[]
    readonly slots: number
    readonly busy: number
  }[] {
    return [...this.#runners.values()].map(({ runner, busy }) => ({
      name: runner.name,
      labels: runner.labels,
      slots: runner.slots,
      busy,
    }))
  }

  #dispatch(): void {
    for (const held of this.#runners.values()) {
      while (held.busy < held.runner.slots) {
        const offer = this.#next(held.runner)
        if (offer === undefined) break
        held.busy += 1
        this.#lease(held.runner, offer)
      }
    }
  }

  #next(runner: Runner): Offer | undefined {
    let first: Line | undefined
    for (const line of this.#lines.values()) {
      const [offer] = line.offers
      if (offer === undefined || !hasLabels(runner, line.labels)) continue
      if (first === undefined || offer.since < (first.offers[0]?.since ?? 0)) first = line
    }
    return first?.offers.shift()
  }

  #lease(runner: Runner, offer: Offer): void {
    const command = { type: 'lease-attempt', node: offer.node, attempt: offer.attempt, runner: runner.name } as const
    const taken = this.#live.report(offer.runId, command, actorOf(runner.name), (outcome) => {
      if (outcome.ok) runner.start(jobOf(outcome.run, offer.node, this.#verbatim(usesOf(outcome.run, offer.node))))
      else this.#release(runner.name)
    })
    if (!taken) this.#release(runner.name)
  }

  #release(runnerName: string): void {
    const held = this.#runners.get(runnerName)
    if (held !== undefined && held.busy > 0) held.busy -= 1
    this.#dispatch()
  }

  #lose(runId: RunId, node: number, fence: number, runnerName: string, reason: string): void {
    this.#live.report(runId, { type: 'lose-attempt', node, fence, reason }, actorOf(runnerName))
  }
}

const actorOf = (name: string): Actor => ({ kind: 'runner', name })

const hasLabels = (runner: Runner, labels: readonly string[]): boolean =>
  labels.every((label) => runner.labels.includes(label))

function usesOf(run: Run, node: number): string {
  const { work } = taskPlan(run.plan, node).spec
  return work.kind === 'runner' ? work.uses : ''
}
