import { heldByRunners } from '../../engine/effects.ts'
import { taskAt } from '../../engine/run.ts'
import type { Actor } from '../../model/event.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import { StoreError, type Attendance, type Attending, type Shared } from '../../store/store.ts'
import type { Clock } from '../clock.ts'
import type { Follower } from './follower.ts'
import type { LiveRuns } from '../runs/live.ts'
import type { AmongServers, RunnerAttendance } from '../runners/attendance.ts'

interface Dependencies {
  readonly shared: Shared
  readonly clock: Clock
  readonly live: LiveRuns
  readonly follower: Follower
  readonly runners: () => RunnerAttendance
  /** Name of this server's own runner. */
  readonly embedded: string
  /** How long a server or a runner that says nothing is waited for. */
  readonly silentMs: DurationMs
  /** Others have changed what is in memory; see {@link SharedListener.onChange}. */
  readonly changed: (what: string) => Promise<void>
  /** Anything may have changed. */
  readonly renew: () => Promise<void>
  /** All that must be done once is this server's to do, until `offDuty`. */
  readonly onDuty: () => Promise<void>
  readonly offDuty: () => void
  /** The others think that this server is gone: it must end. */
  readonly onGivenUp: () => void
  readonly onDefect: (error: unknown) => void
}

const BEAT_MS: DurationMs = 1_000
/** What its runner needs to end what it has. */
const END_MS: DurationMs = 3_000

/** This server among others that work on the same store. */
export class Servers {
  readonly #deps: Dependencies
  readonly #stopListening: () => void
  /** Beats and changes come one after the other. */
  #beats: Promise<unknown> = Promise.resolve()
  #changes: Promise<unknown> = Promise.resolve()
  #wasHeard = false
  #heardAt: Instant
  #hasDuties = false
  #isClosed = false
  #isGivenUp = false
  #stop: () => void = () => undefined
  #count = 1

  constructor(deps: Dependencies) {
    this.#deps = deps
    const { shared, follower } = deps
    this.#heardAt = deps.clock.now()
    this.#stopListening = shared.listen({
      onCommits: (number) => follower.heard(number),
      onChange: (what) => this.#change(() => deps.changed(what)),
      onReconnected: () => {
        this.#change(() => deps.renew())
        follower.catchUp().catch(() => undefined)
      },
      onDutiesLost: () => this.#offDuty(),
    })
  }

  /** How many there are, this one counted. */
  get count(): number {
    return this.#count
  }

  get hasDuties(): boolean {
    return this.#hasDuties
  }

  /** What runners on other machines need to know of it. */
  among(): AmongServers {
    const { embedded, follower, live, shared } = this.#deps
    return {
      embedded,
      serverId: shared.serverId,
      catchUp: () => follower.catchUp(),
      claim: (attending) => this.claim(attending),
      look: () => this.#look(),
      held: () => [...live.live()].flatMap((run) => heldByRunners(run).map((one) => ({ runId: run.id, ...one }))),
      holds: (runner, { runId, node, attempt, fence }) => {
        const run = live.peek(runId)
        if (run?.phase !== 'live' || run.plan.nodes[node]?.kind !== 'task') return false
        const state = taskAt(run, node)
        const isIt = state.runner === runner && state.attempt === attempt && state.fence === fence
        return isIt && state.status === 'running'
      },
      lose: ({ runId, node, fence, runner }, reason) => {
        const actor: Actor = { kind: 'runner', name: runner }
        live.report(runId, { type: 'lose-attempt', node, fence, reason }, actor)
      },
    }
  }

  /** Says that it is there, for the first time. @throws StoreError */
  async open(): Promise<void> {
    await this.#beat([], [])
    this.#arm()
  }

  /** A runner speaks to this server from now on. @throws StoreError */
  claim(attending: Attending): Promise<void> {
    return this.#beat([attending], [])
  }

  /** Takes the duties when nobody has them. */
  async takeDuties(): Promise<void> {
    if (this.#hasDuties || this.#isClosed || !(await this.#deps.shared.takeDuties())) return
    this.#hasDuties = true
    try {
      // Whoever had them may have committed until its connection was gone.
      await this.#deps.shared.settledNumber()
      await this.#deps.follower.catchUp()
      if (this.#hasDuties && !this.#isClosed) await this.#deps.onDuty()
    } catch (error) {
      // Tried again with the next beat.
      this.#offDuty()
      throw error
    }
  }

  /** Its own runner is lost with it: the others need not wait to find that out. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stop()
    this.#stopListening()
    await this.#beats.catch(() => undefined)
    const { embedded, shared, silentMs } = this.#deps
    await shared.beat({ fresh: false, attending: [], leaving: [embedded], silentMs }).catch(() => undefined)
  }

  #arm(): void {
    const { clock } = this.#deps
    this.#stop = clock.at(clock.now() + BEAT_MS, () => {
      void this.#tick().finally(() => {
        if (!this.#isClosed) this.#arm()
      })
    })
  }

  async #tick(): Promise<void> {
    const { clock, silentMs, onGivenUp } = this.#deps
    // Before the others give it up: what its runner does, another may be given then.
    if (clock.now() - this.#heardAt > silentMs - END_MS) {
      onGivenUp()
      return
    }
    try {
      const { attending, leaving } = this.#deps.runners().attending()
      await this.#beat(attending, leaving)
      await this.takeDuties()
    } catch (error) {
      // A database that is away comes back; until then nothing here counts as current.
      if (!(error instanceof StoreError)) this.#deps.onDefect(error)
    }
  }

  async #look(): Promise<boolean> {
    try {
      await this.#beat([], [])
    } catch (error) {
      if (!(error instanceof StoreError)) this.#deps.onDefect(error)
      return false
    }
    return !this.#isClosed && !this.#isGivenUp
  }

  #beat(attending: readonly Attending[], leaving: readonly string[]): Promise<void> {
    const beat = this.#beats.catch(() => undefined).then(() => this.#sayAndHear(attending, leaving))
    this.#beats = beat
    return beat
  }

  async #sayAndHear(attending: readonly Attending[], leaving: readonly string[]): Promise<void> {
    const { clock, shared, silentMs } = this.#deps
    const at = clock.now()
    const told = await shared.beat({ fresh: !this.#wasHeard, attending, leaving, silentMs })
    if (this.#isClosed) return
    if (told === undefined) {
      this.#isGivenUp = true
      this.#deps.onGivenUp()
      return
    }
    this.#wasHeard = true
    this.#heardAt = at
    this.#count = told.servers
    this.#hear(told, at)
  }

  #hear({ number, attendance }: Attendance, at: number): void {
    const { follower, runners } = this.#deps
    if (number > follower.last()) follower.heard(number)
    else follower.confirmed(at)
    runners().attended(attendance)
  }

  #offDuty(): void {
    if (!this.#hasDuties) return
    this.#hasDuties = false
    this.#deps.offDuty()
  }

  #change(work: () => Promise<void>): void {
    this.#changes = this.#changes.then(work).catch((error: unknown) => {
      // What could not be read is read again when the connection is back.
      if (!(error instanceof StoreError)) this.#deps.onDefect(error)
    })
  }
}
