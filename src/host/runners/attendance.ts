import type { RunnerView } from '../../model/runner.ts'
import type { DurationMs, Instant } from '../../model/time.ts'
import type { Attendance, Attending } from '../../store/store.ts'
import type { Clock } from '../clock.ts'
import type { Dispatcher } from '../dispatch/dispatcher.ts'
import type { Attempt, Taking } from '../dispatch/runner.ts'
import { leaseTimes, RunnerLink, type LeaseTimes } from './runner-link.ts'
import { EMBEDDED, unlessStoreFails, type RunnerEntry, type RunnerRoster } from './runner-roster.ts'
import type { Uploads } from './uploads.ts'

const LOOK_AGAIN_MS: DurationMs = 1_000

interface Dependencies {
  readonly roster: RunnerRoster
  readonly dispatcher: Dispatcher
  readonly uploads: Uploads
  readonly clock: Clock
  readonly leaseMs: DurationMs
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
  /** Has {@link RunnerAttendance.attended} told where all runners are. @returns whether that was possible */
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

/** Which runners are there, to which server they speak, and what becomes of what they hold when they are gone. */
export class RunnerAttendance {
  readonly #deps: Dependencies
  readonly times: LeaseTimes
  /** Of those that are there, or may be; by id. */
  readonly #links = new Map<string, RunnerLink>()
  /** Those that speak to other servers, by name. */
  #others = new Map<string, Facts & { readonly seenAt: Instant }>()
  /** Names of those that were there at the last look. */
  #known: ReadonlySet<string> | undefined
  /** Those that were told of as ours. */
  readonly #claimed = new Set<string>()
  readonly #leaving = new Set<string>()

  constructor(deps: Dependencies) {
    this.#deps = deps
    this.times = leaseTimes(deps.leaseMs)
  }

  /** Those that were there when the last server ended have the time of a lease to come back with what they hold. */
  recover(): void {
    // Where there are other servers they speak to those, or are given up by the first that misses them.
    if (this.#deps.among !== undefined) return
    for (const { id, name, state } of this.#deps.roster.entries()) {
      if (state.incarnation !== null) this.link(id, name, state)
    }
  }

  close(): void {
    for (const link of this.#links.values()) link.close()
  }

  /** What a runner that is added gets: a person may have paused it. */
  taking(name: string): Taking {
    const id = name === this.#ownName ? name : this.find(name)?.id
    return id !== undefined && this.#deps.roster.state(id).paused ? 'paused' : 'all'
  }

  /** Runners that speak to this server, and those that do no more. */
  attending(): { readonly attending: readonly Attending[]; readonly leaving: readonly string[] } {
    const attending = [...this.#links.values()].filter(({ session }) => session !== null)
    const leaving = [...this.#leaving]
    this.#leaving.clear()
    const own = this.#ownAttending()
    return {
      attending: [...(own === undefined ? [] : [own]), ...attending.map((link) => this.#attending(link, false))],
      leaving,
    }
  }

  /** The server's own runner, as others are told of it. */
  #ownAttending(): Attending | undefined {
    const name = this.#ownName
    const seat = this.#deps.dispatcher.runners().find((runner) => runner.name === name)
    if (seat === undefined) return undefined
    const { labels, slots, busy, taking } = seat
    const facts: Facts = { kind: 'embedded', labels, slots, busy, taking }
    return { runner: name, facts: JSON.stringify(facts), ageMs: 0, claims: false }
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
      if (there.get(link.name)?.server !== among.serverId) this.part(id, link)
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
    return name === this.#ownName || [...this.#links.values()].some((link) => link.name === name)
  }

  /** It speaks to another server now, or must say hello again: what it holds it holds. */
  part(id: string, link: RunnerLink): void {
    this.#links.delete(id)
    this.#claimed.delete(link.name)
    link.close()
    this.#deps.dispatcher.remove(link.name)
  }

  /** Another server has let runners in, or removed some. */
  async refresh(): Promise<void> {
    for (const id of await this.#deps.roster.refresh()) await this.lose(id, 'its runner was removed')
  }

  /** Another server has changed what is kept of a runner. */
  async refreshState(id: string): Promise<void> {
    await this.#deps.roster.refreshState(id)
    const name = id === this.#ownName ? id : this.#deps.roster.get(id)?.name
    if (name === undefined) return
    const seat = this.#deps.dispatcher.runners().find((runner) => runner.name === name)
    if (seat !== undefined && seat.taking !== 'draining') this.#deps.dispatcher.let(name, this.taking(name))
  }

  link(id: string, name: string, { labels, slots }: Pick<RunnerView, 'labels' | 'slots'>): RunnerLink {
    const known = this.#links.get(id)
    const link =
      known ??
      new RunnerLink(name, labels, slots, {
        clock: this.#deps.clock,
        times: this.times,
        onLost: () => void this.#silent(id),
        onHeard: () => this.#deps.dispatcher.heard(),
        isFull: () => this.#deps.uploads.isFull,
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
    if (link.isOverdue()) await this.lose(id, `its runner was silent for ${this.times.leaseMs / 1_000} s`)
    else link.watch()
  }

  /** It is not there any more: what it had is lost, and what it would have got others get. */
  async lose(id: string, reason: string): Promise<void> {
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

  views(): readonly RunnerView[] {
    const own = this.#own()
    const remote = this.#deps.roster.entries().map((entry) => this.#view(entry))
    return [...(own === undefined ? [] : [own]), ...this.#othersOwn(), ...remote]
  }

  /** By id or name. */
  view(ref: string): RunnerView | undefined {
    const entry = this.find(ref)
    const own = ref === EMBEDDED || ref === this.#ownName ? this.#own() : undefined
    return own ?? (entry && this.#view(entry)) ?? this.#othersOwn().find(({ id }) => id === ref)
  }

  linkOf(id: string): RunnerLink | undefined {
    return this.#links.get(id)
  }

  /** Whether it speaks to another server, as far as is known. */
  isElsewhere(name: string): boolean {
    return this.#deps.among !== undefined && this.#others.has(name)
  }

  /** All servers know from now on that it speaks to this one. */
  async claim(link: RunnerLink): Promise<void> {
    // The process before it has left, this one has come.
    this.#leaving.delete(link.name)
    await this.#deps.among?.claim(this.#attending(link, true))
    this.#claimed.add(link.name)
  }

  find(ref: string): RunnerEntry | undefined {
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

  /** Name of the server's own runner. */
  get #ownName(): string {
    return this.#deps.among?.embedded ?? EMBEDDED
  }

  /** Own runners of other servers. */
  #othersOwn(): readonly RunnerView[] {
    return [...this.#others].flatMap(([name, { kind, labels, slots, busy, taking, seenAt }]) => {
      if (kind !== 'embedded') return []
      const facts = { id: name, name, kind, labels, slots, busy, status: 'online' } as const
      return [{ ...facts, paused: taking === 'paused', lastSeenAt: seenAt, createdAt: null, version: null }]
    })
  }

  #own(): RunnerView | undefined {
    const own = this.#ownName
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
