import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makePrivateCa, openTlsFront, type PrivateCa, type TlsFront } from '../support/private-ca.ts'
import { startRunnerProcess, type RunnerProcess } from '../support/runner-process.ts'
import { api, startServerProcess, type ServerProcess } from '../support/server-process.ts'
import { waitUntil } from '../support/wait-until.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const UNTRUSTED =
  'its certificate is not trusted here: for an authority of your own, name its certificate with --ca-file'

let directory: string
let ca: PrivateCa
let server: ServerProcess
let front: TlsFront
let token: string
const runners: RunnerProcess[] = []

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-ca-'))
  ca = await makePrivateCa(directory)
  server = await startServerProcess(join(directory, 'server'), {
    runnerLeaseMs: 60_000,
    httpAllow: '127.0.0.1',
    caFile: ca.path,
  })
  token = server.token ?? ''
  front = await openTlsFront(await ca.issue('server', 'IP:127.0.0.1'), server.url)
  await api(server, token, 'POST', '/projects', { name: 'far' })
}, 60_000)
afterAll(async () => {
  await Promise.all(runners.map((runner) => runner.kill()))
  await front.close()
  await server.kill()
  rmSync(directory, { recursive: true, force: true })
}, 60_000)

async function startRunner(
  name: string,
  url: string,
  options: readonly string[] = [],
  wrap: readonly string[] = [],
): Promise<RunnerProcess> {
  const { token: own } = await api<{ token: string }>(server, token, 'POST', '/runners', { name })
  const runner = startRunnerProcess(url, own, join(directory, name), ['--labels', name, ...options], wrap)
  runners.push(runner)
  return runner
}

/** A run of one task. @returns its status and its log */
async function runOf(name: string, task: object): Promise<readonly [string, string]> {
  const definition = JSON.stringify({ name, tasks: [{ key: 't', ...task }] })
  const { id } = await api<{ id: string }>(server, token, 'POST', '/pipelines', { project: 'far', definition })
  const run = await api<{ id: string }>(server, token, 'POST', `/pipelines/${id}/runs`, {})
  let status = ''
  await waitUntil(async () => {
    const found = await api<{ status: string; ended_at: string | null }>(server, token, 'GET', `/runs/${run.id}`)
    status = found.status
    return found.ended_at !== null
  }, 60_000)
  const log = await fetch(`${server.url}/api/v1/runs/${run.id}/nodes/t/log`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return [status, await log.text()]
}

async function command(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    env: { PATH: process.env['PATH'], MILLRACE_TOKEN: token, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', (text: Buffer) => (said += text.toString()))
  child.stderr.on('data', (text: Buffer) => (said += text.toString()))
  const [code] = (await once(child, 'close')) as [number]
  return { code, said }
}

test('a runner that is told of the authority works over HTTPS', async () => {
  const runner = await startRunner('told', `https://127.0.0.1:${front.port}`, ['--ca-file', ca.path])
  await runner.ready
  expect(await runOf('told', { runs_on: 'told', script: 'echo over TLS' })).toEqual(['succeeded', 'over TLS\n'])
}, 120_000)

test('and so does one whose Node is told of it', async () => {
  const wrap = ['env', `NODE_EXTRA_CA_CERTS=${ca.path}`]
  const runner = await startRunner('env', `https://127.0.0.1:${front.port}`, [], wrap)
  expect(await runner.ready).toMatchObject({ name: 'env' })
}, 120_000)

test("steps on the server's own machine trust what the server was told of", async () => {
  const url = `https://127.0.0.1:${front.port}/healthz`
  expect((await runOf('http', { uses: 'http', with: { url } }))[0]).toBe('succeeded')
}, 120_000)

test('one that does not trust the certificate says so, and what to do', async () => {
  const runner = await startRunner('untold', `https://127.0.0.1:${front.port}`)
  await waitUntil(() => runner.said().includes(UNTRUSTED), 60_000)
  expect(runner.said()).toContain(`No answer from https://127.0.0.1:${front.port}: ${UNTRUSTED}`)
}, 120_000)

test('a certificate that has expired, one for another name and a port without TLS are told apart', async () => {
  const old = await openTlsFront(await ca.issue('old', 'IP:127.0.0.1', -1), server.url)
  try {
    for (const [url, sentence] of [
      [`https://127.0.0.1:${old.port}`, 'its certificate has expired (certificate has expired)'],
      [`https://localhost:${front.port}`, 'its certificate is for another name than the one in the URL ('],
      [server.url.replace('http:', 'https:'), 'it does not speak TLS there: is it http instead of https? ('],
    ] as const) {
      const { code, said } = await command(['runners', '--url', url, '--ca-file', ca.path])
      expect([code, said]).toEqual([69, expect.stringContaining(`no answer from ${url}: ${sentence}`)])
    }
  } finally {
    await old.close()
  }
}, 120_000)

test('commands trust it by the variable, too, and else say what to do', async () => {
  const url = `https://127.0.0.1:${front.port}`
  const known = await command(['runners', '--json'], { MILLRACE_URL: url, MILLRACE_CA_FILE: ca.path })
  expect(known).toMatchObject({ code: 0 })
  const untold = await command(['runners', '--url', url])
  expect([untold.code, untold.said]).toEqual([69, expect.stringContaining(UNTRUSTED)])
}, 120_000)
