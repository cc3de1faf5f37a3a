import type { PipelineId } from '../../model/id.ts'
import { StoreError } from '../store.ts'
import type { Session } from './database.ts'

type Names = { readonly number: number; readonly serial: number }

interface Waiting {
  /** What the close of the store waits for. */
  readonly session: Pick<Session, 'rows'>
  readonly resolve: (names: Names) => void
  readonly reject: (error: unknown) => void
}

/**
 * As `reserve_run` of the migrations, for so many at once, and in its order: first the row of the pipeline, then the
 * counter of all, so that no two of them wait for each other. It need not wait for the disk, see there.
 */
const SQL = `
  with own as (
    update pipelines set last_number = last_number + $2::integer where id = $1 returning last_number
  ), all_runs as (
    update counters set value = value + $2::integer where name = 'run' and exists (select from own) returning value
  )
  select last_number as number, value as serial, set_config('synchronous_commit', 'off', true) as setting
  from own, all_runs`

/** Numbers and serials for runs to come: those of one pipeline that are wanted in one turn are taken with one statement. */
export class Reserves {
  #waiting = new Map<PipelineId, Waiting[]>()

  reserve(session: Pick<Session, 'rows'>, pipelineId: PipelineId): Promise<Names> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) setImmediate(() => this.#takeAll())
      const others = this.#waiting.get(pipelineId)
      if (others === undefined) this.#waiting.set(pipelineId, [{ session, resolve, reject }])
      else others.push({ session, resolve, reject })
    })
  }

  #takeAll(): void {
    const all = this.#waiting
    this.#waiting = new Map()
    for (const [pipelineId, waiting] of all) void this.#take(pipelineId, waiting)
  }

  async #take(pipelineId: PipelineId, waiting: readonly Waiting[]): Promise<void> {
    try {
      const [last] = (await waiting[0]?.session.rows<Names>(SQL, [pipelineId, waiting.length])) ?? []
      if (last === undefined) throw new StoreError('missing', `there is no pipeline ${pipelineId}`)
      const before = { number: last.number - waiting.length, serial: last.serial - waiting.length }
      for (const [place, { resolve }] of waiting.entries()) {
        resolve({ number: before.number + place + 1, serial: before.serial + place + 1 })
      }
    } catch (error) {
      for (const { reject } of waiting) reject(error)
    }
  }
}
