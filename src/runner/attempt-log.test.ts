import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TIME_RECORD_BYTES, timeRecordIn, timesPathOf, type TimeRecord } from '../model/log-times.ts'
import { AttemptLog } from './attempt-log.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-attempt-log-'))
  path = join(directory, 'logs', '1-1.log')
})
afterEach(() => rmSync(directory, { recursive: true }))

const records = (): readonly TimeRecord[] => {
  const bytes = readFileSync(timesPathOf(path))
  return Array.from({ length: bytes.length / TIME_RECORD_BYTES }, (_, index) => timeRecordIn(bytes, index))
}

test('a log notes when it was written, each time that it is looked at and has grown', async () => {
  const log = new AttemptLog(path)
  const at = (seconds: number): void => utimesSync(path, seconds, seconds)
  expect(log.look()).toBe(0)
  log.append('one\n')
  at(1_700_000_000)
  expect([log.look(), log.look()]).toEqual([4, 4])
  log.append('two\n')
  log.append('three')
  at(1_700_000_001)
  log.look()
  log.append('\n')
  at(1_700_000_009)
  expect(await log.finish()).toBe(14)
  expect(log.look()).toBe(0)
  expect(records()).toEqual([
    { size: 4, at: 1_700_000_000_000 },
    { size: 13, at: 1_700_000_001_000 },
    { size: 14, at: 1_700_000_009_000 },
  ])
  expect(statSync(timesPathOf(path)).mode & 0o777).toBe(0o600)
})

test('a log that says nothing, and one whose times nobody reads here, have no file of them', async () => {
  await new AttemptLog(path).finish()
  const other = new AttemptLog(path, false)
  other.append('x')
  expect([other.look(), await other.finish()]).toEqual([1, 1])
  expect(() => records()).toThrow('ENOENT')
})
