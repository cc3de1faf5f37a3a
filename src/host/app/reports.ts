import type { ArtifactView } from '../../model/artifact.ts'
import type { CodeMetrics, Finding, LintRule, Severity, SeverityCounts } from '../../model/finding.ts'
import type { NodeId } from '../../model/id.ts'
import type { Result } from '../../model/problem.ts'
import type { TestCase, TestCounts, TestStatus } from '../../model/test-report.ts'
import type { Caller } from './access.ts'
import type { NodeRef, RunRef } from './runs.ts'

/** What the `check` tasks of runs found. It is there from the end of an attempt on. */
export interface Findings {
  /** Of the newest attempt of one `check` task, or of all of the run; worst first. `limit` is 1 to 10,000. */
  list(
    caller: Caller,
    run: RunRef,
    filter: { readonly node?: NodeRef; readonly severities?: readonly Severity[] },
    page: { readonly skip: number; readonly limit: number },
  ): Promise<Result<FindingsPage>>
  /** What the built-in linter looks for. */
  rules(): readonly LintRule[]
}
export interface FindingsPage {
  readonly items: readonly Finding[]
  /** Of what the filter lets through and is kept: of one attempt at most 10,000. */
  readonly total: number
  /** Of all that was found, whatever the filter, also of what was not kept. */
  readonly counts: SeverityCounts
  readonly tools: readonly string[]
  /** null: not measured. */
  readonly metrics: CodeMetrics | null
  /** Paths that the built-in linter looked at, in order. */
  readonly files: readonly string[]
  /** False: no check of this run has come to its end yet. */
  readonly checked: boolean
}

/** What the tests of runs said. It is there from the end of an attempt on. */
export interface TestResults {
  /** Of the newest attempt of one task, or of all of the run; worst first. `limit` is 1 to 10,000. */
  list(
    caller: Caller,
    run: RunRef,
    /** `text`: a part of the suite's and the test's name, whatever its case. */
    filter: { readonly node?: NodeRef; readonly statuses?: readonly TestStatus[]; readonly text?: string },
    page: { readonly skip: number; readonly limit: number },
  ): Promise<Result<TestResultsPage>>
}
export interface TestResultsPage {
  readonly items: readonly (TestCase & { readonly node: NodeId; readonly nodeKey: string; readonly attempt: number })[]
  /** Of what the filter lets through and is kept: of one attempt at most 10,000. */
  readonly total: number
  /** Of all tests, whatever the filter, also of those that were not kept. */
  readonly counts: TestCounts
  /** Sum of the tests' own. */
  readonly durationMs: number
  /** Report files that were read. */
  readonly files: readonly string[]
  /** False: no test of this run has come to its end yet. */
  readonly tested: boolean
}

/** Files that tasks have made and that outlive their workspaces. */
export interface Artifacts {
  /** Of the newest attempt of each task; of two with one name the later task's. */
  list(caller: Caller, run: RunRef): Promise<Result<readonly ArtifactView[]>>
  open(
    caller: Caller,
    run: RunRef,
    name: string,
  ): Promise<Result<{ readonly artifact: ArtifactView; readonly file: ArtifactFile }>>
}
/** Bytes that never change. */
export interface ArtifactFile {
  readonly sizeBytes: number
  /** At most `length` bytes from `offset`, in pieces; ends early when `signal` is aborted. */
  read(offset: number, length: number, signal: AbortSignal): AsyncIterable<Uint8Array>
}
