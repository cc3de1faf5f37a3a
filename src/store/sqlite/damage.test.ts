import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import type { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { expectRefusal } from '../conformance/open.ts'
import { addPipeline, addRun, nextCommit } from '../conformance/samples.ts'
import type { RunId } from '../../model/id.ts'
import type { RunCommit, Store } from '../store.ts'
import { openSqliteStore, type SqliteOptions } from './index.ts'

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-damage-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  return directory
}

async function openHere(options: SqliteOptions): Promise<Store> {
  const store = await openSqliteStore(options)
  onTestFinished(() => store.close())
  return store
}

/** A commit with an entry of about so many bytes. */
function bigCommit(runId: RunId, seq: number, sizeBytes: number): RunCommit {
  const commit = nextCommit(runId, seq)
  const entries = commit.entries.map((entry) => ({
    ...entry,
    actor: { kind: 'user', name: 'x'.repeat(sizeBytes) } as const,
  }))
  return { ...commit, entries }
}

/** Commits until it is refused. @returns the seq that was reached */
async function fill(store: Store, runId: RunId, sizeBytes: number): Promise<number> {
  for (let seq = 1; ; seq += 1) {
    const refusal = await store.runs.commit(bigCommit(runId, seq, sizeBytes)).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (refusal === undefined) continue
    expect(refusal).toMatchObject({ name: 'StoreError', code: 'full' })
    return seq
  }
}

async function expectWhole(store: Store, runId: RunId, seq: number): Promise<void> {
  const summary = await store.runs.summary({ by: 'id', id: runId })
  expect(summary?.seq).toBe(seq)
  const feed = await store.runs.feed(0, {}, 100_000)
  expect(feed.map(({ number }) => number)).toEqual(feed.map((_, index) => index + 1))
  expect(await store.runs.lastNumber()).toBe(feed.length)
}

describe('a full disk', () => {
  test('refuses what does not fit, and all else of the same turn goes on', async () => {
    const store = await openHere({ directory: await emptyDirectory(), sizeMaxBytes: 1_000_000 })
    const pipeline = await addPipeline(store)
    const runs = await Promise.all(Array.from({ length: 20 }, () => addRun(store, pipeline)))
    const outcomes = await Promise.allSettled(
      runs.map(({ id }, index) => store.runs.commit(bigCommit(id, 1, index % 7 === 3 ? 2_000_000 : 100))),
    )
    const isBig = runs.map((_, index) => index % 7 === 3)
    expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(isBig)
    for (const [index, { id }] of runs.entries()) await expectWhole(store, id, isBig[index] === true ? 1 : 2)
  })

  test('refuses every write as full, still reads, and loses nothing', async () => {
    const directory = await emptyDirectory()
    const limited = await openHere({ directory, sizeMaxBytes: 400_000 })
    const run = await addRun(limited, await addPipeline(limited))
    const seq = await fill(limited, run.id, 10_000)
    expect(seq).toBeGreaterThan(5)
    await expectRefusal('full', limited.keys.putSetting('a', 'x'.repeat(100_000)))
    expect(await limited.keys.setting('a')).toBeUndefined()
    await expectWhole(limited, run.id, seq)
    await limited.close()

    const store = await openHere({ directory })
    await expectWhole(store, run.id, seq)
    await store.runs.commit(bigCommit(run.id, seq, 10_000))
    await expectWhole(store, run.id, seq + 1)
  })

  test('keeps nothing of a write that breaks off, and takes the next one when there is room again', async () => {
    const directory = await emptyDirectory()
    const child = await openElsewhere(directory)
    // SIGXFSZ is ignored by Node: beyond the limit, write(2) fails with EFBIG (man 2 setrlimit).
    child.limitFileSize('2000000')
    const answers: string[] = []
    while (answers.at(-1) !== 'full') answers.push(await child.commit())
    expect(answers.length).toBeGreaterThan(5)
    expect(await child.commit()).toBe('full')
    child.limitFileSize('unlimited')
    expect(await child.commit()).toBe('ok')
    await child.end()

    const store = await openHere({ directory })
    const [run] = await store.runs.list({}, null, 10)
    if (run === undefined) throw new Error('the child made a run')
    await expectWhole(store, run.id, answers.length + 1)
  })

  test.each(tinyDisks())('$name: writes are refused, and go on when there is room again', async ({ mount }) => {
    const directory = await emptyDirectory()
    onTestFinished(mount(directory))
    const store = await openSqliteStore({ directory })
    try {
      const run = await addRun(store, await addPipeline(store))
      await writeFile(join(directory, 'filler'), new Uint8Array(2_000_000))
      const seq = await fill(store, run.id, 100_000)
      await expectRefusal('full', store.keys.putSetting('a', 'x'.repeat(100_000)))
      await expectWhole(store, run.id, seq)
      await rm(join(directory, 'filler'))
      await store.runs.commit(bigCommit(run.id, seq, 100_000))
      await expectWhole(store, run.id, seq + 1)
    } finally {
      await store.close()
    }
  })
})

describe('a damaged file', () => {
  test.each([
    ['is no database', async (path: string) => writeFile(path, 'x'.repeat(10_000))],
    ['was cut', async (path: string) => truncate(path, 20_480)],
    ['was overwritten at its start', async (path: string) => overwrite(path, 0, 5_000)],
    ['has lost its schema', async (path: string) => overwrite(path, 100, 3_000)],
    ['is of another program', async (path: string) => replaceByTheirs(path)],
  ])('is refused as corrupt, by its name, when it %s', async (_, damage) => {
    const directory = await emptyDirectory()
    const path = join(directory, 'millrace.db')
    await fillAndClose(directory)
    await damage(path)
    const damaged = await readFile(path)
    const refusal: unknown = await openSqliteStore({ directory }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ name: 'StoreError', code: 'corrupt' })
    expect(String(refusal)).toContain(path)
    expect((await readFile(path)).equals(damaged)).toBe(true)
    // The lock is free again.
    await rm(path)
    await (await openSqliteStore({ directory })).close()
  })

  test('is corrupt for the calls that come upon the damage', async () => {
    const directory = await emptyDirectory()
    const path = join(directory, 'millrace.db')
    await (await openSqliteStore({ directory })).close()
    const { size: empty } = await stat(path)
    await fillAndClose(directory)
    const { size } = await stat(path)
    // Tables and indexes begin, and short rows are, in the pages that were there before.
    for (let at = empty; at < size - 4096; at += 4096) await overwrite(path, at, 4096)
    const store = await openHere({ directory })
    const [run] = await store.runs.list({}, null, 1)
    if (run === undefined) throw new Error('the row of the run is in an early page')
    await expectRefusal('corrupt', store.runs.entries(run.id, 0, 100))
  })
})

describe('a dead thread', () => {
  test('closes the store: what waits and what comes rejects as closed, and the owner is told once', async () => {
    const directory = await emptyDirectory()
    const threads: Worker[] = []
    const remember = (thread: Worker): void => void threads.push(thread)
    process.on('worker', remember)
    onTestFinished(() => void process.off('worker', remember))
    const told = Promise.withResolvers<Error>()
    const store = await openHere({ directory, onFatal: told.resolve })
    const run = await addRun(store, await addPipeline(store))
    expect(threads).toHaveLength(2)

    const waiting = store.runs.commit(bigCommit(run.id, 1, 5_000_000))
    const refused = expectRefusal('closed', waiting)
    await threads.find(({ threadName }) => threadName === 'store writer')?.terminate()
    await refused
    expect((await told.promise).message).toContain('exited')
    await expectRefusal('closed', store.runs.commit(nextCommit(run.id, 1)))
    await expectRefusal('closed', store.runs.count({}))
    await store.close()

    const again = await openHere({ directory })
    expect((await again.runs.summary({ by: 'id', id: run.id }))?.id).toBe(run.id)
  })
})

async function fillAndClose(directory: string): Promise<void> {
  const store = await openSqliteStore({ directory })
  const run = await addRun(store, await addPipeline(store))
  for (let seq = 1; seq < 100; seq += 1) await store.runs.commit(bigCommit(run.id, seq, 3_000))
  await store.close()
}

async function overwrite(path: string, offset: number, length: number): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(new Uint8Array(length).fill(0xaa), 0, length, offset)
  await file.close()
}

async function replaceByTheirs(path: string): Promise<void> {
  await rm(path)
  const theirs = new DatabaseSync(path)
  theirs.exec('create table theirs (x)')
  theirs.close()
}

/** A file system in memory of 4 MB. To mount it takes rights that not every machine gives; then the list is empty. */
function tinyDisks(): { readonly name: string; readonly mount: (directory: string) => () => void }[] {
  const run = (...command: [string, ...string[]]): boolean => {
    const [file, ...args] = command
    return spawnSync(file, args, { stdio: 'ignore' }).status === 0
  }
  const mount = (directory: string): (() => void) => {
    run('mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory)
    return () => void run('umount', directory)
  }
  const trial = mkdtempSync(join(tmpdir(), 'millrace-mount-'))
  const mounted = run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', trial)
  if (mounted) run('umount', trial)
  rmdirSync(trial)
  return mounted ? [{ name: 'a file system without room', mount }] : []
}

/** A store in a process of its own, as limits are the process's. It commits 100 kB whenever it gets a line. */
async function openElsewhere(directory: string): Promise<{
  limitFileSize: (limit: string) => void
  commit: () => Promise<string>
  end: () => Promise<void>
}> {
  const from = (path: string): string => JSON.stringify(join(import.meta.dirname, path))
  const script = `
    import { createInterface } from 'node:readline'
    const { openSqliteStore } = await import(${from('index.ts')})
    const { addPipeline, addRun, nextCommit } = await import(${from('../conformance/samples.ts')})
    const store = await openSqliteStore({ directory: ${JSON.stringify(directory)} })
    const run = await addRun(store, await addPipeline(store))
    let seq = 1
    console.log('ready')
    for await (const _ of createInterface({ input: process.stdin })) {
      const commit = nextCommit(run.id, seq)
      commit.entries[0].actor.name = 'x'.repeat(100_000)
      await store.runs.commit(commit).then(
        () => { seq += 1; console.log('ok') },
        (error) => console.log(error.code),
      )
    }
    await store.close()
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async (): Promise<string> => String((await lines.next()).value)
  expect(await line()).toBe('ready')
  return {
    limitFileSize: (limit) => {
      const prlimit = spawnSync('prlimit', ['--pid', String(child.pid), `--fsize=${limit}:`])
      if (prlimit.status !== 0) throw new Error(`prlimit says ${String(prlimit.stderr)}`)
    },
    commit: () => {
      child.stdin.write('\n')
      return line()
    },
    end: async () => {
      child.stdin.end()
      await exited
    },
  }
}
