/** What attempts leave beside their logs, each kind at most once: what checks found, what was kept, what tests said. */
export const REPORT_KINDS = ['findings', 'artifacts', 'tests'] as const
export type ReportKind = (typeof REPORT_KINDS)[number]
