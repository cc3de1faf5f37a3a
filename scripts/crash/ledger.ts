import { join } from 'node:path'
import { fold } from '../../src/engine/evolve.ts'
import { runStatus } from '../../src/engine/status.ts'
import type { LogEntry, RunEvent } from '../../src/model/event.ts'
import type { PipelineId } from '../../src/model/id.ts'
import type { Plan } from '../../src/model/plan.ts'
import { isEnded } from '../../src/model/status.ts'
import { Connection } from '../../src/store/sqlite/connection.ts'
import { reads } from '../../src/store/sqlite/reads/index.ts'
import { brokenLaws } from '../../src/testing/engine-laws.ts'
import type { Told } from './driver.ts'

type Acked = Extract<Told, { kind: 'acked' }>
type Seen = Extract<Told, { kind: 'event' }>

/** What is wrong, in sentences; numbers of them are what the report tells. */
export interface Findings {
  readonly lost: string[]
  readonly doubled: string[]
  readonly gaps: string[]
}

/**
 * What clients of one data directory were told, held against its log. The log is read by a connection of its own, that
 * leaves the WAL as it was for the server that comes next.
 */
export class Ledger {
  readonly findings: Findings = { lost: [], doubled: [], gaps: [] }
  #acks: Acked[] = []
  #seen: Seen[] = []
  readonly #asked = new Set<string>()
  readonly #answered = new Set<string>()
  #log = new Log(this.findings)
  acked = 0

  told(told: Told): void {
    if (told.kind === 'event') this.#seen.push(told)
    else if (told.kind === 'asked') this.#asked.add(told.token)
    else {
      this.acked += 1
      this.#acks.push(told)
      if (told.token !== null) this.#answered.add(told.token)
    }
  }

  /** Starts that were asked for and not answered. */
  unanswered(): readonly string[] {
    return [...this.#asked].filter((token) => !this.#answered.has(token))
  }

  /** After a kill: what is new in the log, and whether what was told since the last one is there. */
  check(directory: string): void {
    const connection = openLog(directory)
    if (connection === undefined) {
      if (this.#acks.length > 0) this.findings.lost.push('the database is gone')
      return
    }
    try {
      this.#log.readOn(connection)
    } finally {
      connection.close()
    }
    this.#compare(this.#acks, this.#seen)
  }

  /**
   * At the end, of a directory whose server was closed: the whole log anew, every run folded, and all that was ever told.
   * @returns how many runs there are
   */
  checkAll(directory: string): number {
    const connection = openLog(directory)
    if (connection === undefined) throw new Error(`there is no database in ${directory}`)
    try {
      this.#log = new Log(this.findings)
      this.#log.readOn(connection)
      this.#compare(this.#acks, this.#seen)
      checkFile(connection, this.findings)
      return checkRuns(connection, this.findings)
    } finally {
      connection.close()
    }
  }

  #compare(acks: readonly Acked[], seen: readonly Seen[]): void {
    const { lost, doubled } = this.findings
    const log = this.#log
    for (const { token, run, seq } of acks) {
      const found = log.seqs.get(run) ?? 0
      if (found < seq) lost.push(`run ${run} was answered at seq ${seq}, its log ends at ${found}`)
      if (token !== null && !log.tokens.has(token))
        lost.push(`${token} of run ${run} was answered and is not in the log`)
    }
    for (const { number, run, seq, type } of seen) {
      const found = log.names.get(number)
      const name = nameOf(run, seq, type)
      if (found === undefined) lost.push(`event ${number} was seen (${name}) and is not in the log`)
      else if (found !== name) doubled.push(`event ${number} was seen as ${name} and is ${found}`)
    }
  }
}

/** The wire writes `run_created` where the log has `RunCreated`. */
const nameOf = (run: string, seq: number, type: string): string =>
  `${type.replaceAll('_', '').toLowerCase()} of ${run} at ${seq}`

/** The log as far as it was read. */
class Log {
  readonly seqs = new Map<string, number>()
  readonly tokens = new Set<string>()
  readonly names = new Map<number, string>()
  readonly #findings: Findings
  #last = 0

  constructor(findings: Findings) {
    this.#findings = findings
  }

  readOn(connection: Connection): void {
    for (;;) {
      const { rows } = reads.feedEntries(connection, this.#last, {}, 10_000)
      if (rows.length === 0) return
      for (const { number, runId, body } of rows) this.#take(runId, number, JSON.parse(body) as LogEntry)
    }
  }

  #take(run: string, lastNumber: number, { seq, events }: LogEntry): void {
    const { gaps, doubled } = this.#findings
    const first = lastNumber - events.length + 1
    if (first > this.#last + 1) gaps.push(`events ${this.#last + 1} to ${first - 1} are missing`)
    if (first <= this.#last) doubled.push(`event ${first} comes after ${this.#last}`)
    this.#last = lastNumber
    const before = this.seqs.get(run) ?? 0
    if (seq - events.length > before) gaps.push(`run ${run} goes from seq ${before} to ${seq - events.length + 1}`)
    if (seq - events.length < before)
      doubled.push(`run ${run} is at ${before} and has ${seq - events.length + 1} again`)
    this.seqs.set(run, seq)
    for (const [place, event] of events.entries()) {
      this.names.set(first + place, nameOf(run, seq - events.length + place + 1, event.type))
      const token = tokenOf(event)
      if (token === undefined) continue
      if (this.tokens.has(token)) doubled.push(`${token} is in the log twice, the second time in run ${run}`)
      this.tokens.add(token)
    }
  }
}

/** What the driver put in, so that it can be found. */
function tokenOf(event: RunEvent): string | undefined {
  if (event.type === 'RunCreated') {
    const { token } = event.params
    return typeof token === 'string' ? token : undefined
  }
  if (event.type === 'ReviewDecided' && event.comment !== '') return event.comment
  if (event.type === 'NodeSkipped' && event.because === 'operator') return event.reason
  return undefined
}

/** @returns undefined when the server was killed before it had made the file. */
function openLog(directory: string): Connection | undefined {
  try {
    const connection = new Connection(join(directory, 'millrace.db'), 'read-only')
    const table = connection.get("select 1 from sqlite_master where name = 'entries'")
    if (table !== undefined) return connection
    connection.close()
  } catch (error) {
    if (!/unable to open|no such file/i.test(String(error))) throw error
  }
  return undefined
}

function checkFile(connection: Connection, { lost }: Findings): void {
  const result = connection.get<{ integrity_check: string }>('pragma integrity_check')
  if (result?.integrity_check !== 'ok') lost.push(`integrity_check: ${JSON.stringify(result)}`)
  const orphans = connection.all('pragma foreign_key_check')
  if (orphans.length > 0) lost.push(`foreign_key_check: ${JSON.stringify(orphans.slice(0, 3))}`)
}

/** Every run's log folds to what its index row says; it is over, and no law of the engine is broken. */
function checkRuns(connection: Connection, { lost, doubled }: Findings): number {
  const summaries = reads.list(connection, {}, null, 1_000_000)
  const plans = new Map<string, Plan>()
  for (const { id, pipelineId, version, seq, status, number, serial } of summaries) {
    const name = `${pipelineId}/${version}`
    let plan = plans.get(name)
    if (plan === undefined) plans.set(name, (plan = planOf(connection, pipelineId, version)))
    const entries = reads.entries(connection, id, 0, 1_000_000).map((body) => JSON.parse(body) as LogEntry)
    const run = fold(id, plan, entries)
    if (run.seq !== seq || runStatus(run) !== status)
      lost.push(`run ${id} is ${status} at ${seq} in the index, ${runStatus(run)} at ${run.seq} in its log`)
    if (!isEnded(status)) lost.push(`run ${id} is stuck: ${status} at ${seq}`)
    for (const law of brokenLaws(run)) lost.push(`run ${id}: ${law}`)
    const named = `run ${number} of ${pipelineId}`
    if (run.number !== number || run.serial !== serial) doubled.push(`${named} has another name in its log`)
  }
  return summaries.length
}

function planOf(connection: Connection, pipelineId: PipelineId, version: number): Plan {
  const record = reads.version(connection, pipelineId, version)
  if (record === undefined) throw new Error(`version ${version} of ${pipelineId} is lost`)
  return JSON.parse(record.plan) as Plan
}
