import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { HostileServer } from '../../../test/support/hostile-server.ts'
import { asId, type RunId } from '../../model/id.ts'
import { dice } from '../../testing/dice.ts'
import { NO_EXECUTORS } from '../capabilities.ts'
import { startRemoteRunner, type RemoteRunner } from './remote.ts'

/** `HOSTILE_SEEDS=200 HOSTILE_FROM=1 npx vitest run src/runner/remote/hostile.test.ts` for more. */
const SEEDS = Number(process.env['HOSTILE_SEEDS'] ?? 3)
const FROM = Number(process.env['HOSTILE_FROM'] ?? 1)
const REQUESTS = Number(process.env['HOSTILE_REQUESTS'] ?? 40)
/** So short that timeouts pass in the test, too. */
const LEASE_MS = 900
const RUN = asId<RunId>('0d'.repeat(16))

interface Outcome {
  readonly seed: number
  readonly lines: readonly string[]
  readonly files: readonly string[]
  readonly strangers: readonly string[]
  readonly requestsPerSecond: number
  readonly ended: boolean
  /** How the attempt ended that was given when all was well again. */
  readonly last: string | undefined
  readonly notices: readonly string[]
}

const runnerOf = (
  server: HostileServer,
  dataDirectory: string,
  uptime: () => number,
  notices: string[],
): Promise<RemoteRunner> =>
  startRemoteRunner({
    urls: [server.url],
    token: 'mrr_secret',
    name: null,
    labels: [],
    slots: 2,
    executors: NO_EXECUTORS,
    containerPaths: [],
    cacheMaxBytes: 1_000_000,
    dataDirectory,
    version: '1',
    incarnation: '1'.repeat(32),
    drainMs: 100,
    uptime,
    onNotice: (sentence) => notices.push(sentence),
    onReady: () => undefined,
  })

/** One runner, a server that loses its mind for a while and comes to its senses, and what was seen of both. */
async function play(seed: number): Promise<Outcome> {
  const draw = dice(seed)
  const directory = mkdtempSync(join(tmpdir(), 'millrace-hostile-'))
  const done = join(directory, 'done')
  mkdirSync(join(directory, 'runner'))
  writeFileSync(done, '')
  const strangers: string[] = []
  const stranger = createServer((request, response) => {
    strangers.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    response.end('{}')
  })
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  const elsewhere = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`
  const server = await HostileServer.open({
    draw,
    elsewhere,
    leaseMs: LEASE_MS,
    job: (attempt, fence) => ({
      runId: RUN,
      node: 0,
      attempt,
      fence,
      uses: 'script',
      with: { script: `echo ${attempt}/${fence} >> ${done}; echo done` },
      env: {},
      graceMs: 100,
    }),
  })
  const notices: string[] = []
  let sleptMs = 0
  let ended = false
  const runner = await runnerOf(server, join(directory, 'runner'), () => performance.now() + sleptMs, notices)
  void runner.ended.then(() => {
    ended = true
    server.look()
  })
  try {
    const began = performance.now()
    for (let next = REQUESTS / 4; server.requests < REQUESTS && !ended; next += REQUESTS / 4) {
      await server.until(() => server.requests >= next)
      // The machine has slept, for about as long as a lease.
      sleptMs += LEASE_MS * 2 * draw()
    }
    const seconds = (performance.now() - began) / 1_000
    const requestsPerSecond = server.requests / seconds
    server.calm(60_000)
    await server.until(() => server.isGreeted || ended)
    const name = server.give()
    await server.until(() => server.ends.has(name) || ended)
    const last = server.ends.get(name)?.result.kind
    const lines = readFileSync(done, 'utf8').split('\n').filter(Boolean)
    const files = readdirSync(directory).toSorted()
    return { seed, lines, files, strangers, requestsPerSecond, ended, last, notices }
  } finally {
    runner.stop()
    await runner.ended
    server.close()
    stranger.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

test('whatever its server says, a runner works on, does nothing twice, tells nobody its token and comes back', async () => {
  const seeds = Array.from({ length: SEEDS }, (_, place) => FROM + place)
  const outcomes: Outcome[] = []
  const lane = async (): Promise<void> => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) outcomes.push(await play(seed))
  }
  await Promise.all(Array.from({ length: 4 }, lane))
  if (process.env['HOSTILE_OUT'] !== undefined) appendFileSync(process.env['HOSTILE_OUT'], JSON.stringify(outcomes))
  expect(outcomes).toHaveLength(SEEDS)
  for (const { seed, lines, files, strangers, requestsPerSecond, ended, last, notices } of outcomes) {
    const twice = lines.filter((line, place) => lines.indexOf(line) !== place)
    expect({ seed, ended, last, twice, strangers, files }).toEqual({
      seed,
      ended: false,
      last: 'succeeded',
      twice: [],
      strangers: [],
      files: ['done', 'runner'],
    })
    expect({ seed, isInHurry: requestsPerSecond > 100 }).toEqual({ seed, isInHurry: false })
    expect(notices.join()).toMatch(/No answer from .* asked again and again/)
    expect(notices.join()).not.toMatch(/[\p{Cc}]/u)
  }
}, 600_000)

test('a server that has nothing to do and does not wait is not asked in a hurry', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-hostile-'))
  const job = (): never => {
    throw new Error('there is nothing to do')
  }
  const server = await HostileServer.open({ draw: dice(1), elsewhere: '', leaseMs: 60_000, job })
  server.calm(60_000)
  const runner = await runnerOf(server, directory, () => performance.now(), [])
  try {
    await server.until(() => server.isGreeted)
    server.only('nothing to do, at once')
    const [began, before] = [performance.now(), server.requests]
    await server.until(() => server.requests >= before + 5)
    // Four pauses, each twice the one before.
    expect(performance.now() - began).toBeGreaterThan(500)
  } finally {
    runner.stop()
    await runner.ended
    server.close()
    rmSync(directory, { recursive: true, force: true })
  }
}, 60_000)
