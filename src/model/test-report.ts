/** What tests said. The `test` step makes this of JUnit XML; the host serves it. */

/** Worst first. An error is a test that broke, a failure one that said no. */
export const TEST_STATUSES = ['errored', 'failed', 'skipped', 'passed'] as const
export type TestStatus = (typeof TEST_STATUSES)[number]

export interface TestCase {
  readonly name: string
  /** Suite, class or module, as its tool names it; empty: none. */
  readonly suite: string
  /** Where it is written, as its tool says; empty: not known. */
  readonly file: string
  readonly status: TestStatus
  /** null: not measured. */
  readonly durationMs: number | null
  /** Of a failure, an error or a skip, in one or few lines; empty: none. */
  readonly message: string
  /** The rest of it, such as a stack; cut short. */
  readonly detail: string
}

export type TestCounts = Readonly<Record<TestStatus, number>>

/** What one attempt's tests said, as it is kept beside its log. */
export interface TestsReport {
  readonly v: 1
  /** Of all tests, also of those that were not kept. */
  readonly counts: TestCounts
  /** Sum of the tests' own. */
  readonly durationMs: number
  /** Worst first, else in the order of the files; at most {@link TEST_CASES_MAX}. */
  readonly cases: readonly TestCase[]
  /** The report files that were read, in order. */
  readonly files: readonly string[]
}

/** How many tests are kept of one attempt. */
export const TEST_CASES_MAX = 10_000
