import { writeSync } from 'node:fs'
import type { Reporter, TestModule, SerializedError } from 'vitest/node'

interface Count {
  passed: number
  failed: number
  skipped: number
  pending: number
}

/**
 * Ends a test run with one line alone, `N passed, N failed` (and `, N skipped` when there are any), for those who read
 * only the last line. A file that does not load and an error outside of any test each count as one failure; of a file
 * that is run again, its last run counts.
 */
export class SummaryReporter implements Reporter {
  readonly #counts = new Map<string, Count>()
  #errors = 0

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    // The other reporters write as they like; the end of the process comes after all of them.
    if (this.#counts.size === 0) process.once('exit', () => writeSync(process.stdout.fd, `${this.#line()}\n`))
    this.#errors += unhandledErrors.length
    for (const module of modules) this.#counts.set(module.moduleId, countOf(module))
  }

  #line(): string {
    const total = { passed: 0, failed: this.#errors, skipped: 0 }
    for (const { passed, failed, skipped, pending } of this.#counts.values()) {
      total.passed += passed
      // A test that never came to a result has not passed.
      total.failed += failed + pending
      total.skipped += skipped
    }
    const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
    return `${total.passed} passed, ${total.failed} failed${skipped}`
  }
}

function countOf(module: TestModule): Count {
  const count = { passed: 0, failed: module.errors().length > 0 ? 1 : 0, skipped: 0, pending: 0 }
  for (const suite of module.children.allSuites()) if (suite.errors().length > 0) count.failed += 1
  for (const test of module.children.allTests()) count[test.result().state] += 1
  return count
}
