import { KEPT_AT_LEAST_MS, type Retention } from '../../model/retention.ts'
import { isEnded } from '../../model/status.ts'
import type { PipelineId, RunId } from '../../model/id.ts'
import type { RunSummary } from '../../model/view.ts'
import type { DurationMs } from '../../model/time.ts'
import type { RunLog } from '../../store/store.ts'
import type { Clock } from '../clock.ts'
import { Rounds } from './rounds.ts'

/** What lies on disk of runs. */
export interface RunFiles {
  /** Those of which there is anything. */
  runs(): Promise<readonly RunId[]>
  /** Logs, and what attempts have left beside them. */
  remove(runId: RunId): Promise<void>
  /** Bytes that nothing names any more. */
  sweepArtifacts(): Promise<void>
}

interface Dependencies {
  readonly log: RunLog
  readonly clock: Clock
  /** What a pipeline says itself, or what holds for all. */
  readonly policyOf: (pipelineId: PipelineId) => Promise<Retention>
  /** These have gone: nothing in memory may show them any more. */
  readonly onRemoved: (runs: readonly RunSummary[]) => void
  readonly files: RunFiles
  readonly onDefect: (error: unknown) => void
}

/** Summaries that are looked at in one go. */
const PAGE = 200
/** Runs that go in one transaction, and events of theirs: commits wait for it. A run goes whole, however large it is. */
const BATCH = 10
const BATCH_EVENTS = 1_000
const FIRST_MS: DurationMs = 60_000
const EVERY_MS: DurationMs = 3_600_000

/**
 * Lets runs go that were kept for long enough, once an hour and a little at a time, so that nobody waits for it. Of every
 * pipeline stay the newest run and the last one that succeeded, what has not ended, and what ended less than a day ago.
 */
export class RetentionSweep {
  readonly #deps: Dependencies
  readonly #rounds: Rounds<number>

  constructor(deps: Dependencies) {
    this.#deps = deps
    const { clock, onDefect } = deps
    this.#rounds = new Rounds({ clock, onDefect, firstMs: FIRST_MS, everyMs: EVERY_MS, round: () => this.#sweep() })
  }

  /** Looks at all runs now. @returns how many have gone. */
  sweep(): Promise<number> {
    return this.#rounds.now()
  }

  close(): void {
    this.#rounds.close()
  }

  async #sweep(): Promise<number> {
    const pipelines = new Map<PipelineId, Pipeline>()
    let gone = 0
    let before: number | null = null
    while (!this.#rounds.isClosed) {
      const page: readonly RunSummary[] = await this.#deps.log.list({}, before, PAGE)
      const last = page.at(-1)
      if (last === undefined) break
      before = last.serial
      const due: RunSummary[] = []
      for (const run of page) if (await this.#isDue(run, pipelines)) due.push(run)
      gone += await this.#remove(due)
    }
    await this.#sweepFiles()
    return gone
  }

  /** After the log, so that a crash in between leaves files and no run without them; and so those of earlier ones go, too. */
  async #sweepFiles(): Promise<void> {
    const { files, log } = this.#deps
    const ids = await files.runs()
    let removed = false
    for (let at = 0; at < ids.length && !this.#rounds.isClosed; at += PAGE) {
      const page = ids.slice(at, at + PAGE)
      const known = new Set((await log.summaries(page)).map(({ id }) => id))
      for (const id of page) {
        if (known.has(id)) continue
        await files.remove(id)
        removed = true
      }
    }
    if (removed && !this.#rounds.isClosed) await files.sweepArtifacts()
  }

  /** Newest first: what was seen of a pipeline before is newer. */
  async #isDue(run: RunSummary, pipelines: Map<PipelineId, Pipeline>): Promise<boolean> {
    let pipeline = pipelines.get(run.pipelineId)
    if (pipeline === undefined) {
      pipeline = { policy: await this.#deps.policyOf(run.pipelineId), seen: 0, hasSucceeded: false }
      pipelines.set(run.pipelineId, pipeline)
    }
    const { policy, seen, hasSucceeded } = pipeline
    pipeline.seen += 1
    const isLastSuccess = run.status === 'succeeded' && !hasSucceeded
    if (isLastSuccess) pipeline.hasSucceeded = true
    if (seen === 0 || isLastSuccess || !isEnded(run.status) || run.endedAt === null) return false
    const ageMs = this.#deps.clock.now() - run.endedAt
    if (ageMs < KEPT_AT_LEAST_MS) return false
    return (policy.runs !== null && seen >= policy.runs) || (policy.forMs !== null && ageMs >= policy.forMs)
  }

  async #remove(due: readonly RunSummary[]): Promise<number> {
    let count = 0
    for (const batch of batchesOf(due)) {
      if (this.#rounds.isClosed) break
      const gone = new Set<RunId>(await this.#deps.log.remove(batch.map(({ id }) => id)))
      count += gone.size
      if (gone.size > 0) this.#deps.onRemoved(batch.filter(({ id }) => gone.has(id)))
    }
    return count
  }
}

function batchesOf(due: readonly RunSummary[]): readonly (readonly RunSummary[])[] {
  const batches: RunSummary[][] = []
  let batch: RunSummary[] = []
  let events = 0
  for (const run of due) {
    if (batch.length === 0 || batch.length === BATCH || events + run.seq > BATCH_EVENTS) {
      batches.push((batch = []))
      events = 0
    }
    batch.push(run)
    events += run.seq
  }
  return batches
}

interface Pipeline {
  readonly policy: Retention
  /** Of its runs, newer ones. */
  seen: number
  hasSucceeded: boolean
}
