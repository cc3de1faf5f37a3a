import { isDeepStrictEqual } from 'node:util'
import { fold, foldOnto } from '../engine/evolve.ts'
import type { Run } from '../engine/run.ts'
import { runOfSnapshot, snapshotOf } from '../engine/snapshot.ts'
import { upcastEntry, upcastPlan } from '../engine/upcast.ts'
import { summaryOf } from '../engine/view.ts'
import type { LogEntry } from '../model/event.ts'
import type { PipelineId, RunId } from '../model/id.ts'
import type { Plan } from '../model/plan.ts'
import type { RunStatus } from '../model/status.ts'
import type { RunSummary } from '../model/view.ts'
import type { RunLog, Store } from '../store/store.ts'

/** Something in a store that does not follow from its log. */
export interface Disorder {
  /** null: of the log of the whole server. */
  readonly runId: RunId | null
  /** One sentence. */
  readonly what: string
}

export interface Examination {
  readonly runs: number
  readonly events: number
  readonly disorders: readonly Disorder[]
}

const PAGE = 500
const EVENTS_PAGE = 5_000

/**
 * Makes everything again that can be made from the log, and compares: the numbers of events rise, the entries of a run
 * follow each other without gaps, each run folds over its plan, and its index row and snapshot say the same. Changes
 * nothing.
 * @param onProgress told after each page: how many runs are done
 * @throws StoreError when the store cannot be read
 */
export async function examine(store: Store, onProgress: (runs: number) => void): Promise<Examination> {
  const disorders: Disorder[] = []
  const found = (runId: RunId | null, what: string): void => void disorders.push({ runId, what })
  const plans = new Map<string, Promise<Plan | string>>()
  const planOf = ({ pipelineId, version }: RunSummary): Promise<Plan | string> => {
    const name = `${pipelineId}/${version}`
    const known = plans.get(name) ?? readPlan(store, pipelineId, version)
    plans.set(name, known)
    return known
  }
  let runs = 0
  const tally = new Map<string, Tally>()
  const times = new Map<number, Times>()
  for (let before: number | null = null; ;) {
    const page: readonly RunSummary[] = await store.runs.list({}, before, PAGE)
    for (const row of page) await examineRun(store.runs, row, await planOf(row), (what) => found(row.id, what))
    for (const row of page) {
      count(tally, row)
      widen(times, row)
    }
    runs += page.length
    onProgress(runs)
    before = page.at(-1)?.serial ?? null
    if (before === null) break
  }
  // They are made of the rows: of rows that are wrong they say nothing new.
  if (disorders.length === 0) {
    await examineCounts(store.runs, runs, tally, (what) => found(null, what))
    await examineTimes(store.runs, times, found)
  }
  return { runs, events: await examineNumbers(store.runs, (what) => found(null, what)), disorders }
}

/** Or what is wrong with it. */
async function readPlan(store: Store, pipelineId: RunSummary['pipelineId'], version: number): Promise<Plan | string> {
  const record = await store.catalog.version(pipelineId, version)
  if (record === undefined) return `there is no version ${version} of its pipeline ${pipelineId}`
  try {
    return upcastPlan(JSON.parse(record.plan))
  } catch (error) {
    return `version ${version} of its pipeline ${pipelineId} cannot be read: ${sentenceOf(error)}`
  }
}

async function examineRun(
  log: RunLog,
  row: RunSummary,
  plan: Plan | string,
  found: (what: string) => void,
): Promise<void> {
  if (typeof plan === 'string') return found(plan)
  try {
    const run = await foldAll(log, row.id, plan, found)
    if (run === undefined) return found('it has no entries')
    for (const difference of differences(row, summaryOf(run))) found(`its index row says ${difference}`)
    const snapshot = await log.snapshot(row.id)
    if (snapshot === undefined || snapshot.seq !== run.seq) return
    const read = runOfSnapshot(row.id, plan, snapshot.data)
    // One of an older form is not read by anybody.
    if (read !== undefined && snapshotOf(read) !== snapshotOf(run)) found('its snapshot is not the fold of its entries')
  } catch (error) {
    found(`its entries cannot be folded: ${sentenceOf(error)}`)
  }
}

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function foldAll(log: RunLog, id: RunId, plan: Plan, found: (what: string) => void): Promise<Run | undefined> {
  let run: Run | undefined
  for (let seq = 0; ;) {
    const entries = (await log.entries(id, seq, PAGE)).map(upcastEntry)
    if (entries.length === 0) return run
    for (const entry of entries) {
      if (entry.seq !== seq + entry.events.length) found(`after seq ${seq} comes an entry that ${spanOf(entry)}`)
      seq = entry.seq
    }
    run = run === undefined ? fold(id, plan, entries) : foldOnto(run, entries)
  }
}

const spanOf = ({ seq, events }: LogEntry): string => `begins at ${seq - events.length + 1} and ends at ${seq}`

function differences(row: RunSummary, fresh: RunSummary): string[] {
  const names = Object.keys(fresh) as (keyof RunSummary)[]
  return names
    .filter((name) => !isDeepStrictEqual(row[name], fresh[name]))
    .map((name) => `${name} ${shown(row[name])}, its log ${shown(fresh[name])}`)
}

const shown = (value: RunSummary[keyof RunSummary]): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

/** Runs of one pipeline in one status. */
interface Tally {
  readonly pipelineId: PipelineId
  readonly status: RunStatus
  runs: number
}

function count(tally: Map<string, Tally>, { pipelineId, status }: RunSummary): void {
  const name = `${pipelineId} ${status}`
  const known = tally.get(name)
  if (known === undefined) tally.set(name, { pipelineId, status, runs: 1 })
  else known.runs += 1
}

/** Stores keep counts beside their rows: of each pipeline and status, and so of what is there no more. */
async function examineCounts(
  log: RunLog,
  runs: number,
  tally: ReadonlyMap<string, Tally>,
  found: (what: string) => void,
): Promise<void> {
  for (const { pipelineId, status, runs: there } of tally.values()) {
    const said = await log.count({ pipelineId, statuses: [status] })
    if (said !== there)
      found(`pipeline ${pipelineId} is said to have ${said} runs that are ${status}, there are ${there}`)
  }
  const said = await log.count({})
  if (said !== runs) found(`the store is said to have ${said} runs, there are ${runs}`)
}

/** Of runs with neighbouring serials, the one that was created first and the one that was created last. */
interface Times {
  first: RunSummary
  last: RunSummary
}

/** So many serials are neighbours: whatever stores keep times of, it holds whole such neighbourhoods. */
const NEIGHBOURS = 64

function widen(times: Map<number, Times>, run: RunSummary): void {
  const place = Math.floor(run.serial / NEIGHBOURS)
  const known = times.get(place)
  if (known === undefined) times.set(place, { first: run, last: run })
  else if (run.createdAt < known.first.createdAt) known.first = run
  else if (run.createdAt > known.last.createdAt) known.last = run
}

/** Stores keep, of many runs together, since when and until when they were created: who is at an end of it must be found. */
async function examineTimes(
  log: RunLog,
  times: ReadonlyMap<number, Times>,
  found: (runId: RunId, what: string) => void,
): Promise<void> {
  for (const { first, last } of times.values()) {
    for (const { id, serial, createdAt } of first === last ? [first] : [first, last]) {
      for (const filter of [{ createdFrom: createdAt }, { createdTo: createdAt + 1 }]) {
        const [run] = await log.list(filter, serial + 1, 1)
        if (run?.id !== id) found(id, `a list of runs of the time when it was created leaves it out`)
      }
    }
  }
}

async function examineNumbers(log: RunLog, found: (what: string) => void): Promise<number> {
  let last = 0
  let count = 0
  for (;;) {
    const page = await log.feed(last, {}, EVENTS_PAGE)
    for (const { number } of page) {
      // Those of runs that were removed are gone with them; that of a run that is there is told with the run.
      if (number <= last) found(`event ${number} follows on event ${last}`)
      last = number
    }
    count += page.length
    if (page.length === 0) break
  }
  const newest = await log.lastNumber()
  if (newest !== last) found(`the newest event is said to be ${newest}, the last one that is there is ${last}`)
  return count
}
