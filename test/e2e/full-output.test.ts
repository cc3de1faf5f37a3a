import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { freePort } from '../../src/testing/free-port.ts'
import { waitUntil } from '../support/wait-until.ts'

// Output that finds no room, as in a file on a full disk: /dev/full refuses every byte so.

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'millrace-full-output-'))
const full = openSync('/dev/full', 'w')
const children: ChildProcess[] = []
afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  closeSync(full)
  rmSync(directory, { recursive: true, force: true })
})

test('what cannot be printed is code 1 and a sentence', async () => {
  const child = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', full, 'pipe'] })
  children.push(child)
  const [said, [code]] = await Promise.all([text(child.stderr!), once(child, 'close')])
  expect(said).toMatch(/^millrace: what was to be printed could not be written: ENOSPC.*\n$/)
  expect(code).toBe(1)
})

test('a server whose log finds no room goes on', { timeout: 60_000 }, async () => {
  const port = await freePort()
  const env = { PATH: process.env['PATH'], MILLRACE_SAMPLES: 'false', MILLRACE_LOG_LEVEL: 'debug' }
  const words = ['serve', '--port', String(port), '--data-dir', join(directory, 'data')]
  const child = spawn(process.execPath, [MAIN, ...words], { env, stdio: ['ignore', 'ignore', full] })
  children.push(child)
  const answers = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/api/v1/runs`).then(
      ({ status }) => status === 401,
      () => false,
    )
  await waitUntil(answers, 30_000)
  for (let asked = 0; asked < 5; asked += 1) expect(await answers()).toBe(true)
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})
