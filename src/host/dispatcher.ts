import { jobOf } from '../engine/job.ts'
import { taskAt, taskPlan, type Run } from '../engine/run.ts'
import type { AttemptResult } from '../model/command.ts'
import type { Actor } from '../model/event.ts'
import type { RunId } from '../model/id.ts'
import type { Job } from '../model/job.ts'
import type { Instant } from '../model/time.ts'
import { Line, type Offer } from './line.ts'
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

type Attempt = Pick<Job, 'runId' | 'node' | 'attempt' | 'fence'>

interface Seat {
  readonly runner: Runner
  /** Leases that are being committed. */
  leasing: number
  /** What the runner was given and has not ended, by {@link nameOf}. */
  readonly held: Map<string, Attempt>
}

interface Standing {
  /** Place in its line from 1, or null when it does not wait. */
  readonly position: number | null
  /** Whether any runner there is could do it. */
  readonly capable: boolean
}

/**
 * Hands queued attempts to runners, first come, first served among those that a runner can do. The engine has the
 * last word: an offer is taken by the command `lease-attempt`, and work begins only when that is durable.
 */
export class Dispatcher {
  readonly #live: LiveRuns
  readonly #verbatim: (uses: string) => readonly string[]
  readonly #lines = new Map<string, Line>()
  /** The lines that a run's nodes wait in, so that it can be withdrawn. */
  readonly #waiting = new Map<RunId, Map<number, Line>>()
  readonly #runners = new Map<string, Seat>()
  #dispatching = false
  #changed = false

  constructor(live: LiveRuns, verbatim: (uses: string) => readonly string[]) {
    this.#live = live
    this.#verbatim = verbatim
  }

  add(runner: Runner): void {
    this.#runners.set(runner.name, { runner, leasing: 0, held: new Map() })
    this.#dispatch()
  }

  /** It gets nothing more. What it holds it may still end; what it is asked to cancel is lost. */
  remove(name: string): void {
    this.#runners.delete(name)
  }

  offer(run: Run, node: number, attempt: number, since: Instant): void {
    const { labels } = taskPlan(run.plan, node).spec
    const name = lineName(labels)
    let line = this.#lines.get(name)
    if (line === undefined) this.#lines.set(name, (line = new Line(labels)))
    let lines = this.#waiting.get(run.id)
    if (lines === undefined) this.#waiting.set(run.id, (lines = new Map<number, Line>()))
    lines.set(node, line)
    line.add({ runId: run.id, node, attempt, since })
    this.#dispatch()
  }

  /** The run has ended: nothing of it waits any more. */
  withdraw(runId: RunId): void {
    for (const [node, line] of this.#waiting.get(runId) ?? []) this.#drop(line, { runId, node })
  }

  cancel(run: Run, node: number, fence: number): void {
    const name = nameOf({ runId: run.id, node, fence })
    for (const { runner, held } of this.#runners.values()) {
      const attempt = held.get(name)
      if (attempt !== undefined) {
        runner.cancel(attempt)
        return
      }
    }
    // A runner that is there has ended it, and its report is on the way.
    const state = taskAt(run, node)
    if (state.fence !== fence || state.runner === null || this.#runners.has(state.runner)) return
    this.#lose(run.id, node, fence, state.runner, 'its runner is gone')
  }

  clean(runId: RunId): void {
    for (const { runner } of this.#runners.values()) runner.clean(runId)
  }

  /** A runner has ended an attempt and no process of it is left. Said twice, it changes nothing. */
  ended(runnerName: string, attempt: Pick<Job, 'runId' | 'node' | 'fence'>, result: AttemptResult): void {
    const command = { type: 'report-attempt', node: attempt.node, fence: attempt.fence, result } as const
    this.#live.report(attempt.runId, command, actorOf(runnerName))
    this.#release(runnerName, attempt)
  }

  /** A runner died while it held an attempt. */
  lost(runnerName: string, attempt: Pick<Job, 'runId' | 'node' | 'fence'>, reason: string): void {
    this.#lose(attempt.runId, attempt.node, attempt.fence, runnerName, reason)
    this.#release(runnerName, attempt)
  }

  /** Where the tasks of a run stand that wait for a runner. Looks once at the lines they wait in. */
  standings(run: Run): (node: number) => Standing {
    const positions = new Map<number, number>()
    for (const line of new Set(this.#waiting.get(run.id)?.values())) {
      let position = 0
      for (const offer of line) {
        if (!this.#isOpen(offer)) continue
        position += 1
        if (offer.runId === run.id) positions.set(offer.node, position)
      }
    }
    return (node) => {
      const { labels } = taskPlan(run.plan, node).spec
      const capable = [...this.#runners.values()].some(({ runner }) => hasLabels(runner, labels))
      return { position: positions.get(node) ?? null, capable }
    }
  }

  runners(): readonly {
    readonly name: string
    readonly labels: readonly string[]
    readonly slots: number
    readonly busy: number
  }[] {
    return [...this.#runners.values()].map((seat) => ({
      name: seat.runner.name,
      labels: seat.runner.labels,
      slots: seat.runner.slots,
      busy: busyOf(seat),
    }))
  }

  /** How many offers are kept, those included that the engine will refuse. */
  waiting(): number {
    return [...this.#lines.values()].reduce((sum, line) => sum + line.size, 0)
  }

  /** A lease that is refused frees its slot at once: that is seen by this loop, not by another one on top of it. */
  #dispatch(): void {
    this.#changed = true
    if (this.#dispatching) return
    this.#dispatching = true
    try {
      while (this.#changed) {
        this.#changed = false
        for (const seat of this.#runners.values()) this.#fill(seat)
      }
    } finally {
      this.#dispatching = false
    }
  }

  #fill(seat: Seat): void {
    while (busyOf(seat) < seat.runner.slots) {
      const offer = this.#next(seat.runner)
      if (offer === undefined) return
      this.#lease(seat, offer)
    }
  }

  #next(runner: Runner): Offer | undefined {
    let found: { readonly line: Line; readonly offer: Offer } | undefined
    for (const line of this.#lines.values()) {
      if (!hasLabels(runner, line.labels)) continue
      const offer = line.first()
      if (offer !== undefined && (found === undefined || offer.since < found.offer.since)) found = { line, offer }
    }
    if (found !== undefined) this.#drop(found.line, found.offer)
    return found?.offer
  }

  #drop(line: Line, offer: Pick<Offer, 'runId' | 'node'>): void {
    line.withdraw(offer)
    if (line.size === 0) this.#lines.delete(lineName(line.labels))
    const lines = this.#waiting.get(offer.runId)
    lines?.delete(offer.node)
    if (lines?.size === 0) this.#waiting.delete(offer.runId)
  }

  #isOpen({ runId, node, attempt }: Offer): boolean {
    const run = this.#live.peek(runId)
    if (run?.phase !== 'live' || run.pausedAt !== null || run.cancelling !== null) return false
    const state = taskAt(run, node)
    return state.status === 'queued' && state.attempt === attempt
  }

  #lease(seat: Seat, offer: Offer): void {
    const { name } = seat.runner
    seat.leasing += 1
    const command = { type: 'lease-attempt', node: offer.node, attempt: offer.attempt, runner: name } as const
    this.#live.report(offer.runId, command, actorOf(name), (outcome) => {
      seat.leasing -= 1
      if (outcome?.ok === true) this.#start(seat, outcome.run, offer)
      else this.#dispatch()
    })
  }

  #start(seat: Seat, run: Run, { runId, node, attempt }: Offer): void {
    const { name } = seat.runner
    const { fence } = taskAt(run, node)
    if (this.#runners.get(name) !== seat) {
      this.#lose(runId, node, fence, name, 'its runner went away')
      return
    }
    const leased = { runId, node, attempt, fence }
    seat.held.set(nameOf(leased), leased)
    try {
      seat.runner.start(jobOf(run, node, this.#verbatim(usesOf(run, node))))
    } catch (error) {
      const reason = `it could not be given to ${name}: ${error instanceof Error ? error.message : String(error)}`
      this.ended(name, leased, { kind: 'failed', failure: { kind: 'internal', reason }, outputs: null })
    }
  }

  #release(runnerName: string, attempt: Pick<Attempt, 'runId' | 'node' | 'fence'>): void {
    if (this.#runners.get(runnerName)?.held.delete(nameOf(attempt)) === true) this.#dispatch()
  }

  #lose(runId: RunId, node: number, fence: number, runnerName: string, reason: string): void {
    this.#live.report(runId, { type: 'lose-attempt', node, fence, reason }, actorOf(runnerName))
  }
}

const busyOf = ({ leasing, held }: Seat): number => leasing + held.size

const nameOf = ({ runId, node, fence }: Pick<Attempt, 'runId' | 'node' | 'fence'>): string =>
  `${runId}/${node}/${fence}`

const lineName = (labels: readonly string[]): string => labels.toSorted().join('\n')

const actorOf = (name: string): Actor => ({ kind: 'runner', name })

const hasLabels = (runner: Runner, labels: readonly string[]): boolean =>
  labels.every((label) => runner.labels.includes(label))

function usesOf(run: Run, node: number): string {
  const { work } = taskPlan(run.plan, node).spec
  return work.kind === 'runner' ? work.uses : ''
}
