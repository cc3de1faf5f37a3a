import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitUntil } from '../../test/support/wait-until.ts'
import { asId, type RunId } from '../model/id.ts'
import { jobName } from '../model/job.ts'
import { killLeftovers, RecordFile } from './leftovers.ts'
import { runnerPaths } from './paths.ts'
import { bootId, isAlive, signal, statOf } from './processes.ts'

const attempt = { runId: asId<RunId>('0193a1b2c3d4e5f60718293a4b5c6d70'), node: 3, attempt: 1 }

let directory: string
let children: ChildProcess[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-leftovers-'))
  mkdirSync(runnerPaths(directory).attempts, { recursive: true })
  children = []
})
afterEach(() => {
  for (const { pid = 0 } of children) signal(-pid, 'SIGKILL')
  rmSync(directory, { recursive: true })
})

function begin(): RecordFile {
  const record = new RecordFile(runnerPaths(directory).record(0))
  record.begin(jobName(attempt))
  return record
}

/** A session of its own that sleeps; with a child of the same group when it is a shell's. */
function start(script: string, env: Record<string, string> = {}): number {
  const child = spawn('sh', ['-c', script], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], ...env },
  })
  children.push(child)
  return child.pid!
}
const isGone = (pid: number): boolean => {
  const stat = statOf(pid)
  return stat === undefined || !isAlive(stat)
}
const childOf = async (pid: number): Promise<number> => {
  const found = (): number | undefined =>
    readdirSync('/proc')
      .map(Number)
      .find((other) => statOf(other)?.parent === pid)
  await waitUntil(() => found() !== undefined)
  return found()!
}

test('a group that is still led by the process that was recorded is killed, all of it', async () => {
  const leader = start('sleep 1000 & sleep 1000')
  const member = await childOf(leader)
  begin().setLeader(leader)
  const { attempts, killed, survivors } = await killLeftovers(directory)
  expect(attempts).toEqual([jobName(attempt)])
  expect(killed).toBeGreaterThanOrEqual(2)
  expect(survivors).toEqual([])
  expect([isGone(leader), isGone(member)]).toEqual([true, true])
  expect(readdirSync(runnerPaths(directory).attempts)).toEqual([])
})

test.each([
  ['started at another time', (pid: number) => ({ pid, startTime: statOf(pid)!.startTime - 1, bootId: bootId() })],
  ['started before the machine was', (pid: number) => ({ pid, startTime: statOf(pid)!.startTime, bootId: 'another' })],
])('a process with a recorded number that %s is left alone', async (_, leader) => {
  const stranger = start('sleep 1000')
  const record = { attempt: jobName(attempt), leader: leader(stranger) }
  writeFileSync(runnerPaths(directory).record(0), JSON.stringify(record))
  expect(await killLeftovers(directory)).toMatchObject({ attempts: [jobName(attempt)], killed: 0 })
  expect(isGone(stranger)).toBe(false)
})

test('what left its group is found by its environment, and what belongs to another attempt is not touched', async () => {
  const env = { MILLRACE_ATTEMPT: jobName(attempt) }
  const escaped = await childOf(start('setsid sleep 1000 & wait', env))
  const other = start('sleep 1000', { MILLRACE_ATTEMPT: `${jobName(attempt)}0` })
  begin()
  await waitUntil(() => statOf(escaped)?.group === escaped)
  expect((await killLeftovers(directory)).killed).toBeGreaterThanOrEqual(2)
  expect([isGone(escaped), isGone(other)]).toEqual([true, false])
})

test('a record is written over by the next one, whatever their lengths', async () => {
  const record = begin()
  const leader = start('sleep 1000')
  record.setLeader(leader)
  record.begin('another/1/1')
  expect(JSON.parse(readFileSync(runnerPaths(directory).record(0), 'utf8'))).toEqual({
    attempt: 'another/1/1',
    leader: null,
  })
  record.close()
  expect(await killLeftovers(directory)).toMatchObject({ attempts: ['another/1/1'], killed: 0 })
  expect(isGone(leader)).toBe(false)
})

test('the directory of an attempt goes with its record', async () => {
  const scratch = runnerPaths(directory).scratch(0)
  mkdirSync(join(scratch, 'tmp'), { recursive: true })
  writeFileSync(join(scratch, 'tmp', 'file'), 'x')
  await killLeftovers(directory)
  expect(readdirSync(dirname(scratch))).toEqual([])
})

test.each([
  '',
  'no json',
  '[]',
  '{"attempt":5}',
  '{"leader":{"pid":1}}',
  `{"attempt":"${jobName(attempt)}","leader":{"pid":-1,"startTime":1,"bootId":""}}`,
  `{"attempt":"${jobName(attempt)}","lea`,
])('a record that reads %j harms nobody', async (text) => {
  writeFileSync(runnerPaths(directory).record(0), text)
  expect(await killLeftovers(directory)).toMatchObject({ killed: 0, survivors: [] })
})

test('on a new data directory there is nothing to do', async () => {
  const fresh = join(directory, 'fresh')
  expect(await killLeftovers(fresh)).toEqual({ attempts: [], killed: 0, survivors: [] })
})
