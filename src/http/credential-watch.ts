import type { App, Caller } from '../host/app.ts'
import { requestCallers } from './credentials.ts'

/** So late it is seen that a credential is over; that it was removed, or its user disabled, is seen at once. */
const LOOK_MS = 1_000

interface Deps {
  readonly access: Pick<App['access'], 'isValid'>
  readonly feed: Pick<App['feed'], 'onChange'>
}

interface Watched {
  readonly callers: readonly Caller[]
  readonly cut: AbortController
}

/**
 * Answers without an end, whose reader was let in once, end when it would not be let in any more. Where several
 * servers share a store, each hears of what the others have changed.
 */
export class CredentialWatch {
  readonly #app: Deps
  readonly #watched = new Set<Watched>()
  #stop: (() => void) | undefined

  constructor(app: Deps) {
    this.#app = app
  }

  /** Of the request that is being answered now. `until` is aborted when a credential of it is good no more. */
  watch(callers: readonly Caller[] = requestCallers()): { readonly until: AbortSignal; readonly stop: () => void } {
    const cut = new AbortController()
    const watched = { callers, cut }
    this.#watched.add(watched)
    this.#stop ??= this.#begin()
    // It may have changed since it was looked at.
    this.#look()
    return {
      until: cut.signal,
      stop: () => {
        this.#watched.delete(watched)
        if (this.#watched.size > 0) return
        this.#stop?.()
        this.#stop = undefined
      },
    }
  }

  #begin(): () => void {
    const stopListening = this.#app.feed.onChange((topics) => {
      if (topics.includes('keys')) this.#look()
    })
    const timer = setInterval(() => this.#look(), LOOK_MS).unref()
    return () => {
      stopListening()
      clearInterval(timer)
    }
  }

  #look(): void {
    for (const { callers, cut } of this.#watched) {
      if (!callers.every((caller) => this.#app.access.isValid(caller))) cut.abort()
    }
  }
}
