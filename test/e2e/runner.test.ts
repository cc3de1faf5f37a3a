import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startRunnerProcess, type RunnerProcess } from '../support/runner-process.ts'
import { api, startServerProcess, type ServerProcess } from '../support/server-process.ts'
import { waitUntil } from '../support/wait-until.ts'

interface Run {
  readonly id: string
  readonly status: string
  readonly stages: readonly {
    readonly tasks: readonly {
      readonly key: string
      readonly status: string
      readonly attempt: number
      readonly runner: string | null
      readonly failure: { readonly kind: string; readonly message: string } | null
    }[]
  }[]
}

/** Longer than a machine under load takes to start a server. */
const LEASE_MS = 60_000
/** For a test that waits for its end. */
const SHORT_LEASE_MS = 3_000

let directory: string
let server: ServerProcess
let token: string
let runnerToken: string
let runners: RunnerProcess[]

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-runner-'))
  runners = []
  server = await startServerProcess(join(directory, 'server'), { runnerLeaseMs: LEASE_MS })
  token = server.token ?? ''
  await api(server, token, 'POST', '/projects', { name: 'far' })
  runnerToken = (await api<{ token: string }>(server, token, 'POST', '/runners', { name: 'far-1' })).token
}, 60_000)
afterEach(async () => {
  await Promise.all(runners.map((runner) => runner.kill()))
  await server.kill()
  rmSync(directory, { recursive: true, force: true })
}, 60_000)

const startRunner = (name = 'a', options: readonly string[] = ['--labels', 'far', '--slots', '2']): RunnerProcess => {
  const runner = startRunnerProcess(server.url, runnerToken, join(directory, name), options)
  runners.push(runner)
  return runner
}

/** Starts a run of these tasks, all of which ask for the runner on another machine. */
async function start(tasks: readonly object[]): Promise<string> {
  const definition = JSON.stringify({ name: 'far', tasks: tasks.map((task) => ({ runs_on: 'far', ...task })) })
  const { id } = await api<Run>(server, token, 'POST', '/pipelines', { project: 'far', definition })
  return (await api<Run>(server, token, 'POST', `/pipelines/${id}/runs`, {})).id
}

/** Asks for the run until this is true of it. */
async function until(id: string, isSo: (run: Run) => boolean): Promise<Run> {
  const deadline = performance.now() + 60_000
  for (;;) {
    const run = await api<Run>(server, token, 'GET', `/runs/${id}`)
    if (isSo(run)) return run
    if (performance.now() > deadline) throw new Error(`still not after a minute: ${JSON.stringify(run)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const isOver = ({ status }: Run): boolean => ['succeeded', 'failed', 'errored', 'cancelled'].includes(status)
const tasksOf = ({ stages }: Run) => stages.flatMap(({ tasks }) => tasks)

async function bytes(path: string): Promise<Buffer> {
  const response = await fetch(`${server.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })
  return Buffer.from(await response.arrayBuffer())
}

/** A server on the same port and data as the one before. */
async function restartServer(end: 'kill' | 'close', runnerLeaseMs = LEASE_MS): Promise<void> {
  const { port } = new URL(server.url)
  await server[end]()
  server = await startServerProcess(join(directory, 'server'), { runnerLeaseMs, port: Number(port) })
}

/** A script that writes a line into a file for every time that it is begun, and goes on when another file is there. */
const gated = (marks: string, gate: string): string =>
  `echo begun >> ${marks}; echo begun; while [ ! -e ${gate} ]; do sleep 0.05; done; echo ended`

describe('a runner on another machine', { timeout: 120_000 }, () => {
  test('does tasks, and their logs, findings and artifacts are on the server', async () => {
    const runner = startRunner()
    expect(await runner.ready).toEqual({ name: 'far-1', url: server.url, slots: 2, labels: ['far'] })
    const id = await start([
      {
        name: 'make',
        script:
          'head -c 3000000 /dev/urandom > big; sha256sum big | cut -d" " -f1; seq 1 200000; echo "n=1" >> "$MILLRACE_OUTPUT"',
      },
      { name: 'keep', uses: 'package', with: { files: ['big'], name: 'big.tar.gz' }, needs: ['make'] },
      { name: 'fail', script: 'exit 3', on_failure: 'continue' },
    ])
    const run = await until(id, isOver)
    expect(tasksOf(run).map(({ key, status, runner: by }) => [key, status, by])).toEqual([
      ['make', 'succeeded', 'far-1'],
      ['keep', 'succeeded', 'far-1'],
      ['fail', 'failed', 'far-1'],
    ])
    const log = (await bytes(`/runs/${id}/nodes/make/log`)).toString()
    expect(log.split('\n').slice(1)).toEqual([...Array.from({ length: 200_000 }, (_, index) => String(index + 1)), ''])
    const { items } = await api<{ items: { name: string; sha256: string; size: number }[] }>(
      server,
      token,
      'GET',
      `/runs/${id}/artifacts`,
    )
    const kept = await bytes(`/runs/${id}/artifacts/big.tar.gz`)
    expect(items).toMatchObject([{ name: 'big.tar.gz', size: kept.length }])
    expect(createHash('sha256').update(kept).digest('hex')).toBe(items[0]?.sha256)
    // Nothing of it is left over there, but what the run's end has not taken yet.
    const left = (): string[] => ['logs', 'kept', 'work'].flatMap((name) => filesIn(join(directory, 'a', name)))
    await waitUntil(() => left().length === 0, 60_000)
  })

  test('goes on as if nothing was when its server is killed and started again', async () => {
    const [marks, gate] = [join(directory, 'marks'), join(directory, 'gate')]
    await startRunner().ready
    const id = await start([{ name: 'long', script: gated(marks, gate), on_lost: 'error' }])
    await waitUntil(() => existsSync(marks), 60_000)
    await restartServer('kill')
    expect(server.recovered).toEqual({ runs: 1, lostAttempts: 0 })
    writeFileSync(gate, '')
    const run = await until(id, isOver)
    expect(tasksOf(run)).toMatchObject([{ status: 'succeeded', attempt: 1 }])
    expect(readFileSync(marks, 'utf8')).toBe('begun\n')
    expect((await bytes(`/runs/${id}/nodes/long/log`)).toString()).toBe('begun\nended\n')
  })

  test('has lost what it held when it is started again, and others, too, may do it again', async () => {
    const [marks, gate] = [join(directory, 'marks'), join(directory, 'gate')]
    const first = startRunner()
    await first.ready
    const id = await start([{ name: 'long', script: gated(marks, gate), on_lost: 'rerun', retry: 0 }])
    await waitUntil(() => existsSync(marks), 60_000)
    await first.kill()
    await startRunner().ready
    await waitUntil(() => readFileSync(marks, 'utf8') === 'begun\nbegun\n', 60_000)
    writeFileSync(gate, '')
    expect(tasksOf(await until(id, isOver))).toMatchObject([{ status: 'succeeded', attempt: 2 }])
  })

  test('that is not heard of for its lease is lost, its task with it, and has nothing at work then, although it is stopped', async () => {
    await restartServer('close', SHORT_LEASE_MS)
    const [marks, gate] = [join(directory, 'marks'), join(directory, 'gate')]
    const runner = startRunner()
    await runner.ready
    const id = await start([{ name: 'long', script: gated(marks, gate), on_lost: 'error' }])
    await waitUntil(() => existsSync(marks), 60_000)
    runner.child.kill('SIGSTOP')
    const run = await until(id, isOver)
    expect(tasksOf(run)).toMatchObject([{ status: 'errored', failure: { kind: 'lost' } }])
    expect(await api(server, token, 'GET', '/runners/far-1')).toMatchObject({ status: 'offline', busy: 0 })
    // It cannot do anything itself: those who started them end them.
    await waitUntil(() => processesWith(id).length === 0, 60_000)
    const { pid } = runner.child
    runner.child.kill('SIGCONT')
    expect(runner.child.pid).toBe(pid)
    // It is there again, and gets work.
    writeFileSync(gate, '')
    const { id: next } = await api<Run>(server, token, 'POST', '/pipelines/far/runs', {})
    expect(tasksOf(await until(next, isOver))).toMatchObject([{ status: 'succeeded', runner: 'far-1' }])
  })

  test('ends what it has on SIGTERM, and takes nothing more', async () => {
    const [marks, gate] = [join(directory, 'marks'), join(directory, 'gate')]
    const runner = startRunner()
    await runner.ready
    const id = await start([
      { name: 'first', script: gated(marks, gate) },
      { name: 'second', script: 'true', needs: ['first'] },
    ])
    await waitUntil(() => existsSync(marks), 60_000)
    runner.child.kill('SIGTERM')
    await untilRunner('draining')
    writeFileSync(gate, '')
    expect(await runner.ended).toBe(0)
    const run = await until(id, ({ stages }) => stages[0]?.tasks[0]?.status === 'succeeded')
    expect(tasksOf(run)[1]).toMatchObject({ status: 'queued' })
    await untilRunner('offline')
  })

  test('stops what it has on a second signal, and says that it is lost', async () => {
    const [marks, gate] = [join(directory, 'marks'), join(directory, 'gate')]
    const runner = startRunner()
    await runner.ready
    const id = await start([{ name: 'long', script: gated(marks, gate), on_lost: 'error' }])
    await waitUntil(() => existsSync(marks), 60_000)
    runner.child.kill('SIGTERM')
    await untilRunner('draining')
    runner.child.kill('SIGTERM')
    expect(await runner.ended).toBe(0)
    expect(tasksOf(await until(id, isOver))).toMatchObject([
      { status: 'errored', failure: { kind: 'lost', message: 'lost: its runner was stopped' } },
    ])
    expect(processesWith(id)).toEqual([])
  })

  test('stops a task that is cancelled', async () => {
    const marks = join(directory, 'marks')
    await startRunner().ready
    const id = await start([{ name: 'long', script: gated(marks, join(directory, 'never')) }])
    await waitUntil(() => existsSync(marks), 60_000)
    await api(server, token, 'POST', `/runs/${id}/actions/cancel`, {})
    expect(tasksOf(await until(id, isOver))).toMatchObject([{ status: 'cancelled' }])
    expect(processesWith(id)).toEqual([])
  })

  test('is told that it is not wanted: a wrong token, another name, a token taken over, or removed', async () => {
    const wrong = startRunnerProcess(server.url, `mrr_${'0'.repeat(16)}_${'0'.repeat(64)}`, join(directory, 'b'))
    runners.push(wrong)
    expect(await wrong.ended).toBe(77)
    expect(wrong.said()).toContain('this needs the token of a runner')
    const named = startRunner('c', ['--name', 'other'])
    expect(await named.ended).toBe(77)
    expect(named.said()).toContain('this is the token of runner far-1, not of other')
    const first = startRunner('d')
    await first.ready
    const second = startRunner('e')
    await second.ready
    expect(await first.ended).toBe(77)
    expect(first.said()).toContain('another process has come with the token of this runner')
    await fetch(`${server.url}/api/v1/runners/far-1`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}` },
    })
    expect(await second.ended).toBe(77)
  })
})

async function untilRunner(status: string): Promise<void> {
  const deadline = performance.now() + 60_000
  for (;;) {
    const found = await api<{ status: string }>(server, token, 'GET', '/runners/far-1')
    if (found.status === status) return
    if (performance.now() > deadline) throw new Error(`the runner is ${found.status}, expected ${status}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Files, and not the directories that they were in. */
function filesIn(path: string): string[] {
  if (!existsSync(path)) return []
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
}

/** Processes of attempts of this run. */
function processesWith(run: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`MILLRACE_ATTEMPT=${run}/`)
    } catch {
      return false
    }
  })
}
