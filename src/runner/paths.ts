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
  /** Record and directory of each slot, that is, of an attempt that runs now. */
  readonly attempts: string
  record(slot: number): string
  scratch(slot: number): string
  log(attempt: AttemptName): string
  /** What a check found: beside the log, so that it lives as long. */
  findings(attempt: AttemptName): string
  /** What an attempt has kept, by name. */
  artifactList(attempt: AttemptName): string
  /** Bytes of artifacts, named by what they are. */
  readonly artifacts: string
}

export interface AttemptName {
  readonly runId: RunId
  readonly node: number
  readonly attempt: number
}

export function runnerPaths(dataDirectory: string): RunnerPaths {
  const attempts = join(dataDirectory, 'runner', 'attempts')
  const run = (runId: RunId): string => join(dataDirectory, 'work', runId)
  return {
    run,
    workspace: (runId) => join(run(runId), 'workspace'),
    home: (runId) => join(run(runId), 'home'),
    attempts,
    record: (slot) => join(attempts, `${slot}.json`),
    scratch: (slot) => join(attempts, String(slot)),
    log: ({ runId, node, attempt }) => join(dataDirectory, 'logs', runId, `${node}-${attempt}.log`),
    findings: ({ runId, node, attempt }) => join(dataDirectory, 'logs', runId, `${node}-${attempt}.findings.json`),
    artifactList: ({ runId, node, attempt }) => join(dataDirectory, 'logs', runId, `${node}-${attempt}.artifacts.json`),
    artifacts: join(dataDirectory, 'artifacts'),
  }
}
