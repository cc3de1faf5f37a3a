import { advance, type Outcome } from '../engine/advance.ts'
import { createRun, type Creation } from '../engine/create.ts'
import { fold, foldOnto } from '../engine/evolve.ts'
import type { Run } from '../engine/run.ts'
import { runOfSnapshot, snapshotOf } from '../engine/snapshot.ts'
import { runStatus } from '../engine/status.ts'
import { upcastEntry } from '../engine/upcast.ts'
import { needsPerson, summaryOf } from '../engine/view.ts'
import type { RunCommand } from '../model/command.ts'
import type { RunEffect } from '../model/effect.ts'
import type { Actor, LogEntry } from '../model/event.ts'
import type { PipelineId, RunId } from '../model/id.ts'
import type { Plan } from '../model/plan.ts'
import { StoreError, type RunCommit, type RunLog } from '../store/store.ts'
import type { Clock } from './clock.ts'
import type { Entropy } from './entropy.ts'
import { Lru } from './lru.ts'

/** A commit that is durable: what the host must now tell. */
export interface Committed {
  readonly run: Run
  readonly entries: readonly LogEntry[]
  /** Global number of the last of these events. */
  readonly lastNumber: number
  /** Whether the index row changed. */
  readonly summaryChanged: boolean
}

interface Dependencies {
  readonly log: RunLog
  readonly clock: Clock
  readonly entropy: Entropy
  readonly planOf: (pipelineId: PipelineId, version: number) => Promise<Plan>
  /** Called in the order of the events' numbers, in the turn in which the commit became durable. */
  readonly onCommitted: (committed: Committed) => void
  /** Then, and after the commands were answered: an attempt is started before the same commit can have it cancelled. */
  readonly perform: (run: Run, effect: RunEffect) => void
  /** A broken assumption, met while nobody waits for the answer. */
  readonly onDefect: (error: unknown) => void
}

interface Waiting {
  readonly command: RunCommand
  readonly actor: Actor
  /** Stored with what it causes. */
  readonly key: RunCommit['idempotency']
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

interface Answer {
  readonly waiting: Waiting
  readonly outcome: Outcome
}

interface Handle {
  /** As of the last durable commit: what readers see. */
  run: Run
  readonly waiting: Waiting[]
  busy: boolean
}

/** A run with more events than this gets a snapshot when it ends: below, folding its log is as quick as parsing one. */
const SNAPSHOT_FROM_EVENTS = 500
/** Ended runs kept in memory, in nodes. */
const ENDED_NODES_MAX = 20_000
/** Commands of one run that go into one commit. */
const BATCH_MAX = 256
const RETRY_MS = 1_000

/**
 * Runs in memory and the one write path: load -> advance -> commit -> publish. Commands of one run are taken in
 * order; those that wait while a commit is under way go into the next one together. Readers see committed runs only.
 */
export class LiveRuns {
  readonly #deps: Dependencies
  readonly #draw = (): number => this.#deps.entropy.draw()
  /** Those that have not ended, and those that are being written. */
  readonly #live = new Map<RunId, Handle>()
  readonly #ended: Lru<RunId, Handle>
  readonly #loading = new Map<RunId, Promise<Handle | undefined>>()
  /** Runs of a pipeline whose first commit is under way. */
  readonly #creating = new Map<PipelineId, number>()

  constructor(deps: Dependencies, endedNodesMax = ENDED_NODES_MAX) {
    this.#deps = deps
    this.#ended = new Lru(endedNodesMax)
  }

  /** The run as of its last durable commit, when it is in memory: every live run is. */
  peek(id: RunId): Run | undefined {
    return (this.#live.get(id) ?? this.#ended.get(id))?.run
  }

  async get(id: RunId): Promise<Run | undefined> {
    return this.peek(id) ?? (await this.#handle(id))?.run
  }

  /** The store has it no more: it had ended, and nothing waits for it. */
  forget(id: RunId): void {
    this.#ended.delete(id)
  }

  /** Whether a run of this pipeline may be in the store that nobody has heard of yet. */
  isCreating(id: PipelineId): boolean {
    return this.#creating.has(id)
  }

  /** @throws StoreError `conflict` when the idempotency key is taken. */
  async create(creation: Creation, idempotency: RunCommit['idempotency']): Promise<Run> {
    const made = createRun(creation)
    const { id, pipelineId } = made.run
    this.#creating.set(pipelineId, (this.#creating.get(pipelineId) ?? 0) + 1)
    const creating = this.#create(creation, made, idempotency)
    // Lists may show it before we hear that it is durable: who asks for it then waits, and reads no second copy.
    this.#loading.set(
      id,
      creating.catch(() => undefined),
    )
    try {
      return (await creating).run
    } finally {
      this.#loading.delete(id)
    }
  }

  #create(
    { at, actor }: Creation,
    { run, events, effects }: ReturnType<typeof createRun>,
    idempotency: RunCommit['idempotency'],
  ): Promise<Handle> {
    const entry: LogEntry = { v: 1, seq: run.seq, at, actor, events }
    const commit: RunCommit = {
      runId: run.id,
      expectedSeq: 0,
      entries: [entry],
      summary: summaryOf(run),
      snapshot: null,
      idempotency,
    }
    return this.#deps.log.commit(commit).then(
      ({ lastNumber }) => {
        this.#created(run.pipelineId)
        const handle: Handle = { run, waiting: [], busy: false }
        this.#keep(handle)
        this.#tell({ run, entries: [entry], lastNumber, summaryChanged: true })
        this.#perform(run, effects)
        return handle
      },
      (error: unknown) => {
        this.#created(run.pipelineId)
        throw error
      },
    )
  }

  #created(id: PipelineId): void {
    const count = (this.#creating.get(id) ?? 1) - 1
    if (count === 0) this.#creating.delete(id)
    else this.#creating.set(id, count)
  }

  /**
   * Takes a command through the engine. Resolves when what it caused is durable, or at once with a rejection.
   * @param key stored with what it causes, if that is anything.
   * @returns undefined when there is no such run. @throws StoreError when the commit could not be written.
   */
  async submit(
    id: RunId,
    command: RunCommand,
    actor: Actor,
    key: RunCommit['idempotency'] = null,
  ): Promise<Outcome | undefined> {
    const handle = this.#live.get(id) ?? (await this.#handle(id))
    if (handle === undefined) return undefined
    return new Promise((resolve, reject) => this.#enqueue(handle, { command, actor, key, resolve, reject }))
  }

  /**
   * What the system wants: never lost to a full disk, tried again until the store takes it.
   * @param done called once, with undefined when the run is not live any more or the engine failed.
   */
  report(id: RunId, command: RunCommand, actor: Actor, done: (outcome: Outcome | undefined) => void = ignore): void {
    const handle = this.#live.get(id)
    if (handle === undefined) {
      done(undefined)
      return
    }
    const again = (error: unknown): void => {
      if (!(error instanceof StoreError)) {
        this.#deps.onDefect(error)
        done(undefined)
        return
      }
      if (error.code === 'closed') return
      if (error.code !== 'full') this.#deps.onDefect(error)
      this.#deps.clock.at(this.#deps.clock.now() + RETRY_MS, () => this.report(id, command, actor, done))
    }
    this.#enqueue(handle, { command, actor, key: null, resolve: done, reject: again })
  }

  #enqueue(handle: Handle, waiting: Waiting): void {
    handle.waiting.push(waiting)
    this.#pump(handle)
  }

  /** One commit of a run at a time; who is told of it may enqueue more. */
  #pump(handle: Handle): void {
    while (!handle.busy && handle.waiting.length > 0) {
      this.#take(handle, handle.waiting.splice(0, batchOf(handle.waiting)))
    }
  }

  /** Takes a batch through the engine and commits what it caused. */
  #take(handle: Handle, batch: readonly Waiting[]): void {
    const before = handle.run
    const { run, entries, effects, answers } = this.#decide(before, batch)
    if (entries.length === 0) {
      this.#answer(answers)
      return
    }
    const summaryChanged = isSummaryChanged(before, run)
    const commit: RunCommit = {
      runId: run.id,
      expectedSeq: before.seq,
      entries,
      summary: summaryChanged ? summaryOf(run) : null,
      snapshot: run.phase === 'ended' && run.seq > SNAPSHOT_FROM_EVENTS ? snapshotOf(run) : null,
      idempotency: batch[0]?.key ?? null,
    }
    this.#begin(handle)
    this.#deps.log.commit(commit).then(
      ({ lastNumber }) => {
        this.#over(handle, run)
        this.#tell({ run, entries, lastNumber, summaryChanged })
        this.#answer(answers)
        this.#perform(run, effects)
        this.#pump(handle)
      },
      (error: unknown) => {
        // Nothing was written: what readers see is still true, and what waits behind is decided anew.
        this.#over(handle, before)
        for (const { waiting } of answers) waiting.reject(error)
        this.#pump(handle)
      },
    )
  }

  /** An ended run may be forgotten, but not while it is being written: who asks for it must not get a second copy. */
  #begin(handle: Handle): void {
    handle.busy = true
    if (handle.run.phase === 'ended') this.#keep(handle)
  }

  #over(handle: Handle, run: Run): void {
    const keep = handle.run.phase === 'ended' || run.phase !== handle.run.phase
    handle.run = run
    handle.busy = false
    if (keep) this.#keep(handle)
  }

  // Whoever is told, answered or ordered: a throw of theirs is theirs, and keeps nothing of this from the others.

  #tell(committed: Committed): void {
    try {
      this.#deps.onCommitted(committed)
    } catch (error) {
      this.#deps.onDefect(error)
    }
  }

  #answer(answers: readonly Answer[]): void {
    for (const { waiting, outcome } of answers) {
      try {
        waiting.resolve(outcome)
      } catch (error) {
        this.#deps.onDefect(error)
      }
    }
  }

  #perform(run: Run, effects: readonly RunEffect[]): void {
    for (const effect of effects) {
      try {
        this.#deps.perform(run, effect)
      } catch (error) {
        this.#deps.onDefect(error)
      }
    }
  }

  /** What a batch of commands does to a run. Refusals are answered with the rest: they may rest on what is not durable yet. */
  #decide(before: Run, batch: readonly Waiting[]) {
    const { clock } = this.#deps
    let run = before
    const entries: LogEntry[] = []
    const effects: RunEffect[] = []
    const answers: Answer[] = []
    for (const waiting of batch) {
      const outcome = this.#advance(run, waiting, clock.now())
      if (outcome === undefined) continue
      answers.push({ waiting, outcome })
      if (!outcome.ok || outcome.events.length === 0) continue
      run = outcome.run
      entries.push({ v: 1, seq: run.seq, at: run.updatedAt, actor: waiting.actor, events: outcome.events })
      effects.push(...outcome.effects)
    }
    return { run, entries, effects, answers }
  }

  /** A broken assumption in the engine fails this command and leaves the run as it was. */
  #advance(run: Run, waiting: Waiting, at: number): Outcome | undefined {
    try {
      return advance(run, { command: waiting.command, actor: waiting.actor, at, entropy: this.#draw })
    } catch (error) {
      waiting.reject(error)
      return undefined
    }
  }

  #keep(handle: Handle): void {
    const { id, phase, plan } = handle.run
    if (phase === 'ended' && !handle.busy) {
      this.#live.delete(id)
      this.#ended.set(id, handle, plan.nodes.length)
    } else {
      this.#ended.delete(id)
      this.#live.set(id, handle)
    }
  }

  #handle(id: RunId): Promise<Handle | undefined> {
    const kept = this.#live.get(id) ?? this.#ended.get(id)
    if (kept !== undefined) return Promise.resolve(kept)
    const underWay = this.#loading.get(id)
    if (underWay !== undefined) return underWay
    const loading = this.#load(id).finally(() => this.#loading.delete(id))
    this.#loading.set(id, loading)
    return loading
  }

  async #load(id: RunId): Promise<Handle | undefined> {
    const run = await this.fromLog(id, Number.POSITIVE_INFINITY)
    const kept = this.#live.get(id) ?? this.#ended.get(id)
    if (kept !== undefined || run === undefined) return kept
    const handle: Handle = { run, waiting: [], busy: false }
    this.#keep(handle)
    return handle
  }

  /** A run as its log tells it, up to this seq. */
  async fromLog(id: RunId, upTo: number): Promise<Run | undefined> {
    const { log, planOf } = this.#deps
    const read = async (afterSeq: number, limit: number): Promise<readonly LogEntry[]> =>
      (await log.entries(id, afterSeq, limit)).map(upcastEntry)
    const first = await read(0, 1)
    const created = first[0]?.events[0]
    if (created?.type !== 'RunCreated') return undefined
    const plan = await planOf(created.pipelineId, created.version)
    let run: Run | undefined
    const snapshot = await log.snapshot(id)
    if (snapshot !== undefined && snapshot.seq <= upTo) run = runOfSnapshot(id, plan, snapshot.data)
    run ??= fold(id, plan, first, upTo)
    for (;;) {
      const entries = await read(run.seq, 1_000)
      const next: Run = foldOnto(run, entries, upTo)
      if (entries.length === 0 || next.seq === run.seq || next.seq >= upTo) return next
      run = next
    }
  }
}

const ignore = (): void => undefined

/** How many commands go into the next commit: one with a key has a commit of its own. */
function batchOf(waiting: readonly Waiting[]): number {
  const keyed = waiting.findIndex(({ key }) => key !== null)
  return keyed === -1 ? BATCH_MAX : Math.max(1, Math.min(keyed, BATCH_MAX))
}

const isSummaryChanged = (before: Run, after: Run): boolean =>
  before.phase !== after.phase ||
  before.startedAt !== after.startedAt ||
  runStatus(before) !== runStatus(after) ||
  needsPerson(before) !== needsPerson(after)
