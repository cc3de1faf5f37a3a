import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { TestRunner } from '../../test/support/attempts.ts'
import type { CacheSpec, JobCaches } from '../model/cache.ts'
import { removeTree } from './remove-tree.ts'

let runner: TestRunner
beforeAll(async () => {
  runner = await TestRunner.open({ cacheMaxBytes: 300_000 })
})
afterAll(() => runner.close())
beforeEach(async () => {
  await runner.clean()
  await removeTree(runner.paths.caches)
})

const spec = (changes: Partial<CacheSpec> = {}): CacheSpec => ({
  key: 'npm',
  files: [],
  restore: [],
  paths: ['modules'],
  ...changes,
})

const caches = (list: readonly CacheSpec[], changes: Partial<JobCaches> = {}): JobCaches => ({
  scope: '0193a1b2c3d4e5f60718293a4b5c6d7e',
  write: true,
  list,
  ...changes,
})

/** One run of a task, in a workspace of its own. */
async function run(script: string, given: JobCaches): Promise<string> {
  const { result, log } = await runner.run('script', { script }, { caches: given })
  expect(result.kind, log).toBe('succeeded')
  return log
}

const freshRun = async (script: string, given: JobCaches): Promise<string> => {
  await runner.clean()
  return run(script, given)
}

const SHOW = 'cat modules/a 2>/dev/null || echo nothing'

test('what a task saved is there in the next run, links and rights included, and is not saved again', async () => {
  const make = 'mkdir -p modules; echo one > modules/a; ln -s a modules/b; chmod 750 modules/a'
  expect(await run(make, caches([spec()]))).toMatch(/cache npm: nothing to restore[^]*cache npm: saved, \d+ KiB/)
  const log = await freshRun('cat modules/b; stat -c %a modules/a; echo two > modules/a', caches([spec()]))
  expect(log).toMatch(/cache npm: restored npm, \d+ KiB\none\n750\n$/)
  expect(await freshRun(SHOW, caches([spec()]))).toContain('\none\n')
})

test('files of HOME are kept, too', async () => {
  await run('mkdir -p "$HOME/.npm"; echo x > "$HOME/.npm/y"', caches([spec({ paths: ['~/.npm', 'none'] })]))
  expect(await freshRun('cat "$HOME/.npm/y"', caches([spec({ paths: ['~/.npm'] })]))).toContain('\nx\n')
})

test('the content of files is part of the key, and a prefix finds the newest of others', async () => {
  const locked = spec({ key: 'npm', files: ['lock'], restore: ['npm-'] })
  // The lock file is there before the task begins.
  await run('echo 1 > lock', caches([]))
  await run('mkdir modules; echo first > modules/a', caches([locked]))
  await runner.clean()
  await run('echo 2 > lock', caches([]))
  const log = await run(`${SHOW}; echo second > modules/a`, caches([locked]))
  expect(log).toMatch(/cache npm-[0-9a-f]{16}: restored npm-[0-9a-f]{16}, [^]*\nfirst\n[^]*saved/)
  await runner.clean()
  await run('echo 1 > lock', caches([]))
  expect(await run(SHOW, caches([locked]))).toContain('\nfirst\n')
  const unknown = spec({ key: 'other', restore: ['none-', 'npm-'] })
  expect(await freshRun(SHOW, caches([unknown]))).toContain('\nfirst\n')
})

test('a scope sees nothing of another, and what is not trusted reads and never writes', async () => {
  await run('mkdir modules; echo mine > modules/a', caches([spec()]))
  expect(await freshRun(SHOW, caches([spec()], { scope: 'ffffffffffffffffffffffffffffffff' }))).toContain('nothing\n')
  const guest = { write: false }
  expect(await freshRun(SHOW, caches([spec()], guest))).toContain('\nmine\n')
  expect(await freshRun('mkdir modules; echo evil > modules/a', caches([spec({ key: 'new' })], guest))).not.toContain(
    'saved',
  )
  expect(await freshRun(SHOW, caches([spec({ key: 'new' })]))).toContain('nothing\n')
})

test('a task that fails saves nothing', async () => {
  const { result } = await runner.run('script', { script: 'mkdir modules; exit 1' }, { caches: caches([spec()]) })
  expect(result.kind).toBe('failed')
  expect(await freshRun(SHOW, caches([spec()]))).toContain('nothing to restore')
})

test('what was not used for longest makes room, and what is too large is not kept', async () => {
  const make = (bytes: number): string => `mkdir modules; head -c ${bytes} /dev/urandom > modules/a`
  for (const key of ['a', 'b']) await freshRun(make(120_000), caches([spec({ key })]))
  // A use makes it the newer one.
  await freshRun('true', caches([spec({ key: 'a' })]))
  await freshRun(make(120_000), caches([spec({ key: 'c' })]))
  expect(await freshRun('true', caches([spec({ key: 'b' })]))).toContain('cache b: nothing to restore')
  expect(await freshRun('true', caches([spec({ key: 'a' })]))).toContain('cache a: restored a')
  expect(await freshRun(make(400_000), caches([spec({ key: 'd' })]))).toContain(
    'cache d: is larger than all caches may be',
  )
  expect(readdirSync(join(runner.paths.caches, 'new'))).toEqual([])
})

test('links lead nowhere out of the run, neither when it is saved nor in its key', async () => {
  const log = await run('ln -s /etc modules', caches([spec()]))
  expect(log).toContain('is not saved: a path leads out')
  await run('ln -s /etc/passwd lock', caches([]))
  expect(await run('true', caches([spec({ files: ['lock'] })]))).toContain('lies outside')
})

test('an archive that is broken is a cache that is not there', async () => {
  await run('mkdir modules; echo x > modules/a', caches([spec()]))
  const [scope] = readdirSync(runner.paths.caches).filter((name) => name !== 'new')
  const directory = join(runner.paths.caches, scope!)
  const archive = join(
    directory,
    readdirSync(directory).find((name) => !name.endsWith('.json'))!,
  )
  expect(statSync(archive).mode & 0o077).toBe(0)
  expect(readFileSync(`${archive}.json`, 'utf8')).toMatch(/^\{"key":"npm","sizeBytes":\d+\}$/)
  truncateSync(archive, 700)
  const again = await freshRun('echo on; mkdir modules; echo y > modules/a', caches([spec()]))
  expect(again).toMatch(/nothing to restore\non\n[^]*saved/)
  writeFileSync(archive, 'x'.repeat(statSync(archive).size))
  expect(await freshRun('echo on', caches([spec()]))).toMatch(/could not be restored\non\n/)
})
