import { isEnded } from '../../model/status.ts'
import type { RunId } from '../../model/id.ts'
import type { DurationMs } from '../../model/time.ts'
import type { RunLog } from '../../store/store.ts'
import type { Clock } from '../clock.ts'
import { Rounds } from './rounds.ts'

/** Files on disk that have another place once their run is over. */
export interface MovableFiles {
  /** Runs of which there are files on disk. */
  runs(): Promise<readonly RunId[]>
  /** Everything of one, again and again until it is done. */
  move(runId: RunId): Promise<void>
  /** Bytes on disk that nothing there names any more. */
  sweepArtifacts(): Promise<void>
}

interface Dependencies {
  readonly log: Pick<RunLog, 'summaries'>
  readonly clock: Clock
  readonly files: MovableFiles
  readonly onDefect: (error: unknown) => void
}

const PAGE = 200
const EVERY_MS: DurationMs = 60_000
/** By then nothing of a run is at work any more, also of one that was ended without its runner's word. */
const SETTLED_MS: DurationMs = 5 * 60_000

/** Moves the files of runs that have ended, once a minute. What fails stays where it is, and is moved another time. */
export class Mover {
  readonly #deps: Dependencies
  readonly #rounds: Rounds<number>

  constructor(deps: Dependencies) {
    this.#deps = deps
    const { clock, onDefect } = deps
    this.#rounds = new Rounds({ clock, onDefect, firstMs: EVERY_MS, everyMs: EVERY_MS, round: () => this.#sweep() })
  }

  /** @returns how many runs were moved. */
  sweep(): Promise<number> {
    return this.#rounds.now()
  }

  close(): void {
    this.#rounds.close()
  }

  async #sweep(): Promise<number> {
    const { clock, files, log } = this.#deps
    const ids = await files.runs()
    let moved = 0
    for (let at = 0; at < ids.length && !this.#rounds.isClosed; at += PAGE) {
      for (const { id, status, updatedAt } of await log.summaries(ids.slice(at, at + PAGE))) {
        if (this.#rounds.isClosed || !isEnded(status) || updatedAt > clock.now() - SETTLED_MS) continue
        await files.move(id)
        moved += 1
      }
    }
    if (moved > 0 && !this.#rounds.isClosed) await files.sweepArtifacts()
    return moved
  }
}
