import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { api, startServerProcess } from '../support/server-process.ts'
import { waitUntil } from '../support/wait-until.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const BYTES = 8_000_000

test('a log and an artifact come whole through a pipe whose reader is slow', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-pipe-'))
  const server = await startServerProcess(directory)
  const token = server.token ?? ''
  const env = { PATH: process.env['PATH'], MILLRACE_URL: server.url, MILLRACE_TOKEN: token }
  async function piped(...args: readonly string[]): Promise<readonly [size: number, code: number | null]> {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const closed = once(child, 'close')
    let size = 0
    for await (const piece of child.stdout) {
      size += (piece as Uint8Array).length
      // So that what is written waits.
      await delay(1)
    }
    const [code] = (await closed) as [number | null]
    return [size, code]
  }
  try {
    const made = await api<{ id: string }>(server, token, 'POST', '/projects', { name: 'pipe' })
    const tasks = [
      { key: 'say', script: `head -c ${BYTES} /dev/zero | tr "\\0" x; head -c ${BYTES} /dev/zero > big` },
      { key: 'keep', needs: 'say', uses: 'package', with: { files: 'big', name: 'big', format: 'file' } },
    ]
    const definition = JSON.stringify({ name: 'pipe', tasks })
    const pipeline = await api<{ id: string }>(server, token, 'POST', '/pipelines', { project: made.id, definition })
    const run = await api<{ id: string }>(server, token, 'POST', `/pipelines/${pipeline.id}/runs`, {})
    const statusOf = async () => (await api<{ status: string }>(server, token, 'GET', `/runs/${run.id}`)).status
    await waitUntil(async () => (await statusOf()) === 'succeeded', 60_000)
    expect(await piped('logs', run.id, 'say')).toEqual([BYTES, 0])
    expect(await piped('artifacts', run.id, 'big')).toEqual([BYTES, 0])

    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    const read = readFile(pipe)
    expect(await piped('artifacts', run.id, 'big', '--output', pipe)).toEqual([0, 0])
    expect((await read).length).toBe(BYTES)
    expect(lstatSync(pipe).isFIFO()).toBe(true)
    expect(await piped('artifacts', run.id, 'big', '--output', join(directory, 'nowhere', 'big'))).toEqual([0, 1])
  } finally {
    await server.kill()
    rmSync(directory, { recursive: true, force: true })
  }
})
