import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { openSqliteStore } from './index.ts'
import { lockDirectory } from './lock.ts'

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-lock-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

/** Another process that locks the directory, says `locked` or why not, and stays until it is killed. */
async function lockElsewhere(directory: string): Promise<{ said: string; pid: number; kill: () => Promise<void> }> {
  const script = `
    const { lockDirectory } = await import(${JSON.stringify(join(import.meta.dirname, 'lock.ts'))})
    const said = await lockDirectory(${JSON.stringify(directory)}).then(() => 'locked', (error) => error.message)
    process.stdout.write(said + '\\n')
    setInterval(() => {}, 1_000)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
  }
  onTestFinished(kill)
  const lines = createInterface({ input: child.stdout })
  const [said] = (await once(lines, 'line')) as [string]
  return { said, pid: child.pid ?? NaN, kill }
}

test('a second process is refused, and told the directory and who has it', async () => {
  const directory = await emptyDirectory()
  const first = await lockElsewhere(directory)
  expect(first.said).toBe('locked')
  const refusal = await lockDirectory(directory).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ name: 'StoreError', code: 'conflict' })
  expect(String(refusal)).toContain(directory)
  expect(String(refusal)).toContain(`pid ${first.pid}`)
})

test('the lock of a process that was killed is gone at once', async () => {
  const directory = await emptyDirectory()
  for (let round = 0; round < 3; round += 1) {
    const holder = await lockElsewhere(directory)
    expect(holder.said).toBe('locked')
    await holder.kill()
  }
  const release = await lockDirectory(directory)
  release()
})

test('a process is refused while this one has the directory, and let in when it lets go', async () => {
  const directory = await emptyDirectory()
  const release = await lockDirectory(directory)
  expect((await lockElsewhere(directory)).said).toContain(`pid ${process.pid}`)
  release()
  expect((await lockElsewhere(directory)).said).toBe('locked')
})

test('a second store of the same process is refused, and its refusal does not open the lock', async () => {
  const directory = await emptyDirectory()
  const store = await openSqliteStore({ directory })
  onTestFinished(() => store.close())
  await expect(openSqliteStore({ directory })).rejects.toMatchObject({ code: 'conflict' })
  expect((await lockElsewhere(directory)).said).toContain('in use')
})

test('a pid file alone holds nothing', async () => {
  const directory = await emptyDirectory()
  await writeFile(join(directory, 'lock.pid'), `${process.ppid}\n`)
  const release = await lockDirectory(directory)
  expect(readFileSync(join(directory, 'lock.pid'), 'utf8')).toBe(`${process.pid}\n`)
  release()
})

test('a directory that cannot be made or used is refused as full', async () => {
  const directory = await emptyDirectory()
  await writeFile(join(directory, 'file'), '')
  await expect(lockDirectory(join(directory, 'file', 'below'))).rejects.toMatchObject({ code: 'full' })
  await symlink(join(directory, 'nowhere', 'lock.db'), join(directory, 'lock.db'))
  await expect(lockDirectory(directory)).rejects.toMatchObject({ name: 'StoreError', code: 'full' })
})

test('only its owner may read what is made', async () => {
  const directory = join(await emptyDirectory(), 'a', 'b')
  const store = await openSqliteStore({ directory })
  onTestFinished(() => store.close())
  await store.keys.putSetting('a', 'b')
  await store.keys.setting('a')
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  for (const file of ['millrace.db', 'millrace.db-wal', 'millrace.db-shm', 'lock.db', 'lock.pid']) {
    expect(statSync(join(directory, file)).mode & 0o777, file).toBe(0o600)
  }
})
