import type { DurationMs } from '../../model/time.ts'
import type { Clock } from '../clock.ts'

interface Rhythm<Found> {
  readonly clock: Clock
  readonly firstMs: DurationMs
  /** From the end of a round to the next. */
  readonly everyMs: DurationMs
  readonly round: () => Promise<Found>
  readonly onDefect: (error: unknown) => void
}

/** Something that is done again and again, never twice at once, until it is closed. */
export class Rounds<Found> {
  readonly #rhythm: Rhythm<Found>
  #stop: () => void = () => {}
  #underWay: Promise<Found> | undefined
  #closed = false

  constructor(rhythm: Rhythm<Found>) {
    this.#rhythm = rhythm
    this.#wait(rhythm.firstMs)
  }

  /** A long round looks at it now and then, and ends early. */
  get isClosed(): boolean {
    return this.#closed
  }

  /** A round at once, or the one that is under way. */
  now(): Promise<Found> {
    this.#underWay ??= this.#rhythm.round().finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  close(): void {
    this.#closed = true
    this.#stop()
  }

  #wait(ms: DurationMs): void {
    const { clock, everyMs, onDefect } = this.#rhythm
    this.#stop = clock.at(clock.now() + ms, () => {
      void this.now()
        .catch(onDefect)
        .finally(() => {
          if (!this.#closed) this.#wait(everyMs)
        })
    })
  }
}
