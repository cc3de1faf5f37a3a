import { jobOf } from '../../engine/job.ts'
import type { Outcome } from '../../engine/advance.ts'
import { isToStop } from '../../engine/effects.ts'
import { taskAt, taskPlan, type Run, workAt } from '../../engine/run.ts'
import type { AttemptResult } from '../../model/command.ts'
import type { Actor, LogEntry } from '../../model/event.ts'
import type { RunId } from '../../model/id.ts'
import type { Job, JobRequest } from '../../model/job.ts'
import type { Priority } from '../../model/priority.ts'
import type { RunnerResult } from '../../model/runner.ts'
import type { Instant } from '../../model/time.ts'
import type { Resolved } from '../secrets/job-secrets.ts'
import { inOrder, nextOf, passedAfter } from './fairness.ts'
import { Line, type LineKind, type Offer } from './line.ts'
import { Lines } from './lines.ts'
import { Shares } from './shares.ts'
import type { LiveRuns } from '../runs/live.ts'

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
  /** Since when nothing was heard of it, once that is longer than it should be; without it: it never is silent. */
  silence?(): Silence | null
}

/** Of a runner that may be gone. */
export interface Silence {
  readonly since: Instant
  /** When what it holds is given up as lost. */
  readonly lostAt: Instant
}

export type Attempt = Pick<Job, 'runId' | 'node' | 'attempt' | 'fence'>

/** `paused` by a person: it gets nothing until it is resumed. `draining`: it goes away when it has ended what it has. */
export type Taking = 'all' | 'paused' | 'draining'

/** A runner that speaks to another server. */
export interface OtherRunner {
  readonly name: string
  readonly labels: readonly string[]
  readonly taking: Taking
}

interface Seat {
  runner: Runner
  taking: Taking
  /** Leases that are being committed. */
  leasing: number
  /** What the runner was given and has not ended, by {@link nameOf}. */
  readonly held: Map<string, { readonly attempt: Attempt; readonly project: string }>
  /** What it has ended, until that is durable: the log still says that it holds these. */
  readonly ending: Set<string>
}

export interface Standing {
  /** Place in its line from 1, or null when it does not wait. */
  readonly position: number | null
  /** Whether any runner there is could do it. */
  readonly capable: boolean
  /** The one runner that may take it, when there is one only. */
  readonly only: string | null
  /** Whether others could do it, but have not the workspace of its run. */
  readonly pinned: boolean
  /** Why none of the runners that may take it does, whether they are busy or not; null: they may be. */
  readonly hindrance: 'paused' | 'silent' | null
}

/**
 * Hands queued attempts to runners: of those that a runner can do the one whose turn it is by priority and project
 * (fairness.ts), first come first served within these. The engine has the last word: an offer is taken by the command
 * `lease-attempt`, and work begins only when that is durable.
 */
export class Dispatcher {
  readonly #live: LiveRuns
  readonly #verbatim: (uses: string) => readonly string[]
  readonly #resolve: (run: Run, request: JobRequest) => Resolved
  readonly #lines = new Lines()
  readonly #shares = new Shares()
  /** The lines that a run's nodes wait in, so that it can be withdrawn. */
  readonly #waiting = new Map<RunId, Map<number, Line>>()
  readonly #runners = new Map<string, Seat>()
  #others: ReadonlyMap<string, OtherRunner> = new Map()
  readonly #later: (work: () => void) => void
  #isSoon = false
  /** Names of the runners that have a workspace of the run, the first first. */
  readonly #homes = new Map<RunId, string[]>()
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
    this.#sort()
    this.#dispatch()
  }

  /** It gets nothing more, and others do the rest of its runs. What it holds it may still end; what it is asked to cancel is lost. */
  remove(name: string): void {
    const seat = this.#runners.get(name)
    if (seat === undefined) return
    this.#runners.delete(name)
    for (const { project } of seat.held.values()) this.#shares.giveBack(project)
    if (!this.#others.has(name)) this.#unsettle(name)
    this.#sort()
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
    for (const name of before.keys()) if (!this.#others.has(name) && !this.#runners.has(name)) this.#unsettle(name)
    this.#sort()
    this.#dispatch()
  }

  /** Another server has committed these entries of a run: what waits, is held and is to be stopped here follows them. */
  followed(run: Run, entries: readonly LogEntry[]): void {
    let toStop = false
    for (const { events, at, actor } of entries) {
      for (const event of events) {
        if (event.type === 'TaskQueued') {
          const { node, attempt } = event
          this.#add(kindOf(run, node), { runId: run.id, node, attempt, since: at })
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
    const line = this.#waiting.get(run.id)?.get(node)
    if (line !== undefined) this.#drop(line, { runId: run.id, node })
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

  /** Its workspaces are gone, or nobody can get at them. */
  #unsettle(name: string): void {
    for (const [runId, homes] of this.#homes) {
      const left = homes.filter((home) => home !== name)
      if (left.length === 0) this.#homes.delete(runId)
      else if (left.length < homes.length) this.#homes.set(runId, left)
    }
  }

  /** Says whether a runner that is there gets work. */
  let(name: string, taking: Taking): void {
    const seat = this.#runners.get(name)
    if (seat === undefined || seat.taking === taking) return
    seat.taking = taking
    this.#sort()
    this.#dispatch()
  }

  /** A runner that was silent may take work again. */
  heard(): void {
    this.#dispatch()
  }

  /** A runner that is there has the workspace of this run, of which another server gave it tasks. */
  settle(runId: RunId, name: string): void {
    if ((this.#homes.get(runId) ?? []).some((home) => this.#isThere(home))) return
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
    this.#add(kindOf(run, node), { runId: run.id, node, attempt, since })
    this.#dispatch()
  }

  /** The run has ended: nothing of it waits any more. */
  withdraw(runId: RunId): void {
    for (const [node, line] of this.#waiting.get(runId) ?? []) this.#drop(line, { runId, node })
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
    this.#homes.delete(runId)
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
    const positions = new Map<number, number>()
    const lines = this.#waiting.get(run.id)
    for (const line of new Set(lines?.values())) {
      for (const [ahead, offer] of this.#before(line).entries()) {
        if (offer.runId === run.id && lines?.get(offer.node) === line) positions.set(offer.node, ahead + 1)
      }
    }
    const homes = this.#homes.get(run.id) ?? []
    return (node) => {
      const { labels } = taskPlan(run.plan, node).spec
      const capable = this.#all().filter((runner) => hasLabels(runner, labels))
      const pinned = this.#pinned(homes, labels)
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

  /** What waits in this line, and what waits for the same runners in others, in the order in which it is taken. */
  #before(line: Line): readonly Offer[] {
    const runners = this.#all()
    const takers = ({ kind }: Line): readonly { readonly name: string }[] =>
      runners.filter((runner) => hasLabels(runner, kind.labels) && isFor(kind, runner))
    const own = takers(line)
    const lines = [...this.#lines].filter(
      (other) => other === line || takers(other).some((runner) => own.includes(runner)),
    )
    const open = lines.flatMap((other) => [...other].filter((offer) => this.#isOpen(offer)).map(claimOf(other)))
    return inOrder(open, (project) => this.#shares.of(project)).map(({ offer }) => offer)
  }

  /** Of the runner with this name, when nothing was heard of it for longer than it should be. */
  silence(name: string): Silence | null {
    return this.#runners.get(name)?.runner.silence?.() ?? null
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
      const next = this.#next(seat.runner)
      if (next === undefined) return
      this.#lease(seat, next.offer, next.project)
    }
  }

  #next(runner: Runner): Claim | undefined {
    const claims: Claim[] = []
    for (const line of this.#lines.for(runner.name)) {
      if (!hasLabels(runner, line.kind.labels)) continue
      const offer = line.first()
      if (offer !== undefined) claims.push(claimOf(line)(offer))
    }
    const next = nextOf(claims, (project) => this.#shares.of(project))
    if (next === undefined) return undefined
    for (const claim of claims) claim.line.passed = passedAfter(claim, next)
    this.#drop(next.line, next.offer)
    return next
  }

  #drop(line: Line, offer: Pick<Offer, 'runId' | 'node'>): void {
    line.withdraw(offer)
    this.#lines.tidy(line)
    const lines = this.#waiting.get(offer.runId)
    lines?.delete(offer.node)
    if (lines?.size === 0) this.#waiting.delete(offer.runId)
  }

  #add(kind: Omit<LineKind, 'homes'>, offer: Offer): void {
    const line = this.#lines.of({ ...kind, homes: this.#pinned(this.#homes.get(offer.runId) ?? [], kind.labels) })
    let lines = this.#waiting.get(offer.runId)
    if (lines === undefined) this.#waiting.set(offer.runId, (lines = new Map<number, Line>()))
    // Of an earlier attempt.
    const before = lines.get(offer.node)
    lines.set(offer.node, line)
    line.add(offer)
    if (before === undefined || before === line) return
    before.withdraw(offer)
    this.#lines.tidy(before)
  }

  /**
   * Which of the runners with a run's workspace are there and can do a task with these labels. Only they get it then:
   * elsewhere it would find an empty directory.
   */
  #pinned(homes: readonly string[], labels: readonly string[]): readonly string[] {
    return homes.filter((home) => {
      const seat = this.#runners.get(home)
      const runner = seat === undefined ? this.#others.get(home) : { labels: seat.runner.labels, taking: seat.taking }
      return runner !== undefined && runner.taking !== 'draining' && hasLabels(runner, labels)
    })
  }

  #settle(runId: RunId, name: string): void {
    const homes = this.#homes.get(runId) ?? []
    if (homes.includes(name)) return
    this.#homes.set(runId, [...homes, name])
    const lines = [...new Set(this.#waiting.get(runId)?.values())]
    this.#sort(lines, (offer) => offer.runId === runId)
  }

  /** Puts offers where they belong now that other runners are there, or have their workspace; the oldest first, as ever. */
  #sort(lines: readonly Line[] = [...this.#lines], which: (offer: Offer) => boolean = () => true): void {
    const moved: { readonly kind: LineKind; readonly offer: Offer }[] = []
    for (const line of lines) {
      for (const offer of line) {
        const homes = this.#pinned(this.#homes.get(offer.runId) ?? [], line.kind.labels)
        if (which(offer) && Line.nameOf({ ...line.kind, homes }) !== line.name) moved.push({ kind: line.kind, offer })
      }
    }
    if (moved.length === 0) return
    const into = new Set<Line>()
    for (const { kind, offer } of moved) {
      this.#add(kind, offer)
      const line = this.#waiting.get(offer.runId)?.get(offer.node)
      if (line !== undefined) into.add(line)
    }
    for (const line of into) line.sort()
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

const busyOf = ({ leasing, held }: Seat): number => leasing + held.size

const nameOf = ({ runId, node, fence }: Pick<Attempt, 'runId' | 'node' | 'fence'>): string =>
  `${runId}/${node}/${fence}`

const actorOf = (name: string): Actor => ({ kind: 'runner', name })

const isSilent = ({ runner }: Seat): boolean => (runner.silence?.() ?? null) !== null

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

const kindOf = ({ plan, priority, projectId }: Run, node: number): Omit<LineKind, 'homes'> => ({
  labels: taskPlan(plan, node).spec.labels,
  priority,
  project: projectId,
})

const isFor = ({ homes }: Pick<LineKind, 'homes'>, { name }: { readonly name: string }): boolean =>
  homes.length === 0 || homes.includes(name)

function hindranceOf(seats: readonly { readonly taking: Taking; readonly isSilent: boolean }[]): Standing['hindrance'] {
  if (seats.every((seat) => seat.taking !== 'all')) return 'paused'
  return seats.every((seat) => seat.taking !== 'all' || seat.isSilent) ? 'silent' : null
}

const hasLabels = (runner: { readonly labels: readonly string[] }, labels: readonly string[]): boolean =>
  labels.every((label) => runner.labels.includes(label))

function usesOf(run: Run, node: number): string {
  const work = workAt(run, node)
  return work.kind === 'runner' ? work.uses : ''
}
