import type { Run } from '../../engine/run.ts'
import { summaryOf } from '../../engine/view.ts'
import type { PipelineId } from '../../model/id.ts'
import type { PipelineView } from '../../model/view.ts'
import type { RunLog } from '../../store/store.ts'
import type { Committed } from './live.ts'

/** What a pipeline's view tells of its runs, as of the last change of a run's status. */
type History = Pick<PipelineView, 'latestRun' | 'runCount' | 'lastStartedAt'>

/** How many of the newest runs are looked at for the last one that began. */
const RECENT = 20
const TRIES_MAX = 5

/** Kept in memory from the first question on, so that pipelines are listed without disk while runs go on. */
export class Histories {
  readonly #log: RunLog
  readonly #isCreating: (id: PipelineId) => boolean
  readonly #kept = new Map<PipelineId, History>()
  /** Commits seen per pipeline that is being read: what was read before one of them is not kept. */
  readonly #reading = new Map<PipelineId, number>()

  /** `isCreating`: whether the log may hold a run of the pipeline that {@link committed} has not told of yet. */
  constructor(log: RunLog, isCreating: (id: PipelineId) => boolean) {
    this.#log = log
    this.#isCreating = isCreating
  }

  async of(id: PipelineId): Promise<History> {
    for (let tries = 1; ; tries += 1) {
      const kept = this.#kept.get(id)
      if (kept !== undefined) return kept
      const before = this.#reading.get(id) ?? 0
      this.#reading.set(id, before)
      const read = await this.#read(id)
      // A run that is told of later must not be counted twice.
      if (this.#reading.get(id) === before && !this.#isCreating(id)) this.#kept.set(id, read)
      else if (tries < TRIES_MAX) continue
      this.#reading.delete(id)
      return read
    }
  }

  committed({ run, entries, summaryChanged, foreign }: Committed): void {
    const id = run.pipelineId
    // The log may have told of it before we were: nobody knows whether it was counted.
    if (foreign === true && entries[0]?.events[0]?.type === 'RunCreated') return this.forget(id)
    const seen = this.#reading.get(id)
    if (seen !== undefined) this.#reading.set(id, seen + 1)
    const kept = this.#kept.get(id)
    if (kept === undefined || !summaryChanged) return
    this.#kept.set(id, {
      latestRun: run.serial >= (kept.latestRun?.serial ?? 0) ? summaryOf(run) : kept.latestRun,
      runCount: kept.runCount + (entries[0]?.events[0]?.type === 'RunCreated' ? 1 : 0),
      lastStartedAt: later(kept.lastStartedAt, run),
    })
  }

  /** Some of its runs are gone. */
  forget(id: PipelineId): void {
    const seen = this.#reading.get(id)
    if (seen !== undefined) this.#reading.set(id, seen + 1)
    this.#kept.delete(id)
  }

  async #read(id: PipelineId): Promise<History> {
    const [runCount, recent] = await Promise.all([
      this.#log.count({ pipelineId: id }),
      this.#log.list({ pipelineId: id }, null, RECENT),
    ])
    const started = recent.flatMap((run) => (run.startedAt === null ? [] : [run.startedAt]))
    return { latestRun: recent[0] ?? null, runCount, lastStartedAt: started.length === 0 ? null : Math.max(...started) }
  }
}

const later = (before: number | null, { startedAt }: Run): number | null =>
  startedAt === null ? before : Math.max(before ?? startedAt, startedAt)
