import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunId } from '../../model/id.ts'
import { refText, type AttemptRef } from '../../model/runner.ts'
import type { RunnerPaths } from '../paths.ts'

/**
 * What this runner has begun, in this process or an earlier one: none of it is begun again, whatever servers say. Kept
 * beside the workspace of the run, and as long as that. Not fsynced: it must survive the death of the process; what a
 * machine had that died, servers take as lost before they greet it again.
 */
export class Begun {
  readonly #paths: Pick<RunnerPaths, 'run'>
  readonly #known = new Map<RunId, Set<string>>()

  constructor(paths: Pick<RunnerPaths, 'run'>) {
    this.#paths = paths
  }

  /** It is about to be begun. @returns false: it was before. @throws when that cannot be written down */
  claim(ref: AttemptRef): boolean {
    const known = this.#of(ref.runId)
    const name = refText(ref)
    if (known.has(name)) return false
    mkdirSync(this.#paths.run(ref.runId), { recursive: true, mode: 0o700 })
    // One call of the kernel: a process that dies leaves the whole line or nothing that could be read as another.
    appendFileSync(this.#file(ref.runId), `${name}\n`, { mode: 0o600 })
    known.add(name)
    return true
  }

  /** The files of this run are removed: it has ended, and whoever opens it again numbers its attempts anew. */
  forget(runId: RunId): void {
    this.#known.delete(runId)
  }

  #of(runId: RunId): Set<string> {
    let known = this.#known.get(runId)
    if (known === undefined) this.#known.set(runId, (known = new Set(this.#read(runId))))
    return known
  }

  #read(runId: RunId): readonly string[] {
    try {
      return readFileSync(this.#file(runId), 'utf8').split('\n').slice(0, -1)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }

  #file(runId: RunId): string {
    return join(this.#paths.run(runId), 'begun')
  }
}
