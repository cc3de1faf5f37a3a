/** What a check of code found. The `check` step makes these of a SARIF file; the host serves them. */

/** Worst first. */
export const SEVERITIES = ['fatal', 'serious', 'normal', 'hint'] as const
export type Severity = (typeof SEVERITIES)[number]

export interface Finding {
  /** 32 hex digits that stay the same while the finding stays in its file, also when lines move: its name between runs. */
  readonly fingerprint: string
  readonly ruleId: string
  readonly severity: Severity
  /** Path in the checked directory, with `/`; empty: of no file. */
  readonly file: string
  /** From 1; 0: of no line. */
  readonly line: number
  readonly message: string
  /** The line itself, cut short; empty: not known. */
  readonly snippet: string
}

export type SeverityCounts = Readonly<Record<Severity, number>>

/** What one attempt found, as it is kept beside its log. */
export interface FindingsReport {
  readonly v: 1
  /** Of the tools that spoke, by the name they give themselves. */
  readonly tools: readonly string[]
  /** Worst first, then by file and line; at most {@link FINDINGS_MAX}. */
  readonly findings: readonly Finding[]
  /** Of all that was found, also of what was not kept. */
  readonly counts: SeverityCounts
  /** null: not measured, as only the built-in linter does. */
  readonly metrics: CodeMetrics | null
  /** What was looked at, at most {@link FINDINGS_MAX} paths in order; empty: not known. */
  readonly files: readonly string[]
}

/** How many findings are kept of one attempt. */
export const FINDINGS_MAX = 10_000

/** Of the files that were checked. */
export interface CodeMetrics {
  readonly files: number
  readonly folders: number
  /** All lines. */
  readonly lines: number
  /** Lines that are neither empty nor comment. */
  readonly codeLines: number
  readonly commentLines: number
  /** Files that have the same content as another. */
  readonly duplicatedFiles: number
  /** Code lines in runs of ten or more that stand elsewhere too. */
  readonly duplicatedLines: number
  readonly duplicatedBlocks: number
}

/** A rule of the built-in linter. */
export interface LintRule {
  readonly id: string
  readonly name: string
  /** `javascript`, `json`, `yaml`, `shell`, or `any`: every text. */
  readonly language: string
  readonly severity: Severity
  readonly description: string
  readonly good: string
  readonly bad: string
  readonly advice: string
}
