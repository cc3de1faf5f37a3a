import { FINDINGS_MAX, SEVERITIES, type CodeMetrics, type FindingsReport } from '../../model/finding.ts'
import { accept } from '../../model/problem.ts'
import { LINT_RULES } from '../../steps/index.ts'
import type { Findings, Runs } from '../app.ts'
import { isNode } from './node-ref.ts'
import { type ReportFiles, Reports } from './reports.ts'

interface Dependencies {
  readonly runs: Pick<Runs, 'get'>
  readonly files: ReportFiles
}

/** What the checks of a run found, each task by its newest attempt. */
export function findingsUseCases({ runs, files }: Dependencies): Findings {
  const kept = new Reports<FindingsReport>(files, 'findings')
  return {
    list: async (caller, ref, { node, severities = SEVERITIES }, { skip, limit }) => {
      const run = await runs.get(caller, ref)
      if (!run.ok) return run
      const reports = (await kept.of(run.value, (task) => node === undefined || isNode(task, node))).map(
        ({ report }) => report,
      )
      const found = reports.flatMap(({ findings }) => findings).filter(({ severity }) => severities.includes(severity))
      const wanted = Math.min(Math.max(1, Math.trunc(limit)), FINDINGS_MAX)
      const counts = { fatal: 0, serious: 0, normal: 0, hint: 0 }
      for (const report of reports) for (const severity of SEVERITIES) counts[severity] += report.counts[severity]
      return accept({
        items: found.slice(skip, skip + wanted),
        total: found.length,
        counts,
        tools: [...new Set(reports.flatMap(({ tools }) => tools))],
        metrics: sumOf(reports.flatMap(({ metrics }) => (metrics === null ? [] : [metrics]))),
        files: reports.flatMap(({ files }) => files),
        checked: reports.length > 0,
      })
    },
    rules: () => LINT_RULES,
  }
}

function sumOf(all: readonly CodeMetrics[]): CodeMetrics | null {
  const [first, ...rest] = all
  if (first === undefined) return null
  return rest.reduce<CodeMetrics>(
    (sum, next) => ({
      files: sum.files + next.files,
      folders: sum.folders + next.folders,
      lines: sum.lines + next.lines,
      codeLines: sum.codeLines + next.codeLines,
      commentLines: sum.commentLines + next.commentLines,
      duplicatedFiles: sum.duplicatedFiles + next.duplicatedFiles,
      duplicatedLines: sum.duplicatedLines + next.duplicatedLines,
      duplicatedBlocks: sum.duplicatedBlocks + next.duplicatedBlocks,
    }),
    first,
  )
}
