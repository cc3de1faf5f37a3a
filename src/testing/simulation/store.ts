import { openMemoryStore } from '../../store/memory/index.ts'
import { type CommitReceipt, type RunCommit, type Store, StoreError } from '../../store/store.ts'
import type { Clock } from '../../host/clock.ts'
import { below } from '../dice.ts'

type Write = () => Promise<void>

interface Waiting {
  readonly readyAt: number
  readonly write: Write
}

/** Told of what is durable, in the order of its numbers, also of what the server never hears of. */
export type OnDurable = (commit: RunCommit, receipt: CommitReceipt) => void

/**
 * A memory store whose disk is that of a bad day: it stalls, is full for a while, and when the server dies some of what
 * lay before it is written and some is not, and nobody is told. Writes are done in the order they came.
 */
export class SimulatedStore {
  readonly store: Store = openMemoryStore()
  readonly #clock: Clock
  readonly #draw: () => number
  readonly #onDurable: OnDurable
  #waiting: Waiting[] = []
  #stop: () => void = () => undefined
  /** Counts servers: one that died hears no answer any more. */
  #life = 0
  #fullUntil = 0
  calm = true

  constructor(clock: Clock, draw: () => number, onDurable: OnDurable) {
    this.#clock = clock
    this.#draw = draw
    this.#onDurable = onDurable
  }

  /** The store as the server sees it that begins now; the one before is dead. */
  opened(): Store {
    const life = (this.#life += 1)
    const { runs } = this.store
    const write = <Value>(done: () => Promise<Value>): Promise<Value> => this.#write(life, done)
    return {
      ...this.store,
      runs: {
        ...runs,
        reserve: (pipelineId) => write(() => runs.reserve(pipelineId)),
        commit: (commit) =>
          write(async () => {
            const receipt = await runs.commit(commit)
            this.#onDurable(commit, receipt)
            return receipt
          }),
      },
    }
  }

  /** The server is dead: of what lay before the disk, a part from the front is written. */
  async crash(): Promise<void> {
    this.#life += 1
    this.#stop()
    const written = this.#waiting.slice(0, below(this.#draw, this.#waiting.length + 1))
    this.#waiting = []
    for (const { write } of written) await write()
  }

  /** For so long nothing is written: what comes is refused. */
  fill(durationMs: number): void {
    this.#fullUntil = this.#clock.now() + durationMs
  }

  #write<Value>(life: number, done: () => Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (life !== this.#life) return
      if (!this.calm && this.#clock.now() < this.#fullUntil)
        return reject(new StoreError('full', 'no space left on device'))
      const answer = (tell: () => void): void => {
        if (life === this.#life) tell()
      }
      const write: Write = () =>
        done().then(
          (value) => answer(() => resolve(value)),
          (error: Error) => answer(() => reject(error)),
        )
      const stallMs = this.calm || below(this.#draw, 4) > 0 ? 0 : below(this.#draw, 3_000)
      this.#waiting.push({ readyAt: this.#clock.now() + stallMs, write })
      if (this.#waiting.length === 1) this.#flush()
    })
  }

  #flush(): void {
    const ready = this.#waiting.findIndex(({ readyAt }) => readyAt > this.#clock.now())
    const writes = this.#waiting.splice(0, ready === -1 ? this.#waiting.length : ready)
    for (const { write } of writes) void write()
    const [next] = this.#waiting
    if (next !== undefined) this.#stop = this.#clock.at(next.readyAt, () => this.#flush())
  }
}
