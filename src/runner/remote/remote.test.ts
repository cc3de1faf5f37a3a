import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { asId, type RunId } from '../../model/id.ts'
import { jobName, type Job } from '../../model/job.ts'
import { RUNNER_PROTOCOL, RUNNER_PROTOCOL_HEADER, type RunnerOrder, type RunnerReport } from '../../model/runner.ts'
import { waitUntil } from '../../../test/support/wait-until.ts'
import { NO_EXECUTORS } from '../capabilities.ts'
import { startRemoteRunner, type RemoteRunner } from './remote.ts'

/** A server that orders what it is told to order, however wrong that is. */

const RUN = asId<RunId>('0c'.repeat(16))
const LEASE_MS = 60_000

let directory: string
let server: Server
let runner: RemoteRunner | undefined
let orders: RunnerOrder[]
let waiting: (() => void) | undefined
let reports: { readonly of: string; readonly report: RunnerReport }[]
/** Codes by which reports are refused, one after the other. */
let refusals: string[]
let heard: (() => void) | undefined
let uptimeMs: number
let hellos: number
let leaseMs: number
/** Of the newest poll. */
let acked: number

const give = (...given: RunnerOrder[]): void => {
  orders.push(...given)
  waiting?.()
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise<void>((resolve) => (heard = resolve))
}
async function ends(count: number): Promise<readonly { readonly of: string; readonly report: RunnerReport }[]> {
  await until(() => reports.length >= count)
  return reports
}

async function answerTo(path: string, text: string): Promise<object> {
  if (path.endsWith('/hello')) {
    hellos += 1
    heard?.()
    const times = { leaseMs, slackMs: Math.min(4_000, leaseMs / 2), pollMs: leaseMs / 4 }
    return { protocol: RUNNER_PROTOCOL, name: 'far', session: 's', ...times, chunkBytes: 65_536, stop: [] }
  }
  if (path.endsWith('/poll')) {
    const { ack } = JSON.parse(text) as { ack: number }
    acked = ack
    heard?.()
    const due = () => orders.filter(({ number }) => number > ack)
    if (due().length === 0) await new Promise<void>((resolve) => (waiting = resolve))
    return { orders: due() }
  }
  if (path.endsWith('/end')) {
    const [of = ''] = /(?<=attempts\/).*(?=\/end)/.exec(path) ?? []
    reports.push({ of, report: JSON.parse(text) as RunnerReport })
    heard?.()
  }
  return {}
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-remote-'))
  orders = []
  reports = []
  refusals = []
  uptimeMs = 0
  hellos = 0
  leaseMs = LEASE_MS
  acked = -1
  server = createServer((request, response) => {
    void (async () => {
      let text = ''
      for await (const piece of request) text += String(piece)
      response.setHeader('content-type', 'application/json').setHeader(RUNNER_PROTOCOL_HEADER, '1')
      const code = request.url?.endsWith('/end') === true ? refusals.shift() : undefined
      response.statusCode = code === undefined ? 200 : 409
      const answer = code === undefined ? await answerTo(request.url ?? '', text) : { code, message: 'no' }
      response.end(JSON.stringify(answer))
    })()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  await ended()
  server.closeAllConnections()
  server.close()
  rmSync(directory, { recursive: true, force: true })
}, 30_000)

const begin = async (incarnation: string): Promise<void> => {
  runner = await startRemoteRunner({
    urls: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`],
    token: 'token',
    name: null,
    labels: [],
    slots: 1,
    executors: NO_EXECUTORS,
    containerPaths: [],
    cacheMaxBytes: 1_000_000,
    dataDirectory: directory,
    version: '1',
    incarnation,
    drainMs: 1_000,
    uptime: () => uptimeMs,
    onNotice: () => undefined,
    onReady: () => undefined,
  })
}
async function ended(): Promise<void> {
  runner?.stop()
  waiting?.()
  await runner?.ended
  runner = undefined
}

const job = (attempt: number): Job => ({
  runId: RUN,
  node: 0,
  attempt,
  fence: 10 + attempt,
  uses: 'script',
  with: { script: `echo ${attempt} >> ${join(directory, 'done')}` },
  env: {},
  graceMs: 1_000,
})
const start = (number: number, attempt: number): RunnerOrder => ({ number, type: 'start', job: job(attempt) })
const done = (): string => readFileSync(join(directory, 'done'), 'utf8')

test('what an earlier process of a runner has begun the next one gives back, and begins the rest', async () => {
  await begin('1'.repeat(32))
  give(start(1, 1))
  expect((await ends(1))[0]).toMatchObject({ of: `${jobName(job(1))}/11`, report: { result: { kind: 'succeeded' } } })
  await ended()
  orders = []
  await begin('2'.repeat(32))
  give(start(1, 1))
  const reason = 'its runner has begun it before, and begins nothing twice'
  expect((await ends(2))[1]).toMatchObject({
    of: `${jobName(job(1))}/11`,
    report: { result: { kind: 'lost', reason } },
  })
  give(start(2, 2))
  expect((await ends(3))[2]).toMatchObject({ report: { result: { kind: 'succeeded' } } })
  expect(done()).toBe('1\n2\n')
}, 60_000)

test('an order that is read a lease after it was asked for is not obeyed: it may be somebody else’s by now', async () => {
  await begin('1'.repeat(32))
  give(start(1, 1))
  await ends(1)
  await until(() => acked === 1)
  // Stopped, or asleep, while the answer lay there; in its new session it is given what is true then.
  uptimeMs += LEASE_MS
  orders = [start(2, 2)]
  waiting?.()
  await until(() => hellos === 2)
  await ends(2)
  expect([reports[1]?.of, hellos]).toEqual([`${jobName(job(2))}/12`, 2])
}, 60_000)

test('what a helper has ended while the runner stood still is lost, however lately a server was heard', async () => {
  leaseMs = 1_000
  await begin('1'.repeat(32))
  await until(() => hellos > 0)
  const script = `echo begun > ${join(directory, 'done')}; sleep 1000`
  give({ number: 1, type: 'start', job: { ...job(1), with: { script } } })
  await waitUntil(() => existsSync(join(directory, 'done')))
  // Longer than the lease, a third of what a server waits more, and what a helper takes to look.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4_000)
  expect((await ends(1))[0]).toMatchObject({
    report: { result: { kind: 'lost', reason: 'its runner stood still for more than 1 s' } },
  })
}, 30_000)

test('what a server that is behind says of the runner is no word about the attempt: its report is sent again', async () => {
  refusals = ['superseded', 'unauthenticated', 'protocol', 'hello_again', 'unavailable']
  await begin('1'.repeat(32))
  give(start(1, 1))
  expect((await ends(1))[0]).toMatchObject({ report: { result: { kind: 'succeeded' } } })
  expect(refusals).toEqual([])
}, 60_000)

test('a lease need not be a multiple of three: a third of it is how long an answer may take, in whole milliseconds', async () => {
  leaseMs = 4_000
  await begin('1'.repeat(32))
  give(start(1, 1))
  expect((await ends(1))[0]).toMatchObject({ report: { result: { kind: 'succeeded' } } })
}, 60_000)
