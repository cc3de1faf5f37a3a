import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asId, type RunId } from '../../src/model/id.ts'
import { runnerPaths } from '../../src/runner/paths.ts'
import { startRunnerProcess, type RunnerProcess } from '../support/runner-process.ts'
import { api, startServerProcess, type ServerProcess } from '../support/server-process.ts'
import { SmallDisk } from '../support/small-disk.ts'
import { waitUntil } from '../support/wait-until.ts'

/** A server whose disk is full while a runner on another machine has something for it. */

interface Run {
  readonly id: string
  readonly status: string
}
const PATIENCE_MS = 120_000

let directory: string
let disk: SmallDisk
let server: ServerProcess
let runner: RunnerProcess
let token: string
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-full-'))
  disk = new SmallDisk(join(directory, 'server'), 'size=64m')
  server = await startServerProcess(disk.directory, { runnerLeaseMs: 60_000 })
  token = server.token ?? ''
  await api(server, token, 'POST', '/projects', { name: 'far' })
  const made = await api<{ token: string }>(server, token, 'POST', '/runners', { name: 'far-1' })
  runner = startRunnerProcess(server.url, made.token, join(directory, 'runner'), ['--labels', 'far', '--slots', '2'])
  await runner.ready
}, PATIENCE_MS)
afterAll(async () => {
  await runner.kill()
  await server.kill()
  disk.remove()
  rmSync(directory, { recursive: true, force: true })
}, PATIENCE_MS)

const waitsFor = (gate: string): string => `until [ -e ${join(directory, gate)} ]; do sleep 0.05; done`
const FIRST = `${Array.from({ length: 1_000 }, (_, index) => `${index + 1}\n`).join('')}begun\n`

/** A run whose first task has said {@link FIRST} and goes on when the gate of its name is open. */
async function start(name: string, script: string, more: readonly object[] = []): Promise<string> {
  const first = { key: 'make', script: `seq 1 1000; echo begun; ${waitsFor(name)}; ${script}` }
  const tasks = [first, ...more].map((task) => ({ runs_on: 'far', ...task }))
  const definition = JSON.stringify({ name, tasks })
  const pipeline = await api<Run>(server, token, 'POST', '/pipelines', { project: 'far', definition })
  const run = await api<Run>(server, token, 'POST', `/pipelines/${pipeline.id}/runs`, {})
  await waitUntil(() => logOf(run.id).includes('begun'), PATIENCE_MS)
  return run.id
}
const open = (name: string): void => writeFileSync(join(directory, name), '')
const pathOf = (run: string): string =>
  runnerPaths(disk.directory).log({ runId: asId<RunId>(run), node: 1, attempt: 1 })
const logOf = (run: string): string => {
  try {
    return readFileSync(pathOf(run), 'utf8')
  } catch {
    return ''
  }
}
const statusOf = async (run: string): Promise<string> => (await api<Run>(server, token, 'GET', `/runs/${run}`)).status
const isOver = async (run: string): Promise<boolean> => (await statusOf(run)) !== 'running'
test(
  'keeps nothing from being read, and loses nothing: log and artifact are whole when there is room again',
  async () => {
    const run = await start('log', 'yes | head -c 2000000; head -c 6000000 /dev/urandom > big; sha256sum big', [
      { key: 'wait', script: waitsFor('artifact'), needs: 'make' },
      { key: 'keep', uses: 'package', with: { files: 'big', name: 'big', format: 'file' }, needs: 'wait' },
    ])
    const said = (what: string): Promise<void> =>
      waitUntil(() => runner.said().includes(`the server has no room for ${what}`), PATIENCE_MS)
    disk.fill()
    open('log')
    await said('the log of')
    expect(await statusOf(run)).toBe('running')
    disk.makeRoom()
    await waitUntil(() => logOf(run).endsWith('  big\n'), PATIENCE_MS)
    // For all that is to be written down, and not for the artifact.
    disk.fill(4_000_000)
    open('artifact')
    await said('the artifact')
    expect(await statusOf(run)).toBe('running')
    disk.makeRoom()
    await waitUntil(() => isOver(run), PATIENCE_MS)
    expect(await statusOf(run)).toBe('succeeded')
    const [, hash = ''] = /([0-9a-f]{64}) {2}big\n$/.exec(logOf(run)) ?? []
    expect(logOf(run) === `${FIRST}${'y\n'.repeat(1_000_000)}${hash}  big\n`).toBe(true)
    const answer = await fetch(`${server.url}/api/v1/runs/${run}/artifacts/big`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const kept = Buffer.from(await answer.arrayBuffer())
    expect(createHash('sha256').update(kept).digest('hex')).toBe(hash)
  },
  PATIENCE_MS,
)

test.each([
  ['cut', (path: string) => truncateSync(path, 100)],
  ['taken away', (path: string) => renameSync(path, `${path}.1`)],
])(
  'a log that was %s on the server is whole in the end',
  async (how, harm) => {
    const name = how.replace(' ', '-')
    const run = await start(name, 'echo ended')
    harm(pathOf(run))
    open(name)
    await waitUntil(() => isOver(run), PATIENCE_MS)
    expect(logOf(run)).toBe(`${FIRST}ended\n`)
  },
  PATIENCE_MS,
)
