import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FindingsReport } from '../model/finding.ts'

/**
 * Written whole and fsynced before the attempt is reported, so that whoever sees its end finds it. A file and not an
 * output: outputs are part of the run's log and may have 64 KiB, findings have megabytes and are read page by page.
 */
export async function writeFindings(path: string, report: FindingsReport): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(JSON.stringify(report))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}
