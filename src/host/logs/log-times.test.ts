import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { timeRecord, timesPathOf } from '../../model/log-times.ts'
import { timesAt } from './log-times.ts'
import { openLog } from './logs.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-log-times-'))
  path = join(directory, '1-1.log')
})
afterEach(() => rmSync(directory, { recursive: true }))

const note = (size: number, at: number): void => appendFileSync(timesPathOf(path), timeRecord({ size, at }))

test('a byte was written when the first record says so that covers it', async () => {
  note(10, 1_000)
  note(11, 2_000)
  note(30, 3_000)
  expect(await timesAt(path, [0, 9, 10, 11, 29, 30, 99], null)).toEqual([1_000, 1_000, 2_000, 3_000, 3_000, null, null])
  expect(await timesAt(path, [29, 30], 9_000)).toEqual([3_000, 9_000])
})

test('one of very many records is found, wherever it is', async () => {
  const bytes = Array.from({ length: 10_000 }, (_, at) => timeRecord({ size: (at + 1) * 7, at: at * 250 }))
  writeFileSync(timesPathOf(path), Buffer.concat(bytes))
  const offsets = [0, 6, 7, 1_791, 1_792, 35_000, 69_993, 69_999]
  expect(await timesAt(path, offsets, null)).toEqual(offsets.map((offset) => Math.floor(offset / 7) * 250))
})

test('of a log without times nothing is known; a record that was not written whole is none', async () => {
  expect(await timesAt(path, [0, 5], null)).toEqual([null, null])
  note(4, 1_000)
  appendFileSync(timesPathOf(path), timeRecord({ size: 8, at: 2_000 }).subarray(0, 9))
  expect(await timesAt(path, [0, 5], null)).toEqual([1_000, null])
})

test('what nobody has noted yet of a log that goes on was written when its file was; of one that has ended nobody knows', async () => {
  writeFileSync(path, '0123456789')
  utimesSync(path, 1_700_000_005, 1_700_000_005)
  note(4, 1_700_000_000_000)
  const ended = new AbortController()
  const log = openLog(path, 1, ended.signal)
  expect(await log.times([0, 3, 4, 9])).toEqual([
    1_700_000_000_000, 1_700_000_000_000, 1_700_000_005_000, 1_700_000_005_000,
  ])
  ended.abort()
  expect(await log.times([3, 4])).toEqual([1_700_000_000_000, null])
  expect(await openLog(join(directory, 'none.log'), 1, new AbortController().signal).times([])).toEqual([])
})
