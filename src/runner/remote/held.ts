import type { Job } from '../../model/job.ts'
import { refOf, refText, type AttemptRef } from '../../model/runner.ts'
import type { EndedMessage } from '../protocol.ts'

/** An attempt from the order to begin it until the server has taken its end. */
export class Held {
  readonly job: Job
  readonly ref: AttemptRef
  readonly name: string
  #ended: EndedMessage | undefined
  #lost: string | null = null
  #forgotten = false
  #wake: (() => void) | undefined

  constructor(job: Job) {
    this.job = job
    this.ref = refOf(job)
    this.name = refText(job)
  }

  /** Its last word; no process of it lives any more. */
  get ended(): EndedMessage | undefined {
    return this.#ended
  }

  /** Why it was stopped without having been told to; null: it was not. */
  get lost(): string | null {
    return this.#lost
  }

  /** The run has gone on without it: nobody wants to hear of it. */
  get forgotten(): boolean {
    return this.#forgotten
  }

  end(message: EndedMessage): void {
    this.#ended = message
    this.#wake?.()
  }

  lose(reason: string): void {
    this.#lost ??= reason
  }

  forget(): void {
    this.#forgotten = true
    this.#wake?.()
  }

  /** Resolves when it has ended, is forgotten, or after this time. */
  change(waitMs: number): Promise<void> {
    if (this.#ended !== undefined || this.#forgotten) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
