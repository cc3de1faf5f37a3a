import { useSyncExternalStore } from 'react'
import type { QueryClient } from '@tanstack/react-query'
import type { Event, Run, RunBatch, RunSummary } from '../../../src/client/client.ts'
import { client } from './client.ts'
import { followAll, type LiveMessage } from './live-stream.ts'

/** `starting` until the stream was up for the first time: nothing is lost yet. */
export type LiveState = 'starting' | 'up' | 'down'

/** What does not change, is looked at by itself, or belongs to one seq of a run and stays true for it. */
const STANDING: readonly unknown[] = [
  'me',
  'run',
  'run-past',
  'run-explain',
  'run-estimate',
  'run-timeline',
  'run-seen',
  'run-artifacts',
]

const listeners = new Set<() => void>()
let state: LiveState = 'starting'

function setState(next: LiveState): void {
  if (next === state) return
  state = next
  for (const listener of listeners) listener()
}

/** Whether what the page shows is what is. */
export const useLiveState = (): LiveState =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => state,
  )

const eventListeners = new Set<(event: Event) => void>()

/** Every event of the stream, once and in order, also across a lost connection. Returns the way to stop. */
export function listenToEvents(listener: (event: Event) => void): () => void {
  eventListeners.add(listener)
  return () => eventListeners.delete(listener)
}

interface LiveOptions {
  readonly queries: QueryClient
  readonly onSignedOut: () => void
}

/** Keeps the caches true as long as somebody is signed in. Returns the way to stop. */
export function startLive({ queries, onSignedOut }: LiveOptions): () => void {
  const patches = new Patches(queries)
  const take = (message: LiveMessage): void => {
    switch (message.kind) {
      case 'event':
        patches.touch(message.event)
        for (const listener of eventListeners) listener(message.event)
        return
      case 'up':
        // What was read before the stream was up may have changed meanwhile.
        if (state === 'starting') {
          void queries.invalidateQueries({ predicate: ({ queryKey: [kind] }) => !STANDING.includes(kind) })
          void patches.lookAgain()
        }
        return setState('up')
      case 'down':
        return setState(state === 'starting' ? 'starting' : 'down')
      case 'reset':
        return void queries.invalidateQueries()
      case 'signed-out':
        return onSignedOut()
      default:
        return message satisfies never
    }
  }
  const leave = joinStream(take)
  // A server that was away may have been away from the start.
  const late = setTimeout(() => state === 'starting' && setState('down'), 5_000)
  return () => {
    clearTimeout(late)
    patches.stop()
    leave()
    state = 'starting'
  }
}

function joinStream(take: (message: LiveMessage) => void): () => void {
  if (typeof SharedWorker === 'undefined') {
    const stop = new AbortController()
    void followAll(take, stop.signal)
    return () => stop.abort()
  }
  const worker = new SharedWorker(new URL('./live-worker.ts', import.meta.url), { type: 'module', name: 'live' })
  const { port } = worker
  const bye = (): void => port.postMessage('bye')
  const hello = (event: PageTransitionEvent): void => {
    if (event.persisted) port.postMessage('hello')
  }
  port.addEventListener('message', ({ data }) => take(data as LiveMessage))
  port.start()
  port.postMessage('hello')
  window.addEventListener('pagehide', bye)
  window.addEventListener('pageshow', hello)
  return () => {
    window.removeEventListener('pagehide', bye)
    window.removeEventListener('pageshow', hello)
    bye()
    port.close()
  }
}

/** Runs that events have touched are asked for together, at most once in this time. */
const PATCH_MS = 250
const BATCH_MAX = 100
/** Between two readings of what shows many runs together. */
const WIDE_MS = 1_500

/** Turns events into true caches: what shows a run gets its new head; a page of one run listens itself (run/use-run.ts). */
class Patches {
  readonly #queries: QueryClient
  readonly #touched = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #wideTimer: ReturnType<typeof setTimeout> | undefined
  #wideAgain = false

  constructor(queries: QueryClient) {
    this.#queries = queries
  }

  touch(event: Event): void {
    this.#touched.add(event.run_id)
    this.#timer ??= setTimeout(() => void this.#patch(), PATCH_MS)
  }

  /** Whole runs are large: of those that are shown only the heads are asked for, and what has changed is read again. */
  async lookAgain(): Promise<void> {
    const known = this.#queries.getQueryCache().findAll({ queryKey: ['run'] })
    // An answer that is on its way may be of before the stream was up.
    for (const {
      queryKey,
      state: { data },
    } of known) {
      if (data === undefined) void this.#queries.invalidateQueries({ queryKey })
    }
    const runs = known.flatMap(({ state: { data } }) => (data === undefined ? [] : [data as Run])).slice(0, BATCH_MAX)
    if (runs.length === 0) return
    try {
      const { items } = await client.runs.batch(runs.map(({ id }) => id))
      for (const { id, seq } of items) {
        if (runs.some((run) => run.id === id && run.seq < seq)) {
          void this.#queries.invalidateQueries({ queryKey: ['run', id] })
        }
      }
    } catch {
      void this.#queries.invalidateQueries({ queryKey: ['run'] })
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#wideTimer)
  }

  async #patch(): Promise<void> {
    const ids = [...this.#touched].slice(0, BATCH_MAX)
    for (const id of ids) this.#touched.delete(id)
    try {
      this.#wide()
      const known = ids.filter((id) => this.#shown(id))
      if (known.length > 0) this.#put(await client.runs.batch(known))
      if (known.length < ids.length) void this.#queries.invalidateQueries({ queryKey: ['runs'] })
    } catch {
      // The server is away: the stream says so, and everything is read again when it is back.
    } finally {
      this.#timer = this.#touched.size > 0 ? setTimeout(() => void this.#patch(), PATCH_MS) : undefined
    }
  }

  /** What shows many runs together is read again, not more often than its answer is worth. */
  #wide(): void {
    if (this.#wideTimer !== undefined) {
      this.#wideAgain = true
      return
    }
    for (const kind of ['home', 'pipelines', 'pipeline']) void this.#queries.invalidateQueries({ queryKey: [kind] })
    this.#wideTimer = setTimeout(() => {
      this.#wideTimer = undefined
      const again = this.#wideAgain
      this.#wideAgain = false
      if (again) this.#wide()
    }, WIDE_MS)
  }

  #shown(id: string): boolean {
    return this.#queries
      .getQueriesData<RunPages>({ queryKey: ['runs'] })
      .some(([, list]) => list?.pages.some(({ items }) => items.some((run) => run.id === id)))
  }

  #put({ items }: RunBatch): void {
    const byId = new Map(items.map((head) => [head.id, head]))
    const now = (run: RunSummary): RunSummary => {
      const head = byId.get(run.id)
      return head === undefined || head.seq <= run.seq ? run : { ...run, ...pick(run, head) }
    }
    this.#queries.setQueriesData<RunPages>({ queryKey: ['runs'] }, (list) =>
      list === undefined
        ? list
        : { ...list, pages: list.pages.map((page) => ({ ...page, items: page.items.map(now) })) },
    )
  }
}

/** As useInfiniteQuery keeps them. */
interface RunPages {
  readonly pages: readonly { readonly items: readonly RunSummary[]; readonly next: string | null }[]
  readonly pageParams: readonly unknown[]
}

/** Of a head, what a summary has. */
function pick(run: RunSummary, head: RunBatch['items'][number]): Partial<RunSummary> {
  const names = Object.keys(run).filter((name): name is keyof RunSummary & keyof typeof head => name in head)
  return Object.fromEntries(names.map((name) => [name, head[name]]))
}
