import { accept } from '../../model/problem.ts'
import { TEST_CASES_MAX, TEST_STATUSES, type TestsReport } from '../../model/test-report.ts'
import type { Runs, TestResults } from '../app.ts'
import { isNode } from './node-ref.ts'
import { type ReportFiles, Reports } from './reports.ts'

interface Dependencies {
  readonly runs: Pick<Runs, 'get'>
  readonly files: ReportFiles
}

/** What the tests of a run said, each task by its newest attempt. */
export function testUseCases({ runs, files }: Dependencies): TestResults {
  const reports = new Reports<TestsReport>(files, 'tests')
  return {
    list: async (caller, ref, { node, statuses = TEST_STATUSES, text = '' }, { skip, limit }) => {
      const run = await runs.get(caller, ref)
      if (!run.ok) return run
      const found = await reports.of(run.value, (task) => node === undefined || isNode(task, node))
      const counts = { errored: 0, failed: 0, skipped: 0, passed: 0 }
      for (const { report } of found) for (const status of TEST_STATUSES) counts[status] += report.counts[status]
      const needle = text.toLowerCase()
      const items = found.flatMap(({ task, attempt, report }) =>
        report.cases
          .filter(
            ({ status, name, suite }) => statuses.includes(status) && `${suite} ${name}`.toLowerCase().includes(needle),
          )
          .map((one) => ({ ...one, node: task.id, nodeKey: task.key, attempt })),
      )
      const wanted = Math.min(Math.max(1, Math.trunc(limit)), TEST_CASES_MAX)
      return accept({
        // Of several tasks the failures come first, too. The sort is stable.
        items: items
          .toSorted((a, b) => TEST_STATUSES.indexOf(a.status) - TEST_STATUSES.indexOf(b.status))
          .slice(skip, skip + wanted),
        total: items.length,
        counts,
        durationMs: found.reduce((sum, { report }) => sum + report.durationMs, 0),
        files: found.flatMap(({ report }) => report.files),
        tested: found.length > 0,
      })
    },
  }
}
