import type { Outcome } from '../../engine/advance.ts'
import { isToStop } from '../../engine/effects.ts'
import { jobOf } from '../../engine/job.ts'
import { type Run, taskAt, taskPlan, workAt } from '../../engine/run.ts'
import type { AttemptResult } from '../../model/command.ts'
import type { Actor, LogEntry } from '../../model/event.ts'
import type { RunId } from '../../model/id.ts'
import type { Job, JobRequest } from '../../model/job.ts'
import type { RunnerResult } from '../../model/runner.ts'
import type { Instant } from '../../model/time.ts'
import type { LiveRuns } from '../runs/live.ts'
import type { Resolved } from '../secrets/job-secrets.ts'
import { Homes } from './homes.ts'
import type { LineKind, Offer } from './line.ts'
import { Offers } from './offers.ts'
import { type Attempt, hasLabels, type OtherRunner, type Runner, type Silence, type Taking } from './runner.ts'
import { busyOf, isSilent, nameOf, type Seat } from './seat.ts'
import { Shares } from './shares.ts'
import { hindranceOf, type Standing } from './standings.ts'

/**
 * Hands queued attempts to runners: of those that a runner can do the one whose turn it is by priority and project
 * (fairness.ts), first come first served within these. The engine has the last word: an offer is taken by the command
 * `lease-attempt`, and work begins only when that is durable.
 */
export class Dispatcher {
  readonly #live: LiveRuns
  readonly #verbatim: (uses: string) => readonly string[]
  readonly #resolve: (run: Run, request: JobRequest) => Resolved
  readonly #shares = new Shares()
  readonly #offers = new Offers(
    (project) => this.#shares.of(project),
    (runId, labels) => this.#pinned(runId, labels),
  )
  readonly #runners = new Map<string, Seat>()
  #others: ReadonlyMap<string, OtherRunner> = new Map()
  readonly #later: (work: () => void) => void
  #isSoon = false
  readonly #homes = new Homes()
  #dispatching = false
  #changed = false

  /**
   * @param resolve puts secrets in, in the last moment before a runner gets the job.
   * @param later does it in a few milliseconds: so long the server that has queued an attempt has the first go
   */
  constructor(
    live: LiveRuns,
    verbatim: (uses: string) => readonly string[],
    resolve: (run: Run, request: JobRequest) => Resolved,
    later: (work: () => void) => void = (work) => work(),
  ) {
    this.#live = live
    this.#later = later
    this.#verbatim = verbatim
    this.#resolve = resolve
  }

  /** Again with the name of one that is there: it has other labels or slots from now on, and what it held it holds. */
  add(runner: Runner, taking: Taking = 'all'): void {
    const seat = this.#runners.get(runner.name)
    if (seat === undefined)
      this.#runners.set(runner.name, {
        runner,
        taking,
        leasing: 0,
        held: new Map(),
        ending: new Set(),
      })
    else Object.assign(seat, { runner, taking })
    this.#offers.sort()
    this.#dispatch()
  }

  /** It gets nothing more, and others do the rest of its runs. What it holds it may still end; what it is asked to cancel is lost. */
  remove(name: string): void {
    const seat = this.#runners.get(name)
    if (seat === undefined) return
    this.#runners.delete(name)
    for (const { project } of seat.held.values()) this.#shares.giveBack(project)
    if (!this.#others.has(name)) this.#homes.drop(name)
    this.#offers.sort()
    this.#dispatch()
  }

  /** Those that speak to other servers: what they are at home for is for them, and what waits may wait for them. */
  others(runners: readonly OtherRunner[]): void {
    const before = this.#others
    this.#others = new Map(runners.filter(({ name }) => !this.#runners.has(name)).map((one) => [one.name, one]))
    const isSame =
      before.size === this.#others.size &&
      runners.every(({ name, labels, taking }) => {
        const known = before.get(name)
        return known?.taking === taking && String(known.labels) === String(labels)
      })
    if (isSame) return
    for (const name of before.keys()) if (!this.#others.has(name) && !this.#runners.has(name)) this.#homes.drop(name)
    this.#offers.sort()
    this.#dispatch()
  }

  /** Another server has committed these entries of a run: what waits, is held and is to be stopped here follows them. */
  followed(run: Run, entries: readonly LogEntry[]): void {
    let toStop = false
    for (const { events, at, actor } of entries) {
      for (const event of events) {
        if (event.type === 'TaskQueued') {
          const { node, attempt } = event
          this.#offers.add(kindOf(run, node), { runId: run.id, node, attempt, since: at })
          this.#dispatchSoon()
        } else if (event.type === 'AttemptStarted') this.#begun(run, event.node, event.runner)
        else if (event.type === 'StopRequested' || event.type === 'CancelRequested') toStop = true
        else if (event.type.startsWith('Attempt') && actor.kind === 'runner') this.#endedElsewhere(run, actor.name)
      }
    }
    for (const { runner, held } of this.#runners.values()) {
      for (const { attempt } of held.values()) {
        if (attempt.runId !== run.id) continue
        const { status, fence } = taskAt(run, attempt.node)
        const isOver = run.phase !== 'live' || status !== 'running' || fence !== attempt.fence
        if (isOver || (toStop && isToStop(run, attempt.node))) runner.cancel(attempt)
      }
    }
  }

  #begun(run: Run, node: number, runner: string | null): void {
    this.#offers.drop({ runId: run.id, node })
    if (runner === null) return
    const seat = this.#runners.get(runner)
    if (seat !== undefined || this.#others.has(runner)) this.#settle(run.id, runner)
    const { status, runner: holder, attempt, fence } = taskAt(run, node)
    if (seat === undefined || status !== 'running' || holder !== runner) return
    // It came to us while the server that it had spoken to still gave it this.
    const leased = { runId: run.id, node, attempt, fence }
    if (!this.#hold(seat, run, leased)) return
    this.repeat(runner, leased)
  }

  /** A runner that speaks to us has told another server of the end of an attempt. */
  #endedElsewhere(run: Run, name: string): void {
    for (const attempt of this.held(name)) {
      if (attempt.runId !== run.id) continue
      const { status, fence } = taskAt(run, attempt.node)
      if (status !== 'running' || fence !== attempt.fence) this.#release(name, attempt)
    }
  }

  /** Who has committed it takes it, when it can: the others wait for a moment. */
  #dispatchSoon(): void {
    if (this.#isSoon) return
    this.#isSoon = true
    this.#later(() => {
      this.#isSoon = false
      this.#dispatch()
    })
  }

  /** Says whether a runner that is there gets work. */
  let(name: string, taking: Taking): void {
    const seat = this.#runners.get(name)
    if (seat === undefined || seat.taking === taking) return
    seat.taking = taking
    this.#offers.sort()
    this.#dispatch()
  }

  /** A runner that was silent may take work again. */
  heard(): void {
    this.#dispatch()
  }

  /** A runner that is there has the workspace of this run, of which another server gave it tasks. */
  settle(runId: RunId, name: string): void {
    if (this.#homes.of(runId).some((home) => this.#isThere(home))) return
    this.#settle(runId, name)
    this.#dispatch()
  }

  #isThere(name: string): boolean {
    return this.#runners.has(name) || this.#others.has(name)
  }

  /** An attempt that another server gave to a runner. @returns whether the runner may be there: else it is lost. */
  adopt(name: string, attempt: Attempt): boolean {
    const seat = this.#runners.get(name)
    if (seat === undefined) return false
    const run = this.#live.peek(attempt.runId)
    if (run !== undefined) this.#hold(seat, run, attempt)
    return true
  }

  /** @returns whether it did not already. */
  #hold(seat: Seat, { projectId: project }: Run, attempt: Attempt): boolean {
    const name = nameOf(attempt)
    if (seat.held.has(name) || seat.ending.has(name)) return false
    seat.held.set(name, { attempt, project })
    this.#shares.hold(project)
    return true
  }

  #letGo(seat: Seat | undefined, attempt: Pick<Attempt, 'runId' | 'node' | 'fence'>): boolean {
    const name = nameOf(attempt)
    const held = seat?.held.get(name)
    if (seat === undefined || held === undefined) return false
    seat.held.delete(name)
    this.#shares.giveBack(held.project)
    return true
  }

  /** What a runner holds, as far as is known here. */
  held(name: string): readonly Attempt[] {
    return [...(this.#runners.get(name)?.held.values() ?? [])].map(({ attempt }) => attempt)
  }

  /** Whether a runner holds exactly this attempt. */
  holds(name: string, attempt: Attempt): boolean {
    return this.#runners.get(name)?.held.get(nameOf(attempt))?.attempt.attempt === attempt.attempt
  }

  /** Gives an attempt to its runner once more, which has not got it the first time. */
  repeat(name: string, { runId, node, attempt, fence }: Attempt): void {
    const run = this.#live.peek(runId)
    const seat = this.#runners.get(name)
    if (run === undefined || seat === undefined) return
    const state = taskAt(run, node)
    if (state.status === 'running' && state.fence === fence) this.#start(seat, run, { runId, node, attempt })
    else this.#letGo(seat, { runId, node, fence })
  }

  offer(run: Run, node: number, attempt: number, since: Instant): void {
    this.#offers.add(kindOf(run, node), { runId: run.id, node, attempt, since })
    this.#dispatch()
  }

  /** The run has ended: nothing of it waits any more. */
  withdraw(runId: RunId): void {
    this.#offers.withdraw(runId)
  }

  cancel(run: Run, node: number, fence: number): void {
    const name = nameOf({ runId: run.id, node, fence })
    for (const { runner, held } of this.#runners.values()) {
      const attempt = held.get(name)?.attempt
      if (attempt !== undefined) {
        runner.cancel(attempt)
        return
      }
    }
    // A runner that is there has ended it, and its report is on the way.
    const state = taskAt(run, node)
    if (state.fence !== fence || state.runner === null || this.#isThere(state.runner)) return
    this.#lose(run.id, node, fence, state.runner, 'its runner is gone')
  }

  clean(runId: RunId): void {
    this.#homes.forget(runId)
    for (const { runner } of this.#runners.values()) runner.clean(runId)
  }

  /** A runner has ended an attempt and no process of it is left. Said twice, it changes nothing. */
  ended(runnerName: string, attempt: Pick<Job, 'runId' | 'node' | 'fence'>, result: AttemptResult): void {
    const command = { type: 'report-attempt', node: attempt.node, fence: attempt.fence, result } as const
    // The end of the one and the lease of the next that gets its place are one commit.
    this.#live.together(() => {
      this.#live.report(attempt.runId, command, actorOf(runnerName), this.#ending(runnerName, attempt))
      this.#release(runnerName, attempt)
    })
  }

  /** Its slot is free at once, but it does not get this again from a log that still says that it holds it. */
  #ending(runnerName: string, attempt: Pick<Attempt, 'runId' | 'node' | 'fence'>, then?: () => void): () => void {
    const ending = this.#runners.get(runnerName)?.ending
    ending?.add(nameOf(attempt))
    return () => {
      ending?.delete(nameOf(attempt))
      then?.()
    }
  }

  /**
   * As {@link ended} or {@link lost}, of a runner that keeps its report until it knows that it is durable.
   * @param done called once; `gone`: the run has gone on without it; `closed`: the store was closed, ask another time.
   */
  reported(
    runnerName: string,
    attempt: Pick<Job, 'runId' | 'node' | 'fence'>,
    result: RunnerResult,
    done: (what: 'taken' | 'gone' | 'closed') => void,
  ): void {
    const { node, fence } = attempt
    const command =
      result.kind === 'lost'
        ? ({ type: 'lose-attempt', node, fence, reason: result.reason } as const)
        : ({ type: 'report-attempt', node, fence, result } as const)
    const over = (outcome: Outcome | undefined): void => {
      this.#release(runnerName, attempt)
      done(outcome?.ok === true ? 'taken' : 'gone')
    }
    this.#live.report(attempt.runId, command, actorOf(runnerName), over, () => done('closed'))
  }

  /**
   * A runner died while it held an attempt.
   * @param done when that is durable, the run has gone on without it, or the store was closed
   */
  lost(runnerName: string, attempt: Pick<Job, 'runId' | 'node' | 'fence'>, reason: string, done?: () => void): void {
    const over = this.#ending(runnerName, attempt, done)
    this.#lose(attempt.runId, attempt.node, attempt.fence, runnerName, reason, over)
    this.#release(runnerName, attempt)
  }

  /** Where the tasks of a run stand that wait for a runner. Looks once at the lines they wait in. */
  standings(run: Run): (node: number) => Standing {
    const positions = this.#offers.positions(run.id, this.#all(), (offer) => this.#isOpen(offer))
    return (node) => {
      const { labels } = taskPlan(run.plan, node).spec
      const capable = this.#all().filter((runner) => hasLabels(runner, labels))
      const pinned = this.#pinned(run.id, labels)
      const able = pinned.length === 0 ? capable : capable.filter(({ name }) => pinned.includes(name))
      return {
        position: positions.get(node) ?? null,
        capable: capable.length > 0,
        only: able.length === 1 ? (able[0]?.name ?? null) : null,
        pinned: able.length < capable.length,
        hindrance: able.length > 0 ? hindranceOf(able) : null,
      }
    }
  }

  /** Of all servers. */
  #all(): readonly (OtherRunner & { readonly isSilent: boolean })[] {
    const own = [...this.#runners.values()].map((seat) => ({
      name: seat.runner.name,
      labels: seat.runner.labels,
      taking: seat.taking,
      isSilent: isSilent(seat),
    }))
    return [...own, ...[...this.#others.values()].map((other) => ({ ...other, isSilent: false }))]
  }

  /** Of the runner with this name, when nothing was heard of it for longer than it should be. */
  silence(name: string): Silence | null {
    return this.#runners.get(name)?.runner.silence?.() ?? null
  }

  /** Whether what the runner with this name sends waits for room on the disk of this server. */
  isHeldUp(name: string): boolean {
    return this.#runners.get(name)?.runner.isHeldUp?.() ?? false
  }

  runners(): readonly {
    readonly name: string
    readonly labels: readonly string[]
    readonly slots: number
    readonly busy: number
    readonly taking: Taking
  }[] {
    return [...this.#runners.values()].map((seat) => ({
      name: seat.runner.name,
      labels: seat.runner.labels,
      slots: seat.runner.slots,
      busy: busyOf(seat),
      taking: seat.taking,
    }))
  }

  /** How many offers are kept, those included that the engine will refuse. */
  waiting(): number {
    return this.#offers.size
  }

  /** What waits, by the labels that it needs. */
  depths(): ReturnType<Offers['depths']> {
    return this.#offers.depths()
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
    if (seat.taking !== 'all' || isSilent(seat)) return
    while (busyOf(seat) < seat.runner.slots) {
      const next = this.#offers.take(seat.runner)
      if (next === undefined) return
      this.#lease(seat, next.offer, next.project)
    }
  }

  /**
   * Which of the runners with a run's workspace are there and can do a task with these labels. Only they get it then:
   * elsewhere it would find an empty directory.
   */
  #pinned(runId: RunId, labels: readonly string[]): readonly string[] {
    return this.#homes.of(runId).filter((home) => {
      const seat = this.#runners.get(home)
      const runner = seat === undefined ? this.#others.get(home) : { labels: seat.runner.labels, taking: seat.taking }
      return runner !== undefined && runner.taking !== 'draining' && hasLabels(runner, labels)
    })
  }

  #settle(runId: RunId, name: string): void {
    if (this.#homes.add(runId, name)) this.#offers.sort(runId)
  }

  #isOpen({ runId, node, attempt }: Offer): boolean {
    const run = this.#live.peek(runId)
    if (run?.phase !== 'live' || run.pausedAt !== null || run.cancelling !== null) return false
    const state = taskAt(run, node)
    return state.status === 'queued' && state.attempt === attempt
  }

  #lease(seat: Seat, offer: Offer, project: string): void {
    const { name } = seat.runner
    seat.leasing += 1
    this.#shares.take(project)
    const command = { type: 'lease-attempt', node: offer.node, attempt: offer.attempt, runner: name } as const
    this.#live.report(offer.runId, command, actorOf(name), (outcome) => {
      seat.leasing -= 1
      this.#shares.giveBack(project)
      if (outcome?.ok === true) {
        if (this.#runners.get(name) === seat) this.#settle(offer.runId, name)
        this.#start(seat, outcome.run, offer)
      } else this.#dispatch()
    })
  }

  #start(seat: Seat, run: Run, { runId, node, attempt }: Pick<Offer, 'runId' | 'node' | 'attempt'>): void {
    const { name } = seat.runner
    const { fence } = taskAt(run, node)
    const leased = { runId, node, attempt, fence }
    const now = this.#runners.get(name)
    if (now !== seat) {
      // It speaks to another server by now, which hears of the lease and gives it the job.
      if (this.#others.has(name)) return
      // It went and came back while the lease was being committed: it has not got it, unless its hello found it.
      if (now === undefined) this.#lose(runId, node, fence, name, 'its runner went away')
      else if (!now.held.has(nameOf(leased))) this.#start(now, run, leased)
      return
    }
    this.#hold(seat, run, leased)
    try {
      const resolved = this.#resolve(run, jobOf(run, node, this.#verbatim(usesOf(run, node))))
      if (resolved.ok) seat.runner.start(resolved.job)
      else this.ended(name, leased, { kind: 'failed', failure: resolved.failure, outputs: null })
    } catch (error) {
      const reason = `it could not be given to ${name}: ${error instanceof Error ? error.message : String(error)}`
      this.ended(name, leased, { kind: 'failed', failure: { kind: 'internal', reason }, outputs: null })
    }
  }

  #release(runnerName: string, attempt: Pick<Attempt, 'runId' | 'node' | 'fence'>): void {
    if (this.#letGo(this.#runners.get(runnerName), attempt)) this.#dispatch()
  }

  #lose(runId: RunId, node: number, fence: number, runnerName: string, reason: string, done?: () => void): void {
    this.#live.report(runId, { type: 'lose-attempt', node, fence, reason }, actorOf(runnerName), done, done)
  }
}

const actorOf = (name: string): Actor => ({ kind: 'runner', name })

const kindOf = ({ plan, priority, projectId }: Run, node: number): Omit<LineKind, 'homes'> => ({
  labels: taskPlan(plan, node).spec.labels,
  priority,
  project: projectId,
})

function usesOf(run: Run, node: number): string {
  const work = workAt(run, node)
  return work.kind === 'runner' ? work.uses : ''
}
