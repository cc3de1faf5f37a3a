import type { RunId } from './id.ts'
import type { JsonObject } from './json.ts'
import type { DurationMs } from './time.ts'

/** All that a runner needs to do one attempt; made by engine/job.ts, with every `${{ ... }}` rendered. */
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
  /** From TERM to KILL when it must be stopped. */
  readonly graceMs: DurationMs
}

/** A job's identity in logs and messages: `<runId>/<node>/<attempt>`. */
export const jobName = (job: Pick<Job, 'runId' | 'node' | 'attempt'>): string =>
  `${job.runId}/${job.node}/${job.attempt}`
