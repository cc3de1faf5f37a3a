import type { JobCaches } from './cache.ts'
import type { Outputs } from './event.ts'
import type { Executor } from './executor.ts'
import type { RunId } from './id.ts'
import type { JsonObject } from './json.ts'
import type { JobSecret, SecretUse, Splice } from './secret.ts'
import type { DurationMs } from './time.ts'

/** All that a runner needs to do one attempt: a {@link JobRequest} with its secrets put in. */
export interface Job {
  readonly runId: RunId
  /** Place of the task in the plan. */
  readonly node: number
  readonly attempt: number
  /** Must come back with the report; a report with an older fence is refused. */
  readonly fence: number
  readonly uses: string
  readonly with: JsonObject
  /** The task's environment: the definition's `env`, params by their names, MILLRACE_* facts. Nothing else of the server's. */
  readonly env: Readonly<Record<string, string>>
  /** Left out: none. Whoever has them masks them in all that the attempt says: log, outputs, failure. */
  readonly secrets?: readonly JobSecret[]
  /** From TERM to KILL when it must be stopped. */
  readonly graceMs: DurationMs
  /** It takes back what the task did, and these are the outputs of that. Left out: it does the task. */
  readonly takesBack?: Outputs
  /** Where its programs run. */
  readonly executor?: Executor
  readonly caches?: JobCaches
}

/** What engine/job.ts makes, every `${{ ... }}` rendered: it knows the names of secrets and no value. */
export interface JobRequest extends Omit<Job, 'secrets'> {
  /** Every secret that it may have: those of `splices` too. */
  readonly secrets: readonly SecretUse[]
  /** Texts of `with` and `env` that values are put into; until then they show {@link SECRET_MASK}. */
  readonly splices: readonly Splice[]
}

/** A job's identity in logs and messages: `<runId>/<node>/<attempt>`. */
export const jobName = (job: Pick<Job, 'runId' | 'node' | 'attempt'>): string =>
  `${job.runId}/${job.node}/${job.attempt}`
