import type { RunId } from '../../model/id.ts'
import type { ReportKind } from '../../model/report.ts'
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
import type { Piece, RunnerName, RunnerWire } from '../app.ts'
import type { Clock } from '../clock.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { Entropy } from '../entropy.ts'
import { Turns } from '../turns.ts'
import type { AmongServers, RunnerAttendance } from './attendance.ts'
import type { RunnerLink } from './runner-link.ts'
import type { RunnerRoster } from './runner-roster.ts'
import type { Uploads } from './uploads.ts'

interface Dependencies {
  readonly roster: RunnerRoster
  readonly attendance: RunnerAttendance
  readonly dispatcher: Dispatcher
  readonly uploads: Uploads
  readonly clock: Clock
  readonly entropy: Entropy
  /** Has the files of runs that have ended removed. */
  readonly sweep: (runs: readonly RunId[]) => Promise<void>
  /** Whether the run has not ended. */
  readonly isLive: (runId: RunId) => boolean
  /** There when runners may speak to other servers of the same store, too. */
  readonly among?: AmongServers
}

/** What runners on other machines say. */
export class RunnerWireUseCases implements RunnerWire {
  readonly #deps: Dependencies
  readonly #hellos = new Turns<string>()

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

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
        const link = this.#deps.attendance.linkOf(id)
        if (this.#deps.among !== undefined && link?.session === null) this.#deps.attendance.part(id, link)
      }
    })
  }

  async #hello(id: string, hello: RunnerHello, chunkBytes: number): Promise<RunnerAnswer<RunnerWelcome>> {
    const { attendance, roster, dispatcher, entropy, clock, among } = this.#deps
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
    if (before !== incarnation) await this.#deps.attendance.lose(id, 'its runner was started again')
    await roster.greet(id, incarnation, before, { labels, slots, version })
    if (roster.get(id) === undefined) return removed
    const link = this.#deps.attendance.link(id, entry.name, { labels, slots })
    if (among !== undefined) {
      await attendance.claim(link)
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
    return yes({ protocol: RUNNER_PROTOCOL, name: entry.name, session, ...attendance.times, chunkBytes, stop })
  }

  /** It has come from another server: what the log says that it holds, it holds here. */
  async #takeOver(id: string, name: string, facts: Pick<RunnerView, 'labels' | 'slots'>): Promise<void> {
    this.#deps.attendance.link(id, name, facts)
    await this.#deps.among?.catchUp()
    this.#adopt(name)
  }

  #adopt(name: string): void {
    for (const { runner, ...attempt } of this.#deps.among?.held() ?? []) {
      if (runner === name && !this.#deps.dispatcher.holds(name, attempt)) this.#deps.dispatcher.adopt(name, attempt)
    }
  }

  async poll(from: RunnerName, { session, ack, draining }: RunnerPoll, signal: AbortSignal) {
    const found = await this.#present(from)
    if (!found.ok) return found
    const { link } = found.value
    if (link === undefined || link.session !== session) return helloAgain
    this.#deps.dispatcher.let(link.name, draining ? 'draining' : this.#deps.attendance.taking(link.name))
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
        this.#deps.attendance.linkOf(from.id)?.over(ref)
        resolve(what === 'taken' ? yes(null) : stale(ref))
      })
    })
  }

  async leave(from: RunnerName): Promise<RunnerAnswer<null>> {
    const found = await this.#present(from)
    if (!found.ok) return found
    await this.#deps.attendance.lose(from.id, 'its runner has ended')
    return yes(null)
  }

  /** The runner when this process of it is the one that is known. It has been heard of. */
  async #present({
    id,
    incarnation,
  }: RunnerName): Promise<RunnerAnswer<{ readonly name: string; readonly link?: RunnerLink }>> {
    const { roster, among } = this.#deps
    // Another server may have greeted this process, and we have not been told yet that the one before is over.
    if (among !== undefined && roster.state(id).incarnation !== incarnation) await roster.refreshState(id)
    const entry = roster.get(id)
    if (entry === undefined) return removed
    const known = entry.state.incarnation
    if (entry.state.past.includes(incarnation) || (known !== null && known !== incarnation)) return superseded
    const link = this.#deps.attendance.linkOf(id)
    if (known === null) return helloAgain
    if (link === undefined || link.session === null) {
      // It speaks to another server, and says this one thing to us.
      const isElsewhere = this.#deps.attendance.isElsewhere(entry.name)
      return isElsewhere ? yes({ name: entry.name }) : helloAgain
    }
    link.heard()
    return yes({ name: entry.name, link })
  }

  async #holding(from: RunnerName, ref: AttemptRef): Promise<RunnerAnswer<{ readonly name: string }>> {
    const { among, dispatcher } = this.#deps
    const found = await this.#present(from)
    if (!found.ok || dispatcher.holds(found.value.name, ref)) return found
    if (among === undefined) return stale(ref)
    const { name } = found.value
    if (among.holds(name, ref)) return found
    await among.catchUp()
    return among.holds(name, ref) ? found : stale(ref)
  }
}

const yes = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({ ok: true, value })

const no = (code: RunnerRefusalCode, message: string) => ({ ok: false, refusal: { code, message } }) as const

const removed = no('unauthenticated', 'this runner was removed')
const superseded = no('superseded', 'another process has come with the token of this runner')
const closing = no('unavailable', 'this server is being closed')
const helloAgain = no('hello_again', 'this session is not known: say hello with what you hold')
const stale = (ref: AttemptRef) => no('stale', `attempt ${refText(ref)} is not of this runner, or not any more`)
