import { existsSync, readdirSync } from 'node:fs'
import { openArtifact } from '../host/reports/artifact-file.ts'
import { systemClock } from '../host/clock.ts'
import type { HostOptions } from '../host/host.ts'
import { sweepArtifacts } from '../host/keeping/kept-files.ts'
import { openLog } from '../host/logs/logs.ts'
import { MovedFiles } from '../host/keeping/moved-files.ts'
import { parseRunId, type RunId } from '../model/id.ts'
import type { RunnerPaths } from '../runner/paths.ts'
import { removeTree } from '../runner/remove-tree.ts'
import { listReports, readReport, reportsAmong } from '../runner/report-file.ts'

type FilesOfHost = Pick<HostOptions, 'openLog' | 'reports' | 'retention' | 'openArtifact' | 'movable'>

/**
 * Where the host finds what attempts leave: on disk, and where it goes when their run has ended.
 * @param logs directory of the logs of all runs
 * @param storage `s3://...`; null: it stays on disk
 */
export async function hostFiles(
  paths: RunnerPaths,
  logs: string,
  storage: string | null,
  policy: NonNullable<HostOptions['retention']>['policy'],
): Promise<FilesOfHost> {
  const moved = await movedFiles(storage, logs, paths)
  const sweepDisk = async (): Promise<void> => {
    await sweepArtifacts(logs, paths.artifacts, systemClock.now())
  }
  return {
    openLog: (runId, node, attempt, ended) => {
      const log = openLog(paths.log({ runId, node, attempt }), attempt, ended)
      return moved?.log(log, runId, node) ?? log
    },
    reports: {
      list: async (runId, kind) => [
        ...(await listReports(paths, runId, kind)),
        ...reportsAmong((await moved?.names(runId)) ?? [], kind),
      ],
      read: async (runId, node, attempt, kind) =>
        (await readReport(paths, { runId, node, attempt }, kind)) ?? moved?.report(runId, node, attempt, kind),
    },
    retention: {
      policy,
      files: {
        runs: async () => [...new Set([...runsIn(logs), ...((await moved?.runs()) ?? [])])],
        remove: async (runId) => {
          await removeTree(paths.logs(runId))
          await moved?.remove(runId)
        },
        sweepArtifacts: sweepDisk,
      },
    },
    openArtifact: async (sha256) => (await openArtifact(paths.artifact(sha256))) ?? moved?.artifact(sha256),
    ...(moved === undefined
      ? undefined
      : {
          movable: {
            runs: () => Promise.resolve(runsIn(logs)),
            move: (runId: RunId) => moved.move(runId),
            sweepArtifacts: sweepDisk,
          },
        }),
  }
}

/** The client is large: nobody waits for it who has no such storage. */
async function movedFiles(url: string | null, logs: string, paths: RunnerPaths): Promise<MovedFiles | undefined> {
  if (url === null) return undefined
  const { s3Depot } = await import('../outbound/s3-depot.ts')
  const artifact = (sha256: string): string => paths.artifact(sha256)
  return new MovedFiles({ depot: s3Depot(url), logs, artifact, now: () => systemClock.now() })
}

/** Runs that have a directory of their own in there. */
export function runsIn(folder: string): readonly RunId[] {
  return existsSync(folder) ? readdirSync(folder).flatMap((name) => parseRunId(name) ?? []) : []
}
