import { dueEffects, heldByRunners, isToStop, lastRunnerOf } from '../engine/effects.ts'
import type { Run } from '../engine/run.ts'
import type { Actor } from '../model/event.ts'
import type { RunId } from '../model/id.ts'
import { StoreError, type Store } from '../store/store.ts'
import type { CatalogUseCases } from './catalog/catalog.ts'
import type { Dispatcher } from './dispatch/dispatcher.ts'
import type { Duties } from './duties.ts'
import type { Effects } from './effects.ts'
import type { RunnerAttendance } from './runners/attendance.ts'
import type { ConcurrencyGroups } from './runs/concurrency.ts'
import type { LiveRuns } from './runs/live.ts'
import type { Follower } from './servers/follower.ts'
import type { Servers } from './servers/servers.ts'
import type { Standby } from './servers/standby.ts'
import type { Firing } from './triggers/firing.ts'
import { loadTriggers, type TriggerIndex } from './triggers/trigger-index.ts'

interface Dependencies {
  readonly store: Pick<Store, 'runs' | 'catalog'>
  /** Name of the server's own runner. */
  readonly embedded: string
  readonly live: LiveRuns
  readonly effects: Effects
  readonly attendance: RunnerAttendance
  /** Both there when other servers work on the same store. */
  readonly servers: Servers | undefined
  readonly follower: Follower | undefined
  readonly standby: Standby
  readonly concurrency: ConcurrencyGroups
  readonly firing: Firing
  readonly dispatcher: Dispatcher
  readonly index: TriggerIndex
  readonly catalog: CatalogUseCases
  readonly duties: Duties
  readonly onDefect: (error: unknown) => void
}

/** Who wants what no person, runner or timer wants. */
export const SERVER: Actor = { kind: 'server', name: 'millrace' }

/** Runs whose logs are read at once: a store answers many questions in little more time than one. */
const READ_AHEAD = 64

/** Takes up every run that has not ended, as its log left it. */
export class Recovery {
  readonly #deps: Dependencies

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  async recover(): Promise<{ readonly runs: number; readonly lostAttempts: number }> {
    const { store, attendance, servers, follower, concurrency, duties, index, catalog } = this.#deps
    const taken: Run[] = []
    let lostAttempts = 0
    attendance.recover()
    await servers?.open()
    const isAlone = (servers?.count ?? 1) === 1
    const ids = await store.runs.live()
    for (let from = 0; from < ids.length; from += READ_AHEAD) {
      const known = await Promise.all(ids.slice(from, from + READ_AHEAD).map((id) => this.#readable(id)))
      for (const read of known) {
        // As it is by now: what an earlier one was due may have moved it.
        const run = read && (await this.#deps.live.get(read.id))
        if (run === undefined) continue
        taken.push(run)
        lostAttempts += this.#takeUp(run, isAlone)
      }
    }
    if (servers === undefined) concurrency.open()
    await loadTriggers(index, store.catalog, (id, version) => catalog.planOf(id, version))
    if (servers === undefined) {
      await duties.open(taken)
    } else {
      await follower?.catchUp()
      await servers.takeDuties()
    }
    return { runs: taken.length, lostAttempts }
  }

  /** @returns how many attempts were lost with the server that was here before */
  #takeUp(run: Run, isAlone: boolean): number {
    const { servers, standby, concurrency, firing, dispatcher, effects } = this.#deps
    concurrency.committed(run)
    firing.committed(run)
    const home = lastRunnerOf(run)
    if (home !== undefined) dispatcher.settle(run.id, home)
    const lostAttempts = this.#adopt(run)
    if (servers !== undefined && run.phase === 'waiting' && run.queuedAt !== null) concurrency.enqueue(run)
    if (isAlone) for (const effect of dueEffects(run)) effects.perform(run, effect)
    else standby.moved(run.id)
    return lostAttempts
  }

  /** What its runners hold, of which some may be there. @returns how many attempts are lost */
  #adopt(run: Run): number {
    const { servers, embedded, live, dispatcher } = this.#deps
    let lost = 0
    for (const { node, attempt, fence, runner } of heldByRunners(run)) {
      // It speaks to another server, or will be missed by all of them.
      if (servers !== undefined && runner !== embedded) continue
      // One on another machine may be at it still: it has the time of a lease to say so.
      if (dispatcher.adopt(runner, { runId: run.id, node, attempt, fence })) {
        if (isToStop(run, node)) dispatcher.cancel(run, node, fence)
        continue
      }
      lost += 1
      const reason = `the server was stopped while ${runner} ran it`
      live.report(run.id, { type: 'lose-attempt', node, fence, reason }, SERVER)
    }
    return lost
  }

  /** One run that cannot be read keeps no other from going on. */
  async #readable(id: RunId): Promise<Run | undefined> {
    try {
      return await this.#deps.live.get(id)
    } catch (error) {
      if (error instanceof StoreError && error.code === 'closed') throw error
      this.#deps.onDefect(error)
      return undefined
    }
  }
}
