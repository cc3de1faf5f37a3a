import { readdir, readFile } from 'node:fs/promises'
import type { RunId } from '../model/id.ts'
import { REPORT_KINDS, type ReportKind } from '../model/report.ts'
import { writeDurably } from './durable-file.ts'
import type { AttemptName, RunnerPaths } from './paths.ts'

/**
 * Durable before the attempt is reported, so that whoever sees its end finds it. Files and not outputs: outputs are
 * part of the run's log and may have 64 KiB, reports have megabytes and are read page by page.
 */
export const writeReport = (
  paths: RunnerPaths,
  attempt: AttemptName,
  kind: ReportKind,
  report: object,
): Promise<void> => writeDurably(paths.report(attempt, kind), JSON.stringify(report))

const NAME = new RegExp(`^(\\d{1,9})-(\\d{1,9})\\.(${REPORT_KINDS.join('|')})\\.json$`)

/** Which attempts of the run have left one. One look at the directory, however many tasks there are. */
export async function listReports(
  paths: RunnerPaths,
  runId: RunId,
  kind: ReportKind,
): Promise<readonly Omit<AttemptName, 'runId'>[]> {
  return reportsAmong(await readdir(paths.logs(runId)).catch(orNothing([])), kind)
}

/** The same of names of files, wherever they are. */
export function reportsAmong(names: readonly string[], kind: ReportKind): readonly Omit<AttemptName, 'runId'>[] {
  return names.flatMap((name) => {
    const [, node, attempt, found] = NAME.exec(name) ?? []
    return found === kind ? [{ node: Number(node), attempt: Number(attempt) }] : []
  })
}

export const readReport = (paths: RunnerPaths, attempt: AttemptName, kind: ReportKind): Promise<string | undefined> =>
  readFile(paths.report(attempt, kind), 'utf8').catch(orNothing(undefined))

const orNothing =
  <Nothing>(nothing: Nothing) =>
  (error: unknown): Nothing => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return nothing
    throw error
  }
