import { join } from 'node:path'
import type { RunId } from '../model/id.ts'

/**
 * Where a runner keeps things below the data directory. Run ids are 32 hex digits and the rest are integers, so no
 * name here is made by a user.
 */
export interface RunnerPaths {
  /** Everything of one run: its workspace and its HOME. */
  run(runId: RunId): string
  workspace(runId: RunId): string
  home(runId: RunId): string
  /** Records and directories of the attempts that run now. */
  readonly attempts: string
  record(attempt: AttemptName): string
  scratch(attempt: AttemptName): string
  log(attempt: AttemptName): string
}

export interface AttemptName {
  readonly runId: RunId
  readonly node: number
  readonly attempt: number
}

export function runnerPaths(dataDirectory: string): RunnerPaths {
  const attempts = join(dataDirectory, 'runner', 'attempts')
  const run = (runId: RunId): string => join(dataDirectory, 'work', runId)
  const name = ({ runId, node, attempt }: AttemptName): string => `${runId}-${node}-${attempt}`
  return {
    run,
    workspace: (runId) => join(run(runId), 'workspace'),
    home: (runId) => join(run(runId), 'home'),
    attempts,
    record: (attempt) => join(attempts, `${name(attempt)}.json`),
    scratch: (attempt) => join(attempts, name(attempt)),
    log: ({ runId, node, attempt }) => join(dataDirectory, 'logs', runId, `${node}-${attempt}.log`),
  }
}
