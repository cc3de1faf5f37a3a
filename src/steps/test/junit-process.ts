import { join } from 'node:path'
import { TEST_CASES_MAX, TEST_STATUSES, type TestCase, type TestsReport } from '../../model/test-report.ts'
import { readSmallFile } from '../kit/workspace-file.ts'
import { readJunit } from './junit.ts'

// A process of its own, forked by run.ts: says what it has read, and ends.

/** What it is to read: files of a workspace, so they may be anything. */
export interface ToRead {
  readonly root: string
  readonly workspace: string
  /** Relative to `root`. */
  readonly files: readonly string[]
  readonly fileBytesMax: number
}

export type ReadReports =
  | { readonly ok: true; readonly report: TestsReport }
  | { readonly ok: false; readonly reason: string }

/** Room for details of all failures together: beyond it they are left out. */
const DETAILS_MAX = 4 * 1024 * 1024

function readAll({ root, workspace, files, fileBytesMax }: ToRead): ReadReports {
  const counts = { errored: 0, failed: 0, skipped: 0, passed: 0 }
  const kept: Record<TestCase['status'], TestCase[]> = { errored: [], failed: [], skipped: [], passed: [] }
  let durationMs = 0
  for (const name of files) {
    const file = readSmallFile(join(root, name), fileBytesMax)
    if (!file.ok) return { ok: false, reason: `${name}: ${unreadable(file.why, fileBytesMax)}` }
    const read = readJunit(file.bytes)
    if (!read.ok) return { ok: false, reason: `${name}: ${read.reason}` }
    for (const one of read.cases) {
      counts[one.status] += 1
      durationMs += one.durationMs ?? 0
      if (kept[one.status].length < TEST_CASES_MAX) kept[one.status].push({ ...one, file: within(workspace, one.file) })
    }
  }
  let room = DETAILS_MAX
  const cases = TEST_STATUSES.flatMap((status) => kept[status])
    .slice(0, TEST_CASES_MAX)
    .map((one) => {
      room -= one.detail.length
      return room < 0 ? { ...one, detail: '' } : one
    })
  return { ok: true, report: { v: 1, counts, durationMs, cases, files } }
}

const unreadable = (why: 'missing' | 'no-file' | 'too-large', max: number): string =>
  ({
    missing: 'there is no such file any more',
    'no-file': 'it is not a regular file',
    'too-large': `it has more than ${max} bytes`,
  })[why]

/** Tools name files by where they ran; the workspace is gone when people read it. */
const within = (workspace: string, file: string): string =>
  file.startsWith(`${workspace}/`) ? file.slice(workspace.length + 1) : file

process.once('message', (toRead: ToRead) => {
  process.send?.(readAll(toRead), () => process.disconnect())
})
