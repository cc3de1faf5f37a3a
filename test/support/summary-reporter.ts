import { writeSync } from 'node:fs'
import type { Reporter, TestModule, SerializedError } from 'vitest/node'

/**
 * Ends a test run with one line alone, `N passed, N failed` (and `, N skipped` when there are any), for those who read
 * only the last line. A file that does not load and an error outside of any test each count as one failure.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) count.failed += 1
      for (const test of module.children.allTests()) count[test.result().state] += 1
    }
    // A test that never came to a result has not passed.
    const line = summaryLine({ ...count, failed: count.failed + count.pending })
    // The other reporters write as they like; the end of the process comes after all of them.
    process.once('exit', () => writeSync(process.stdout.fd, `${line}\n`))
  }
}

export function summaryLine(count: { passed: number; failed: number; skipped: number }): string {
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : ''
  return `${count.passed} passed, ${count.failed} failed${skipped}`
}
