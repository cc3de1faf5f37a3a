import { fold } from '../../src/engine/evolve.ts'
import { runStatus } from '../../src/engine/status.ts'
import type { LogEntry, RunEvent } from '../../src/model/event.ts'
import type { Plan } from '../../src/model/plan.ts'
import { isEnded } from '../../src/model/status.ts'
import { brokenLaws } from '../../src/testing/engine-laws.ts'
import type { Told } from './driver.ts'
import type { LogPlace, StoredLog } from './stored-log.ts'

type Acked = Extract<Told, { kind: 'acked' }>
type Seen = Extract<Told, { kind: 'event' }>

/** What is wrong, in sentences; numbers of them are what the report tells. */
export interface Findings {
  readonly lost: string[]
  readonly doubled: string[]
  readonly gaps: string[]
}

/**
 * What clients of one store were told, held against its log.
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
  async check(place: LogPlace): Promise<void> {
    const log = await place.open()
    if (log === undefined) {
      if (this.#acks.length > 0) this.findings.lost.push('the store is gone')
      return
    }
    try {
      await this.#log.readOn(log)
    } finally {
      await log.close()
    }
    this.#compare(this.#acks, this.#seen)
  }

  /**
   * At the end, of a store whose server was closed: the whole log anew, every run folded, and all that was ever told.
   * @returns how many runs there are
   */
  async checkAll(place: LogPlace): Promise<number> {
    const log = await place.open()
    if (log === undefined) throw new Error('there is no store')
    try {
      this.#log = new Log(this.findings)
      await this.#log.readOn(log)
      this.#compare(this.#acks, this.#seen)
      const runs = await checkRuns(log, this.findings)
      this.findings.lost.push(...(await place.faults()))
      return runs
    } finally {
      await log.close()
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

  async readOn(log: StoredLog): Promise<void> {
    for (;;) {
      const rows = await log.entriesAfter(this.#last)
      if (rows.length === 0) return
      for (const { runId, lastNumber, entry } of rows) this.#take(runId, lastNumber, entry)
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

/** Every run's log folds to what its index row says; it is over, and no law of the engine is broken. */
async function checkRuns(log: StoredLog, { lost, doubled }: Findings): Promise<number> {
  const summaries = await log.runs()
  const plans = new Map<string, Plan>()
  for (const { id, pipelineId, version, seq, status, number, serial } of summaries) {
    const name = `${pipelineId}/${version}`
    let plan = plans.get(name)
    if (plan === undefined) plans.set(name, (plan = await log.plan(pipelineId, version)))
    const run = fold(id, plan, await log.entries(id))
    if (run.seq !== seq || runStatus(run) !== status)
      lost.push(`run ${id} is ${status} at ${seq} in the index, ${runStatus(run)} at ${run.seq} in its log`)
    if (!isEnded(status)) lost.push(`run ${id} is stuck: ${status} at ${seq}`)
    for (const law of brokenLaws(run)) lost.push(`run ${id}: ${law}`)
    const named = `run ${number} of ${pipelineId}`
    if (run.number !== number || run.serial !== serial) doubled.push(`${named} has another name in its log`)
  }
  return summaries.length
}
