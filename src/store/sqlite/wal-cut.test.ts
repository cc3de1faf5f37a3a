import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LogEntry } from '../../model/event.ts'
import { addPipeline, addRun, nextCommit, sum } from '../conformance/samples.ts'
import type { Store } from '../store.ts'
import { Connection } from './connection.ts'
import { openSqliteStore } from './index.ts'
import { reads } from './reads/index.ts'

/**
 * A power cut leaves the WAL cut off somewhere: what was on its way to the disk is there by a part only. Looked at is
 * every byte of the last two frames as the place where it ends, and of those before them every byte of their headers and
 * every {@link STRIDE}th of their pages.
 */

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-cut-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** https://sqlite.org/fileformat2.html#walformat: a header of 32 bytes, then frames of 24 bytes and a page each. */
const HEADER = 32
const FRAME_HEADER = 24
const FRAME = FRAME_HEADER + 4096
const STRIDE = 61

interface Acknowledged {
  /** Bytes of the WAL when it was answered: nothing beyond them is needed for it. */
  readonly walBytes: number
  readonly lastNumber: number
}

/** A directory as a power cut finds it: several commits in the WAL, none of them in the file yet. */
async function written(): Promise<{ directory: string; acknowledged: readonly Acknowledged[] }> {
  const live = join(folder, 'live')
  const store = await openSqliteStore({ directory: live })
  const wal = join(live, 'millrace.db-wal')
  const pipeline = await addPipeline(store, 'p')
  const acknowledged: Acknowledged[] = [{ walBytes: statSync(wal).size, lastNumber: 0 }]
  const note = async (): Promise<void> => {
    acknowledged.push({ walBytes: statSync(wal).size, lastNumber: await store.runs.lastNumber() })
  }
  for (const sizes of [[1, 2], [3], [1]]) {
    let run = await addRun(store, pipeline, sizes)
    await note()
    for (const more of [[2], [1, 1, 4]]) {
      await store.runs.commit(nextCommit(run.id, run.seq, more, { snapshot: '{}' }))
      run = { ...run, seq: run.seq + sum(more) }
      await note()
    }
  }
  const directory = join(folder, 'cut')
  copy(live, directory)
  await store.close()
  return { directory, acknowledged }
}

function copy(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 })
  for (const file of ['millrace.db', 'millrace.db-wal']) copyFileSync(join(from, file), join(to, file))
}

/** What must be there when the WAL ends at this byte: all that was answered before, and nothing by half. */
const numberAt = (acknowledged: readonly Acknowledged[], bytes: number): number =>
  acknowledged.findLast(({ walBytes }) => walBytes <= bytes)?.lastNumber ?? 0

/** @throws Error at what is not whole */
function checkLog(rows: readonly { readonly number: number; readonly runId: string; readonly body: string }[]): number {
  const seqs = new Map<string, number>()
  let last = 0
  for (const { number, runId, body } of rows) {
    const { seq, events } = JSON.parse(body) as LogEntry
    if (number - events.length !== last) throw new Error(`${number} with ${events.length} events comes after ${last}`)
    if (seq - events.length !== (seqs.get(runId) ?? 0)) throw new Error(`run ${runId} has a gap before ${seq}`)
    seqs.set(runId, seq)
    last = number
  }
  return last
}

function lookAt(directory: string): { last: number; seqs: number } {
  const connection = new Connection(join(directory, 'millrace.db'), 'read-only')
  try {
    const { rows } = reads.feedEntries(connection, 0, {}, 1_000)
    const summaries = reads.list(connection, {}, null, 100)
    return { last: checkLog(rows), seqs: sum(summaries.map(({ seq }) => seq)) }
  } finally {
    connection.close()
  }
}

function isLookedAt(bytes: number, whole: number): boolean {
  const place = (bytes - HEADER) % FRAME
  return bytes >= whole - 2 * FRAME || place <= FRAME_HEADER || place === FRAME - 1 || place % STRIDE === 0
}

test('a WAL that is cut at any byte of its last frames has all that was answered before, and half of nothing', async () => {
  const { directory, acknowledged } = await written()
  const wal = join(directory, 'millrace.db-wal')
  const whole = statSync(wal).size
  expect((whole - HEADER) % FRAME).toBe(0)
  // All of the last three commits.
  const from = acknowledged.at(-4)?.walBytes ?? whole
  expect((whole - from) / FRAME).toBeGreaterThan(6)
  let looked = 0
  for (let bytes = whole; bytes >= from; bytes -= 1) {
    if (!isLookedAt(bytes, whole)) continue
    truncateSync(wal, bytes)
    const { last, seqs } = lookAt(directory)
    const expected = numberAt(acknowledged, bytes)
    // Seqs of all runs make up the numbers: index and log say the same.
    if (last !== expected || seqs !== expected) expect([bytes, last, seqs]).toEqual([bytes, expected, expected])
    looked += 1
  }
  expect(looked).toBeGreaterThan(2 * FRAME)
}, 120_000)

test('a store that is opened on a WAL that was cut goes on from there, without a gap', async () => {
  const { directory, acknowledged } = await written()
  const whole = statSync(join(directory, 'millrace.db-wal')).size
  const frames = Array.from({ length: 6 }, (_, back) => whole - back * FRAME)
  for (const [at, bytes] of frames.flatMap((end) => [end, end - 1, end - FRAME + 1]).entries()) {
    const cut = join(folder, `cut ${at}`)
    copy(directory, cut)
    truncateSync(join(cut, 'millrace.db-wal'), bytes)
    const store = await openSqliteStore({ directory: cut })
    const expected = numberAt(acknowledged, bytes)
    expect(await store.runs.lastNumber()).toBe(expected)
    await goOn(store, expected)
    await store.close()
    expect(lookAt(cut).last).toBe(expected + 1)
    rmSync(cut, { recursive: true })
  }
}, 60_000)

async function goOn(store: Store, lastNumber: number): Promise<void> {
  const [newest] = await store.runs.list({}, null, 1)
  if (newest === undefined) throw new Error('there is a run before every cut')
  expect(await store.runs.commit(nextCommit(newest.id, newest.seq, [1]))).toEqual({ lastNumber: lastNumber + 1 })
}
