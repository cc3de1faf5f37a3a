import type { Run } from '../../engine/run.ts'
import type { RunId } from '../../model/id.ts'

interface OpenAttempt {
  readonly node: number
  readonly attempt: number
  readonly end: AbortController
}

/**
 * Tells those who follow logs that an attempt is over. One signal per attempt, however many follow it; looked at
 * when its run has changed.
 */
export class LogEnds {
  readonly #open = new Map<RunId, Map<string, OpenAttempt>>()

  /** Aborted at once when the attempt is over already. */
  signal(run: Run, node: number, attempt: number): AbortSignal {
    if (isOver(run, node, attempt)) return AbortSignal.abort()
    let attempts = this.#open.get(run.id)
    if (attempts === undefined) this.#open.set(run.id, (attempts = new Map<string, OpenAttempt>()))
    const name = `${node}/${attempt}`
    let open = attempts.get(name)
    if (open === undefined) attempts.set(name, (open = { node, attempt, end: new AbortController() }))
    return open.end.signal
  }

  changed(run: Run): void {
    const attempts = this.#open.get(run.id)
    if (attempts === undefined) return
    for (const [name, { node, attempt, end }] of attempts) {
      if (!isOver(run, node, attempt)) continue
      end.abort()
      attempts.delete(name)
    }
    if (attempts.size === 0) this.#open.delete(run.id)
  }
}

/** Its last byte is stored: an attempt is reported ended only after that. */
function isOver(run: Run, node: number, attempt: number): boolean {
  const state = run.nodes.at(node)
  if (run.phase === 'ended' || state.kind === 'stage' || state.attempt > attempt) return true
  // A retry's delay counts as queued, with the attempt before it over.
  if (state.status === 'queued') return state.failure !== null
  return state.status !== 'running' && state.status !== 'reviewing' && state.status !== 'pending'
}
