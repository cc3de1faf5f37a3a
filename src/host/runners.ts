import { accept, refuse, type Result } from '../model/problem.ts'
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
} from '../model/runner.ts'
import type { ReportKind } from '../model/report.ts'
import type { DurationMs } from '../model/time.ts'
import type { Catalog } from '../store/store.ts'
import type { Caller, Piece, RunnerName, Runners, RunnerWire } from './app.ts'
import type { Clock } from './clock.ts'
import type { Dispatcher, Taking } from './dispatcher.ts'
import type { Entropy } from './entropy.ts'
import { lacks } from './rights.ts'
import { leaseTimes, RunnerLink, type LeaseTimes } from './runner-link.ts'
import { EMBEDDED, unlessStoreFails, type RunnerEntry, type RunnerRoster } from './runner-roster.ts'
import { unlessFull } from './store-problems.ts'
import { Turns } from './turns.ts'
import type { Uploads } from './uploads.ts'
import type { RunId } from '../model/id.ts'

interface Dependencies {
  readonly roster: RunnerRoster
  readonly dispatcher: Dispatcher
  readonly uploads: Uploads
  readonly catalog: Pick<Catalog, 'audit'>
  readonly clock: Clock
  readonly entropy: Entropy
  readonly leaseMs: DurationMs
  /** Has the files of runs that have ended removed. */
  readonly sweep: (runs: readonly RunId[]) => Promise<void>
  /** Whether the run has not ended. */
  readonly isLive: (runId: RunId) => boolean
}

/** Runners on other machines: who they are, whether they are there, and what they say. */
export class RunnerUseCases implements Runners, RunnerWire {
  readonly #deps: Dependencies
  readonly #times: LeaseTimes
  /** Of those that are there, or may be; by id. */
  readonly #links = new Map<string, RunnerLink>()
  readonly #hellos = new Turns<string>()

  constructor(deps: Dependencies) {
    this.#deps = deps
    this.#times = leaseTimes(deps.leaseMs)
  }

  /** Those that were there when the last server ended have the time of a lease to come back with what they hold. */
  recover(): void {
    for (const { id, name, state } of this.#deps.roster.entries()) {
      if (state.incarnation !== null) this.#link(id, name, state)
    }
  }

  close(): void {
    for (const link of this.#links.values()) link.close()
  }

  /** What a runner that is added gets: a person may have paused it. */
  taking(name: string): Taking {
    const id = name === EMBEDDED ? EMBEDDED : this.#find(name)?.id
    return id !== undefined && this.#deps.roster.state(id).paused ? 'paused' : 'all'
  }

  // What people ask for.

  async list(_caller: Caller): Promise<readonly RunnerView[]> {
    const embedded = this.#embedded()
    const remote = this.#deps.roster.entries().map((entry) => this.#view(entry))
    return embedded === undefined ? remote : [embedded, ...remote]
  }

  async get(_caller: Caller, ref: string): Promise<Result<RunnerView>> {
    const entry = this.#find(ref)
    const view = ref === EMBEDDED ? this.#embedded() : entry && this.#view(entry)
    return view === undefined ? refuse('not_found', `there is no runner ${shown(ref)}`) : accept(view)
  }

  async create(caller: Caller, { name }: { readonly name: string }) {
    const refused = mayNot(caller, 'add a runner')
    if (refused !== undefined) return refused
    const made = await this.#deps.roster.add(caller, name)
    if (!made.ok) return made
    const { entry, token } = made.value
    await this.#audit(caller, 'create-runner', entry.id, name)
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
    if (ref === EMBEDDED) return refuse('not_allowed', 'the embedded runner is a part of the server: pause it instead')
    const entry = this.#find(ref)
    if (entry === undefined) return refuse('not_found', `there is no runner ${shown(ref)}`)
    const removed = await this.#deps.roster.remove(entry.id)
    if (!removed.ok) return removed
    await this.#lose(entry.id, 'its runner was removed')
    await this.#audit(caller, 'remove-runner', entry.id, entry.name)
    return accept(null)
  }

  async #setPaused(caller: Caller, ref: string, paused: boolean): Promise<Result<RunnerView>> {
    const refused = mayNot(caller, paused ? 'pause a runner' : 'resume a runner')
    if (refused !== undefined) return refused
    const found = await this.get(caller, ref)
    if (!found.ok) return found
    const { id, name } = found.value
    const { roster, dispatcher } = this.#deps
    const stored = await unlessFull<null>(roster.change(id, { paused }).then(() => accept(null)))
    if (!stored.ok) return stored
    const { taking } = dispatcher.runners().find((runner) => runner.name === name) ?? { taking: 'all' }
    if (taking !== 'draining') dispatcher.let(name, paused ? 'paused' : 'all')
    await this.#audit(caller, paused ? 'pause-runner' : 'resume-runner', id, name)
    return this.get(caller, id)
  }

  #audit({ user }: Caller, action: string, target: string, detail: string): Promise<void> {
    const { catalog, clock } = this.#deps
    const actor = { kind: 'user', name: user.name } as const
    return unlessStoreFails(catalog.audit({ at: clock.now(), actor, action, target, detail }))
  }

  // What runners say.

  byToken(token: string): string | undefined {
    return this.#deps.roster.byToken(token)?.id
  }

  /** One after the other: two processes with one token must not both be let in. */
  hello(id: string, hello: RunnerHello, chunkBytes: number): Promise<RunnerAnswer<RunnerWelcome>> {
    return this.#hellos.take(id, () => this.#hello(id, hello, chunkBytes))
  }

  async #hello(id: string, hello: RunnerHello, chunkBytes: number): Promise<RunnerAnswer<RunnerWelcome>> {
    const { roster, dispatcher, entropy, clock } = this.#deps
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
    if (entry.state.past.includes(incarnation)) return superseded
    if (entry.state.incarnation !== incarnation) await this.#lose(id, 'its runner was started again')
    await roster.greet(id, incarnation, entry.state.incarnation, { labels, slots, version })
    if (roster.get(id) === undefined) return removed
    const link = this.#link(id, entry.name, { labels, slots })
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

  async poll(from: RunnerName, { session, ack, draining }: RunnerPoll, signal: AbortSignal) {
    const found = this.#present(from)
    if (!found.ok) return found
    const { link } = found.value
    if (link.session !== session) return helloAgain
    this.#deps.dispatcher.let(link.name, draining ? 'draining' : this.taking(link.name))
    return yes({ orders: await link.take(ack, signal) })
  }

  async log(from: RunnerName, ref: AttemptRef, offset: number, bytes: Uint8Array): Promise<RunnerAnswer<Received>> {
    const found = this.#holding(from, ref)
    return found.ok ? this.#deps.uploads.log(ref, offset, bytes) : found
  }

  async artifact(from: RunnerName, ref: AttemptRef, sha256: string, piece: Piece): Promise<RunnerAnswer<Received>> {
    const found = this.#holding(from, ref)
    return found.ok ? this.#deps.uploads.artifact(from.id, sha256, piece) : found
  }

  async report(from: RunnerName, ref: AttemptRef, kind: ReportKind, piece: Piece): Promise<RunnerAnswer<Received>> {
    const found = this.#holding(from, ref)
    return found.ok ? this.#deps.uploads.report(from.id, ref, kind, piece) : found
  }

  async received(from: RunnerName, ref: AttemptRef, sha256: string | null): Promise<RunnerAnswer<Received>> {
    const { uploads } = this.#deps
    const found = this.#holding(from, ref)
    if (!found.ok) return found
    return yes({ size: sha256 === null ? await uploads.logSize(ref) : uploads.artifactSize(from.id, sha256) })
  }

  async ended(from: RunnerName, ref: AttemptRef, { result, logBytes }: RunnerReport): Promise<RunnerAnswer<null>> {
    const found = this.#holding(from, ref)
    if (!found.ok) return found
    const { dispatcher, uploads } = this.#deps
    const { link } = found.value
    const whole = await uploads.finishLog(ref, logBytes)
    if (!whole.ok) return whole
    return new Promise((resolve) => {
      dispatcher.reported(link.name, ref, result, (taken) => {
        link.over(ref)
        resolve(taken ? yes(null) : stale(ref))
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
  #present({ id, incarnation }: RunnerName): RunnerAnswer<{ readonly link: RunnerLink }> {
    const entry = this.#deps.roster.get(id)
    if (entry === undefined) return removed
    const known = entry.state.incarnation
    if (entry.state.past.includes(incarnation) || (known !== null && known !== incarnation)) return superseded
    const link = this.#links.get(id)
    if (known === null || link === undefined || link.session === null) return helloAgain
    link.heard()
    return yes({ link })
  }

  #holding(from: RunnerName, ref: AttemptRef): RunnerAnswer<{ readonly link: RunnerLink }> {
    const found = this.#present(from)
    if (!found.ok || this.#deps.dispatcher.holds(found.value.link.name, ref)) return found
    return stale(ref)
  }

  #link(id: string, name: string, { labels, slots }: Pick<RunnerView, 'labels' | 'slots'>): RunnerLink {
    const known = this.#links.get(id)
    const link =
      known ??
      new RunnerLink(name, labels, slots, {
        clock: this.#deps.clock,
        times: this.#times,
        onLost: () => void this.#lose(id, `its runner was silent for ${this.#times.leaseMs / 1_000} s`),
        onHeard: () => this.#deps.dispatcher.heard(),
      })
    Object.assign(link, { labels, slots })
    this.#links.set(id, link)
    this.#deps.dispatcher.add(link, this.taking(name))
    return link
  }

  /** It is not there any more: what it had is lost, and what it would have got others get. */
  async #lose(id: string, reason: string): Promise<void> {
    const { dispatcher, roster, uploads } = this.#deps
    const link = this.#links.get(id)
    if (link === undefined) return
    this.#links.delete(id)
    link.close()
    const held = dispatcher.held(link.name)
    dispatcher.remove(link.name)
    for (const attempt of held) dispatcher.lost(link.name, attempt, reason)
    await uploads.forget(id)
    if (roster.get(id) !== undefined) {
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

  #embedded(): RunnerView | undefined {
    const seat = this.#deps.dispatcher.runners().find(({ name }) => name === EMBEDDED)
    if (seat === undefined) return undefined
    const { labels, slots, busy, taking } = seat
    const at = this.#deps.clock.now()
    const facts = { id: EMBEDDED, name: EMBEDDED, kind: 'embedded', labels, slots, busy, status: 'online' } as const
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
const helloAgain = no('hello_again', 'this session is not known: say hello with what you hold')
const stale = (ref: AttemptRef) => no('stale', `attempt ${refText(ref)} is not of this runner, or not any more`)
