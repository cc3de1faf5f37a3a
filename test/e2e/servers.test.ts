import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { numbersIn } from '../../scripts/chaos/client.ts'
import { postgresServer } from '../../src/testing/postgres-server.ts'
import { startRunnerProcess, type RunnerProcess } from '../support/runner-process.ts'
import { api, startServerProcess, type ServerProcess } from '../support/server-process.ts'
import { waitUntil } from '../support/wait-until.ts'

/** Several servers on one PostgreSQL. */

let directory: string
let databaseUrl: string
let servers: ServerProcess[]
let runners: RunnerProcess[]
let token: string

const start = async (name: string, options: object = {}): Promise<ServerProcess> => {
  const server = await startServerProcess(join(directory, name), {
    databaseUrl,
    filesDirectory: join(directory, 'files'),
    slots: 2,
    ...options,
  })
  servers.push(server)
  token ||= server.token ?? ''
  return server
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-servers-'))
  servers = []
  runners = []
  token = ''
  const { url } = await postgresServer()
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('drop database if exists many with (force)')
  await client.query('create database many')
  await client.end()
  databaseUrl = url.replace(/\/postgres$/, '/many')
}, 60_000)
afterEach(async () => {
  await Promise.all([...runners, ...servers].map((each) => each.kill()))
  rmSync(directory, { recursive: true, force: true })
}, 60_000)

interface Run {
  readonly id: string
  readonly number: number
  readonly status: string
  readonly stages: readonly {
    readonly tasks: readonly { key: string; status: string; runner: string | null; attempt: number }[]
  }[]
}

const pipeline = async (of: ServerProcess, definition: object): Promise<string> =>
  (
    await api<{ id: string }>(of, token, 'POST', '/pipelines', {
      project: 'default',
      definition: JSON.stringify(definition),
    })
  ).id
const begin = (of: ServerProcess, id: string): Promise<Run> => api<Run>(of, token, 'POST', `/pipelines/${id}/runs`, {})
const read = (of: ServerProcess, id: string): Promise<Run> => api<Run>(of, token, 'GET', `/runs/${id}`)
const OVER = ['succeeded', 'failed', 'errored', 'cancelled']
async function reads(of: ServerProcess, id: string, status: string): Promise<void> {
  let run = await read(of, id)
  await waitUntil(async () => {
    run = await read(of, id)
    return run.status === status || OVER.includes(run.status)
  }, 60_000)
  expect(run).toMatchObject({ status })
}

/** Numbers of all events after this one, as a server streams them, until there are so many. */
async function stream(of: ServerProcess, after: number, count: number): Promise<readonly number[]> {
  const stop = new AbortController()
  const response = await fetch(`${of.url}/api/v1/events/stream?after=${after}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: stop.signal,
  })
  const numbers: number[] = []
  let text = ''
  for await (const piece of response.body ?? []) {
    text += Buffer.from(piece as Uint8Array).toString()
    numbers.splice(0, numbers.length, ...numbersIn(text.split('\n\n').slice(0, -1)))
    if (numbers.length >= count) break
  }
  stop.abort()
  return numbers.slice(0, count)
}

test('any server takes any command, and all of them tell the same', { timeout: 120_000 }, async () => {
  const one = await start('one')
  const two = await start('two')
  const id = await pipeline(one, {
    name: 'steps',
    tasks: [
      { name: 'build', script: 'echo built' },
      { name: 'sign', needs: ['build'], approval: 'May it be signed?' },
      { name: 'wait', needs: ['sign'], sleep: '1s' },
    ],
  })
  const run = await begin(two, id)
  await reads(one, run.id, 'reviewing')
  await reads(two, run.id, 'reviewing')
  await api(one, token, 'POST', `/runs/${run.id}/nodes/sign/actions/approve`, {})
  await reads(two, run.id, 'succeeded')
  await reads(one, run.id, 'succeeded')
  const expected = Array.from({ length: 12 }, (_, index) => index + 1)
  expect(await stream(one, 0, 12)).toEqual(expected)
  expect(await stream(two, 0, 12)).toEqual(expected)
})

test('a run goes on elsewhere when the server that moved it is killed', { timeout: 120_000 }, async () => {
  const one = await start('one')
  const two = await start('two', { runnerLeaseMs: 3_000 })
  const gate = join(directory, 'gate')
  const id = await pipeline(one, {
    name: 'long',
    tasks: [
      { name: 'sleep', sleep: '3s' },
      { name: 'work', needs: ['sleep'], script: `while [ ! -e ${gate} ]; do sleep 0.05; done`, on_lost: 'rerun' },
    ],
  })
  const run = await begin(one, id)
  await reads(two, run.id, 'running')
  await one.kill()
  writeFileSync(gate, '')
  await reads(two, run.id, 'succeeded')
})

test('a runner whose server is killed goes on with the same task at another', { timeout: 120_000 }, async () => {
  const one = await start('one')
  const two = await start('two')
  const { token: runnerToken } = await api<{ token: string }>(one, token, 'POST', '/runners', { name: 'far-1' })
  const runner = startRunnerProcess(`${one.url},${two.url}`, runnerToken, join(directory, 'far'), ['--labels', 'far'])
  runners.push(runner)
  await runner.ready
  const [marks, gate] = [join(directory, 'marks'), join(directory, 'gate')]
  const script = `echo begun >> ${marks}; echo begun; while [ ! -e ${gate} ]; do sleep 0.05; done; echo ended`
  const id = await pipeline(two, { name: 'far', tasks: [{ name: 'long', runs_on: 'far', script, on_lost: 'error' }] })
  const run = await begin(two, id)
  await waitUntil(() => existsSync(marks), 60_000)
  await reads(two, run.id, 'running')
  const seen = async () => (await api<{ status: string }>(two, token, 'GET', '/runners/far-1')).status
  await expect.poll(seen, { timeout: 60_000 }).toBe('online')
  await one.kill()
  writeFileSync(gate, '')
  await reads(two, run.id, 'succeeded')
  expect(readFileSync(marks, 'utf8')).toBe('begun\n')
  expect((await read(two, run.id)).stages[0]?.tasks[0]).toMatchObject({ attempt: 1, runner: 'far-1' })
  const log = await fetch(`${two.url}/api/v1/runs/${run.id}/nodes/long/log`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(await log.text()).toBe('begun\nended\n')
})
