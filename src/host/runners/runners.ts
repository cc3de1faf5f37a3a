import type { AuditTrail } from '../access/audit.ts'
import { accept, refuse, type Result } from '../../model/problem.ts'
import {
  RUNNER_PROTOCOL,
  refText,
  type AttemptRef,
  type Received,
  type RunnerAnswer,
  type RunnerHello,
  type RunnerPoll,
  type RunnerRefusalCode,
  type RunnerReport,
  type RunnerView,
  type RunnerWelcome,
} from '../../model/runner.ts'
import type { ReportKind } from '../../model/report.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { Attendance, Attending } from '../../store/store.ts'
import type { Caller, Piece, RunnerName, Runners, RunnerWire } from '../app.ts'
import type { Clock } from '../clock.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { Attempt, Taking } from '../dispatch/runner.ts'
import type { Entropy } from '../entropy.ts'
import { lacks } from '../access/rights.ts'
import { leaseTimes, RunnerLink, type LeaseTimes } from './runner-link.ts'
import { EMBEDDED, unlessStoreFails, type RunnerEntry, type RunnerRoster } from './runner-roster.ts'
import { unlessFull } from '../store-problems.ts'
import { Turns } from '../turns.ts'
import type { Uploads } from './uploads.ts'
import type { RunId } from '../../model/id.ts'

const LOOK_AGAIN_MS: DurationMs = 1_000

interface Dependencies {
  readonly roster: RunnerRoster
  readonly dispatcher: Dispatcher
  readonly uploads: Uploads
  readonly audit: Pick<AuditTrail, 'of'>
  readonly clock: Clock
  readonly entropy: Entropy
  readonly leaseMs: DurationMs
  /** Has the files of runs that have ended removed. */
  readonly sweep: (runs: readonly RunId[]) => Promise<void>
  /** Whether the run has not ended. */
  readonly isLive: (runId: RunId) => boolean
  /** There when runners may speak to other servers of the same store, too. */
  readonly among?: AmongServers
}

/** What must be known of runners that may speak to any server. */
export interface AmongServers {
  /** Of this server's own runner: other servers have theirs. */
  readonly embedded: string
  readonly serverId: string
  /** Has everything that is in the log told of. */
  readonly catchUp: () => Promise<void>
  /** All servers know from now on that this runner speaks to this one. */
  readonly claim: (attending: Attending) => Promise<void>
  /** Has {@link RunnerUseCases.attended} told where all runners are. @returns whether that was possible */
  readonly look: () => Promise<boolean>
  /** What runners hold, as the log says. */
  readonly held: () => readonly (Attempt & { readonly runner: string })[]
  /** Whether the log says that this runner holds exactly this attempt. */
  readonly holds: (runner: string, attempt: Attempt) => boolean
  readonly lose: (attempt: Attempt & { readonly runner: string }, reason: string) => void
}

/** What servers tell each other of a runner. */
interface Facts {
  readonly kind: RunnerView['kind']
  readonly labels: readonly string[]
  readonly slots: number
  readonly busy: number
  readonly taking: Taking
}

/** Runners on other machines: who they are, whether they are there, and what they say. */
export class RunnerUseCases implements Runners, RunnerWire {
  readonly #deps: Dependencies
  readonly #times: LeaseTimes
  /** Of those that are there, or may be; by id. */
  readonly #links = new Map<string, RunnerLink>()
  readonly #hellos = new Turns<string>()
  /** Those that speak to other servers, by name. */
  #others = new Map<string, Facts & { readonly seenAt: Instant }>()
  /** Names of those that were there at the last look. */
  #known: ReadonlySet<string> | undefined
  /** Those that were told of as ours. */
  readonly #claimed = new Set<string>()
  readonly #leaving = new Set<string>()

  constructor(deps: Dependencies) {
    this.#deps = deps
    this.#times = leaseTimes(deps.leaseMs)
  }

  /** Those that were there when the last server ended have the time of a lease to come back with what they hold. */
  recover(): void {
    // Where there are other servers they speak to those, or are given up by the first that misses them.
    if (this.#deps.among !== undefined) return
    for (const { id, name, state } of this.#deps.roster.entries()) {
      if (state.incarnation !== null) this.#link(id, name, state)
    }
  }

  close(): void {
    for (const link of this.#links.values()) link.close()
  }

  /** What a runner that is added gets: a person may have paused it. */
  taking(name: string): Taking {
    const id = name === this.#embeddedName ? name : this.#find(name)?.id
    return id !== undefined && this.#deps.roster.state(id).paused ? 'paused' : 'all'
  }

  // What people ask for.

  async list(_caller: Caller): Promise<readonly RunnerView[]> {
    const embedded = this.#embedded()
    const remote = this.#deps.roster.entries().map((entry) => this.#view(entry))
    return [...(embedded === undefined ? [] : [embedded]), ...this.#othersEmbedded(), ...remote]
  }

  async get(_caller: Caller, ref: string): Promise<Result<RunnerView>> {
    const entry = this.#find(ref)
    const own = ref === EMBEDDED || ref === this.#embeddedName ? this.#embedded() : undefined
    const view = own ?? (entry && this.#view(entry)) ?? this.#othersEmbedded().find(({ id }) => id === ref)
    return view === undefined ? refuse('not_found', `there is no runner ${shown(ref)}`) : accept(view)
  }

  async create(caller: Caller, { name }: { readonly name: string }) {
    const refused = mayNot(caller, 'add a runner')
    if (refused !== undefined) return refused
    const { roster, audit } = this.#deps
    const made = await roster.add(caller, name, (id) => audit.of(caller, 'create-runner', id, name).keys)
    if (!made.ok) return made
    const { entry, token } = made.value
    return accept({ runner: this.#view(entry), token })
  }

  pause(caller: Caller, ref: string): Promise<Result<RunnerView>> {
    return this.#setPaused(caller, ref, true)
  }

  resume(caller: Caller, ref: string): Promise<Result<RunnerView>> {
    return this.#setPaused(caller, ref, false)
  }

  async remove(caller: Caller, ref: string): Promise<Result<null>> {
    const refused = mayNot(caller, 'remove a runner')
    if (refused !== undefined) return refused
    if (ref.startsWith(EMBEDDED))
      return refuse('not_allowed', 'the embedded runner is a part of the server: pause it instead')
    const entry = this.#find(ref)
    if (entry === undefined) return refuse('not_found', `there is no runner ${shown(ref)}`)
    const { roster, audit } = this.#deps
    const removed = await roster.remove(entry.id, audit.of(caller, 'remove-runner', entry.id, entry.name).keys)
    if (!removed.ok) return removed
    await this.#lose(entry.id, 'its runner was removed')
    return accept(null)
  }

  async #setPaused(caller: Caller, ref: string, paused: boolean): Promise<Result<RunnerView>> {
    const refused = mayNot(caller, paused ? 'pause a runner' : 'resume a runner')
    if (refused !== undefined) return refused
    const found = await this.get(caller, ref)
    if (!found.ok) return found
    const { id, name } = found.value
    const { roster, dispatcher, audit } = this.#deps
    const { keys } = audit.of(caller, paused ? 'pause-runner' : 'resume-runner', id, name)
    const stored = await unlessFull<null>(roster.change(id, { paused }, keys).then(() => accept(null)))
    if (!stored.ok) return stored
    const { taking } = dispatcher.runners().find((runner) => runner.name === name) ?? { taking: 'all' }
    if (taking !== 'draining') dispatcher.let(name, paused ? 'paused' : 'all')
    return this.get(caller, id)
  }

  // What runners say.

  byToken(token: string): string | undefined {
    return this.#deps.roster.byToken(token)?.id
  }

  /** One after the other: two processes with one token must not both be let in. */
  hello(id: string, hello: RunnerHello, chunkBytes: number): Promise<RunnerAnswer<RunnerWelcome>> {
    return this.#hellos.take(id, async () => {
      try {
        return await this.#hello(id, hello, chunkBytes)
      } finally {
        // Refused, or the store did not answer: it will say hello elsewhere, and what it holds is not ours to lose.
        const link = this.#links.get(id)
        if (this.#deps.among !== undefined && link?.session === null) this.#part(id, link)
      }
    })
  }

  async #hello(id: string, hello: RunnerHello, chunkBytes: number): Promise<RunnerAnswer<RunnerWelcome>> {
    const { roster, dispatcher, entropy, clock, among } = this.#deps
    if (among !== undefined) await roster.refreshState(id)
    const entry = roster.get(id)
    if (entry === undefined) return removed
    if (hello.protocol !== RUNNER_PROTOCOL) {
      const message = `this server speaks protocol ${RUNNER_PROTOCOL}, the runner ${hello.protocol}: use one of the same version`
      return no('protocol', message)
    }
    if (hello.name !== null && hello.name !== entry.name) {
      return no('invalid_request', `this is the token of runner ${entry.name}, not of ${hello.name}`)
    }
    const { incarnation, labels, slots, version } = hello
    if (roster.state(id).past.includes(incarnation)) return superseded
    if (among !== undefined) {
      await this.#takeOver(id, entry.name, { labels, slots })
      // This may be the hello of a process that another server has greeted, or buried, since: one that slept reads it late.
      await roster.refreshState(id)
      if (roster.state(id).past.includes(incarnation)) return superseded
    }
    const before = roster.state(id).incarnation
    if (before !== incarnation) await this.#lose(id, 'its runner was started again')
    await roster.greet(id, incarnation, before, { labels, slots, version })
    if (roster.get(id) === undefined) return removed
    const link = this.#link(id, entry.name, { labels, slots })
    if (among !== undefined) {
      // The process before it has left, this one has come.
      this.#leaving.delete(link.name)
      await among.claim(this.#attending(link, true))
      this.#claimed.add(link.name)
      // What was given to it up to now by the server that it spoke to before.
      await among.catchUp()
      this.#adopt(link.name)
    }
    const session = entropy.id(clock.now())
    link.greet(session, hello.workspaces)
    const held = dispatcher.held(entry.name)
    const has = new Set(hello.holds.map(refText))
    // What it has never got; a process that has lost what it had is another incarnation.
    for (const attempt of held) if (!has.has(refText(attempt))) dispatcher.repeat(entry.name, attempt)
    link.cancelAgain(held)
    for (const runId of hello.workspaces) if (this.#deps.isLive(runId)) dispatcher.settle(runId, entry.name)
    await this.#deps.sweep(hello.workspaces.filter((runId) => !this.#deps.isLive(runId)))
    const stop = hello.holds.filter((ref) => !dispatcher.holds(entry.name, ref))
    return yes({ protocol: RUNNER_PROTOCOL, name: entry.name, session, ...this.#times, chunkBytes, stop })
  }

  /** It has come from another server: what the log says that it holds, it holds here. */
  async #takeOver(id: string, name: string, facts: Pick<RunnerView, 'labels' | 'slots'>): Promise<void> {
    this.#link(id, name, facts)
    await this.#deps.among?.catchUp()
    this.#adopt(name)
  }

  #adopt(name: string): void {
    for (const { runner, ...attempt } of this.#deps.among?.held() ?? []) {
      if (runner === name && !this.#deps.dispatcher.holds(name, attempt)) this.#deps.dispatcher.adopt(name, attempt)
    }
  }

  // What servers tell each other.

  /** Runners that speak to this server, and those that do no more. */
  attending(): { readonly attending: readonly Attending[]; readonly leaving: readonly string[] } {
    const attending = [...this.#links.values()].filter(({ session }) => session !== null)
    const leaving = [...this.#leaving]
    this.#leaving.clear()
    const own = this.embedded(false)
    return {
      attending: [...(own === undefined ? [] : [own]), ...attending.map((link) => this.#attending(link, false))],
      leaving,
    }
  }

  /** The server's own runner, as others are told of it. */
  embedded(claims: boolean): Attending | undefined {
    const name = this.#embeddedName
    const seat = this.#deps.dispatcher.runners().find((runner) => runner.name === name)
    if (seat === undefined) return undefined
    const { labels, slots, busy, taking } = seat
    const facts: Facts = { kind: 'embedded', labels, slots, busy, taking }
    return { runner: name, facts: JSON.stringify(facts), ageMs: 0, claims }
  }

  #attending({ name, labels, slots, seenAt }: RunnerLink, claims: boolean): Attending {
    const seat = this.#deps.dispatcher.runners().find((runner) => runner.name === name)
    const facts: Facts = { kind: 'remote', labels, slots, busy: seat?.busy ?? 0, taking: seat?.taking ?? 'all' }
    const ageMs = claims ? 0 : Math.max(0, this.#deps.clock.now() - seenAt)
    return { runner: name, facts: JSON.stringify(facts), ageMs, claims }
  }

  /** Where all runners are, as the store says. What was held by one that is nowhere is lost. */
  attended(rows: Attendance['attendance']): void {
    const { among, clock, dispatcher } = this.#deps
    if (among === undefined) return
    const there = new Map(rows.map((row) => [row.runner, row]))
    for (const [id, link] of this.#links) {
      // It is saying hello.
      if (!this.#claimed.has(link.name)) continue
      if (there.get(link.name)?.server !== among.serverId) this.#part(id, link)
    }
    const now = clock.now()
    const others = rows.filter(({ server }) => server !== among.serverId)
    this.#others = new Map(
      others.map(({ runner, facts, seenMs }) => [runner, { ...(JSON.parse(facts) as Facts), seenAt: now - seenMs }]),
    )
    dispatcher.others([...this.#others].map(([name, { labels, taking }]) => ({ name, labels, taking })))
    const known = new Set(there.keys())
    const isGone = (name: string): boolean => !known.has(name) && !this.#isHere(name)
    if (this.#known === undefined || [...this.#known].some(isGone)) {
      for (const attempt of among.held()) {
        if (isGone(attempt.runner)) among.lose(attempt, 'its runner was not heard of any more')
      }
    }
    this.#known = known
  }

  /** Of this server, or about to be. */
  #isHere(name: string): boolean {
    return name === this.#embeddedName || [...this.#links.values()].some((link) => link.name === name)
  }

  /** It speaks to another server now, or must say hello again: what it holds it holds. */
  #part(id: string, link: RunnerLink): void {
    this.#links.delete(id)
    this.#claimed.delete(link.name)
    link.close()
    this.#deps.dispatcher.remove(link.name)
  }

  /** Another server has let runners in, or removed some. */
  async refresh(): Promise<void> {
    for (const id of await this.#deps.roster.refresh()) await this.#lose(id, 'its runner was removed')
  }

  /** Another server has changed what is kept of a runner. */
  async refreshState(id: string): Promise<void> {
    await this.#deps.roster.refreshState(id)
    const name = id === this.#embeddedName ? id : this.#deps.roster.get(id)?.name
    if (name === undefined) return
    const seat = this.#deps.dispatcher.runners().find((runner) => runner.name === name)
    if (seat !== undefined && seat.taking !== 'draining') this.#deps.dispatcher.let(name, this.taking(name))
  }

  async poll(from: RunnerName, { session, ack, draining }: RunnerPoll, signal: AbortSignal) {
    const found = this.#present(from)
    if (!found.ok) return found
    const { link } = found.value
    if (link === undefined || link.session !== session) return helloAgain
    this.#deps.dispatcher.let(link.name, draining ? 'draining' : this.taking(link.name))
    return yes({ orders: await link.take(ack, signal) })
  }

  async log(from: RunnerName, ref: AttemptRef, offset: number, bytes: Uint8Array): Promise<RunnerAnswer<Received>> {
    const found = await this.#holding(from, ref)
    return found.ok ? this.#deps.uploads.log(ref, offset, bytes) : found
  }

  async artifact(from: RunnerName, ref: AttemptRef, sha256: string, piece: Piece): Promise<RunnerAnswer<Received>> {
    const found = await this.#holding(from, ref)
    return found.ok ? this.#deps.uploads.artifact(from.id, sha256, piece) : found
  }

  async report(from: RunnerName, ref: AttemptRef, kind: ReportKind, piece: Piece): Promise<RunnerAnswer<Received>> {
    const found = await this.#holding(from, ref)
    return found.ok ? this.#deps.uploads.report(from.id, ref, kind, piece) : found
  }

  async received(from: RunnerName, ref: AttemptRef, sha256: string | null): Promise<RunnerAnswer<Received>> {
    const { uploads } = this.#deps
    const found = await this.#holding(from, ref)
    if (!found.ok) return found
    return yes({ size: sha256 === null ? await uploads.logSize(ref) : uploads.artifactSize(from.id, sha256) })
  }

  async ended(from: RunnerName, ref: AttemptRef, { result, logBytes }: RunnerReport): Promise<RunnerAnswer<null>> {
    const found = await this.#holding(from, ref)
    if (!found.ok) return found
    const { dispatcher, uploads } = this.#deps
    const { name } = found.value
    const whole = await uploads.finishLog(ref, logBytes)
    if (!whole.ok) return whole
    return new Promise((resolve) => {
      dispatcher.reported(name, ref, result, (what) => {
        // It keeps its report for the next server.
        if (what === 'closed') return resolve(closing)
        this.#links.get(from.id)?.over(ref)
        resolve(what === 'taken' ? yes(null) : stale(ref))
      })
    })
  }

  async leave(from: RunnerName): Promise<RunnerAnswer<null>> {
    const found = this.#present(from)
    if (!found.ok) return found
    await this.#lose(from.id, 'its runner has ended')
    return yes(null)
  }

  /** The runner when this process of it is the one that is known. It has been heard of. */
  #present({ id, incarnation }: RunnerName): RunnerAnswer<{ readonly name: string; readonly link?: RunnerLink }> {
    const entry = this.#deps.roster.get(id)
    if (entry === undefined) return removed
    const known = entry.state.incarnation
    if (entry.state.past.includes(incarnation) || (known !== null && known !== incarnation)) return superseded
    const link = this.#links.get(id)
    if (known === null) return helloAgain
    if (link === undefined || link.session === null) {
      // It speaks to another server, and says this one thing to us.
      const isElsewhere = this.#deps.among !== undefined && this.#others.has(entry.name)
      return isElsewhere ? yes({ name: entry.name }) : helloAgain
    }
    link.heard()
    return yes({ name: entry.name, link })
  }

  async #holding(from: RunnerName, ref: AttemptRef): Promise<RunnerAnswer<{ readonly name: string }>> {
    const { among, dispatcher } = this.#deps
    const found = this.#present(from)
    if (!found.ok || dispatcher.holds(found.value.name, ref)) return found
    if (among === undefined) return stale(ref)
    const { name } = found.value
    if (among.holds(name, ref)) return found
    await among.catchUp()
    return among.holds(name, ref) ? found : stale(ref)
  }

  #link(id: string, name: string, { labels, slots }: Pick<RunnerView, 'labels' | 'slots'>): RunnerLink {
    const known = this.#links.get(id)
    const link =
      known ??
      new RunnerLink(name, labels, slots, {
        clock: this.#deps.clock,
        times: this.#times,
        onLost: () => void this.#silent(id),
        onHeard: () => this.#deps.dispatcher.heard(),
      })
    Object.assign(link, { labels, slots })
    this.#links.set(id, link)
    this.#deps.dispatcher.add(link, this.taking(name))
    return link
  }

  /** Its lease has passed here; it may have gone to another server meanwhile, of which this one has not heard yet. */
  async #silent(id: string): Promise<void> {
    const { among, clock } = this.#deps
    const link = this.#links.get(id)
    if (link === undefined) return
    if (among !== undefined && !(await among.look())) {
      // Nothing could be said of it now anyway.
      clock.at(clock.now() + LOOK_AGAIN_MS, () => void this.#silent(id))
      return
    }
    if (this.#links.get(id) !== link) return
    if (link.isOverdue()) await this.#lose(id, `its runner was silent for ${this.#times.leaseMs / 1_000} s`)
    else link.watch()
  }

  /** It is not there any more: what it had is lost, and what it would have got others get. */
  async #lose(id: string, reason: string): Promise<void> {
    const { among, dispatcher, roster, uploads } = this.#deps
    const link = this.#links.get(id)
    if (link === undefined) return
    this.#links.delete(id)
    this.#claimed.delete(link.name)
    this.#leaving.add(link.name)
    link.close()
    const held = dispatcher.held(link.name)
    dispatcher.remove(link.name)
    const losing = held.map(
      (attempt) => new Promise<void>((resolve) => dispatcher.lost(link.name, attempt, reason, resolve)),
    )
    // Before any server may believe that another process of it has them, and gives them to it again.
    const { incarnation } = roster.state(id)
    if (among !== undefined) {
      await Promise.all(losing)
      await unlessStoreFails(roster.refreshState(id))
    }
    await uploads.forget(id)
    // Another process of it may have been greeted elsewhere.
    if (roster.get(id) !== undefined && roster.state(id).incarnation === incarnation) {
      await unlessStoreFails(roster.change(id, { incarnation: null, seenAt: link.seenAt }))
    }
  }

  #find(ref: string): RunnerEntry | undefined {
    const { roster } = this.#deps
    return roster.get(ref) ?? roster.entries().find(({ name }) => name === ref)
  }

  #view({ id, name, createdAt, state }: RunnerEntry): RunnerView {
    const link = this.#links.get(id)
    const seat = this.#deps.dispatcher.runners().find((runner) => runner.name === name)
    const { labels, slots, version, paused } = state
    const lastSeenAt = link === undefined || link.session === null ? state.seenAt : link.seenAt
    const other = link === undefined ? this.#others.get(name) : undefined
    if (other !== undefined) {
      const { busy, taking, seenAt } = other
      const there = taking === 'draining' ? 'draining' : 'online'
      const facts = { id, name, kind: 'remote', labels, slots, busy, status: there } as const
      return { ...facts, paused, lastSeenAt: seenAt, createdAt, version }
    }
    const status = statusOf(link, seat?.taking)
    return {
      id,
      name,
      kind: 'remote',
      labels,
      slots,
      busy: seat?.busy ?? 0,
      status,
      paused,
      lastSeenAt,
      createdAt,
      version,
    }
  }

  get #embeddedName(): string {
    return this.#deps.among?.embedded ?? EMBEDDED
  }

  /** Own runners of other servers. */
  #othersEmbedded(): readonly RunnerView[] {
    return [...this.#others].flatMap(([name, { kind, labels, slots, busy, taking, seenAt }]) => {
      if (kind !== 'embedded') return []
      const facts = { id: name, name, kind, labels, slots, busy, status: 'online' } as const
      return [{ ...facts, paused: taking === 'paused', lastSeenAt: seenAt, createdAt: null, version: null }]
    })
  }

  #embedded(): RunnerView | undefined {
    const own = this.#embeddedName
    const seat = this.#deps.dispatcher.runners().find(({ name }) => name === own)
    if (seat === undefined) return undefined
    const { labels, slots, busy, taking } = seat
    const at = this.#deps.clock.now()
    const facts = { id: own, name: own, kind: 'embedded', labels, slots, busy, status: 'online' } as const
    return { ...facts, paused: taking === 'paused', lastSeenAt: at, createdAt: null, version: null }
  }
}

function statusOf(link: RunnerLink | undefined, taking: Taking | undefined): RunnerView['status'] {
  if (link === undefined) return 'offline'
  if (link.silence() !== null) return 'silent'
  return taking === 'draining' ? 'draining' : 'online'
}

/** A runner does the work of all projects, and sees their secrets: who belongs to some only must not add one. */
function mayNot(caller: Caller, what: string) {
  const refused = lacks(caller, 'admin', what)
  if (refused !== undefined || caller.projectIds === null) return refused
  return refuse('forbidden', `${caller.user.name} may not ${what}: that takes an admin of all projects`)
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 80))

const yes = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value })

const no = (code: RunnerRefusalCode, message: string) => ({ ok: false, refusal: { code, message } }) as const

const removed = no('unauthenticated', 'this runner was removed')
const superseded = no('superseded', 'another process has come with the token of this runner')
const closing = no('unavailable', 'this server is being closed')
const helloAgain = no('hello_again', 'this session is not known: say hello with what you hold')
const stale = (ref: AttemptRef) => no('stale', `attempt ${refText(ref)} is not of this runner, or not any more`)
