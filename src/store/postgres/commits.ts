import { isEnded } from '../../model/status.ts'
import type { RunSummary } from '../../model/view.ts'
import { foldCase } from '../kit/text.ts'
import { IDEMPOTENCY_MS, type CommitReceipt, type RunCommit, StoreError } from '../store.ts'
import type { Database, Value } from './database.ts'
import { failureOf, isFateUnknown } from './failure.ts'
import { encodeText } from './text.ts'

/** What `commit_runs` of the migrations says of a commit. */
interface Verdict {
  readonly ord: number
  readonly refusal: 'moved' | 'off duty' | 'keyed' | 'taken' | 'homeless' | null
  readonly last_number: number | null
}

interface Waiting {
  readonly commit: RunCommit
  readonly resolve: (receipt: CommitReceipt) => void
  readonly reject: (error: unknown) => void
}

/** More in one transaction make the others wait longer than another fsync does. */
const BATCH_MAX = 512
/** So few are no batch as long as another is under way: a transaction costs as much as these do. */
const BATCH_MIN = 32
/** One that the database is at, and one that waits in the connection. */
const WRITING_MAX = 2

const SQL = `select ord, refusal, last_number from commit_runs(
  $1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[],
  $10::json, $11::integer[], $12::bigint[], $13::bigint[], $14::integer[], $15::text[],
  $16::boolean[], $17::integer
)`

/**
 * Collects the commits of a turn, and those that come while batches are under way, into one statement: one round trip
 * and one fsync for all of them. Each fails alone. Batches go over one connection, so they are done, and answered, in
 * the order in which they were made.
 */
export class Commits {
  readonly #database: Pick<Database, 'inOrder'>
  readonly #onLost: (error: Error) => void
  readonly #dutyPid: () => number | null
  #waiting: Waiting[] = []
  /** Runs, serials and keys of what is under way. */
  readonly #names = new Set<string>()
  #writing = 0
  #isSoon = false

  /**
   * @param onLost nobody knows whether a commit was done: what was held in memory may be behind the log
   * @param dutyPid of the connection that holds the duties, when this server has them
   */
  constructor(
    database: Pick<Database, 'inOrder'>,
    onLost: (error: Error) => void,
    dutyPid: () => number | null = () => null,
  ) {
    this.#database = database
    this.#onLost = onLost
    this.#dutyPid = dutyPid
  }

  commit(commit: RunCommit): Promise<CommitReceipt> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit, resolve, reject })
      this.#soon()
    })
  }

  #soon(): void {
    if (this.#isSoon || this.#writing === WRITING_MAX || this.#waiting.length === 0) return
    this.#isSoon = true
    setImmediate(() => {
      this.#isSoon = false
      this.#drain()
    })
  }

  /** One batch is made, and what came of another is dealt with, while the database is at the one between. */
  #drain(): void {
    while (this.#waiting.length > 0 && this.#writing < WRITING_MAX) {
      const room = WRITING_MAX - this.#writing
      // A few are gathered until the database is free.
      if (room < WRITING_MAX && this.#waiting.length < BATCH_MIN) return
      const size = this.#waiting.length < room * BATCH_MIN ? BATCH_MAX : Math.ceil(this.#waiting.length / room)
      const { batch, rest } = this.#split(Math.min(size, BATCH_MAX))
      // What is under way decides about all that wait.
      if (batch.length === 0) return
      this.#waiting = rest
      this.#writing += 1
      void this.#write(batch).finally(() => {
        this.#writing -= 1
        for (const { commit } of batch) for (const name of namesOf(commit)) this.#names.delete(name)
        this.#soon()
      })
    }
  }

  /** Of the same run, serial or key only the first goes: what the database says of it decides about the next. */
  #split(max: number): { readonly batch: readonly Waiting[]; readonly rest: Waiting[] } {
    const seen = new Set<string>()
    const batch: Waiting[] = []
    const rest: Waiting[] = []
    for (const each of this.#waiting) {
      const own = namesOf(each.commit)
      if (batch.length < max && !own.some((name) => seen.has(name) || this.#names.has(name))) batch.push(each)
      else rest.push(each)
      for (const name of own) seen.add(name)
    }
    for (const { commit } of batch) for (const name of namesOf(commit)) this.#names.add(name)
    return { batch, rest }
  }

  /** When a batch breaks (a text that is too long for the database), each is tried on its own. */
  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      const verdicts = await this.#database.inOrder<Verdict>(SQL, [
        ...valuesOf(batch.map(({ commit }) => commit)),
        batch.map(({ commit }) => commit.onDuty === true),
        this.#dutyPid(),
      ])
      for (const verdict of verdicts) settle(batch[verdict.ord - 1], verdict)
    } catch (error) {
      if (isFateUnknown(failureOf(error))) this.#onLost(failureOf(error))
      const [only] = batch
      if (batch.length === 1) only?.reject(error)
      else for (const each of batch) await this.#write([each])
    }
  }
}

function namesOf({ runId, expectedSeq, summary, idempotency }: RunCommit): string[] {
  const names = [`run ${runId}`]
  if (idempotency !== null) names.push(`key ${idempotency.key}`)
  if (expectedSeq === 0 && summary !== null) {
    names.push(`serial ${summary.serial}`, `number ${summary.pipelineId} ${summary.number}`)
  }
  return names
}

function valuesOf(commits: readonly RunCommit[]): Value[] {
  const entries = commits.flatMap(({ entries: own }, place) => own.map((entry) => ({ ord: place + 1, entry })))
  const last = commits.map((commit) => {
    const entry = commit.entries.at(-1)
    if (entry === undefined) throw new Error('a commit was checked to have entries')
    return entry
  })
  return [
    commits.map(({ runId }) => runId),
    commits.map(({ expectedSeq }) => expectedSeq),
    last.map(({ seq }) => seq),
    last.map(({ at }) => at),
    commits.map(({ snapshot }) => snapshot),
    commits.map(({ idempotency }) => idempotency?.key ?? null),
    commits.map(({ idempotency }) => idempotency?.fingerprint ?? null),
    commits.map(({ idempotency }) => idempotency?.at ?? null),
    commits.map(({ idempotency: key }) => (key === null ? null : key.at + (key.standsMs ?? IDEMPOTENCY_MS))),
    JSON.stringify(commits.flatMap(({ summary }, place) => (summary === null ? [] : [summaryRow(summary, place + 1)]))),
    entries.map(({ ord }) => ord),
    entries.map(({ entry }) => entry.seq),
    entries.map(({ entry }) => entry.at),
    entries.map(({ entry }) => entry.events.length),
    entries.map(({ entry }) => JSON.stringify(entry)),
  ]
}

/** Texts inside JSON are encoded here: the database sees them as text once it has parsed it. */
const summaryRow = (summary: RunSummary, ord: number): Record<string, Value> => ({
  ord,
  serial: summary.serial,
  number: summary.number,
  project: summary.projectId,
  pipeline: summary.pipelineId,
  pipeline_name: encodeText(summary.pipelineName),
  pipeline_name_folded: encodeText(foldCase(summary.pipelineName)),
  version: summary.version,
  status: summary.status,
  live: !isEnded(summary.status),
  cause_kind: summary.cause.kind,
  cause_by: encodeText(summary.cause.by),
  needs_person: summary.needsPerson,
  annotations: Object.keys(summary.annotations).length === 0 ? null : JSON.stringify(summary.annotations),
  created_at: summary.createdAt,
  started_at: summary.startedAt,
  ended_at: summary.endedAt,
})

function settle(waiting: Waiting | undefined, { refusal, last_number: lastNumber }: Verdict): void {
  if (waiting === undefined) throw new Error('a verdict about no commit')
  if (refusal === null && lastNumber !== null) waiting.resolve({ lastNumber })
  else waiting.reject(refusalOf(waiting.commit, refusal))
}

function refusalOf({ runId, expectedSeq, summary }: RunCommit, refusal: Verdict['refusal']): StoreError {
  switch (refusal) {
    case 'moved':
      return new StoreError('conflict', `run ${runId} is not at seq ${expectedSeq}`)
    case 'off duty':
      return new StoreError('conflict', `run ${runId}: another server has the duties`)
    case 'keyed':
      return new StoreError('conflict', `run ${runId}: its idempotency key belongs to another run`)
    case 'taken':
      return new StoreError('conflict', `run ${runId}: its serial or number belongs to another run`)
    case 'homeless': {
      const home = `pipeline ${summary?.pipelineId ?? ''} in project ${summary?.projectId ?? ''}`
      return new StoreError('missing', `run ${runId}: there is no ${home}`)
    }
    case null:
      return new StoreError('corrupt', `run ${runId}: a commit without a number`)
  }
}
