import { accept, refuse, type Result } from '../../model/problem.ts'
import { RUNNER_NAME, RUNNERS_MAX } from '../../model/runner.ts'
import type { Instant } from '../../model/time.ts'
import { StoreError, type KeyRecord, type Keys } from '../../store/store.ts'
import type { Caller } from '../app.ts'
import type { Clock } from '../clock.ts'
import type { Entropy } from '../entropy.ts'
import { hashSecret, isSameSecret } from '../secrets/seal.ts'
import { unlessFull } from '../store-problems.ts'

/** What is kept of a runner besides its key, as a setting. */
export interface RunnerState {
  readonly paused: boolean
  /** Of the process that said hello last; null: it has gone, or was given up. */
  readonly incarnation: string | null
  /** The ones before: they must not come back. */
  readonly past: readonly string[]
  readonly labels: readonly string[]
  readonly slots: number
  readonly version: string | null
  readonly seenAt: Instant | null
}

export interface RunnerEntry {
  readonly id: string
  readonly name: string
  readonly createdAt: Instant
  readonly state: RunnerState
}

interface Dependencies {
  readonly keys: Keys
  readonly clock: Clock
  readonly entropy: Entropy
}

/** The server's own runner: it has a state, and neither token nor entry. */
export const EMBEDDED = 'embedded'
/** Words that stand for something else where a runner's name stands. */
const RESERVED = ['server', 'millrace']
const PAST_MAX = 8
const FRESH: RunnerState = {
  paused: false,
  incarnation: null,
  past: [],
  labels: [],
  slots: 1,
  version: null,
  seenAt: null,
}

/** The runners that admins have let in: a key of kind `runner` each, and a setting. All in memory, too. */
export class RunnerRoster {
  readonly #deps: Dependencies
  readonly #keys = new Map<string, KeyRecord>()
  readonly #states = new Map<string, RunnerState>()

  private constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** @param embedded name of the server's own runner */
  static async open(deps: Dependencies, embedded = EMBEDDED): Promise<RunnerRoster> {
    const roster = new RunnerRoster(deps)
    for (const key of await deps.keys.keys()) {
      if (key.kind === 'runner' && key.revokedAt === null) roster.#keys.set(key.name, key)
    }
    for (const id of [embedded, ...roster.#keys.keys()]) await roster.refreshState(id)
    return roster
  }

  /** Other servers may have let in, changed or removed some. @returns ids of those that are there no more */
  async refresh(): Promise<readonly string[]> {
    const { keys } = this.#deps
    const now = new Map<string, KeyRecord>()
    for (const key of await keys.keys()) {
      if (key.kind === 'runner' && key.revokedAt === null) now.set(key.name, key)
    }
    const gone = [...this.#keys.keys()].filter((id) => !now.has(id))
    for (const id of gone) {
      this.#keys.delete(id)
      this.#states.delete(id)
    }
    for (const [id, key] of now) {
      if (this.#keys.has(id)) continue
      this.#keys.set(id, key)
      await this.refreshState(id)
    }
    return gone
  }

  /** As another server may have changed it. @throws StoreError */
  async refreshState(id: string): Promise<void> {
    const text = await this.#deps.keys.setting(settingOf(id))
    if (text !== undefined) this.#states.set(id, { ...FRESH, ...(JSON.parse(text) as RunnerState) })
  }

  entries(): readonly RunnerEntry[] {
    return [...this.#keys.values()].map((key) => this.#entry(key))
  }

  get(id: string): RunnerEntry | undefined {
    const key = this.#keys.get(id)
    return key === undefined ? undefined : this.#entry(key)
  }

  state(id: string): RunnerState {
    return this.#states.get(id) ?? FRESH
  }

  /** A token as {@link add} gave it; all comparisons take the same time. */
  byToken(token: string): RunnerEntry | undefined {
    const [, id, secret] = /^mrr_([0-9a-f]{16})_([0-9a-f]{64})$/.exec(token) ?? []
    const key = id === undefined ? undefined : this.#keys.get(id)
    if (key === undefined || secret === undefined || !isSameSecret(secret, key.secret)) return undefined
    return this.#entry(key)
  }

  /** @param keysFor with what is written down of the runner of this id */
  async add(
    caller: Caller,
    name: string,
    keysFor: (id: string) => Pick<Keys, 'addKey'>,
  ): Promise<Result<{ readonly entry: RunnerEntry; readonly token: string }>> {
    if (!RUNNER_NAME.test(name) || RESERVED.includes(name) || name.startsWith(EMBEDDED)) {
      const found = JSON.stringify(name.slice(0, 80))
      return refuse('invalid_request', `a runner's name is letters, digits and _ . -, at most 64, found ${found}`)
    }
    if ([...this.#keys.values()].some(({ label }) => label === name)) {
      return refuse('conflict', `there is a runner ${name} already`)
    }
    if (this.#keys.size >= RUNNERS_MAX) {
      return refuse('too_many_requests', `a server has at most ${RUNNERS_MAX} runners: remove one first`)
    }
    const { clock, entropy } = this.#deps
    const [id, secret] = [entropy.bytes(8).toString('hex'), entropy.bytes(32).toString('hex')]
    const key: KeyRecord = {
      kind: 'runner',
      name: id,
      secret: hashSecret(secret),
      userId: caller.user.id,
      label: name,
      createdAt: clock.now(),
      expiresAt: null,
      revokedAt: null,
    }
    // Before it is durable: two of one name must not come at once.
    this.#keys.set(id, key)
    const stored = await unlessFull<null>(
      keysFor(id)
        .addKey(key)
        .then(() => accept(null)),
    )
    if (!stored.ok) {
      this.#keys.delete(id)
      return stored
    }
    return accept({ entry: this.#entry(key), token: `mrr_${id}_${secret}` })
  }

  /** @param keys with what is written down of it */
  async remove(id: string, keys: Pick<Keys, 'revokeKey'>): Promise<Result<null>> {
    const key = this.#keys.get(id)
    if (key === undefined) return refuse('not_found', `there is no runner ${id}`)
    const { clock } = this.#deps
    const revoked = await unlessFull<null>(keys.revokeKey('runner', id, clock.now()).then(() => accept(null)))
    if (revoked.ok) {
      this.#keys.delete(id)
      this.#states.delete(id)
    }
    return revoked
  }

  /** @throws StoreError when it could not be kept; then the old one holds. */
  async change(
    id: string,
    change: Partial<RunnerState>,
    keys: Pick<Keys, 'putSetting'> = this.#deps.keys,
  ): Promise<void> {
    const state = { ...this.state(id), ...change }
    await keys.putSetting(settingOf(id), JSON.stringify(state))
    this.#states.set(id, state)
  }

  /** Another process has come for it, in place of `before` (null: of none). @throws StoreError */
  greet(
    id: string,
    incarnation: string,
    before: string | null,
    facts: Pick<RunnerState, 'labels' | 'slots' | 'version'>,
  ): Promise<void> {
    const { past } = this.state(id)
    const gone = before === null || before === incarnation ? past : [before, ...past].slice(0, PAST_MAX)
    return this.change(id, { ...facts, incarnation, past: gone, seenAt: this.#deps.clock.now() })
  }

  #entry({ name: id, label, createdAt }: KeyRecord): RunnerEntry {
    return { id, name: label, createdAt, state: this.state(id) }
  }
}

const settingOf = (id: string): string => `runner:${id}`

/** The id in the name of a setting; undefined: it is of nothing here. */
export const rosterIdOf = (setting: string): string | undefined => /^runner:(.+)$/.exec(setting)?.[1]

/** For what is only for readers: a full disk keeps nothing from going on. */
export async function unlessStoreFails(written: Promise<void>): Promise<void> {
  try {
    await written
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
  }
}
