// Kills a process that commits, again and again, and looks whether the store has kept its word.
//
//   node scripts/crash-store.ts ROUNDS [SEED]     kills ROUNDS times, says what it found; exit code 1: a promise broken
//   node scripts/crash-store.ts commit DIR SEED   the process that is killed: prints what was acknowledged
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createInterface } from 'node:readline'
import type { EventRecord } from '../src/model/event.ts'
import type { RunId } from '../src/model/id.ts'
import type { RunSummary } from '../src/model/view.ts'
import { openSqliteStore } from '../src/store/sqlite/index.ts'
import type { PipelineRecord, Store } from '../src/store/store.ts'
import { dice } from '../src/testing/dice.ts'
import { addPipeline, firstCommit, nextCommit, reserveRun } from '../src/store/conformance/samples.ts'

/** Runs that are committed to at once, so that transactions hold several commits. */
const LANES = 8
/** A run gets about so many commits, then its lane makes the next one: the index, snapshots and keys change too. */
const COMMITS_PER_RUN = 12
/** The process is killed after so many acknowledged lines at most. */
const LINES_MAX = 250
/** A database is checked as a whole after every round, so it is left for a new one before it gets big. */
const ROUNDS_PER_DATABASE = 40

/** What the killed process had printed: `c runId seq lastNumber` and `r number serial`. */
interface Acknowledged {
  readonly commits: { readonly runId: string; readonly seq: number; readonly lastNumber: number }[]
  readonly reserved: { readonly number: number; readonly serial: number }[]
}

export interface CrashReport {
  readonly rounds: number
  readonly acknowledgedCommits: number
  readonly acknowledgedNames: number
  /** Commits that were durable but not acknowledged yet when the process died: allowed, and proof that it died at work. */
  readonly unacknowledgedCommits: number
}

/** @throws Error at the first promise that is broken, with the seed and round that show it */
export async function crashRounds(rounds: number, seed: number): Promise<CrashReport> {
  const random = dice(seed)
  const report = { rounds: 0, acknowledgedCommits: 0, acknowledgedNames: 0, unacknowledgedCommits: 0 }
  while (report.rounds < rounds) {
    const directory = await mkdtemp(join(tmpdir(), 'millrace-crash-'))
    try {
      const names = new Set<string>()
      for (let round = 0; round < ROUNDS_PER_DATABASE && report.rounds < rounds; round += 1) {
        const acknowledged = await commitAndDie(
          directory,
          Math.floor(random() * 2 ** 31),
          1 + Math.floor(random() * LINES_MAX),
        )
        report.rounds += 1
        report.acknowledgedCommits += acknowledged.commits.length
        report.acknowledgedNames += acknowledged.reserved.length
        report.unacknowledgedCommits += await check(directory, acknowledged, names)
      }
    } catch (error) {
      throw new Error(`round ${report.rounds} of seed ${seed}: ${String(error)}`, { cause: error })
    } finally {
      await rm(directory, { recursive: true })
    }
  }
  return report
}

/** A process that commits until it has printed so many lines and is killed, at whatever it is just doing. */
async function commitAndDie(directory: string, seed: number, lineCount: number): Promise<Acknowledged> {
  const args = [import.meta.filename, 'commit', directory, String(seed)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const closed = once(child, 'close')
  const acknowledged: Acknowledged = { commits: [], reserved: [] }
  let lines = 0
  for await (const line of createInterface({ input: child.stdout })) {
    lines += 1
    if (lines === lineCount) child.kill('SIGKILL')
    const [kind, a = '', b, c] = line.split(' ')
    if (kind === 'c') acknowledged.commits.push({ runId: a, seq: Number(b), lastNumber: Number(c) })
    if (kind === 'r') acknowledged.reserved.push({ number: Number(a), serial: Number(b) })
  }
  const [, signal] = (await closed) as [number | null, string | null]
  if (signal !== 'SIGKILL') throw new Error(`the committing process ended by itself after ${lines} lines`)
  return acknowledged
}

/** @returns how many commits there are that nobody had been told of */
async function check(directory: string, { commits, reserved }: Acknowledged, names: Set<string>): Promise<number> {
  for (const { number, serial } of reserved) {
    for (const name of [`number ${number}`, `serial ${serial}`]) {
      if (names.has(name)) throw new Error(`${name} was given twice`)
      names.add(name)
    }
  }
  const store = await openSqliteStore({ directory })
  try {
    const feed = await wholeFeed(store)
    const numberOf = new Map(feed.map(({ runId, seq, number }) => [`${runId} ${seq}`, number]))
    for (const { runId, seq, lastNumber } of commits) {
      const found = numberOf.get(`${runId} ${seq}`)
      if (found !== lastNumber) throw new Error(`run ${runId} seq ${seq} was ${lastNumber}, is ${found ?? 'lost'}`)
    }
    await checkRuns(store, feed)
    checkFile(directory)
    return countUntold(feed, commits)
  } finally {
    await store.close()
  }
}

async function wholeFeed(store: Store): Promise<EventRecord[]> {
  const feed: EventRecord[] = []
  for (let page = await store.runs.feed(0, {}, 10_000); page.length > 0;) {
    feed.push(...page)
    page = await store.runs.feed(feed.length, {}, 10_000)
  }
  const gap = feed.findIndex(({ number }, index) => number !== index + 1)
  if (gap !== -1) throw new Error(`event number ${gap + 1} is missing`)
  if ((await store.runs.lastNumber()) !== feed.length) throw new Error('the newest number is not that of the feed')
  return feed
}

/** Every run is at the seq of its newest event, its seqs have no gaps, its snapshot is there when it has ended. */
async function checkRuns(store: Store, feed: readonly EventRecord[]): Promise<void> {
  const seqs = new Map<RunId, number>()
  for (const { runId, seq } of feed) {
    if (seq !== (seqs.get(runId) ?? 0) + 1) throw new Error(`run ${runId} goes from ${seqs.get(runId) ?? 0} to ${seq}`)
    seqs.set(runId, seq)
  }
  const summaries = await store.runs.list({}, null, 1_000_000)
  if (summaries.length !== seqs.size) throw new Error(`there are ${summaries.length} runs, ${seqs.size} in the log`)
  for (const { id, seq, status } of summaries) {
    if (seq !== seqs.get(id)) throw new Error(`run ${id} says seq ${seq}, its log ${seqs.get(id) ?? 'nothing'}`)
    const snapshot = await store.runs.snapshot(id)
    if ((status === 'succeeded') !== (snapshot !== undefined)) throw new Error(`run ${id}: half of its end is stored`)
    if (snapshot !== undefined && snapshot.seq !== seq) throw new Error(`run ${id}: its snapshot is of ${snapshot.seq}`)
    if ((await store.runs.idempotent(`key of ${id}`, 0))?.runId !== id) throw new Error(`run ${id}: its key is lost`)
  }
}

function checkFile(directory: string): void {
  const database = new DatabaseSync(join(directory, 'millrace.db'), { readOnly: true })
  const [result] = database.prepare('pragma integrity_check').all()
  const orphans = database.prepare('pragma foreign_key_check').all()
  database.close()
  if (result?.['integrity_check'] !== 'ok') throw new Error(`integrity_check: ${JSON.stringify(result)}`)
  if (orphans.length > 0) throw new Error(`foreign_key_check: ${JSON.stringify(orphans)}`)
}

/** Runs that have events beyond the last acknowledged number. */
function countUntold(feed: readonly EventRecord[], commits: Acknowledged['commits']): number {
  const told = Math.max(0, ...commits.map(({ lastNumber }) => lastNumber))
  return new Set(feed.filter(({ number }) => number > told).map(({ runId }) => runId)).size
}

async function commitForEver(directory: string, seed: number): Promise<never> {
  const random = dice(seed)
  const store = await openSqliteStore({ directory })
  const [known] = await store.catalog.pipelines({}, null, 1)
  const pipeline = known ?? (await addPipeline(store, 'crash'))
  const unfinished = await store.runs.summaries(await store.runs.live())
  const lanes = Array.from({ length: LANES }, async (_, lane): Promise<never> => {
    for (let run = unfinished[lane]; ; run = undefined) await commitRun(store, pipeline, run, random)
  })
  return Promise.race(lanes)
}

/** Takes a run to its end, from its first commit or from where the last process left it. */
async function commitRun(
  store: Store,
  pipeline: PipelineRecord,
  unfinished: RunSummary | undefined,
  random: () => number,
): Promise<void> {
  const sizes = (): number[] => Array.from({ length: 1 + Math.floor(random() * 3) }, () => 1 + Math.floor(random() * 4))
  let run = unfinished
  if (run === undefined) {
    const drawn = await reserveRun(store, pipeline)
    tell(`r ${drawn.number} ${drawn.serial}`)
    // Ids must not repeat those of the processes before: serials do not.
    const fresh = { ...drawn, id: drawn.serial.toString(16).padStart(32, '0') as RunId }
    const idempotency = { key: `key of ${fresh.id}`, fingerprint: '', at: 0 }
    const commit = firstCommit(fresh, sizes(), { idempotency })
    run = commit.summary ?? fresh
    tell(`c ${run.id} ${run.seq} ${(await store.runs.commit(commit)).lastNumber}`)
  }
  for (let isLast = false; !isLast;) {
    isLast = random() < 1 / COMMITS_PER_RUN
    const commit = nextCommit(run.id, run.seq, sizes())
    run = { ...run, seq: commit.entries.at(-1)?.seq ?? run.seq }
    const end = isLast ? { summary: { ...run, status: 'succeeded' as const }, snapshot: '{}' } : {}
    const { lastNumber } = await store.runs.commit({ ...commit, ...end })
    tell(`c ${run.id} ${run.seq} ${lastNumber}`)
  }
}

/** A line that is lost with the process was not told, and nobody may count on it. */
const tell = (line: string): void => void process.stdout.write(`${line}\n`)

if (import.meta.main) {
  // Spares every process and thread that comes the compiling.
  process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../node_modules/.cache/compile')
  const [first, second, third] = process.argv.slice(2)
  if (first === 'commit' && second !== undefined) {
    await commitForEver(second, Number(third))
  } else {
    const seed = second === undefined ? Date.now() % 2 ** 31 : Number(second)
    console.log(`seed ${seed}`)
    const began = performance.now()
    const report = await crashRounds(Number(first ?? 100), seed)
    console.log(JSON.stringify({ ...report, seed, seconds: Math.round((performance.now() - began) / 1_000) }))
  }
}
