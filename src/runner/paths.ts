import { join } from 'node:path'
import type { RunId } from '../model/id.ts'
import type { ReportKind } from '../model/report.ts'

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
  /** Logs of a run and what its attempts have left, beside them so that it lives as long. */
  logs(runId: RunId): string
  report(attempt: AttemptName, kind: ReportKind): string
  /** What tasks find again in later runs, by scope. */
  readonly caches: string
  /** Bytes of artifacts, named by what they are. */
  readonly artifacts: string
  artifact(sha256: string): string
  /** As {@link artifacts}, for those that this attempt keeps. */
  kept(attempt: AttemptName): string
  /** What has not come whole yet from runners on other machines. */
  readonly parts: string
}

export interface AttemptName {
  readonly runId: RunId
  readonly node: number
  readonly attempt: number
}

/** @param filesDirectory where logs and artifacts are; shared, where several servers work together */
export function runnerPaths(dataDirectory: string, filesDirectory = dataDirectory): RunnerPaths {
  const attempts = join(dataDirectory, 'runner', 'attempts')
  const run = (runId: RunId): string => join(dataDirectory, 'work', runId)
  const logs = (runId: RunId): string => join(filesDirectory, 'logs', runId)
  const artifacts = join(filesDirectory, 'artifacts')
  return {
    run,
    workspace: (runId) => join(run(runId), 'workspace'),
    home: (runId) => join(run(runId), 'home'),
    attempts,
    record: (slot) => join(attempts, `${slot}.json`),
    scratch: (slot) => join(attempts, String(slot)),
    log: ({ runId, node, attempt }) => join(logs(runId), `${node}-${attempt}.log`),
    logs,
    report: ({ runId, node, attempt }, kind) => join(logs(runId), `${node}-${attempt}.${kind}.json`),
    caches: join(dataDirectory, 'caches'),
    artifacts,
    artifact: (sha256) => artifactPath(artifacts, sha256),
    kept: () => artifacts,
    parts: join(dataDirectory, 'runner', 'parts'),
  }
}

/** Where the bytes of an artifact are: named by what they are, so the same file twice is kept once. */
export const artifactPath = (directory: string, sha256: string): string => join(directory, sha256.slice(0, 2), sha256)

/** On another machine than the server's: what an attempt keeps is sent, and then goes with all else of it. */
export function remotePaths(dataDirectory: string): RunnerPaths {
  const kept = ({ runId, node, attempt }: AttemptName): string =>
    join(dataDirectory, 'kept', runId, `${node}-${attempt}`)
  return { ...runnerPaths(dataDirectory), kept }
}
