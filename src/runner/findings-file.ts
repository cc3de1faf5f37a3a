import type { FindingsReport } from '../model/finding.ts'
import { writeDurably } from './durable-file.ts'

/**
 * Durable before the attempt is reported, so that whoever sees its end finds it. A file and not an output: outputs are
 * part of the run's log and may have 64 KiB, findings have megabytes and are read page by page.
 */
export const writeFindings = (path: string, report: FindingsReport): Promise<void> =>
  writeDurably(path, JSON.stringify(report))
